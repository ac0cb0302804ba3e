"""Calls that take a target several steps and are cut short: nobody is left with more than the plan said, and what is
left is known as ours."""

import asyncio

import pytest

from tasks.model.errors import UncertainCall
from tasks.model.operations import HALF_DONE, NO_ANSWER, OutcomeStatus
from tasks.provision import settle
from tests.support.plans import PIPELINE, PlanBuilder
from tests.support.target import CarelessTarget, Killed, MemoryTarget, account, down
from tests.support.world import World, ended

MANAGER = "MANAGE_USERS"


@pytest.fixture
def world(tmp_path):
    made = World(tmp_path, CarelessTarget(account("7001"), account("7002")))
    made.adopt("7001", "7002")
    made.target.calls.clear()
    yield made
    made.journal.close()


def limited_plan(world):
    builder = PlanBuilder()
    change = builder.limited("7001", [MANAGER], {"Sales": "5001"}, key="7001")
    return builder.plan(generation=world.journal.generation(PIPELINE)), change


def roles_of(world, key="7001"):
    return world.target.accounts[key].roles


def ours_in(world):
    """Return the roles that the journal knows as given by us."""
    return list(world.links()["7001"]["roles"])


def test_a_role_without_its_limit_is_taken_back_by_the_next_try(world):
    world.target.cut = {0}
    plan, change = limited_plan(world)

    result = world.apply(plan)

    assert (ended(result, change), result.outcomes[change.change_id].code) == ("failed", "roles.not.limited")
    assert (roles_of(world), len(world.target.calls)) == ((), 2)


def test_a_role_without_its_limit_is_taken_back_by_the_run_after_a_kill(world):
    world.target.killed = {0}
    plan, change = limited_plan(world)
    with pytest.raises(Killed):
        world.apply(plan)
    assert roles_of(world) == (MANAGER,)

    result = world.apply(plan)

    assert ended(result, change) == "failed"
    assert roles_of(world) == ()


def test_a_role_without_its_limit_is_ours_where_the_plan_is_given_up(world):
    world.target.killed = {0}
    plan, _ = limited_plan(world)
    with pytest.raises(Killed):
        world.apply(plan)

    asyncio.run(settle(plan, world.begin_run()))

    assert (roles_of(world), ours_in(world)) == ((MANAGER,), [MANAGER])


def test_a_role_whose_limit_is_not_answered_for_is_ours_and_tried_again(world):
    world.target.cut = {0, 1, 2}
    plan, change = limited_plan(world)

    result = world.apply(plan)

    assert (result.exit_code, result.outcomes[change.change_id].reason) == (4, HALF_DONE)
    assert ours_in(world) == [MANAGER]
    assert ended(world.apply(plan), change) == "failed"
    assert roles_of(world) == ()


def test_a_role_that_may_still_come_without_its_limit_is_ours(world):
    world.target.dropped = {0, 1, 2}
    plan, change = limited_plan(world)

    result = world.apply(plan)

    assert result.outcomes[change.change_id].reason == NO_ANSWER
    assert ours_in(world) == [MANAGER]


def test_a_role_that_was_taken_back_is_not_ours(world):
    world.target.dropped = {0, 1, 2}
    world.apply(limited_plan(world)[0])

    builder = PlanBuilder()
    change = builder.limited("7001", [MANAGER], {"Sales": "5001"}, key="7001")
    result = world.apply(builder.plan(generation=world.journal.generation(PIPELINE), rules_hash="other"))

    assert ended(result, change) == "failed"
    assert (roles_of(world), ours_in(world)) == ((), [])


def test_a_role_that_cannot_be_looked_at_after_a_refusal_is_ours(world):
    plan, change = limited_plan(world)

    def lose(operation):
        async def nothing(_keys, _names):
            raise down()

        world.target.read_accounts = nothing

    world.target.fault = lose
    result = world.apply(plan)

    assert ended(result, change) == "failed"
    assert ours_in(world) == [MANAGER]


def test_a_role_without_its_limit_is_ours_where_its_group_is_gone(world):
    world.target.killed = {0}
    plan, change = limited_plan(world)
    with pytest.raises(Killed):
        world.apply(plan)
    world.target.group_names.clear()

    result = world.apply(plan)

    assert ended(result, change) == "stale"
    assert ours_in(world) == [MANAGER]


def test_what_somebody_else_did_meanwhile_is_not_overwritten(world):
    world.target.cut = {0}
    plan, change = limited_plan(world)

    async def meddle(keys, names):
        if world.target.calls:
            world.move("7001", roles=(MANAGER, "ADD_USERS"))
        return await MemoryTarget.read_accounts(world.target, keys, names)

    world.target.read_accounts = meddle
    result = world.apply(plan)

    assert ended(result, change) == "stale"
    assert (len(world.target.calls), ours_in(world)) == (1, [MANAGER])


def test_an_update_that_was_done_in_part_is_done_to_the_end(world):
    builder = PlanBuilder()
    change = builder.update("7001", {"user_name": "p7001@acme.example", "family_name": "Old"},
                            {"user_name": "new@acme.example", "family_name": "New"})  # fmt: skip

    def cut(operation):
        if len(world.target.calls) == 1:
            world.move("7001", user_name="new@acme.example")
            raise UncertainCall("No answer came.")

    world.target.fault = cut
    result = world.apply(builder.plan(generation=world.journal.generation(PIPELINE)))

    assert ended(result, change) == "done"
    assert world.target.accounts["7001"].family_name == "New"
    assert world.links()["7001"]["user_name"] == "new@acme.example"


def test_a_suspend_whose_roles_went_in_part_is_done_to_the_end(world):
    world.move("7002", roles=("ADD_USERS", "custom:Help desk"))
    builder = PlanBuilder()
    change = builder.suspend("7002", [], ["ADD_USERS", "custom:Help desk"])

    def cut(operation):
        if len(world.target.calls) == 1:
            world.move("7002", roles=("custom:Help desk",))
            raise UncertainCall("No answer came.")

    world.target.fault = cut
    result = world.apply(builder.plan(generation=world.journal.generation(PIPELINE)))

    assert (ended(result, change), roles_of(world, "7002")) == (OutcomeStatus.DONE, ())
