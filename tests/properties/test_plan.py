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
from tasks.model.tables import ACCOUNTS, FINDINGS, GRANTS, GROUPS, LICENCES, LINKS, WORKERS
from tasks.plan import Inputs, make_plan

PRODUCTS = {"9001": ("G2M", "G2W"), "9002": ("G2M",), "9003": ("G2T",)}
DEPARTMENTS = ("Sales", "Support", "Training", "Legal")
PIPELINE = Pipeline.model_validate(
    {
        "version": "1",
        "name": "acme",
        "sources": [{"name": "hr", "path": "staff.csv", "snapshot": "full", "columns": {"user_name": "Mail"}}],
        "rules": [
            {"name": "a", "when": {"department": "Sales"}, "grant": {"products": ["G2W"], "group": "Revenue"}},
            {"name": "b", "when": {"department": ["Support", "Sales"]}, "grant": {"products": ["G2M"]}},
            {"name": "c", "when": {"department": "Training"}, "grant": {"products": "G2T", "roles": "RUN_REPORTS"}},
        ],
        "lifecycle": {"grace": "0d"},
        "targets": [
            {"name": "goto", "kind": "goto", "account_key": "3001", "urls": {"api": "http://127.0.0.1:1"}},
        ],
    }
)


@dataclass
class World:
    """A roster, a tenant and the links, as records."""

    workers: list[dict[str, Any]]
    held: list[dict[str, Any]]
    accounts: list[dict[str, Any]]
    grants: list[tuple[str, str]]
    links: list[dict[str, Any]]
    seats: int | None


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Up to eight people, each in the roster or not, held or not, with an account or not, linked or not."""
    world = World([], [], [], [], [], draw(st.sampled_from([None, 2, 5, 50])))
    for number in range(draw(st.integers(0, 8))):
        person, key, mail = f"{number}", f"70{number}", f"p{number}@acme.example"
        row = {
            "source": "hr", "file": "staff.csv", "row": number + 2, "external_id": person, "user_name": mail,
            "given_name": draw(st.sampled_from(["Ada", "Grace"])), "family_name": "Byron",
            "department": draw(st.sampled_from(DEPARTMENTS)), "status": draw(st.sampled_from(["active", "inactive"])),
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
                    "roles": draw(st.sampled_from([(), (), ("MANAGE_USERS",), ("RUN_REPORTS",)])),
                }
            )
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
                        "roles": (),
                    }
                )
    return world


def planned(world: World) -> Plan:
    used = pd.Series([licence for _, licence in world.grants], dtype="str").value_counts()
    licences = [
        {"licence_key": key, "products": products, "seats": world.seats, "used": int(used.get(key, 0)), "enabled": True}
        for key, products in PRODUCTS.items()
    ]
    state = TargetState(
        ACCOUNTS.frame(world.accounts),
        GRANTS.frame({"account_key": account, "licence_key": licence} for account, licence in world.grants),
        GROUPS.frame([{"group_key": "5001", "name": "Revenue", "path": ("Revenue",)}]),
        LICENCES.frame(licences),
    )
    held = WORKERS.frame([{k: v for k, v in row.items() if k not in ("codes", "key_usable")} for row in world.held])
    held["codes"] = pd.Series([row["codes"] for row in world.held], dtype="str")
    held["key_usable"] = pd.Series([row["key_usable"] for row in world.held], dtype="boolean")
    verdict = Verdict(WORKERS.frame(world.workers), held, FINDINGS.empty())
    links = LINKS.frame(world.links)
    files = {"hr": "staff.csv"}
    return make_plan(Inputs(PIPELINE, "m", "r", {"hr": verdict}, files, state, links, 0, date(2026, 3, 2)))


def applied(world: World, plan: Plan) -> World:
    """Return the world after every change of the plan was done: the arithmetic of apply, spelled out."""
    accounts = {row["account_key"]: dict(row) for row in world.accounts}
    links = {row["external_id"]: dict(row) for row in world.links}
    grants = set(world.grants)
    key_of = {change.external_id: change.account_key for change in plan.changes}
    for change in plan.changes:
        person = change.external_id or ""
        key = key_of.get(person) or f"new-{person}"
        _apply_one(change, person, key, accounts, links, grants)
    return replace(world, accounts=list(accounts.values()), links=list(links.values()), grants=sorted(grants))


def _apply_one(change: Change, person: str, key: str, accounts: Any, links: Any, grants: set[tuple[str, str]]) -> None:
    fresh = {"source": "hr", "external_id": person, "account_key": key, "user_name": change.user_name}
    match change.action:
        case Action.CREATE:
            accounts[key] = {"account_key": key, "roles": (), **change.after}
            links[person] = {**fresh, "state": "active", "licences": (), "roles": ()}
        case Action.ADOPT:
            links[person] = {**fresh, "state": "active", "licences": (), "roles": ()}
        case Action.UPDATE:
            accounts[key] |= change.after
        case Action.GRANT:
            grants.add((key, change.after["licence"]))
            links[person]["licences"] = tuple(sorted({*links[person]["licences"], change.after["licence"]}))
        case Action.REVOKE:
            grants.discard((key, change.before["licence"]))
        case Action.SUSPEND:
            grants.difference_update({pair for pair in set(grants) if pair[0] == key})
            accounts[key]["roles"] = ()
            links[person] |= {"state": "suspended", "licences": (), "roles": (), "suspended_on": "2026-03-02"}
        case Action.REACTIVATE:
            links[person]["state"] = "active"
        case Action.SET_ROLE:
            accounts[key]["roles"] = tuple(change.after["roles"])
            links[person]["roles"] = tuple(change.after["ours"])
        case Action.ADD_MEMBER | Action.REMOVE_MEMBER:
            accounts[key]["group_key"] = links[person]["group_key"] = change.after["group_key"]
        case _:
            raise AssertionError(change.action)


everything = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@everything
@given(worlds())
def test_after_the_plan_is_applied_nothing_is_left_to_do(world: World) -> None:
    adopted = applied(world, planned(world))  # what an adoption withholds is due in the second run
    after = planned(applied(adopted, planned(adopted)))
    assert [change for change in after.changes if change.action != Action.GRANT or world.seats is None] == []


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
                given_by_us = next(row["licences"] for row in world.links if row["account_key"] == change.account_key)
                assert change.before["licence"] in given_by_us


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
