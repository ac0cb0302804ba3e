"""Builders: files as people send them, and what inspection says of them."""

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tasks.ingest.inspection import inspect_file
from tasks.ingest.inspection.shape import HazardShape, TableShape

HEADINGS = ("Employee No", "E-mail", "First name", "Surname", "Department", "Status", "Start date")
STAFF = (
    ("A-101", "ada.byrne@acme.example", "Ada", "Byrne", "Sales", "Active", "2020-01-31"),
    ("A-102", "bo.lind@acme.example", "Bo", "Lind", "Sales", "Active", "2021-02-28"),
    ("A-103", "cleo.ward@acme.example", "Cleo", "Ward", "Support", "Inactive", "2022-03-30"),
    ("A-104", "dag.orme@acme.example", "Dag", "Orme", "Support", "Active", "2023-04-29"),
)


@pytest.fixture
def staff() -> Any:
    """Headings and rows of a list with nothing wrong in it; ``but(row, heading=value)`` is it with other cells."""

    def but(row: int, **cells: str) -> list[list[str]]:
        table = [list(HEADINGS), *(list(person) for person in STAFF)]
        for heading, value in cells.items():
            table[row - 1][HEADINGS.index(heading.replace("_", " "))] = value
        return table

    return SimpleNamespace(headings=HEADINGS, rows=STAFF, table=[HEADINGS, *STAFF], but=but)


@pytest.fixture
def text_file(tmp_path: Path) -> Callable[..., Path]:
    """Write rows as delimited text, or bytes as they are."""

    def write(
        rows: Sequence[Sequence[str]] | str | bytes, name: str = "staff.csv", encoding: str = "utf-8", by: str = ","
    ) -> Path:
        path = tmp_path / name
        if isinstance(rows, bytes):
            path.write_bytes(rows)
        else:
            text = rows if isinstance(rows, str) else "".join(f"{by.join(row)}\n" for row in rows)
            path.write_bytes(text.encode(encoding))
        return path

    return write


@pytest.fixture
def workbook(tmp_path: Path) -> Callable[..., Path]:
    """Write sheets of rows with openpyxl; *change* is called with the workbook before it is saved."""

    def write(
        *sheets: Sequence[Sequence[object]], names: Sequence[str] = ("Staff", "More", "Third"),
        change: Callable[[Any], None] | None = None, name: str = "staff.xlsx",
    ) -> Path:  # fmt: skip
        book = openpyxl.Workbook()
        book.remove(book.worksheets[0])
        for title, rows in zip(names, sheets, strict=False):
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(list(row))
        if change is not None:
            change(book)
        path = tmp_path / name
        book.save(path)
        return path

    return write


@pytest.fixture
def with_results(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to sheet Staff, then formulas with the results that they were saved with (None: without)."""

    def write(rows: Sequence[Sequence[object]], formulas: dict[str, tuple[str, object]]) -> Path:
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer) as book:
            sheet = book.add_worksheet("Staff")
            for number, row in enumerate(rows):
                sheet.write_row(number, 0, row)
            for place, (formula, result) in formulas.items():
                sheet.write_formula(place, formula, None, "" if result is None else result)
        path = tmp_path / "staff.xlsx"
        path.write_bytes(buffer.getvalue())
        return path

    return write


@pytest.fixture
def with_part(tmp_path: Path) -> Callable[[Path, str, bytes], Path]:
    """Add a part to a workbook."""

    def add(path: Path, name: str, content: bytes) -> Path:
        with zipfile.ZipFile(path, "a") as package:
            package.writestr(name, content)
        return path

    return add


@pytest.fixture
def tables() -> Callable[..., list[TableShape]]:
    return lambda path, **options: inspect_file(path, **options).shape().tables


@pytest.fixture
def table(tables: Callable[..., list[TableShape]]) -> Callable[..., TableShape]:
    """Return what is said of the first table of a file."""
    return lambda path, **options: tables(path, **options)[0]


@pytest.fixture
def hazard(table: Callable[..., TableShape]) -> Callable[..., HazardShape]:
    """Return the one hazard of a code in the first table of a file, in a column if there are several."""

    def find(path: Path, code: str, column: str | None = None) -> HazardShape:
        found = [item for item in table(path).hazards if item.code == code and column in (None, item.column)]
        assert len(found) == 1, [item.code for item in table(path).hazards]
        return found[0]

    return find


@pytest.fixture
def proposals(table: Callable[..., TableShape]) -> Callable[..., dict[str, str | None]]:
    return lambda path: {column.name: column.proposal for column in table(path).columns}
