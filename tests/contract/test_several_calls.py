"""Operations that take several calls, and what is said of them when something goes wrong between two.

Once a call was carried out, no later failure may read as "not done": what is uncertain is looked up before anything
else is sent, and nobody is left with more than was asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.model.errors import RefusedByTarget, UncertainCall
from tasks.model.operations import IN_DOUBT, Operation, OperationKind
from tasks.provision import apply_plan
from tests.support.operations import NOTHING, make_create, make_operation
from tests.support.plans import PlanBuilder
from tests.support.target import MemoryTarget
from tests.support.world import World

MEETING = "9002"
FED = {"directory": "feed"}
USERS = "/accounts/*/users/*"
SPARE: dict[str, Any] = {"fault": "slow", "for_s": 0}
STOP: dict[str, Any] = {"fault": "too_many", "retry_after": 60}
LOST = [
    pytest.param({"fault": "cut_after"}, id="cut"),
    pytest.param({"fault": "error_500", "done": True}, id="500"),
    pytest.param({"fault": "bad_gateway_html", "done": True}, id="502"),
]


@pytest.fixture
def faults(sandbox: Any) -> Iterator[Any]:
    """Let calls go wrong, by rules; nothing does any more when the test is over."""
    yield lambda *rules: sandbox.control("PUT", "faults", list(rules))
    sandbox.control("DELETE", "faults")


LIMITED = make_operation(
    OperationKind.SET_ROLES, "7003", roles=["MANAGE_USERS"], managed_groups=["5001"], fallback=NOTHING
)


def perform(sandbox: Any, operation: Operation, **options: Any) -> Any:
    return sandbox.run(lambda target: target.perform(operation), **options)


def roles_of(sandbox: Any, key: str = "7003") -> tuple[Any, Any]:
    [found] = sandbox.run(lambda target: target.read_accounts([key], []))
    return found.roles, found.managed_groups


# Roles with a limit


@pytest.mark.parametrize("lost", LOST)
def test_a_limit_is_looked_at_though_there_was_no_answer(sandbox: Any, faults: Any, lost: dict[str, Any]) -> None:
    """W19. Assumed: the field; that it counts is read back whether or not the call was answered."""
    faults({"on": {"method": "PUT", "path": USERS}, "at": 1, **lost})
    perform(sandbox, LIMITED)
    assert roles_of(sandbox) == (("MANAGE_USERS",), ("5001",))


@pytest.mark.parametrize("lost", LOST)
def test_a_role_without_its_limit_is_taken_back_though_there_was_no_answer(
    sandbox: Any, faults: Any, lost: dict[str, Any]
) -> None:
    """W19. Documented: a manager without groups manages everybody."""
    sandbox.switch(managed_groups="ignored")
    faults({"on": {"method": "PUT", "path": USERS}, "at": 1, **lost})
    with pytest.raises(RefusedByTarget) as refusal:
        perform(sandbox, LIMITED)
    assert refusal.value.facts["code"] == "roles.not.limited"
    assert roles_of(sandbox) == ((), ())


@pytest.mark.parametrize("kept", ["honoured", "ignored"])
def test_a_role_that_was_not_given_is_left_alone(sandbox: Any, faults: Any, kept: str) -> None:
    """W19, C10. Inferred: after a failure it is open whether the call was carried out."""
    sandbox.switch(managed_groups=kept)
    faults({"on": {"method": "PUT", "path": USERS}, "at": 1, "fault": "cut_before"})
    with pytest.raises(UncertainCall):
        perform(sandbox, LIMITED)
    assert [call["method"] for call in sandbox.requests if call["status"] and call["method"] == "PUT"] == []
    assert roles_of(sandbox) == ((), ())


@pytest.mark.parametrize("kept", ["honoured", "ignored"])
@pytest.mark.parametrize("answer", [SPARE, {"fault": "cut_after"}], ids=["answered", "cut"])
def test_a_limit_that_cannot_be_looked_at_is_not_told_as_not_done(
    sandbox: Any, faults: Any, kept: str, answer: dict[str, Any]
) -> None:
    """W19. The role was given, so what is said must not be that nothing was."""
    sandbox.switch(managed_groups=kept)
    reads = {"method": "GET", "path": USERS}
    faults(
        {"on": {"method": "PUT", "path": USERS}, "at": 1, **answer},
        {"on": reads, "first": 1, **SPARE},
        {"on": reads, **STOP},
    )
    with pytest.raises(UncertainCall):
        perform(sandbox, LIMITED)
    sandbox.control("DELETE", "faults")
    assert roles_of(sandbox)[0] == ("MANAGE_USERS",)


@pytest.mark.parametrize(
    "fault", [{"fault": "cut_before"}, {"fault": "cut_after"}, STOP], ids=["before", "after", "429"]
)
def test_taking_back_without_an_answer_is_uncertain_and_done_by_the_next_try(
    sandbox: Any, faults: Any, fault: dict[str, Any]
) -> None:
    """W19."""
    sandbox.switch(managed_groups="ignored")
    on = {"method": "PUT", "path": USERS}
    faults({"on": on, "first": 1, **SPARE}, {"on": on, **fault})
    with pytest.raises(UncertainCall, match="may manage everybody"):
        perform(sandbox, LIMITED)
    sandbox.control("DELETE", "faults")
    with pytest.raises(RefusedByTarget):
        perform(sandbox, LIMITED)
    assert roles_of(sandbox) == ((), ())


def test_another_limit_that_was_not_kept_leaves_the_one_of_before(sandbox: Any) -> None:
    """W19, R14."""
    before = {"roles": ["ADD_USERS"], "managed_groups": ["5001"]}
    perform(sandbox, make_operation(OperationKind.SET_ROLES, "7003", **before, fallback=NOTHING))
    sandbox.switch(managed_groups="ignored")
    wanted = {"roles": ["MANAGE_USERS"], "managed_groups": ["5002"], "fallback": before}
    with pytest.raises(RefusedByTarget):
        perform(sandbox, make_operation(OperationKind.SET_ROLES, "7003", **wanted))
    sandbox.switch(managed_groups="honoured")  # what is ignored does not show either
    assert roles_of(sandbox) == (("ADD_USERS",), ("5001",))


# Other operations


def test_a_custom_role_that_is_stopped_after_the_others_were_given_is_uncertain(sandbox: Any, faults: Any) -> None:
    """W18. Observed: custom roles take a call of their own."""
    faults({"on": {"method": "PUT", "path": "/accounts/*/rolesets/*/users"}, **STOP})
    roles = ["ADD_USERS", "custom:Help desk"]
    with pytest.raises(UncertainCall):
        perform(sandbox, make_operation(OperationKind.SET_ROLES, "7003", roles=roles, managed_groups=None))
    assert roles_of(sandbox) == (("ADD_USERS",), ())


def test_a_custom_role_that_is_not_there_is_refused_before_anything_is_given(sandbox: Any) -> None:
    """R11."""
    roles = ["ADD_USERS", "custom:Nothing"]
    with pytest.raises(RefusedByTarget):
        perform(sandbox, make_operation(OperationKind.SET_ROLES, "7003", roles=roles, managed_groups=None))
    assert roles_of(sandbox) == ((), ())


@pytest.mark.parametrize("stop", [STOP, {"fault": "cut_before"}, {"fault": "error_500"}], ids=["429", "cut", "500"])
def test_an_update_that_is_stopped_after_the_address_was_changed_is_uncertain(
    sandbox: Any, faults: Any, stop: dict[str, Any]
) -> None:
    """W21. The address is changed in the directory, the rest by a further call."""
    on = {"method": "PUT", "path": USERS}
    faults({"on": on, "first": 2, **SPARE}, {"on": on, **stop})  # refused with 403, and again with a new token
    operation = make_operation(OperationKind.UPDATE_ACCOUNT, "7003", user_name="new@acme.example", family_name="Wardle")
    with pytest.raises(UncertainCall):
        perform(sandbox, operation, **FED)
    [found] = sandbox.run(lambda target: target.read_accounts(["7003"], []))
    assert (found.user_name, found.family_name) == ("new@acme.example", "Ward")


@pytest.mark.parametrize("placement", ["top_level", "per_user"])
def test_people_who_were_made_are_not_told_as_unmade_where_they_cannot_be_read(
    sandbox: Any, faults: Any, placement: str
) -> None:
    """W2. A create that says it in one place only is checked by reading one of those whom it made."""
    sandbox.switch(create_placement=placement)
    faults({"on": {"method": "GET", "path": USERS}, **STOP})
    with pytest.raises(UncertainCall):
        perform(sandbox, make_create("ada", "bea", licences=[MEETING]))
    assert sandbox.run(lambda target: target.read_accounts([], ["ada@acme.example"]))


@pytest.mark.parametrize("stop", [STOP, {"fault": "cut_before"}], ids=["429", "cut"])
def test_logins_that_were_made_are_not_told_as_unmade_where_the_next_one_stops(
    sandbox: Any, faults: Any, stop: dict[str, Any]
) -> None:
    """W7, D3. Documented: an old page asks for a licence or a role; logins are made one by one in the directory."""
    sandbox.switch(require_licence_or_role=True)
    on = {"method": "POST", "path": "/Users"}
    faults({"on": on, "first": 1, **SPARE}, {"on": on, **stop})
    with pytest.raises(UncertainCall):
        perform(sandbox, make_create("ada", "bea"), **FED)
    assert sandbox.run(lambda target: target.read_accounts([], ["ada@acme.example"]))


def test_the_first_login_that_stops_leaves_nobody_and_is_looked_up(sandbox: Any, faults: Any) -> None:
    """W7. The create that was refused before may have been passed on twice."""
    sandbox.switch(require_licence_or_role=True)
    faults({"on": {"method": "POST", "path": "/Users"}, **STOP})
    with pytest.raises(UncertainCall):
        perform(sandbox, make_create("ada", "bea"), **FED)
    sandbox.control("DELETE", "faults")
    assert not sandbox.run(lambda target: target.read_accounts([], ["ada@acme.example", "bea@acme.example"]))


@pytest.mark.parametrize("group", ["5001", "5999"], ids=["stopped", "refused"])
def test_logins_that_could_not_be_put_into_their_group_are_not_told_as_unmade(
    sandbox: Any, faults: Any, group: str
) -> None:
    """W7, W12."""
    sandbox.switch(require_licence_or_role=True)
    if group == "5001":
        faults({"on": {"method": "PUT", "path": "/accounts/*/groups/*/users/*"}, **STOP})
    with pytest.raises(UncertainCall):
        perform(sandbox, make_create("ada", "bea", group_key=group), **FED)
    made = sandbox.run(lambda target: target.read_accounts([], ["ada@acme.example", "bea@acme.example"]))
    assert [one.group_key for one in made] == [None, None]


# What a run that loses the target leaves, and what the next one makes of it


def apply(sandbox: Any, world: World, plan: Any) -> Any:
    async def wait(seconds: float) -> None:
        world.clock.forward(seconds)

    async def applied(target: Any) -> Any:
        return await apply_plan(plan, world.begin_run(target=target, sleep=wait))

    world.record(plan)
    return sandbox.run(applied)


@pytest.mark.parametrize(
    "lost",
    [{"method": "GET", "path": "/accounts/*/users"}, {"path": "/oauth/token"}],
    ids=["look", "token"],
)
def test_people_whom_a_blocked_call_made_are_ours_though_the_target_was_lost_then(
    sandbox: Any, faults: Any, tmp_path: Path, lost: dict[str, Any]
) -> None:
    """C9. A firewall that looks at answers lets the call through, and stands before the looks and the tokens too."""
    builder = PlanBuilder()
    create = builder.create("101")
    grant = builder.grant("101", MEETING, needs=[create])
    plan, world = builder.plan(), World(tmp_path, MemoryTarget())
    refusal = {"fault": "blocked_page", "done": True}
    look = {"method": "GET", "path": "/accounts/*/users"}
    faults(
        {"on": {"method": "POST", "path": "/accounts/*/users"}, "at": 1, **refusal},
        {"on": lost, "at": list(range(2, 40)), "fault": "blocked_page"},
        *([{"on": look, "at": list(range(2, 40)), "fault": "blocked_page"}] if lost != look else []),
    )

    first = apply(sandbox, world, plan)
    assert (first.exit_code, first.sent) == (7, 1)
    assert first.outcomes[create.change_id].reason == IN_DOUBT
    sandbox.control("DELETE", "faults")
    again = apply(sandbox, world, plan)
    links = list(world.links().values())
    world.journal.close()

    assert [again.outcomes[change.change_id].status for change in (create, grant)] == ["done", "done"]
    assert [link["licences"] for link in links] == [(MEETING,)]
