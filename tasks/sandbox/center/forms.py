"""The forms of the Admin Center: each does one thing and leads back to its page, which tells what came of it."""

import re
from collections.abc import Callable
from typing import Annotated
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, Request, Response
from starlette.exceptions import HTTPException

from tasks.model.errors import BadUsage
from tasks.sandbox import organisation, people, transfers, user_sync
from tasks.sandbox.center.guard import require_own
from tasks.sandbox.center.rendering import lead_back
from tasks.sandbox.declared import DOMAIN
from tasks.sandbox.routes.replies import platform_of
from tasks.sandbox.wire import Call, GotoRefusal

router = APIRouter(prefix="/center", dependencies=[Depends(require_own)], include_in_schema=False)
MAX_FORM = 10_000
"""Bytes that a form may have."""


async def read_form(request: Request) -> dict[str, str]:
    """Read a small form. Raises 413 for one that is larger than any of ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM:
            raise HTTPException(413)
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


Form = Annotated[dict[str, str], Depends(read_form)]


@router.post("/people/{key}/activate")
def activate(request: Request, key: str) -> Response:
    """Do what the person does with the welcome mail."""
    return _of_person(request, key, lambda call: people.activate(call, key), "Activated, as by the mail.")


@router.post("/people/{key}/inactive")
def fall_inactive(request: Request, key: str) -> Response:
    said = "Inactive now, as after a long time without signing in."
    return _of_person(request, key, lambda call: people.fall_inactive(call, key), said)


@router.post("/people/{key}/transfer")
def answer_transfer(request: Request, key: str, form: Form) -> Response:
    """Accept or decline for a person who is asked to move here from another account."""
    accept = form.get("answer") == "accept"
    said = "Moved here from the other account." if accept else "Stays in the other account, and holds nothing here."
    return _of_person(request, key, lambda call: transfers.answer(call, key, accept=accept), said)


@router.post("/organisation/domains")
def add_domain(request: Request, form: Form) -> Response:
    domain = form.get("domain", "").strip().lower()

    def add(call: Call) -> None:
        _require_domain(domain)
        organisation.add_domain(call, domain)

    return _do(request, "/center/organisation", add, f"{domain} was added. Publish its record to verify it.")


@router.post("/organisation/remove")
def remove_domain(request: Request, form: Form) -> Response:
    domain = form.get("domain", "")
    return _do(
        request, "/center/organisation", lambda call: organisation.remove_domain(call, domain), f"{domain} was removed."
    )


@router.post("/organisation/verify")
def verify_domain(request: Request, form: Form) -> Response:
    """Look for the record; before that, publish it in the sandbox's own DNS if the form asks for it."""
    domain = form.get("domain", "")

    def verify(call: Call) -> None:
        if form.get("publish"):
            organisation.publish(call, domain, form["publish"])
        organisation.verify(call, domain, "dns")

    return _do(request, "/center/organisation", verify, f"{domain} is verified.")


@router.post("/organisation/admins")
def set_admin(request: Request, form: Form) -> Response:
    key = form.get("user", "")

    def change(call: Call) -> None:
        match form.get("role"):
            case "write":
                organisation.set_admin(call, key, "write")
            case "read":
                organisation.set_admin(call, key, "read")
            case "":
                organisation.set_admin(call, key, None)
            case _:
                raise BadUsage("There is no such role.", sent="")

    return _do(request, "/center/organisation", change, "The role in the organisation was set.")


@router.post("/user-sync/poll")
def poll(request: Request) -> Response:
    return _do(request, "/center/user-sync", user_sync.run, "User Sync has looked at the directory.")


def _require_domain(domain: str) -> None:
    if not re.fullmatch(DOMAIN, domain) or len(domain) > 253:
        raise BadUsage("That is no domain.", sent="", remedy="A domain is like acme.example.")


def _of_person(request: Request, key: str, work: Callable[[Call], None], said: str) -> Response:
    return _do(request, f"/center/people/{quote(key, safe='')}", work, said)


def _do(request: Request, back: str, work: Callable[[Call], None], said: str) -> Response:
    """Do what a form asks for, all or nothing, and lead back to its page."""
    try:
        with platform_of(request).call() as call:
            work(call)
    except BadUsage as refusal:
        return lead_back(request, back, " ".join(filter(None, (refusal.what, refusal.remedy))), is_good=False)
    except GotoRefusal as refusal:
        return lead_back(request, back, f"Refused: {refusal}.", is_good=False)
    return lead_back(request, back, said, is_good=True)
