"""However the columns of a list are mixed up: past the bound it is refused, below it nobody loses anything by it."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.model.bounds import DEFAULT_WHOLE
from tasks.model.errors import RejectedSource
from tasks.model.plan import REMOVALS, Plan
from tasks.model.rosters import Roster, Verdict
from tasks.model.tables import FINDINGS, LINKS, WORKERS
from tasks.model.wholes import FileProfile
from tasks.validate.identity import FEWEST, LinkedPeople, compare_people
from tasks.validate.wholes import profile_of
from tests.properties.test_plan import World, planned
from tests.support.effort import examples

KEY = b"k" * 32
MAPPED = ("external_id", "user_name", "given_name", "family_name")
COLUMNS = (
    ("external_id",),
    ("user_name",),
    ("given_name", "family_name"),
    ("given_name",),
    ("external_id", "given_name"),
)
Row = dict[str, Any]
few = settings(max_examples=examples(10), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def staff(count: int, *, alike: bool = False) -> list[Row]:
    """Return people of whom no two have anything alike, the surname excepted where they are *alike*."""
    return [
        {"source": "hr", "file": "f.csv", "row": n + 2, "external_id": f"{n}", "user_name": f"p{n}@acme.example",
         "given_name": f"P{n}", "family_name": "Vale" if alike else f"Vale{n}", "status": "active",
         "department": ("Sales", "Support")[n % 2]}
        for n in range(count)
    ]  # fmt: skip


def profile(rows: list[Row]) -> FileProfile:
    workers = WORKERS.frame(rows)
    roster = Roster("hr", "f.csv", None, "0" * 64, workers[list(MAPPED)], workers, FINDINGS.empty(), MAPPED)
    return profile_of(
        roster, Verdict(workers, WORKERS.empty().assign(codes="", key_usable=True), FINDINGS.empty()), KEY
    )


@st.composite
def mixed_up(
    draw: st.DrawFn, most: int = 60, among: tuple[tuple[str, ...], ...] = COLUMNS
) -> tuple[list[Row], list[Row], int]:
    """Return a list, the same with some columns in another order among some of its rows, and how many rows that are."""
    rows = staff(draw(st.integers(2, most)), alike=draw(st.booleans()))
    part = draw(st.lists(st.sampled_from(range(len(rows))), unique=True, max_size=len(rows)))
    columns = draw(st.sampled_from(among))
    by = draw(st.integers(1, max(1, len(part) - 1)))
    order = draw(st.permutations(part)) if draw(st.booleans()) else [*part[by:], *part[:by]]
    after = [dict(row) for row in rows]
    for to, taken in zip(part, order, strict=True):
        after[to] |= {name: rows[taken][name] for name in columns}
    return rows, after, sum(to != taken for to, taken in zip(part, order, strict=True))


@few
@given(mixed_up())
def test_a_list_is_refused_just_where_more_people_are_mixed_up_than_the_bound_allows(case) -> None:
    before, after, moved = case
    beyond = moved >= FEWEST and moved / max(len(before), 20) > (DEFAULT_WHOLE.identity or 1)
    readings = compare_people(profile(before), profile(after), DEFAULT_WHOLE, LinkedPeople(), "hr")
    assert any(reading.broken for reading in readings) == beyond
    assert max(reading.now for reading in readings) == moved


@few
@given(mixed_up())
def test_without_a_last_list_the_links_tell_it_of_ids_and_addresses(case) -> None:
    before, after, moved = case
    links = [
        {**{name: row[name] for name in ("source", *MAPPED)}, "account_key": row["external_id"], "state": "active"}
        for row in before
    ]
    readings = compare_people(None, profile(after), DEFAULT_WHOLE, LinkedPeople.of(LINKS.frame(links), KEY), "hr")
    addresses = {row["external_id"]: row["user_name"] for row in before}
    expected = sum(addresses[row["external_id"]] != row["user_name"] for row in after)
    assert readings[0].now == expected <= moved


@few
@given(mixed_up(most=8, among=(("external_id",), ("user_name",), ("given_name", "family_name"))), st.booleans())
def test_who_stands_beside_somebody_elses_address_or_has_their_names_loses_nothing(case, namesakes) -> None:
    """What the bound lets pass: ids, addresses or names in the wrong row, also where surnames or names are alike."""
    before, after, _ = case
    if namesakes:
        before, after = ([{**row, "given_name": "Kim", "family_name": "Vale"} for row in rows] for rows in case[:2])
    moved = {row["external_id"] for row, was in zip(after, before, strict=True) if row != was}
    plan = planned(tenant_of(before, after))
    touched = [change for change in plan.changes if change.external_id in moved]
    assert touched == []
    assert moved <= {item.external_id for item in plan.withheld}
    assert not [change for change in plan.changes if change.action in REMOVALS and change.external_id in moved]


@pytest.mark.parametrize("columns", [("external_id",), ("user_name",)])
def test_two_namesakes_whose_ids_or_addresses_were_exchanged_keep_their_products(columns) -> None:
    before = [{**row, "given_name": "Kim", "family_name": "Vale"} for row in staff(4)]
    after = [
        {**before[0], **{name: before[1][name] for name in columns}},
        {**before[1], **{name: before[0][name] for name in columns}},
        *before[2:],
    ]
    plan = planned(tenant_of(before, after))
    assert held(plan) == {("identity", "0"), ("identity", "1")}
    assert not [change for change in plan.changes if change.external_id in ("0", "1")]


def test_two_whose_names_were_exchanged_keep_them() -> None:
    before = staff(4)
    names = [{name: row[name] for name in ("given_name", "family_name")} for row in before]
    plan = planned(tenant_of(before, [{**before[0], **names[1]}, {**before[1], **names[0]}, *before[2:]]))
    assert held(plan) == {("identity", "0"), ("identity", "1")}
    assert not [change for change in plan.changes if change.external_id in ("0", "1")]


def test_two_whose_links_lead_to_each_others_accounts_keep_what_these_have() -> None:
    """As when the answers to two creates named each other's accounts."""
    before = staff(4)
    world = tenant_of(before, before)
    first, second = world.links[0]["account_key"], world.links[1]["account_key"]
    world.links[0]["account_key"], world.links[1]["account_key"] = second, first
    plan = planned(world)
    assert held(plan) == {("identity", "0"), ("identity", "1")}
    assert not [change for change in plan.changes if change.external_id in ("0", "1")]


def test_an_account_that_was_given_an_address_of_its_own_is_its_owners() -> None:
    before = staff(4)
    world = tenant_of(before, before)
    world.accounts[0]["user_name"] = "boss@acme.example"
    assert held(planned(world)) == set()


def test_who_gets_an_address_or_a_name_of_their_own_or_that_of_somebody_who_stays_is_who_they_were() -> None:
    before = staff(4)
    married = {**before[0], "family_name": "Hill", "user_name": "p0.hill@acme.example"}
    namesake = {**before[1], "given_name": "P2", "family_name": "Vale2"}
    assert held(planned(tenant_of(before, [married, namesake, *before[2:]]))) == set()


def test_who_gets_the_address_of_somebody_who_has_left_is_who_they_were() -> None:
    before = [{**row, "given_name": "Kim", "family_name": "Vale"} for row in staff(4)]
    heir = {**before[0], "user_name": before[1]["user_name"]}
    assert ("identity", "0") not in held(planned(tenant_of(before, [heir, *before[2:]])))


def test_two_of_one_surname_whose_ids_were_exchanged_keep_their_names_and_products() -> None:
    before = staff(4, alike=True)
    after = [{**before[0], "external_id": "1"}, {**before[1], "external_id": "0"}, *before[2:]]
    plan = planned(tenant_of(before, after))
    assert not [change for change in plan.changes if change.external_id in ("0", "1")]
    assert held(plan) == {("identity", "0"), ("identity", "1")}


NAMED = ("given_name", "family_name")
NEW = {"external_id": "9", "user_name": "new@acme.example", "given_name": "Max", "family_name": "Muster"}


def sales(count: int, *, alike: bool = False) -> list[Row]:
    """Return people whom the rules give what they have."""
    return [{**row, "department": "Sales"} for row in staff(count, alike=alike)]


def sheet_of(before: list[Row], **newcomer: str) -> tuple[Row, Row, list[Row]]:
    """Return the first of *before*, a newcomer in the row after, and the others."""
    return before[0], {**before[1], "row": 99, **NEW, **newcomer}, before[1:]


@pytest.mark.parametrize("names", [{"family_name": "Vale0"}, {"given_name": "P0"}, {}], ids=str)
def test_an_id_that_was_exchanged_with_a_newcomers_hands_no_account_over(names) -> None:
    before = sales(4)
    known, newcomer, others = sheet_of(before, **names)
    plan = planned(tenant_of(before, [{**known, "external_id": "9"}, {**newcomer, "external_id": "0"}, *others]))
    assert plan.changes == ()
    assert held(plan) == {("identity", "0"), ("claimed", "9")}


def test_names_that_were_exchanged_with_a_newcomers_change_and_make_nobody() -> None:
    before = sales(4)
    known, newcomer, others = sheet_of(before)
    ids = ("external_id", "user_name")
    after = [{**known, **{name: newcomer[name] for name in ids}}, {**newcomer, **{name: known[name] for name in ids}}]
    plan = planned(tenant_of(before, [*after, *others]))
    assert plan.changes == ()
    assert held(plan) == {("identity", "0"), ("claimed", "9")}


def test_who_marries_and_has_a_namesake_that_is_new_is_who_they_were_and_may_leave() -> None:
    before = sales(4)
    known, namesake, others = sheet_of(before, given_name="P0", family_name="Vale0")
    married = {**known, "family_name": "Hill"}
    plan = planned(tenant_of(before, [married, namesake, *others]))
    assert {(change.action, change.external_id) for change in plan.changes} >= {("update", "0"), ("create", "9")}
    assert held(plan) == set()
    gone = planned(tenant_of(before, [{**married, "status": "inactive"}, namesake, *others]))
    assert ("suspend", "0") in {(change.action, change.external_id) for change in gone.changes}


def test_who_leaves_by_their_own_row_leaves_though_a_stranger_has_their_names() -> None:
    before = sales(4)
    stranger = {**before[1], "user_name": "new@acme.example", **{name: before[0][name] for name in NAMED}}
    plan = planned(tenant_of(before, [{**before[0], "status": "inactive"}, stranger, *before[2:]]))
    assert [(change.action, change.external_id) for change in plan.changes] == [("suspend", "0")]
    assert held(plan) == {("identity", "1")}


def test_a_namesake_of_whoever_had_an_id_that_was_given_again_is_made() -> None:
    before = sales(4)
    again = {**before[0], **NEW, "external_id": "0"}
    _, namesake, others = sheet_of(before, user_name="other@acme.example", given_name="P0", family_name="Vale0")
    plan = planned(tenant_of(before, [again, namesake, *others]))
    assert ("create", "9") in {(change.action, change.external_id) for change in plan.changes}
    assert held(plan) == {("identity", "0")}


def test_names_that_stand_in_several_rows_say_of_nobody_who_it_is() -> None:
    """As those of places that are not filled yet."""
    before = [{**row, "given_name": "Vacant", "family_name": "Position"} for row in sales(1)] + sales(4)[1:]
    filled = {**before[0], "given_name": "Eva", "family_name": "Klein"}
    places = [
        {**before[0], "external_id": f"9{at}", "user_name": f"v{at}@acme.example", "row": 90 + at} for at in (1, 2)
    ]
    plan = planned(tenant_of(before, [filled, *places, *before[1:]]))
    assert {("update", "0"), ("create", "91")} <= {(change.action, change.external_id) for change in plan.changes}
    assert held(plan) == set()


def test_a_newcomer_with_the_names_of_somebody_who_keeps_them_is_made() -> None:
    before = sales(4)
    _, namesake, _ = sheet_of(before, given_name="P0", family_name="Vale0")
    plan = planned(tenant_of(before, [*before, namesake]))
    assert [(change.action, change.external_id) for change in plan.changes][:1] == [("create", "9")]
    assert held(plan) == set()


@pytest.mark.parametrize("down", [1, 2])
def test_who_is_in_a_held_row_under_the_id_and_address_of_another_is_not_absent(down) -> None:
    """As when a cell is filled down over the rows below it."""
    before = sales(5)
    filled = {name: before[0][name] for name in ("external_id", "user_name")}
    cells = [{**row, **filled, "codes": "id_shared", "key_usable": False} for row in before[: down + 1]]
    plan = planned(replace(tenant_of(before, before[down + 1 :]), held=cells))
    assert plan.changes == ()
    assert held(plan) == {("held", "0"), *(("undecided", str(number)) for number in range(1, down + 1))}


def test_a_held_row_of_somebody_keeps_no_namesake_who_has_left() -> None:
    before = [{**row, "given_name": "Kim", "family_name": "Vale"} for row in sales(4)]
    mine = {**before[0], "codes": "department_missing", "key_usable": True}
    plan = planned(replace(tenant_of(before, before[2:]), held=[mine]))
    assert [(change.action, change.external_id) for change in plan.changes] == [("suspend", "1")]


def test_who_stands_with_address_and_names_under_the_id_of_somebody_who_is_gone_is_not_absent() -> None:
    before = sales(5)
    plan = planned(tenant_of(before, [{**before[0], "external_id": "1"}, *before[2:]]))
    assert plan.changes == ()
    assert held(plan) == {("identity", "1"), ("new_id", "0")}


def test_whose_address_stands_in_a_row_that_was_merged_with_another_is_not_absent() -> None:
    """The row has id and names of the next one, which is held for want of them."""
    before = sales(5)
    merged = {**before[1], "user_name": before[0]["user_name"]}
    rest = {**before[1], "external_id": None, "given_name": None, "family_name": None}
    world = replace(
        tenant_of(before, [merged, *before[2:]]), held=[{**rest, "codes": "id_missing", "key_usable": False}]
    )
    plan = planned(world)
    assert [change for change in plan.changes if change.external_id in ("0", "1")] == []
    assert ("new_id", "0") in held(plan)


@st.composite
def sheets(draw: st.DrawFn) -> tuple[list[Row], list[Row]]:
    """Return the people who are linked, and a list of most of them and of newcomers, in which cells of a few rows have
    got beside others: exchanged, moved on by a row, or filled down."""
    before = sales(draw(st.integers(3, 8)), alike=draw(st.booleans()))
    gone = draw(st.integers(0, 1))
    new = [
        {**row, "external_id": f"9{at}", "user_name": f"n{at}@acme.example", "given_name": f"N{at}", "row": 90 + at,
         "family_name": draw(st.sampled_from(["Vale", f"New{at}"]))}
        for at, row in enumerate(sales(draw(st.integers(0, 3))))
    ]  # fmt: skip
    rows = draw(st.permutations([*before[gone:], *new]))
    part = draw(st.lists(st.sampled_from(range(len(rows))), unique=True, min_size=2, max_size=4))
    columns = draw(st.sampled_from([*COLUMNS[:3], ("external_id", "user_name")]))
    fill = "given_name" not in columns and draw(st.booleans())  # who gets the names of one who keeps them is a namesake
    after = [dict(row) for row in rows]
    for to, taken in zip(part, part[:1] * len(part) if fill else [*part[1:], part[0]], strict=True):
        after[to] |= {name: rows[taken][name] for name in columns}
    return before, after


def validated(before: list[Row], after: list[Row]) -> World:
    """Hold the rows whose id or address is not theirs alone, as validation does."""
    shared = {
        (name, value)
        for name in ("external_id", "user_name")
        for value, count in Counter(row[name] for row in after).items()
        if count > 1
    }
    held = [any((name, row[name]) in shared for name in ("external_id", "user_name")) for row in after]
    rows = [{**row, "codes": "id_shared", "key_usable": False} for row, at in zip(after, held, strict=True) if at]
    return replace(tenant_of(before, [row for row, at in zip(after, held, strict=True) if not at]), held=rows)


@few
@given(sheets())
def test_nobody_who_is_in_the_list_is_taken_for_a_leaver_or_gets_anothers_names(case) -> None:
    before, after = case
    try:
        plan = planned(validated(before, after))
    except RejectedSource:  # nobody is found in it, and nothing is done
        return
    present = {(row["given_name"], row["family_name"]) for row in after} | {row["user_name"] for row in after}
    for row in before:
        mine = [change for change in plan.changes if change.external_id == row["external_id"]]
        if (row["given_name"], row["family_name"]) in present and row["user_name"] in present:
            assert not [change for change in mine if change.action in REMOVALS]
        names = {one["given_name"] for one in [*before, *after]} - {row["given_name"]}
        assert not [change for change in mine if change.before and change.after.get("given_name") in names]


def held(plan: Plan) -> set[tuple[str, str]]:
    return {(item.reason.value, item.external_id) for item in plan.withheld}


def tenant_of(before: list[Row], after: list[Row]) -> World:
    names = ("user_name", "given_name", "family_name")
    accounts = [
        {"account_key": f"70{row['external_id']}", "roles": (), "managed_groups": (), "group_key": None,
         **{name: row[name] for name in names}} for row in before
    ]  # fmt: skip
    links = [
        {"source": "hr", "external_id": row["external_id"], "account_key": f"70{row['external_id']}", "state": "active",
         "licences": ("9002",), "roles": (), **{name: row[name] for name in names}} for row in before
    ]  # fmt: skip
    grants = [(account["account_key"], "9002") for account in accounts]
    rule = {"when": {"department": "Sales"}, "grant": {"products": ["G2M"]}, "enabled": "true"}
    return World(after, [], accounts, grants, links, None, (rule,))
