"""The Webinar API, version 2: what a user organises. The forms are documented (https://developer.goto.com/GoToWebinarV2).

It refuses with 403 whatever is wrong with the token (observed: its contract has no 401).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from tasks.sandbox import webinars
from tasks.sandbox.routes.replies import platform_of, replied
from tasks.sandbox.tokens import speaker
from tasks.sandbox.user_views import require_user
from tasks.sandbox.webinars import Window
from tasks.sandbox.wire import Basis, Call

WEBINAR_SCOPE = "collab:"
DEFAULT_SIZE, MAX_SIZE = 20, 200

router = APIRouter(prefix="/G2W/rest/v2/organizers/{organiser_key}/webinars")


class WebinarRefusal(Exception):
    """The Webinar API says no: a code, a sentence (assumed but for the code of a token that is not valid)."""

    def __init__(self, status: int, code: str, description: str, basis: Basis = Basis.ASSUMED) -> None:
        self.status = status
        self.code = code
        self.description = description
        self.basis = basis
        super().__init__(code)


def refuse(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, WebinarRefusal)  # noqa: S101 (the type of Starlette's handlers is wider)
    return replied(exc.basis, {"errorCode": exc.code, "description": exc.description}, exc.status)


@router.get("")
def list_webinars(request: Request, organiser_key: str) -> Response:
    """List one page of a user's webinars in a time. Without any, ``_embedded`` is missing."""
    with _call_about(request, organiser_key) as call:
        window = _window(request)
        found, total = webinars.of_organiser(call, organiser_key, window)
    pages = -(-total // window.size)
    body: dict[str, Any] = {"_embedded": {"webinars": found}} if found else {}
    body["page"] = {"size": window.size, "totalElements": total, "totalPages": pages, "number": window.page}
    return replied(Basis.DOCUMENTED, body)


@router.get("/{webinar_key}/coorganizers")
def list_coorganisers(request: Request, organiser_key: str, webinar_key: str) -> Response:
    with _call_about(request, organiser_key) as call:
        if webinars.find(call, organiser_key, webinar_key) is None:
            raise WebinarRefusal(404, "NotFound", "The organizer has no such webinar")
        body = webinars.coorganisers(call, webinar_key)
    return replied(Basis.DOCUMENTED, body)


@contextmanager
def _call_about(request: Request, organiser_key: str) -> Iterator[Call]:
    """Give one call about a user's webinars, for a caller who is that user or has an admin role (assumed)."""
    with platform_of(request).call() as call:
        caller, scopes = speaker(call, request.headers.get("Authorization"))
        if caller is None:
            raise WebinarRefusal(403, "AUTHN_INVALID_TOKEN", "The token is not valid", Basis.OBSERVED)
        if WEBINAR_SCOPE not in scopes:
            raise WebinarRefusal(403, "AUTHZ_INSUFFICIENT_SCOPE", f"The scope {WEBINAR_SCOPE} is needed")
        user = require_user(call, caller)
        if caller != organiser_key and user["admin_roles"] == "[]" and user["role_set_id"] is None:
            raise WebinarRefusal(403, "AUTHZ_INSUFFICIENT_RIGHTS", "Only admins see the webinars of others")
        if call.db.execute("SELECT 1 FROM people WHERE key = ?", (organiser_key,)).fetchone() is None:
            raise WebinarRefusal(404, "NotFound", "There is no such organizer")
        yield call


def _window(request: Request) -> Window:
    """Read the time, which is required, and the page. A size above the greatest is cut."""
    from_ms, to_ms = _moment(request, "fromTime"), _moment(request, "toTime")
    page, size = _whole(request, "page", 0, 0), _whole(request, "size", DEFAULT_SIZE, 1)
    return Window(from_ms, to_ms, page, min(size, MAX_SIZE))


def _moment(request: Request, name: str) -> int:
    try:
        moment = datetime.strptime(request.query_params.get(name, ""), "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise _invalid(name) from None
    return int(moment.timestamp() * 1000)


def _whole(request: Request, name: str, default: int, least: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) >= least):
        raise _invalid(name)
    return int(text)


def _invalid(name: str) -> WebinarRefusal:
    return WebinarRefusal(400, "InvalidRequest", f"{name} is missing or not valid")
