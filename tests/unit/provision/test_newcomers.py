"""People who are new: how they are made, what cannot travel with their create, and who has to move here first."""

import asyncio
from contextlib import suppress
from dataclasses import replace

import pytest

from tasks.journal import Settled
from tasks.model.errors import RefusedByTarget
from tasks.model.operations import UNSEEN, OperationKind, OutcomeStatus, Reply
from tasks.provision import settle
from tasks.provision.linking import link_change
from tasks.provision.reasons import APPEARED_MEANWHILE, NOT_THEIRS, NOT_THERE
from tests.support.plans import PIPELINE, PlanBuilder
from tests.support.target import MEETING, WEBINAR, Killed, account, directory_group, down, refused
from tests.support.world import World, ended


def kill_at_the_look_after_the_call(world, plan):
    """Apply *plan* in a process that ends when it looks at what its first call has done."""
    read = world.target.read_accounts

    async def killed_afterwards(*asked):
        if world.target.calls:
            raise Killed
        return await read(*asked)

    world.target.read_accounts = killed_afterwards
    with pytest.raises(Killed):
        world.apply(plan)
    world.target.read_accounts = read


def lose_after_the_call(world):
    """Let the target be down for every look after the first call; return how it is read before."""
    read = world.target.read_accounts

    async def lost_afterwards(*asked):
        if world.target.calls:
            raise down()
        return await read(*asked)

    world.target.read_accounts = lost_afterwards
    return read


def kinds(world: World) -> list[str]:
    return [str(call.kind) for call in world.target.calls]


def test_the_templates_travel_with_the_create(make_world):
    world, builder = make_world(), PlanBuilder()
    builder.create("1", welcome_template="t1", settings_template="s1")
    builder.create("2")

    world.apply(builder.plan())

    sent = {call.people[0].user_name: call.payload for call in world.target.calls}
    assert sent["p1@acme.example"].items() >= {"welcome_template": "t1", "settings_template": "s1"}.items()
    assert sent["p2@acme.example"].items() >= {"welcome_template": None, "settings_template": None}.items()


# -- roles with a limit -----------------------------------------------------------------------------------------


def test_a_newcomers_limited_role_follows_the_create_bound_to_the_group_that_the_plan_made(make_world):
    world, builder = make_world(groups={"5000": "Everybody"}), PlanBuilder()
    group, create = builder.group("Sales"), builder.create("1")
    change = builder.limited("1", ["MANAGE_USERS"], {"Everybody": "5000", "Sales": None}, needs=[create, group])

    result = world.apply(builder.plan())

    assert kinds(world) == ["create_group", "create_accounts", "set_roles"]
    assert ended(result, change) == "done"
    assert world.target.limits() == {"p1@acme.example": ["Everybody", "Sales"]}
    assert not world.target.calls[-1].notify  # the welcome mail was enough
    assert world.links()["1"]["roles"] == ("MANAGE_USERS",)


@pytest.mark.parametrize("times", [1, 2])
def test_a_group_counts_as_gone_if_two_lists_lack_it(make_world, times):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    _, _, join = newcomer(builder)
    read, asked = world.target.read_groups, [0]

    async def of_another_call():
        asked[0] += 1
        return {} if asked[0] <= times else await read()

    world.target.read_groups = of_another_call
    result = world.apply(builder.plan())

    assert ended(result, join) == ("done" if times == 1 else "stale")
    assert asked[0] == 2


@pytest.mark.parametrize("key", ["5000", None])
def test_a_role_is_not_given_when_a_group_of_its_limit_is_gone(make_world, key):
    world, builder = make_world(account("7001"), groups={"5000": "Everybody"}), PlanBuilder()
    change = builder.limited("7001", ["MANAGE_USERS"], {"Everybody": key}, key="7001")
    world.target.group_names.clear()

    result = world.apply(builder.plan(generation=world.journal.generation(PIPELINE)))

    assert (ended(result, change), world.target.calls) == ("stale", [])


def test_a_role_whose_group_was_not_made_is_skipped(make_world):
    world, builder = make_world(account("7001")), PlanBuilder()
    group = builder.group("Sales")
    change = builder.limited("7001", ["MANAGE_USERS"], {"Sales": None}, key="7001", needs=[group])

    def refuse(operation):
        raise refused("group.name.required", 400)

    world.target.fault = refuse
    result = world.apply(builder.plan(generation=world.journal.generation(PIPELINE)))

    assert [ended(result, one) for one in (group, change)] == ["failed", "skipped"]


@pytest.mark.parametrize("fate", ["lost", "late", "dropped"])
def test_a_limited_role_without_an_answer_is_looked_up(make_world, fate):
    world, builder = make_world(account("7001"), groups={"5000": "Everybody"}), PlanBuilder()
    change = builder.limited("7001", ["MANAGE_USERS"], {"Everybody": "5000"}, key="7001")
    setattr(world.target, fate, {0})

    result = world.apply(builder.plan(generation=world.journal.generation(PIPELINE)))

    assert ended(result, change) == "done"
    assert world.target.limits() == {"p7001@acme.example": ["Everybody"]}
    assert len(world.target.calls) == (2 if fate == "dropped" else 1)


def test_what_a_connector_itself_refuses_is_told_in_its_own_words(make_world):
    world, builder = make_world(account("7001"), groups={"5000": "Everybody"}), PlanBuilder()
    change = builder.limited("7001", ["MANAGE_USERS"], {"Everybody": "5000"}, key="7001")

    def refuse(operation):
        raise RefusedByTarget(
            "The limit was not kept.", sent="The person may manage everybody.", remedy="Take it away.", status=None,
            code="roles.not.limited",
        )  # fmt: skip

    world.target.fault = refuse
    result = world.apply(builder.plan(generation=world.journal.generation(PIPELINE)))

    outcome = result.outcomes[change.change_id]
    assert (outcome.status, outcome.code) == ("failed", "roles.not.limited")
    assert outcome.reason == "The limit was not kept. The person may manage everybody. Take it away."


def test_newcomers_whose_roles_are_limited_are_read_together(make_world):
    world, builder = make_world(groups={"5000": "Everybody"}), PlanBuilder()
    for person in ("1", "2", "3", "4", "5"):
        builder.limited(person, ["MANAGE_USERS"], {"Everybody": "5000"}, needs=[builder.create(person)])

    world.apply(builder.plan())

    assert kinds(world).count("set_roles") == 5
    assert world.target.reads == 3  # before the create, for transfers, before the roles


def test_a_group_that_somebody_makes_at_the_same_moment_is_used(make_world):
    world, builder = make_world(), PlanBuilder()
    group, create = builder.group("Sales"), builder.create("1")
    builder.join("1", "Sales", None, needs=[create, group])

    def quicker(operation):
        if operation.kind == OperationKind.CREATE_GROUP:
            world.target.group_names["5050"] = "Sales"

    world.target.fault = quicker
    result = world.apply(builder.plan())

    assert (ended(result, group), result.exit_code) == ("already", 0)
    assert world.target.group_names == {"5050": "Sales"}
    assert world.target.holdings()["p1@acme.example"][-1] == "Sales"


# -- people of other accounts -----------------------------------------------------------------------------------


def test_who_has_to_move_here_first_is_told_apart_and_linked(make_world):
    world, builder = make_world(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2", "3")]
    world.target.elsewhere = {"p2@acme.example"}

    result = world.apply(builder.plan())

    assert [ended(result, one) for one in creates] == ["done", "pending_transfer", "done"]
    assert result.outcomes[creates[1].change_id].reason == (
        "The person is asked to move here from another account; they have access once they accept."
    )
    assert result.exit_code == 0
    assert world.links()["2"]["state"] == "active"
    assert world.target.reads == 2  # before the create, and once after it for all


def test_a_transfer_that_cannot_be_seen_now_leaves_the_person_made(make_world):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    world.target.elsewhere = {"p1@acme.example"}
    lose_after_the_call(world)
    result = world.apply(builder.plan())

    assert (ended(result, create), result.exit_code, result.stopped_by) == ("done", 0, None)


@pytest.mark.parametrize("taken_up", ["apply", "settle"])
def test_a_run_that_is_killed_before_it_looked_for_transfers_looks_later(make_world, taken_up):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    plan = builder.plan()
    world.target.elsewhere = {"p1@acme.example"}
    kill_at_the_look_after_the_call(world, plan)
    known = world.journal.outcomes(plan.hash)[create.change_id]
    assert (known.status, known.reason) == ("done", UNSEEN)

    again = world.apply(plan) if taken_up == "apply" else asyncio.run(settle(plan, world.begin_run()))

    assert ended(again, create) == "pending_transfer"
    assert len(world.target.calls) == 1


def test_who_was_looked_at_is_told_without_a_reservation(make_world):
    world, builder = make_world(), PlanBuilder()
    create, other = builder.create("1"), builder.create("2")
    plan = builder.plan()
    kill_at_the_look_after_the_call(world, plan)

    again = world.apply(plan)

    assert [again.outcomes[one.change_id].reason for one in (create, other)] == ["", ""]
    reads = world.target.reads
    world.apply(plan)
    assert world.target.reads == reads


def test_who_could_not_be_looked_at_is_looked_at_by_the_next_run_and_stays_made_by_the_first(make_world):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    plan = builder.plan()
    world.target.elsewhere = {"p1@acme.example"}
    read = lose_after_the_call(world)
    assert world.apply(plan).outcomes[create.change_id].reason == UNSEEN

    world.target.read_accounts = read
    again = world.apply(plan)

    assert ended(again, create) == "pending_transfer"
    first, second = world.journal.begun_by(plan.hash)
    assert world.journal.settled_by(first, plan.hash) == {create.change_id}
    assert world.journal.settled_by(second, plan.hash) == frozenset()


def test_a_target_where_nobody_has_to_move_is_not_asked(make_world):
    world, builder = make_world(), PlanBuilder()
    builder.create("1")
    world.target.capabilities = replace(world.target.capabilities, transfers=False)

    world.apply(builder.plan())

    assert world.target.reads == 1


@pytest.mark.parametrize("whole", [False, True])
def test_an_address_that_is_taken_and_not_here_belongs_to_another_account(make_world, whole):
    world, builder = make_world(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2")]
    conflict = "p1@acme.example"
    world.target.barred = set() if whole else {conflict}

    def refuse(operation):
        if whole and any(one.user_name == conflict for one in operation.people):
            raise refused("user.name.conflict", 409)

    world.target.fault = refuse
    result = world.apply(builder.plan())

    assert [ended(result, one) for one in creates] == ["failed", "done"]
    outcome = result.outcomes[creates[0].change_id]
    assert outcome.reason.startswith("The address belongs to another account of the service.")
    assert outcome.code == "user.name.conflict"


# -- addresses that are in use, though nobody had them before the call --------------------------------------------

OURS = {"user_name": "p1@acme.example", "family_name": "New"}


@pytest.mark.parametrize(
    "by_hand",
    [
        replace(account("7001", MEETING, group="5000"), **OURS | {"family_name": "Old"}),
        replace(account("7001", group="5000"), **OURS),
        replace(account("7001", MEETING, WEBINAR, group="5000"), **OURS),
        replace(account("7001", MEETING, roles=("MANAGE_USERS",), group="5000"), **OURS),
        replace(account("7001", MEETING, group="5001"), **OURS),
        replace(account("7001", MEETING, group="5000"), **OURS, activated=True),
    ],
    ids=["other name", "fewer licences", "more licences", "role", "other group", "in use"],
)
def test_who_appears_while_being_created_and_holds_something_else_is_not_ours(make_world, by_hand):
    world, builder = make_world(groups={"5000": "Sales", "5001": "Legal"}), PlanBuilder()
    create = builder.create("1")
    grant, join = builder.grant("1", MEETING, needs=[create]), builder.join("1", "Sales", "5000", needs=[create])

    def quicker(operation):
        world.target.accounts["7001"] = by_hand

    world.target.fault = quicker
    result = world.apply(builder.plan())

    assert [ended(result, one) for one in (create, grant, join)] == ["failed", "skipped", "skipped"]
    assert result.outcomes[create.change_id].reason == APPEARED_MEANWHILE
    assert "1" not in world.links()
    assert world.target.accounts == {"7001": by_hand}


def twice(target):
    """Let something between pass each create on twice, and hand over the second answer."""
    do = target._create

    def create(operation):
        with suppress(RefusedByTarget):
            do(operation)
        return do(operation)

    target._create = create


def whole(target):
    """Refuse a create as a whole if anybody's address is in use."""
    do = target._create

    def create(operation):
        if {one.user_name for one in operation.people} & {one.user_name for one in target.accounts.values()}:
            raise refused("user.name.conflict", 409)
        return do(operation)

    target._create = create


@pytest.mark.parametrize("refuse", [[], [whole]], ids=["each", "whole"])
@pytest.mark.parametrize("age", [0, 100], ids=["fresh", "old"])
def test_who_was_made_by_a_create_that_was_passed_on_twice_is_ours(make_world, refuse, age):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2", "3")]
    for create in creates:
        builder.grant(create.external_id, MEETING, needs=[create])
        builder.join(create.external_id, "Sales", "5000", needs=[create])
    for between in (*refuse, twice):
        between(world.target)
    world.target.fault = lambda operation: world.clock.forward(age)

    result = world.apply(builder.plan())

    assert result.exit_code == 0
    assert {outcome.status for outcome in result.outcomes.values()} == {"done"}
    assert [(link["licences"], link["group_key"]) for link in world.links().values()] == [((MEETING,), "5000")] * 3
    assert sorted(world.target.mails) == [("welcome", f"p{person}@acme.example") for person in ("1", "2", "3")]


def test_who_took_the_last_seat_by_a_create_that_was_passed_on_twice_is_ours(make_world):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    grant = builder.grant("1", MEETING, needs=[create])
    world.target.seats = {MEETING: 1}
    do = world.target._create

    def create_twice(operation):
        do(operation)
        raise refused("license.seats.exceeded", 409)

    world.target._create = create_twice
    world.target.fault = lambda operation: world.clock.forward(100)
    result = world.apply(builder.plan())

    assert [ended(result, one) for one in (create, grant)] == ["done", "done"]
    assert world.links()["1"]["licences"] == (MEETING,)
    assert len(world.target.calls) == 1


def test_who_was_made_by_a_create_passed_on_twice_is_ours_though_the_run_was_stopped_after_it(make_world):
    world, builder = make_world(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2")]
    plan = builder.plan()
    whole(world.target)
    twice(world.target)

    result = world.apply(plan, should_stop=lambda: bool(world.target.calls))

    assert [ended(result, one) for one in creates] == ["done", "done"]
    assert (sorted(world.links()), len(world.target.calls)) == (["1", "2"], 1)


def test_who_was_made_by_a_create_passed_on_twice_is_ours_though_the_run_was_killed_before_it_looked(make_world):
    world, builder = make_world(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2")]
    plan = builder.plan()
    whole(world.target)
    twice(world.target)
    kill_at_the_look_after_the_call(world, plan)

    result = world.apply(plan)

    assert [ended(result, one) for one in creates] == ["done", "done"]
    assert (sorted(world.links()), len(world.target.calls)) == (["1", "2"], 1)


# -- an answer, and a look after it that fails ----------------------------------------------------------------------


def calls_of(world, plan):
    return [str(call.result) for call in world.journal.calls(plan.hash)]


def blind(world):
    """Let nothing be read any more once a call was made."""
    for name in ("read_accounts", "read_groups", "read_directory_groups"):
        read = getattr(world.target, name)

        async def lost(*asked, read=read):
            if world.target.calls:
                raise down()
            return await read(*asked)

        setattr(world.target, name, lost)


def test_who_was_made_is_on_record_though_the_others_of_the_call_cannot_be_looked_up(make_world):
    world, builder = make_world(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2", "3")]
    grants = [builder.grant(create.external_id, MEETING, needs=[create]) for create in creates]
    plan = builder.plan()
    world.target.barred = {"p2@acme.example"}
    read = world.target.read_accounts
    blind(world)

    first = world.apply(plan)

    assert first.exit_code == 7
    assert [ended(first, one) for one in creates + grants] == ["done", "skipped", "done"] * 2
    assert (sorted(world.links()), calls_of(world, plan)) == (["1", "3"], ["done"])
    world.target.read_accounts, world.target.barred = read, set()
    by_hand = replace(account("7077", MEETING), user_name="p2@acme.example", family_name="New")
    world.target.accounts["7077"] = by_hand
    again = world.apply(plan)
    assert [ended(again, one) for one in creates] == ["done", "stale", "done"]
    assert (sorted(world.links()), world.target.accounts["7077"]) == (["1", "3"], by_hand)


@pytest.mark.parametrize("people", [1, 2])
@pytest.mark.parametrize("code", ["license.seats.exceeded", "user.name.conflict"])
def test_refusal_of_a_create_is_on_record_though_it_cannot_be_looked_up(make_world, code, people):
    world, builder = make_world(), PlanBuilder()
    for person in range(people):
        builder.grant(str(person), MEETING, needs=[builder.create(str(person))])
    plan = builder.plan()
    blind(world)

    def refuse(operation):
        raise refused(code, 409)

    world.target.fault = refuse
    assert world.apply(plan).exit_code == 7
    assert calls_of(world, plan) == ["refused"]


@pytest.mark.parametrize("name", ["create_group", "create_directory_group", "change_directory_group"])
def test_refusal_of_a_group_is_on_record_though_it_cannot_be_looked_up(make_world, name):
    world = make_world(account("7001"), directory={"6001": directory_group("6001", "Hosts")})
    builder = PlanBuilder()
    if name == "create_group":
        builder.group("Sales")
    elif name == "create_directory_group":
        builder.directory_group("Desk")
    else:
        builder.enter("7001", "Hosts", "6001", key="7001")
    plan = builder.plan(generation=world.journal.generation(PIPELINE))
    blind(world)

    def refuse(operation):
        raise refused("odd", 409)

    world.target.fault = refuse
    assert world.apply(plan).exit_code == 7
    assert (kinds(world), calls_of(world, plan)) == ([name], ["refused"])


def test_refusal_after_a_call_without_an_answer_is_on_record_though_it_cannot_be_looked_up(make_world):
    world, builder = make_world(account("7001")), PlanBuilder()
    builder.grant("7001", MEETING, key="7001")
    plan = builder.plan(generation=world.journal.generation(PIPELINE))
    world.target.dropped = {0}
    read = world.target.read_accounts

    async def lost(*asked):
        if len(world.target.calls) > 1:
            raise down()
        return await read(*asked)

    def refuse(operation):
        if len(world.target.calls) > 1:
            raise refused("odd", 409)

    world.target.read_accounts, world.target.fault = lost, refuse
    assert world.apply(plan).exit_code == 7
    assert calls_of(world, plan) == ["not_sent", "refused"]


# -- what somebody does by hand between two runs of one plan -------------------------------------------------------

BY_HAND = replace(account("7077", MEETING, group="5000"), **OURS)


def newcomer(builder):
    create = builder.create("1")
    return (
        create,
        builder.grant("1", MEETING, needs=[create]),
        builder.join("1", "Sales", "5000", needs=[create]),
    )


def not_ours(world):
    """Tell whether neither the account nor what it holds counts as given by us."""
    link = world.links().get("1")
    return link is None or (link["licences"], link["group_key"]) == ((), None)


@pytest.mark.parametrize("people", [1, 2], ids=["alone", "with others"])
@pytest.mark.parametrize("code", ["license.seats.exceeded", "user.name.conflict"])
def test_who_is_made_by_hand_after_a_run_was_refused_is_not_ours(make_world, code, people):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    changes = newcomer(builder)
    for person in ("2", "3")[: people - 1]:
        builder.grant(person, MEETING, needs=[builder.create(person)])
    plan = builder.plan()

    def refuse(operation):
        raise refused(code, 409)

    world.target.fault = refuse
    first = world.apply(plan, should_stop=lambda: bool(world.target.calls))
    world.target.fault = lambda operation: None
    world.clock.forward(86_400)
    world.target.accounts["7077"] = BY_HAND

    result = world.apply(plan)

    expected = {"skipped": "stale", "failed": "failed"}[ended(first, changes[0])]
    assert [ended(result, one) for one in changes] == [expected, "skipped", "skipped"]
    assert not_ours(world)
    assert world.target.accounts["7077"] == BY_HAND


@pytest.mark.parametrize("fate", ["dropped", "lost sight"])
def test_who_holds_more_than_an_unanswered_call_of_an_earlier_run_gave_is_not_ours(make_world, fate):
    """There was no seat, so the second create, without a licence, is the one that nobody answered."""
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    changes = newcomer(builder)
    plan = builder.plan()
    world.target.seats, world.target.dropped = {MEETING: 0}, {1}
    read = world.target.read_accounts

    async def lost_sight(*asked):
        if len(world.target.calls) > 1:
            raise down()
        return await read(*asked)

    if fate == "lost sight":
        world.target.read_accounts = lost_sight
    world.apply(plan, should_stop=lambda: len(world.target.calls) > 1)
    world.target.read_accounts, world.target.seats = read, {}
    world.clock.forward(86_400)
    world.target.accounts["7077"] = BY_HAND

    result = world.apply(plan)

    assert [ended(result, one) for one in changes] == ["failed", "skipped", "skipped"]
    assert result.outcomes[changes[0].change_id].reason == APPEARED_MEANWHILE
    assert not_ours(world)
    assert world.target.accounts["7077"] == BY_HAND


def test_what_a_new_person_is_given_by_hand_between_two_runs_is_not_ours(make_world):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    create, grant, _ = newcomer(builder)
    role = builder.limited("1", ["MANAGE_USERS"], {"Sales": "5000"}, needs=[create])
    plan = builder.plan()
    world.target.seats = {MEETING: 0}
    world.apply(plan, should_stop=lambda: len(world.target.calls) > 1)
    [key] = world.target.accounts
    world.move(key, licences=frozenset({MEETING}), roles=("MANAGE_USERS",), managed_groups=("5000",))

    result = world.apply(plan)

    assert [ended(result, one) for one in (create, grant, role)] == ["done", "already", "already"]
    assert (world.links()["1"]["licences"], world.links()["1"]["roles"]) == ((), ())
    assert world.links()["1"]["group_key"] == "5000"  # it came with the create


def test_what_is_given_by_hand_after_a_call_that_was_not_sent_is_not_ours(make_world):
    world, builder = make_world(account("7001")), PlanBuilder()
    change = builder.grant("7001", MEETING, key="7001")
    plan = builder.plan(generation=world.journal.generation(PIPELINE))

    def unreachable(operation):
        raise down()

    world.target.fault = unreachable
    assert world.apply(plan).exit_code == 7
    world.target.fault = lambda operation: None
    world.move("7001", licences=frozenset({MEETING}))

    assert ended(world.apply(plan), change) == "already"
    assert world.links()["7001"]["licences"] == ()


def test_who_was_made_in_part_by_a_call_without_an_answer_is_completed(make_world):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    changes = newcomer(builder)
    do = world.target._create

    def in_part(operation):
        reply = do(operation)
        world.move(*reply.created.values(), group_key=None)
        return reply

    world.target._create, world.target.lost = in_part, {0}

    result = world.apply(builder.plan())

    assert [ended(result, one) for one in changes] == ["done", "done", "done"]
    assert kinds(world) == ["create_accounts", "join_group"]


def test_answer_to_a_create_that_exchanges_keys_is_not_told_as_done(make_world):
    world, builder = make_world(), PlanBuilder()
    creates = [builder.create(person) for person in ("1", "2", "3")]
    do = world.target._create

    def exchange(operation):
        keys = do(operation).created
        one, other, *_ = keys
        return Reply({**keys, one: keys[other], other: keys[one]})

    world.target._create = exchange
    result = world.apply(builder.plan())

    assert [ended(result, one) for one in creates] == ["failed", "failed", "done"]
    assert result.outcomes[creates[0].change_id].reason == NOT_THEIRS
    assert (result.exit_code, world.target.reads) == (4, 2)  # no more than is read for transfers anyway


def misnamed(world, change_made=lambda state: state):
    """Let the answer to each create name keys that nobody has; *change_made* is done to who was made."""
    do = world.target._create

    def misname(operation):
        keys = do(operation).created
        for key in keys.values():
            world.target.accounts[key] = change_made(world.target.accounts[key])
        return Reply({address: f"99{key}" for address, key in keys.items()})

    world.target._create = misname


def test_who_was_made_under_another_key_than_the_answer_names_is_linked_under_that(make_world):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    create, grant, join = newcomer(builder)
    role = builder.limited("1", ["MANAGE_USERS"], {"Sales": "5000"}, needs=[create])
    misnamed(world)

    result = world.apply(builder.plan())

    [key] = world.target.accounts
    assert [ended(result, one) for one in (create, grant, join, role)] == ["done"] * 4
    assert {outcome.account_key for outcome in result.outcomes.values()} == {key}
    link = world.links()["1"]
    assert (link["account_key"], link["licences"], link["group_key"]) == (key, (MEETING,), "5000")
    assert (link["roles"], world.target.accounts[key].roles) == (("MANAGE_USERS",), ("MANAGE_USERS",))


@pytest.mark.parametrize(
    "change_made",
    [
        lambda state: replace(state, user_name="p9@acme.example"),
        lambda state: replace(state, family_name="Old"),
        lambda state: replace(state, licences=frozenset()),
    ],
    ids=["nobody", "other name", "lacks a licence"],
)
def test_who_was_made_under_a_key_that_nobody_has_and_is_not_found_is_not_told_as_done(make_world, change_made):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    create, *_ = newcomer(builder)
    misnamed(world, change_made)

    result = world.apply(builder.plan())

    assert (ended(result, create), result.exit_code) == ("failed", 4)
    assert result.outcomes[create.change_id].reason == NOT_THERE


def test_who_is_linked_to_another_worker_is_not_linked_under_another_key_too(make_world):
    world, builder = make_world(groups={"5000": "Sales"}), PlanBuilder()
    create, *_ = newcomer(builder)
    plan = builder.plan()
    misnamed(world)
    read, rival = world.target.read_accounts, PlanBuilder()

    async def linked_meanwhile(keys, addresses):
        found = await read(keys, addresses)
        if found and addresses:
            change = rival.adopt(found[0].account_key, [])
            link = link_change(change, OutcomeStatus.RECORDED, on="2026-03-31")
            world.journal.conclude(plan.hash, "run-1", world.clock(), settled=[Settled(None, link)])
        return found

    world.target.read_accounts = linked_meanwhile
    result = world.apply(plan)

    assert (ended(result, create), result.exit_code) == ("failed", 4)
    assert result.outcomes[create.change_id].reason != NOT_THERE
    assert world.links()["1"]["account_key"].startswith("99")


def test_who_is_slow_to_show_after_a_create_is_waited_for(make_world):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    read, looks = world.target.read_accounts, []

    async def slow(keys, addresses):
        looks.append(keys)
        return [] if len(looks) == 2 else await read(keys, addresses)

    world.target.read_accounts = slow
    result = world.apply(builder.plan())

    [key] = world.target.accounts
    assert (ended(result, create), world.links()["1"]["account_key"], len(looks)) == ("done", key, 3)


@pytest.mark.parametrize("failures", [1, 2])
def test_whether_people_have_yet_to_move_here_is_asked_twice_and_told_as_unknown(make_world, failures):
    world, builder = make_world(), PlanBuilder()
    create = builder.create("1")
    read, failed = world.target.read_accounts, [0]

    async def failing(*asked):
        if world.target.calls and failed[0] < failures:
            failed[0] += 1
            raise down()
        return await read(*asked)

    world.target.read_accounts = failing
    result = world.apply(builder.plan())

    assert (result.exit_code, ended(result, create)) == (0, "done")
    assert (result.outcomes[create.change_id].reason == UNSEEN) == (failures == 2)
