"""The suites of sheets whose rows are not people: each check has a sheet that breaks it, and one that does not."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tasks.model.errors import RejectedSource
from tasks.validate import load_suite, validate
from tasks.validate.suites import suite_names
from tests.support.effort import sampled

TODAY = date(2026, 3, 1)
ROLE = {"user_name": "ada@acme.example", "role": "MANAGE_USERS", "group": "Revenue", "products": "G2M; G2W/Webinar Pro"}
MEMBER = {"user_name": "ada@acme.example", "group": "Revenue"}
MOVE = {"user_name": "ada@old.example", "new_address": "ada@acme.example", "products": "G2M"}
LONG = "a" * 60 + "@" + "b" * 60 + ".acme.example"
LOOK = "\u0430"
EXAMPLES = {"role_sheet": ROLE, "groups": MEMBER, "migration_map": MOVE}

CASES = {
    "role_sheet": {
        "person_missing": ({"user_name": None}, "critical", "Mail"),
        "user_name_invalid": ({"user_name": "ada"}, "critical", "Mail"),
        "user_name_too_long": ({"user_name": LONG}, "critical", "Mail"),
        "role_missing": ({"role": None}, "critical", "Role"),
        "role_unknown": ({"role": "Manager"}, "warning", "Role"),
        "product_unknown": ({"products": "G2M;Zoom"}, "warning", "Products"),
        "lookalike_letters": ({"group": f"Revenue {LOOK}b"}, "critical", "Group"),
        "control_characters": ({"group": "Reve\tnue"}, "critical", "Group"),
    },
    "groups": {
        "person_missing": ({"user_name": None}, "critical", "Mail"),
        "user_name_invalid": ({"user_name": "ada"}, "critical", "Mail"),
        "user_name_too_long": ({"user_name": LONG}, "critical", "Mail"),
        "group_missing": ({"group": None}, "critical", "Group"),
        "lookalike_letters": ({"group": f"Revenue {LOOK}b"}, "critical", "Group"),
        "control_characters": ({"group": "Reve\tnue"}, "critical", "Group"),
    },
    "migration_map": {
        "user_name_missing": ({"user_name": None}, "critical", "Mail"),
        "user_name_invalid": ({"user_name": "ada"}, "critical", "Mail"),
        "user_name_too_long": ({"user_name": LONG}, "critical", "Mail"),
        "new_address_missing": ({"new_address": None}, "critical", "New mail"),
        "new_address_invalid": ({"new_address": "ada"}, "critical", "New mail"),
        "new_address_too_long": ({"new_address": LONG}, "critical", "New mail"),
        "lookalike_letters": ({"new_address": f"ada@{LOOK}cme.example"}, "critical", "New mail"),
        "address_kept": ({"new_address": "ADA@old.example"}, "info", "New mail"),
        "product_unknown": ({"products": "Zoom"}, "warning", "Products"),
        "control_characters": ({"products": "G2M/Webinar\tPro"}, "critical", "Products"),
    },
}
OF_SEVERAL_ROWS = {
    "role_sheet": {"roster_empty", "column_blank", "duplicate_row"},
    "groups": {"roster_empty", "column_blank", "duplicate_row", "several_groups"},
    "migration_map": {
        *("roster_empty", "column_blank", "duplicate_row"),
        *("move_contradictory", "move_collision", "move_chain"),
    },
}
FURTHER = {**ROLE, "new_address": "ben@acme.example", "user_name": "ben@old.example"}


def judged(make_roster, headings, name, *rows):
    return validate(make_roster(*rows), load_suite(name, Path()), headings, TODAY)


def said(verdict):
    return verdict.findings[["row", "code", "severity"]].to_numpy().tolist()


def test_every_suite_that_comes_along_is_tested():
    assert {"staff", *CASES} == set(suite_names())


@pytest.mark.parametrize("name", CASES)
def test_every_code_has_a_sheet_that_breaks_it(name):
    assert {check.code for check in load_suite(name, Path()).checks} == CASES[name].keys() | OF_SEVERAL_ROWS[name]


@pytest.mark.parametrize("name", CASES)
def test_right_rows_have_no_finding(make_roster, headings, name):
    other = {key: FURTHER[key] for key in EXAMPLES[name]}
    assert said(judged(make_roster, headings, name, EXAMPLES[name], other)) == []


WRONG = [pytest.param(name, code, id=f"{name} {code}") for name, cases in CASES.items() for code in cases]
FIRST = {f"{name} {next(iter(cases))}" for name, cases in CASES.items()}


@pytest.mark.parametrize(("name", "code"), sampled(WRONG, FIRST))
def test_a_wrong_cell_is_found_in_its_row_and_column(make_roster, headings, name, code):
    change, severity, column = CASES[name][code]
    other = {key: FURTHER[key] for key in EXAMPLES[name]}
    verdict = judged(make_roster, headings, name, {**EXAMPLES[name], **change}, other, other | {"group": "Sales"})
    mine = verdict.findings[verdict.findings["row"] == 2]
    assert mine[["code", "severity", "column"]].to_numpy().tolist() == [[code, severity, column]]
    assert verdict.held["row"].tolist() == ([2] if severity == "critical" else [])


def test_one_person_may_have_several_roles_and_several_groups(make_roster, headings):
    verdict = judged(
        make_roster, headings, "role_sheet", ROLE, {**ROLE, "role": "ADD_USERS"}, {**ROLE, "group": "EMEA"}
    )
    assert said(verdict) == []
    verdict = judged(make_roster, headings, "groups", MEMBER, {**MEMBER, "group": "EMEA"})
    assert said(verdict) == [[2, "several_groups", "info"], [3, "several_groups", "info"]]


@pytest.mark.parametrize("name", CASES)
def test_of_a_row_that_stands_twice_one_is_used(make_roster, headings, name):
    verdict = judged(make_roster, headings, name, EXAMPLES[name], EXAMPLES[name])
    assert said(verdict) == [[3, "duplicate_row", "warning"]]
    assert verdict.clean["row"].tolist() == [2]


def test_a_person_is_named_by_id_as_well(make_roster, headings):
    by_id = {"external_id": "1001", "role": "custom:Auditor"}
    assert said(judged(make_roster, headings, "role_sheet", by_id)) == []
    nobody = {**by_id, "external_id": None}
    assert said(judged(make_roster, headings, "role_sheet", by_id, nobody)) == [[3, "person_missing", "critical"]]


def test_an_old_address_that_leads_to_two_new_ones_is_held_in_both_rows(make_roster, headings):
    verdict = judged(make_roster, headings, "migration_map", MOVE, {**MOVE, "new_address": "a.byron@acme.example"})
    assert said(verdict) == [[2, "move_contradictory", "critical"], [3, "move_contradictory", "critical"]]


def test_two_old_addresses_that_lead_to_one_new_one_are_held(make_roster, headings):
    verdict = judged(make_roster, headings, "migration_map", MOVE, {**MOVE, "user_name": "ben@old.example"})
    assert said(verdict) == [[2, "move_collision", "critical"], [3, "move_collision", "critical"]]


def test_a_new_address_that_somebody_else_has_still_is_told(make_roster, headings):
    swap = {**MOVE, "user_name": "ada@acme.example", "new_address": "ada.b@acme.example"}
    assert said(judged(make_roster, headings, "migration_map", MOVE, swap)) == [[2, "move_chain", "warning"]]


@pytest.mark.parametrize(
    ("name", "lost"), [("role_sheet", "role"), ("groups", "group"), ("migration_map", "new_address")]
)
def test_a_column_that_has_lost_its_values_refuses_the_sheet(make_roster, headings, name, lost):
    rows = [EXAMPLES[name], *({**EXAMPLES[name], lost: None, "user_name": f"a{n}@old.example"} for n in (1, 2))]
    with pytest.raises(RejectedSource) as caught:
        judged(make_roster, headings, name, *rows)
    assert [failure["code"] for failure in caught.value.facts["failures"]] == ["column_blank"]


@pytest.mark.parametrize(("name", "row"), EXAMPLES.items())
def test_a_sheet_without_its_column_or_without_rows_is_refused(make_roster, headings, name, row):
    needed = {"role_sheet": "role", "groups": "group", "migration_map": "new_address"}[name]
    with pytest.raises(RejectedSource, match=needed):
        judged(make_roster, headings, name, {key: value for key, value in row.items() if key != needed})
    whole = make_roster(row)
    empty = replace(whole, raw=whole.raw.head(0), workers=whole.workers.head(0))
    with pytest.raises(RejectedSource, match="no rows"):
        validate(empty, load_suite(name, Path()), headings, TODAY)


@pytest.mark.parametrize("name", CASES)
def test_all_suites_look_for_the_same_invisible_characters(name):
    def regex(suite):
        checks = load_suite(suite, Path()).checks
        return next(check.kwargs["regex"] for check in checks if check.code == "control_characters")

    assert regex(name) == regex("staff")
