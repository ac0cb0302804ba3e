"""The pages to which the links in mails lead, in the person's language: choose a password, or say whether to move here.

Under /sandbox/: ours, not GoTo's. A link is good until what it asks is done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from tasks.sandbox import account, invitations, page_texts, people, transfers
from tasks.sandbox.center.rendering import bare
from tasks.sandbox.mail_texts import language_of
from tasks.sandbox.routes.replies import platform_of
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Call

router = APIRouter(prefix="/sandbox")


class _VoidLink(Exception):
    """The link is none of ours, or what it asks is done."""


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await request.body()).decode("utf-8", "replace"))


@router.get("/create-password/{token}")
def ask_for_password(request: Request, token: str) -> HTMLResponse:
    return _shown_form(request, token, invitations.PASSWORD, "create-password", is_blank=False)


@router.post("/create-password/{token}")
def create_password(
    request: Request, token: str, form: Annotated[dict[str, list[str]], Depends(_form)]
) -> HTMLResponse:
    """Activate the user. What password was chosen is not looked at, but there must be one."""
    if not form.get("password", [""])[0]:
        return _shown_form(request, token, invitations.PASSWORD, "create-password", 400, is_blank=True)
    try:
        with _invited(request, token, invitations.PASSWORD) as (call, user_key):
            lang, said = _said(call, user_key, invitations.PASSWORD)
            people.activate(call, user_key)
    except _VoidLink:
        return _void()
    return _told(said["done"], said["next"], user_key, lang=lang)


@router.get("/transfer/{token}")
def ask_about_transfer(request: Request, token: str) -> HTMLResponse:
    return _shown_form(request, token, invitations.TRANSFER, "transfer")


@router.post("/transfer/{token}")
def answer_transfer(
    request: Request, token: str, form: Annotated[dict[str, list[str]], Depends(_form)]
) -> HTMLResponse:
    """Accept or decline to move here."""
    answer = form.get("answer", [""])[0]
    if answer not in ("accept", "decline"):
        return _told("Nothing was done", "The answer is accept or decline.", status=400)
    try:
        with _invited(request, token, invitations.TRANSFER) as (call, user_key):
            lang, said = _said(call, user_key, invitations.TRANSFER)
            transfers.answer(call, user_key, accept=answer == "accept")
    except _VoidLink:
        return _void()
    return _told(said["done"], said["accepted" if answer == "accept" else "declined"], user_key, lang=lang)


def _shown_form(
    request: Request, token: str, purpose: str, page: str, status: int = 200, **facts: bool
) -> HTMLResponse:
    try:
        with _invited(request, token, purpose) as (call, user_key):
            lang, said = _said(call, user_key, purpose)
    except _VoidLink:
        return _void()
    return bare(page, status, lang=lang, said=said, **facts)


def _said(call: Call, user_key: str, purpose: str) -> tuple[str, dict[str, str]]:
    """Return the language of a person, as HTML names it, and what a page says to them in it."""
    user = require_user(call, user_key)
    facts = {"name": user["first_name"], "account": account.rendered(call)["name"]}
    return language_of(user["locale"]), page_texts.said(purpose, user["locale"], facts)


@contextmanager
def _invited(request: Request, token: str, purpose: str) -> Iterator[tuple[Call, str]]:
    with platform_of(request).call() as call:
        user_key = invitations.invited(call, token, purpose)
        if user_key is None:
            raise _VoidLink
        yield call, user_key


def _void() -> HTMLResponse:
    return _told("This link is not good", "It was used already, or its user is gone.", status=404)


def _told(title: str, text: str, user_key: str | None = None, status: int = 200, lang: str = "en") -> HTMLResponse:
    """Return a page that says what came of it, and, of a user, leads to their page in the Admin Center."""
    return bare("told", status, title=title, text=text, user_key=user_key, lang=lang)
