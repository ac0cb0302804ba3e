"""Calls that get no answer: what is said of them while nobody knows, and that the next run tries again."""

from pathlib import Path

import pytest

from tasks.model.operations import HALF_DONE, IN_DOUBT, NO_ANSWER, Outcome, OutcomeStatus, is_final
from tasks.model.plan import Change
from tasks.provision.reasons import TARGET_LOST
from tests.support.plans import PlanBuilder
from tests.support.target import MEETING, WEBINAR, BlindTarget, MemoryTarget, account
from tests.support.world import World


def suspended(world: World) -> tuple[PlanBuilder, list[Change]]:
    world.adopt("7001", "7002")
    world.target.calls.clear()
    builder = PlanBuilder()
    return builder, [builder.suspend("7001", [MEETING]), builder.suspend("7002", [MEETING])]


@pytest.mark.parametrize("fate", ["lost", "dropped"])
def test_call_that_cannot_be_looked_up_is_told_as_in_doubt(tmp_path: Path, fate: str) -> None:
    target = BlindTarget(account("7001", MEETING), account("7002", MEETING))
    world = World(tmp_path, target)
    builder, changes = suspended(world)
    getattr(target, fate).add(0)

    result = world.apply(builder.plan(generation=1), workers=1)

    assert result.exit_code == 7
    outcomes = [result.outcomes[change.change_id] for change in changes]
    assert {outcome.status for outcome in outcomes} == {OutcomeStatus.SKIPPED}
    assert sorted(outcome.reason for outcome in outcomes) == sorted([IN_DOUBT, TARGET_LOST])


@pytest.mark.parametrize("fate", ["lost", "dropped"])
def test_what_was_in_doubt_is_looked_up_by_the_next_run(tmp_path: Path, fate: str) -> None:
    target = BlindTarget(account("7001", MEETING), account("7002", MEETING))
    world = World(tmp_path, target)
    builder, changes = suspended(world)
    getattr(target, fate).add(0)
    plan = builder.plan(generation=1)
    world.apply(plan, workers=1)
    target.calls.clear()
    getattr(target, fate).clear()
    world.target.read_accounts = MemoryTarget.read_accounts.__get__(target)  # it can be read again

    result = world.apply(plan, workers=1)

    assert result.exit_code == 0
    assert {result.outcomes[change.change_id].status for change in changes} == {OutcomeStatus.DONE}
    assert len(target.calls) == (1 if fate == "lost" else 2)


def test_change_without_an_answer_is_tried_again_when_its_plan_is_applied_again(tmp_path: Path) -> None:
    target = MemoryTarget(account("7001"))
    world = World(tmp_path, target)
    world.adopt("7001")
    builder = PlanBuilder()
    grant, create = builder.grant("7001", WEBINAR, key="7001"), builder.create("101")
    extra = builder.grant("101", MEETING, needs=[create])
    plan = builder.plan(generation=1)
    target.dropped = set(range(6))

    first = world.apply(plan)

    assert (first.exit_code, len(target.calls)) == (4, 6)
    assert {first.outcomes[change.change_id].reason for change in (grant, create)} == {NO_ANSWER}
    again = world.apply(plan)
    assert again.exit_code == 0
    assert {again.outcomes[change.change_id].status for change in (grant, create, extra)} == {OutcomeStatus.DONE}
    assert [kind for kind, _ in target.mails] == ["welcome"]
    calls = len(target.calls)
    assert (world.apply(plan).exit_code, len(target.calls)) == (0, calls)


@pytest.mark.parametrize(
    "reason",
    [
        NO_ANSWER,
        HALF_DONE,
        "No answer in 3 tries; read again each time, it was not done.",
        "Done in part only, and no answer for the rest in 3 tries; the next run goes on from there.",
    ],
)
def test_change_without_an_answer_is_tried_again_whatever_release_recorded_it(reason: str) -> None:
    assert not is_final(Outcome("c1", OutcomeStatus.FAILED, reason))
