"""Mapping: templates, maps, dates and status; what fails is a finding, and missing."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.model.rosters import Roster
from tasks.model.tables import FINDINGS, WORKERS
from tests.support.rosters import codes, values

Write = Callable[..., Path]
Read = Callable[..., Roster]
MapCells = Callable[..., Roster]


@pytest.fixture
def map_cells(write_text: Write, read: Read) -> MapCells:
    """Read a roster of one mapped column beside the address."""

    def map_cells(attribute: str, column: Any, *cells: str, **fields: Any) -> Roster:
        write_text("Account;X\n" + "".join(f"user{at};{cell}\n" for at, cell in enumerate(cells)))
        return read("staff.csv", delimiter=";", columns={"user_name": "Account", attribute: column}, **fields)

    return map_cells


def test_cells_are_trimmed_for_mapping_and_raw_as_they_stood(map_cells: MapCells) -> None:
    roster = map_cells("department", "X", " Sales ", "\u00a0IT", "  ")
    assert values(roster, "department") == ["Sales", "IT", None]
    assert roster.raw["X"].tolist() == [" Sales ", "\u00a0IT", "  "]


def test_a_template_puts_the_text_in_its_place(map_cells: MapCells) -> None:
    roster = map_cells("display_name", {"from": "X", "template": "<{value}|{value}>"}, "a", " b ", "")
    assert values(roster, "display_name") == ["<a|a>", "<b|b>", None]


def test_a_map_replaces_whole_values_exactly_then_without_case(map_cells: MapCells) -> None:
    column = {"from": "X", "map": {"on": "first", "ON": "second", " Off ": "third"}}
    roster = map_cells("crew", column, "on", "ON", "On", "OFF", "")
    assert values(roster, "crew") == ["first", "second", "first", "third", None]
    assert roster.findings.empty


def test_a_value_outside_of_the_map_is_critical_and_missing(map_cells: MapCells) -> None:
    roster = map_cells("status", {"from": "X", "map": {"Active": "active"}}, "Active", " Sabbatical", "Activ")
    assert values(roster, "status") == ["active", None, None]
    assert codes(roster) == [
        [3, "X", "status", "value_not_mapped", "critical", " Sabbatical"],
        [4, "X", "status", "value_not_mapped", "critical", "Activ"],
    ]
    assert "Sabbatical" not in roster.findings.at[0, "message"]
    assert "'Active'" in roster.findings.at[0, "remedy"]


def test_a_map_may_name_blank_cells(map_cells: MapCells) -> None:
    roster = map_cells("status", {"from": "X", "map": {"": "active", "Left": "inactive"}}, "", "Left", "#N/A")
    assert values(roster, "status") == ["active", "inactive", None]
    assert codes(roster) == [[4, "X", "status", "cell_error", "critical", "#N/A"]]


def test_a_map_comes_before_a_template(map_cells: MapCells) -> None:
    roster = map_cells("title", {"from": "X", "map": {"1": "one"}, "template": "grade {value}"}, "1")
    assert values(roster, "title") == ["grade one"]


def test_dates_are_read_strictly_and_written_as_iso(map_cells: MapCells) -> None:
    roster = map_cells("end_date", "X", "31/03/2026", "03/31/2026", "2026-03-31", "", "31/02/2026", dates="%d/%m/%Y")
    assert values(roster, "end_date") == ["2026-03-31", None, None, None, None]
    assert [row[:1] + row[3:5] for row in codes(roster)] == [
        [3, "bad_date", "critical"], [4, "bad_date", "critical"], [6, "bad_date", "critical"],
    ]  # fmt: skip


def test_a_date_cell_is_a_date_whatever_the_format(write_xlsx: Write, read: Read) -> None:
    write_xlsx(
        ("Account", "Left"),
        ("ada", dt.date(2026, 3, 31)),
        ("bob", "31/03/26"),
        ("cy", dt.datetime(2026, 3, 31, 9, 30)),  # noqa: DTZ001
        ("dee", dt.date(1965, 3, 31)),
    )
    roster = read(columns={"user_name": "Account", "end_date": "Left"}, dates="%d/%m/%y")
    assert values(roster, "end_date") == ["2026-03-31", "2026-03-31", "2026-03-31", None]
    assert roster.raw["Left"].tolist() == ["31/03/26", "31/03/26", "2026-03-31 09:30:00", "1965-03-31"]
    assert [row[0] for row in codes(roster)] == [5]


def test_a_text_that_is_written_as_a_date_cell_with_a_time_is_its_day(map_cells: MapCells) -> None:
    cells = ("2026-03-31 09:30:00", "2026-03-31 23:59:59.500000", "2026-02-30 09:30:00", "2026-03-31 25:00:00",
             "2026-03-31T09:30:00", "2026-03-31 09:30", "2026-03-31 09:30:00+02:00")  # fmt: skip
    roster = map_cells("end_date", "X", *cells, dates="%d/%m/%Y")
    assert values(roster, "end_date") == ["2026-03-31", "2026-03-31", None, None, None, None, None]
    assert [row[:1] + row[3:4] for row in codes(roster)] == [[row, "bad_date"] for row in range(4, 9)]


def test_a_format_with_a_time_comes_before_the_way_of_date_cells(map_cells: MapCells) -> None:
    roster = map_cells("end_date", "X", "2026-02-03 09:30:00", dates="%Y-%d-%m %H:%M:%S")
    assert values(roster, "end_date") == ["2026-03-02"]


def test_status_is_active_where_it_is_not_mapped(map_cells: MapCells) -> None:
    assert values(map_cells("department", "X", "IT", ""), "status") == ["active", "active"]


def test_status_without_a_map_must_be_active_or_inactive(map_cells: MapCells) -> None:
    roster = map_cells("status", "X", "Active", "INACTIVE", "left", "")
    assert values(roster, "status") == ["active", "inactive", None, None]
    assert codes(roster) == [[4, "X", "status", "bad_status", "critical", "left"]]


def test_spreadsheet_errors_in_text_files_are_no_values(map_cells: MapCells) -> None:
    roster = map_cells("department", "X", "#REF!", "#DIV/0!", "#NAME?", "#1 Sales")
    assert values(roster, "department") == [None, None, None, "#1 Sales"]
    assert [row[3] for row in codes(roster)] == ["cell_error"] * 3


def test_tables_are_of_the_declared_shape(map_cells: MapCells) -> None:
    roster = map_cells("crew", {"from": "X", "map": {"a": "b"}}, "a", "x")
    assert roster.workers.columns.tolist() == [*WORKERS.columns, "crew"]
    assert {name: str(roster.workers[name].dtype) for name in WORKERS.columns} == dict(WORKERS.columns)
    assert roster.workers[["source", "file", "row"]].to_numpy().tolist() == [
        ["hr", "staff.csv", 2],
        ["hr", "staff.csv", 3],
    ]
    assert {name: str(roster.findings[name].dtype) for name in FINDINGS.columns} == dict(FINDINGS.columns)
    assert (roster.raw.dtypes == "str").all()
    assert roster.raw.index.name == "row"


def test_one_heading_may_feed_two_attributes(write_text: Write, read: Read) -> None:
    write_text("Account\nada\n")
    columns = {"external_id": "Account", "user_name": {"from": "Account", "template": "{value}@acme.example"}}
    workers = read("staff.csv", columns=columns).workers
    assert workers[["external_id", "user_name"]].to_numpy().tolist() == [["ada", "ada@acme.example"]]


def test_groups_of_a_cell_are_parted_evened_out_and_sorted(map_cells: MapCells) -> None:
    cells = ['"Sales;  Hosts ;sales; "', '"Hosts\n Sales"', "Hosts", "", '" ; "']
    roster = map_cells("directory_groups", "X", *cells)
    assert values(roster, "directory_groups") == ["Hosts\nSales", "Hosts\nSales", "Hosts", None, None]


def test_groups_are_parted_where_the_column_says(map_cells: MapCells) -> None:
    roster = map_cells("directory_groups", {"from": "X", "split": "|,"}, '"A; B | C,D"', "A-B")
    assert values(roster, "directory_groups") == ["A; B\nC\nD", "A-B"]


def test_each_group_of_a_cell_is_mapped_and_templated_by_itself(map_cells: MapCells) -> None:
    meanings = {"CN=hosts": "Hosts", "CN=all": "", "": "Nobody"}
    column = {"from": "X", "map": meanings, "template": "GoTo {value}"}
    roster = map_cells("directory_groups", column, '"cn=all;CN=hosts"', "CN=all", "", '"CN=hosts;CN=ghosts"')
    assert values(roster, "directory_groups") == ["GoTo Hosts", None, "GoTo Nobody", None]
    assert [row[0:4] for row in codes(roster)] == [[5, "X", "directory_groups", "value_not_mapped"]]
