"""Turn the results of checks into findings: one row per failing row of the roster. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from tasks.model.errors import RejectedSource
from tasks.model.rosters import CRITICAL, SEVERITIES, Roster
from tasks.model.tables import FINDINGS
from tasks.validate.engine import CheckResult


def findings_from(roster: Roster, results: Sequence[CheckResult], headings: Mapping[str, str]) -> pd.DataFrame:
    """Return FINDINGS without the values: one row per row and failed check, or per check of the table as a whole.

    *headings* maps attributes to the source's headings. Raises ``RejectedSource`` if a critical check of the table or
    of a column as a whole failed: then no single row can be trusted.
    """
    broken = [result for result in results if result.positions is None and not result.success]
    stopping = {
        (result.bound.check.code, result.bound.attribute): result
        for result in broken
        if result.bound.check.severity == CRITICAL
    }
    if stopping:
        raise _rejected(roster, list(stopping.values()), headings)
    parts = [
        *(_of_rows(roster, result, rows, headings) for result in results if len(rows := _failing(result))),
        *(_of_table(roster, result, headings) for result in broken),
    ]
    return FINDINGS.conform(pd.concat(parts or [FINDINGS.empty()], ignore_index=True))


def with_values(roster: Roster, findings: pd.DataFrame) -> pd.DataFrame:
    """Return *findings* with the cells as they stood in the source, missing where a finding is not about a cell."""
    values = pd.Series(pd.NA, index=findings.index, dtype="str")
    for heading, part in findings[findings["row"].notna()].groupby("column"):
        if heading in roster.raw.columns:
            values[part.index] = roster.raw[heading].reindex(part["row"].astype("int64")).to_numpy()
    return findings.assign(value=values)


def merge_findings(parts: Iterable[pd.DataFrame]) -> pd.DataFrame:
    """Return FINDINGS of all *parts*, once per key (the most severe), sorted by row, column and code."""
    every = pd.concat(list(parts), ignore_index=True)
    every["gravity"] = every["severity"].map({name: place for place, name in enumerate(SEVERITIES)})
    ordered = every.sort_values(["row", "column", "code", "gravity", "message"], na_position="first", kind="stable")
    return FINDINGS.conform(ordered.drop_duplicates(list(FINDINGS.key)).drop(columns="gravity"))


def _failing(result: CheckResult) -> np.ndarray:
    return np.empty(0, dtype="int64") if result.positions is None else result.positions


def _of_rows(roster: Roster, result: CheckResult, positions: np.ndarray, headings: Mapping[str, str]) -> pd.DataFrame:
    rows = roster.workers["row"].iloc[positions].reset_index(drop=True)
    return _blank(rows).assign(**_facts(roster, result, headings))


def _of_table(roster: Roster, result: CheckResult, headings: Mapping[str, str]) -> pd.DataFrame:
    return _blank(pd.Series([pd.NA], dtype="Int64")).assign(**_facts(roster, result, headings))


def _blank(rows: pd.Series) -> pd.DataFrame:
    return FINDINGS.conform(pd.DataFrame({"row": rows}).reindex(columns=list(FINDINGS.columns)))


def _facts(roster: Roster, result: CheckResult, headings: Mapping[str, str]) -> dict[str, Any]:
    check, attribute = result.bound.check, result.bound.attribute
    return {
        "source": roster.source,
        "file": roster.file,
        "sheet": roster.sheet,
        "column": headings.get(attribute, attribute) if attribute else None,
        "attribute": attribute,
        "code": check.code,
        "severity": check.severity,
        "message": _fill(check.message, roster, result, headings),
        "remedy": _fill(check.remedy, roster, result, headings),
    }


def _fill(text: str, roster: Roster, result: CheckResult, headings: Mapping[str, str]) -> str:
    attribute = result.bound.attribute
    whole = result.positions is None
    figures = {
        "{column}": headings.get(attribute, attribute) if attribute else None,
        "{rows}": str(roster.rows),
        "{count}": None if result.count is None else str(result.count),
        "{observed}": str(result.observed) if whole and isinstance(result.observed, int | float) else None,
    }
    for name, figure in figures.items():
        text = text.replace(name, figure or "?")
    return text


def _rejected(roster: Roster, stopping: Sequence[CheckResult], headings: Mapping[str, str]) -> RejectedSource:
    told = [_told(roster, one, headings) for one in stopping]
    return RejectedSource(
        f"Source {roster.source} ({roster.file}) cannot be trusted as a whole. "
        f"{' '.join(dict.fromkeys(what for what, _ in told))}",
        remedy=" ".join(dict.fromkeys(remedy for _, remedy in told)),
        source=roster.source,
        rows=roster.rows,
        failures=[_failure(one, headings) for one in stopping],
    )


def _told(roster: Roster, result: CheckResult, headings: Mapping[str, str]) -> tuple[str, str]:
    """Return what is wrong with the table or a column as a whole, and what to do.

    Where mapping could not use most of the cells that are missing, that is why, and its remedy is the one.
    """
    check, attribute, missing = result.bound.check, result.bound.attribute, result.count or 0
    what, remedy = _fill(check.message, roster, result, headings), _fill(check.remedy, roster, result, headings)
    unused = roster.findings[roster.findings["attribute"] == attribute]
    codes = unused.groupby("code")["row"].nunique()
    if codes.empty or 2 * codes.max() <= missing:
        return what, remedy
    code = codes.idxmax()
    first = unused[unused["code"] == code].iloc[0]
    return f"{what} {codes.max()} of these could not be used ({code}): {first['message']}", first["remedy"]


def _failure(result: CheckResult, headings: Mapping[str, str]) -> dict[str, Any]:
    attribute = result.bound.attribute
    return {
        "code": result.bound.check.code,
        "attribute": attribute,
        "column": headings.get(attribute, attribute) if attribute else None,
        "count": result.count,
    }
