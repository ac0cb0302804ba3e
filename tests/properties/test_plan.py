"""What must hold for every roster, tenant and history, whatever they are."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.model.pipeline import Pipeline
from tasks.model.plan import REMOVALS, Action, Change, Plan
from tasks.model.rosters import Verdict
from tasks.model.state import TargetState
from tasks.model.tables import (
    ACCOUNTS,
    DIRECTORY_GROUPS,
    DIRECTORY_MEMBERS,
    FINDINGS,
    GRANTS,
    GROUPS,
    LICENCES,
    LINKS,
    WORKERS,
)
from tasks.plan import Inputs, make_plan
from tasks.plan.desired import desired_state
from tests.support.effort import examples

PRODUCTS = {"9001": ("G2M", "G2W"), "9002": ("G2M",), "9003": ("G2T",), "9004": ("G2M", "G2W")}
EDITIONS = {"9001": "Webinar Standard", "9002": "Meeting", "9003": "Training", "9004": "Webinar Pro"}
DEPARTMENTS = ("Sales", "Support", "Training", "Legal", None)
RULES: tuple[dict[str, Any], ...] = (
    {"when": {"department": "Sales"}, "grant": {"products": ["G2W"], "group": "Revenue"}},
    {"when": {"department": ["Support", "Sales"]}, "grant": {"products": ["G2M"]}},
    {"when": {"department": "Training"}, "grant": {"products": "G2T", "roles": "RUN_REPORTS", "manages": "Revenue"}},
    {"when": {"department": ["Sales", "Legal"]}, "grant": {"products": "G2W/Webinar Pro", "roles": "MANAGE_USERS"}},
    {"when": {"department": ["Legal", "Training"]}, "grant": {"products": "G2W/Webinar Standard", "group": "Emea"}},
    {"when": {}, "grant": {"products": "G2W/Webinar Standard"}},
    {"when": {"directory_groups": "Hosts"}, "grant": {"products": "G2W/Webinar Pro", "group": "Revenue"}},
)


def pipeline_of(rules: Any) -> Pipeline:
    columns = {"user_name": "Mail", "department": "Dept", "directory_groups": "Groups"}
    target = {"name": "goto", "kind": "goto", "account_key": "3001", "urls": {"api": "http://127.0.0.1:1"}}
    return Pipeline.model_validate(
        {
            "version": "1",
            "name": "acme",
            "sources": [{"name": "hr", "path": "staff.csv", "snapshot": "full", "columns": columns}],
            "rules": [{"name": f"rule {number}", **rule} for number, rule in enumerate(rules)],
            "lifecycle": {"grace": "0d"},
            "targets": [{**target, "directory": "read"}],
        }
    )


@st.composite
def rule_lists(draw: st.DrawFn) -> tuple[dict[str, Any], ...]:
    """Some of the rules, in any order, some of them switched off."""
    chosen = draw(st.permutations(RULES))[: draw(st.integers(0, len(RULES)))]
    return tuple({**rule, "enabled": draw(st.sampled_from(["true", "true", "false"]))} for rule in chosen)


@dataclass
class World:
    """A roster, a tenant, the links and the rules, as records."""

    workers: list[dict[str, Any]]
    held: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    grants: list[tuple[str, str]]
    links: list[dict[str, Any]]
    seats: int | None
    rules: tuple[dict[str, Any], ...]
    groups: tuple[str, ...] = ("Revenue", "Others")
    hosts: tuple[str, ...] = ()  # accounts in the directory group Hosts
    elsewhere: frozenset[str] = frozenset()  # accounts that another pipeline has linked

    def linked(self, account_key: str | None) -> dict[str, Any]:
        return next(row for row in self.links if row["account_key"] == account_key)


ROLES = (("MANAGE_USERS",), ("RUN_REPORTS",), ("MANAGE_USERS", "RUN_REPORTS"))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to eight people, each in the roster or not, held or not, with an account or not, linked or not."""
    world = World([], [], [], [], [], draw(st.sampled_from([None, 1, 2, 5])), draw(rule_lists()))
    for number in range(draw(st.integers(0, 8))):
        person, key, mail = f"{number}", f"70{number}", f"p{number}@acme.example"
        row = {
            "source": "hr", "file": "staff.csv", "row": number + 2, "external_id": person, "user_name": mail,
            "given_name": draw(st.sampled_from(["Ada", "Grace"])), "family_name": "Byron",
            "department": draw(st.sampled_from(DEPARTMENTS)),
            "directory_groups": draw(st.sampled_from([None, "Hosts", "Others", "Hosts\nOthers"])),
            "status": draw(st.sampled_from(["active", "inactive"])),
        }  # fmt: skip
        where = draw(st.sampled_from(["clean", "clean", "clean", "held", "nameless", "absent"]))
        if where == "clean":
            world.workers.append(row)
        elif where == "held":
            world.held.append({**row, "codes": "name_missing", "key_usable": True})
        elif where == "nameless":
            world.held.append({**row, "external_id": None, "codes": "id_missing", "key_usable": False})
        if draw(st.booleans()):
            world.accounts.append(
                {
                    "account_key": key,
                    "user_name": mail,
                    "given_name": "Ada",
                    "family_name": "Byron",
                    "roles": draw(st.sampled_from([(), (), *ROLES])),
                    "managed_groups": draw(st.sampled_from([(), (), ("Revenue",), ("Others", "Revenue")])),
                    "group_key": draw(st.sampled_from([None, "Revenue", "Others"])),
                }
            )
            if draw(st.booleans()):
                world.hosts = (*world.hosts, key)
            held = draw(st.lists(st.sampled_from(sorted(PRODUCTS)), unique=True, max_size=2))
            world.grants += [(key, licence) for licence in held]
            if draw(st.booleans()):
                given_by_us = tuple(sorted(draw(st.sets(st.sampled_from(held))) if held else ()))
                world.links.append(
                    {
                        "source": "hr",
                        "external_id": person,
                        "account_key": key,
                        "user_name": mail,
                        "state": draw(st.sampled_from(["active", "suspended"])),
                        "licences": given_by_us,
                        "roles": draw(st.sampled_from([(), *ROLES])),
                        "group_key": draw(st.sampled_from([None, "Revenue"])),
                    }
                )
            elif draw(st.integers(0, 3)) == 0:
                world.elsewhere |= {key}
    return world


def planned(world: World) -> Plan:
    used = pd.Series([licence for _, licence in world.grants], dtype="str").value_counts()
    licences = [
        {"licence_key": key, "products": products, "seats": world.seats, "used": int(used.get(key, 0)), "enabled": True}
        | {"description": EDITIONS[key]}
        for key, products in PRODUCTS.items()
    ]
    state = TargetState(
        ACCOUNTS.frame(world.accounts),
        GRANTS.frame({"account_key": account, "licence_key": licence} for account, licence in world.grants),
        GROUPS.frame([{"group_key": name, "name": name, "path": (name,)} for name in world.groups]),
        LICENCES.frame(licences),
        DIRECTORY_GROUPS.frame([{"group_key": "6001", "name": "Hosts"}]),
        DIRECTORY_MEMBERS.frame([{"group_key": "6001", "account_key": key} for key in world.hosts]),
    )
    held = WORKERS.frame([{k: v for k, v in row.items() if k not in ("codes", "key_usable")} for row in world.held])
    held["codes"] = pd.Series([row["codes"] for row in world.held], dtype="str")
    held["key_usable"] = pd.Series([row["key_usable"] for row in world.held], dtype="boolean")
    verdict = Verdict(WORKERS.frame(world.workers), held, FINDINGS.empty())
    links = LINKS.frame(world.links)
    files = {"hr": "staff.csv"}
    return make_plan(
        Inputs(
            pipeline_of(world.rules),
            "m",
            "r",
            {"hr": verdict},
            files,
            state,
            links,
            0,
            date(2026, 3, 2),
            elsewhere=world.elsewhere,
        )
    )


def applied(world: World, plan: Plan) -> World:
    """Return the world after every change of the plan was done: the arithmetic of apply, spelled out."""
    accounts = {row["account_key"]: dict(row) for row in world.accounts}
    links = {row["external_id"]: dict(row) for row in world.links}
    grants, groups = set(world.grants), list(world.groups)
    key_of = {change.external_id: change.account_key for change in plan.changes}
    for change in plan.changes:
        if change.action == Action.CREATE_GROUP:
            groups.append(change.after["group"])
            continue
        person = change.external_id or ""
        key = key_of.get(person) or f"new-{person}"
        _apply_one(change, person, key, accounts, links, grants)
    return replace(
        world,
        accounts=list(accounts.values()),
        links=list(links.values()),
        grants=sorted(grants),
        groups=tuple(groups),
    )


def _apply_one(change: Change, person: str, key: str, accounts: Any, links: Any, grants: set[tuple[str, str]]) -> None:
    nothing: dict[str, Any] = {"licences": (), "roles": (), "group_key": None}
    fresh = {"source": "hr", "external_id": person, "account_key": key, "user_name": change.user_name, **nothing}
    match change.action:
        case Action.CREATE:
            accounts[key] = {"account_key": key, "roles": (), "managed_groups": (), **change.after}
            links[person] = {**fresh, "state": "active"}
        case Action.ADOPT:
            links[person] = {**fresh, "state": "active"}
        case Action.UPDATE:
            accounts[key] |= change.after
        case Action.GRANT:
            grants.add((key, change.after["licence"]))
            links[person]["licences"] = tuple(sorted({*links[person]["licences"], change.after["licence"]}))
        case Action.REVOKE:
            grants.discard((key, change.before["licence"]))
            kept = set(links[person]["licences"]) - {change.before["licence"]}
            links[person]["licences"] = tuple(sorted(kept))
        case Action.SUSPEND:
            grants.difference_update({pair for pair in set(grants) if pair[0] == key})
            accounts[key] |= {"roles": (), "managed_groups": ()}
            links[person] |= {**nothing, "state": "suspended", "suspended_on": "2026-03-02"}
        case Action.REACTIVATE:
            links[person]["state"] = "active"
        case Action.SET_ROLE:
            accounts[key] |= {"roles": tuple(change.after["roles"]), "managed_groups": _limits(change)}
            links[person]["roles"] = tuple(change.after["ours"])
        case Action.ADD_MEMBER | Action.REMOVE_MEMBER:
            # groups have their names for keys here, those that the plan makes as well
            accounts[key]["group_key"] = links[person]["group_key"] = change.after["group"]
        case _:
            raise AssertionError(change.action)


def _limits(change: Change) -> tuple[str, ...]:
    pairs = zip(change.after.get("managed_groups", ()), change.after.get("manages", ()), strict=True)
    return tuple(sorted(key or name for key, name in pairs))


everything = settings(max_examples=examples(4), deadline=None, suppress_health_check=[HealthCheck.too_slow])


@everything
@given(worlds())
def test_after_the_plan_is_applied_nothing_is_left_to_do(world: World) -> None:
    adopted = applied(world, planned(world))  # what an adoption withholds is due in the second run
    after = planned(applied(adopted, planned(adopted)))
    seats_may_have_come_free = (Action.GRANT, Action.REVOKE, Action.CREATE, Action.ADD_MEMBER, Action.SET_ROLE)
    left = [c for c in after.changes if world.seats is None or c.action not in seats_may_have_come_free]
    assert left == []


@everything
@given(worlds())
def test_plans_come_to_rest(world: World) -> None:
    for _ in range(6):
        plan = planned(world)
        if not plan.changes:
            return
        world = applied(world, plan)
    raise AssertionError([change.action for change in plan.changes])


@everything
@given(worlds())
def test_a_rule_that_is_switched_off_is_as_good_as_none(world: World) -> None:
    without = tuple({**rule, "name": f"rule {number}"} for number, rule in enumerate(world.rules))
    without = tuple(rule for rule in without if rule["enabled"] == "true")
    assert planned(replace(world, rules=without)).to_bytes() == planned(world).to_bytes()


@everything
@given(worlds())
def test_only_what_a_rule_gave_is_taken_from_people_who_stay(world: World) -> None:
    for change in planned(world).changes:
        if change.account_key is None or change.action in (Action.ADOPT, Action.SUSPEND):
            continue
        match change.action:
            case Action.REVOKE:
                assert change.before["licence"] in world.linked(change.account_key)["licences"]
            case Action.REMOVE_MEMBER:
                assert change.before["group_key"] == world.linked(change.account_key)["group_key"]
            case Action.SET_ROLE:
                ours = [row["roles"] for row in world.links if row["account_key"] == change.account_key]
                by_hand = set(change.before["roles"]).difference(*ours)
                assert by_hand <= set(change.after["roles"])
                if by_hand:
                    assert change.after.get("managed_groups", []) == change.before.get("managed_groups", [])


@everything
@given(worlds())
def test_nobody_loses_a_product_that_the_rules_give_them(world: World) -> None:
    gone = {row["external_id"] for row in world.workers if row["status"] == "inactive"}
    people = WORKERS.frame(row for row in world.workers if row["external_id"] not in gone)
    desired = desired_state(people, pipeline_of(world.rules).rules).products
    plan = planned(world)
    after = set(applied(world, plan).grants)
    for at, product in zip(desired["at"], desired["product"], strict=True):
        key = f"70{people.at[at, 'external_id']}"
        had = any(holder == key and product in PRODUCTS[licence] for holder, licence in world.grants)
        has = any(holder == key and product in PRODUCTS[licence] for holder, licence in after)
        assert has or not had


@everything
@given(worlds(), st.randoms(use_true_random=False))
def test_row_order_is_irrelevant_byte_for_byte(world: World, random: Any) -> None:
    shuffled = replace(
        world, **{name: list(getattr(world, name)) for name in ("workers", "held", "accounts", "grants")}
    )
    for rows in (shuffled.workers, shuffled.held, shuffled.accounts, shuffled.grants):
        random.shuffle(rows)
    shuffled.workers = [{**row, "row": place + 2} for place, row in enumerate(shuffled.workers)]
    assert planned(shuffled).to_bytes() == planned(world).to_bytes()


@everything
@given(worlds())
def test_nothing_is_taken_from_anybody_who_is_not_linked_or_whose_row_is_held(world: World) -> None:
    linked = {row["account_key"] for row in world.links}
    adopted = {change.account_key for change in planned(world).changes if change.action == Action.ADOPT}
    held = {row["external_id"] for row in world.held if row["key_usable"]}
    for change in planned(world).changes:
        if change.action in REMOVALS:
            assert change.account_key in linked | adopted
            assert change.external_id not in held
            if change.action == Action.REVOKE:
                assert change.before["licence"] in world.linked(change.account_key)["licences"]


@everything
@given(worlds())
def test_no_licence_is_given_beyond_its_seats(world: World) -> None:
    after = applied(world, planned(world))
    for licence in PRODUCTS:
        before_n = sum(key == licence for _, key in world.grants)
        after_n = sum(key == licence for _, key in after.grants)
        assert world.seats is None or after_n <= max(world.seats, before_n)


@everything
@given(worlds())
def test_a_plan_survives_its_way_through_a_file(world: World) -> None:
    plan = planned(world)
    again = Plan.from_bytes(plan.to_bytes()).with_origins(plan.origins_to_bytes())
    assert (again.to_bytes(), again.hash, again.changes) == (plan.to_bytes(), plan.hash, plan.changes)


@everything
@given(worlds())
def test_every_change_is_traced_to_a_row_or_to_an_absence(world: World) -> None:
    for change in planned(world).changes:
        absent = change.external_id not in {row["external_id"] for row in world.workers}
        assert change.origin is not None or absent or change.action == Action.CREATE_GROUP


@everything
@given(worlds())
def test_nothing_is_done_to_an_account_that_another_pipeline_has_linked(world: World) -> None:
    theirs = {row["user_name"] for row in world.accounts if row["account_key"] in world.elsewhere}
    for change in planned(world).changes:
        assert change.account_key not in world.elsewhere
        assert change.user_name not in theirs
