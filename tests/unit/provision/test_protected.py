"""Accounts that came under the pipeline's ``protect`` after the plan was made: nothing is done to them."""

from dataclasses import replace
from typing import Any

import pytest

from tasks.model.operations import OperationKind
from tasks.model.protection import Protection
from tests.support.plans import PIPELINE, PlanBuilder
from tests.support.target import MEETING, TRAINING, WEBINAR, account, directory_group, refused
from tests.support.world import World, ended

CHIEFS = Protection(("role:SUPER_USER", "user:Chief@acme.example"))
HELD = "The account is protected by now."
HOSTS = "6001"

CHANGES = {
    "revoke": lambda build: build.revoke("7001", MEETING),
    "grant": lambda build: build.grant("7001", WEBINAR, key="7001"),
    "update": lambda build: build.update("7001", {"family_name": "Old"}, {"family_name": "New"}),
    "suspend": lambda build: build.suspend("7001", [MEETING]),
    "delete": lambda build: build.delete("7001"),
    "roles": lambda build: build.roles("7001", [], ["ADD_USERS"], key="7001"),
    "leave": lambda build: build.leave("7001", "Sales", "5001"),
    "move": lambda build: build.join("7001", "Support", "5002", key="7001"),
    "enter": lambda build: build.enter("7001", "Hosts", HOSTS, key="7001"),
    "quit": lambda build: build.quit("7001", "Guests", "6002"),
}


def tenant(make_world: Any, *, held: tuple[str, ...] = (MEETING,), group: str | None = "5001") -> World:
    directory = {HOSTS: directory_group(HOSTS, "Hosts"), "6002": directory_group("6002", "Guests", "7001", "7002")}
    groups = {"5001": "Sales", "5002": "Support"}
    return make_world(account("7001", *held, group=group), account("7002"), groups=groups, directory=directory)


def plan_of(world: World, builder: PlanBuilder) -> Any:
    return builder.plan(generation=world.journal.generation(PIPELINE))


@pytest.mark.parametrize(
    "moved", [{"roles": ("super_user",)}, {"user_name": "chief@acme.example"}], ids=["role", "address"]
)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_nothing_is_done_to_an_account_that_is_protected_by_now(make_world, change, moved):
    world, builder = tenant(make_world), PlanBuilder()
    due = change(builder)
    world.move("7001", **moved)
    before = world.target.holdings(), world.target.members()

    result = world.apply(plan_of(world, builder), protection=CHIEFS)

    assert (ended(result, due), result.outcomes[due.change_id].reason) == ("stale", HELD)
    assert (world.target.calls, (world.target.holdings(), world.target.members())) == ([], before)


@pytest.mark.prove
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_others_are_changed_all_the_same(make_world, change):
    bare = change is CHANGES["delete"]
    world, builder = tenant(make_world, held=() if bare else (MEETING,)), PlanBuilder()
    if change is CHANGES["move"]:
        world.move("7001", group_key=None)
    due = change(builder)
    world.move("7002", roles=("SUPER_USER",))

    result = world.apply(plan_of(world, builder), protection=CHIEFS)

    assert ended(result, due) == "done"


def test_of_the_members_of_one_call_only_the_protected_one_is_left_out(make_world):
    world, builder = tenant(make_world), PlanBuilder()
    held, gone = builder.quit("7001", "Guests", "6002"), builder.quit("7002", "Guests", "6002")
    world.move("7001", roles=("SUPER_USER",))

    result = world.apply(plan_of(world, builder), protection=CHIEFS)

    assert [ended(result, one) for one in (held, gone)] == ["stale", "done"]
    assert world.target.members()["Guests"] == ["p7001@acme.example"]
    assert world.target.reads == 1


def test_members_are_not_read_where_nobody_is_protected(make_world):
    world, builder = tenant(make_world), PlanBuilder()
    builder.quit("7002", "Guests", "6002")

    world.apply(plan_of(world, builder))

    assert world.target.reads == 0


def test_what_is_as_wanted_already_is_not_called_protected(make_world):
    world, builder = tenant(make_world), PlanBuilder()
    revoke = builder.revoke("7001", WEBINAR)
    world.move("7001", roles=("SUPER_USER",))

    assert ended(world.apply(plan_of(world, builder), protection=CHIEFS), revoke) == "already"


def test_people_who_are_made_with_a_protected_role_get_all_that_is_theirs(make_world):
    world, builder = tenant(make_world), PlanBuilder()
    create = builder.create("1")
    rest = [builder.grant("1", licence, needs=[create]) for licence in (MEETING, TRAINING)]
    rest += [builder.roles("1", [], ["SUPER_USER"], needs=[create])]
    rest += [builder.enter("1", "Hosts", HOSTS, needs=[create])]

    def without_training(operation: Any) -> None:
        """The create itself finds no seat, so that what it could carry is given call by call."""
        if operation.kind == OperationKind.CREATE_ACCOUNTS and operation.payload["licences"]:
            raise refused("license.seats.exceeded", 409)

    world.target.fault = without_training
    result = world.apply(plan_of(world, builder), protection=CHIEFS)

    assert [ended(result, one) for one in (create, *rest)] == ["done"] * 5
    assert world.target.members()["Hosts"] == ["p1@acme.example"]


@pytest.mark.parametrize("fate", ["lost", "late", "dropped", "very_late"])
def test_a_role_that_the_plan_gives_protects_nobody_from_the_rest_of_it(make_world, fate):
    world, builder = tenant(make_world), PlanBuilder()
    role = builder.roles("7001", [], ["SUPER_USER"], key="7001")
    enter = builder.enter("7001", "Hosts", HOSTS, key="7001")
    setattr(world.target, fate, {0})

    result = world.apply(plan_of(world, builder), protection=CHIEFS)

    assert [ended(result, one) for one in (role, enter)] == ["done", "done"]


def test_a_role_that_the_plan_was_to_give_protects_if_somebody_else_gave_it(make_world):
    world, builder = tenant(make_world), PlanBuilder()
    role = builder.roles("7001", [], ["SUPER_USER"], key="7001")
    grant = builder.grant("7001", WEBINAR, key="7001")
    world.move("7001", roles=("SUPER_USER",))

    result = world.apply(plan_of(world, builder), protection=CHIEFS)

    assert [ended(result, one) for one in (role, grant)] == ["already", "stale"]


def test_who_is_protected_in_the_middle_of_a_suspend_keeps_the_rest(make_world):
    world, builder = tenant(make_world, held=(MEETING, WEBINAR)), PlanBuilder()
    suspend = builder.suspend("7001", [MEETING, WEBINAR])
    world.target.lost = {0}

    def protect(operation: Any) -> None:
        world.target.accounts["7001"] = replace(world.target.accounts["7001"], user_name="chief@acme.example")

    world.target.fault = protect
    result = world.apply(plan_of(world, builder), protection=CHIEFS)

    told = f"{HELD} 1 of its 2 calls was made."
    assert (ended(result, suspend), result.outcomes[suspend.change_id].reason) == ("stale", told)
    assert world.target.accounts["7001"].licences == {WEBINAR}
