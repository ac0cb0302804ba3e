"""Write ``rejects.xlsx``: the rows that are held, as they stood, with what is wrong and what to do.

The sheet can be mended and given back (``tasks.ingest.mended_books``): the source's columns come first, as text, under
their own headings, and the last column says which row of which file a line is about.
"""

import datetime as dt
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from tasks.model.rosters import CRITICAL, REFERENCE, REJECTS, Roster, Verdict, reference
from tasks.model.secrets import MASK

WARNINGS, README = "Warnings", "Read me"
EXPLAINED = ("Row", "Problem column", "Value", "Code", "What is wrong", "What to do")
NOTICED = ("Row", "Column", "Value", "Code", "Severity", "What was noticed", "What to do")
WHOLE_ROW, BLANK = "(whole row)", "(blank)"
_WIDTHS = {
    "Row": 7,
    "Code": 22,
    "Value": 26,
    "What is wrong": 48,
    "What was noticed": 48,
    "What to do": 60,
    REFERENCE: 30,
}
_LONGEST_CELL = 32_767
_MOST_ROWS = 1_048_575  # below a header
_READS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_EPOCH = dt.datetime(2000, 1, 1)  # noqa: DTZ001  # a fixed date in the file's properties: equal input, equal bytes


@dataclass(frozen=True)
class _Line:
    """One line of a sheet: its cells, and which of them to colour."""

    cells: Sequence[str | int | None]
    marked: frozenset[int] = field(default_factory=frozenset)


def write_rejects(roster: Roster, verdict: Verdict, path: Path) -> Path:
    """Write the workbook to *path*, whole or not at all, with mode 0600, and return *path*.

    One line per held row on sheet "Rejects", problems of a row below each other in its cells; one line per finding
    that holds nothing on sheet "Warnings". Equal input gives equal bytes. No cell can run as a formula.
    """
    import xlsxwriter

    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    os.close(handle)
    try:
        with xlsxwriter.Workbook(part, {"constant_memory": True, "strings_to_urls": False}) as book:
            book.set_properties({"title": "Rejects", "created": _EPOCH})
            formats = _formats(book)
            headings = list(roster.raw.columns)
            _write_sheets(
                book, formats, REJECTS, [*headings, *_apart(EXPLAINED, headings), REFERENCE], _held(roster, verdict)
            )
            _write_sheets(book, formats, WARNINGS, NOTICED, _noticed(verdict))
            _write_readme(book, formats, roster, len(verdict.held), path.name)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise
    return path


def _apart(names: Iterable[str], taken: Sequence[str]) -> list[str]:
    """Return *names*, those that the source's headings use already with a mark that tells them apart."""
    lower = {heading.casefold() for heading in taken}
    return [f"{name} (check)" if name.casefold() in lower else name for name in names]


def _held(roster: Roster, verdict: Verdict) -> Iterator[_Line]:
    problems = _problems(verdict.findings)
    places = {heading: place for place, heading in enumerate(roster.raw.columns)}
    rows = verdict.held["row"].astype("int64").tolist()
    for row, cells in zip(rows, _cells(roster.raw.loc[rows]), strict=True):
        found = problems[row]
        marked = frozenset(places[problem.column] for problem in found if problem.column in places)
        told = found[0] if len(found) == 1 else map("\n".join, zip(*found, strict=True))
        yield _Line([*cells, row, *told, reference(roster.source, roster.sha256, row)], marked)


class _Problem(NamedTuple):
    """What is said of one held row beside its own cells: in the order of ``EXPLAINED``, after the row."""

    column: str
    value: str
    code: str
    message: str
    remedy: str


def _problems(findings: pd.DataFrame) -> Mapping[int, list[_Problem]]:
    critical = findings[(findings["severity"] == CRITICAL) & findings["row"].notna()]
    problems: dict[int, list[_Problem]] = {}
    for row, column, value, *texts in _cells(critical[["row", *_Problem._fields]]):
        cell = value or BLANK if column else ""
        problem = _Problem(column or WHOLE_ROW, cell, *(text or "" for text in texts))
        problems.setdefault(row, []).append(problem)
    return problems


def _cells(table: pd.DataFrame) -> Iterator[tuple[Any, ...]]:
    """Return the rows of *table*, with None for what is missing."""
    columns = (table[name].astype(object).where(table[name].notna(), None).tolist() for name in table)
    return zip(*columns, strict=True)


def _noticed(verdict: Verdict) -> Iterator[_Line]:
    names = ["row", "column", "value", "code", "severity", "message", "remedy"]
    mild = verdict.findings.loc[verdict.findings["severity"] != CRITICAL, names]
    for row, column, *others in _cells(mild):
        yield _Line([row, column or WHOLE_ROW, *others])


def _formats(book: Any) -> Mapping[str, Any]:
    cell = {"num_format": "@", "valign": "top", "text_wrap": True}
    problem = {**cell, "bg_color": "#FBD5D5", "border": 1, "border_color": "#C00000"}
    styles = {
        "header": {"bold": True, "font_color": "#FFFFFF", "bg_color": "#1F3864", "valign": "top", "text_wrap": True},
        "cell": cell,
        "quoted": {**cell, "quote_prefix": True},
        "problem": problem,
        "quoted problem": {**problem, "quote_prefix": True},
        "number": {"valign": "top"},
        "title": {"bold": True, "font_size": 14},
        "prose": {"text_wrap": True, "valign": "top"},
        "code": {"font_name": "Consolas", "num_format": "@"},
    }
    return {name: book.add_format(style) for name, style in styles.items()}


def _write_sheets(
    book: Any, formats: Mapping[str, Any], name: str, header: Sequence[str], lines: Iterator[_Line]
) -> None:
    """Write *lines* to a sheet called *name*, and to further ones where a sheet has no room for all of them."""
    line, number = next(lines, None), 1
    while line is not None or number == 1:
        sheet = book.add_worksheet(name if number == 1 else f"{name} {number}")
        _write_header(sheet, formats, header)
        place = 0
        while line is not None and place < _MOST_ROWS:
            place += 1
            _write_line(sheet, formats, place, line)
            line = next(lines, None)
        sheet.autofilter(0, 0, place, len(header) - 1)
        number += 1


def _write_header(sheet: Any, formats: Mapping[str, Any], header: Sequence[str]) -> None:
    sheet.freeze_panes(1, 0)
    for place, title in enumerate(header):
        sheet.set_column(place, place, _WIDTHS.get(title.removesuffix(" (check)"), min(max(len(title) + 4, 14), 32)))
        sheet.write_string(0, place, title, formats["header"])


def _write_line(sheet: Any, formats: Mapping[str, Any], place: int, line: _Line) -> None:
    for column, cell in enumerate(line.cells):
        marked = column in line.marked
        if isinstance(cell, int):
            sheet.write_number(place, column, cell, formats["number"])
        elif cell is None:
            if marked:
                sheet.write_blank(place, column, None, formats["problem"])
        elif cell.startswith("<r>"):  # written as one piece, it would be taken for XML
            style = formats["problem" if marked else "cell"]
            sheet.write_rich_string(place, column, "<", formats["cell"], cell[1:_LONGEST_CELL], style)
        elif cell.startswith(_READS_AS_FORMULA):
            style = formats["quoted problem" if marked else "quoted"]
            sheet.write_string(place, column, cell[:_LONGEST_CELL], style)
        else:
            sheet.write_string(place, column, cell[:_LONGEST_CELL], formats["problem" if marked else "cell"])


def _write_readme(book: Any, formats: Mapping[str, Any], roster: Roster, held: int, file: str) -> None:
    sheet = book.add_worksheet(README)
    sheet.set_column(0, 0, 100)
    sheet.write_string(0, 0, f"{held} of {roster.rows} rows of {roster.file} are held", formats["title"])
    for place, (text, style) in enumerate(_readme(file), start=2):
        sheet.write_string(place, 0, text, formats[style])


def _readme(file: str) -> list[tuple[str, str]]:
    return [
        ("A held row is not acted on: the person gets nothing and loses nothing until the row is right.", "prose"),
        (f"1. On sheet {REJECTS}, correct the coloured cells. 'What is wrong' and 'What to do' explain each.", "prose"),
        (
            "2. A row that should not be there (a test, a total, somebody twice): empty its cells. Of a full list,",
            "prose",
        ),
        (
            "   whoever has no other row in the list then counts as having left. A row that you delete stays held.",
            "prose",
        ),
        (f"3. Leave the headings and the column {REFERENCE} as they are. Columns may be added.", "prose"),
        (f"4. A cell with {MASK} holds a secret, which is shown to nobody. It stays what it is.", "prose"),
        ("5. Best: make the same corrections where the list comes from, so that the next export is right.", "prose"),
        ("6. For this export, send the workbook back to whoever runs Rosterflow. It is used with", "prose"),
        (f"    rosterflow plan PIPELINE --mended {file}", "code"),
        ("    rosterflow apply latest", "code"),
        ("   or tried, without sending anything, with", "prose"),
        (f"    rosterflow check PIPELINE --mended {file}", "code"),
        (
            "   Its rows then count in the place of the same rows of the list. A new export needs a new workbook.",
            "prose",
        ),
        (f"Sheet {WARNINGS} lists what was noticed without holding the row.", "prose"),
    ]
