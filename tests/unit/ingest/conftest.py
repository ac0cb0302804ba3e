"""Builders: a source description, and small files as people send them."""

import io
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import xlsxwriter

from tasks.ingest import read_roster
from tasks.model.rosters import Roster
from tasks.model.sources import Source

HEADINGS = ("Employee No", "Account", "Department")
COLUMNS = {"external_id": "Employee No", "user_name": "Account", "department": "Department"}


@pytest.fixture
def make_source() -> Callable[..., Source]:
    def make_source(path: str = "staff.xlsx", **fields: Any) -> Source:
        return Source.model_validate({"name": "hr", "path": path, "snapshot": "full", "columns": COLUMNS} | fields)

    return make_source


@pytest.fixture
def write_xlsx(tmp_path: Path) -> Callable[..., Path]:
    """Write rows, from row 1 on, to sheet Staff of a workbook; further sheets stay empty."""

    def write_xlsx(*rows: tuple[object, ...], name: str = "staff.xlsx", also: tuple[str, ...] = ()) -> Path:
        book = openpyxl.Workbook()
        sheet = book.active
        assert sheet is not None
        sheet.title = "Staff"
        for row in rows:
            sheet.append(row)
        for other in also:
            book.create_sheet(other)
        path = tmp_path / name
        book.save(path)
        return path

    return write_xlsx


@pytest.fixture
def write_cached(tmp_path: Path) -> Callable[[dict[str, tuple[str, object]]], Path]:
    """Write headings and one person to staff.xlsx, then cells of a formula and the result it was saved with.

    A result that is blank text is marked as text, as Excel does.
    """

    def write_cached(formulas: dict[str, tuple[str, object]]) -> Path:
        buffer = io.BytesIO()
        with xlsxwriter.Workbook(buffer) as book:
            sheet = book.add_worksheet("Staff")
            sheet.write_row(0, 0, HEADINGS)
            sheet.write_row(1, 0, ("00142", "ada", "Sales"))
            for place, (formula, result) in formulas.items():
                sheet.write_formula(place, formula, None, result)
        path = tmp_path / "staff.xlsx"
        with zipfile.ZipFile(buffer) as made, zipfile.ZipFile(path, "w") as package:
            for name in made.namelist():
                text = made.read(name).decode()
                for place, (_, result) in formulas.items():
                    text = text.replace(f'<c r="{place}"><f>', f'<c r="{place}" t="str"><f>') if result == "" else text
                package.writestr(name, text)
        return path

    return write_cached


@pytest.fixture
def write_text(tmp_path: Path) -> Callable[..., Path]:
    def write_text(text: str | bytes, name: str = "staff.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    return write_text


@pytest.fixture
def read(tmp_path: Path, make_source: Callable[..., Source]) -> Callable[..., Roster]:
    def read(path: str = "staff.xlsx", **fields: Any) -> Roster:
        return read_roster(make_source(path, **fields), tmp_path)

    return read


@pytest.fixture
def workbook_bytes() -> bytes:
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()
