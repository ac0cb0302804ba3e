"""The Admin API. Routes are plain functions in worker threads: a client that vanishes does not stop what it began."""

from typing import Annotated, Any
from urllib.parse import unquote

from fastapi import APIRouter, Query, Request, Response

from tasks.sandbox import filters, groups, licences, people
from tasks.sandbox.routes.replies import admin_call, done, replied
from tasks.sandbox.wire import (
    Basis,
    Call,
    GotoRefusal,
    GroupUpdate,
    NewGroup,
    NewUsers,
    Page,
    Problem,
    UserUpdate,
    require_known_fields,
)

router = APIRouter(prefix="/admin/rest/v1")

SuppressEmail = Annotated[bool, Query(alias="suppressEmail")]
AllOrNothing = Annotated[bool, Query(alias="allOrNothing")]


@router.get("/me")
def show_caller(request: Request) -> Response:
    with admin_call(request) as (call, caller):
        user = people.require_user(call, caller)
        account = call.db.execute("SELECT * FROM account").fetchone()
        body = {
            "key": call.key(caller),
            "accountKey": call.key(account["key"]),
            "email": user["email"],
            "firstName": user["first_name"],
            "lastName": user["last_name"],
            "accounts": [{"key": call.key(account["key"]), "name": account["name"]}],
        }
    return replied(Basis.DOCUMENTED, body)


@router.get("/accounts/{account_key}/users")
def list_users(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        page, attributes = _page(request, call), request.query_params.get("attributes")
        condition = _condition(request)
        named = attributes.split(",") if attributes else None
        body = people.list_users(call, condition, page, named)
    return replied(condition.basis, body)


@router.post("/accounts/{account_key}/users")
def create_users(request: Request, account_key: str, body: NewUsers, all_or_nothing: AllOrNothing = True) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        created = people.create(call, body, caller, all_or_nothing=all_or_nothing)
    return replied(Basis.DOCUMENTED, created)


@router.get("/accounts/{account_key}/users/{user_key}")
def show_user(request: Request, account_key: str, user_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = people.rendered(call, people.require_user(call, user_key))
    return replied(Basis.OBSERVED, body)


@router.put("/accounts/{account_key}/users/{user_key}")
def update_user(
    request: Request, account_key: str, user_key: str, body: UserUpdate, suppress_email: SuppressEmail = False
) -> Response:
    with admin_call(request, account_key) as (call, _):
        require_known_fields(body, call.switches)
        people.update(call, user_key, body, suppress_email=suppress_email)
    return done(Basis.OBSERVED)


@router.delete("/accounts/{account_key}/users/{user_key}")
def delete_user(request: Request, account_key: str, user_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        people.delete(call, user_key)
    return done(Basis.OBSERVED)


@router.delete("/accounts/{account_key}/users/{user_key}/groups")
def leave_groups(request: Request, account_key: str, user_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        people.leave_groups(call, user_key)
    return done(Basis.OBSERVED)


@router.get("/accounts/{account_key}/licenses")
def list_licences(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = licences.list_licences(call, _page(request, call))
    return replied(Basis.OBSERVED, body)


@router.put("/accounts/{account_key}/licenses/{licence_key}/users/{user_key}")
def assign_licence(
    request: Request, account_key: str, licence_key: str, user_key: str, suppress_email: SuppressEmail = False
) -> Response:
    with admin_call(request, account_key) as (call, _):
        people.change_licence(call, licence_key, user_key, hold=True, suppress_email=suppress_email)
    return done(Basis.ASSUMED)


@router.delete("/accounts/{account_key}/licenses/{licence_key}/users/{user_key}")
def unassign_licence(
    request: Request, account_key: str, licence_key: str, user_key: str, suppress_email: SuppressEmail = False
) -> Response:
    with admin_call(request, account_key) as (call, _):
        people.change_licence(call, licence_key, user_key, hold=False, suppress_email=suppress_email)
    return done(Basis.OBSERVED)


@router.get("/accounts/{account_key}/groups")
def list_groups(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = groups.list_groups(call, _page(request, call))
    return replied(Basis.OBSERVED, body)


@router.post("/accounts/{account_key}/groups")
def create_group(request: Request, account_key: str, body: NewGroup) -> Response:
    with admin_call(request, account_key) as (call, _):
        require_known_fields(body, call.switches)
        key = call.key(groups.create(call, body.name, body.parent_key))
    return replied(Basis.OBSERVED, key)


@router.get("/accounts/{account_key}/groups/{group_key}")
def show_group(request: Request, account_key: str, group_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = groups.rendered(call, groups.require_group(call, group_key))
    return replied(Basis.OBSERVED, body)


@router.put("/accounts/{account_key}/groups/{group_key}")
def rename_group(request: Request, account_key: str, group_key: str, body: GroupUpdate) -> Response:
    with admin_call(request, account_key) as (call, _):
        require_known_fields(body, call.switches)
        groups.rename(call, group_key, body.name)
    return done(Basis.OBSERVED)


@router.delete("/accounts/{account_key}/groups/{group_key}")
def delete_group(request: Request, account_key: str, group_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        groups.delete(call, group_key)
    return done(Basis.OBSERVED)


@router.put("/accounts/{account_key}/groups/{group_key}/users/{user_key}")
def join_group(request: Request, account_key: str, group_key: str, user_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        people.join_group(call, group_key, user_key)
    return done(Basis.OBSERVED)


def _page(request: Request, call: Call) -> Page:
    query: Any = request.query_params
    return Page.of(query.get("offset"), query.get("pageSize"), call.switches)


def _condition(request: Request) -> filters.Condition:
    """Read ``filter`` from the query as it was sent: a ``+`` for a space is refused (observed), and only seen there."""
    for part in request.scope["query_string"].decode("ascii", "replace").split("&"):
        name, _, raw = part.partition("=")
        if name == "filter":
            if "+" in raw:
                raise GotoRefusal(400, Problem("filter.invalid", "filter"), basis=Basis.OBSERVED)
            return filters.parse(unquote(raw))
    return filters.EVERYBODY
