"""Each check of the staff suite has a sheet that breaks it, and one that does not."""

from datetime import date
from pathlib import Path

import pytest

from tasks.model.errors import RejectedSource
from tasks.validate import load_suite, validate
from tests.support.effort import sampled

TODAY = date(2026, 3, 1)

LONG = "a" * 33

ROW_CASES = {
    "id_missing": {"external_id": None},
    "id_malformed": {"external_id": "1.2E+05"},
    "user_name_missing": {"user_name": None},
    "user_name_invalid": {"user_name": "ada acme.example"},
    "user_name_too_long": {"user_name": "a" * 60 + "@" + "b" * 60 + ".acme.example"},
    "name_missing": {"family_name": None},
    "name_too_long": {"given_name": LONG},
    "status_missing": {"status": None},
    "status_invalid": {"status": "retired"},
    "end_before_start": {"start_date": "2026-03-02", "end_date": "2026-03-01"},
    "locale_invalid": {"locale": "fr-FR"},
    "control_characters": {"department": "Sales\nEMEA"},
    "lookalike_letters": {"given_name": "Ad\u0430"},
    "born_in_future": {"birth_date": "2026-03-02"},
    "start_far_ahead": {"start_date": "2028-03-02", "end_date": None},
}
HIDDEN = {
    f"{attribute}-{text.encode('unicode_escape').decode()}": {attribute: text}
    for attribute in ("department", "external_id")
    for text in (
        "Sa\u00adles", "Sales\u200e", "\u200fSales", "Sa\u200dles", "Sales\u200c", "\u200dSales", "Sales\u3164"
    )
}  # fmt: skip
LANGUAGES = {
    f"department-{language}": {"department": text}
    for language, text in {
        "Persian": "\u0646\u0631\u0645\u200c\u0627\u0641\u0632\u0627\u0631",  # parts words so
        "Persian and Latin": "IT\u200c\u0647\u0627",
        "Malayalam": "\u0d05\u0d35\u0d28\u0d4d\u200d",  # ends words so
        "Japanese": "\u845b\U000e0100\u57ce",  # a name in its own form
        "French and German": "C\u00f4te d\u2019Ivoire \u2013 S\u00fcd",
    }.items()
}
CELL_CASES = {**ROW_CASES, **HIDDEN, **LANGUAGES}
PAIR_CASES = {
    "id_shared": {"user_name": "eve@acme.example", "given_name": "Eve"},
    "id_conflict": {"department": "Support"},
    "duplicate_row": {},
    "user_name_shared": {"external_id": "1009", "given_name": "Eve"},
}
ABOUT = {
    "id_missing": "Employee No", "id_malformed": "Employee No", "id_shared": "Employee No",
    "id_conflict": "Employee No", "user_name_missing": "Mail", "user_name_invalid": "Mail",
    "user_name_too_long": "Mail", "user_name_shared": "Mail",
    "name_missing": "Surname", "name_too_long": "First name", "status_missing": "State", "status_invalid": "State",
    "end_before_start": "Until", "locale_invalid": "Language", "control_characters": "Department",
    "lookalike_letters": "First name", "born_in_future": "Born", "start_far_ahead": "From",
}  # fmt: skip
MILD_CASES = {
    "manager_unknown": ("warning", {"manager_id": "4711"}),
    "manager_self": ("warning", {"manager_id": "1001"}),
    "homonym": ("info", {}),
}
WHOLE = {
    "external_id": "1001", "user_name": "ada@acme.example", "given_name": "Ada", "family_name": "Byron",
    "status": "active", "birth_date": "2026-03-01", "start_date": "2026-03-01", "end_date": "2026-03-01",
    "department": "Sales", "locale": "fr_FR",
}  # fmt: skip
CY = {"external_id": "1003", "user_name": "cy@acme.example", "given_name": "Cy"}
TABLE_CODES = {"roster_empty", "column_blank"}


@pytest.fixture
def staff():
    return load_suite("staff", Path())


@pytest.fixture
def whole():
    return dict(WHOLE)


def test_every_code_of_the_suite_has_a_sheet_that_breaks_it(staff):
    assert {
        check.code for check in staff.checks
    } == ROW_CASES.keys() | PAIR_CASES.keys() | MILD_CASES.keys() | TABLE_CODES


def test_right_row_has_no_finding(staff, make_roster, whole, headings):
    verdict = validate(make_roster(whole), staff, headings, TODAY)
    assert verdict.findings.empty
    assert verdict.clean["row"].tolist() == [2]
    assert verdict.held.empty


@pytest.fixture(scope="module")
def one_wrong_cell_each(make_roster, headings):
    """What becomes of a list in which each case has a row, before the row of somebody of whom all is right."""
    people = [
        {**WHOLE, "external_id": str(n), "user_name": f"p{n}@acme.example", "family_name": f"Ode{n}"}
        for n in range(2 * len(CELL_CASES))
    ]
    cases = [{**person, **case} for person, case in zip(people[::2], CELL_CASES.values(), strict=True)]
    rows = [row for pair in zip(cases, people[1::2], strict=True) for row in pair]
    return validate(make_roster(*rows), load_suite("staff", Path()), headings, TODAY)


def row_of(case):
    return 2 + 2 * list(CELL_CASES).index(case)


def held(verdict):
    return dict(zip(verdict.held["row"], verdict.held["codes"], strict=True))


def test_only_rows_with_a_wrong_cell_are_held(one_wrong_cell_each):
    right = [row_of(name) for name in CELL_CASES if name in LANGUAGES]
    rows = range(2, 2 + 2 * len(CELL_CASES))
    assert sorted({*one_wrong_cell_each.clean["row"]}) == sorted({*rows[1::2], *right})
    assert sorted({*one_wrong_cell_each.findings["row"]}) == sorted({*rows} - {*rows[1::2], *right})


@pytest.mark.parametrize("code", ROW_CASES)
def test_wrong_cell_holds_its_row(one_wrong_cell_each, code):
    verdict, row = one_wrong_cell_each, row_of(code)
    assert held(verdict)[row] == code
    finding = verdict.findings[verdict.findings["row"] == row].iloc[0]
    assert finding["column"] == ABOUT[code]
    assert finding["severity"] == "critical"


@pytest.mark.parametrize("code", sampled(["id_shared", "id_conflict", "user_name_shared"], {"id_conflict"}))
def test_rows_that_contradict_each_other_are_all_held(staff, make_roster, whole, ben, headings, code):
    verdict = validate(make_roster(whole, {**whole, **PAIR_CASES[code]}, {**whole, **ben}), staff, headings, TODAY)
    assert verdict.held[["row", "codes"]].to_numpy().tolist() == [[2, code], [3, code]]
    assert set(verdict.findings["column"]) == {ABOUT[code]}
    assert verdict.clean["row"].tolist() == [4]


def test_of_a_row_that_stands_twice_the_first_is_kept(staff, make_roster, whole, headings):
    verdict = validate(make_roster(whole, whole, whole), staff, headings, TODAY)
    assert verdict.clean["row"].tolist() == [2]
    assert verdict.held.empty
    assert verdict.findings[["row", "code", "severity"]].to_numpy().tolist() == [
        [3, "duplicate_row", "warning"],
        [4, "duplicate_row", "warning"],
    ]
    assert verdict.findings[["column", "value"]].isna().all(axis=None)


ORDERS = [("ada", "Ada", "ADA"), ("ADA", "ada", "Ada"), ("ada", "ADA", "ADA")]


@pytest.mark.parametrize("order", sampled([pytest.param(one, id=" ".join(one)) for one in ORDERS], {"ada Ada ADA"}))
def test_of_spellings_of_one_row_the_same_is_kept_in_any_order(staff, make_roster, whole, headings, order):
    rows = [{**whole, "user_name": f"{name}@acme.example"} for name in order]
    verdict = validate(make_roster(*rows), staff, headings, TODAY)
    assert verdict.clean[["row", "user_name"]].to_numpy().tolist() == [[2 + order.index("ADA"), "ADA@acme.example"]]
    assert verdict.findings["code"].tolist() == ["duplicate_row", "duplicate_row"]


def test_line_breaks_part_directory_groups_and_nothing_else_is_hidden_there(staff, make_roster, whole, ben, headings):
    good = {**whole, "directory_groups": "Hosts\nSales"}
    wrong = {**whole, **ben, "directory_groups": "Hosts\nSa\u200bles"}
    verdict = validate(make_roster(good, wrong), staff, headings, TODAY)
    assert verdict.held[["row", "codes"]].to_numpy().tolist() == [[3, "control_characters"]]


@pytest.mark.parametrize("case", HIDDEN)
def test_what_nobody_can_see_in_a_cell_holds_its_row(one_wrong_cell_each, case):
    assert held(one_wrong_cell_each)[row_of(case)] == "control_characters"
    usable = one_wrong_cell_each.held.set_index("row")["key_usable"]
    assert bool(usable[row_of(case)]) is (not case.startswith("external_id"))


@pytest.mark.parametrize("case", LANGUAGES)
def test_what_languages_write_though_nobody_sees_it_is_no_finding(one_wrong_cell_each, case):
    assert row_of(case) not in held(one_wrong_cell_each)


def test_empty_roster_is_refused(staff, make_roster, headings):
    empty = make_roster(mapped=["external_id", "user_name"])
    with pytest.raises(RejectedSource, match="It has no rows") as caught:
        validate(empty, staff, headings, TODAY)
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("attribute", ["external_id", "user_name"])
def test_key_column_that_is_more_than_half_blank_refuses_the_roster(staff, make_roster, ada, ben, headings, attribute):
    blank = {attribute: None}
    rows = [{**ada, **blank}, {**ben, **blank}, {**ben, "external_id": "1003", "user_name": "cy@acme.example"}]
    with pytest.raises(
        RejectedSource, match=rf"Column {headings[attribute]} is blank or unusable in 2 of 3 rows\."
    ) as caught:
        validate(make_roster(*rows), staff, headings, TODAY)
    assert [failure["count"] for failure in caught.value.facts["failures"]] == [2]


@pytest.mark.prove
@pytest.mark.parametrize("attribute", sampled(["given_name", "family_name", "status"], {"status"}))
def test_other_column_that_is_more_than_half_blank_refuses_all_but_a_short_roster(
    staff, make_roster, ada, headings, attribute
):
    rows = [{**ada, "external_id": str(n), "user_name": f"p{n}@acme.example", attribute: None} for n in range(20)]
    with pytest.raises(RejectedSource, match=rf"Column {headings[attribute]} is blank or unusable in 20 of 20 rows\."):
        validate(make_roster(*rows), staff, headings, TODAY)
    assert len(validate(make_roster(*rows[:19]), staff, headings, TODAY).held) == 19


def test_key_column_that_is_half_blank_holds_its_rows(staff, make_roster, ada, ben, headings):
    verdict = validate(make_roster(ada, {**ben, "external_id": None}), staff, headings, TODAY)
    assert verdict.held["row"].tolist() == [3]


def people(count, filled, attribute="department"):
    """Return *count* people, of whom the first *filled* have an *attribute*."""
    return [
        {"external_id": str(n), "user_name": f"p{n}@acme.example", "given_name": "Ada", "family_name": "Byron",
         attribute: "Sales" if n < filled else None}
        for n in range(count)
    ]  # fmt: skip


@pytest.fixture(params=["staff", "own"])
def suite(request, tmp_path):
    """A suite of ours and one of the user's: no column may be lost under either."""
    (tmp_path / "own.json").write_text('{"name": "own", "expectations": []}', "utf-8")
    names = {"staff": "staff", "own": "own.json"}
    return lambda tested=(): load_suite(names[request.param], tmp_path, tested)


@pytest.mark.prove
def test_column_of_a_rule_that_is_nine_tenths_blank_refuses_the_roster(suite, make_roster, headings):
    with pytest.raises(
        RejectedSource, match=r"Column Department is blank or unusable in 36 of 40 rows\..*map of the column"
    ) as caught:
        validate(make_roster(*people(40, 4)), suite(["department"]), headings, TODAY)
    assert [failure["code"] for failure in caught.value.facts["failures"]] == ["column_blank"]
    assert len(validate(make_roster(*people(40, 5)), suite(["department"]), headings, TODAY).clean) == 40


def unread(rows, count):
    """What mapping says of the first *count* of *rows* whose department has no part to take."""
    about = {"column": "Department", "attribute": "department", "severity": "critical", "code": "no_such_part"}
    words = {"message": "The value does not have the part.", "remedy": "Say what is done otherwise."}
    return [{**about, **words, "row": number} for number in range(2, rows + 2)][:count]


def test_a_lost_column_names_what_most_of_its_cells_failed_with(suite, make_roster, headings):
    roster = make_roster(*people(40, 4), findings=unread(40, 19))
    with pytest.raises(RejectedSource) as caught:
        validate(roster, suite(["department"]), headings, TODAY)
    assert (
        "Column Department is blank or unusable in 36 of 40 rows. 19 of these could not be used (no_such_part): "
        "The value does not have the part."
    ) in str(caught.value)
    assert caught.value.remedy == "Say what is done otherwise."


@pytest.mark.prove
def test_a_lost_column_that_is_mostly_blank_is_not_laid_to_the_few_that_failed(suite, make_roster, headings):
    roster = make_roster(*people(40, 4), findings=unread(40, 18))
    with pytest.raises(RejectedSource) as caught:
        validate(roster, suite(["department"]), headings, TODAY)
    assert "no_such_part" not in str(caught.value)
    assert "map of the column" in caught.value.remedy


@pytest.mark.prove
def test_column_that_no_rule_tests_may_be_mostly_blank(suite, make_roster, headings):
    assert len(validate(make_roster(*people(40, 1)), suite(["location"]), headings, TODAY).clean) == 40


@pytest.mark.parametrize(
    "tested",
    sampled(
        [
            pytest.param((), id="none"),
            pytest.param(("building",), id="building"),
            pytest.param(("department",), id="department"),
        ],
        {"department"},
    ),
)
@pytest.mark.parametrize("attribute", ["department", "building"])
def test_column_that_is_blank_from_top_to_bottom_refuses_the_roster(suite, make_roster, headings, attribute, tested):
    roster = make_roster(*people(20, 0, attribute))
    with pytest.raises(RejectedSource, match=rf"Column {headings[attribute]} is blank or unusable in 20 of 20 rows\."):
        validate(roster, suite(tested), headings, TODAY)


def test_short_list_may_have_a_blank_column(suite, make_roster, headings):
    assert len(validate(make_roster(*people(19, 0)), suite(["department"]), headings, TODAY).clean) == 19


@pytest.mark.prove
def test_company_may_have_nobody_who_is_about_to_leave(suite, make_roster, headings):
    assert len(validate(make_roster(*people(20, 0, "end_date")), suite(), headings, TODAY).clean) == 20


def test_source_that_maps_no_address_is_refused(staff, make_roster, headings):
    with pytest.raises(RejectedSource, match=r"staff\.json needs user_name, to which source hr maps no column"):
        validate(make_roster({"external_id": "1001"}), staff, headings, TODAY)


def test_source_without_ids_tells_people_by_address(staff, make_roster, ada, headings):
    del ada["external_id"]
    rows = [ada, {**ada, "given_name": "Eve"}, {**ada, "user_name": "cy@acme.example"}]
    verdict = validate(make_roster(*rows), staff, headings, TODAY)
    assert verdict.held[["row", "codes"]].to_numpy().tolist() == [[2, "user_name_shared"], [3, "user_name_shared"]]
    assert not verdict.held["key_usable"].any()


def test_rows_of_one_address_that_differ_are_held_in_a_source_without_ids(staff, make_roster, ada, headings):
    del ada["external_id"]
    verdict = validate(make_roster(ada, {**ada, "status": "inactive"}), staff, headings, TODAY)
    assert verdict.held["codes"].tolist() == ["id_conflict", "id_conflict"]
    assert set(verdict.findings["column"]) == {"Mail"}


def found(verdict, code):
    return verdict.findings.loc[verdict.findings["code"] == code, ["row", "column", "severity"]].to_numpy().tolist()


def test_manager_who_is_nowhere_in_the_list_is_a_warning_by_id_and_by_address(staff, make_roster, ada, ben, headings):
    rows = [
        {**ada, "manager_id": "4711"},
        {**ben, "manager_id": "1001"},
        {**ben, **CY, "manager_id": "Ada@Acme.Example"},
    ]
    verdict = validate(make_roster(*rows), staff, headings, TODAY)
    assert found(verdict, "manager_unknown") == [[2, "Manager", "warning"]]
    assert verdict.held.empty


@pytest.mark.parametrize("own", sampled(["1001", "ADA@acme.example"], {"ADA@acme.example"}))
def test_whoever_is_their_own_manager_is_told_and_not_held(staff, make_roster, ada, ben, headings, own):
    rows = [{**ada, "manager_id": own}, {**ben, "manager_id": "1001"}]
    verdict = validate(make_roster(*rows), staff, headings, TODAY)
    assert found(verdict, "manager_self") == [[2, "Manager", "warning"]]
    assert len(verdict.clean) == 2


def test_two_people_of_one_name_are_told_and_stay_two(staff, make_roster, ada, ben, headings):
    namesake = {**ada, "external_id": "1009", "user_name": "ada.byron@acme.example", "family_name": " BYRON"}
    verdict = validate(make_roster(ada, namesake, ben), staff, headings, TODAY)
    assert found(verdict, "homonym") == [[2, "Surname", "info"], [3, "Surname", "info"]]
    assert verdict.clean["external_id"].tolist() == ["1001", "1009", "1002"]


def test_a_list_that_lacks_ids_and_addresses_is_validated_all_the_same(staff, make_roster, ada, headings):
    from dataclasses import replace

    row = {name: ada[name] for name in ("given_name", "family_name")}
    roster = replace(make_roster(row, row), lacks=("external_id", "user_name"))
    verdict = validate(roster, staff, headings, TODAY)
    assert found(verdict, "homonym") == []


def test_rows_of_one_person_and_rows_without_a_name_are_no_homonyms(staff, make_roster, ada, headings):
    nameless = [{**ada, "external_id": str(n), "user_name": f"a{n}@acme.example", "given_name": None} for n in (1, 2)]
    verdict = validate(make_roster(ada, {**ada, "status": "inactive"}, *nameless), staff, headings, TODAY)
    assert found(verdict, "homonym") == []


@pytest.mark.parametrize("attribute", sampled(["user_name", "family_name", "display_name"], {"user_name"}))
def test_letters_of_another_alphabet_hold_the_row(staff, make_roster, ada, ben, headings, attribute):
    wrong = {**ada, "display_name": "Ada Byron", attribute: "ada@\u0430cme.example"}
    verdict = validate(make_roster(wrong, {**ben, "display_name": "\u0411\u0435\u043d"}), staff, headings, TODAY)
    assert found(verdict, "lookalike_letters") == [[2, headings[attribute], "critical"]]


def test_a_department_that_a_rule_tests_has_no_lookalikes_either(make_roster, ada, headings):
    roster = make_roster({**ada, "department": "S\u0430les"})
    assert validate(roster, load_suite("staff", Path(), ["department"]), headings, TODAY).held["codes"].tolist() == [
        "lookalike_letters"
    ]
    assert validate(roster, load_suite("staff", Path()), headings, TODAY).held.empty


def test_a_leaver_is_not_held_for_a_day_of_birth(staff, make_roster, ada, headings):
    verdict = validate(make_roster({**ada, "status": "inactive", "birth_date": "2062-01-01"}), staff, headings, TODAY)
    assert found(verdict, "born_in_future") == [[2, "Born", "warning"]]
    assert len(verdict.clean) == 1


def test_a_first_day_within_two_years_is_believed(staff, make_roster, ada, headings):
    verdict = validate(make_roster({**ada, "start_date": "2028-03-01"}), staff, headings, TODAY)
    assert verdict.findings.empty
