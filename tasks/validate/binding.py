"""Fit a suite's checks to the attributes that a pipeline maps. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.model.errors import RejectedSource
from tasks.model.rosters import Roster
from tasks.validate.leavers import MARKS
from tasks.validate.suites import EVERY, TESTED, Check, Suite

_LEAST_COLUMNS = 2
"""GX compares no fewer columns than this."""


@dataclass(frozen=True)
class BoundCheck:
    """A check with the columns that it has in this roster. ``attribute`` is None if it is about rows or the table."""

    check: Check
    kwargs: Mapping[str, Any]
    attribute: str | None

    @property
    def judges_column(self) -> bool:
        """With ``mostly`` below 1 a check is about the column as a whole, not about its cells."""
        return float(self.kwargs.get("mostly", 1)) < 1


def bind(suite: Suite, roster: Roster) -> list[BoundCheck]:
    """Return the checks that apply to the attributes that *roster* has, in the suite's order.

    Raises ``RejectedSource`` if a check is required and an attribute that it needs is not mapped.
    """
    known = sorted(roster.mapped)
    bound = []
    for check in suite.checks:
        missing = _needs(check) - set(known)
        if check.required and missing - set(roster.lacks):
            raise _unmapped(suite, roster, sorted(missing))
        if not missing and roster.rows >= check.min_rows:
            bound += _bound(check, known, suite.tested)
    return bound


def _needs(check: Check) -> set[str]:
    if check.type == "expect_column_to_exist":
        return set()
    return set(check.columns if check.needs is None else check.needs) - {EVERY, TESTED, *MARKS}


def _bound(check: Check, mapped: Sequence[str], tested: Collection[str]) -> list[BoundCheck]:
    if "column_list" in check.kwargs:
        columns = _listed(check.kwargs["column_list"], mapped)
        attribute = None if check.columns[0] == EVERY else columns[0]
        kwargs = {**check.kwargs, "column_list": columns}
        return [BoundCheck(check, kwargs, attribute)] if len(columns) >= _LEAST_COLUMNS else []
    many = {EVERY: mapped, TESTED: [name for name in mapped if name in tested]}.get(check.kwargs.get("column", ""))
    if many is not None:
        return [BoundCheck(check, {**check.kwargs, "column": name}, name) for name in many if name not in check.spared]
    return [BoundCheck(check, check.kwargs, check.columns[0] if check.columns else None)]


def _listed(columns: Sequence[str], mapped: Sequence[str]) -> list[str]:
    named = [name for name in columns if name in mapped or name in MARKS]
    return named + [name for name in mapped if name not in named] if EVERY in columns else named


def _unmapped(suite: Suite, roster: Roster, attributes: Collection[str]) -> RejectedSource:
    names = ", ".join(attributes)
    return RejectedSource(
        f"The suite {suite.label} needs {names}, to which source {roster.source} maps no column.",
        remedy=f"Map {names} in the source's columns.",
        source=roster.source,
        suite=suite.label,
        attributes=list(attributes),
    )
