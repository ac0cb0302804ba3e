"""Read the cells of a workbook in a process of its own, with bounded memory and time.

A damaged or hostile workbook can make calamine ask for all the memory there is, which ends the process that reads it:
so that process is not the run's. This file is run by its path, and imports nothing of ours.
"""

import gc
import io
import json
import marshal
import sys
from array import array
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import date, datetime, time
from functools import cache
from itertools import accumulate
from math import isnan
from typing import Any


def read_cells(data: bytes, wanted: str | None, everything: bool, dates: str) -> dict[str, Any]:
    """Return the sheets of a workbook and the cells of one of them, or of all.

    ``sheets`` has name, whether it is visible, and whether it is made of cells; ``tables`` the columns by name, packed,
    from row 1 on and all of one length; ``merged`` its merged areas, as first row, first column, last row and last
    column, from 1; ``kinds``, where *everything* is read, one letter for each cell (``KINDS``), a text each row.

    Where *wanted* is None and not *everything*, the first visible sheet is read; where there is no sheet *wanted*, none
    is. Raises what calamine does.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    with CalamineWorkbook.from_filelike(io.BytesIO(data)) as workbook:
        sheets = [
            (item.name, item.visible == SheetVisibleEnum.Visible, item.typ == SheetTypeEnum.WorkSheet)
            for item in workbook.sheets_metadata
        ]
        tables, merged, kinds = {}, {}, {}
        write = writer(dates)
        for name in _chosen(sheets, wanted, everything):
            sheet = workbook.get_sheet_by_name(name)
            rows = sheet.to_python(skip_empty_area=False)
            tables[name] = [
                packed([cell if type(cell) is str else write(cell) for cell in column])
                for column in zip(*rows, strict=True)
            ]
            if everything:
                kinds[name] = ["".join(map(kind, row)) for row in rows]
            merged[name] = [
                (top + 1, left + 1, bottom + 1, right + 1) for (top, left), (bottom, right) in _merged(sheet)
            ]
    return {"sheets": sheets, "tables": tables, "merged": merged, "kinds": kinds}


TEXT, NUMBER, DATE, BOOLEAN, BLANK = "t", "n", "d", "b", " "
KINDS = {str: TEXT, float: NUMBER, int: NUMBER, bool: BOOLEAN, datetime: DATE, date: DATE}


def kind(cell: object) -> str:
    """Return what a cell is, in one letter."""
    return BLANK if cell == "" else KINDS.get(type(cell), TEXT)


def _chosen(sheets: list[tuple[str, bool, bool]], wanted: str | None, everything: bool) -> Iterator[str]:
    names = [name for name, _, of_cells in sheets if of_cells]
    if everything:
        yield from names
    elif wanted is not None:
        yield from (name for name in names if name == wanted)
    else:
        yield from [name for name, visible, of_cells in sheets if visible and of_cells][:1]


def _merged(sheet: Any) -> list[tuple[tuple[int, int], tuple[int, int]]]:
    with suppress(Exception):  # where headings are merged is of help, but no reader may fail for it
        return sheet.merged_cell_ranges or []
    return []


def packed(cells: list[str]) -> tuple[bytes, bytes]:
    """Return the cells of a column as Arrow keeps them: all the text, and where in it each cell ends.

    A million small texts would take as long to hand over as to read.
    """
    text = "".join(cells)
    if text.isascii():
        return text.encode(), _ends(map(len, cells))
    parts = [cell.encode() for cell in cells]
    return b"".join(parts), _ends(map(len, parts))


def _ends(lengths: Iterable[int]) -> bytes:
    return array("q", accumulate(lengths, initial=0)).tobytes()


def writer(dates: str) -> Callable[[object], str]:
    """Return the function that writes one cell that is no text: dates in the format *dates*, times behind them.

    What is "not a number" is blank.
    """

    @cache
    def day(value: date) -> str:
        with suppress(ValueError):  # the first year, which databases have for "never", is written with one digit
            text = value.strftime(dates)
            same = datetime.strptime(text, dates).date() == value  # noqa: DTZ007  (days have no zone)
            if same and text != dates:  # a two-digit year cannot say 1965, and "ambiguous" says nothing
                return text
        return value.isoformat()

    def write(cell: object) -> str:
        if isinstance(cell, bool):
            return "TRUE" if cell else "FALSE"
        if isinstance(cell, float):
            if isnan(cell):
                return ""
            return str(int(cell)) if cell.is_integer() else repr(cell)
        if isinstance(cell, datetime):
            return day(cell.date()) if cell.time() == time() else cell.isoformat(sep=" ")
        if isinstance(cell, date):
            return day(cell)
        return "" if cell is None else str(cell)

    return write


def _main() -> None:
    order = json.loads(sys.argv[1])
    _limit(order["memory"], order["seconds"])
    gc.disable()  # millions of cells and no cycles among them: looking for some takes a third of the time
    data = sys.stdin.buffer.read()
    try:
        answer = read_cells(data, order["sheet"], order["everything"], order["dates"])
    except MemoryError:
        answer = {"error": "MemoryError"}
    except BaseException as exc:  # noqa: BLE001  (calamine's panics are no Exceptions; the parent refuses the file)
        answer = {"error": type(exc).__name__}
    sys.stdout.buffer.write(marshal.dumps(answer, 2))


def _limit(memory: int, seconds: int) -> None:
    """Bound what the system gives to this process: a run that was killed cannot end it any more."""
    with suppress(ImportError, ValueError, OSError):  # no such limits on Windows
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    _main()
