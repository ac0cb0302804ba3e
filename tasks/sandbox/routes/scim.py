"""The SCIM API at /identity/v1, in the style of SCIM 1.1: ``resources``, partial resources in a PATCH."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from tasks.sandbox import directory, directory_groups
from tasks.sandbox.routes import scim_forms
from tasks.sandbox.routes.replies import replied
from tasks.sandbox.routes.scim_access import PREFIX, scim_call, whole_number
from tasks.sandbox.scim_filters import condition
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.traffic import BASIS_HEADER
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Basis

router = APIRouter(prefix=PREFIX)

PAGING = frozenset({"startIndex", "count"})


@router.get("/Users")
def list_users(request: Request) -> Response:
    """List users. Paging is in the contract for groups only: on users it is assumed."""
    query = request.query_params
    with scim_call(request) as (call, _):
        rows = directory.users(call, condition(query.get("filter"), directory.USER_COLUMNS, ("eq", "sw")))
        shown = [scim_forms.user(request, call, row) for row in _part(request, rows)]
    basis = Basis.ASSUMED if PAGING & query.keys() else Basis.DOCUMENTED
    return replied(basis, {"totalResults": len(rows), "resources": shown})


@router.post("/Users")
def create_user(request: Request, body: dict[str, Any]) -> Response:
    with scim_call(request, write=True) as (call, _):
        key = directory.create_user(call, scim_forms.person(body))
        shown = scim_forms.user(request, call, directory.user(call, key))
    return replied(Basis.DOCUMENTED, shown, 201)


@router.get("/Users/me")
def show_caller(request: Request) -> Response:
    with scim_call(request, own=True) as (call, caller):
        shown = scim_forms.user(request, call, require_user(call, caller))
    return replied(Basis.OBSERVED, shown)


@router.put("/Users/me")
@router.patch("/Users/me")
def change_caller(request: Request, body: dict[str, Any]) -> Response:
    with scim_call(request, own=True) as (call, caller):
        directory.change_caller(call, caller, scim_forms.person(body), whole=_whole(request))
        shown = scim_forms.user(request, call, require_user(call, caller))
    return replied(Basis.DOCUMENTED, shown)


@router.get("/Users/{key}")
def show_user(request: Request, key: str) -> Response:
    with scim_call(request) as (call, _):
        shown = scim_forms.user(request, call, directory.user(call, key))
    return replied(Basis.DOCUMENTED, shown)


@router.put("/Users/{key}")
@router.patch("/Users/{key}")
def change_user(request: Request, key: str, body: dict[str, Any]) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory.change_user(call, key, scim_forms.person(body), whole=_whole(request))
        shown = scim_forms.user(request, call, directory.user(call, key))
    return replied(Basis.DOCUMENTED, shown)


@router.delete("/Users/{key}")
def delete_user(request: Request, key: str) -> Response:
    """Documented: 200. That the account keeps the user is documented as well, and its contrary too."""
    with scim_call(request, write=True) as (call, caller):
        directory.delete_user(call, key, caller)
    return Response(status_code=200, headers={BASIS_HEADER: Basis.DOCUMENTED})


@router.get("/Groups")
def list_groups(request: Request) -> Response:
    wanted = request.query_params.get("filter")
    with scim_call(request) as (call, _):
        rows = directory_groups.groups(call, condition(wanted, directory_groups.GROUP_COLUMNS, ("eq", "sw", "co")))
        shown = [scim_forms.group(request, call, row) for row in _part(request, _sorted(request, rows))]
    return replied(Basis.DOCUMENTED, {"totalResults": len(rows), "resources": shown})


@router.post("/Groups")
def create_group(request: Request, body: dict[str, Any]) -> Response:
    with scim_call(request, write=True) as (call, _):
        wanted = scim_forms.members(body) or ()
        key = directory_groups.create_group(call, scim_forms.group_name(body), wanted)
        shown = scim_forms.group(request, call, directory_groups.group(call, key))
    return replied(Basis.DOCUMENTED, shown, 201)


@router.get("/Groups/{key}")
def show_group(request: Request, key: str) -> Response:
    with scim_call(request) as (call, _):
        shown = scim_forms.group(request, call, directory_groups.group(call, key))
    return replied(Basis.DOCUMENTED, shown)


@router.put("/Groups/{key}")
@router.patch("/Groups/{key}")
def change_group(request: Request, key: str, body: dict[str, Any]) -> Response:
    """Change a group. What a PATCH does to the members that it does not name is assumed."""
    whole = request.method == "PUT"
    with scim_call(request, write=True) as (call, _):
        wanted = scim_forms.members(body)
        directory_groups.change_group(call, key, scim_forms.group_name(body), wanted, whole=whole)
        shown = scim_forms.group(request, call, directory_groups.group(call, key))
    return replied(Basis.DOCUMENTED if whole or wanted is None else Basis.ASSUMED, shown)


@router.delete("/Groups/{key}")
def delete_group(request: Request, key: str) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory_groups.delete_group(call, key)
    return Response(status_code=200, headers={BASIS_HEADER: Basis.DOCUMENTED})


@router.get("/Schemas/Users")
def show_schema(request: Request) -> Response:
    """Describe a user. That there is such a call is documented; what it answers is assumed."""
    with scim_call(request, own=True):
        return replied(Basis.ASSUMED, scim_forms.USER_DESCRIPTION)


@router.get("/ServiceProviderConfigs")
def show_config(request: Request) -> Response:
    """Say what the service can do. That there is such a call is documented; the values are assumed."""
    with scim_call(request, own=True):
        return replied(Basis.ASSUMED, scim_forms.CONFIG)


def _whole(request: Request) -> frozenset[str]:
    return directory.OF_THE_CONTRACT if request.method == "PUT" else directory.NOTHING


def _part(request: Request, rows: Sequence[Any]) -> Sequence[Any]:
    """Cut the part that ``startIndex`` (from 1) and ``count`` name; all without them."""
    start, count = whole_number(request, "startIndex", 1), whole_number(request, "count", len(rows))
    if start < 1 or count < 0:
        raise ScimRefusal(400, "startIndex counts from 1")
    return rows[start - 1 : start - 1 + count]


def _sorted(request: Request, rows: list[Any]) -> list[Any]:
    """Sort groups as the query says; oldest first without. Only ``displayName`` can be sorted by (assumed)."""
    by, order = request.query_params.get("sortBy"), request.query_params.get("sortOrder", "ascending")
    if by not in {None, "displayName"} or order not in {"ascending", "descending"}:
        raise ScimRefusal(400, "Groups are sorted by displayName, ascending or descending")
    return rows if by is None else sorted(rows, key=lambda row: str(row["name_folded"]), reverse=order == "descending")
