"""However the columns of a list are mixed up: past the bound it is refused, below it nobody loses anything by it."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tasks.model.bounds import DEFAULT_WHOLE
from tasks.model.plan import REMOVALS
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
@given(mixed_up(most=8, among=(("external_id",),)))
def test_who_stands_beside_somebody_elses_name_and_address_loses_nothing(case) -> None:
    """What the bound lets pass: ids in the wrong row, also where the surnames are alike."""
    before, after, _ = case
    moved = {row["external_id"] for row, was in zip(after, before, strict=True) if row != was}
    plan = planned(tenant_of(before, after))
    touched = [change for change in plan.changes if change.external_id in moved]
    assert touched == []
    assert moved <= {item.external_id for item in plan.withheld}
    assert not [change for change in plan.changes if change.action in REMOVALS and change.external_id in moved]


def test_two_of_one_surname_whose_ids_were_exchanged_keep_their_names_and_products() -> None:
    before = staff(4, alike=True)
    after = [{**before[0], "external_id": "1"}, {**before[1], "external_id": "0"}, *before[2:]]
    plan = planned(tenant_of(before, after))
    assert not [change for change in plan.changes if change.external_id in ("0", "1")]
    assert {(item.reason.value, item.external_id) for item in plan.withheld} == {("identity", "0"), ("identity", "1")}


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
