"""The Admin API: users, licences, groups. Routes are plain functions in worker threads: a client that vanishes does
not stop what it began."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from tasks.sandbox import groups, licences, people, rights, user_views
from tasks.sandbox.filters import EVERYBODY
from tasks.sandbox.rights import Right
from tasks.sandbox.routes.queries import basis_of, condition_of, order_of, page_of, user_keys
from tasks.sandbox.routes.replies import admin_call, done, replied
from tasks.sandbox.wire import (
    Basis,
    Call,
    GotoRefusal,
    GroupUpdate,
    NewGroup,
    NewUsers,
    Problem,
    UserUpdate,
    basis_of_body,
    require_known_fields,
)

router = APIRouter(prefix="/admin/rest/v1")

NO_SUCH_VERB = {"405": "method.not.allowed", "404": "resource.not.found", "501": "not.implemented"}
"""How the platform refuses to assign a licence by a verb that it does not have: all assumed."""

SuppressEmail = Annotated[bool, Query(alias="suppressEmail")]
AllOrNothing = Annotated[bool, Query(alias="allOrNothing")]


@router.get("/me")
def show_caller(request: Request) -> Response:
    with admin_call(request) as (call, caller):
        user = user_views.require_user(call, caller)
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
        page, attributes = page_of(request, call), request.query_params.get("attributes")
        condition, order = condition_of(request, call) or EVERYBODY, order_of(request, call)
        named = attributes.split(",") if attributes else None
        body = user_views.list_users(call, condition, page, named, order or "number")
    return replied(Basis.ASSUMED if order else condition.basis, body)


@router.post("/accounts/{account_key}/users")
def create_users(request: Request, account_key: str, body: NewUsers, all_or_nothing: AllOrNothing = True) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        created = people.create(call, body, caller, all_or_nothing=all_or_nothing)
    return replied(basis_of_body(body, Basis.DOCUMENTED), created)


@router.get("/accounts/{account_key}/users/{user_key}")
def show_users(request: Request, account_key: str, user_key: str) -> Response:
    """Show one user; several as a list."""
    with admin_call(request, account_key) as (call, _):
        keys = user_keys(call, user_key)
        body = user_views.several(call, keys)
        body = body["results"][0] if len(keys) == 1 else body
    return replied(basis_of(keys, Basis.OBSERVED), body)


@router.put("/accounts/{account_key}/users/{user_key}")
def update_users(
    request: Request, account_key: str, user_key: str, body: UserUpdate, suppress_email: SuppressEmail = False
) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        keys = user_keys(call, user_key)
        rights.require_update(call, caller, keys, body)
        for key in keys:
            people.update(call, key, body, suppress_email=suppress_email)
    return done(basis_of_body(body, basis_of(keys, Basis.OBSERVED)), call.switches)


@router.delete("/accounts/{account_key}/users/{user_key}")
def delete_users(request: Request, account_key: str, user_key: str) -> Response:
    with admin_call(request, account_key) as (call, caller):
        keys = user_keys(call, user_key)
        rights.require_over(call, caller, Right.USERS, keys)
        for key in keys:
            people.delete(call, key)
    return done(basis_of(keys, Basis.OBSERVED), call.switches)


@router.delete("/accounts/{account_key}/users/{user_key}/groups")
def leave_groups(request: Request, account_key: str, user_key: str) -> Response:
    with admin_call(request, account_key) as (call, caller):
        rights.require_over(call, caller, Right.GROUPS, [user_key])
        people.leave_groups(call, user_key)
    return done(Basis.OBSERVED, call.switches)


@router.get("/accounts/{account_key}/licenses")
def list_licences(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = licences.list_licences(call, page_of(request, call))
    return replied(Basis.OBSERVED, body)


@router.put("/accounts/{account_key}/licenses/{licence_key}/users/{user_key}")
def assign_licence(
    request: Request, account_key: str, licence_key: str, user_key: str, suppress_email: SuppressEmail = False
) -> Response:
    with admin_call(request, account_key) as (call, caller):
        if (verb := call.switches.assign_verb) in NO_SUCH_VERB:
            raise GotoRefusal(int(verb), Problem(NO_SUCH_VERB[verb]))
        keys = user_keys(call, user_key)
        _change_licence(call, caller, licence_key, keys, hold=True, suppress_email=suppress_email)
    return done(Basis.ASSUMED, call.switches)


@router.delete("/accounts/{account_key}/licenses/{licence_key}/users/{user_key}")
def unassign_licence(
    request: Request, account_key: str, licence_key: str, user_key: str, suppress_email: SuppressEmail = False
) -> Response:
    with admin_call(request, account_key) as (call, caller):
        keys = user_keys(call, user_key)
        _change_licence(call, caller, licence_key, keys, hold=False, suppress_email=suppress_email)
    return done(basis_of(keys, Basis.OBSERVED), call.switches)


def _change_licence(
    call: Call, caller: str, licence_key: str, keys: list[str], *, hold: bool, suppress_email: bool
) -> None:
    rights.require_over(call, caller, Right.SEATS, keys)
    for key in keys:
        people.change_licence(call, licence_key, key, hold=hold, suppress_email=suppress_email)


@router.get("/accounts/{account_key}/groups")
def list_groups(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = groups.list_groups(call, page_of(request, call))
    return replied(Basis.OBSERVED, body)


@router.post("/accounts/{account_key}/groups")
def create_group(request: Request, account_key: str, body: NewGroup) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        rights.require_group(call, caller, Right.GROUPS, body.parent_key)
        key = call.key(groups.create(call, body.name, body.parent_key))
    return replied(Basis.OBSERVED, key)


@router.get("/accounts/{account_key}/groups/{group_key}")
def show_group(request: Request, account_key: str, group_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = groups.rendered(call, groups.require_group(call, group_key))
    return replied(Basis.OBSERVED, body)


@router.put("/accounts/{account_key}/groups/{group_key}")
def rename_group(request: Request, account_key: str, group_key: str, body: GroupUpdate) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        rights.require_group(call, caller, Right.GROUPS, group_key)
        groups.rename(call, group_key, body.name)
    return done(Basis.OBSERVED, call.switches)


@router.delete("/accounts/{account_key}/groups/{group_key}")
def delete_group(request: Request, account_key: str, group_key: str) -> Response:
    with admin_call(request, account_key) as (call, caller):
        rights.require_group(call, caller, Right.GROUPS, group_key)
        groups.delete(call, group_key)
    return done(Basis.OBSERVED, call.switches)


@router.put("/accounts/{account_key}/groups/{group_key}/users/{user_key}")
def join_group(request: Request, account_key: str, group_key: str, user_key: str) -> Response:
    with admin_call(request, account_key) as (call, caller):
        rights.require_over(call, caller, Right.GROUPS, [user_key])
        rights.require_group(call, caller, Right.GROUPS, group_key)
        people.join_group(call, group_key, user_key)
    return done(Basis.OBSERVED, call.switches)
