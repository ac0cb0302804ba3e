"""Tell the rows below the headings apart: people, and what stands among them. Make columns of them. Pure."""

from collections import Counter
from collections.abc import Sequence

import pandas as pd

from tasks.ingest.inspection import vocabulary
from tasks.ingest.inspection.headers import Headings
from tasks.ingest.inspection.headings import spelling
from tasks.ingest.inspection.tables import Cells, OpenedTable, People
from tasks.ingest.inspection.values import words_of
from tasks.ingest.sheets import column_letters
from tasks.model.sources import clean_heading

REPEATED_SHARE, LEAST_WIDTH = 0.6, 3
MOST_COLUMNS = 1_000
"""A sheet can claim 16,384 columns, and each takes its time; no list of people has so many."""


def people_of(table: OpenedTable, headings: Headings) -> People:
    """Return the rows of *table* that may be people, as columns; blank rows and those that are none are set apart."""
    rows = table.rows
    last, width = headings.last, _width(rows, headings)
    seen = min(width, MOST_COLUMNS)
    numbers = range(last + 1, len(rows) + 1)
    filled = {number: [place for place, cell in enumerate(rows[number - 1]) if cell.strip()] for number in numbers}
    blank = tuple(number for number in numbers if not filled[number])
    written = _spellings(rows, headings)
    repeated = tuple(
        number
        for number in numbers
        if not written.isdisjoint(rows[number - 1]) and _repeats(rows[number - 1], headings.names)
    )
    others = {*blank, *repeated}
    totals = tuple(n for n in numbers if n not in others and _is_total(rows[n - 1], filled[n], filled.get(n - 1)))
    others.update(totals)
    kept = [number for number in numbers if number not in others]
    ragged = table.kinds is None and not table.headed
    return People(
        columns=_columns(table, headings, kept, seen),
        index=pd.Index(list(kept), dtype="int64", name="row"),
        blank=blank,
        repeated=repeated,
        totals=totals,
        above=tuple(n for n in range(1, headings.row or 1) if any(map(str.strip, rows[n - 1]))),
        short=tuple(n for n in kept if ragged and len(rows[n - 1]) < width),
        long=tuple(n for n in kept if ragged and any(map(str.strip, rows[n - 1][width:]))),
        lone=tuple(n for n in kept if width >= LEAST_WIDTH and len(filled[n]) == 1),
        unseen=width - seen,
    )


def _width(rows: Sequence[Sequence[str]], headings: Headings) -> int:
    """Return how many columns the table has: as many as its headings, or as most rows where there are none."""
    if headings.row is None:
        return Counter(len(row) for row in rows if any(row)).most_common(1)[0][0] if any(map(any, rows)) else 0
    return len(rows[headings.last - 1])


def _spellings(rows: Sequence[Sequence[str]], headings: Headings) -> frozenset[str]:
    """Return the headings as they may stand among the rows again: who has none of these has no heading."""
    cells = [*headings.names, *(cell for row in rows[(headings.row or 1) - 1 : headings.last] for cell in row)]
    return frozenset(
        form for cell in cells if cell.strip() for form in (cell, cell.strip(), cell.upper(), cell.lower())
    )


def _repeats(row: Sequence[str], names: Sequence[str]) -> bool:
    """Tell whether a row is the headings once more."""
    pairs = [(clean_heading(cell), name) for cell, name in zip(row, names, strict=False) if cell.strip()]
    same = sum(cell.casefold() == name.casefold() for cell, name in pairs)
    return same >= 2 and same >= REPEATED_SHARE * len(pairs)


def _is_total(row: Sequence[str], filled: Sequence[int], before: Sequence[int] | None) -> bool:
    """Tell whether a row sums up others: it begins with a word for that, and is emptier than a person's row."""
    if not filled or (before is not None and len(filled) >= len(before) > 2):
        return False
    first = row[filled[0]].strip()
    label = first.split(":")[0]
    words = words_of(vocabulary.TOTAL_WORDS)
    return len(first) < 60 and (
        spelling(label) in words or spelling("".join(c for c in label if not c.isdigit())) in words
    )


def _columns(table: OpenedTable, headings: Headings, kept: Sequence[int], width: int) -> list[Cells]:
    """Return the columns that have a heading or a cell, each under a name of its own."""
    index = pd.Index(list(kept), dtype="int64", name="row")
    names = _distinct(headings.names[:width])
    body = [table.rows[number - 1] for number in kept]
    kinds = None if table.kinds is None else [table.kinds[number - 1] for number in kept]
    columns = []
    for place in range(width):
        cells = [row[place] if place < len(row) else "" for row in body]
        raw = pd.Series([cell or None for cell in cells], index, dtype="str")
        letters = (
            None if kinds is None else pd.Series([row[place] if place < len(row) else " " for row in kinds], index)
        )
        column = Cells(names[place], place + 1, headings.names[place], raw, letters)
        if column.heading or len(column.filled):
            columns.append(column)
    return columns


def _distinct(headings: Sequence[str]) -> list[str]:
    """Return a name for each column: its heading, numbered where it stands before; its letters where it has none."""
    taken = Counter(heading for heading in headings if heading)
    seen: Counter[str] = Counter()
    names = []
    for number, heading in enumerate(headings, 1):
        seen[heading] += 1
        again = heading and taken[heading] > 1 and seen[heading] > 1
        names.append(f"{heading} ({seen[heading]})" if again else heading or f"(column {column_letters(number)})")
    return names
