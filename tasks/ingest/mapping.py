"""Map a sheet's rows to workers; what cannot be mapped is a finding, and missing in the worker."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime

import pandas as pd

from tasks.ingest.days import day_of_date_cell
from tasks.ingest.files import RosterFile
from tasks.ingest.lacking import ISO, lacking, refuse_ambiguous
from tasks.ingest.sheets import trimmed
from tasks.ingest.transforms import Step, step
from tasks.model.rosters import CRITICAL
from tasks.model.secrets import MASK
from tasks.model.sources import AMBIGUOUS, Column
from tasks.model.tables import DATE_ATTRIBUTES, FINDINGS, LIST_ATTRIBUTES, LIST_SEPARATOR, WORKERS

STATUSES = ("active", "inactive")
SPREADSHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!|FIELD!|GETTING_DATA)")


Failure = tuple[int, str, Step]
"""The row, the heading, and the step at which the mapping of an attribute stopped."""


def map_rows(
    file: RosterFile,
    sheet: str | None,
    raw: pd.DataFrame,
    columns: Mapping[str, Column],
    uncached: Collection[tuple[int, str]],
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the workers of *raw* (``tables.WORKERS``, one per row) and the findings (``tables.FINDINGS``).

    *columns* are the source's as this list has them. *uncached* are the cells, by row and heading, that hold a formula
    saved without its result. An attribute of a row has one finding at most: the first thing that went wrong.
    """
    origin = {"source": file.source.name, "file": file.name, "sheet": sheet}
    values: dict[str, pd.Series] = {}
    notes: list[dict[str, object]] = []
    cells = trimmed(raw)
    refuse_ambiguous(file, columns, cells)
    for attribute, column in columns.items():
        values[attribute], failed = _map_column(attribute, column, cells, file.source.dates, uncached)
        for row, heading, at in failed:
            notes.append(
                {**origin, "row": row, "column": heading, "attribute": attribute, "severity": CRITICAL}
                | {"code": at.code, "value": raw.at[row, heading], "message": at.message, "remedy": at.remedy}
            )
    notes += lacking(origin, file.source.lacks, raw.index)
    if "status" not in values:
        values["status"] = pd.Series("active", raw.index, dtype="str")
    findings = FINDINGS.frame(notes).sort_values(["row", "column", "attribute"], kind="stable", ignore_index=True)
    return _workers(origin, raw.index, values), findings


def _map_column(
    attribute: str, column: Column, cells: pd.DataFrame, dates: str, uncached: Collection[tuple[int, str]]
) -> tuple[pd.Series, list[Failure]]:
    """Return the values of one attribute, and where its mapping failed; a value that failed is missing."""
    bad = pd.Series(False, cells.index)
    failed: list[Failure] = []
    whole: dict[str, pd.Series] = {}
    for heading in column.from_:
        whole[heading], wrong = _run(cells[heading], [_results(heading, uncached), _open(), _no_errors()])
        failed += [(row, heading, at) for row, at in wrong if not bad.at[row]]
        bad |= bad.index.isin([row for row, _ in wrong])
    beside = pd.DataFrame(whole)
    value, wrong = _run(_joined_cells(beside, column.join), list(_steps(attribute, column, dates, beside)))
    failed += [(row, column.heading, at) for row, at in wrong if not bad.at[row]]
    return value.mask(bad), failed


def _joined_cells(beside: pd.DataFrame, join: str) -> pd.Series:
    """Return the cells of each row with *join* between them, blank ones left out."""
    first, *others = (beside[heading] for heading in beside.columns)
    joined: pd.Series = first
    for other in others:
        both = joined.notna() & other.notna()
        joined = (joined + join + other).where(both, joined.fillna(other))
    return joined


def _workers(origin: dict[str, str | None], rows: pd.Index, values: dict[str, pd.Series]) -> pd.DataFrame:
    missing = pd.Series(float("nan"), rows, dtype="str")
    columns = dict.fromkeys(WORKERS.columns, missing) | values
    for name, value in origin.items():
        columns[name] = missing if value is None else pd.Series(value, rows, dtype="str")
    columns["row"] = pd.Series(rows, rows)
    return WORKERS.conform(pd.DataFrame(columns))


def _run(cells: pd.Series, steps: list[Step]) -> tuple[pd.Series, list[tuple[int, Step]]]:
    """Return the cells after all steps, and which row failed at which step; a failed cell is missing."""
    bad = pd.Series(False, cells.index)
    failed: list[tuple[int, Step]] = []
    for doing in steps:
        cells, wrong = doing.apply(cells)
        wrong &= ~bad
        failed += [(int(row), doing) for row in wrong.index[wrong]]
        bad |= wrong
    return cells.mask(bad), failed


def _steps(attribute: str, column: Column, dates: str, beside: pd.DataFrame) -> Iterator[Step]:
    if attribute in LIST_ATTRIBUTES:
        yield _of_each(column)
        return
    yield from (step(declared, beside) for declared in column.transforms)
    if attribute in DATE_ATTRIBUTES or column.dates is not None:
        yield _dated(column.dates or dates)
    if attribute == "status":
        yield _status()


def _results(heading: str, uncached: Collection[tuple[int, str]]) -> Step:
    rows = [row for row, there in uncached if there == heading]
    return Step(
        "formula_uncached",
        "The cell holds a formula that was saved without its result.",
        "Open the file in a spreadsheet program and save it, or replace formulas by their values.",
        lambda cells: (cells, pd.Series(cells.index.isin(rows), cells.index)),
    )


def _open() -> Step:
    return Step(
        "secret_cell",
        "The cell holds a password, a key or a bank account, or a mask in the place of one.",
        "Enter what belongs there. If it is no secret, list the heading under sources.not_secret.",
        lambda cells: (cells, cells.eq(MASK)),
    )


def _no_errors() -> Step:
    return Step(
        "cell_error",
        "The cell holds a spreadsheet error instead of a value.",
        "Correct the formula or type the value.",
        lambda cells: (cells, cells.str.fullmatch(SPREADSHEET_ERROR.pattern).eq(True)),
    )


def _dated(dates: str) -> Step:
    dates = ISO if dates == AMBIGUOUS else dates

    def apply(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
        days = {value: _iso(value, dates) for value in cells.dropna().unique()}
        found = cells.map({value: day for value, day in days.items() if day is not None})
        return found.astype("str"), cells.notna() & found.isna()

    return Step(
        "bad_date",
        f"The date is not written as the pipeline says ({dates}), or is no day.",
        "Correct the date, or sources.dates if all are written so.",
        apply,
    )


def _of_each(column: Column) -> Step:
    """Part the cells of an attribute of several values, transform each value, and join them in one form.

    Each value stands there once, upper and lower case alike, in order. A cell fails if one of its values does.
    """
    steps = [step(declared) for declared in column.transforms]
    separators = re.compile(f"[{re.escape(column.split)}\\r\\n]")

    def apply(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
        parts = {cell: _evened(separators.split(cell)) for cell in cells.dropna().unique()}
        each = sorted({part for found in parts.values() for part in found})
        values = pd.Series([*each, None], dtype="str")  # the last stands for a blank cell, which a map may know
        values, failed = _run(values, steps)
        bad = values.index.isin([place for place, _ in failed])
        meaning = {part: value for part, value in zip(each, values, strict=False) if isinstance(value, str)}
        unknown = {part for part, wrong in zip(each, bad, strict=False) if wrong}
        joined = {cell: _joined(meaning[part] for part in found if part in meaning) for cell, found in parts.items()}
        listed = cells.map({cell: names for cell, names in joined.items() if names}).astype("str")
        failing = [cell for cell, found in parts.items() if unknown.intersection(found)]
        return listed.mask(cells.isna(), values.iloc[-1]), cells.isin(failing)

    telling = next((doing for doing in steps if doing.message), Step("list", "", "", apply))
    return replace(telling, apply=apply)


def _evened(parts: Iterable[str]) -> list[str]:
    return [part for part in (" ".join(part.split()) for part in parts) if part]


def _joined(names: Iterable[str]) -> str:
    once: dict[str, str] = {}
    for name in sorted(_evened(names)):
        once.setdefault(name.casefold(), name)
    return LIST_SEPARATOR.join(once.values())


def _iso(text: str, dates: str) -> str | None:
    try:
        return datetime.strptime(text, dates).date().isoformat()  # noqa: DTZ007  (days have no zone)
    except ValueError:
        return day_of_date_cell(text)


def _status() -> Step:
    def apply(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
        lowered = cells.str.lower()
        return lowered, lowered.notna() & ~lowered.isin(STATUSES)

    return Step(
        "bad_status",
        "The status is neither active nor inactive.",
        "Correct the value, or give the column a map in the pipeline.",
        apply,
    )
