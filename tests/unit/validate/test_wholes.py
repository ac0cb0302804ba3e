"""A file held against the last accepted one: which bounds there are, and what a small list may do."""

from collections.abc import Sequence
from typing import Any

import pytest

from tasks.model.bounds import DEFAULT_WHOLE, Whole
from tasks.model.rosters import Verdict
from tasks.model.sources import Source
from tasks.model.tables import WORKERS
from tasks.model.wholes import FileProfile, WholeReading
from tasks.validate.wholes import compare, profile_of

KEY = b"k" * 32
HEADINGS = {"external_id": ("Employee No",), "user_name": ("Mail",), "department": ("Department",)}


def staff(count: int, **facts: Any) -> list[dict[str, Any]]:
    rows = [
        {"external_id": f"{n}", "user_name": f"p{n}@acme.example", "department": f"D{n % 12}"} for n in range(count)
    ]
    return [{**row, **facts} for row in rows]


@pytest.fixture
def profile(make_roster: Any) -> Any:
    def make(rows: Sequence[dict[str, Any]], mapped: Sequence[str] = tuple(HEADINGS)) -> FileProfile:
        roster = make_roster(*rows, mapped=mapped)
        held = WORKERS.empty().assign(codes="", key_usable=True)
        return profile_of(roster, Verdict(roster.workers, held, roster.findings), KEY)

    return make


def broken(before: FileProfile, now: FileProfile, bounds: Whole = DEFAULT_WHOLE) -> list[str]:
    return [f"{one.name} {one.subject}".strip() for one in compare(before, now, bounds, HEADINGS) if one.broken]


def test_the_same_file_breaks_nothing(profile) -> None:
    assert broken(profile(staff(40)), profile(staff(40))) == []


@pytest.mark.parametrize(("count", "said"), [(32, []), (31, ["rows"]), (60, []), (61, ["rows"])])
def test_a_list_may_shrink_by_a_fifth_and_grow_by_half(profile, count, said) -> None:
    assert broken(profile(staff(40)), profile(staff(count))) == said


def test_a_blanked_column_breaks_the_bound_once_though_attribute_and_people_follow(profile) -> None:
    readings = broken(profile(staff(40)), profile(staff(40, department=None)))
    assert readings == ["filled Department", "departments", "moved"]


def test_an_attribute_whose_cells_could_not_be_mapped_is_told_by_its_name(profile) -> None:
    whole = profile(staff(40))
    lost = FileProfile(**{**whole.__dict__, "attributes": {**whole.attributes, "department": 0}})
    assert broken(whole, lost) == ["filled department"]


def test_a_column_that_fills_up_is_as_strange_as_one_that_empties(profile) -> None:
    few = [*staff(30, department=None), *staff(40)[30:]]
    assert "filled Department" in broken(profile(few), profile(staff(40)))


def test_departments_may_change_by_less_than_a_third_and_few_count_as_ten(profile) -> None:
    eleven = [{**row, "department": f"D{n % 8}"} for n, row in enumerate(staff(40))]
    assert "departments" in broken(profile(staff(40)), profile(eleven))
    two = [{**row, "department": f"D{n % 4}"} for n, row in enumerate(staff(40))]
    one = [{**row, "department": f"D{n % 3}"} for n, row in enumerate(staff(40))]
    assert "departments" not in broken(profile(two), profile(one))


@pytest.mark.parametrize(("moved", "said"), [(8, []), (9, ["moved"])])
def test_a_fifth_of_the_people_may_change_their_department(profile, moved, said) -> None:
    after = [{**row, "department": f"D{(n + (n < moved)) % 12}"} for n, row in enumerate(staff(40))]
    assert broken(profile(staff(40)), profile(after)) == said


def test_people_are_known_by_their_id_whatever_the_order_and_the_spelling(profile) -> None:
    shouted = [{**row, "department": row["department"].lower()} for row in staff(40)][::-1]
    assert broken(profile(staff(40)), profile(shouted)) == []
    assert profile(staff(40)).marks == profile(shouted).marks


def test_new_and_vanished_columns_stop_or_are_only_told(profile) -> None:
    before, now = profile(staff(40), ("external_id", "user_name")), profile(staff(40))
    assert broken(before, now) == ["column_new Department"]
    assert broken(now, before) == ["column_gone Department"]
    told = [one for one in compare(before, now, Whole(columns="tell"), HEADINGS) if one.name == "column_new"]
    assert [(one.subject, one.broken) for one in told] == [("Department", False)]


def test_a_small_list_counts_as_of_twenty(profile) -> None:
    six = profile(staff(6))
    assert broken(six, profile(staff(3))) == []
    assert broken(six, profile(staff(1))) == ["rows"]
    assert broken(six, profile(staff(12))) == []
    assert broken(six, profile(staff(3, department=None))) == []
    assert "filled Department" in broken(six, profile(staff(6, department=None)))


def test_a_bound_that_is_left_out_keeps_its_default_and_a_delta_has_none_but_columns() -> None:
    def bounds(snapshot: str) -> Whole:
        spec = {"name": "hr", "path": "a.csv", "snapshot": snapshot, "columns": {"user_name": "Mail"}}
        return Source.model_validate({**spec, "whole": {"rows": {"more": "300%"}, "moved": "5%"}}).bounds

    full = bounds("full")
    assert (full.rows.fewer, full.rows.more, full.filled, full.departments, full.moved) == (0.2, 3.0, 0.2, 0.3, 0.05)
    delta = bounds("delta")
    assert (delta.rows.fewer, delta.rows.more, delta.filled, delta.departments) == (None, 3.0, None, None)
    assert delta.columns == "stop"


def test_nothing_of_a_person_is_in_a_profile(profile) -> None:
    kept = profile(staff(40)).to_json()
    assert "acme.example" not in str(kept)
    assert "D11" not in str(kept)
    assert FileProfile.from_json(kept) == profile(staff(40))


def test_another_key_gives_other_marks(make_roster, profile) -> None:
    roster = make_roster(*staff(3), mapped=tuple(HEADINGS))
    held = WORKERS.empty().assign(codes="", key_usable=True)
    other = profile_of(roster, Verdict(roster.workers, held, roster.findings), b"o" * 32)
    assert other.marks != profile(staff(3)).marks


def said(before: FileProfile, now: FileProfile) -> str:
    return "; ".join(str(one) for one in compare(before, now, DEFAULT_WHOLE, HEADINGS))


def test_what_few_counted_as_is_said_beside_their_share(profile) -> None:
    assert "3 rows, 8 before (25% fewer, counted as of 20, limit 20%)" in said(profile(staff(8)), profile(staff(3)))
    assert "counted as of 20" not in said(profile(staff(40)), profile(staff(39)))


def test_readings_say_by_how_much() -> None:
    rows = WholeReading("rows", "", 300, 150, -0.5, 0.2, broken=True)
    same = WholeReading("rows", "", 300, 300, 0.0, 0.5, broken=False)
    assert str(same) == "300 rows, 300 before (0%, limit 50%)"
    filled = WholeReading("filled", "Department", 0.98, 0.0, -0.98, 0.2, broken=True)
    assert str(rows) == "150 rows, 300 before (50% fewer, limit 20%)"
    few = WholeReading("rows", "", 8, 1, -0.35, 0.2, broken=True, counted_as=20)
    assert str(few) == "1 row, 8 before (35% fewer, counted as of 20, limit 20%)"
    assert str(filled) == "'Department' filled to 0%, 98% before (98 points, limit 20)"
