"""The pages to which the links in mails lead: choose a password, or say whether to move here.

Under /sandbox/: ours, not GoTo's. A link is good until what it asks is done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from tasks.sandbox import account, invitations, people, transfers
from tasks.sandbox.routes.replies import platform_of
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Call

router = APIRouter(prefix="/sandbox")

PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title></head>'
    "<body><main><h1>{title}</h1>{body}</main></body></html>"
)
CHOOSING_FORM = (
    "<p>{name}, choose a password for your user at {account}. The sandbox does not keep it.</p>"
    '<form method="post"><label>Password <input type="password" name="password" autocomplete="new-password"></label>'
    " <button>Create password</button></form>"
)
TRANSFER_FORM = (
    "<p>{name}, {account} asks you to move your user to it, with licences, history and upcoming sessions.</p>"
    '<form method="post"><button name="answer" value="accept">Accept</button>'
    ' <button name="answer" value="decline">Decline</button></form>'
)


class _VoidLink(Exception):
    """The link is none of ours, or what it asks is done."""


async def _form(request: Request) -> dict[str, list[str]]:
    return parse_qs((await request.body()).decode("utf-8", "replace"))


@router.get("/create-password/{token}")
def ask_for_password(request: Request, token: str) -> HTMLResponse:
    return _shown_form(request, token, invitations.PASSWORD, "Create your password", CHOOSING_FORM)


@router.post("/create-password/{token}")
def create_password(request: Request, token: str) -> HTMLResponse:
    """Activate the user. What password was chosen is not looked at."""
    try:
        with _invited(request, token, invitations.PASSWORD) as (call, user_key):
            people.activate(call, user_key)
    except _VoidLink:
        return _void()
    return _page("Your user is active", "<p>You can sign in now.</p>")


@router.get("/transfer/{token}")
def ask_about_transfer(request: Request, token: str) -> HTMLResponse:
    return _shown_form(request, token, invitations.TRANSFER, "Move your user", TRANSFER_FORM)


@router.post("/transfer/{token}")
def answer_transfer(
    request: Request, token: str, form: Annotated[dict[str, list[str]], Depends(_form)]
) -> HTMLResponse:
    """Accept or decline to move here."""
    said = form.get("answer", [""])[0]
    if said not in ("accept", "decline"):
        return _page("Nothing was done", "<p>The answer is accept or decline.</p>", 400)
    try:
        with _invited(request, token, invitations.TRANSFER) as (call, user_key):
            transfers.answer(call, user_key, accept=said == "accept")
    except _VoidLink:
        return _void()
    return _page("Thank you", f"<p>You chose to {said}.</p>")


def _shown_form(request: Request, token: str, purpose: str, title: str, form: str) -> HTMLResponse:
    try:
        with _invited(request, token, purpose) as (call, user_key):
            name = require_user(call, user_key)["first_name"]
            tenant = account.rendered(call)["name"]
    except _VoidLink:
        return _void()
    return _page(title, form.format(name=escape(name), account=escape(tenant)))


@contextmanager
def _invited(request: Request, token: str, purpose: str) -> Iterator[tuple[Call, str]]:
    with platform_of(request).call() as call:
        user_key = invitations.invited(call, token, purpose)
        if user_key is None:
            raise _VoidLink
        yield call, user_key


def _void() -> HTMLResponse:
    return _page("This link is not good", "<p>It was used already, or its user is gone.</p>", 404)


def _page(title: str, body: str, status: int = 200) -> HTMLResponse:
    return HTMLResponse(PAGE.format(title=title, body=body), status)
