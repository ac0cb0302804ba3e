"""Hold a file as a whole against the last one that was accepted. Pure (docs/decisions/0026)."""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from tasks.model.bounds import Whole
from tasks.model.plan import SMALLEST_BASE
from tasks.model.rosters import Roster, Verdict
from tasks.model.wholes import FileProfile, Kind, WholeReading, fewer
from tasks.validate.identity import hashed, marks_of

DEPARTMENT = "department"
SMALLEST_DEPARTMENTS = 10
"""Fewer departments than this count as that many, as fewer people than ``SMALLEST_BASE`` do: in a small company one
more is no upheaval."""
_MARK = np.dtype([("who", ">u8"), ("where", ">u8")])


def profile_of(roster: Roster, verdict: Verdict, key: bytes) -> FileProfile:
    """Return what the file of *roster* is like; *key* is what ids are hashed with."""
    departments = roster.workers[DEPARTMENT].str.casefold()
    ids = _ids_of_one_row(roster.workers)
    places = _places(ids, departments[ids.index], key) if DEPARTMENT in roster.mapped else []
    people = marks_of(ids, roster.workers.loc[ids.index], key)
    return FileProfile(
        source=roster.source,
        file=roster.file,
        sha256=roster.identity,
        rows=roster.rows,
        valid=roster.rows - len(verdict.held),
        held=len(verdict.held),
        columns=_filled(roster.raw, roster.raw.columns),
        attributes=_filled(roster.workers, roster.mapped),
        departments=int(departments.nunique()) if DEPARTMENT in roster.mapped else None,
        marks=b"".join((*places, *people)),
        identified=len(people),
    )


def _filled(table: pd.DataFrame, names: "pd.Index[str] | tuple[str, ...]") -> dict[str, int]:
    counts = table[list(names)].notna().sum()
    return {str(name): int(count) for name, count in counts.items()}


def _ids_of_one_row(workers: pd.DataFrame) -> "pd.Series[str]":
    """Return the ids of those people whom only one row is about, by row; the address where there is no id."""
    ids = workers["external_id"].fillna(workers["user_name"].str.casefold())
    return ids[ids.notna() & ~ids.duplicated(keep=False)]


def _places(ids: pd.Series, departments: pd.Series, key: bytes) -> list[bytes]:
    """Return 16 bytes a person (``FileProfile.places``), sorted."""
    return sorted(
        hashed(key, who) + hashed(key, f"{who}\0{where}")
        for who, where in zip(ids, departments.fillna(""), strict=True)
    )


def compare(
    before: FileProfile, now: FileProfile, bounds: Whole, headings: Mapping[str, tuple[str, ...]]
) -> list[WholeReading]:
    """Return one reading per bound, those of columns only where something is to be said: every bound in one pass.

    *headings* are those that feed each attribute: a column that lost its values is told once.
    """
    filled = list(_columns_filled(before, now, bounds))
    broken = {reading.subject for reading in filled if reading.broken}
    return [
        _rows(before, now, bounds),
        _held(before, now, bounds),
        *filled,
        *(one for one in _attributes_filled(before, now, bounds) if not broken.intersection(headings[one.subject])),
        *_departments(before, now, bounds),
        *_moved(before, now, bounds),
        *_columns(before, now, bounds),
    ]


def _rows(before: FileProfile, now: FileProfile, bounds: Whole) -> WholeReading:
    change = _share(now.rows - before.rows, before.rows)
    limit = bounds.rows.fewer if change < 0 else bounds.rows.more
    return _reading("rows", "", before.rows, now.rows, change, limit, fewer(before.rows))


def _held(before: FileProfile, now: FileProfile, bounds: Whole) -> WholeReading:
    """In a list of fewer than ``SMALLEST_BASE`` people the rows count as if they were of that many."""
    was, is_ = before.held / before.rows, now.held / now.rows
    change = (is_ - was) * now.rows / max(now.rows, SMALLEST_BASE)
    return _reading("held", "", was, is_, change, bounds.held if change > 0 else None, fewer(now.rows))


def _columns_filled(before: FileProfile, now: FileProfile, bounds: Whole) -> Iterator[WholeReading]:
    for name in sorted(before.columns.keys() & now.columns.keys()):
        yield _fill(name, before.columns[name] / before.rows, now.columns[name] / now.rows, now, bounds)


def _attributes_filled(before: FileProfile, now: FileProfile, bounds: Whole) -> Iterator[WholeReading]:
    for name in sorted(before.attributes.keys() & now.attributes.keys()):
        yield _fill(name, before.attributes[name] / before.rows, now.attributes[name] / now.rows, now, bounds)


def _fill(name: str, before: float, now: float, profile: FileProfile, bounds: Whole) -> WholeReading:
    """In a list of fewer than ``SMALLEST_BASE`` people the cells count as if they were of that many."""
    change = (now - before) * profile.rows / max(profile.rows, SMALLEST_BASE)
    return _reading("filled", name, before, now, change, bounds.filled, fewer(profile.rows))


def _departments(before: FileProfile, now: FileProfile, bounds: Whole) -> Iterator[WholeReading]:
    if before.departments is not None and now.departments is not None:
        change = (now.departments - before.departments) / max(before.departments, SMALLEST_DEPARTMENTS)
        limit = bounds.departments if before.rows >= SMALLEST_BASE else None  # among few people they come and go
        few = fewer(before.departments, SMALLEST_DEPARTMENTS)
        yield _reading("departments", "", before.departments, now.departments, change, limit, few)


def _moved(before: FileProfile, now: FileProfile, bounds: Whole) -> Iterator[WholeReading]:
    if before.departments is None or now.departments is None:
        return
    was, is_ = (np.frombuffer(profile.places, dtype=_MARK) for profile in (before, now))
    _, at_before, at_now = np.intersect1d(was["who"], is_["who"], return_indices=True)
    moved = int((was["where"][at_before] != is_["where"][at_now]).sum())
    yield _reading(
        "moved", "", len(at_before), moved, _share(moved, len(at_before)), bounds.moved, fewer(len(at_before))
    )


def _columns(before: FileProfile, now: FileProfile, bounds: Whole) -> Iterator[WholeReading]:
    stops = bounds.columns == "stop"
    for name in sorted(now.columns.keys() - before.columns.keys()):
        yield WholeReading("column_new", name, 0, 1, 1, 0 if stops else None, stops)
    for name in sorted(before.columns.keys() - now.columns.keys()):
        yield WholeReading("column_gone", name, 1, 0, -1, 0 if stops else None, stops)


def _share(part: int, whole: int) -> float:
    return part / max(whole, SMALLEST_BASE)


def _reading(
    name: Kind, subject: str, before: float, now: float, change: float, limit: float | None, counted_as: int
) -> WholeReading:
    rounded = round(change, 6)
    broken = limit is not None and abs(rounded) > limit
    return WholeReading(name, subject, round(before, 6), round(now, 6), rounded, limit, broken, counted_as)
