"""What the replies of the SCIM 2.0 surface have in common. All of it is assumed: GoTo's address for it is not known."""

from typing import Any

from fastapi import Depends, Request
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tasks.sandbox.routes.replies import platform_of
from tasks.sandbox.routes.scim_access import PREFIX_2, SCIM_TYPE
from tasks.sandbox.traffic import BASIS_HEADER
from tasks.sandbox.wire import Basis

__all__ = ["MAX_RESULTS", "PREFIX_2", "listed", "require_switched_on", "told"]

LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
MAX_RESULTS = 1000
"""Entries in a page at most."""


def _is_switched_on(request: Request) -> None:
    if not platform_of(request).switches.scim2:
        raise HTTPException(404)


require_switched_on = Depends(_is_switched_on)


def told(body: dict[str, Any], status: int = 200) -> JSONResponse:
    headers = {BASIS_HEADER: Basis.ASSUMED}
    if status == 201:
        headers["Location"] = body["meta"]["location"]
    return JSONResponse(body, status, headers=headers, media_type=SCIM_TYPE)


def listed(resources: list[dict[str, Any]], total: int | None = None, start: int = 1) -> dict[str, Any]:
    """Wrap one part of a list (RFC 7644 §3.4.2)."""
    return {
        "schemas": [LIST_SCHEMA],
        "totalResults": len(resources) if total is None else total,
        "startIndex": start,
        "itemsPerPage": len(resources),
        "Resources": resources,
    }
