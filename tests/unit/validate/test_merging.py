"""Several files that describe one population: what is taken, what decides, what is held."""

from datetime import date
from typing import Any

import pandas as pd
import pytest

from tasks.model.rosters import Verdict
from tasks.model.sources import Source
from tasks.model.tables import FINDINGS, WORKERS
from tasks.validate.merging import Merged, _each, merge

TODAY = date(2026, 3, 1)
PERSON = ("external_id", "user_name", "given_name", "family_name", "status", "department")
ADA = {"external_id": "1", "user_name": "ada@acme.example", "given_name": "Ada", "family_name": "Byron",
       "status": "active", "department": "Sales"}  # fmt: skip
BEN = {**ADA, "external_id": "2", "user_name": "ben@acme.example", "given_name": "Ben", "family_name": "Ode"}


def source(name: str, *columns: str, snapshot: str = "full") -> Source:
    mapped = {column: column.title() for column in columns or PERSON}
    return Source.model_validate(
        {"name": name, "namespace": "people", "path": f"{name}.csv", "snapshot": snapshot, "columns": mapped}
    )


def verdict(name: str, rows: list[dict[str, Any]]) -> Verdict:
    """Rows 2 and on of a file; those with ``codes`` are held."""
    where = [
        {"source": name, "file": f"{name}.csv", "row": at, "status": "active", **row} for at, row in enumerate(rows, 2)
    ]
    clean = WORKERS.frame([row for row in where if "codes" not in row])
    kept = [row for row in where if "codes" in row]
    held = WORKERS.frame([{k: v for k, v in row.items() if k not in ("codes", "key_usable")} for row in kept])
    held["codes"] = pd.Series([row["codes"] for row in kept], dtype="str")
    held["key_usable"] = pd.Series([row.get("key_usable", True) for row in kept], dtype="boolean")
    said = [
        {"source": name, "file": f"{name}.csv", "row": row["row"], "code": row["codes"], "severity": "critical"}
        for row in kept
    ]
    return Verdict(clean, held, FINDINGS.frame(said))


def together(*files: tuple[Source, list[dict[str, Any]]], **precedence: list[str]) -> Merged:
    verdicts = {one.name: verdict(one.name, rows) for one, rows in files}
    return merge("people", [one for one, _ in files], verdicts, precedence, TODAY)


def people(merged: Merged, *columns: str) -> list[list[Any]]:
    table = merged.people.clean[list(columns)].astype(object)
    return table.where(table.notna(), None).values.tolist()


def codes(merged: Merged, name: str) -> list[tuple[int, str, str | None]]:
    found = merged.verdicts[name].findings
    return [(int(row.row), row.code, row.attribute) for row in found.itertuples() if isinstance(row.attribute, str)]


PHONES = source("telephony", "external_id", "phone", snapshot="delta")


def test_disjoint_files_are_one_population() -> None:
    merged = together((source("hr"), [ADA]), (source("contractors"), [BEN]))
    assert people(merged, "source", "external_id", "file") == [
        ["people", "1", "hr.csv"],
        ["people", "2", "contractors.csv"],
    ]
    assert merged.people.held.empty


def test_a_file_may_give_some_attributes_only() -> None:
    merged = together((PHONES, [{"external_id": "1", "phone": "+33 1"}]), (source("hr"), [ADA, BEN]))
    assert people(merged, "external_id", "phone", "user_name", "file", "row", "also_in") == [
        ["1", "+33 1", "ada@acme.example", "hr.csv", 2, "telephony.csv, row 2"],
        ["2", None, "ben@acme.example", "hr.csv", 3, None],
    ]


def test_what_is_equal_or_blank_is_no_conflict() -> None:
    other = {**ADA, "user_name": "ADA@acme.example", "department": None}
    merged = together((source("hr"), [ADA]), (source("contractors"), [other]))
    assert people(merged, "external_id", "user_name", "department") == [["1", "ADA@acme.example", "Sales"]]


def test_a_difference_holds_every_row_of_the_person_and_names_the_other_without_its_cell() -> None:
    merged = together((source("hr"), [ADA, BEN]), (source("contractors"), [BEN | {"department": "Legal"}]))
    assert people(merged, "external_id") == [["1"]]
    assert merged.people.held["external_id"].tolist() == ["2", "2"]
    assert merged.people.held["key_usable"].tolist() == [True, True]
    assert codes(merged, "hr") == [(3, "sources_conflict", "department")]
    assert codes(merged, "contractors") == [(2, "sources_conflict", "department")]
    (said,) = merged.verdicts["hr"].findings["message"]
    assert "contractors.csv, row 2" in said
    assert "Legal" not in said
    assert len(merged.verdicts["hr"].held) == 1


@pytest.mark.prove
def test_precedence_decides_whatever_the_order_of_files() -> None:
    phones = (source("telephony", "external_id", "phone"), [{"external_id": "1", "phone": "+33 1"}])
    hr = (source("hr", *PERSON, "phone"), [{**ADA, "phone": "+49 2"}])
    for files in ((phones, hr), (hr, phones)):
        assert people(together(*files, phone=["telephony", "hr"]), "phone") == [["+33 1"]]
        assert people(together(*files, phone=["hr", "telephony"]), "phone") == [["+49 2"]]


def test_a_blank_of_the_deciding_file_leaves_it_to_the_next() -> None:
    phones = (source("telephony", "external_id", "phone"), [{"external_id": "1"}])
    hr = (source("hr", *PERSON, "phone"), [{**ADA, "phone": "+49 2"}])
    assert people(together(phones, hr, phone=["telephony", "hr"]), "phone") == [["+49 2"]]


@pytest.mark.prove
@pytest.mark.parametrize(("attribute", "other"), [("status", "inactive"), ("end_date", "2026-01-31")])
def test_who_has_left_is_never_decided_without_precedence(attribute: str, other: str) -> None:
    columns = (*PERSON, "end_date")
    mine = {**ADA, "end_date": "2026-12-31"}
    files = ((source("hr", *columns), [mine]), (source("contractors", *columns), [{**mine, attribute: other}]))
    assert people(together(*files), "external_id") == []
    assert people(together(*files, **{attribute: ["contractors"]}), attribute) == [[other]]


def test_a_list_with_addresses_and_no_status_says_active_of_everybody_in_it() -> None:
    without = source("contractors", "external_id", "user_name")
    files = (
        (source("hr"), [ADA | {"status": "inactive"}]),
        (without, [{"external_id": "1", "user_name": "ada@acme.example"}]),
    )
    assert codes(together(*files), "hr") == [(2, "sources_conflict", "status")]
    assert people(together(*files, status=["hr"]), "status") == [["inactive"]]


def test_a_list_that_only_adds_says_nothing_of_the_status() -> None:
    files = ((source("hr"), [ADA | {"status": "inactive"}]), (PHONES, [{"external_id": "1", "phone": "+33 1"}]))
    assert people(together(*files), "status", "phone") == [["inactive", "+33 1"]]


def test_a_person_held_in_one_file_is_held_in_all() -> None:
    merged = together((source("hr"), [ADA, BEN]), (PHONES, [{"external_id": "1", "codes": "bad_phone"}]))
    assert people(merged, "external_id") == [["2"]]
    assert codes(merged, "hr") == [(2, "held_elsewhere", "external_id")]
    assert sorted(merged.people.held["codes"]) == ["bad_phone", "held_elsewhere"]


def test_a_held_row_without_an_id_holds_whoever_has_its_address_in_another_file() -> None:
    unclear = {**BEN, "external_id": None, "user_name": "ADA@acme.example", "codes": "id_missing", "key_usable": False}
    merged = together((source("hr"), [ADA]), (source("contractors"), [unclear]))
    assert people(merged, "external_id") == []
    assert codes(merged, "hr") == [(2, "held_elsewhere", "user_name")]


def test_an_id_of_two_different_people_is_held_whatever_the_precedence() -> None:
    other = {**BEN, "external_id": "1"}
    files = ((source("hr"), [ADA]), (source("contractors"), [other]))
    merged = together(*files, **{name: ["hr", "contractors"] for name in PERSON})
    assert people(merged, "external_id") == []
    assert codes(merged, "hr") == [(2, "sources_conflict", "external_id")]
    assert merged.people.held["key_usable"].tolist() == [False, False]


def test_a_changed_surname_and_address_are_one_person_still() -> None:
    married = ADA | {"family_name": "King", "user_name": "ada.king@acme.example"}
    files = ((source("hr"), [ADA]), (source("contractors"), [married]))
    merged = together(*files, family_name=["contractors"], user_name=["contractors"])
    assert people(merged, "family_name", "user_name") == [["King", "ada.king@acme.example"]]


def test_an_address_that_files_give_to_two_people_holds_both() -> None:
    merged = together((source("hr"), [ADA]), (source("contractors"), [BEN | {"user_name": "Ada@acme.example"}]))
    assert people(merged, "external_id") == []
    assert codes(merged, "contractors") == [(2, "sources_conflict", "user_name")]


def test_an_address_that_was_given_on_is_its_holders() -> None:
    left = BEN | {"user_name": "ada@acme.example", "status": "inactive"}
    assert len(together((source("hr"), [ADA]), (source("contractors"), [left])).people.clean) == 2


def test_without_ids_a_person_is_the_one_with_the_address() -> None:
    plain = source("mail", "user_name", "phone", snapshot="delta")
    merged = together((source("hr"), [ADA, BEN]), (plain, [{"user_name": "Ben@acme.example", "phone": "+33 1"}]))
    assert people(merged, "external_id", "phone") == [["1", None], ["2", "+33 1"]]


@pytest.mark.parametrize("status", ["active", "inactive"])
def test_an_address_with_somebody_elses_name_is_nobodys_whatever_the_precedence(status: str) -> None:
    """A leaver's address may have been given on: taken for the leaver, the newcomer would get nothing, unseen."""
    newcomer = {"user_name": "ADA@acme.example", "given_name": "Zoe", "family_name": "Neu"}
    merged = together(
        (source("hr"), [{**ADA, "status": status}, BEN]),
        (source("agency", "user_name", "given_name", "family_name"), [newcomer]),
        **{attribute: ["hr", "agency"] for attribute in ("given_name", "family_name", "status")},
    )
    assert people(merged, "external_id") == [["2"]]
    assert merged.people.held["key_usable"].tolist() == [False, False]
    assert codes(merged, "hr") == [(2, "sources_conflict", "user_name")]
    assert codes(merged, "agency") == [(2, "sources_conflict", "user_name")]


def test_a_person_known_by_the_address_may_have_one_name_written_otherwise() -> None:
    other = {"user_name": "ada@acme.example", "given_name": "ADA", "family_name": "Lovelace"}
    merged = together(
        (source("hr"), [ADA]),
        (source("agency", "user_name", "given_name", "family_name"), [other]),
        given_name=["hr"],
        family_name=["hr"],
    )
    assert people(merged, "external_id", "family_name") == [["1", "Byron"]]


def test_whom_only_a_full_list_without_addresses_has_is_held() -> None:
    full = source("telephony", "external_id", "phone")
    merged = together((source("hr"), [ADA]), (full, [{"external_id": "9", "phone": "+33 9"}]))
    assert people(merged, "external_id") == [["1"]]
    assert codes(merged, "telephony") == [(2, "address_nowhere", "external_id")]
    assert merged.people.held["external_id"].tolist() == ["9"]


def test_whom_only_a_delta_without_addresses_has_is_told_and_left_aside() -> None:
    merged = together((source("hr"), [ADA]), (PHONES, [{"external_id": "9", "phone": "+33 9"}]))
    assert people(merged, "external_id") == [["1"]]
    assert codes(merged, "telephony") == [(2, "nobody_elsewhere", "external_id")]
    assert merged.people.held.empty
    assert len(merged.verdicts["telephony"].clean) == 1


def test_two_rows_of_one_adding_file_that_differ_are_held() -> None:
    twice = [{"external_id": "1", "phone": "+33 1"}, {"external_id": "1", "phone": "+33 2"}]
    merged = together((source("hr"), [ADA]), (PHONES, twice), phone=["telephony"])
    assert people(merged, "external_id") == []
    assert codes(merged, "telephony") == [(2, "sources_conflict", "phone"), (3, "sources_conflict", "phone")]


def test_a_row_of_a_shared_address_names_the_first_others_and_counts_the_rest() -> None:
    shared = [{**ADA, "external_id": str(number), "given_name": f"Ada {number}"} for number in range(6)]
    merged = together((source("hr"), shared[:3]), (source("contractors"), shared[3:]))
    said = {row.row: row.message for row in merged.verdicts["hr"].findings.itertuples()}
    assert said[2].endswith(": hr.csv, row 3; hr.csv, row 4; contractors.csv, row 2 and 2 more.")
    assert said[4].endswith(": hr.csv, row 2; hr.csv, row 3; contractors.csv, row 2 and 2 more.")


@pytest.mark.parametrize("people", [10, 40])
def test_notes_on_a_shared_address_stay_small_however_many_share_it(people: int) -> None:
    """Thousands of rows may have one address: if each listed all the others, memory would go with their square."""
    rows = pd.DataFrame({"at": range(people)})
    assert {(len(note.others), note.more) for note in _each(rows, "user_name", "", "")} == {(3, people - 4)}
