"""The look before a write: which fields each change reads, and what it makes of them."""

from dataclasses import replace

import pytest

from tasks.model.operations import Operation, OperationKind
from tasks.model.plan import Action
from tasks.provision import judge
from tasks.provision.recheck import Groups, is_done
from tests.support.plans import PlanBuilder
from tests.support.target import MEETING, WEBINAR, account
from tests.support.world import ended

build = PlanBuilder()
GRANT = build.grant("1", MEETING, key="1")
REVOKE = build.revoke("1", MEETING)
SUSPEND = build.suspend("1", [MEETING, WEBINAR], ["MANAGE_USERS"])
DELETE = build.delete("1")
ROLES = build.roles("1", ["A"], ["B"], key="1")
JOIN = build.join("1", "Sales", "5001", key="1")
LEAVE = build.leave("1", "Sales", "5001")
LIMITED = build.limited("1", ["MANAGE_USERS"], {"Sales": "5001", "Support": None}, key="1")
LIFTED = build.add(
    Action.SET_ROLE, "1", {"roles": ["A"], "managed_groups": ["5001"]}, {"roles": ["A"], "ours": ["A"]}, key="1"
)
UPDATE = build.update("1", {"family_name": "Old"}, {"family_name": "New"})


@pytest.mark.parametrize(
    ("change", "state", "look"),
    [
        (GRANT, account("1"), "send"),
        (GRANT, account("1", WEBINAR, roles=("A",)), "send"),  # reads no other licence and no role
        (GRANT, account("1", MEETING), "already"),
        (REVOKE, account("1", MEETING, WEBINAR), "send"),
        (REVOKE, account("1", WEBINAR), "already"),
        (SUSPEND, account("1", MEETING, WEBINAR, roles=("MANAGE_USERS",)), "send"),
        (SUSPEND, account("1"), "already"),
        (SUSPEND, account("1", MEETING, roles=("MANAGE_USERS",)), "stale"),
        (SUSPEND, account("1", MEETING, WEBINAR, "9003", roles=("MANAGE_USERS",)), "stale"),
        (SUSPEND, account("1", MEETING, WEBINAR), "stale"),
        (DELETE, account("1"), "send"),
        (DELETE, account("1", MEETING), "stale"),
        (ROLES, account("1", roles=("A",)), "send"),
        (ROLES, account("1", roles=("B",)), "already"),
        (ROLES, account("1"), "stale"),
        (LEAVE, account("1", group="5001"), "send"),
        (LEAVE, account("1"), "already"),
        (LEAVE, account("1", group="5002"), "stale"),
        (UPDATE, account("1"), "send"),
        (UPDATE, replace(account("1"), family_name="New", given_name="Robin"), "already"),
        (UPDATE, replace(account("1"), family_name="Newer"), "stale"),
    ],
)
def test_each_change_reads_its_own_fields(change, state, look):
    assert judge(change, state).look == look


@pytest.mark.parametrize("change", [REVOKE, SUSPEND, DELETE, ROLES, LEAVE], ids=lambda change: change.action)
@pytest.mark.parametrize("held", [(), (MEETING, WEBINAR)], ids=["empty", "full"])
def test_nothing_is_taken_at_another_address_than_the_plan_knew(change, held):
    state = replace(account("1", *held, roles=("MANAGE_USERS",), group="5001"), user_name="zoe.new@acme.example")
    assert judge(change, state).reason == "Changed since the plan was made: address."
    assert judge(change, state, also=["Zoe.New@acme.example"]).moved != ("address",)
    assert judge(change, replace(state, user_name="P1@ACME.example")).moved != ("address",)


@pytest.mark.parametrize("change", [GRANT, UPDATE], ids=lambda change: change.action)
def test_nothing_is_given_at_another_address_either(change):
    state = replace(account("1"), user_name="zoe.new@acme.example")
    assert judge(change, state).reason == "Changed since the plan was made: address."
    assert judge(change, state, also=["zoe.new@acme.example"]).look == "send"


@pytest.mark.parametrize(("group", "look"), [(None, "send"), ("5001", "already"), ("5002", "stale")])
def test_joining_reads_the_group(group, look):
    assert judge(JOIN, account("1", group=group), groups=Groups("5001")).look == look


@pytest.mark.parametrize(
    ("change", "look"), [(GRANT, "stale"), (SUSPEND, "stale"), (UPDATE, "stale"), (DELETE, "already")]
)
def test_a_vanished_account_is_stale_unless_it_was_to_be_deleted(change, look):
    assert judge(change, None).look == look


def test_the_reason_names_what_moved():
    state = account("1", MEETING)

    assert judge(SUSPEND, state).reason == "Changed since the plan was made: licences, roles."
    assert judge(GRANT, None).reason == "The account is no longer there."


def test_a_suspend_half_done_is_judged_by_the_state_in_between():
    taken = Operation("op", OperationKind.UNASSIGN_LICENCE, (SUSPEND.change_id,), "1", payload={"licence_key": MEETING})
    between = account("1", WEBINAR, roles=("MANAGE_USERS",))

    assert judge(SUSPEND, between, [taken]).look == "send"
    assert judge(SUSPEND, account("1", MEETING, WEBINAR, roles=("MANAGE_USERS",)), [taken]).look == "stale"


@pytest.mark.parametrize(
    ("roles", "managed", "look"),
    [
        ((), (), "send"),
        (("MANAGE_USERS",), ("5002", "5001"), "already"),
        (("MANAGE_USERS",), (), "stale"),  # the role without its limit is not the role that was asked for
        (("MANAGE_USERS",), ("5001",), "stale"),
        ((), ("5001", "5002"), "stale"),
    ],
)
def test_a_role_with_a_limit_reads_the_groups_it_is_limited_to(roles, managed, look):
    state = replace(account("1", roles=roles), managed_groups=managed)

    assert judge(LIMITED, state, groups=Groups(managed=frozenset({"5001", "5002"}))).look == look


@pytest.mark.parametrize(("managed", "look"), [(("5001",), "send"), ((), "already"), (("5002",), "stale")])
def test_lifting_a_limit_reads_it(managed, look):
    assert judge(LIFTED, replace(account("1", roles=("A",)), managed_groups=managed)).look == look


def test_a_role_without_a_limit_reads_no_groups():
    state = replace(account("1", roles=("A",)), managed_groups=("5001",))

    assert judge(ROLES, state).look == "send"


@pytest.mark.parametrize(
    ("limit", "managed", "done"),
    [
        (["5001", "5002"], ("5002", "5001"), True),
        (["5001", "5002"], (), False),
        (["5001"], ("5001", "5002"), False),
        ([], ("5001",), False),
        (None, ("5001",), True),
    ],
)
def test_a_role_whose_limit_was_not_kept_is_not_done(limit, managed, done):
    payload = {"roles": ["MANAGE_USERS"], "managed_groups": limit}
    operation = Operation("op", OperationKind.SET_ROLES, (LIMITED.change_id,), "1", payload=payload)

    assert is_done(operation, replace(account("1", roles=("MANAGE_USERS",)), managed_groups=managed)) is done


def test_whoever_got_an_account_since_the_plan_keeps_it(make_world):
    world = make_world(account("7001", MEETING))
    builder = PlanBuilder()
    suspend = builder.suspend("7001", [MEETING])
    world.move("7001", user_name="zoe.new@acme.example")

    result = world.apply(builder.plan(generation=1))

    assert (result.exit_code, world.target.calls, ended(result, suspend)) == (4, [], "stale")
    assert world.links()["7001"]["state"] == "active"


def test_who_got_a_new_address_by_the_plan_itself_is_still_the_same_person(make_world):
    """The revoke comes before the update; after an interruption, or without an answer, it is looked at again."""
    world = make_world(account("7001", MEETING))
    builder = PlanBuilder()
    revoke = builder.revoke("7001", MEETING)
    builder.update("7001", {"user_name": "p7001@acme.example"}, {"user_name": "pat.new@acme.example"})
    plan = builder.plan(generation=1)
    world.target.dropped = {0, 1, 2}
    assert world.apply(plan).exit_code == 4

    result = world.apply(plan)

    assert (result.exit_code, ended(result, revoke)) == (0, "done")
