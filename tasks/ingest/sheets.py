"""Make a table of rows of cells: headings, row numbers as a spreadsheet shows them, blank rows left out."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from rapidfuzz import fuzz, process

from tasks.ingest.files import MOST_SHOWN, RosterFile, shortened
from tasks.model.columns import ProfileColumn
from tasks.model.sources import Column, clean_heading, headings_of

SEARCHED_FOR_HEADINGS = 30
DIGIT, LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")


@dataclass(frozen=True)
class Sheet:
    """``raw`` as in ``rosters.Roster``; ``positions`` has the number of each heading's column, from 1; ``columns`` are
    the source's, as this sheet has them."""

    raw: pd.DataFrame
    positions: dict[str, int]
    columns: dict[str, Column]


def tabulate(file: RosterFile, rows: Sequence[Sequence[str]]) -> Sheet:
    """Return *rows* (from row 1 on, all of one length below the headings) as a table of text, blank cells missing.

    Raises ``RejectedSource`` if there is no heading row, a mapped heading is absent or there twice, or nobody is
    below the headings.
    """
    at = file.source.header_row
    headings = _headings(file, rows)
    body = rows[at:]
    cells = zip(*body, strict=True) if body else ([] for _ in headings)
    names = _distinct(headings)
    index = pd.RangeIndex(at + 1, at + 1 + len(body), name="row")
    table = pd.DataFrame(
        {name: pd.Series(column, index, dtype="str") for name, column in zip(names, cells, strict=True)}
    )
    table = table.mask(table == "")
    filled = trimmed(table).notna() & ~_labels(table, file.source.labels).to_numpy()[:, None]
    kept = [name for name, heading in zip(names, headings, strict=True) if heading or filled[name].any()]
    raw = table.loc[filled.any(axis=1), kept]
    if raw.empty:
        raise file.rejected(
            "has headings and nobody below them", "The export has probably failed: run it again.", rows=0
        )
    return Sheet(
        raw, {name: number for number, name in enumerate(names, 1) if name in kept}, file.source.found(headings)
    )


def _labels(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.Series:
    """Return which row is the one of labels that a profile's files have right below their headings."""
    found = pd.Series(False, table.index)
    if labels and len(table) and set(labels) <= set(table.columns):
        found.iloc[0] = all(table.iloc[0][heading] == label for heading, label in labels.items())
    return found


def trimmed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the cells without blanks around them; what is nothing but blanks is missing."""
    stripped: pd.DataFrame = table.apply(lambda column: column.str.strip())
    return stripped.mask(stripped == "")


def _headings(file: RosterFile, rows: Sequence[Sequence[str]]) -> list[str]:
    at = file.source.header_row
    if at > len(rows):
        what = f"ends at row {len(rows)}, before its row of headings ({at})"
        raise file.rejected(what, "Correct sources.header_row, or the export.")
    headings = [clean_heading(cell) for cell in rows[at - 1]]
    if not any(headings):
        raise file.rejected(f"has no headings in row {at}", _where_else(file, rows) or "Correct sources.header_row.")
    wanted = headings_of(file.source.found(headings).values())
    _check_present(file, rows, wanted, headings)
    _check_once(file, wanted, headings)
    return headings


def _check_present(file: RosterFile, rows: Sequence[Sequence[str]], wanted: list[str], headings: list[str]) -> None:
    absent = [heading for heading in wanted if heading not in headings]
    if not absent:
        return
    missing = ", ".join(f"'{heading}'" for heading in absent) + _other_names(file, absent)
    there = [heading for heading in headings if heading]
    elsewhere = _where_else(file, rows)
    if not _look_like_headings(there, wanted):
        raise file.rejected(
            f"has no column {missing}: row {file.source.header_row} does not look like headings",
            elsewhere or "Put the headings there, or correct sources.header_row or sources.columns.",
            columns=absent,
        )
    near = {heading: process.extractOne(heading, there, scorer=fuzz.ratio, score_cutoff=60) for heading in absent}
    hints = [f"Instead of '{heading}', did you mean '{found[0]}'?" for heading, found in near.items() if found]
    raise file.rejected(
        f"has no column {missing}; its columns: {shortened(there)}",
        " ".join([elsewhere or "Correct sources.columns, or the export.", *hints]),
        columns=absent,
        headings=there[:MOST_SHOWN],
    )


def _other_names(file: RosterFile, absent: list[str]) -> str:
    """Return under which names a profile would also know what is absent."""
    columns = [column for column in file.source.columns.values() if isinstance(column, ProfileColumn)]
    also = [name for column in columns if column.heading in absent for name in column.also]
    names = f" (nor {shortened(also)})" if also else ""
    return f"{names}, which the profile {file.source.profile} needs" if columns else names


def _look_like_headings(cells: Sequence[str], wanted: Collection[str]) -> bool:
    """Tell whether a row is certainly no person's, so that a message may show it.

    One of the mapped headings is in it, and no cell is an address or a number or a date (digits without letters).
    """
    telling = any("@" in cell or (DIGIT.search(cell) and not LETTER.search(cell)) for cell in cells)
    return not telling and any(heading in cells for heading in wanted)


def _where_else(file: RosterFile, rows: Sequence[Sequence[str]]) -> str:
    """Return a hint to the row that has all the mapped headings, if one of the first rows does."""
    for number, row in enumerate(rows[:SEARCHED_FOR_HEADINGS], 1):
        cells = {clean_heading(cell) for cell in row}
        if cells.issuperset(headings_of(file.source.found(cells).values())):
            return f"The headings are in row {number}: set sources.header_row to {number}."
    return ""


def _check_once(file: RosterFile, wanted: list[str], headings: list[str]) -> None:
    for heading in wanted:
        places = [number for number, there in enumerate(headings, 1) if there == heading]
        if len(places) > 1:
            letters = ", ".join(map(column_letters, places))
            raise file.rejected(
                f"has the mapped column '{heading}' {len(places)} times (columns {letters})",
                "Rename or delete all but the right one.",
                columns=[heading],
            )


def _distinct(headings: list[str]) -> list[str]:
    """Return a name for each column: its heading, numbered where it stands before; its letters where it has none."""
    names: list[str] = []
    taken = set(headings)
    seen: Counter[str] = Counter()
    for number, heading in enumerate(headings, 1):
        name = heading or f"(column {column_letters(number)})"
        seen[name] += 1
        if seen[name] > 1 or (not heading and name in taken):
            name = _free(name, taken)
        taken.add(name)
        names.append(name)
    return names


def _free(name: str, taken: set[str]) -> str:
    number = 2
    while f"{name} ({number})" in taken:
        number += 1
    return f"{name} ({number})"


def column_letters(number: int) -> str:
    """Return a column's letters.

    >>> column_letters(1), column_letters(28)
    ('A', 'AB')
    """
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
