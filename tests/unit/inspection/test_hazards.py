"""Every hazard: a file that has it, and the finding with its row and its column."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tasks.ingest.inspection.catalogue import CATALOGUE
from tasks.ingest.inspection.hazards import INVISIBLE
from tasks.validate import load_suite

NO, MAIL, FIRST, LAST, TEAM, STATUS, START = (
    "Employee No", "E-mail", "First name", "Surname", "Department", "Status", "Start date",
)  # fmt: skip

# Each case: the hazard, how its file is made (from the builders), the row and the column that it must name.
CASES: list[Any] = []


def case(code: str, row: int | None, column: str | None, count: int = 1) -> Any:
    def keep(make: Any) -> Any:
        CASES.append(pytest.param(make, code, row, column, count, id=code))
        return make

    return keep


@pytest.mark.parametrize(("make", "code", "row", "column", "count"), CASES)
def test_a_hazard_is_found_with_its_row_and_its_column(make, code, row, column, count, request, hazard):
    build = {name: request.getfixturevalue(name) for name in ("text_file", "workbook", "with_results", "with_part")}
    staff = request.getfixturevalue("staff")
    found = hazard(make(staff=staff, **build), code, column)
    assert (found.row, found.column, found.count) == (row, column, count)
    assert found.remedy == CATALOGUE[code].remedy
    assert row is None or found.rows[0] == row


def test_every_hazard_has_a_file_that_has_it():
    elsewhere = {"several_people_sheets", "name_differs"}  # below
    assert {parameters.values[1] for parameters in CASES} | elsewhere == set(CATALOGUE)


def test_invisible_characters_are_those_that_validation_looks_for():
    checks = load_suite("staff", Path()).checks
    assert INVISIBLE.pattern in {check.kwargs.get("regex") for check in checks if check.code == "control_characters"}


def test_a_list_with_nothing_wrong_has_no_hazards(text_file, workbook, table, staff):
    assert table(text_file(staff.table)).hazards == []
    assert table(workbook(staff.table)).hazards == []


def test_several_sheets_of_people_are_told_at_each(workbook, tables, staff):
    found = tables(workbook(staff.table, staff.table, [("Cost centre", "Name of it"), ("1", "Sales")]))
    assert [[item.code for item in table.hazards] for table in found] == [
        ["several_people_sheets"], ["several_people_sheets"], [],
    ]  # fmt: skip


def test_a_workbook_called_csv_is_told(workbook, hazard, staff):
    path = workbook(staff.table, name="staff.xlsx")
    path = path.rename(path.with_suffix(".csv"))
    assert hazard(path, "name_differs").row is None


def test_no_hazard_holds_a_cell(text_file, table, staff):
    path = text_file(staff.but(3, First_name="=SUM(A1)", Surname="PÃ©rez"))
    assert "rez" not in table(path).model_dump_json()
    assert "SUM" not in table(path).model_dump_json()


# The file ---------------------------------------------------------------------------------------------------------


@case("encoding_unsure", None, None)
def _(text_file, **_):
    return text_file([(NO, FIRST), ("A1", "Иван"), ("A2", "Мария")], encoding="cp1251")


@case("zero_bytes", 3, None)
def _(text_file, staff, **_):
    return text_file(staff.but(3, Department="Sa\0les"))


@case("quote_open", 4, None)
def _(text_file, **_):
    return text_file(f'{NO},{FIRST}\nA1,Ada\nA2,Bo\nA3,"Cleo\nA4,Dag\n')


@case("cut_off", 4, None)
def _(text_file, **_):
    return text_file(f"{NO},{FIRST},{LAST}\nA1,Ada,Byrne\nA2,Bo,Lind\nA3,Cl")


@case("macros", None, None)
def _(workbook, with_part, staff, **_):
    return with_part(workbook(staff.table, name="staff.xlsm"), "xl/vbaProject.bin", b"\0")


@case("hidden_sheet", None, None)
def _(workbook, staff, **_):
    def hide(book):
        book["Staff"].sheet_state = "hidden"

    return workbook(staff.table, [("nothing",)], change=hide)


# Rows ---------------------------------------------------------------------------------------------------------------


@case("no_headings", None, None)
def _(text_file, staff, **_):
    return text_file(staff.rows)


@case("headings_unsure", 1, None)
def _(text_file, **_):
    return text_file([("Imię", "Kolor"), ("Ada", "7"), ("Bo", "8")])


@case("title_rows", 1, None)
def _(text_file, staff, **_):
    return text_file([("Acme GmbH",), *staff.table])


@case("headings_in_two_rows", 1, None, 2)
def _(text_file, **_):
    return text_file([(NO, "Name", "", TEAM), ("", "First", "Last", ""), ("A1", "Ada", "Byrne", "Sales")])


@case("duplicate_headings", 1, TEAM, 2)
def _(text_file, **_):
    return text_file([(NO, TEAM, FIRST, TEAM), ("A1", "Sales", "Ada", "North"), ("A2", "Support", "Bo", "South")])


@case("blank_headings", 1, "(column B)", 2)
def _(text_file, **_):
    return text_file([(NO, "", FIRST), ("A1", "x", "Ada"), ("A2", "y", "Bo")])


@case("blank_rows", 3, None)
def _(text_file, staff, **_):
    return text_file([*staff.table[:2], [""] * 7, *staff.table[2:]])


@case("repeated_headings", 4, None)
def _(text_file, staff, **_):
    return text_file([*staff.table[:3], staff.headings, *staff.table[3:]])


@case("totals_rows", 6, NO)
def _(text_file, staff, **_):
    return text_file([*staff.table, ("Total: 4", "", "", "", "", "", "")])


@case("lone_cells", 4, None)
def _(text_file, staff, **_):
    return text_file([*staff.table[:3], ("Northern office", "", "", "", "", "", ""), *staff.table[3:]])


@case("short_rows", 3, None)
def _(text_file, staff, **_):
    return text_file([*staff.table[:2], staff.rows[1][:5], *staff.table[3:]])


@case("long_rows", 3, None)
def _(text_file, staff, **_):
    return text_file([*staff.table[:2], (*staff.rows[1], "more"), *staff.table[3:]])


@case("no_rows", None, None)
def _(text_file, staff, **_):
    return text_file([staff.headings])


@case("hidden_rows", 3, None, 2)
def _(workbook, staff, **_):
    def hide(book):
        for row in (3, 4):
            book["Staff"].row_dimensions[row].hidden = True

    return workbook(staff.table, change=hide)


@case("hidden_columns", None, TEAM)
def _(workbook, staff, **_):
    def hide(book):
        book["Staff"].column_dimensions["E"].hidden = True

    return workbook(staff.table, change=hide)


@case("merged_cells", 4, TEAM)
def _(workbook, staff, **_):
    return workbook(staff.table, change=lambda book: book["Staff"].merge_cells("E4:E5"))


# Cells --------------------------------------------------------------------------------------------------------------


@case("formula_cells", 3, TEAM)
def _(with_results, staff, **_):
    return with_results(staff.table, {"E3": ("=A1", "Sales")})


@case("formula_uncached", 4, TEAM)
def _(workbook, staff, **_):
    return workbook(staff.but(4, Department="=A1"))


@case("error_cells", 5, TEAM)
def _(with_results, staff, **_):
    return with_results(staff.table, {"E5": ("=VLOOKUP(A5,X:X,2)", "#N/A")})


@case("formula_text", 3, FIRST)
def _(text_file, staff, **_):
    return text_file(staff.but(3, First_name="=HYPERLINK(0)"))


@case("mojibake", 3, LAST)
def _(text_file, staff, **_):
    return text_file(staff.but(3, Surname="PÃ©rez"))


@case("control_characters", 4, TEAM)
def _(text_file, staff, **_):
    return text_file(staff.but(4, Department="Sales\u200b"))


@case("padded_cells", 5, TEAM)
def _(text_file, staff, **_):
    return text_file(staff.but(5, Department=" Support "))


@case("null_words", 2, TEAM)
def _(text_file, staff, **_):
    return text_file(staff.but(2, Department="NULL"))


@case("long_cells", 4, TEAM)
def _(workbook, staff, **_):
    return workbook(staff.but(4, Department="x" * 32_000))


# Ids ----------------------------------------------------------------------------------------------------------------


@case("ids_shared", 2, NO, 2)
def _(text_file, staff, **_):
    return text_file(staff.but(3, Employee_No="A-101"))


@case("ids_as_numbers", 2, NO, 2)
def _(workbook, **_):
    return workbook([(NO, FIRST), (10234, "Ada"), (98765, "Bo")])


@case("zeros_lost", 4, NO)
def _(text_file, **_):
    return text_file(
        [(NO, FIRST), ("50123", "Ada"), ("84210", "Bo"), ("912", "Cleo"), ("33871", "Dag"), ("66003", "Eve")]
    )


@case("zeros_not_stored", 2, NO, 2)
def _(workbook, **_):
    def pad(book):
        for place in ("A2", "A3"):
            book["Staff"][place].number_format = "00000"

    return workbook([(NO, FIRST), (142, "Ada"), (143, "Bo")], change=pad)


@case("ids_rounded", 3, NO)
def _(text_file, **_):
    return text_file([(NO, FIRST), ("100234", "Ada"), ("1.2E+05", "Bo"), ("100236", "Cleo")])


@case("no_address", None, None, 2)
def _(text_file, **_):
    return text_file([(NO, FIRST), ("A1", "Ada"), ("A2", "Bo")])


@case("no_key", None, None, 2)
def _(text_file, **_):
    return text_file([(FIRST, LAST), ("Ada", "Byrne"), ("Bo", "Lind")])


@case("no_names", None, None, 2)
def _(text_file, **_):
    return text_file([(NO, MAIL, FIRST), ("A1", "ada@acme.example", "Ada"), ("A2", "bo@acme.example", "Bo")])


# Dates --------------------------------------------------------------------------------------------------------------


@case("dates_ambiguous", 2, START, 2)
def _(text_file, **_):
    return text_file([(NO, START), ("A1", "02/01/2024"), ("A2", "03/04/2024")])


@case("dates_contradict", 2, START, 2)
def _(text_file, **_):
    return text_file([(NO, START), ("A1", "13/01/2024"), ("A2", "01/13/2024")])


@case("dates_differ", 2, "End date", 1)
def _(text_file, **_):
    return text_file([(NO, START, "End date"), ("A1", "2020-01-31", "31/12/2024")])


@case("dates_mixed", 3, START)
def _(workbook, **_):
    rows = [("A1", date(2024, 1, 2)), ("A2", "2024-01-03"), ("A3", date(2024, 1, 4))]
    return workbook([(NO, START), *rows])


@case("date_serials", 3, START)
def _(workbook, **_):
    return workbook([(NO, START), ("A1", date(2024, 1, 2)), ("A2", 45294), ("A3", date(2024, 1, 4))])


@case("dates_unreadable", 3, START)
def _(text_file, **_):
    return text_file([(NO, START), ("A1", "2024-01-02"), ("A2", "2024-02-30"), ("A3", "2024-01-04")])


@case("two_digit_years", 2, START)
def _(text_file, **_):
    return text_file([(NO, START), ("A1", "13/01/99"), ("A2", "01/02/24")])


# People -------------------------------------------------------------------------------------------------------------


@case("duplicate_rows", 4, None)
def _(text_file, staff, **_):
    return text_file([*staff.table[:3], staff.rows[0], *staff.table[3:]])


@case("repeated_people", 2, FIRST, 2)
def _(text_file, staff, **_):
    again = [*staff.rows[0][:4], "Legal", *staff.rows[0][5:]]
    return text_file([*staff.table, again])


@case("homonyms", 2, FIRST, 2)
def _(text_file, staff, **_):
    return text_file(staff.but(4, First_name="Ada", Surname="Byrne"))


@case("look_alike_rows", 2, FIRST)
def _(text_file, staff, **_):
    return text_file(staff.but(3, First_name="Ada", Surname="Birne"))


# Secrets ------------------------------------------------------------------------------------------------------------


@case("secret_column", 2, "Password", 2)
def _(text_file, **_):
    return text_file([(NO, FIRST, "Password"), ("A1", "Ada", "geheim"), ("A2", "Bo", "secret")])


@case("secret_values", 3, "Remarks")
def _(text_file, **_):
    return text_file([(NO, FIRST, "Remarks"), ("A1", "Ada", "none yet"), ("A2", "Bo", "{SSHA}xo3n0NB1QWxvdHM=")])


@case("several_values", 3, "mail")
def _(text_file, **_):
    people = '[{"mail": "ada@acme.example"}, {"mail": ["bo@acme.example", "lind@acme.example"]}]'
    return text_file(people, name="staff.json")


@case("many_columns", None, None, 3)
def _(text_file, staff, **_):
    return text_file([[*row, *["x"] * (1_003 - len(row))] for row in staff.table[:2]])
