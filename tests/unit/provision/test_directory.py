"""Groups of the directory: made once, filled and emptied in pieces, each membership with an outcome of its own."""

import asyncio
from dataclasses import replace

import pytest

from tasks.connectors.base import Capabilities
from tasks.journal import CallResult, LinkChange, Settled
from tasks.model.operations import OperationKind
from tasks.model.plan import Action
from tasks.provision import batches, compile_jobs, settle
from tests.support.plans import PIPELINE, PlanBuilder
from tests.support.target import MEETING, Killed, account, directory_group, refused
from tests.support.world import World, ended

KEYS = [str(7001 + number) for number in range(8)]
HOSTS = "6001"


@pytest.fixture
def make_fed(make_world):
    """A world of eight linked accounts, some of them in the directory group of the hosts."""

    def make(*members: str, **settings) -> World:
        directory = {HOSTS: directory_group(HOSTS, "Hosts", *members)}
        return make_world(*(account(key) for key in KEYS), directory=directory, **settings)

    return make


def plan_of(world: World, builder: PlanBuilder):
    return builder.plan(generation=world.journal.generation(PIPELINE))


def kinds(world: World) -> list[str]:
    return [str(call.kind) for call in world.target.calls]


def enter_all(builder: PlanBuilder, *keys: str):
    return [builder.enter(key, "Hosts", HOSTS, key=key) for key in keys]


def given(world: World) -> dict[str, tuple[str, ...]]:
    """Return the directory groups that we put people in, by person."""
    return {person: link["directory_groups"] for person, link in world.links().items() if link["directory_groups"]}


def members(world: World) -> set[str]:
    return set(world.target.directory[HOSTS].members)


# -- jobs -------------------------------------------------------------------------------------------------------


def test_the_members_of_a_group_go_in_pieces_those_who_join_apart_from_those_who_leave():
    builder = PlanBuilder()
    enter_all(builder, *KEYS[:5])
    builder.enter("7900", "Others", "6002", key="7900")
    for key in KEYS[5:]:
        builder.quit(key, "Hosts", HOSTS)

    jobs = compile_jobs(builder.plan(), Capabilities(directory_piece=3))

    assert [(job.members[0].action, len(job.members), job.calls) for job in jobs] == [
        (Action.REMOVE_DIRECTORY_MEMBER, 3, 1),
        (Action.ADD_DIRECTORY_MEMBER, 3, 1),
        (Action.ADD_DIRECTORY_MEMBER, 2, 1),
        (Action.ADD_DIRECTORY_MEMBER, 1, 1),
    ]
    assert len({job.lane for job in jobs}) == 2
    assert [len(batch) for batch in batches(jobs, size=3)] == [3, 1]


def test_one_group_that_rosters_spell_in_two_ways_is_one_lane_and_one_piece():
    builder = PlanBuilder()
    builder.enter("7001", "Hosts", None, key="7001")
    builder.enter("7002", "HOSTS", None, key="7002")

    (job,) = compile_jobs(builder.plan(), Capabilities(directory_piece=100))

    assert len(job.members) == 2


# -- what is sent -----------------------------------------------------------------------------------------------


def test_many_join_in_one_call_and_each_membership_is_noted(make_fed):
    world, builder = make_fed("7008"), PlanBuilder()
    changes = enter_all(builder, *KEYS[:5])

    result = world.apply(plan_of(world, builder))

    assert [call.payload for call in world.target.calls] == [
        {"group_key": HOSTS, "add": KEYS[:3], "remove": []},
        {"group_key": HOSTS, "add": KEYS[3:5], "remove": []},
    ]
    assert [ended(result, change) for change in changes] == ["done"] * 5
    assert members(world) == {*KEYS[:5], "7008"}
    assert given(world) == dict.fromkeys(KEYS[:5], (HOSTS,))
    assert result.sent == 2


def _added(world: World) -> list[list[str]]:
    return [call.payload["add"] for call in world.target.calls]


def test_who_leaves_a_group_is_taken_out_and_the_others_stay(make_fed):
    world, builder = make_fed(), PlanBuilder()
    enter_all(builder, "7001", "7002", "7003")
    world.apply(plan_of(world, builder))
    builder = PlanBuilder()
    changes = [builder.quit(key, "Hosts", HOSTS) for key in ("7001", "7002")]

    result = world.apply(plan_of(world, builder))

    assert [ended(result, change) for change in changes] == ["done", "done"]
    assert members(world) == {"7003"}
    assert given(world) == {"7003": (HOSTS,)}


def test_who_is_in_the_group_already_is_not_sent_and_not_noted_as_ours(make_fed):
    world, builder = make_fed("7001"), PlanBuilder()
    already, new = enter_all(builder, "7001", "7002")

    result = world.apply(plan_of(world, builder))

    assert [ended(result, already), ended(result, new)] == ["already", "done"]
    assert _added(world) == [["7002"]]
    assert given(world) == {"7002": (HOSTS,)}


def test_who_is_out_of_the_group_already_is_not_sent_and_noted_as_out(make_fed):
    world, builder = make_fed(), PlanBuilder()
    enter_all(builder, "7001", "7002")
    world.apply(plan_of(world, builder))
    world.target.directory[HOSTS] = directory_group(HOSTS, "Hosts", "7002")
    world.target.calls.clear()
    builder = PlanBuilder()
    gone, here = (builder.quit(key, "Hosts", HOSTS) for key in ("7001", "7002"))

    result = world.apply(plan_of(world, builder))

    assert [ended(result, gone), ended(result, here)] == ["already", "done"]
    assert [call.payload["remove"] for call in world.target.calls] == [["7002"]]
    assert given(world) == {}


def test_an_account_that_is_no_longer_linked_to_the_person_is_left_alone(make_fed):
    world, builder = make_fed(), PlanBuilder()
    changes = enter_all(builder, "7001", "7002")
    plan = plan_of(world, builder)
    world.record(plan)
    unlinked = Settled(None, LinkChange("hr", "7001", {"account_key": "7099"}))
    world.journal.conclude(plan.hash, "by hand", world.clock(), settled=[unlinked])

    result = world.apply(plan)

    assert [ended(result, change) for change in changes] == ["stale", "done"]
    assert members(world) == {"7002"}


@pytest.mark.parametrize(("action", "status"), [("enter", "stale"), ("quit", "already")])
def test_a_group_that_is_gone_is_not_made_again(make_fed, action, status):
    world, builder = make_fed("7001"), PlanBuilder()
    change = builder.quit("7001", "Hosts", HOSTS) if action == "quit" else enter_all(builder, "7001")[0]
    del world.target.directory[HOSTS]

    result = world.apply(plan_of(world, builder))

    assert ended(result, change) == status
    assert world.target.calls == []


def test_one_reading_of_a_group_serves_all_its_pieces(make_fed):
    world, builder = make_fed(), PlanBuilder()
    enter_all(builder, *KEYS[:6])

    world.apply(plan_of(world, builder))

    assert (len(world.target.calls), world.target.directory_reads) == (2, 1)


def test_a_group_is_read_again_when_the_reading_is_too_old(make_fed):
    world, builder = make_fed(), PlanBuilder()
    changes = enter_all(builder, *KEYS[:6])

    def slow(operation):
        if len(world.target.calls) == 1:
            world.clock.forward(61)
            world.target.directory[HOSTS] = directory_group(HOSTS, "Hosts", KEYS[3])

    world.target.fault = slow
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in changes] == ["done", "done", "done", "already", "done", "done"]
    assert _added(world) == [KEYS[:3], KEYS[4:6]]


def test_never_two_calls_on_one_group_at_once(make_fed):
    world, builder = make_fed(), PlanBuilder()
    enter_all(builder, *KEYS)
    builder.enter("7001", "Others", None, key="7001", needs=[builder.directory_group("Others")])
    flights: list[str] = []
    crowded = []
    perform = world.target.perform

    async def watched(operation):
        group = operation.payload.get("group_key")
        crowded.append(group in flights)
        flights.append(group)
        try:
            return await perform(operation)
        finally:
            flights.remove(group)

    world.target.perform = watched
    world.apply(plan_of(world, builder))

    assert crowded == [False] * 5


def test_newcomers_join_with_the_account_that_the_plan_made(make_fed):
    world, builder = make_fed(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2")]
    changes = [builder.enter(one.external_id, "Hosts", HOSTS, needs=[one]) for one in creates]

    result = world.apply(plan_of(world, builder))

    assert kinds(world) == ["create_accounts", "change_directory_group"]
    assert [ended(result, change) for change in changes] == ["done", "done"]
    assert world.target.members() == {"Hosts": ["p1@acme.example", "p2@acme.example"]}
    assert result.outcomes[changes[0].change_id].account_key == world.links()["1"]["account_key"]
    assert given(world) == {"1": (HOSTS,), "2": (HOSTS,)}


def test_a_membership_whose_account_was_not_made_is_skipped(make_fed):
    world, builder = make_fed(), PlanBuilder()
    create, other = builder.create("1"), builder.create("2")
    changes = [builder.enter(one.external_id, "Hosts", HOSTS, needs=[one]) for one in (create, other)]

    def refuse(operation):
        if any(one.user_name == "p1@acme.example" for one in operation.people):
            raise refused("user.name.invalid", 400)

    world.target.fault = refuse
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in (create, *changes)] == ["failed", "skipped", "done"]
    assert result.outcomes[changes[0].change_id].reason == "A change that this one needs was not done."


def test_who_is_suspended_leaves_the_groups_before(make_fed):
    world, builder = make_fed("7001"), PlanBuilder()
    world.move("7001", licences=frozenset({MEETING}))
    builder.suspend("7001", [MEETING])
    builder.quit("7001", "Hosts", HOSTS)

    world.apply(plan_of(world, builder))

    assert kinds(world) == ["change_directory_group", "unassign_licence"]
    assert members(world) == set()


# -- refusals ---------------------------------------------------------------------------------------------------


def test_one_person_whom_the_directory_refuses_holds_up_nobody_else(make_fed):
    world, builder = make_fed(directory_piece=8), PlanBuilder()
    changes = enter_all(builder, *KEYS)

    def refuse(operation):
        if "7003" in operation.payload["add"]:
            raise refused("not in the organisation", 400)

    world.target.fault = refuse
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in changes] == ["done", "done", "failed", *["done"] * 5]
    assert result.outcomes[changes[2].change_id].code == "not in the organisation"
    assert members(world) == set(KEYS) - {"7003"}
    assert len(world.target.calls) == 7  # in halves: 8, 4, 2, 2 alone twice, 2, 4


@pytest.mark.parametrize("status", [403, None])
def test_a_refusal_of_the_whole_call_is_not_tried_person_by_person(make_fed, status):
    world, builder = make_fed(directory_piece=8), PlanBuilder()
    changes = enter_all(builder, *KEYS)

    def refuse(operation):
        raise refused("directory.group.too.large", status)

    world.target.fault = refuse
    result = world.apply(plan_of(world, builder))

    assert {ended(result, one) for one in changes} == {"failed"}
    assert len(world.target.calls) == 1


def test_a_group_that_goes_while_it_is_filled_is_no_ones_refusal(make_fed):
    world, builder = make_fed(), PlanBuilder()
    changes = enter_all(builder, "7001", "7002")

    def vanish(operation):
        world.target.directory.pop(HOSTS, None)

    world.target.fault = vanish
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in changes] == ["stale", "stale"]
    assert [call.result for call in world.journal.calls(result.plan_hash)] == [CallResult.REFUSED]


# -- calls without an answer ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("fate", "calls"), [("lost", 1), ("late", 1), ("dropped", 2), ("very_late", 2)])
def test_a_call_without_an_answer_is_looked_up_before_it_is_repeated(make_fed, fate, calls):
    world, builder = make_fed(), PlanBuilder()
    changes = enter_all(builder, "7001", "7002")
    setattr(world.target, fate, {0})

    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in changes] == ["done", "done"]
    assert given(world) == {"7001": (HOSTS,), "7002": (HOSTS,)}
    assert len(world.target.calls) == calls


def test_a_call_that_was_done_in_part_is_repeated_for_the_rest(make_fed):
    world, builder = make_fed(), PlanBuilder()
    changes = enter_all(builder, "7001", "7002", "7003")
    world.target.dropped = {0}

    def in_part(operation):
        if len(world.target.calls) == 1:
            world.target.directory[HOSTS] = directory_group(HOSTS, "Hosts", "7002")

    world.target.fault = in_part
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in changes] == ["done"] * 3
    assert _added(world) == [["7001", "7002", "7003"], ["7001", "7003"]]
    assert given(world) == dict.fromkeys(("7001", "7002", "7003"), (HOSTS,))


def test_a_call_that_never_gets_an_answer_fails_after_three_tries(make_fed):
    world, builder = make_fed(), PlanBuilder()
    (change,) = enter_all(builder, "7001")
    world.target.dropped = set(range(5))

    result = world.apply(plan_of(world, builder))

    assert (ended(result, change), len(world.target.calls)) == ("failed", 3)


@pytest.mark.parametrize("taken_up", ["apply", "settle"])
def test_a_piece_that_was_cut_off_is_looked_up(make_fed, taken_up):
    world, builder = make_fed(), PlanBuilder()
    changes = enter_all(builder, *KEYS[:6])
    plan = plan_of(world, builder)
    world.target.fatal = {0}
    with pytest.raises(Killed):
        world.apply(plan)

    again = world.apply(plan) if taken_up == "apply" else asyncio.run(settle(plan, world.begin_run()))

    rest = "done" if taken_up == "apply" else "skipped"
    assert [ended(again, one) for one in changes] == ["done"] * 3 + [rest] * 3
    assert given(world).keys() == (set(KEYS[:6]) if taken_up == "apply" else set(KEYS[:3]))
    assert world.journal.in_doubt(plan.hash) == set()
    assert len(world.target.calls) == (2 if taken_up == "apply" else 1)


def test_a_membership_that_somebody_gave_between_two_runs_is_not_ours(make_fed):
    world, builder = make_fed(), PlanBuilder()
    (change,) = enter_all(builder, "7001")
    plan = plan_of(world, builder)
    assert ended(world.apply(plan, should_stop=lambda: True), change) == "skipped"
    world.target.directory[HOSTS] = directory_group(HOSTS, "Hosts", "7001")

    assert ended(world.apply(plan), change) == "already"
    assert given(world) == {}


# -- groups that the plan makes ---------------------------------------------------------------------------------


@pytest.mark.parametrize("fate", ["none", "lost", "late", "dropped", "very_late"])
def test_a_directory_group_is_made_once_and_filled(make_fed, fate):
    world, builder = make_fed(), PlanBuilder()
    group = builder.directory_group("Trainers")
    builder.enter("7001", "Trainers", None, key="7001", needs=[group])
    builder.enter("7002", "TRAINERS", None, key="7002", needs=[group])
    if fate != "none":
        setattr(world.target, fate, {0})

    result = world.apply(plan_of(world, builder))

    assert {outcome.status for outcome in result.outcomes.values()} == {"done"}
    assert world.target.members()["Trainers"] == ["p7001@acme.example", "p7002@acme.example"]
    assert given(world) == {"7001": ("6002",), "7002": ("6002",)}


def test_a_directory_group_that_is_there_under_another_case_is_used(make_fed):
    world, builder = make_fed(), PlanBuilder()
    group = builder.directory_group("HOSTS")
    change = builder.enter("7001", "HOSTS", None, key="7001", needs=[group])

    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in (group, change)] == ["already", "done"]
    assert kinds(world) == ["change_directory_group"]
    assert members(world) == {"7001"}


def test_a_directory_group_that_somebody_makes_at_the_same_moment_is_used(make_fed):
    world, builder = make_fed(), PlanBuilder()
    group = builder.directory_group("Trainers")
    change = builder.enter("7001", "Trainers", None, key="7001", needs=[group])

    def quicker(operation):
        if operation.kind == OperationKind.CREATE_DIRECTORY_GROUP:
            world.target.directory["6050"] = directory_group("6050", "trainers")

    world.target.fault = quicker
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in (group, change)] == ["already", "done"]
    assert world.target.members()["trainers"] == ["p7001@acme.example"]
    assert world.journal.calls(result.plan_hash)[0].result == CallResult.REFUSED


def test_nobody_joins_a_directory_group_that_could_not_be_made(make_fed):
    world, builder = make_fed(), PlanBuilder()
    group = builder.directory_group("Trainers")
    change = builder.enter("7001", "Trainers", None, key="7001", needs=[group])

    def refuse(operation):
        raise refused("400", 400)

    world.target.fault = refuse
    result = world.apply(plan_of(world, builder))

    assert [ended(result, one) for one in (group, change)] == ["failed", "skipped"]


def test_a_run_that_is_taken_up_knows_the_directory_group_that_it_made(make_fed):
    world, builder = make_fed(), PlanBuilder()
    group = builder.directory_group("Trainers")
    builder.enter("7001", "Trainers", None, key="7001", needs=[group])
    plan = plan_of(world, builder)
    world.apply(plan, should_stop=lambda: len(world.target.calls) > 0)
    world.target.directory["6002"] = replace(world.target.directory["6002"], name="Renamed since")

    assert world.apply(plan).exit_code == 0
    assert world.target.members()["Renamed since"] == ["p7001@acme.example"]


def test_progress_counts_each_membership_once(make_fed):
    world, builder = make_fed(), PlanBuilder()
    create = builder.create("1")
    builder.enter("1", "Hosts", HOSTS, needs=[create])
    enter_all(builder, *KEYS[:3])
    world.target.elsewhere = {"p1@acme.example"}
    seen: list[tuple[int, int]] = []

    world.apply(plan_of(world, builder), on_progress=lambda done, total: seen.append((done, total)))

    assert seen == [(1, 5), (1, 5), (4, 5), (5, 5)]
