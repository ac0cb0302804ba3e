"""The last super admin stays: what takes that role is looked at against the tenant as it is, one change at a time."""

import asyncio
from typing import Any

import pytest

from tasks.model.errors import RosterflowError, RunLocked
from tasks.model.operations import OperationKind
from tasks.provision import apply_plan, settle
from tests.support.plans import PIPELINE, PlanBuilder
from tests.support.target import MEETING, WEBINAR, Killed, account, down, refused
from tests.support.world import World, ended

CHIEF = ("SUPER_USER",)
NOBODY_ELSE = "It would leave nobody as super admin now. Make somebody else super admin first."

TAKING = {
    "suspend": lambda build, key: build.suspend(key, [], CHIEF),
    "delete": lambda build, key: build.delete(key, CHIEF),
    "demote": lambda build, key: build.roles(key, [*CHIEF], ["MANAGE_USERS"], key=key),
    "dismiss": lambda build, key: build.roles(key, [*CHIEF], [], key=key),
}
"""The changes that take the role from somebody who holds nothing else."""


@pytest.fixture
def chiefs(make_world: Any) -> Any:
    """A world with so many super admins: 7001, 7002, ..."""
    return lambda number, *held: make_world(*(account(str(7001 + n), *held, roles=CHIEF) for n in range(number)))


def plan_of(world: World, builder: PlanBuilder) -> Any:
    return builder.plan(generation=world.journal.generation(PIPELINE))


def in_charge(world: World) -> list[str]:
    return sorted(asyncio.run(world.target.read_admins()))


@pytest.mark.parametrize("take", TAKING.values(), ids=TAKING)
def test_the_last_super_admin_stays_though_there_was_another_when_the_plan_was_made(chiefs, take):
    world, builder = chiefs(2), PlanBuilder()
    change = take(builder, "7001")
    world.move("7002", roles=("MANAGE_USERS",))

    result = world.apply(plan_of(world, builder))

    assert (ended(result, change), result.outcomes[change.change_id].reason) == ("stale", NOBODY_ELSE)
    assert (world.target.calls, in_charge(world), result.exit_code) == ([], ["7001"], 4)


@pytest.mark.parametrize("take", TAKING.values(), ids=TAKING)
def test_a_super_admin_goes_while_another_one_is_there(chiefs, take):
    world, builder = chiefs(2), PlanBuilder()
    change = take(builder, "7001")

    result = world.apply(plan_of(world, builder))

    assert (ended(result, change), world.target.admin_reads) == ("done", 1)
    assert in_charge(world) == ["7002"]


def test_somebody_who_has_not_accepted_yet_is_not_in_charge(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    world.target.invited = {"7002"}

    assert ended(world.apply(plan_of(world, builder)), change) == "stale"


def test_who_could_not_use_the_role_may_lose_it(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    world.target.invited = {"7001"}

    assert ended(world.apply(plan_of(world, builder)), change) == "done"


@pytest.mark.prove
@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("take", TAKING.values(), ids=TAKING)
def test_of_all_super_admins_who_would_go_side_by_side_one_stays(chiefs, take, workers):
    world, builder = chiefs(4), PlanBuilder()
    changes = [take(builder, str(7001 + n)) for n in range(4)]

    result = world.apply(plan_of(world, builder), workers=workers)

    assert sorted(ended(result, one) for one in changes) == ["done", "done", "done", "stale"]
    assert len(in_charge(world)) == 1


def test_the_last_one_loses_no_licence_either(chiefs):
    world, builder = chiefs(2, MEETING, WEBINAR), PlanBuilder()
    change = builder.suspend("7001", [MEETING, WEBINAR], CHIEF)
    world.move("7002", roles=())

    result = world.apply(plan_of(world, builder))

    assert (ended(result, change), world.target.calls) == ("stale", [])


def test_it_is_looked_again_right_before_the_role_is_taken(chiefs):
    world, builder = chiefs(2, MEETING, WEBINAR), PlanBuilder()
    change = builder.suspend("7001", [MEETING, WEBINAR], CHIEF)

    def dismiss_the_other(operation: Any) -> None:
        world.move("7002", roles=())

    world.target.fault = dismiss_the_other
    result = world.apply(plan_of(world, builder))

    told = f"{NOBODY_ELSE} 2 of its 3 calls were made."
    assert (ended(result, change), result.outcomes[change.change_id].reason) == ("stale", told)
    assert (in_charge(world), world.links()["7001"]["licences"]) == (["7001"], ())


def test_a_list_from_before_another_change_of_the_plan_lets_the_last_one_not_go(chiefs):
    world, builder = chiefs(3), PlanBuilder()
    for key in ("7001", "7002"):
        TAKING["suspend"](builder, key)
    world.move("7003", roles=())
    before = frozenset(in_charge(world))

    async def old(*_):
        return before

    world.target.read_admins = old
    result = world.apply(plan_of(world, builder), workers=1)

    del world.target.read_admins
    assert (len(in_charge(world)), result.exit_code) == (1, 4)


def test_nobody_is_asked_where_no_admin_goes(make_world):
    world = make_world(account("7001", MEETING, roles=CHIEF), account("7002", MEETING, roles=("MANAGE_USERS",)))
    builder = PlanBuilder()
    builder.revoke("7001", MEETING)
    builder.roles("7001", [*CHIEF], [*CHIEF, "ADD_USERS"], key="7001")
    builder.suspend("7002", [MEETING], ["MANAGE_USERS"])

    result = world.apply(plan_of(world, builder))

    assert (result.exit_code, world.target.admin_reads) == (0, 0)


def test_who_is_as_wanted_already_is_not_looked_at(chiefs):
    world, builder = chiefs(1), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    world.move("7001", roles=())

    assert (ended(world.apply(plan_of(world, builder)), change), world.target.admin_reads) == ("already", 0)


@pytest.mark.parametrize("fate", ["lost", "dropped", "late", "very_late"])
def test_a_call_without_an_answer_may_still_take_the_role(chiefs, fate):
    world, builder = chiefs(2), PlanBuilder()
    changes = [builder.suspend(key, [], CHIEF) for key in ("7001", "7002")]
    setattr(world.target, fate, {0, 1, 2})

    result = world.apply(plan_of(world, builder), workers=2)
    world.target.land({0, 1, 2})

    assert len(in_charge(world)) >= 1
    assert "stale" in [ended(result, one) for one in changes]


def test_a_call_that_lands_after_it_was_given_up_does_not_take_the_last_admin_away(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    changes = [builder.suspend(key, [], CHIEF) for key in ("7001", "7002")]
    world.target.dropped, world.target.very_late = {0, 1}, {2}

    result = world.apply(plan_of(world, builder), workers=1)
    world.target.land({2})

    assert [ended(result, one) for one in changes] == ["failed", "stale"]
    assert in_charge(world) == ["7002"]


def test_who_was_refused_stays_in_charge_so_that_the_other_one_may_go(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    changes = [builder.suspend(key, [], CHIEF) for key in ("7001", "7002")]

    def refuse(operation: Any) -> None:
        if operation.account_key == "7001":
            raise refused("role.insufficient", 403)

    world.target.fault = refuse
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in changes] == ["failed", "done"]


def test_a_run_that_was_killed_while_it_took_the_role_is_finished_and_one_stays(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    changes = [builder.suspend(key, [], CHIEF) for key in ("7001", "7002")]
    plan = plan_of(world, builder)
    world.record(plan)
    world.target.fatal = {0}
    with pytest.raises(Killed):
        asyncio.run(apply_plan(plan, world.begin_run(workers=1)))

    result = world.apply(plan)

    assert [ended(result, one) for one in changes] == ["done", "stale"]
    assert in_charge(world) == ["7002"]


def test_the_target_is_told_who_was_seen_with_the_role_so_that_a_list_without_them_is_not_believed(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    plan = plan_of(world, builder)

    async def not_shown(holder: str | None = None) -> Any:
        assert holder == "7001"
        raise down()

    world.target.read_admins = not_shown
    result = world.apply(plan)

    assert (ended(result, change), result.exit_code, world.target.calls) == ("skipped", 7, [])


def test_a_target_that_cannot_tell_who_is_in_charge_stops_the_run_and_nothing_is_taken(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    plan = plan_of(world, builder)
    read = world.target.read_admins

    async def unreachable(holder: str | None) -> Any:
        raise down()

    world.target.read_admins = unreachable
    stopped = world.apply(plan)
    world.target.read_admins = read

    assert (ended(stopped, change), stopped.exit_code, world.target.calls) == ("skipped", 7, [])
    assert ended(world.apply(plan), change) == "done"


def test_a_change_waits_while_another_run_of_this_home_takes_the_role(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    plan = plan_of(world, builder)
    world.record(plan)
    seen: list[int] = []

    async def both() -> Any:
        with world.journal.lock_admins():
            mine = asyncio.create_task(apply_plan(plan, world.begin_run()))
            await asyncio.sleep(0.2)
            seen.append(world.target.admin_reads)
            world.move("7002", roles=())  # what the other run does
        return await mine

    result = asyncio.run(both())

    assert (seen, ended(result, change), in_charge(world)) == ([0], "stale", ["7001"])


def test_who_waits_for_another_run_hears_a_signal(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    plan, asked = plan_of(world, builder), iter([False, False, False])

    with world.journal.lock_admins():
        result = world.apply(plan, should_stop=lambda: next(asked, True))

    assert (ended(result, change), world.target.calls) == ("skipped", [])


def test_the_lock_is_nobodys_who_holds_it_already(chiefs):
    world = chiefs(1)
    with world.journal.lock_admins(), pytest.raises(RunLocked, match="Another change to a super admin"):
        world.journal.lock_admins().__enter__()
    with world.journal.lock_admins():
        pass


def test_giving_a_plan_up_asks_nobody_and_waits_for_nobody(chiefs):
    world, builder = chiefs(2), PlanBuilder()
    change = builder.suspend("7001", [], CHIEF)
    plan = plan_of(world, builder)
    world.record(plan)
    world.target.dropped = {0}
    world.target.fatal = {1}
    with pytest.raises(Killed):
        asyncio.run(apply_plan(plan, world.begin_run()))
    world.target.accounts["7001"] = account("7001", roles=CHIEF)
    asked = world.target.admin_reads

    with world.journal.lock_admins():
        result = asyncio.run(settle(plan, world.begin_run()))

    assert (ended(result, change), world.target.admin_reads) == ("skipped", asked)
    assert [call.kind for call in world.target.calls] == [OperationKind.SET_ROLES] * 2


def test_a_lock_that_cannot_be_taken_stops_the_run_and_is_no_misuse_and_no_loss_of_the_journal(tmp_path):
    from tasks.journal.locks import ADMINS_LOCK, admins_lock

    (tmp_path / ADMINS_LOCK).mkdir()
    with pytest.raises(RosterflowError, match="cannot be taken") as caught, admins_lock(tmp_path):
        pass
    assert type(caught.value) is RosterflowError
    assert "can be written by who runs this" in caught.value.remedy
