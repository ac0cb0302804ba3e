"""What findings make of rows: clean, held, set aside; and whether a held row's key tells who it is."""

from datetime import date
from pathlib import Path

import pytest

from tasks.model.tables import FINDINGS, WORKERS
from tasks.validate import load_suite, validate

TODAY = date(2026, 3, 1)


@pytest.fixture
def judged(make_roster, headings):
    def judged(*rows, today=TODAY, **more):
        return validate(make_roster(*rows, **more), load_suite("staff", Path()), headings, today)

    return judged


def test_finding_of_mapping_holds_its_row(judged, ada, ben):
    said = {"row": 3, "column": "Until", "attribute": "end_date", "code": "bad_date", "severity": "critical"}
    verdict = judged(ada, ben, findings=[said])
    assert verdict.held[["row", "codes"]].to_numpy().tolist() == [[3, "bad_date"]]
    assert verdict.held["key_usable"].tolist() == [True]
    assert verdict.clean["row"].tolist() == [2]


def test_cell_that_mapping_could_not_read_is_not_called_missing_too(judged, ada, ben):
    said = [
        {"row": 2, "column": "State", "attribute": "status", "code": "bad_status", "severity": "critical"},
        {"row": 3, "column": "Employee No", "attribute": "external_id", "code": "cell_error", "severity": "critical"},
    ]
    verdict = judged({**ada, "status": None}, {**ben, "external_id": None}, findings=said)
    assert verdict.held[["row", "codes"]].to_numpy().tolist() == [[2, "bad_status"], [3, "cell_error"]]
    assert verdict.held["key_usable"].tolist() == [True, False]


def test_codes_of_a_held_row_are_sorted_and_leave_warnings_out(judged, ada):
    row = {**ada, "given_name": None, "user_name": "nobody"}
    verdict = judged(row, row)
    assert verdict.held["codes"].tolist() == ["name_missing,user_name_invalid"] * 2
    assert "duplicate_row" in set(verdict.findings["code"])


WRONG_KEYS = (
    ({"external_id": None}, False),
    ({"external_id": "1.2E+05"}, False),
    ({"external_id": "10\u200b01"}, False),
    ({"user_name": "nobody"}, True),
    ({"given_name": None}, True),
)


def test_key_of_a_held_row_is_usable_if_nothing_is_wrong_with_the_id(judged, ada, ben):
    own = [{"external_id": f"20{n}", "user_name": f"p{n}@acme.example"} for n in range(len(WRONG_KEYS))]
    held = judged(*({**ada, **one, **wrong} for one, (wrong, _) in zip(own, WRONG_KEYS, strict=True)), ben).held
    assert held["row"].tolist() == [2, 3, 4, 5, 6]
    assert held["key_usable"].tolist() == [usable for _, usable in WRONG_KEYS]


def test_contradicting_rows_of_one_person_still_tell_who_it_is(judged, ada):
    assert judged(ada, {**ada, "status": "inactive"}).held["key_usable"].tolist() == [True, True]


def test_id_of_different_people_tells_nobody(judged, ada, ben):
    assert judged(ada, {**ben, "external_id": "1001"}).held["key_usable"].tolist() == [False, False]


def test_wrong_address_is_an_unusable_key_in_a_source_without_ids(judged, ada, ben):
    del ada["external_id"], ben["external_id"]
    assert judged({**ada, "user_name": "nobody"}, ben).held["key_usable"].tolist() == [False]


def test_finding_carries_the_cell_as_it_stood_and_where(judged, ada, ben):
    found = judged(ada, {**ben, "user_name": "ben at acme"}).findings.iloc[0]
    assert found[["source", "file", "row", "column", "attribute", "code", "value"]].tolist() == [
        "hr", "staff.csv", 3, "Mail", "user_name", "user_name_invalid", "ben at acme",
    ]  # fmt: skip
    assert "ben at acme" not in found["message"] + found["remedy"]


def test_tables_have_their_declared_shape(judged, ada, ben):
    verdict = judged(ada, {**ben, "given_name": None})
    assert list(verdict.clean) == list(WORKERS.columns)
    assert list(verdict.held) == [*WORKERS.columns, "codes", "key_usable"]
    assert verdict.held.dtypes.astype(str)[["codes", "key_usable"]].tolist() == ["str", "boolean"]
    assert verdict.findings.dtypes.astype(str).to_dict() == dict(FINDINGS.columns)


def test_names_in_another_spelling_are_the_same_person(judged, ada):
    verdict = judged({**ada, "given_name": "Zo\u00eb "}, {**ada, "given_name": "ZOE\u0308"})
    assert verdict.held["codes"].tolist() == ["id_conflict", "id_conflict"]


def test_addresses_are_shared_without_regard_to_case_and_ids_are_not(judged, ada, ben):
    verdict = judged(
        {**ada, "external_id": "a1"},
        {**ben, "external_id": "A1"},
        {**ben, "external_id": "1003", "user_name": "BEN@acme.example"},
    )
    assert verdict.held[["row", "codes"]].to_numpy().tolist() == [[3, "user_name_shared"], [4, "user_name_shared"]]


def test_row_without_id_does_not_hold_the_same_persons_right_row(judged, ada, ben):
    verdict = judged(ada, {**ada, "external_id": None}, ben)
    assert verdict.held["row"].tolist() == [3]


def test_row_without_id_holds_the_row_of_another_person_with_its_address(judged, ada, ben):
    verdict = judged(ada, {**ada, "external_id": None, "given_name": "Eve"}, ben)
    assert verdict.held[["row", "codes"]].to_numpy().tolist() == [
        [2, "user_name_shared"],
        [3, "id_missing,user_name_shared"],
    ]


LEFT = [{"status": "inactive"}, {"end_date": "2026-02-28"}, {"status": "inactive", "end_date": "2026-12-31"}]


ONLY_STAFF_NEEDS = ({"user_name": None}, {"user_name": "left"}, {"given_name": None}, {"locale": "fr"})


def test_leaver_named_by_an_id_is_not_held_for_what_only_staff_needs(judged, ada):
    cases = [(left, wrong) for left in (*LEFT, {}) for wrong in ONLY_STAFF_NEEDS]
    own = [
        {"external_id": f"20{n}", "user_name": f"p{n}@acme.example", "family_name": f"Ode{n}"}
        for n in range(len(cases))
    ]
    verdict = judged(*({**ada, **one, **wrong, **left} for one, (left, wrong) in zip(own, cases, strict=True)))
    staff = [row for row, (left, _) in enumerate(cases, 2) if not left]
    assert verdict.held["row"].tolist() == staff
    leavers = verdict.findings[~verdict.findings["row"].isin(staff)]
    assert sorted({*leavers["row"]}) == [row for row, (left, _) in enumerate(cases, 2) if left]
    assert set(leavers["severity"]) == {"warning"}


def test_somebody_on_the_last_day_of_work_is_held_like_staff(judged, ada, ben):
    row = {**ada, "user_name": None, "end_date": "2026-03-01"}
    assert judged(row, ben, today=date(2026, 3, 1)).held["external_id"].tolist() == ["1001"]
    assert judged(row, ben, today=date(2026, 3, 2)).held.empty


@pytest.mark.parametrize("left", LEFT)
def test_address_of_a_leaver_may_go_to_a_joiner(judged, ada, ben, left):
    verdict = judged({**ada, **left}, {**ben, "user_name": "ADA@acme.example"})
    assert verdict.clean["external_id"].tolist() == ["1001", "1002"]
    assert verdict.findings.empty


def test_address_of_a_leaver_without_an_id_is_in_doubt(judged, ada, ben):
    del ada["external_id"], ben["external_id"]
    verdict = judged({**ada, "status": "inactive"}, {**ben, "user_name": "ada@acme.example"})
    assert verdict.held["codes"].tolist() == ["user_name_shared", "user_name_shared"]


def test_two_joiners_with_the_address_of_a_leaver_are_held(judged, ada, ben):
    eve = {**ben, "external_id": "1003", "given_name": "Eve"}
    verdict = judged(
        {**ada, "status": "inactive"},
        {**ben, "user_name": "ada@acme.example"},
        {**eve, "user_name": "ada@acme.example"},
    )
    assert verdict.held["external_id"].tolist() == ["1002", "1003"]
    assert verdict.clean["external_id"].tolist() == ["1001"]
