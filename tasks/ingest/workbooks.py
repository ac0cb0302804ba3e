"""Read one sheet of a workbook as rows of text, and look twice at blank cells that may hide an error.

calamine reads a sheet some ten times as fast as openpyxl, but shows a blank cell, an error (``#N/A``) and a formula
that was saved without its result alike. Where a mapped column has blanks and the workbook has such cells at all,
openpyxl tells them apart.
"""

import io
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Collection, Iterator
from contextlib import closing, contextmanager
from datetime import date, datetime, time
from functools import cache
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum
from rapidfuzz import fuzz, process

from tasks.ingest.files import MOST_SHOWN, RosterFile, shortened

MAX_UNPACKED = 2 * (1 << 30)
MAX_RATIO = 200
RATIO_COUNTS_FROM = 100 * (1 << 20)
MAX_CELLS = 30_000_000

FORMULA = "formula"
DOUBTFUL = re.compile(
    rb"""\st=["']e["']"""  # a cell that holds an error
    rb"""|(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]*/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</|</(?:\w+:)?c>)"""  # no result
)
DOUBTFUL_AT_ALL = (b't="e"', b"t='e'", b"<f", b":f")
"""One of these must stand in a sheet for ``DOUBTFUL`` to be worth its search, which takes as long as reading."""
DIMENSION = re.compile(rb"""<(?:\w+:)?dimension\s+ref=["'](?:[A-Z]+\d+:)?([A-Z]+)(\d+)["']""")


def read_sheet(file: RosterFile) -> tuple[str, list[list[str]]]:
    """Return the sheet's name and its rows from row 1 on, all of one length; a blank cell is ``""``.

    Numbers are written without a needless ``.0``, booleans as TRUE and FALSE, date cells in the source's own date
    format. Raises ``RejectedSource`` if the workbook cannot be read or has no such sheet.
    """
    with _damage_refused(file):
        _check_package(file)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(file.data))
        name = _choose_sheet(file, workbook)
        _check_extent(file, name)
        rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    in_words = _writer(file.source.dates)
    return name, [[cell if type(cell) is str else in_words(cell) for cell in row] for row in rows]


def has_doubtful_cells(file: RosterFile) -> bool:
    """Tell whether any sheet has an error, or a formula without its result."""
    with _damage_refused(file), zipfile.ZipFile(io.BytesIO(file.data)) as package:
        return any(_is_doubtful(package.read(name)) for name in _sheet_parts(package))


def _is_doubtful(part: bytes) -> bool:
    return any(mark in part for mark in DOUBTFUL_AT_ALL) and DOUBTFUL.search(part) is not None


def look_twice(file: RosterFile, sheet: str, blanks: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return which of the cells *blanks* (row and column, from 1) are none: an error's text, or ``FORMULA``."""
    with _damage_refused(file):
        cells = list(_cells(file.data, sheet, blanks, results=True))
        errors = {at: str(value) for at, kind, value in cells if kind == "e"}
        unread = {at for at, kind, value in cells if kind == "n" and value is None}
        formulas = [at for at, kind, _ in _cells(file.data, sheet, unread, results=False) if kind == "f"]
    return errors | dict.fromkeys(formulas, FORMULA)


DAMAGE = (
    *(CalamineError, zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError),  # openpyxl's, at parts it cannot take
)


@contextmanager
def _damage_refused(file: RosterFile) -> Iterator[None]:
    """Refuse the file when one of the readers stumbles over what is in it; their texts can hold cells."""
    try:
        yield
    except DAMAGE as exc:
        remedy = "Open it in Excel and save it again, or export it again."
        reason = type(exc).__name__
        raise file.rejected("cannot be read: it is damaged, or no workbook", remedy, reason=reason) from None


def _check_package(file: RosterFile) -> None:
    """Refuse a zip file that is no workbook, or that would unpack to far more than a roster can be."""
    with zipfile.ZipFile(io.BytesIO(file.data)) as package:
        parts = {part.filename: part.file_size for part in package.infolist()}
    if "xl/workbook.xml" not in parts:
        what = "an .xlsb workbook" if "xl/workbook.bin" in parts else "another kind of zip file"
        raise file.rejected(f"is no .xlsx workbook; it looks like {what}", "Save it as an Excel workbook (.xlsx).")
    unpacked = sum(parts.values())
    bloated = unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * len(file.data)
    if unpacked > MAX_UNPACKED or bloated:
        raise file.rejected(
            f"would unpack to {unpacked >> 20} MiB, which no roster needs", "Copy the table to a new workbook."
        )


def _choose_sheet(file: RosterFile, workbook: CalamineWorkbook) -> str:
    """Return the declared sheet; the first visible one where none is declared."""
    sheets = [item for item in workbook.sheets_metadata if item.typ == SheetTypeEnum.WorkSheet]
    names = [item.name for item in sheets]
    visible = [item.name for item in sheets if item.visible == SheetVisibleEnum.Visible]
    wanted = file.source.sheet
    if wanted is None:
        if not visible:
            raise file.rejected("has no visible sheet", "Export it again, or set sources.sheet.")
        return visible[0]
    if wanted in names:
        return wanted
    near = process.extractOne(wanted, names, scorer=fuzz.ratio, processor=str.lower, score_cutoff=60)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    raise file.rejected(
        f"has no sheet '{wanted}'; its sheets: {shortened(names)}",
        f"Correct sources.sheet, or the export.{hint}",
        sheets=names[:MOST_SHOWN],
    )


def _check_extent(file: RosterFile, sheet: str) -> None:
    """Refuse a sheet with a cell so far out that reading the area before it would take all memory."""
    if max(_declared_extents(file.data), default=0) <= MAX_CELLS:
        return
    from openpyxl import load_workbook

    with closing(load_workbook(io.BytesIO(file.data), read_only=True)) as workbook:
        rows, columns = workbook[sheet].max_row or 0, workbook[sheet].max_column or 0
    if rows * columns > MAX_CELLS:
        raise file.rejected(
            f"has cells far outside of its table, on sheet {sheet}: it reaches row {rows} and column {columns}",
            "Delete the rows below and the columns beside the table, save, and run again.",
        )


def _declared_extents(data: bytes) -> Iterator[int]:
    """Yield how many cells each sheet says it reaches over."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in _sheet_parts(package):
            with package.open(name) as part:
                found = DIMENSION.search(part.read(4096))
            if found:
                yield _column_number(found[1]) * int(found[2])


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - ord("A") + 1
    return number


def _sheet_parts(package: zipfile.ZipFile) -> list[str]:
    return [name for name in package.namelist() if name.startswith("xl/worksheets/") and name.endswith(".xml")]


def _cells(
    data: bytes, sheet: str, wanted: Collection[tuple[int, int]], results: bool
) -> Iterator[tuple[tuple[int, int], str, Any]]:
    """Yield place, kind and value of the *wanted* cells; of formulas their *results*, else the formulas."""
    if not wanted:
        return
    from openpyxl import load_workbook

    rows, columns = [row for row, _ in wanted], [column for _, column in wanted]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # openpyxl tells of styles and extensions that it does not know
        with closing(load_workbook(io.BytesIO(data), read_only=True, data_only=results)) as workbook:
            area = workbook[sheet].iter_rows(min(rows), max(rows), min(columns), max(columns))
            for row, cells in enumerate(area, min(rows)):
                for column, cell in enumerate(cells, min(columns)):
                    if (row, column) in wanted:
                        yield (row, column), cell.data_type, cell.value


def _writer(dates: str) -> Callable[[object], str]:
    """Return the function that writes one cell that is no text."""

    @cache
    def day(value: date) -> str:
        text = value.strftime(dates)
        same = datetime.strptime(text, dates).date() == value  # noqa: DTZ007  (days have no zone)
        return text if same else value.isoformat()  # a two-digit year cannot say 1965

    def write(cell: object) -> str:
        if isinstance(cell, bool):
            return "TRUE" if cell else "FALSE"
        if isinstance(cell, float):
            return str(int(cell)) if cell.is_integer() else repr(cell)
        if isinstance(cell, datetime):
            return day(cell.date()) if cell.time() == time() else cell.isoformat(sep=" ")
        if isinstance(cell, date):
            return day(cell)
        return "" if cell is None else str(cell)

    return write
