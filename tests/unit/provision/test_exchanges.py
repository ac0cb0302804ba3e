"""One licence for another: nothing is taken for what has no seat, and what was taken in vain is given back."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tasks.journal import CallResult
from tasks.model.operations import HALF_DONE, PERHAPS_UNDONE, Operation, OperationKind
from tasks.model.plan import Action, Change
from tasks.provision import conclude_rest, settle
from tasks.provision.reasons import (
    GIVEN_BACK,
    GIVEN_BACK_INSTEAD,
    GIVEN_BACK_SINCE,
    GIVING_BACK,
    KEPT,
    NOT_GIVEN_BACK,
)
from tests.support.plans import PlanBuilder
from tests.support.target import MEETING, TRAINING, WEBINAR, Killed, account, down, refused
from tests.support.world import World, ended

PEOPLE = ("7001", "7002")


def exchange(builder: PlanBuilder, person: str, old: str = MEETING, *new: str) -> list[Change]:
    taken = builder.revoke(person, old)
    return [taken, *(builder.grant(person, licence, key=person, needs=[taken]) for licence in new or (WEBINAR,))]


def refuse(*licences: str, code: str = "license.seats.exceeded") -> Callable[[Operation], None]:
    def fault(operation: Operation) -> None:
        if operation.kind == OperationKind.ASSIGN_LICENCE and operation.payload["licence_key"] in licences:
            raise refused(code, 409)

    return fault


@pytest.fixture
def world(make_world: Any) -> World:
    """Two people who hold a meeting licence that we gave them."""
    made: World = make_world(account("7001", MEETING), account("7002", MEETING))
    return made


@pytest.fixture
def builder() -> PlanBuilder:
    return PlanBuilder()


def held(world: World, person: str = "7001") -> set[str]:
    return set(world.target.accounts[person].licences)


def noted(world: World, person: str = "7001") -> set[str]:
    return set(world.links()[person]["licences"])


def test_an_exchange_takes_one_licence_and_gives_the_other(world: World, builder: PlanBuilder) -> None:
    exchange(builder, "7001")
    world.target.seats = {WEBINAR: 1}

    assert world.apply(builder.plan(generation=1)).exit_code == 0

    assert (held(world), noted(world)) == ({WEBINAR}, {WEBINAR})


def test_without_a_seat_of_the_new_licence_the_old_one_stays_and_nothing_is_sent(
    world: World, builder: PlanBuilder
) -> None:
    changes = exchange(builder, "7001")
    world.target.seats = {WEBINAR: 0}

    result = world.apply(builder.plan(generation=1))

    assert (result.exit_code, world.target.calls, world.target.seat_reads) == (4, [], 1)
    assert {(ended(result, one), result.outcomes[one.change_id].reason) for one in changes} == {("no_seat", KEPT)}
    assert (held(world), noted(world)) == ({MEETING}, {MEETING})


def test_the_seats_that_are_left_go_to_as_many_as_there_are_by_one_look(world: World, builder: PlanBuilder) -> None:
    for person in PEOPLE:
        exchange(builder, person)
    world.target.seats = {WEBINAR: 1}

    world.apply(builder.plan(generation=1))

    assert sorted(sorted(held(world, person)) for person in PEOPLE) == [[MEETING], [WEBINAR]]
    assert [call.kind for call in world.target.calls] == ["unassign_licence", "assign_licence"]
    assert world.target.seat_reads == 1


@pytest.mark.parametrize("other", ["exchange", "suspend", "revoke"])
def test_a_seat_that_the_plan_itself_frees_is_a_seat(make_world: Any, builder: PlanBuilder, other: str) -> None:
    world = make_world(account("7001", MEETING), account("7002", WEBINAR))
    exchange(builder, "7001")
    match other:
        case "exchange":
            exchange(builder, "7002", WEBINAR, MEETING)
        case "suspend":
            builder.suspend("7002", [WEBINAR])
        case _:
            builder.revoke("7002", WEBINAR)
    world.target.seats = {MEETING: 1, WEBINAR: 1}

    assert world.apply(builder.plan(generation=1)).exit_code == 0
    assert held(world) == {WEBINAR}


def test_a_seat_that_the_plan_gives_to_somebody_else_is_none(world: World, builder: PlanBuilder) -> None:
    exchange(builder, "7001")
    builder.grant("7002", WEBINAR, key="7002")
    world.target.seats = {WEBINAR: 1}

    world.apply(builder.plan(generation=1))

    assert (held(world), held(world, "7002")) == ({MEETING}, {MEETING, WEBINAR})


@pytest.mark.parametrize(("code", "status"), [("license.seats.exceeded", "no_seat"), ("license.gone", "failed")])
def test_what_was_taken_is_given_back_where_the_new_licence_is_refused(
    world: World, builder: PlanBuilder, code: str, status: str
) -> None:
    taken, grant = exchange(builder, "7001")
    world.target.fault = refuse(WEBINAR, code=code)

    result = world.apply(builder.plan(generation=1))

    assert (result.exit_code, held(world), noted(world)) == (4, {MEETING}, {MEETING})
    assert (ended(result, taken), ended(result, grant)) == (status, status)
    assert result.outcomes[taken.change_id].reason == GIVEN_BACK
    assert result.outcomes[grant.change_id].reason.endswith(GIVEN_BACK_INSTEAD)
    assert [call.kind for call in world.target.calls] == ["unassign_licence", "assign_licence", "assign_licence"]


def test_a_plan_whose_exchange_was_undone_sends_nothing_when_applied_again(world: World, builder: PlanBuilder) -> None:
    exchange(builder, "7001")
    plan = builder.plan(generation=1)
    world.target.fault = refuse(WEBINAR)
    world.apply(plan)
    world.target.calls.clear()

    world.apply(plan)

    assert (world.target.calls, held(world)) == ([], {MEETING})


def test_of_two_licences_that_come_for_one_either_is_enough(world: World, builder: PlanBuilder) -> None:
    taken, *grants = exchange(builder, "7001", MEETING, WEBINAR, TRAINING)
    world.target.fault = refuse(WEBINAR)

    result = world.apply(builder.plan(generation=1))

    assert (ended(result, taken), sorted(ended(result, one) for one in grants)) == ("done", ["done", "no_seat"])
    assert held(world) == {TRAINING}
    assert noted(world) == {TRAINING, MEETING}  # not all came: the next plan may have to give it back


def test_what_cannot_be_given_back_is_told_and_noted_for_the_next_plan(world: World, builder: PlanBuilder) -> None:
    taken, grant = exchange(builder, "7001")
    world.target.fault = refuse(WEBINAR, MEETING)
    plan = builder.plan(generation=1)

    result = world.apply(plan)

    assert (ended(result, taken), ended(result, grant)) == ("done", "no_seat")
    assert result.outcomes[grant.change_id].reason.endswith(NOT_GIVEN_BACK)
    assert (held(world), noted(world)) == (set(), {MEETING})
    world.target.calls.clear()
    world.apply(plan)
    assert world.target.calls == []


def test_an_old_reading_does_not_show_that_a_refused_call_gave_back_what_was_taken(
    world: World, builder: PlanBuilder, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, grant = exchange(builder, "7001")
    world.target.fault = refuse(WEBINAR, MEETING)
    before = asyncio.run(world.target.read_accounts(["7001"], []))
    read = world.target.read_accounts

    async def old_once_it_was_taken(keys: Any, addresses: Any) -> Any:
        return before if world.target.calls else await read(keys, addresses)

    monkeypatch.setattr(world.target, "read_accounts", old_once_it_was_taken)
    result = world.apply(builder.plan(generation=1))

    assert result.outcomes[grant.change_id].reason.endswith(NOT_GIVEN_BACK)
    assert (held(world), noted(world)) == (set(), {MEETING})


@pytest.mark.parametrize("fate", ["lost", "dropped", "late"])
def test_a_licence_is_given_back_once_though_the_answer_is_lost(world: World, builder: PlanBuilder, fate: str) -> None:
    exchange(builder, "7001")
    world.target.fault = refuse(WEBINAR)
    getattr(world.target, fate).add(2)

    world.apply(builder.plan(generation=1))

    back = [call for call in world.target.calls if call.payload["licence_key"] == MEETING][1:]
    assert (held(world), len(back)) == ({MEETING}, 2 if fate == "dropped" else 1)
    assert not any(call.is_open for call in world.journal.calls(builder.plan(generation=1).hash))


def test_what_somebody_else_took_meanwhile_is_not_given_back(world: World, builder: PlanBuilder) -> None:
    taken, grant = exchange(builder, "7001")
    world.move("7001", licences=frozenset())
    world.target.fault = refuse(WEBINAR)

    result = world.apply(builder.plan(generation=1))

    assert (ended(result, taken), ended(result, grant), held(world)) == ("already", "no_seat", set())
    assert noted(world) == set()


def test_a_second_licence_stays_where_the_first_could_not_be_taken(make_world: Any, builder: PlanBuilder) -> None:
    world = make_world(account("7001", MEETING, WEBINAR))
    first, second = builder.revoke("7001", MEETING), builder.revoke("7001", WEBINAR)
    builder.grant("7001", TRAINING, key="7001", needs=[first, second])
    order = sorted([first, second], key=lambda change: change.change_id)

    def fault(operation: Operation) -> None:
        if operation.payload["licence_key"] == order[0].before["licence"]:
            raise refused("not.now", 409)

    world.target.fault = fault

    result = world.apply(builder.plan(generation=1))

    assert [ended(result, one) for one in order] == ["failed", "skipped"]
    assert held(world) == {MEETING, WEBINAR}


def test_a_plan_that_is_given_up_between_the_two_calls_notes_what_it_took(world: World, builder: PlanBuilder) -> None:
    exchange(builder, "7001")
    plan = builder.plan(generation=1)
    world.apply(plan, should_stop=lambda: bool(world.target.calls))
    assert held(world) == set()

    asyncio.run(settle(plan, world.begin_run()))

    assert (held(world), noted(world)) == (set(), {MEETING})
    assert [call.result for call in world.journal.calls(plan.hash)] == [CallResult.DONE]


def test_what_a_later_plan_gives_ends_the_note_of_what_was_taken(world: World, builder: PlanBuilder) -> None:
    before = {"licence": None, "given_up": [MEETING]}
    builder.add(Action.GRANT, "7001", before, {"licence": WEBINAR, "product": "G2W"}, key="7001")
    world.move("7001", licences=frozenset())

    world.apply(builder.plan(generation=1))

    assert noted(world) == {WEBINAR}


@pytest.mark.parametrize("summary", [{}, {"mails": {}}], ids=["unreported", "reported"])
def test_where_it_is_not_known_if_the_old_one_was_given_back_what_was_taken_is_in_doubt_and_not_the_refused_one(
    world: World, builder: PlanBuilder, summary: dict[str, Any]
) -> None:
    revoke, grant = exchange(builder, "7001")
    world.target.fault = refuse(WEBINAR)
    world.target.lost.add(2)  # the answer to the giving back
    read = world.target.read_accounts

    async def gone(*asked: Any) -> Any:
        if len(world.target.calls) > 2:
            raise down()
        return await read(*asked)

    world.target.read_accounts = gone  # type: ignore[method-assign]
    plan = builder.plan(generation=1)
    result = world.apply(plan)

    assert (result.exit_code, result.outcomes[grant.change_id].reason) == (7, GIVING_BACK)
    told = world.journal.outcomes_and_doubts(plan)
    assert [told[one.change_id].reason for one in (revoke, grant)] == [PERHAPS_UNDONE, GIVING_BACK]
    [first] = world.journal.begun_by(plan.hash)
    world.journal.finish_run(first, 7, "Target down", summary, world.clock())

    world.target.read_accounts = read  # type: ignore[method-assign]
    again = world.apply(plan)

    assert ended(again, grant) == "no_seat"
    assert again.outcomes[revoke.change_id].reason == (GIVEN_BACK_SINCE if summary else GIVEN_BACK)
    assert world.journal.outcomes_and_doubts(plan) == again.outcomes
    assert held(world) == {MEETING}


def test_of_a_plan_that_is_given_up_unseen_the_refused_half_of_an_exchange_is_told_as_refused(
    world: World, builder: PlanBuilder
) -> None:
    revoke, grant = exchange(builder, "7001")
    world.target.fault = refuse(WEBINAR)
    plan = builder.plan(generation=1)
    perform = world.target.perform

    async def killed_at_the_giving_back(operation: Operation) -> Any:
        if len(world.target.calls) == 2:
            raise Killed
        return await perform(operation)

    world.target.perform = killed_at_the_giving_back  # type: ignore[method-assign]
    with pytest.raises(Killed):
        world.apply(plan)
    runtime = world.begin_run()
    conclude_rest(plan, world.journal, runtime.run_id, world.clock())

    told = world.journal.outcomes_and_doubts(plan)
    assert [told[one.change_id].reason for one in (revoke, grant)] == [PERHAPS_UNDONE, GIVING_BACK]


@pytest.mark.parametrize("end", ["refused", "no answer"])
def test_a_suspend_that_stops_after_one_of_its_licences_says_so(world: World, builder: PlanBuilder, end: str) -> None:
    both = replace(world.target.accounts["7001"], licences=frozenset({MEETING, WEBINAR}))
    world.target.accounts["7001"] = both
    change = builder.suspend("7001", [MEETING, WEBINAR])

    def fault(_: Operation) -> None:
        if len(world.target.calls) > 1 and end == "refused":
            raise refused("user.locked", 409)

    world.target.fault = fault
    world.target.dropped = {1, 2, 3} if end == "no answer" else set()
    result = world.apply(builder.plan(generation=1))

    said = {"refused": "The target refused it. 1 of its 2 calls was made.", "no answer": HALF_DONE}[end]
    assert (ended(result, change), result.outcomes[change.change_id].reason) == ("failed", said)
    assert len(held(world)) == 1


def test_what_was_taken_is_given_back_where_the_rest_could_not_be_taken(make_world: Any, builder: PlanBuilder) -> None:
    world = make_world(account("7001", MEETING, WEBINAR))
    taken, stuck = builder.revoke("7001", MEETING), builder.revoke("7001", WEBINAR)
    grant = builder.grant("7001", TRAINING, key="7001", needs=[taken, stuck])

    def fault(operation: Operation) -> None:
        if operation.kind == OperationKind.UNASSIGN_LICENCE and operation.payload["licence_key"] == WEBINAR:
            raise refused("user.locked", 409)

    world.target.fault = fault
    plan = builder.plan(generation=1)
    result = world.apply(plan)

    assert held(world) == {MEETING, WEBINAR}
    assert [ended(result, one) for one in (taken, stuck, grant)] == ["failed"] * 3
    world.target.calls.clear()
    world.apply(plan)
    assert world.target.calls == []
