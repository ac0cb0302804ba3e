"""What a list cannot say, and the pipeline file admits: attributes that it lacks, dates that nobody can read."""

from collections.abc import Mapping

import pandas as pd

from tasks.ingest.days import day_of_date_cell
from tasks.ingest.files import RosterFile
from tasks.model.errors import RejectedSource
from tasks.model.rosters import CRITICAL
from tasks.model.sources import AMBIGUOUS, Column
from tasks.model.tables import DATE_ATTRIBUTES

ISO = "%Y-%m-%d"
SHOWN = 10

LACKING = {
    "external_id": (
        "id_missing",
        "The list has no ids (sources.lacks).",
        "Ask for a list with the people's ids, map that column, and take external_id out of sources.lacks.",
    ),
    "user_name": (
        "user_name_missing",
        "The list has no addresses (sources.lacks), so nobody in it can have an account.",
        "Ask for a list with work addresses, map that column, and take user_name out of sources.lacks.",
    ),
}
"""What each row is held for, by the attribute that the list lacks."""


def lacking(origin: dict[str, str | None], lacks: tuple[str, ...], rows: pd.Index) -> list[dict[str, object]]:
    """Return a finding for each row and attribute that the list lacks."""
    notes: list[dict[str, object]] = []
    for attribute in lacks:
        code, message, remedy = LACKING[attribute]
        said = {"attribute": attribute, "severity": CRITICAL, "code": code, "message": message, "remedy": remedy}
        notes += [{**origin, "row": int(row), **said} for row in rows]
    return notes


def refuse_ambiguous(file: RosterFile, columns: Mapping[str, Column], cells: pd.DataFrame) -> None:
    """Raise ``RejectedSource`` if dates are declared to be ambiguous, and a column of dates has some as text.

    Date cells of a workbook, and dates written as 2026-03-31, are no text of that kind, and a column may have a format
    of its own.
    """
    if file.source.dates != AMBIGUOUS:
        return
    for attribute, column in columns.items():
        for heading in column.from_ if attribute in DATE_ATTRIBUTES and column.dates is None else ():
            texts = cells[heading].dropna()
            texts = texts[~texts.str.fullmatch(r"\d{4}-\d{2}-\d{2}")]
            texts = texts[texts.map(day_of_date_cell).isna()]
            if not texts.empty:
                raise _ambiguous(file, heading, [int(row) for row in texts.index])


def _ambiguous(file: RosterFile, heading: str, rows: list[int]) -> RejectedSource:
    shown = ", ".join(map(str, rows[:SHOWN])) + (f" and {len(rows) - SHOWN} more" if rows[SHOWN:] else "")
    return file.rejected(
        f"has dates in column '{heading}' of which nobody knows whether day, month or year comes first (row {shown})",
        'Ask whoever sends the list, and set sources.dates to what it is, for example "%d/%m/%Y" or "%m/%d/%Y".',
        column=heading,
        rows=rows,
    )
