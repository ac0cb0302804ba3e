"""What the calls of the directory's two surfaces share: who may call, and how a refusal is written."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from tasks.sandbox import directory
from tasks.sandbox.routes.replies import platform_of
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.tokens import speaker
from tasks.sandbox.traffic import BASIS_HEADER
from tasks.sandbox.wire import Basis, Call, GotoRefusal

PREFIX, PREFIX_2 = "/identity/v1", "/identity/scim/v2"
ORGANISATION_SCOPE = "identity:scim.org"
OWN_SCOPES = frozenset({"identity:", "identity:scim.me", ORGANISATION_SCOPE})
ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error"
SCIM_TYPE = "application/scim+json"


@contextmanager
def scim_call(request: Request, *, write: bool = False, own: bool = False) -> Iterator[tuple[Call, str]]:
    """Give one call of the directory's API and the caller's key.

    Documented: 403 is a token that is not valid, 401 a right that is missing; the other way round in SCIM 2.0. *own*
    calls, on the caller alone, need no role in the organisation.
    """
    with platform_of(request).call() as call:
        caller, scopes = speaker(call, request.headers.get("Authorization"))
        if caller is None:
            raise ScimRefusal(403, "The token is not valid", standard_status=401)
        if not (own and OWN_SCOPES.intersection(scopes)):
            if ORGANISATION_SCOPE not in scopes:
                raise ScimRefusal(401, f"The scope {ORGANISATION_SCOPE} is needed", standard_status=403)
            directory.require_right(call, caller, write=write)
        try:
            yield call, caller
        except GotoRefusal as refusal:  # the account's own rules, met from the directory's side
            scim_type = "uniqueness" if refusal.status == 409 else None
            raise ScimRefusal(refusal.status, str(refusal), scim_type=scim_type) from refusal


def refused(request: Request, refusal: ScimRefusal) -> Response:
    """Write a refusal: in the form of RFC 7644 on that surface, else in that of the switch (which is GoTo's is not
    known)."""
    form = platform_of(request).switches.scim_error
    headers = {BASIS_HEADER: Basis.ASSUMED}
    if request.url.path.startswith(PREFIX_2):
        body = _standard_error(refusal.standard_status, refusal)
        return JSONResponse(body, refusal.standard_status, headers=headers, media_type=SCIM_TYPE)
    if form == "html":
        page = f"<html><body><h1>{refusal.status}</h1></body></html>"
        return HTMLResponse(page, refusal.status, headers=headers)
    if form == "scim20":
        return JSONResponse(_standard_error(refusal.status, refusal), refusal.status, headers=headers)
    errors = [{"description": refusal.description, "code": str(refusal.status)}]
    return JSONResponse({"Errors": errors}, refusal.status, headers=headers)


def _standard_error(status: int, refusal: ScimRefusal) -> dict[str, Any]:
    body = {"schemas": [ERROR_SCHEMA], "detail": refusal.description, "status": str(status)}
    return body | ({"scimType": refusal.scim_type} if refusal.scim_type else {})


def is_scim(path: str) -> bool:
    return path.startswith((f"{PREFIX}/", f"{PREFIX_2}/"))


def whole_number(request: Request, name: str, default: int) -> int:
    """Read a number from the query. Raises a refusal (400)."""
    try:
        return int(request.query_params.get(name, str(default)))
    except ValueError:
        raise ScimRefusal(400, f"{name} is a whole number", scim_type="invalidValue") from None


def moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def location(request: Request, prefix: str, path: str) -> str:
    return f"{str(request.base_url).rstrip('/')}{prefix}/{path}"


def text_of(values: Any, name: str) -> str | None:
    """Read a text from a part of a body. Raises a refusal (400) if it is something else."""
    value = values.get(name) if isinstance(values, dict) else None
    if value is not None and not isinstance(value, str):
        raise ScimRefusal(400, f"{name} is not text", scim_type="invalidValue")
    return value
