"""SCIM 2.0 at /identity/scim/v2, over the same directory (RFC 7644).

An extension: that GoTo has such a surface is inferred from Entra ID's gallery app, its address is not known.
"""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response

from tasks.sandbox import directory, directory_groups
from tasks.sandbox.directory_groups import MAX_MEMBERS
from tasks.sandbox.routes import scim2_forms
from tasks.sandbox.routes.scim2_replies import MAX_RESULTS, PREFIX_2, listed, require_switched_on, told
from tasks.sandbox.routes.scim_access import scim_call, whole_number
from tasks.sandbox.scim2_filters import key_in, parse_filter, parse_path
from tasks.sandbox.scim2_patch import applied, operations_of
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.traffic import BASIS_HEADER
from tasks.sandbox.wire import Basis, Call

router = APIRouter(prefix=PREFIX_2, dependencies=[require_switched_on])

Resource = dict[str, Any]


@router.get("/Users")
def list_users(request: Request) -> Response:
    with scim_call(request) as (call, _):
        every = [scim2_forms.user(request, row) for row in directory.users(call)]
        return _listed(request, every, lambda one: one | scim2_forms.groups_of(request, call, one["id"]))


@router.post("/Users")
def create_user(request: Request, body: Resource) -> Response:
    with scim_call(request, write=True) as (call, _):
        key = directory.create_user(call, scim2_forms.person(body))
        return told(_user(request, call, key), 201)


@router.get("/Users/{key}")
def show_user(request: Request, key: str) -> Response:
    with scim_call(request) as (call, _):
        return told(_trimmed(request, _user(request, call, key)))


@router.put("/Users/{key}")
def replace_user(request: Request, key: str, body: Resource) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory.change_user(call, key, scim2_forms.person(body), whole=directory.EVERYTHING)
        return told(_user(request, call, key))


@router.patch("/Users/{key}")
def patch_user(request: Request, key: str, body: Resource) -> Response:
    with scim_call(request, write=True) as (call, _):
        changed = applied(scim2_forms.as_kept(request, directory.user(call, key)), body)
        directory.change_user(call, key, scim2_forms.person(changed), whole=directory.EVERYTHING)
        return told(_user(request, call, key))


@router.delete("/Users/{key}")
def delete_user(request: Request, key: str) -> Response:
    with scim_call(request, write=True) as (call, caller):
        directory.delete_user(call, key, caller)
    return Response(status_code=204, headers={BASIS_HEADER: Basis.ASSUMED})


@router.get("/Groups")
def list_groups(request: Request) -> Response:
    """List groups. Members are looked up where the filter or the answer has them: there may be many."""
    query = request.query_params
    is_filtered_by = "members" in query.get("filter", "").lower()
    are_shown = "members" not in query.get("excludedAttributes", "").lower().split(",")
    with scim_call(request) as (call, _):
        rows = directory_groups.groups(call)
        every = [scim2_forms.group(request, call, row, with_members=is_filtered_by) for row in rows]
        return _listed(request, every, lambda one: _group(request, call, one["id"]) if are_shown else one)


@router.post("/Groups")
def create_group(request: Request, body: Resource) -> Response:
    with scim_call(request, write=True) as (call, _):
        name, external_id = scim2_forms.group_values(body)
        key = directory_groups.create_group(call, name, scim2_forms.members(call, body), external_id)
        return told(_group(request, call, key), 201)


@router.get("/Groups/{key}")
def show_group(request: Request, key: str) -> Response:
    with scim_call(request) as (call, _):
        return told(_trimmed(request, _group(request, call, key)))


@router.put("/Groups/{key}")
def replace_group(request: Request, key: str, body: Resource) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory_groups.group(call, key)
        _require_few([body.get(key_in(body, "members"))])
        return _written(request, call, key, body)


@router.patch("/Groups/{key}")
def patch_group(request: Request, key: str, body: Resource) -> Response:
    with scim_call(request, write=True) as (call, _):
        held = _group(request, call, key)
        _require_few([operation.get("value") for operation in operations_of(body)])
        return _written(request, call, key, applied(held, body))


@router.delete("/Groups/{key}")
def delete_group(request: Request, key: str) -> Response:
    with scim_call(request, write=True) as (call, _):
        directory_groups.delete_group(call, key)
    return Response(status_code=204, headers={BASIS_HEADER: Basis.ASSUMED})


def _written(request: Request, call: Call, key: str, resource: Resource) -> Response:
    name, external_id = scim2_forms.group_values(resource)
    directory_groups.replace_group(call, key, name, scim2_forms.members(call, resource), external_id)
    return told(_group(request, call, key))


def _require_few(values: Sequence[Any]) -> None:
    """Refuse more members in a request than the platform's own API takes (assumed here)."""
    if sum(len(value) for value in values if isinstance(value, list)) > MAX_MEMBERS:
        raise ScimRefusal(400, f"A request carries at most {MAX_MEMBERS} members", scim_type="tooMany")


def _user(request: Request, call: Call, key: str) -> Resource:
    shown = scim2_forms.user(request, directory.user(call, key))
    return shown | scim2_forms.groups_of(request, call, key)


def _group(request: Request, call: Call, key: str) -> Resource:
    return scim2_forms.group(request, call, directory_groups.group(call, key))


def _listed(request: Request, every: list[Resource], whole: Callable[[Resource], Resource]) -> Response:
    """Filter, sort and page (RFC 7644 §3.4.2); *whole* completes those that are shown."""
    query = request.query_params
    if "filter" in query:
        every = list(filter(parse_filter(query["filter"]), every))
    if "sortBy" in query:
        key = scim2_forms.sort_key(parse_path(query["sortBy"]).attribute)
        every = sorted(every, key=key, reverse=query.get("sortOrder", "").lower() == "descending")
    start = max(whole_number(request, "startIndex", 1), 1)
    count = min(max(whole_number(request, "count", MAX_RESULTS), 0), MAX_RESULTS)
    part: Sequence[Resource] = every[start - 1 : start - 1 + count]
    return told(listed([_trimmed(request, whole(one)) for one in part], len(every), start))


def _trimmed(request: Request, resource: Resource) -> Resource:
    query = request.query_params
    return scim2_forms.trimmed(resource, query.get("attributes"), query.get("excludedAttributes"))
