"""Read sheets of workbooks as rows of text, and look twice at blank cells that may hide an error.

calamine reads a sheet some ten times as fast as openpyxl, but shows a blank cell, an error (``#N/A``) and a formula
that was saved without its result alike. Where a mapped column has blanks and the workbook has such cells at all,
openpyxl tells them apart.
"""

import io
import json
import marshal
import re
import struct
import subprocess
import sys
import warnings
import zipfile
import zlib
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
from rapidfuzz import fuzz, process

from tasks.ingest import sheet_process
from tasks.ingest.containers import Container
from tasks.ingest.files import MOST_SHOWN, ReadFile, shortened
from tasks.ingest.tables import RawTable, Reading
from tasks.model.errors import RejectedSource

MAX_UNPACKED = 2 * (1 << 30)
MAX_RATIO = 200
RATIO_COUNTS_FROM = 100 * (1 << 20)
MAX_CELLS = 30_000_000
MAX_ROWS, MAX_COLUMNS = 1_048_576, 16_384
MAX_MEMORY = 4 * (1 << 30)
MAX_SECONDS = 300

FORMULA = "formula"
DOUBTFUL = re.compile(
    rb"""\st=["']e["']"""  # a cell that holds an error
    rb"""|(?:</(?:\w+:)?f>|<(?:\w+:)?f\b[^<>]*/>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</|</(?:\w+:)?c>)"""  # no result
)
DOUBTFUL_AT_ALL = (b't="e"', b"t='e'", b"<f", b":f")
"""One of these must stand in a sheet for ``DOUBTFUL`` to be worth its search, which takes as long as reading."""
DIMENSION = re.compile(rb"""<(?:\w+:)?dimension\s+ref=["'](?:[A-Z]+\d+:)?([A-Z]+)(\d+)["']""")
ZIPPED = (Container.XLSX, Container.XLSB, Container.ODS)


@dataclass(frozen=True)
class SheetCells:
    """A sheet's columns from row 1 on, all of one length and all text; a blank cell is ``""``. ``kinds`` are as in
    ``tables.RawTable``."""

    name: str
    columns: list[pa.Array]
    merged: tuple[tuple[int, int, int, int], ...]
    hidden: bool
    kinds: list[str] | None


def read_sheet(file: ReadFile, reading: Reading) -> SheetCells:
    """Return the declared sheet, the first visible one where none is.

    Numbers are written without a needless ``.0``, booleans as TRUE and FALSE, date cells in the source's own date
    format. Raises ``RejectedSource`` if the workbook cannot be read or has no such sheet.
    """
    answer = _read_cells(file, reading, everything=False)
    if not answer["tables"]:
        raise _no_such_sheet(file, reading.sheet, answer["sheets"])
    return next(_sheets(answer))


def read_sheets(file: ReadFile, reading: Reading) -> list[RawTable]:
    """Return all sheets of a workbook, hidden ones marked. Raises ``RejectedSource`` if it cannot be read."""
    return [
        RawTable(
            sheet.name,
            [list(row) for row in zip(*(column.to_pylist() for column in sheet.columns), strict=True)],
            hidden=sheet.hidden,
            container=file.container,
            merged=sheet.merged,
            kinds=sheet.kinds,
        )
        for sheet in _sheets(_read_cells(file, reading, everything=True))
    ]


def _sheets(answer: dict[str, Any]) -> Iterator[SheetCells]:
    visible = {name: shown for name, shown, _ in answer["sheets"]}
    for name, packed in answer["tables"].items():
        columns = [_column(text, ends) for text, ends in packed]
        merged, kinds = tuple(answer["merged"][name]), answer["kinds"].get(name)
        yield SheetCells(name, columns, merged, hidden=not visible[name], kinds=kinds)


def _column(text: bytes, ends: bytes) -> pa.Array:
    buffers = [None, pa.py_buffer(ends), pa.py_buffer(text)]
    return pa.Array.from_buffers(pa.large_string(), len(ends) // 8 - 1, buffers)


def _read_cells(file: ReadFile, reading: Reading, *, everything: bool) -> dict[str, Any]:
    """Have the cells read by ``sheet_process``. Raises ``RejectedSource`` if it cannot, or takes too much for it."""
    if file.container in ZIPPED:
        with _damage_refused(file):
            _check_size(file)
            _check_extent(file, reading.sheet, everything)
    order = {
        "sheet": reading.sheet,
        "everything": everything,
        "dates": reading.dates,
        "memory": MAX_MEMORY,
        "seconds": MAX_SECONDS + 10,  # of the processor: after this run has given it up
    }
    command = [sys.executable, "-I", str(Path(sheet_process.__file__)), json.dumps(order)]
    try:
        done = subprocess.run(command, input=file.data, capture_output=True, timeout=MAX_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        raise file.rejected(f"takes more than {MAX_SECONDS} s to read", "Copy the table to a new workbook.") from None
    answer: dict[str, Any] = marshal.loads(done.stdout) if done.stdout else {"error": "MemoryError"}  # noqa: S302 - ours
    if "error" in answer:
        raise _unreadable(file, answer["error"])
    return answer


def _unreadable(file: ReadFile, reason: str) -> RejectedSource:
    if reason == "PasswordError":
        remedy = "Set sources.password to a reference, or save the workbook without a password."
        return file.rejected("has a password", remedy)
    if reason == "MemoryError":
        return file.rejected(
            f"takes more than {MAX_MEMORY >> 30} GiB of memory to read, which no roster needs: "
            "it is damaged, or has cells far outside of its table",
            "Copy the table to a new workbook.",
            reason=reason,
        )
    return _damaged(file, reason)


def can_be_doubted(file: ReadFile) -> bool:
    """Tell whether *file* is of a kind that openpyxl reads."""
    return file.container == Container.XLSX


def has_doubtful_cells(file: ReadFile) -> bool:
    """Tell whether any sheet has an error, or a formula without its result."""
    with _damage_refused(file), zipfile.ZipFile(io.BytesIO(file.data)) as package:
        return any(_is_doubtful(package.read(name)) for name in _sheet_parts(package))


def _is_doubtful(part: bytes) -> bool:
    return any(mark in part for mark in DOUBTFUL_AT_ALL) and DOUBTFUL.search(part) is not None


def look_twice(file: ReadFile, sheet: str, blanks: Collection[tuple[int, int]]) -> dict[tuple[int, int], str]:
    """Return which of the cells *blanks* (row and column, from 1) are none: an error's text, or ``FORMULA``."""
    with _damage_refused(file):
        cells = list(_cells(file.data, sheet, blanks, results=True))
        errors = {at: str(value) for at, kind, value in cells if kind == "e"}
        unread = {at for at, kind, value in cells if kind == "n" and value is None}
        formulas = [at for at, kind, _ in _cells(file.data, sheet, unread, results=False) if kind == "f"]
    return errors | dict.fromkeys(formulas, FORMULA)


DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, struct.error, OSError, EOFError, RuntimeError),
    *(ValueError, TypeError, KeyError, IndexError, AttributeError, SyntaxError),  # openpyxl's, at parts it cannot take
)


@contextmanager
def _damage_refused(file: ReadFile) -> Iterator[None]:
    """Refuse the file when one of the readers stumbles over what is in it; their texts can hold cells."""
    try:
        yield
    except DAMAGE as exc:
        raise _damaged(file, type(exc).__name__) from None


def _damaged(file: ReadFile, reason: str) -> RejectedSource:
    remedy = "Open it in Excel and save it again, or export it again."
    return file.rejected("cannot be read: it is damaged, or no workbook", remedy, reason=reason)


def _check_size(file: ReadFile) -> None:
    """Refuse a zip file that would unpack to far more than a roster can be."""
    with zipfile.ZipFile(io.BytesIO(file.data)) as package:
        unpacked = sum(part.file_size for part in package.infolist())
    bloated = unpacked > RATIO_COUNTS_FROM and unpacked > MAX_RATIO * len(file.data)
    if unpacked > MAX_UNPACKED or bloated:
        raise file.rejected(
            f"would unpack to {unpacked >> 20} MiB, which no roster needs", "Copy the table to a new workbook."
        )


def _no_such_sheet(file: ReadFile, wanted: str | None, sheets: list[tuple[str, bool, bool]]) -> RejectedSource:
    if wanted is None:
        return file.rejected("has no visible sheet", "Export it again, or set sources.sheet.")
    names = [name for name, _, of_cells in sheets if of_cells]
    near = process.extractOne(wanted, names, scorer=fuzz.ratio, processor=str.lower, score_cutoff=60)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return file.rejected(
        f"has no sheet '{wanted}'; its sheets: {shortened(names)}",
        f"Correct sources.sheet, or the export.{hint}",
        sheets=names[:MOST_SHOWN],
    )


def _check_extent(file: ReadFile, sheet: str | None, everything: bool) -> None:
    """Refuse a sheet with a cell so far out that reading the area before it would take all memory."""
    extents = list(_declared_extents(file.data))
    if all(rows * columns <= MAX_CELLS for rows, columns in extents):
        return
    from openpyxl import load_workbook

    impossible = next(((rows, columns) for rows, columns in extents if columns > MAX_COLUMNS or rows > MAX_ROWS), None)
    if impossible:
        raise _far_out(file, "a sheet", *impossible)
    with closing(load_workbook(io.BytesIO(file.data), read_only=True)) as workbook:
        visible = [item.title for item in workbook.worksheets if item.sheet_state == "visible"]
        for item in workbook.worksheets:
            rows, columns = item.max_row or 0, item.max_column or 0
            read = everything or item.title == (sheet or visible[0])
            if read and rows * columns > MAX_CELLS:
                raise _far_out(file, f"sheet {item.title}", rows, columns)


def _far_out(file: ReadFile, where: str, rows: int, columns: int) -> RejectedSource:
    return file.rejected(
        f"has cells far outside of its table, on {where}: it reaches row {rows} and column {columns}",
        "Delete the rows below and the columns beside the table, save, and run again.",
    )


def _declared_extents(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield how many rows and columns each sheet says it reaches over."""
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        for name in _sheet_parts(package):
            with package.open(name) as part:
                found = DIMENSION.search(part.read(4096))
            if found:
                yield int(found[2]), _column_number(found[1])


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
