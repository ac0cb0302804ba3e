"""A day is the day that the cell says, whatever the format of the texts around it."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tasks.ingest import read_roster
from tasks.ingest.database import _cell
from tasks.ingest.mended_books import read_mended
from tasks.ingest.sheet_process import writer
from tasks.model.rosters import REFERENCE, REJECTS, Roster
from tasks.model.sources import Source

Write = Callable[..., Path]
Read = Callable[..., Roster]
COLUMNS = {
    "user_name": "Account",
    "start_date": "Joined",
    "end_date": {"from": "Left", "dates": "%m/%d/%Y"},
    "department": "Team",
}
HEADINGS = ("Account", "Joined", "Left", "Team")
DAY = dt.date(2026, 2, 3)
EVENING = dt.datetime(2026, 2, 3, 23, 59, 59)  # noqa: DTZ001  (cells have no zone)


def days(roster: Roster) -> list[list[str]]:
    return roster.workers[["start_date", "end_date"]].fillna("").to_numpy().tolist()


def test_a_date_cell_is_its_day_in_a_column_with_dates_of_its_own(write_xlsx: Write, read: Read) -> None:
    write_xlsx(HEADINGS, ("ada", DAY, DAY, DAY), ("bob", "03/02/2026", "02/03/2026", "x"))
    roster = read(columns=COLUMNS, dates="%d/%m/%Y")
    assert days(roster) == [["2026-02-03", "2026-02-03"]] * 2
    assert roster.raw.iloc[0].tolist() == ["ada", "03/02/2026", "02/03/2026", "03/02/2026"]
    assert roster.workers["department"].tolist() == ["03/02/2026", "x"]


def test_a_time_of_day_in_a_date_cell_does_not_change_its_day(write_xlsx: Write, read: Read) -> None:
    write_xlsx(HEADINGS, ("ada", EVENING, EVENING, EVENING), ("bob", "03/02/2026", "02/03/2026", "x"))
    roster = read(columns=COLUMNS, dates="%d/%m/%Y")
    assert days(roster) == [["2026-02-03", "2026-02-03"]] * 2
    assert roster.workers["department"].tolist() == ["2026-02-03 23:59:59", "x"]
    assert roster.findings.empty


def test_date_cells_with_a_time_are_days_where_the_texts_are_ambiguous(write_xlsx: Write, read: Read) -> None:
    write_xlsx(HEADINGS, ("ada", EVENING, EVENING, ""))
    columns = COLUMNS | {"end_date": "Left"}
    assert days(read(columns=columns, dates="ambiguous")) == [["2026-02-03", "2026-02-03"]]


def test_a_heading_that_is_a_date_cell_is_written_as_the_source_writes_dates(write_xlsx: Write, read: Read) -> None:
    write_xlsx(("Account", "Joined", "Left", DAY), ("ada", DAY, DAY, "on"))
    roster = read(columns=COLUMNS | {"department": "03/02/2026"}, dates="%d/%m/%Y")
    assert roster.workers["department"].tolist() == ["on"]


def test_a_column_may_have_dates_of_its_own_where_the_others_are_ambiguous(write_xlsx: Write, read: Read) -> None:
    write_xlsx(HEADINGS, ("ada", DAY, DAY, ""), ("bob", dt.date(1900, 3, 1), "02/03/2026", ""))
    assert days(read(columns=COLUMNS, dates="ambiguous")) == [
        ["2026-02-03", "2026-02-03"],
        ["1900-03-01", "2026-02-03"],
    ]
    assert writer("ambiguous")(dt.date(1900, 1, 1)) == "1900-01-01"


def test_days_of_parquet_are_as_exact(tmp_path: Path, read: Read) -> None:
    table = pa.table({"Account": ["ada"], "Joined": [DAY], "Left": [DAY], "Team": ["x"]})
    pq.write_table(table, tmp_path / "staff.parquet")
    assert days(read("staff.parquet", columns=COLUMNS, dates="%d/%m/%Y")) == [["2026-02-03", "2026-02-03"]]


def test_a_mended_date_cell_is_its_day_too(tmp_path: Path, write_text: Write) -> None:
    path = write_text("Account,Joined,Left,Team\nada,03/02/2026,soon,IT\n")
    spec = {"name": "hr", "path": str(path), "snapshot": "full", "columns": COLUMNS, "dates": "%d/%m/%Y"}
    source = Source.model_validate(spec)
    first = read_roster(source, tmp_path)
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = REJECTS
    for row in ((*HEADINGS, REFERENCE), ("ada", DAY, DAY, "IT", f"hr:{first.sha256[:12]}:2")):
        sheet.append(row)
    book.save(tmp_path / "back.xlsx")
    mended = read_mended([source], [tmp_path / "back.xlsx"])
    assert days(read_roster(source, tmp_path, mended=mended["hr"])) == [["2026-02-03", "2026-02-03"]]


@pytest.mark.parametrize("dates", ["%d/%m/%Y", "%Y-%m-%d", "%d/%m/%y"])
def test_the_first_year_stands_for_no_day_and_damages_nothing(tmp_path: Path, read: Read, dates: str) -> None:
    never = dt.date(1, 1, 1)
    table = pa.table({"Account": ["ada", "bob"], "Joined": [never, DAY], "Left": [DAY, DAY], "Team": ["x", "y"]})
    pq.write_table(table, tmp_path / "staff.parquet")
    roster = read("staff.parquet", columns=COLUMNS | {"end_date": "Left"}, dates=dates)
    assert roster.raw["Joined"].tolist() == ["0001-01-01", DAY.strftime(dates)]


def test_what_is_no_number_is_blank(tmp_path: Path, read: Read) -> None:
    table = pa.table({"Account": ["ada", "bob"], "Desk": [float("nan"), 7.0]})
    pq.write_table(table, tmp_path / "staff.parquet")
    roster = read("staff.parquet", columns={"user_name": "Account", "department": "Desk"})
    assert roster.workers["department"].fillna("").tolist() == ["", "7"]
    assert [_cell(value, writer("%Y-%m-%d")) for value in (Decimal("NaN"), Decimal("1.50"), float("nan"))] == [
        "", "1.50", "",
    ]  # fmt: skip


def test_a_column_without_any_date_is_not_ambiguous(write_xlsx: Write, read: Read) -> None:
    write_xlsx(HEADINGS, ("ada", "", None, "x"), ("bob", " ", None, "y"))
    assert days(read(columns=COLUMNS | {"end_date": "Left"}, dates="ambiguous")) == [["", ""]] * 2
