"""Whatever the form of a file: what is in it is found, with row and column, and the file that is written reads it."""

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from pydantic import SecretStr
from typer.testing import CliRunner

from flows.cli.main import app
from tasks.ingest import read_roster
from tasks.ingest.inspection import draft_pipeline, inspect_file
from tasks.model.errors import BadUsage, RejectedSource
from tasks.pipeline_file import load_pipeline
from tests.support import binary_forms
from tests.support.effort import sampled
from tests.support.forms import FORMS, RECORDS, SHEETS, delimited, ldif, xlsx

NO, MAIL, FIRST, LAST, TEAM, START = "employeeNumber", "mail", "givenName", "sn", "ou", "hireDate"
HEADINGS = (NO, MAIL, FIRST, LAST, TEAM, START)
PEOPLE = (
    ("A-101", "ada.byrne@acme.example", "Ada", "Byrne", "Sales", "2020-01-31"),
    ("A-102", "bo.lind@acme.example", "Bo", "Lind", "Sales", "2021-02-28"),
    ("A-103", "cleo.ward@acme.example", "Cleo", "Ward", "Support", "2022-03-30"),
    ("A-104", "dag.orme@acme.example", "Dag", "Orme", "Support", "2023-04-29"),
)
STAFF = (HEADINGS, *PEOPLE)


def but(*changes: tuple[int, str, str]) -> list[list[str]]:
    """Return the list with other cells: row, heading, text."""
    table = [list(row) for row in STAFF]
    for row, heading, text in changes:
        table[row - 1][HEADINGS.index(heading)] = text
    return table


def beside(heading: str, *cells: str) -> list[list[str]]:
    """Return the list with one column more."""
    return [[*row, cell] for row, cell in zip(STAFF, (heading, *cells), strict=True)]


# The hazard, the list that has it, its row, its column, how often.
ANYWHERE: list[tuple[str, list[list[str]], int | None, str | None, int]] = [
    ("formula_text", but((3, FIRST, "=HYPERLINK(0)")), 3, FIRST, 1),
    ("mojibake", but((3, LAST, "PÃ©rez")), 3, LAST, 1),
    ("control_characters", but((4, TEAM, "Sales\u200b")), 4, TEAM, 1),
    ("null_words", but((2, TEAM, "NULL")), 2, TEAM, 1),
    ("error_cells", but((5, TEAM, "#N/A")), 5, TEAM, 1),
    ("long_cells", but((4, TEAM, "x" * 32_000)), 4, TEAM, 1),
    ("ids_shared", but((3, NO, "A-101")), 2, NO, 2),
    ("ids_rounded", but((3, NO, "1.2E+05")), 3, NO, 1),
    ("zeros_lost", but((2, NO, "50123"), (3, NO, "84210"), (4, NO, "912"), (5, NO, "33871")), 4, NO, 1),
    ("no_address", [[*row[:1], *row[2:]] for row in STAFF], None, None, 4),
    ("no_key", [list(row[2:]) for row in STAFF], None, None, 4),
    ("dates_ambiguous", but(*((row, START, f"0{row}/0{row + 1}/2024") for row in range(2, 6))), 2, START, 4),
    ("dates_contradict", but((2, START, "13/01/2024"), (3, START, "01/13/2024"), (4, START, "14/02/2024"),
                             (5, START, "15/02/2024")), 2, START, 4),
    ("dates_unreadable", but((3, START, "2024-02-30")), 3, START, 1),
    ("two_digit_years", but((2, START, "13/01/24"), (3, START, "14/02/24"), (4, START, "15/03/24"),
                            (5, START, "16/04/24")), 2, START, 4),
    ("dates_differ", beside("leavingDate", "31/12/2029", "30/12/2029", "", ""), 2, "leavingDate", 2),
    ("repeated_people", [*but(), ["A-101", *PEOPLE[0][1:4], "Legal", PEOPLE[0][5]]], 2, FIRST, 2),
    ("homonyms", but((4, FIRST, "Ada"), (4, LAST, "Byrne")), 2, FIRST, 2),
    ("look_alike_rows", but((3, FIRST, "Ada"), (3, LAST, "Birne")), 2, FIRST, 1),
    ("secret_values", beside("remarks", "none yet", "{SSHA}xo3n0NB1QWxvdHM=", "", ""), 3, "remarks", 1),
    ("secret_values", beside("remarks", "none yet", "", "DE89 3704 0044 0532 0130 00", ""), 4, "remarks", 1),
    ("secret_column", beside("userPassword", "a", "b", "c", "d"), 2, "userPassword", 4),
    ("secret_column", beside("Jahresgehalt", "", "51000", "", ""), 3, "Jahresgehalt", 1),
]  # fmt: skip
IN_SHEETS: list[tuple[str, list[list[str]], int | None, str | None, int]] = [
    ("title_rows", [["Acme GmbH", *[""] * 5], *but()], 1, None, 1),
    ("blank_rows", [*but()[:3], [""] * 6, *but()[3:]], 4, None, 1),
    ("repeated_headings", [*but()[:3], list(HEADINGS), *but()[3:]], 4, None, 1),
    ("totals_rows", [*but(), ["Total", "4", "", "", "", ""]], 6, NO, 1),
    ("lone_cells", [*but(), ["", "", "remark", "", "", ""]], 6, None, 1),
    ("duplicate_headings", beside(TEAM, "a", "b", "c", "d"), 1, TEAM, 2),
    ("blank_headings", beside("", "a", "b", "c", "d"), 1, "(column G)", 4),
    ("no_headings", but()[1:], None, None, 1),
    ("no_rows", but()[:1], None, None, 1),
    ("padded_cells", but((5, TEAM, " Support ")), 5, TEAM, 1),
]
RECORD_FORMS = (*RECORDS, "parquet")
SEVERAL = "Several values are in one cell, one a line"
MAPPED = ["external_id", "user_name", "given_name", "family_name", "department", "start_date"]
NOT_IN = {
    # a directory's entries have names of their own, and keep no password; XML has no such sign, nor do blank elements
    ("duplicate_rows", "ldif"), ("secret_column", "ldif"),
    # of those files nothing here can write such a cell
    ("long_cells", "xls"), ("long_cells", "ods"), ("long_cells", "xlsb"),
}  # fmt: skip
CASES = [
    *((form, *case) for form in FORMS for case in ANYWHERE if (case[0], form) not in NOT_IN),
    *((form, *case) for form in FORMS if form not in RECORD_FORMS for case in IN_SHEETS),
    *((form, "duplicate_rows", [*but(), list(PEOPLE[1])], 6, None, 1) for form in FORMS if form != "ldif"),
    *(
        (form, "several_values", but((3, TEAM, "Sales\nLegal")), 3, TEAM, 1)
        for form in RECORD_FORMS
    ),
]  # fmt: skip


def people(path: Path) -> Any:
    """Return what is said of the table that has the people."""
    tables = inspect_file(path).shape().tables
    return max(tables, key=lambda table: table.rows.data)


PARAMS = [pytest.param(*case, id=f"{case[0]}-{case[1]}-{number}") for number, case in enumerate(CASES)]
OF_EACH_FORM = {param.values[0]: str(param.id) for param in PARAMS}
OF_EACH_HAZARD = {param.values[1]: str(param.id) for param in PARAMS}


@pytest.mark.prove
@pytest.mark.parametrize(
    ("form", "code", "rows", "row", "column", "count"),
    sampled(PARAMS, {*OF_EACH_FORM.values(), *OF_EACH_HAZARD.values()}),
)
def test_a_hazard_is_found_whatever_the_form_of_the_file(form, code, rows, row, column, count, tmp_path):
    path = tmp_path / f"staff.{form}"
    path.write_bytes(FORMS[form](rows))
    found = [hazard for hazard in people(path).hazards if hazard.code == code and column in (None, hazard.column)]
    assert [(hazard.row, hazard.column, hazard.count) for hazard in found] == [(row, column, count)]


@pytest.mark.parametrize("form", FORMS)
def test_a_list_with_nothing_wrong_has_no_hazards_in_any_form(form, tmp_path):
    path = tmp_path / f"staff.{form}"
    path.write_bytes(FORMS[form](STAFF))
    found = people(path)
    assert (found.hazards, found.people_likely, found.rows.data) == ([], 4, 4)


@pytest.mark.parametrize("form", ["xls", "xlsb", "ods"])
def test_numbers_of_other_workbooks_are_told_from_text(form, tmp_path):
    rows = [(NO, MAIL, START), (10234, "ada@acme.example", 45292), (98765, "bo@acme.example", 45294)]
    path = tmp_path / f"staff.{form}"
    path.write_bytes({"xls": binary_forms.xls, "xlsb": binary_forms.xlsb, "ods": binary_forms.ods}[form](rows))
    found = {(hazard.code, hazard.row, hazard.column) for hazard in people(path).hazards}
    assert {("ids_as_numbers", 2, NO), ("date_serials", 2, START)} <= found


@pytest.mark.prove
@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_for_a_form_is_read_and_needs_no_word(form, tmp_path):
    path = tmp_path / f"staff.{form}"
    path.write_bytes(FORMS[form](STAFF))
    target = tmp_path / "made.yaml"
    made_file = draft_pipeline(inspect_file(path), target)
    target.write_text(made_file.text, encoding="utf-8")
    loaded = load_pipeline(target, {})
    assert (made_file.unconfirmed, loaded.unconfirmed) == (0, ())
    [source] = loaded.pipeline.sources
    workers = read_roster(source, tmp_path).workers
    assert workers[MAPPED].values.tolist() == [
        list(person) for person in PEOPLE
    ]  # fmt: skip
    assert (source.sheet is not None, source.header_row) == (form in SHEETS, 1)
    assert (source.records is not None) == (form in ("json", "xml", "ldif"))


# The name, and what a file is wrapped in ------------------------------------------------------------------------------


MISNAMED = [
    ("xlsx", "staff.csv"),
    ("json", "staff.xlsx"),
    ("ldif", "staff.csv"),
    ("zip", "staff.xlsx"),
    ("ods", "staff.xls"),
]


@pytest.mark.parametrize(("form", "name"), MISNAMED)
def test_a_file_with_another_name_is_told_and_read_as_what_it_is(form, name, tmp_path):
    path = tmp_path / name
    path.write_bytes(FORMS[form](STAFF))
    assert "name_differs" in [hazard.code for hazard in people(path).hazards]
    target = tmp_path / "made.yaml"
    target.write_text(draft_pipeline(inspect_file(path), target).text, encoding="utf-8")
    assert read_roster(load_pipeline(target, {}).pipeline.sources[0], tmp_path).rows == 4


def locked(tmp_path: Path) -> Path:
    buffer = io.BytesIO()
    OOXMLFile(io.BytesIO(xlsx(STAFF))).encrypt("hunter2", buffer)
    path = tmp_path / "staff.xlsx"
    path.write_bytes(buffer.getvalue())
    return path


def run(*words: object) -> Any:
    return CliRunner().invoke(app, ["inspect", *map(str, words)], catch_exceptions=False)


def test_a_workbook_with_a_password_is_opened_with_that_of_a_variable(tmp_path, monkeypatch):
    path, target = locked(tmp_path), tmp_path / "made.yaml"
    refused = run(path)
    assert refused.exit_code == 6
    assert "--password-from" in refused.stderr
    assert "sources.password" not in refused.stderr
    monkeypatch.setenv("STAFF_PASSWORD", "hunter2")
    said = run(path, "--password-from", "STAFF_PASSWORD", "--write", target)
    assert (said.exit_code, "hunter2" in said.output) == (0, False)
    assert "name_differs" not in said.stdout
    [source] = load_pipeline(target, {}).pipeline.sources
    assert (str(source.password), source.format) == ("${STAFF_PASSWORD}", None)
    assert read_roster(source, tmp_path, resolve=lambda ref: SecretStr("hunter2")).rows == 4
    monkeypatch.setenv("STAFF_PASSWORD", "wrong")
    assert "has another password" in run(path, "--password-from", "STAFF_PASSWORD").stderr


NAMES = [pytest.param("", id="none"), "NOT_SET_HERE", "a b", "x}${y", "block:some"]


@pytest.mark.parametrize("name", sampled(NAMES, {"none", "NOT_SET_HERE", "a b", "x}${y"}))  # a block asks Prefect
def test_a_variable_that_is_none_is_a_mistake_in_the_call(name, tmp_path):
    said = run(locked(tmp_path), "--password-from", name)
    assert said.exit_code == 2
    assert "Traceback" not in said.output


def test_one_of_several_files_in_a_zip_file_is_chosen(tmp_path):
    path, target = tmp_path / "export.zip", tmp_path / "made.yaml"
    with zipfile.ZipFile(path, "w") as package:
        package.writestr("hr/staff.csv", delimited(STAFF))
        package.writestr("readme.txt", "Exported on Monday.")
    refused = run(path)
    assert refused.exit_code == 6
    assert "hr/staff.csv" in refused.stderr
    assert "--member" in refused.stderr
    assert run(path, "--member", "hr/staff.csv", "--write", target).exit_code == 0
    [source] = load_pipeline(target, {}).pipeline.sources
    assert (source.member, read_roster(source, tmp_path).rows) == ("hr/staff.csv", 4)
    assert run(path, "--member", "other.csv").exit_code == 6


# Several values, groups, secrets --------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", RECORD_FORMS)
def test_which_of_several_values_counts_is_to_be_confirmed(form, tmp_path):
    rows = but((3, MAIL, "bo.lind@acme.example\nbo@acme.example"), (4, TEAM, "Support\nLegal"))
    path, target = tmp_path / f"staff.{form}", tmp_path / "made.yaml"
    path.write_bytes(FORMS[form](rows))
    target.write_text(draft_pipeline(inspect_file(path), target).text, encoding="utf-8")
    loaded = load_pipeline(target, {})
    assert [(place.key, place.what) for place in loaded.unconfirmed] == [
        ("sources[0].columns.user_name", f"{SEVERAL}: row 3. Is the first the right one?"),
        ("sources[0].columns.department", f"{SEVERAL}: row 4. Is the first the right one?"),
    ]  # fmt: skip
    workers = read_roster(loaded.pipeline.sources[0], tmp_path).workers
    assert workers["user_name"].tolist() == [person[1] for person in PEOPLE]
    assert workers["department"].tolist() == ["Sales", "Sales", "Support", "Support"]


def test_several_login_names_and_whole_names_are_asked_about_too(tmp_path):
    rows = [("uid", "cn"), ("ada\nabyrne", "Ada Byrne\nAda"), ("bo", "Bo Lind")]
    path, target = tmp_path / "staff.ldif", tmp_path / "made.yaml"
    path.write_bytes(ldif(rows))
    target.write_text(draft_pipeline(inspect_file(path), target, "acme.example").text, encoding="utf-8")
    loaded = load_pipeline(target, {})
    workers = read_roster(loaded.pipeline.sources[0], tmp_path).workers
    assert workers[["user_name", "given_name", "family_name", "display_name"]].values.tolist() == [
        ["ada@acme.example", "Ada", "Byrne", "Ada Byrne"], ["bo@acme.example", "Bo", "Lind", "Bo Lind"],
    ]  # fmt: skip
    assert "sources[0].columns.user_name" in [place.key for place in loaded.unconfirmed]


def test_what_a_directory_holds_and_no_reader_keeps_is_told_by_its_rows(tmp_path):
    photo = "/9j/4AAQSkZJRgABAQEAYABgAAD/4QBgRXhpZgAA"
    entries = (
        "dn: o=x1,dc=acme\nobjectClass: inetOrgPerson\nsn: Byrne\ngivenName: Ada\nmail: ada@acme.example\n\n"
        "dn: o=x2,dc=acme\nobjectClass: inetOrgPerson\nsn: Lind\ngivenName: Bo\nmail: bo@acme.example\n"
        f"jpegPhoto:: {photo}\nuserPassword:: e1NTSEF9eG8zbjBOQjE=\nobjectGUID:: AAECAw==\n\n"
        "dn: o=g,dc=acme\nobjectClass: groupOfNames\ncn: crew\nmember: o=x1,dc=acme\nmember: o=x2,dc=acme\n"
    )
    path = tmp_path / "staff.ldif"
    path.write_text(entries, encoding="utf-8")
    persons, groups = inspect_file(path).shape().tables
    told = [(h.row, h.column, h.count) for h in persons.hazards if h.code == "secret_column"]
    assert sorted(told) == [(3, "jpegPhoto", 1), (3, "userPassword", 1)]
    assert (persons.people_likely, persons.groups_likely) == (2, 0)
    assert (groups.people_likely, groups.groups_likely) == (0, 1)
    said = run(path)
    assert "1 group, with their members" in said.stdout
    assert not [part for part in (photo, "SSHA", "e1NTSE") if part in said.output]


# Hostile names --------------------------------------------------------------------------------------------------------


def test_a_heading_that_would_be_a_variable_is_never_written_as_one(tmp_path, monkeypatch):
    monkeypatch.setenv("GOTO_PAT", "very-secret")
    rows = [(NO, MAIL, "Department ${GOTO_PAT}"), ("1", "ada@acme.example", "Sales"), ("2", "bo@acme.example", "Sales")]
    path, target = tmp_path / "staff.csv", tmp_path / "made.yaml"
    path.write_bytes(delimited(rows))
    target.write_text(draft_pipeline(inspect_file(path), target).text, encoding="utf-8")
    [source] = load_pipeline(target, {"GOTO_PAT": "very-secret"}).pipeline.sources
    assert set(source.columns) == {"external_id", "user_name"}
    assert "rename the column" in target.read_text(encoding="utf-8")
    odd = tmp_path / "${GOTO_PAT}.csv"
    path.rename(odd)
    with pytest.raises(BadUsage, match="stands for a variable"):
        draft_pipeline(inspect_file(odd), target)


def test_signs_that_a_terminal_obeys_are_not_printed(tmp_path):
    rows = [(NO, MAIL, "Team \x1b[2J\x07"), ("1", "ada@acme.example", "Sales"), ("2", "bo@acme.example", "Sales")]
    path, target = tmp_path / "staff.csv", tmp_path / "made.yaml"
    path.write_bytes(delimited(rows))
    said = run(path, "--write", target)
    assert said.exit_code == 0
    assert not [sign for sign in ("\x1b[2J", "\x07") if sign in said.output + target.read_text(encoding="utf-8")]
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps({"Te\x1bam": [{NO: "1", MAIL: "ada@acme.example"}]}), encoding="utf-8")
    assert "Its tables: Te?am." in run(odd, "--sheet", "x").stderr


@pytest.mark.parametrize("heading", ["👩\u200d💻 mail", "mail\u200f", "me\x7fil", "E-mail \U000e0041", "a\u2028b"])
def test_headings_with_signs_beyond_print_are_read_back(heading, tmp_path):
    rows = [(NO, heading), ("1", "ada@acme.example"), ("2", "bo@acme.example")]
    path, target = tmp_path / "staff.csv", tmp_path / "made.yaml"
    path.write_bytes(delimited(rows))
    target.write_text(draft_pipeline(inspect_file(path), target).text, encoding="utf-8")
    [source] = load_pipeline(target, {}).pipeline.sources
    assert read_roster(source, tmp_path).workers["user_name"].tolist() == ["ada@acme.example", "bo@acme.example"]


def test_half_a_sign_of_json_is_no_traceback(tmp_path):
    path = tmp_path / "staff.json"
    path.write_text(
        '[{"mail \\ud800": "ada@acme.example", "sn": "B"}, {"mail \\ud800": "b@acme.example", "sn": "L\\udfff"}]'
    )
    said = run(path)
    assert said.exit_code == 6
    assert "halves of a pair" in said.stderr
    path.write_text('[{"mail": "ada@acme.example", "sn": "B\\ud83d\\ude00"}]')
    assert run(path).exit_code == 0


def test_a_list_without_people_is_shown_before_its_pipeline_is_refused(tmp_path):
    path = tmp_path / "colours.csv"
    path.write_text("Colour,Size\nred,5\nblue,6\n")
    said = run(path, "--write", tmp_path / "made.yaml")
    assert said.exit_code == 6
    assert "Colour" in said.stdout
    assert "looks like a list of people" in said.stderr
    with pytest.raises(RejectedSource):
        draft_pipeline(inspect_file(path), tmp_path / "made.yaml")
