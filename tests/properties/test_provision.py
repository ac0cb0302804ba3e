"""An interrupted run, taken up again, ends like an uninterrupted one: in the target, in the mails and in the record."""

import asyncio
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.journal import Attempt, CallResult
from tasks.model.operations import HALF_DONE, MAX_TRIES, NO_ANSWER, Operation, OperationKind
from tasks.model.plan import Plan
from tasks.model.protection import Protection
from tasks.provision import apply_plan
from tasks.provision.reasons import NOT_GIVEN_BACK
from tests.support.effort import examples
from tests.support.mortal import Life, MortalJournal, MortalTarget
from tests.support.plans import PlanBuilder
from tests.support.target import MEETING, TRAINING, WEBINAR, Killed, account, directory_group, refused
from tests.support.world import World

LICENCES = [MEETING, TRAINING, WEBINAR]
HOSTS, LEAVERS = "6001", "6002"
some_licences = st.lists(st.sampled_from(LICENCES), unique=True, max_size=3).map(sorted)


@st.composite
def plans(draw: st.DrawFn) -> tuple[list[Any], PlanBuilder]:
    """Accounts of a tenant, and changes to them and to people who are to come."""
    builder = PlanBuilder()
    accounts = []
    group = builder.group("Sales") if draw(st.booleans()) else None
    trainers = builder.directory_group("Trainers") if draw(st.booleans()) else None
    for number in range(draw(st.integers(0, 6))):
        create = builder.create(str(number))
        for licence in draw(some_licences):
            builder.grant(str(number), licence, needs=[create])
        if group and draw(st.booleans()):
            builder.join(str(number), "Sales", None, needs=[create, group])
        if group and draw(st.booleans()):
            limit = {"Everybody": "5000", "Sales": None}
            builder.limited(str(number), ["MANAGE_USERS"], limit, needs=[create, group])
        if draw(st.booleans()):
            builder.enter(str(number), "Hosts", HOSTS, needs=[create])
        if trainers and draw(st.booleans()):
            builder.enter(str(number), "trainers", None, needs=[create, trainers])
    for number in range(7001, 7001 + draw(st.integers(0, 4))):
        key, held = str(number), draw(some_licences)
        roles = draw(st.sampled_from([(), ("MANAGE_USERS",)]))
        accounts.append(account(key, *held, roles=roles, group="5000"))
        builder.adopt(key, held)
        if draw(st.booleans()):
            builder.quit(key, "Leavers", LEAVERS)
        elif draw(st.booleans()):
            builder.enter(key, "Hosts", HOSTS, key=key)
        if draw(st.booleans()):
            builder.suspend(key, held, roles)
            continue
        builder.update(key, {"family_name": "Old"}, {"family_name": "New"})
        for licence in LICENCES:
            if licence in held and draw(st.booleans()):
                builder.revoke(key, licence)
            elif licence not in held and draw(st.booleans()):
                builder.grant(key, licence, key=key)
        if draw(st.booleans()):
            builder.leave(key, "Everybody", "5000")
    return accounts, builder


def world_of(folder: str, accounts: Sequence[Any]) -> World:
    keys = [one.account_key for one in accounts]
    directory = {
        HOSTS: directory_group(HOSTS, "Hosts", *keys[:1]),
        LEAVERS: directory_group(LEAVERS, "Leavers", *keys),
    }
    target = MortalTarget(*accounts, groups={"5000": "Everybody"}, directory=directory, create_batch=3)
    target.elsewhere = {"p1@acme.example"}
    world = World(Path(folder), target)
    world.journal.close()
    world.journal = MortalJournal.open(Path(folder) / "journal.db")
    return world


def live(world: World, plan: Plan, moments: int | None, protect: tuple[str, ...] = ()) -> None:
    """Run the command once, in a process that has so many moments to live."""
    life = Life(moments)
    world.journal.life = world.target.life = life
    runtime = world.begin_run(workers=3, protection=Protection(protect))
    with suppress(Killed):
        asyncio.run(apply_plan(plan, runtime))


def record_of(world: World, plan: Plan) -> Mapping[str, Any]:
    keys = {one.account_key: one.user_name for one in world.target.accounts.values()}
    links = {
        person: {name: value for name, value in link.items() if name != "account_key" and value == value}
        | {"account": keys[link["account_key"]]}
        for person, link in world.links().items()
    }
    outcomes = {change: outcome.status for change, outcome in world.journal.outcomes(plan.hash).items()}
    tenant = (world.target.holdings(), world.target.members(), world.target.limits())
    return {"links": links, "outcomes": outcomes, "tenant": tenant}


def tried_in_vain(world: World, plan: Plan) -> bool:
    """Tell whether a change was given up because too many of its calls had no answer."""
    return any(one.reason in (NO_ANSWER, HALF_DONE) for one in world.journal.outcomes(plan.hash).values())


@settings(max_examples=examples(6), deadline=None)
@given(plans(), st.lists(st.integers(0, 40), max_size=4), st.data())
def test_an_interrupted_run_resumed_ends_like_an_uninterrupted_one(
    made: tuple[list[Any], PlanBuilder], lives: list[int], data: st.DataObject
) -> None:
    accounts, builder = made
    plan = builder.plan()
    protect = data.draw(st.sampled_from([(), ("role:MANAGE_USERS",)]), "protect")
    faults = {
        name: data.draw(st.sets(st.integers(0, 12), max_size=2), name)
        for name in ("lost", "dropped", "late", "very_late")
    }
    with tempfile.TemporaryDirectory() as calm, tempfile.TemporaryDirectory() as rough:
        undisturbed, disturbed = world_of(calm, accounts), world_of(rough, accounts)
        for name, calls in faults.items():
            setattr(disturbed.target, name, calls)
        for world, moments in ((undisturbed, []), (disturbed, lives)):
            world.record(plan)
            for span in moments:
                live(world, plan, span, protect)
            live(world, plan, None, protect)
        for _ in range(2):
            if tried_in_vain(disturbed, plan):
                assert sum(map(len, faults.values())) >= MAX_TRIES
                live(disturbed, plan, None, protect)  # the next run tries again

        assert record_of(disturbed, plan) == record_of(undisturbed, plan)
        assert sorted(disturbed.target.mails) == sorted(undisturbed.target.mails)
        assert len(set(disturbed.target.mails)) == len(disturbed.target.mails)
        calls = disturbed.journal.calls(plan.hash)
        assert not any(call.is_open for call in calls)
        done = [call.attempt.op_id for call in calls if call.result == CallResult.DONE]
        assert len(set(done)) == len(done)
        undisturbed.journal.close()
        disturbed.journal.close()


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[list[Any], PlanBuilder]:
    """People who hold one licence or another, most of whom are to exchange it; the others take one more, or leave."""
    builder = PlanBuilder()
    accounts = []
    for number in range(7001, 7001 + draw(st.integers(1, 4))):
        key, old = str(number), draw(st.sampled_from(LICENCES))
        accounts.append(account(key, old, group="5000"))
        builder.adopt(key, [old])
        new = draw(st.lists(st.sampled_from([one for one in LICENCES if one != old]), unique=True, min_size=1))
        match draw(st.sampled_from(["exchange", "exchange", "exchange", "take", "leave"])):
            case "exchange":
                taken = builder.revoke(key, old)
                for licence in new:
                    builder.grant(key, licence, key=key, needs=[taken])
            case "take":
                builder.grant(key, new[0], key=key)
            case _:
                builder.suspend(key, [old])
    return accounts, builder


@settings(max_examples=examples(7), deadline=None)
@given(
    exchanges(),
    st.dictionaries(st.sampled_from(LICENCES), st.integers(0, 3)),
    st.sets(st.sampled_from(LICENCES)),
    st.lists(st.integers(0, 30), max_size=4),
    st.data(),
)
def test_nobody_ends_with_nothing_because_an_exchange_was_refused_or_cut_off(
    made: tuple[list[Any], PlanBuilder],
    seats: dict[str, int],
    refusing: set[str],
    lives: list[int],
    data: st.DataObject,
) -> None:
    """Either the person holds a licence in the end, or it is noted which one the next plan has to give back."""
    accounts, builder = made
    plan = builder.plan()
    leaving = {change.account_key for change in plan.changes if change.action == "suspend"}
    before = {one.account_key: set(one.licences) for one in accounts}

    def fault(operation: Operation) -> None:
        ours = before.get(str(operation.account_key), set())
        if operation.kind == OperationKind.ASSIGN_LICENCE:
            licence = operation.payload["licence_key"]
            if licence in refusing and licence not in ours:
                raise refused("license.gone", 409)

    with tempfile.TemporaryDirectory() as folder:
        world = world_of(folder, accounts)
        world.target.seats = {key: free + sum(key in held for held in before.values()) for key, free in seats.items()}
        world.target.fault = fault
        for name in ("lost", "dropped", "late"):
            setattr(world.target, name, data.draw(st.sets(st.integers(0, 8), max_size=1), name))
        world.record(plan)
        for span in [*lives, None, None]:
            live(world, plan, span)

        outcomes = world.journal.outcomes(plan.hash)
        for key, licences in before.items():
            if key in leaving:
                continue
            holds, noted = set(world.target.accounts[key].licences), set(world.links()[key]["licences"])
            assert holds or noted >= licences
            mine = [change for change in plan.changes if change.account_key == key and change.action == "grant"]
            if not holds:
                assert any(NOT_GIVEN_BACK in outcomes[grant.change_id].reason for grant in mine)
            if any(outcomes[grant.change_id].status == "done" for grant in mine):
                assert holds & {grant.after["licence"] for grant in mine}
            assert holds <= noted
        calls = world.journal.calls(plan.hash)
        assert not any(call.is_open for call in calls)
        done = [call.attempt.op_id for call in calls if call.result == CallResult.DONE]
        assert len(set(done)) == len(done)
        world.journal.close()


@st.composite
def plans_against_admins(draw: st.DrawFn) -> tuple[list[Any], PlanBuilder]:
    """Super admins, and a plan that takes the role from each of them."""
    builder = PlanBuilder()
    accounts = []
    for number in range(7001, 7001 + draw(st.integers(1, 4))):
        key, held = str(number), draw(some_licences)
        accounts.append(account(key, *held, roles=("SUPER_USER",), group="5000"))
        builder.adopt(key, held)
        match draw(st.sampled_from(["suspend", "demote"])):
            case "suspend":
                builder.suspend(key, held, ["SUPER_USER"])
            case _:
                builder.roles(key, ["SUPER_USER"], [], key=key)
    return accounts, builder


@settings(max_examples=examples(6), deadline=None)
@given(plans_against_admins(), st.lists(st.integers(0, 20), max_size=3), st.data())
def test_a_tenant_keeps_a_super_admin_whatever_is_lost_late_or_killed(
    made: tuple[list[Any], PlanBuilder], lives: list[int], data: st.DataObject
) -> None:
    accounts, builder = made
    plan = builder.plan()
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(folder, accounts)
        for name in ("lost", "dropped", "late", "very_late"):
            setattr(world.target, name, data.draw(st.sets(st.integers(0, 8), max_size=3), name))
        world.record(plan)
        for span in [*lives, None]:
            live(world, plan, span)
        world.target.land(world.target.late | world.target.very_late)

        assert asyncio.run(world.target.read_admins())
        world.journal.close()


@settings(max_examples=examples(4), deadline=None)
@given(plans())
def test_applying_a_finished_plan_again_sends_nothing(made: tuple[list[Any], PlanBuilder]) -> None:
    accounts, builder = made
    plan = builder.plan()
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(folder, accounts)
        world.record(plan)
        live(world, plan, None)
        calls, before = len(world.target.calls), record_of(world, plan)
        generation = world.journal.generation("acme")

        live(world, plan, None)

        assert (len(world.target.calls), record_of(world, plan)) == (calls, before)
        assert world.journal.generation("acme") == generation
        world.journal.close()


def test_attempts_are_numbered_on_over_interruptions() -> None:
    builder = PlanBuilder()
    builder.create("1")
    plan = builder.plan()
    with tempfile.TemporaryDirectory() as folder:
        world = world_of(folder, [])
        world.record(plan)
        live(world, plan, 2)  # until the intent is written
        live(world, plan, None)

        attempts: list[Attempt] = [call.attempt for call in world.journal.calls(plan.hash)]
        assert [one.attempt for one in attempts] == [1, 2]
        world.journal.close()
