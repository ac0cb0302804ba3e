"""What becomes of a plan: what is sent, what is skipped and why, what the journal and the links say afterwards."""

import asyncio
from dataclasses import replace

import pytest

from tasks.journal import CallResult, LinkChange, Settled
from tasks.model.errors import BadUsage, CredentialsRefused, StalePlan, TargetDown
from tasks.model.operations import IN_DOUBT, OperationKind, Outcome, OutcomeStatus
from tasks.model.plan import Leaving
from tasks.provision import apply_plan, begin, close, is_complete, send_batch, settle
from tasks.provision.reasons import STOPPED
from tests.support.plans import PIPELINE, PlanBuilder
from tests.support.target import MEETING, TRAINING, WEBINAR, Killed, account, down, refused
from tests.support.world import World, ended


def plan_of(world: World, builder: PlanBuilder, **header):
    return builder.plan(generation=world.journal.generation(PIPELINE), **header)


def kinds(world: World) -> list[str]:
    return [str(call.kind) for call in world.target.calls]


# -- creating ---------------------------------------------------------------------------------------------------


def test_people_who_get_the_same_are_created_in_one_call_with_what_they_get(make_world):
    world, builder = make_world(groups={"5001": "Sales"}), PlanBuilder()
    for person in ("1", "2", "3"):
        create = builder.create(person)
        builder.grant(person, MEETING, needs=[create])
        builder.join(person, "Sales", "5001", needs=[create])
        builder.roles(person, [], ["MANAGE_USERS"])

    result = world.apply(builder.plan())

    assert kinds(world) == ["create_accounts"]
    assert {outcome.status for outcome in result.outcomes.values()} == {"done"}
    assert world.target.holdings()["p2@acme.example"] == ("Pat", "New", [MEETING], ["MANAGE_USERS"], "Sales")
    assert world.target.mails == [("welcome", f"p{n}@acme.example") for n in "123"]
    link = world.links()["2"]
    assert (link["state"], link["licences"], link["roles"], link["group_key"], link["user_name"]) == (
        "active", (MEETING,), ("MANAGE_USERS",), "5001", "p2@acme.example",
    )  # fmt: skip
    assert (link["worker_digest"], link["rules_digest"]) == ("digest of 2", "rules")


def test_creates_are_cut_to_what_one_call_may_carry(make_world):
    world, builder = make_world(create_batch=2), PlanBuilder()
    for person in ("1", "2", "3", "4", "5"):
        builder.create(person)

    world.apply(builder.plan())

    assert sorted(len(call.people) for call in world.target.calls) == [1, 2, 2]


def test_people_join_a_group_that_the_plan_creates(make_world):
    world, builder = make_world(), PlanBuilder()
    group, create = builder.group("Sales"), builder.create("1")
    builder.join("1", "Sales", None, needs=[create, group])

    result = world.apply(builder.plan())

    assert kinds(world) == ["create_group", "create_accounts"]
    assert world.target.holdings()["p1@acme.example"][-1] == "Sales"
    assert world.links()["1"]["group_key"] == "5001"
    assert result.exit_code == 0


def test_people_are_created_without_a_group_that_could_not_be_made(make_world):
    world, builder = make_world(), PlanBuilder()
    group, create = builder.group("Sales"), builder.create("1")
    join = builder.join("1", "Sales", None, needs=[create, group])

    def refuse(operation):
        if operation.kind == OperationKind.CREATE_GROUP:
            raise refused("group.name.conflict", 409)

    world.target.fault = refuse
    result = world.apply(builder.plan())

    assert [ended(result, one) for one in (group, create, join)] == ["failed", "done", "skipped"]
    assert result.exit_code == 4


def test_an_address_that_appeared_since_the_plan_is_left_alone(make_world):
    world, builder = make_world(), PlanBuilder()
    taken, free = builder.create("1"), builder.create("2")
    grant = builder.grant("1", MEETING, needs=[taken])
    world.target.accounts["7001"] = account("7001")
    world.move("7001", user_name="p1@acme.example")

    result = world.apply(builder.plan())

    assert [ended(result, one) for one in (taken, grant, free)] == ["stale", "skipped", "done"]
    assert world.target.accounts["7001"].licences == frozenset()
    assert "1" not in world.links()


def test_when_seats_run_out_people_are_created_and_told_apart_by_their_grants(make_world):
    world, builder = make_world(), PlanBuilder()
    world.target.seats = {MEETING: 2}
    creates = [builder.create(person) for person in ("1", "2", "3")]
    grants = [builder.grant(change.external_id, MEETING, needs=[change]) for change in creates]

    result = world.apply(builder.plan())

    assert [ended(result, one) for one in creates] == ["done"] * 3
    assert sorted(ended(result, one) for one in grants) == ["done", "done", "no_seat"]
    assert len(world.target.mails) == 3
    assert not any(call.notify for call in world.target.calls if call.kind == OperationKind.ASSIGN_LICENCE)


def test_one_person_whom_the_target_refuses_holds_up_nobody_else(make_world):
    world, builder = make_world(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2", "3", "4")]

    def refuse(operation):
        if any(one.user_name == "p3@acme.example" for one in operation.people):
            raise refused("user.name.invalid", 400)

    world.target.fault = refuse
    result = world.apply(builder.plan())

    assert [ended(result, one) for one in creates] == ["done", "done", "failed", "done"]
    assert result.outcomes[creates[2].change_id].code == "user.name.invalid"


def test_a_call_without_rights_is_not_tried_person_by_person(make_world):
    world, builder = make_world(), PlanBuilder()
    for person in ("1", "2", "3", "4"):
        builder.create(person)

    def refuse(operation):
        raise refused("not.allowed", 403)

    world.target.fault = refuse
    world.apply(builder.plan())

    assert len(world.target.calls) == 1


# -- the look before a write ------------------------------------------------------------------------------------


def test_only_the_account_that_moved_is_skipped(make_world):
    world, builder = make_world(account("7001", MEETING), account("7002", MEETING)), PlanBuilder()
    moved, steady = builder.suspend("7001", [MEETING]), builder.suspend("7002", [MEETING])
    world.move("7001", licences=frozenset({MEETING, WEBINAR}))

    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in (moved, steady)] == ["stale", "done"]
    assert result.outcomes[moved.change_id].reason == "Changed since the plan was made: licences."
    assert world.target.accounts["7001"].licences == {MEETING, WEBINAR}
    assert world.links()["7002"]["state"] == "suspended"


def test_what_somebody_else_gave_meanwhile_is_not_noted_as_ours(make_world):
    world, builder = make_world(account("7001")), PlanBuilder()
    grant = builder.grant("7001", MEETING, key="7001")
    world.move("7001", licences=frozenset({MEETING}))

    result = world.apply(plan_of(world, builder))

    assert ended(result, grant) == "already"
    assert world.links()["7001"]["licences"] == ()
    assert world.target.calls == []


def test_an_account_without_a_link_is_never_changed(make_world):
    world, builder = make_world(), PlanBuilder()
    world.target.accounts["7001"] = account("7001", MEETING)
    change = builder.suspend("7001", [MEETING])

    result = world.apply(builder.plan())

    assert ended(result, change) == "stale"
    assert world.target.calls == []


def test_an_account_is_read_again_when_the_reading_is_too_old(make_world):
    world, builder = make_world(account("7001"), account("7002")), PlanBuilder()
    first = builder.grant("7001", MEETING, key="7001")
    second = builder.grant("7002", MEETING, key="7002")

    def slow(operation):
        world.clock.forward(61)
        if operation.account_key == "7001":
            world.move("7002", licences=frozenset({MEETING}))

    world.target.fault = slow
    result = world.apply(plan_of(world, builder), workers=1)

    assert [ended(result, one) for one in (first, second)] == ["done", "already"]


def test_accounts_of_a_batch_are_read_together(make_world):
    keys = [str(7001 + n) for n in range(30)]
    world, builder = make_world(*(account(key) for key in keys)), PlanBuilder()
    for key in keys:
        builder.grant(key, MEETING, key=key)

    world.apply(plan_of(world, builder))

    assert len(world.target.calls) == 30
    assert world.target.reads == 1


def test_an_account_that_vanished_is_stale(make_world):
    world, builder = make_world(account("7001", MEETING)), PlanBuilder()
    change = builder.update("7001", {"family_name": "Old"}, {"family_name": "New"})
    del world.target.accounts["7001"]

    result = world.apply(plan_of(world, builder))

    assert ended(result, change) == "stale"


# -- order ------------------------------------------------------------------------------------------------------


def test_what_frees_a_seat_comes_before_what_takes_one(make_world):
    world, builder = make_world(account("7001", MEETING), account("7002")), PlanBuilder()
    world.target.seats = {MEETING: 1}
    grant = builder.grant("7002", MEETING, key="7002")
    builder.suspend("7001", [MEETING])

    result = world.apply(plan_of(world, builder))

    assert ended(result, grant) == "done"


def test_never_two_calls_on_one_account_at_once(make_world):
    world, builder = make_world(account("7001"), account("7002")), PlanBuilder()
    for key in ("7001", "7002"):
        for licence in (MEETING, WEBINAR, TRAINING):
            builder.grant(key, licence, key=key)
    flights: list[str] = []
    crowded = []
    perform = world.target.perform

    async def watched(operation):
        crowded.append(operation.account_key in flights)
        flights.append(operation.account_key)
        try:
            return await perform(operation)
        finally:
            flights.remove(operation.account_key)

    world.target.perform = watched
    world.apply(plan_of(world, builder))

    assert crowded == [False] * 6


def test_a_change_whose_need_was_not_met_is_skipped(make_world):
    world, builder = make_world(account("7001")), PlanBuilder()
    revoke = builder.revoke("7001", WEBINAR)
    grant = builder.grant("7001", MEETING, key="7001", needs=[revoke])

    def refuse(operation):
        raise refused("license.not.found", 404)

    world.move("7001", licences=frozenset({WEBINAR}))
    world.target.fault = refuse
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in (revoke, grant)] == ["failed", "skipped"]
    assert result.outcomes[revoke.change_id].incident == "0f0f"


# -- what stops a run -------------------------------------------------------------------------------------------


def test_a_lost_target_stops_the_run_and_the_same_plan_goes_on_later(make_world):
    keys = [str(7001 + n) for n in range(4)]
    world, builder = make_world(*(account(key) for key in keys)), PlanBuilder()
    changes = [builder.grant(key, MEETING, key=key) for key in keys]
    plan = plan_of(world, builder)

    def fail(operation):
        if len(world.target.calls) > 2:
            raise down()

    world.target.fault = fail
    stopped = world.apply(plan, workers=1)
    world.target.fault = lambda operation: None
    finished = world.apply(plan)

    assert isinstance(stopped.stopped_by, TargetDown)
    assert (stopped.exit_code, stopped.sent) == (7, 2)
    assert [ended(stopped, one) for one in changes].count("skipped") == 2
    assert [ended(finished, one) for one in changes] == ["done"] * 4
    assert (finished.exit_code, finished.sent) == (0, 2)


def test_refused_credentials_stop_the_run(make_world):
    world, builder = make_world(account("7001"), account("7002")), PlanBuilder()
    for key in ("7001", "7002"):
        builder.grant(key, MEETING, key=key)

    def refuse(operation):
        raise refused("not.authenticated", 401)

    world.target.fault = refuse
    result = world.apply(plan_of(world, builder), workers=1)

    assert (len(world.target.calls), result.exit_code) == (1, 7)
    assert {outcome.status for outcome in result.outcomes.values()} == {"skipped"}


def test_credentials_that_are_revoked_in_the_middle_are_nobodys_fault_and_the_same_plan_goes_on_later(make_world):
    world, builder = make_world(), PlanBuilder()
    changes = [builder.create(str(n)) for n in range(1, 5)]
    plan = plan_of(world, builder)

    def revoke(operation):
        raise CredentialsRefused("The token service refused the credentials.", status=400, code="invalid_grant")

    world.target.fault = revoke
    stopped = world.apply(plan, workers=1)
    calls = len(world.target.calls)
    world.target.fault = lambda operation: None
    finished = world.apply(plan)

    assert isinstance(stopped.stopped_by, CredentialsRefused)
    assert (calls, stopped.sent, stopped.exit_code) == (1, 0, 7)
    assert [ended(stopped, one) for one in changes] == ["skipped"] * 4
    assert [ended(finished, one) for one in changes] == ["done"] * 4


def test_a_signal_ends_the_run_after_the_calls_in_flight(make_world):
    world, builder = make_world(account("7001", MEETING, WEBINAR), account("7002", MEETING)), PlanBuilder()
    half, untouched = builder.suspend("7001", [MEETING, WEBINAR]), builder.suspend("7002", [MEETING])
    plan = plan_of(world, builder)

    result = world.apply(plan, workers=1, should_stop=lambda: len(world.target.calls) > 0)

    assert (result.interrupted, result.exit_code) == (True, 4)
    assert result.outcomes[half.change_id].reason.endswith("1 of its 2 calls was made.")
    assert ended(result, untouched) == "skipped"
    assert world.links()["7001"]["licences"] == (WEBINAR,)
    assert world.apply(plan).exit_code == 0


def test_a_fault_of_our_own_is_raised_and_leaves_no_false_outcome(make_world):
    world, builder = make_world(account("7001"), account("7002")), PlanBuilder()
    for key in ("7001", "7002"):
        builder.grant(key, MEETING, key=key)
    plan = plan_of(world, builder)

    def crash(operation):
        raise ZeroDivisionError

    world.target.fault = crash
    with pytest.raises(ZeroDivisionError):
        world.apply(plan, workers=1)

    assert world.journal.outcomes(plan.hash) == {}


# -- calls without an answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["lost", "late", "dropped"])
def test_a_create_without_an_answer_makes_each_person_once_with_one_mail(make_world, fate):
    world, builder = make_world(), PlanBuilder()
    for person in ("1", "2"):
        builder.grant(person, MEETING, needs=[builder.create(person)])
    setattr(world.target, fate, {0})

    result = world.apply(builder.plan())

    assert result.exit_code == 0
    assert world.target.mails == [("welcome", "p1@acme.example"), ("welcome", "p2@acme.example")]
    assert world.target.holdings()["p1@acme.example"][2] == [MEETING]
    assert world.links()["1"]["licences"] == (MEETING,)
    assert len(world.target.calls) == (2 if fate == "dropped" else 1)


@pytest.mark.parametrize("fate", ["lost", "late", "dropped"])
def test_a_step_without_an_answer_is_looked_up_before_it_is_repeated(make_world, fate):
    world, builder = make_world(account("7001", MEETING, WEBINAR, roles=("MANAGE_USERS",))), PlanBuilder()
    change = builder.suspend("7001", [MEETING, WEBINAR], ["MANAGE_USERS"])
    setattr(world.target, fate, {1})

    result = world.apply(plan_of(world, builder))

    assert ended(result, change) == "done"
    assert world.target.holdings()["p7001@acme.example"] == ("Pat", "Old", [], [], None)
    assert len(world.target.calls) == (4 if fate == "dropped" else 3)


@pytest.mark.parametrize("fate", ["lost", "late", "dropped"])
def test_a_group_is_made_once(make_world, fate):
    world, builder = make_world(account("7001")), PlanBuilder()
    group = builder.group("Sales")
    builder.join("7001", "Sales", None, key="7001", needs=[group])
    setattr(world.target, fate, {0})

    result = world.apply(plan_of(world, builder))

    assert result.exit_code == 0
    assert list(world.target.group_names.values()) == ["Sales"]
    assert world.target.holdings()["p7001@acme.example"][-1] == "Sales"


def test_a_call_that_never_gets_an_answer_fails_after_three_tries(make_world):
    world, builder = make_world(account("7001")), PlanBuilder()
    change = builder.grant("7001", MEETING, key="7001")
    world.target.dropped = {0, 1, 2, 3, 4}

    result = world.apply(plan_of(world, builder))

    assert (ended(result, change), len(world.target.calls)) == ("failed", 3)


def test_the_tries_are_counted_for_each_call_of_a_change(make_world):
    world, builder = make_world(account("7001", MEETING, TRAINING, WEBINAR, roles=("MANAGE_USERS",))), PlanBuilder()
    change = builder.suspend("7001", [MEETING, TRAINING, WEBINAR], ["MANAGE_USERS"])
    world.target.late = {0, 1}
    world.target.dropped = {2, 3}

    assert ended(world.apply(plan_of(world, builder)), change) == "done"


def test_a_create_that_lands_after_it_was_looked_up_is_ours(make_world):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    grant = builder.grant("1", MEETING, needs=[create])
    world.target.very_late = {0}

    result = world.apply(builder.plan())

    assert [ended(result, one) for one in (create, grant)] == ["done", "done"]
    assert world.target.mails == [("welcome", "p1@acme.example")]


def stop_after_one_call(world: World):
    return lambda: len(world.target.calls) >= 1


def test_a_create_that_lands_between_two_runs_is_ours(make_world):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    world.target.very_late = {0}
    plan = builder.plan()
    assert ended(world.apply(plan, should_stop=stop_after_one_call(world)), create) == "skipped"

    world.target.land({0})

    assert ended(world.apply(plan), create) == "done"
    assert world.links()["1"]["state"] == "active"
    assert len(world.target.calls) == 1


def test_a_step_that_lands_between_two_runs_does_not_make_the_account_look_moved(make_world):
    world, builder = make_world(account("7001", MEETING, WEBINAR)), PlanBuilder()
    change = builder.suspend("7001", [MEETING, WEBINAR])
    world.target.very_late = {0}
    plan = plan_of(world, builder)
    assert ended(world.apply(plan, should_stop=stop_after_one_call(world)), change) == "skipped"

    world.target.land({0})

    assert ended(world.apply(plan), change) == "done"
    assert len(world.target.calls) == 2


# -- again ------------------------------------------------------------------------------------------------------


def test_applying_a_finished_plan_again_sends_nothing_and_moves_nothing(make_world):
    world, builder = make_world(account("7001", MEETING)), PlanBuilder()
    builder.create("1")
    builder.suspend("7001", [MEETING])
    plan = plan_of(world, builder)

    first = world.apply(plan)
    calls, reads = len(world.target.calls), world.target.reads
    second = world.apply(plan)

    assert (len(world.target.calls), world.target.reads, second.sent) == (calls, reads, 0)
    assert (second.outcomes, second.generation) == (first.outcomes, first.generation)


def test_a_plan_that_another_run_has_overtaken_is_stale_as_a_whole(make_world):
    world, builder = make_world(account("7001", MEETING)), PlanBuilder()
    builder.suspend("7001", [MEETING])
    old = plan_of(world, builder)
    other = PlanBuilder()
    other.create("1")
    world.apply(plan_of(world, other))

    with pytest.raises(StalePlan):
        world.apply(old)


def test_a_plan_that_was_not_recorded_is_not_applied(make_world):
    world, builder = make_world(), PlanBuilder()
    builder.create("1")

    with pytest.raises(BadUsage):
        asyncio.run(apply_plan(builder.plan(), world.begin_run()))

    assert world.target.calls == []


def test_a_run_that_was_cut_off_is_settled_without_sending(make_world):
    world, builder = make_world(account("7001", MEETING, WEBINAR)), PlanBuilder()
    create, grant = builder.create("1"), builder.grant("1", MEETING)
    half = builder.suspend("7001", [MEETING, WEBINAR])
    waiting = builder.update("7001", {"family_name": "Old"}, {"family_name": "New"})
    plan = plan_of(world, builder)
    world.target.fatal = {2}
    with pytest.raises(Killed):
        world.apply(plan, workers=1)

    result = asyncio.run(settle(plan, world.begin_run()))

    assert len(world.target.calls) == 3
    assert [ended(result, one) for one in (half, create, grant, waiting)] == ["done", "done", "done", "skipped"]
    assert world.links()["1"]["licences"] == (MEETING,)
    assert world.journal.in_doubt(plan.hash) == set()
    assert result.generation == plan.header.generation + 1


def left_in_doubt(world, plan):
    """Apply *plan* to a target that is lost in its first call: it is not known whether that was done."""
    read, reads = world.target.read_accounts, [0]

    async def lost_at_the_second_look(*asked):
        reads[0] += 1
        if reads[0] > 1:
            raise down()
        return await read(*asked)

    world.target.read_accounts = lost_at_the_second_look
    assert world.apply(plan).exit_code == 7
    world.target.read_accounts = read
    return world.journal.unfinished(PIPELINE)


@pytest.mark.parametrize(("fate", "known"), [("dropped", CallResult.NOT_SENT), ("lost", CallResult.DONE)])
@pytest.mark.parametrize("again", ["apply", "settle"])
def test_a_call_in_doubt_is_looked_up_though_its_change_cannot_be_done_any_more(make_world, fate, known, again):
    world, builder = make_world(account("7001", MEETING), groups={"5001": "Sales"}), PlanBuilder()
    change = builder.join("7001", "Sales", "5001", key="7001")
    plan = plan_of(world, builder)
    setattr(world.target, fate, {0})
    left_in_doubt(world, plan)
    del world.target.group_names["5001"]

    result = world.apply(plan) if again == "apply" else asyncio.run(settle(plan, world.begin_run()))

    assert ended(result, change) == "stale"
    assert [call.result for call in world.journal.calls(plan.hash)] == [known]
    assert world.journal.unfinished(PIPELINE) is None
    assert len(world.target.calls) == 1


def test_a_call_in_doubt_is_looked_up_though_the_account_is_no_longer_linked(make_world):
    world, builder = make_world(account("7001", MEETING)), PlanBuilder()
    change = builder.revoke("7001", MEETING)
    plan = plan_of(world, builder)
    world.target.lost = {0}
    left_in_doubt(world, plan)
    gone = LinkChange("hr", "7001", {"state": "deleted"})
    world.journal.conclude(plan.hash, "by hand", world.clock(), settled=[Settled(None, gone)])

    assert ended(world.apply(plan), change) == "stale"
    assert [call.result for call in world.journal.calls(plan.hash)] == [CallResult.DONE]


def test_a_settled_change_whose_call_was_left_in_doubt_does_not_stay_unfinished(make_world):
    world, builder = make_world(account("7001", MEETING)), PlanBuilder()
    change = builder.revoke("7001", MEETING)
    plan = plan_of(world, builder)
    world.target.dropped = {0}
    cut_off = left_in_doubt(world, plan)
    failed = Settled(Outcome(change.change_id, OutcomeStatus.STALE))
    world.journal.conclude(plan.hash, cut_off.run_id, world.clock(), settled=[failed])

    asyncio.run(settle(plan, world.begin_run()))

    assert [call.result for call in world.journal.calls(plan.hash)] == [CallResult.NOT_SENT]
    assert world.journal.in_doubt(plan.hash) == set()


def test_a_plan_that_the_run_did_not_begin_is_not_sent(make_world):
    world, builder, other = make_world(account("7001", MEETING), account("7002", MEETING)), PlanBuilder(), PlanBuilder()
    builder.revoke("7001", MEETING)
    other.revoke("7002", MEETING)
    begun, swapped = plan_of(world, builder), plan_of(world, other)
    world.record(begun)
    world.record(swapped)
    runtime = world.begin_run()
    begin(begun, runtime)

    with pytest.raises(StalePlan):
        asyncio.run(send_batch(swapped, 0, runtime))
    assert world.target.calls == []


def test_closing_leaves_no_change_without_an_outcome_and_does_no_more_the_second_time(make_world):
    world, builder = make_world(account("7001", MEETING), account("7002", MEETING)), PlanBuilder()
    changes = [builder.revoke(key, MEETING) for key in ("7001", "7002")]
    plan = plan_of(world, builder)
    world.target.fatal = {0}
    with pytest.raises(Killed):
        world.apply(plan, workers=1)
    assert not is_complete(plan, world.journal)

    generations = [close(plan, world.journal, "run-2", world.clock()) for _ in range(2)]

    assert generations == [plan.header.generation + 1] * 2
    outcomes = world.journal.outcomes(plan.hash)
    assert {outcomes[change.change_id].status for change in changes} == {"skipped"}


def test_a_plan_is_complete_when_every_change_is_settled(make_world):
    world, builder = make_world(account("7001", MEETING)), PlanBuilder()
    builder.revoke("7001", MEETING)
    plan = plan_of(world, builder)
    world.apply(plan, should_stop=lambda: True)
    assert not is_complete(plan, world.journal)
    world.apply(plan)
    assert is_complete(plan, world.journal)


def test_a_change_whose_call_was_cut_off_is_in_doubt_when_its_application_is_closed(make_world):
    world, builder = make_world(account("7001"), account("7002")), PlanBuilder()
    done, open_, unbegun = builder.create("1"), builder.grant("7001", MEETING, key="7001"), builder.create("2")
    plan = plan_of(world, builder)
    world.record(plan)
    runtime = world.begin_run(workers=1)

    def die(operation):
        if open_.change_id in operation.change_ids:
            raise Killed

    world.target.fault = die
    with pytest.raises(Killed):
        asyncio.run(apply_plan(plan, runtime))
    close(plan, world.journal, runtime.run_id, world.clock())

    outcomes = world.journal.outcomes(plan.hash)
    assert outcomes[open_.change_id].reason == IN_DOUBT
    assert {outcomes[one.change_id].reason for one in (done, unbegun)} <= {"", STOPPED}


def test_a_call_counts_for_the_process_from_the_moment_before_it_is_made(make_world):
    world, builder = make_world(), PlanBuilder()
    builder.create("1")
    plan = plan_of(world, builder)
    world.record(plan)
    runtime = world.begin_run()

    def die(operation):
        raise Killed

    world.target.fault = die
    with pytest.raises(Killed):
        asyncio.run(apply_plan(plan, runtime))
    assert runtime.tally.calls == world.journal.sent(runtime.run_id) == 1


# -- links and grace --------------------------------------------------------------------------------------------


def test_grace_begins_goes_on_and_ends(make_world):
    world = make_world(account("7001"))
    leaving = Leaving("hr", "7001", "7001", None, "2026-03-31", "2026-04-14")

    def night(*people):
        world.apply(PlanBuilder().plan(generation=world.journal.generation(PIPELINE), leaving=people))
        return world.links()["7001"]["leaving_since"], world.journal.generation(PIPELINE)

    since, generation = night(leaving)
    assert since == "2026-03-31"
    assert night(leaving) == (since, generation)
    back, moved = night()
    assert back != back
    assert moved == generation + 1
    assert night()[1] == moved


def test_a_suspension_that_was_not_done_keeps_the_grace_period_as_it_is(make_world):
    world, builder = make_world(account("7001", MEETING)), PlanBuilder()
    leaving = Leaving("hr", "7001", "7001", None, "2026-03-31", "2026-04-14")
    world.apply(PlanBuilder().plan(generation=world.journal.generation(PIPELINE), leaving=[leaving]))
    builder.suspend("7001", [MEETING])
    world.move("7001", licences=frozenset())
    world.move("7001", licences=frozenset({WEBINAR}))

    world.apply(plan_of(world, builder))

    assert world.links()["7001"]["leaving_since"] == "2026-03-31"


def test_suspend_reactivate_and_delete_are_states_of_the_link(make_world):
    world = make_world(account("7001", MEETING))

    def apply(action, *args):
        builder = PlanBuilder()
        getattr(builder, action)("7001", *args)
        world.apply(plan_of(world, builder))
        return world.links()["7001"]

    suspended = apply("suspend", [MEETING])
    assert (suspended["state"], suspended["suspended_on"], suspended["licences"]) == ("suspended", "2026-03-31", ())
    assert apply("reactivate")["state"] == "active"
    assert apply("delete")["state"] == "deleted"
    assert world.target.accounts == {}


def test_a_second_claim_to_an_account_is_held(make_world):
    world, builder = make_world(account("7001")), PlanBuilder()
    change = replace(builder.adopt("7001"), external_id="other")
    builder.changes = [change]

    result = world.apply(plan_of(world, builder))

    assert ended(result, change) == "failed"
    assert list(world.links()) == ["7001"]


def test_rules_digest_stays_for_a_person_whose_change_was_not_done(make_world):
    world, builder = make_world(account("7001"), account("7002")), PlanBuilder()
    builder.grant("7001", MEETING, key="7001")

    def refuse(operation):
        raise refused("license.not.found", 404)

    world.target.fault = refuse
    world.apply(plan_of(world, builder, rules_hash="newer rules"))

    assert world.links()["7001"]["rules_digest"] == "rules"
    assert world.links()["7002"]["rules_digest"] == "newer rules"


def test_progress_counts_settled_changes(make_world):
    world, builder = make_world(), PlanBuilder()
    for person in ("1", "2", "3"):
        builder.create(person)
    seen: list[tuple[int, int]] = []

    world.apply(builder.plan(), on_progress=lambda done, total: seen.append((done, total)))

    assert seen[-1] == (3, 3)
