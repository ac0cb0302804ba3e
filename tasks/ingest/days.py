"""Days that a file holds as days, and not as text: written as its texts are, once it is known in which column they are.

A source writes its dates in one way, and a column may have another. A day that is no text (of a workbook, Parquet, a
database) has no way of its own: written in the source's, it would be read as another day in such a column, 3 February
as 2 March. So readers mark it where there is such a column, and it is written in the way of its own one.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date, datetime

import pandas as pd

from tasks.ingest.grids import Grid
from tasks.ingest.sheet_process import writer
from tasks.model.columns import Column
from tasks.model.sources import Source

MARK = "\ue000"
"""For private use, by Unicode's own words: no list has it."""
MARKED = f"{MARK}%Y-%m-%d"
_DAY = re.compile(MARK + r"\d{4}-\d{2}-\d{2}")
_WITH_A_TIME = re.compile(r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{6})?")
"""A date cell that has a time of day, as readers write it (``sheet_process.writer``). With an offset from UTC it is a
moment, and another day elsewhere."""


def format_to_read(source: Source) -> str:
    """Return how readers are to write days: as the source does, or marked if a column of it has dates of its own."""
    return MARKED if any(column.dates for column in source.columns.values()) else source.dates


def day_of_date_cell(text: str) -> str | None:
    """Return the day of a date cell that has a time of day, as ISO text; None if *text* is not written as one.

    >>> day_of_date_cell("2024-01-02 23:59:59"), day_of_date_cell("2024-02-30 10:00:00"), day_of_date_cell("2024-01-02")
    ('2024-01-02', None, None)
    """
    if not _WITH_A_TIME.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text).date().isoformat()
    except ValueError:
        return None


def with_headings_written(cells: Grid, dates: str) -> Grid:
    """Return the grid with the marked days of its first rows, which may be headings, written as *dates* says."""
    write = writer(dates)
    return replace(cells, top=[[_written(cell, write) for cell in row] for row in cells.top])


def with_days_written(raw: pd.DataFrame, source: Source, columns: Mapping[str, Column]) -> pd.DataFrame:
    """Return the table with its marked days written as their column says, else as the source does.

    *columns* are the source's as this list has them.
    """
    if format_to_read(source) != MARKED:
        return raw
    own = own_formats(columns)
    return raw.assign(**{name: _column(raw[name], own.get(name, source.dates)) for name in raw.columns})


def own_formats(columns: Mapping[str, Column]) -> dict[str, str]:
    """Return the headings whose columns have dates of their own, and how these are written."""
    return {heading: column.dates for column in columns.values() if column.dates for heading in column.from_}


def _column(cells: pd.Series, dates: str) -> pd.Series:
    marked = cells[cells.str.startswith(MARK).eq(True)]
    if marked.empty:
        return cells
    write = writer(dates)
    known = {text: _written(text, write) for text in marked.unique()}
    written = cells.copy()
    written.loc[marked.index] = marked.map(known)
    return written


def _written(text: str, write: Callable[[object], str]) -> str:
    if not _DAY.fullmatch(text):
        return text
    return write(date.fromisoformat(text.removeprefix(MARK)))
