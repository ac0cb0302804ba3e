"""The Admin API: the account itself, its custom attributes, custom roles and mail templates.

Its router comes before that of users: ``/users/rolesets`` is no user.
"""

from fastapi import APIRouter, Request, Response

from tasks.sandbox import account, attributes, rights, role_sets, templates, user_views
from tasks.sandbox.rights import Right
from tasks.sandbox.routes.admin import SuppressEmail
from tasks.sandbox.routes.queries import page_of, required_condition
from tasks.sandbox.routes.replies import admin_call, done, replied
from tasks.sandbox.wire import AccountUpdate, Basis, Call, NewAttribute, NewTemplate, require_known_fields

router = APIRouter(prefix="/admin/rest/v1/accounts/{account_key}")


@router.get("")
def show_account(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = account.rendered(call)
    return replied(Basis.OBSERVED, body)


@router.put("")
def update_account(request: Request, account_key: str, body: AccountUpdate) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        rights.require(call, caller, Right.SETTINGS)
        account.update(call, body)
    return done(Basis.OBSERVED, call.switches)


@router.get("/attributes")
def list_attributes(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = attributes.list_attributes(call, page_of(request, call))
    return replied(Basis.OBSERVED, body)


@router.post("/attributes")
def create_attribute(request: Request, account_key: str, body: NewAttribute) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        rights.require(call, caller, Right.SETTINGS)
        key = call.key(attributes.create(call, body.name))
    return replied(Basis.OBSERVED, key)


@router.get("/templates")
def list_templates(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = templates.list_templates(call, page_of(request, call))
    return replied(Basis.OBSERVED, body)


@router.post("/templates")
def create_template(request: Request, account_key: str, body: NewTemplate) -> Response:
    with admin_call(request, account_key) as (call, caller):
        require_known_fields(body, call.switches)
        rights.require(call, caller, Right.SETTINGS)
        key = call.key(templates.create(call, body))
    return replied(Basis.OBSERVED, key)


@router.get("/rolesets")
def list_role_sets(request: Request, account_key: str) -> Response:
    with admin_call(request, account_key) as (call, _):
        body = role_sets.list_role_sets(call, page_of(request, call))
    return replied(Basis.OBSERVED, body)


@router.put("/rolesets/{role_set_id}/users")
def give_role_set(
    request: Request, account_key: str, role_set_id: str, suppress_email: SuppressEmail = False
) -> Response:
    with admin_call(request, account_key) as (call, caller):
        keys = _selected(request, call, caller)
        role_sets.give(call, role_set_id, keys, suppress_email=suppress_email)
    return done(Basis.OBSERVED, call.switches)


@router.delete("/users/rolesets")
def take_role_sets(request: Request, account_key: str, suppress_email: SuppressEmail = False) -> Response:
    with admin_call(request, account_key) as (call, caller):
        keys = _selected(request, call, caller)
        role_sets.give(call, None, keys, suppress_email=suppress_email)
    return done(Basis.OBSERVED, call.switches)


def _selected(request: Request, call: Call, caller: str) -> list[str]:
    """Return the users whom the filter selects, for a caller who may give them roles. None is no fault (assumed)."""
    rights.require(call, caller, Right.ROLES)
    return user_views.keys_of(call, required_condition(request, call))
