"""The SCIM API at /identity/v1, in the style of SCIM 1.1: ``resources``, partial resources in a PATCH."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse

from tasks.sandbox import directory
from tasks.sandbox.directory import Member, ScimRefusal
from tasks.sandbox.routes.replies import platform_of, replied
from tasks.sandbox.switches import Switches
from tasks.sandbox.tokens import speaker
from tasks.sandbox.traffic import BASIS_HEADER
from tasks.sandbox.wire import Basis, Call, NewUser, UserUpdate

router = APIRouter(prefix="/identity/v1")

ORGANISATION_SCOPE = "identity:scim.org"
OWN_SCOPES = frozenset({"identity:", "identity:scim.me", ORGANISATION_SCOPE})
USER_SCHEMA = "urn:scim:schemas:core:1.0"
EXTENSION = "urn:scim:schemas:extension:getgo:1.0"


@contextmanager
def scim_call(request: Request, *, write: bool = False, own: bool = False) -> Iterator[tuple[Call, str]]:
    """Give one call of the SCIM API and the caller's key.

    Documented: 403 is a token that is not valid, 401 a right that is missing. *own* calls, on the caller alone, need
    no role in the organisation.
    """
    with platform_of(request).call() as call:
        caller, scopes = speaker(call, request.headers.get("Authorization"))
        if caller is None:
            raise ScimRefusal(403, "The token is not valid")
        if own and OWN_SCOPES.intersection(scopes):
            yield call, caller
            return
        if ORGANISATION_SCOPE not in scopes:
            raise ScimRefusal(401, f"The scope {ORGANISATION_SCOPE} is needed")
        directory.require_right(call, caller, write=write)
        yield call, caller


def refused(switches: Switches, refusal: ScimRefusal) -> Response:
    """Write a refusal in the form that the switch says; which one GoTo has is not known (assumed)."""
    basis = {BASIS_HEADER: Basis.ASSUMED}
    if switches.scim_error == "html":
        page = f"<html><body><h1>{refusal.status}</h1></body></html>"
        return HTMLResponse(page, refusal.status, headers=basis)
    if switches.scim_error == "scim20":
        schemas = ["urn:ietf:params:scim:api:messages:2.0:Error"]
        body: dict[str, Any] = {"schemas": schemas, "detail": refusal.description, "status": str(refusal.status)}
    else:
        body = {"Errors": [{"description": refusal.description, "code": str(refusal.status)}]}
    return JSONResponse(body, refusal.status, headers=basis)


@router.get("/Users")
def list_users(request: Request) -> Response:
    with scim_call(request) as (call, _):
        rows = directory.users(call, request.query_params.get("filter"))
        shown = [_user(request, call, row) for row in _part(request, rows)]
    return replied(Basis.DOCUMENTED, {"totalResults": len(rows), "resources": shown})


@router.post("/Users")
def create_user(request: Request, body: dict[str, Any]) -> Response:
    with scim_call(request, write=True) as (call, _):
        key = directory.create_user(call, NewUser(**_values(body)))
        shown = _user(request, call, directory.user(call, key))
    return replied(Basis.DOCUMENTED, shown, 201)


@router.get("/Users/me")
def show_caller(request: Request) -> Response:
    with scim_call(request, own=True) as (call, caller):
        row = call.db.execute("SELECT * FROM people WHERE key = ?", (caller,)).fetchone()
        shown = _user(request, call, row)
    return replied(Basis.OBSERVED, shown)


@router.get("/Users/{key}")
def show_user(request: Request, key: str) -> Response:
    with scim_call(request) as (call, _):
        shown = _user(request, call, directory.user(call, key))
    return replied(Basis.DOCUMENTED, shown)


@router.put("/Users/{key}")
@router.patch("/Users/{key}")
def change_user(request: Request, key: str, body: dict[str, Any]) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory.change_user(call, key, UserUpdate(**_values(body)), whole=request.method == "PUT")
        shown = _user(request, call, directory.user(call, key))
    return replied(Basis.DOCUMENTED, shown)


@router.delete("/Users/{key}")
def delete_user(request: Request, key: str) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory.delete_user(call, key)
    return Response(status_code=200, headers={BASIS_HEADER: Basis.DOCUMENTED})


@router.get("/Groups")
def list_groups(request: Request) -> Response:
    query = request.query_params
    with scim_call(request) as (call, _):
        rows = directory.groups(call, query.get("filter"))
        if query.get("sortBy") == "displayName":
            rows.sort(key=lambda row: row["name_folded"], reverse=query.get("sortOrder") == "descending")
        shown = [_group(request, call, row) for row in _part(request, rows)]
    return replied(Basis.DOCUMENTED, {"totalResults": len(rows), "resources": shown})


@router.post("/Groups")
def create_group(request: Request, body: dict[str, Any]) -> Response:
    with scim_call(request, write=True) as (call, _):
        key = directory.create_group(call, body.get("displayName"), _members(body) or ())
        shown = _group(request, call, directory.group(call, key))
    return replied(Basis.DOCUMENTED, shown, 201)


@router.get("/Groups/{key}")
def show_group(request: Request, key: str) -> Response:
    with scim_call(request) as (call, _):
        shown = _group(request, call, directory.group(call, key))
    return replied(Basis.DOCUMENTED, shown)


@router.put("/Groups/{key}")
@router.patch("/Groups/{key}")
def change_group(request: Request, key: str, body: dict[str, Any]) -> Response:
    whole = request.method == "PUT"
    with scim_call(request, write=True) as (call, _):
        directory.change_group(call, key, body.get("displayName"), _members(body), whole=whole)
        shown = _group(request, call, directory.group(call, key))
    return replied(Basis.DOCUMENTED if whole else Basis.ASSUMED, shown)


@router.delete("/Groups/{key}")
def delete_group(request: Request, key: str) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory.delete_group(call, key)
    return Response(status_code=200, headers={BASIS_HEADER: Basis.DOCUMENTED})


@router.get("/ServiceProviderConfigs")
def show_config(request: Request) -> Response:
    """Say what the service can do. That there is such a call is documented, the values are assumed."""
    on, off = {"supported": True}, {"supported": False}
    with scim_call(request):
        body = {
            "schemas": [USER_SCHEMA], "patch": on, "bulk": off, "filter": on, "changePassword": off, "sort": on,
            "etag": off, "xmlDataFormat": off,
        }  # fmt: skip
    return replied(Basis.ASSUMED, body)


def _part(request: Request, rows: list[Any]) -> list[Any]:
    """Cut the part that ``startIndex`` (from 1) and ``count`` name; all without them."""
    query = request.query_params
    try:
        start, count = int(query.get("startIndex", "1")), int(query.get("count", str(len(rows))))
    except ValueError:
        raise ScimRefusal(400, "startIndex and count are whole numbers") from None
    if start < 1 or count < 0:
        raise ScimRefusal(400, "startIndex counts from 1")
    return rows[start - 1 : start - 1 + count]


def _values(body: dict[str, Any]) -> dict[str, Any]:
    """Read a user: SCIM's names to the store's. ``displayName`` and ``password`` are taken and not kept."""
    name = body.get("name") or {}
    values = {
        "email": body.get("userName"),
        "firstName": name.get("givenName"),
        "lastName": name.get("familyName"),
        "locale": body.get("locale"),
        "timeZone": body.get("timezone"),
    }
    if not all(value is None or isinstance(value, str) for value in values.values()):
        raise ScimRefusal(400, "A value is not text")
    return values


def _members(body: dict[str, Any]) -> list[Member] | None:
    if "members" not in body:
        return None
    listed = body["members"]
    if not isinstance(listed, list) or not all(isinstance(item, dict) and item.get("value") for item in listed):
        raise ScimRefusal(400, "members is a list of type and value")
    return [Member(str(item["value"]), item.get("type", "user"), item.get("operation") == "delete") for item in listed]


def _user(request: Request, call: Call, row: Any) -> dict[str, Any]:
    account = call.db.execute("SELECT key, name FROM account").fetchone()
    entitled = ["acctadmin"] if row["admin_roles"] != "[]" else []
    return {
        "schemas": [USER_SCHEMA, EXTENSION],
        "id": row["key"],
        "userName": row["email"],
        "displayName": f"{row['first_name']} {row['last_name']}",
        "name": {"givenName": row["first_name"], "familyName": row["last_name"]},
        "locale": row["locale"],
        **({"timezone": row["time_zone"]} if row["time_zone"] else {}),
        "meta": _meta(request, f"Users/{row['key']}", row["invited_ms"]),
        EXTENSION: {"accounts": [{"value": account["key"], "display": account["name"], "entitlements": entitled}]},
    }


def _group(request: Request, call: Call, row: Any) -> dict[str, Any]:
    held = [{"type": member.kind, "value": member.key} for member in directory.members(call, row["key"])]
    return {
        "id": row["key"],
        "displayName": row["name"],
        "members": held,
        "meta": _meta(request, f"Groups/{row['key']}", row["created_ms"]),
    }


def _meta(request: Request, path: str, created_ms: int) -> dict[str, str]:
    created = datetime.fromtimestamp(created_ms / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return {"created": created, "location": f"{str(request.base_url).rstrip('/')}/identity/v1/{path}"}
