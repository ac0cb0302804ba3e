"""Make a table of rows of cells: headings, row numbers as a spreadsheet shows them, blank rows left out."""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rapidfuzz import fuzz, process

from tasks.ingest.files import MOST_SHOWN, RosterFile, shortened
from tasks.ingest.grids import SEARCHED_FOR_HEADINGS, Grid
from tasks.model.columns import ProfileColumn
from tasks.model.sources import Column, Source, clean_heading, headings_of

DIGIT, LETTER = re.compile(r"\d"), re.compile(r"[^\W\d_]")
TOTALS = re.compile(
    r"(?:grand |sub-?)?totals?\b|sums?\b|sous-total|total g[ée]n[ée]ral|somme\b|(?:gesamt|zwischen|end)?summe\b"
    r"|gesamt\b|subtotales?\b|suma\b|totale\b|somma\b|totaal\b|合計|小計|総計",
    re.IGNORECASE,
)

TOTALS_ONLY = re.compile(rf"(?:{TOTALS.pattern})(?:\s*[:=(][^@]*|\s[^@]*)?", re.IGNORECASE)
"""Words of a total, whatever other words or figures follow; ``suma.rao`` and ``total@acme.example`` are none."""
FIGURES = re.compile(r"[^A-Za-z@]*\d")


@dataclass(frozen=True)
class Sheet:
    """``raw`` as in ``rosters.Roster``; ``positions`` has the number of each heading's column, from 1; ``columns`` are
    the source's, as this sheet has them. ``skipped`` are how many rows were left out as declared, by reason; ``blank``
    how many between the headings and the last filled row are blank."""

    raw: pd.DataFrame
    positions: dict[str, int]
    columns: dict[str, Column]
    skipped: dict[str, int]
    blank: int


def tabulate(file: RosterFile, cells: Grid) -> Sheet:
    """Return the grid as a table of text, blank cells missing, blank rows and those to be skipped left out.

    Raises ``RejectedSource`` if there is no heading row, a mapped heading is absent or there twice, or nobody is
    below the headings.
    """
    headings = _headings(file, cells)
    names = _distinct(headings)
    table = pd.DataFrame(dict(zip(names, cells.columns, strict=True)))
    labels = _labels(table, file.source.labels)
    filled = pd.DataFrame({name: _is_filled(table[name]) & ~labels for name in names})
    kept = [name for name, heading in zip(names, headings, strict=True) if heading or filled[name].any()]
    there = filled.any(axis=1)
    left_out = _left_out(file, table, there, names, headings)
    skipped = {reason: int(rows.sum()) for reason, rows in left_out.items()}
    blank = _blank(file.source, there, labels)
    for rows in left_out.values():
        there &= ~rows
    raw = table[kept] if there.all() else table.loc[there, kept]
    if raw.empty:
        raise file.rejected(
            "has headings and nobody below them", "The export has probably failed: run it again.", rows=0
        )
    positions = {name: number for number, name in enumerate(names, 1) if name in kept}
    return Sheet(raw, positions, file.source.found(headings), skipped, blank)


def _labels(table: pd.DataFrame, labels: Mapping[str, str]) -> pd.Series:
    """Return which row is the one of labels that a profile's files have right below their headings."""
    found = pd.Series(False, table.index)
    if labels and len(table) and set(labels) <= set(table.columns):
        found.iloc[0] = all(table.iloc[0][heading] == label for heading, label in labels.items())
    return found


def _blank(source: Source, there: pd.Series, labels: pd.Series) -> int:
    """Count the blank rows above the last one that is *there*; a row of labels is none of them."""
    return int(there.index[there].max()) - last_heading_row(source) - int((there | labels).sum()) if there.any() else 0


def _is_filled(cells: "pd.Series[Any]") -> "pd.Series[Any]":
    stripped = cells.str.strip()
    filled: pd.Series[bool] = stripped.notna() & (stripped != "")
    return filled


def _left_out(
    file: RosterFile, table: pd.DataFrame, there: pd.Series, names: list[str], headings: list[str]
) -> dict[str, pd.Series]:
    """Return which rows are to be left out, by reason; a row has the first reason that fits."""
    found: dict[str, pd.Series] = {}
    taken = ~there
    for reason in file.source.skip:
        rows = (
            _repeated(table, names, headings)
            if reason == "repeated_headings"
            else _totals(file, table, names, headings)
        )
        found[reason] = rows & ~taken
        taken |= rows
    return found


def _repeated(table: pd.DataFrame, names: list[str], headings: list[str]) -> pd.Series:
    """Tell which rows are the headings once more: every cell under a heading says what the heading says."""
    same = pd.Series(True, table.index)
    for name, heading in zip(names, headings, strict=True):
        if heading:
            same &= table[name].map(clean_heading, na_action="ignore") == heading
    return same


def _totals(file: RosterFile, table: pd.DataFrame, names: list[str], headings: list[str]) -> pd.Series:
    """Tell which rows are totals: the first filled cell says so, and nobody is in the row."""
    first: pd.Series[Any] = pd.Series(float("nan"), table.index, dtype="str")
    for name in names:
        first = first.fillna(table[name])
    said = first.str.strip().str.match(TOTALS).eq(True)
    return said & _nobodys(file, table[said], names, headings, first[said]).reindex(table.index, fill_value=False)


def _nobodys(
    file: RosterFile, table: pd.DataFrame, names: list[str], headings: list[str], first: "pd.Series[Any]"
) -> pd.Series:
    """Tell in which rows nobody is: mapped cells are blank, figures, or the *first* cell.

    Where that is the cell of the address or the id, it must be words of a total and not what could be either. Somebody
    called Suma has more than a first name: left out, that person would count as gone, where a row too many is held.
    """
    columns = file.source.found(headings)
    keys = headings_of(columns[name] for name in ("user_name", "external_id") if name in columns)
    nobody = pd.Series(True, table.index)
    for heading in headings_of(columns.values()):
        cells = table[names[headings.index(heading)]]
        label = cells == first
        if heading in keys:
            nobody &= ~_is_filled(cells) | (label & cells.str.strip().str.fullmatch(TOTALS_ONLY).eq(True))
        else:
            nobody &= ~_is_filled(cells) | label | cells.str.match(FIGURES).eq(True)
    return nobody


def trimmed(table: pd.DataFrame) -> pd.DataFrame:
    """Return the cells without blanks around them; what is nothing but blanks is missing."""
    stripped: pd.DataFrame = table.apply(lambda column: column.str.strip())
    return stripped.mask(stripped == "")


def last_heading_row(source: Source) -> int:
    """Return the last row that the headings take, from 1."""
    return source.header_row + source.header_rows - 1


def _headings(file: RosterFile, cells: Grid) -> list[str]:
    at, last = file.source.header_row, last_heading_row(file.source)
    rows = cells.top
    if last > cells.rows:
        what = f"ends at row {cells.rows}, before its row of headings ({last})"
        raise file.rejected(what, "Correct sources.header_row, or the export.")
    headings = joined_headings(rows[at - 1 : last], at, cells.merged)
    if not any(headings):
        raise file.rejected(f"has no headings in row {at}", _where_else(file, rows) or "Correct sources.header_row.")
    columns = file.source.found(headings)
    wanted = headings_of(columns.values())
    _check_present(file, rows, wanted, headings)
    _check_secrets(file, headings)
    _check_once(file, wanted, headings, headings_of(columns[name] for name in columns if _by_profile(file, name)))
    return headings


def joined_headings(
    rows: Sequence[Sequence[str]], first: int, merged: Sequence[tuple[int, int, int, int]] = ()
) -> list[str]:
    """Return one heading for each column of *rows*, of which the first is row *first*: its cells, joined with a blank.

    A merged area's text counts for each of its columns; what stands in several rows of one column counts once.

    >>> joined_headings([["Name", "", "Dept"], ["First", "Last", ""]], 1, [(1, 1, 1, 2)])
    ['Name First', 'Name Last', 'Dept']
    """
    width = max(map(len, rows))
    cells = [[clean_heading(cell) for cell in row] + [""] * (width - len(row)) for row in rows]
    for top, left, bottom, right in merged:
        inside = [row for row in range(top, bottom + 1) if first <= row < first + len(rows)]
        if not inside or top < first or left > width:
            continue
        text = cells[top - first][left - 1]
        for row in inside:
            for column in range(left, min(right, width) + 1):
                cells[row - first][column - 1] = text
    return [" ".join(dict.fromkeys(cell for cell in column if cell)) for column in zip(*cells, strict=True)]


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


def _check_secrets(file: RosterFile, headings: Sequence[str]) -> None:
    """Refuse a list without a heading that is said to be secret: under another one, nothing would mask its cells."""
    there = {heading.casefold() for heading in headings}
    absent = [heading for heading in file.source.secret if heading.casefold() not in there]
    if absent:
        names = ", ".join(f"'{heading}'" for heading in absent)
        raise file.rejected(
            f"has no column {names}, which sources.secret names: if its heading is another one now, its cells would "
            "be shown",
            "Name its heading as it is now under sources.secret; if the column is gone, take it out there.",
            columns=absent,
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


def _by_profile(file: RosterFile, attribute: str) -> bool:
    return isinstance(file.source.columns[attribute], ProfileColumn)


def _check_once(file: RosterFile, wanted: list[str], headings: list[str], any_case: list[str]) -> None:
    """Refuse a mapped heading that stands there twice; those that a profile looks for in *any_case*, in any."""
    for heading in wanted:
        alike = str.casefold if heading in any_case else str
        places = [number for number, there in enumerate(headings, 1) if alike(there) == alike(heading)]
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
