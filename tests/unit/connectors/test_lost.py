"""The target is lost in the middle of a call. That it was not sent is recorded only where no request has left that
changes anything; what was sent and refused is recorded as refused, and anything else as uncertain."""

import asyncio
import itertools
from pathlib import Path
from typing import Any

import pytest

from tasks.journal import CallResult
from tasks.model.errors import TargetError
from tasks.model.operations import OperationKind
from tasks.provision.batch import Batch
from tasks.provision.jobs import Job
from tests.support.effort import sampled
from tests.support.operations import NOTHING, change_directory, make_create, make_operation
from tests.support.plans import PlanBuilder
from tests.support.scripted_goto import CUT
from tests.support.world import World

ADA = {"key": "7001", "email": "ada@acme.example", "firstName": "Ada", "lastName": "Byron", "licenseKeys": ["9001"]}
GROUP = {"id": "6001", "displayName": "Sales", "members": []}
TOKEN = (200, {"access_token": "hush-at", "token_type": "Bearer", "expires_in": 3600})
PAGE = (403, b"<html>Blocked</html>")
MISSING = (404, b"<html>Nothing here</html>")
SCIM = "^/identity/v1"
K = OperationKind

OPERATIONS = {
    K.CREATE_ACCOUNTS: (make_create("ada", "bea", licences=["9001"]), "POST", "/users"),
    K.UPDATE_ACCOUNT: (make_operation(K.UPDATE_ACCOUNT, "7001", given_name="Eva"), "PUT", "/users/7001"),
    K.ASSIGN_LICENCE: (make_operation(K.ASSIGN_LICENCE, "7001", licence_key="9002"), "PUT", "/licenses/9002/.*"),
    K.UNASSIGN_LICENCE: (make_operation(K.UNASSIGN_LICENCE, "7001", licence_key="9001"), "DELETE", "/licenses/.*"),
    K.SET_ROLES: (make_operation(K.SET_ROLES, "7001", roles=["ADD_USERS"]), "PUT", "/users/7001"),
    K.JOIN_GROUP: (make_operation(K.JOIN_GROUP, "7001", group_key="5001"), "PUT", "/groups/5001/users/7001"),
    K.LEAVE_GROUPS: (make_operation(K.LEAVE_GROUPS, "7001"), "DELETE", "/users/7001/groups"),
    K.CREATE_GROUP: (make_operation(K.CREATE_GROUP, name="Sales"), "POST", "/groups"),
    K.DELETE_ACCOUNT: (make_operation(K.DELETE_ACCOUNT, "7001"), "DELETE", "/users/7001"),
    K.CREATE_DIRECTORY_GROUP: (make_operation(K.CREATE_DIRECTORY_GROUP, name="Sales"), "POST", f"{SCIM}/Groups$"),
    K.CHANGE_DIRECTORY_GROUP: (change_directory("6001", add=["7001"]), "PUT", f"{SCIM}/Groups/6001$"),
}
LIMITED = make_operation(K.SET_ROLES, "7001", roles=["ADD_USERS"], managed_groups=["5001"], fallback=NOTHING)
LOGIN = make_create("ada", "bea")
RENAME = make_operation(K.UPDATE_ACCOUNT, "7001", user_name="eva@acme.example")

SOME = sampled(OPERATIONS, {"create_accounts", "set_roles", "delete_account", "change_directory_group"})
TOKENS = sampled(
    [pytest.param(PAGE, id="page"), pytest.param((401, {"error": "invalid_client"}), id="refused")], {"refused"}
)


def own(status: int, code: str) -> tuple[int, Any]:
    """A refusal of GoTo's form."""
    return status, {"incidentId": "0f0f", "errors": [{"code": code}]}


@pytest.fixture
def tenant(goto: Any) -> Any:
    """One person and one directory group, as they are read; every write is carried out."""
    goto.on("GET", "/users/7001", (200, ADA))
    goto.on("GET", f"{SCIM}/Groups/6001$", (200, GROUP))
    for method, path in (("POST", ".*"), ("PUT", ".*"), ("PATCH", ".*"), ("DELETE", ".*")):
        goto.on(method, path, (204, b""))
    goto.on("POST", "^/oauth/token$", TOKEN)
    return goto


@pytest.fixture
def attempt(tmp_path: Path) -> Any:
    """Make one call by the way that all calls are made; return its record, what counts as sent, and what stopped it."""
    opened = []

    def made(goto: Any, operation: Any) -> tuple[Any, int, TargetError | None]:
        async def main() -> tuple[Any, int, TargetError | None]:
            async with goto.open(directory="feed", attempts=2) as target:
                world = World(tmp_path, target)
                opened.append(world)
                plan = PlanBuilder().plan()
                world.record(plan)
                runtime = world.begin_run()
                world.journal.begin_applying(runtime.run_id, plan.hash, world.clock())
                stopped = None
                try:
                    await Batch(plan, plan.hash, [], runtime).attempt(Job("job", 0), operation)
                except TargetError as exc:
                    stopped = exc
                [call] = world.journal.calls(plan.hash)
                sent = world.journal.sent(runtime.run_id)
                assert runtime.tally.calls == sent
                return call, sent, stopped

        return asyncio.run(main())

    yield made
    for world in opened:
        world.journal.close()


def test_the_table_has_every_operation() -> None:
    assert set(OPERATIONS) == set(OperationKind)


@pytest.mark.parametrize("kind", SOME)
def test_call_is_recorded_as_not_sent_where_the_token_service_is_not_reached(tenant, attempt, kind):
    operation, _, _ = OPERATIONS[kind]
    tenant.on("POST", "^/oauth/token$", PAGE)
    call, sent, stopped = attempt(tenant, operation)
    assert (call.result, sent) == (CallResult.NOT_SENT, 0)
    assert stopped is not None
    assert [one.path for one in tenant.seen] == ["/oauth/token"]


@pytest.mark.parametrize("kind", [K.SET_ROLES, K.CHANGE_DIRECTORY_GROUP])
def test_call_is_recorded_as_not_sent_where_the_look_before_it_fails(tenant, attempt, kind):
    operation, _, _ = OPERATIONS[kind]
    for path in ("/users.*", f"{SCIM}/Groups.*"):
        tenant.on("GET", path, PAGE)
    call, sent, stopped = attempt(tenant, operation)
    assert (call.result, sent) == (CallResult.NOT_SENT, 0)
    assert stopped is not None
    assert {one.method for one in tenant.seen if one.path != "/oauth/token"} == {"GET"}


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("kind", SOME)
def test_call_that_a_page_answered_is_uncertain_where_no_token_is_to_be_had(tenant, attempt, kind, token):
    operation, method, path = OPERATIONS[kind]
    tenant.on("POST", "^/oauth/token$", TOKEN, token)
    tenant.on(method, path, PAGE)
    call, sent, _ = attempt(tenant, operation)
    assert (call.result, sent) == (CallResult.UNCERTAIN, 1)


@pytest.mark.parametrize("token", TOKENS)
@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("kind", SOME)
def test_call_that_goto_refused_is_recorded_so_where_the_token_cannot_be_renewed(tenant, attempt, kind, status, token):
    operation, method, path = OPERATIONS[kind]
    tenant.on("POST", "^/oauth/token$", TOKEN, token)
    tenant.on(method, path, own(status, "not.authenticated"))
    call, sent, stopped = attempt(tenant, operation)
    assert (call.result, call.code, call.incident, sent) == (CallResult.REFUSED, "not.authenticated", "0f0f", 1)
    assert stopped is not None
    assert "token service" in stopped.what


@pytest.mark.parametrize("kind", SOME)
def test_call_that_was_refused_for_pace_to_the_end_is_recorded_as_refused(tenant, attempt, kind):
    operation, method, path = OPERATIONS[kind]
    tenant.on(method, path, (429, b""))
    call, sent, stopped = attempt(tenant, operation)
    assert (call.result, sent) == (CallResult.REFUSED, 1)
    assert stopped is not None


@pytest.mark.parametrize("kind", SOME)
def test_call_that_was_cut_is_uncertain(tenant, attempt, kind):
    operation, method, path = OPERATIONS[kind]
    tenant.on(method, path, CUT)
    call, sent, _ = attempt(tenant, operation)
    assert (call.result, sent) == (CallResult.UNCERTAIN, 1)


LOOKS = {
    "create": (OPERATIONS[K.CREATE_ACCOUNTS][0], "POST", "/users", own(409, "quota"), "/licenses"),
    "assign": (OPERATIONS[K.ASSIGN_LICENCE][0], "PUT", "/licenses/.*", own(409, "quota"), "/licenses"),
    "unassign": (OPERATIONS[K.UNASSIGN_LICENCE][0], "DELETE", "/licenses/.*", own(404, "user.not.found"), "/users.*"),
    "leave": (OPERATIONS[K.LEAVE_GROUPS][0], "DELETE", "/users/.*", own(404, "group.not.found"), "/users.*"),
    "delete": (OPERATIONS[K.DELETE_ACCOUNT][0], "DELETE", "/users/.*", own(404, "user.not.found"), "/users.*"),
    "group": (OPERATIONS[K.CREATE_GROUP][0], "POST", "/groups", (201, "5001"), "/groups/.*"),
    "unknown verb": (OPERATIONS[K.ASSIGN_LICENCE][0], "PUT", "/licenses/.*", MISSING, "/users.*"),
}
"""Calls after whose answer the connector itself looks further: what is answered, and where it looks."""


@pytest.mark.parametrize(
    "look",
    sampled(
        [
            pytest.param(PAGE, id="page"),
            pytest.param(MISSING, id="no route"),
            pytest.param(CUT, id="cut"),
            pytest.param((503, b""), id="503"),
            pytest.param((429, b""), id="429"),
            pytest.param(own(401, "no"), id="401"),
            pytest.param(own(403, "no"), id="403"),
            pytest.param("token", id="token"),
        ],
        {"page", "403", "token"},
    ),
)
@pytest.mark.parametrize("case", sampled(LOOKS, {"create", "leave", "unknown verb"}))
def test_call_is_uncertain_where_the_look_after_its_answer_fails(tenant, attempt, case, look):
    operation, method, path, answer, where = LOOKS[case]
    if look == "token":
        tenant.on("POST", "^/oauth/token$", TOKEN, PAGE)
    tenant.on(method, path, answer)
    tenant.on("GET", where, own(401, "not.authenticated") if look == "token" else look)
    call, sent, _ = attempt(tenant, operation)
    refusal_stands = case in ("create", "assign") and look in (own(401, "no"), own(403, "no"))
    assert (call.result, sent) == ((None if refusal_stands else CallResult.UNCERTAIN), 1)


@pytest.mark.parametrize("look", [PAGE, CUT, own(403, "no")], ids=["page", "cut", "403"])
def test_roles_are_uncertain_where_their_limit_cannot_be_read_back(tenant, attempt, look):
    tenant.on("GET", "/users/7001", (200, ADA), look)
    call, sent, _ = attempt(tenant, LIMITED)
    assert (call.result, sent) == (CallResult.UNCERTAIN, 1)


def test_limit_is_read_back_though_a_page_answered_and_no_token_is_to_be_had(tenant, attempt):
    tenant.on("POST", "^/oauth/token$", TOKEN, PAGE)
    tenant.on("PUT", "/users/7001", PAGE, (204, b""))
    tenant.on("GET", "/users/7001", (200, ADA), (200, {**ADA, "adminRoles": ["ADD_USERS"]}))
    call, _, _ = attempt(tenant, LIMITED)
    assert call.result is None  # the refusal is for the engine to conclude: the role was taken back
    assert [one.json["adminRoles"] for one in tenant.calls("PUT")] == [["ADD_USERS"], []]


def test_second_way_that_could_not_be_begun_leaves_the_refusal_of_the_first(tenant, attempt):
    tenant.on("PUT", "/users/7001", own(403, "user.email.locked"))
    tenant.on("PATCH", f"{SCIM}/Users/7001$", (429, b""))
    call, sent, stopped = attempt(tenant, RENAME)
    assert (call.result, sent) == (CallResult.REFUSED, 1)
    assert stopped is not None


def test_second_way_of_a_create_that_could_not_be_begun_is_uncertain(tenant, attempt):
    tenant.on("POST", "/users", own(400, "licence.or.role.required"))
    tenant.on("POST", f"{SCIM}/Users$", (429, b""))
    call, sent, _ = attempt(tenant, LOGIN)
    assert (call.result, sent) == (CallResult.UNCERTAIN, 1)


def test_what_one_call_has_sent_says_nothing_of_another_beside_it(tenant):
    """Calls are made side by side by one client."""
    tokens = itertools.chain([TOKEN], itertools.repeat(PAGE))
    tenant.on("POST", "^/oauth/token$", lambda request: next(tokens))
    tenant.on("DELETE", "/users/7001", PAGE)
    tenant.on("PUT", "/groups/.*", own(401, "not.authenticated"))

    async def both(target: Any) -> list[Any]:
        calls = [target.perform(OPERATIONS[kind][0]) for kind in (K.DELETE_ACCOUNT, K.JOIN_GROUP)]
        return await asyncio.gather(*calls, return_exceptions=True)

    deleted, joined = tenant.run(both)
    assert (type(deleted).__name__, type(joined).__name__) == ("UncertainCall", "TargetDown")
    assert joined.heard.facts["code"] == "not.authenticated"
