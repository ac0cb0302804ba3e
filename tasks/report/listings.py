"""What stands beside the changes, as rows that page and workbook both show: findings, withheld things, leavers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tasks.model.plan import Origin, Plan, WithheldReason
from tasks.model.rosters import Verdict
from tasks.report import words
from tasks.report.names import Identity, Names, records


@dataclass(frozen=True)
class FindingRow:
    """One finding, with the person of the row. ``row`` is None for a finding on the table as a whole."""

    source: str
    origin: Origin | None
    person: Identity
    column: str
    code: str
    value: str
    message: str
    remedy: str


@dataclass(frozen=True)
class WithheldRow:
    person: Identity
    what: str
    reason: str
    remedy: str
    origin: Origin | None


@dataclass(frozen=True)
class WithheldGroup:
    """People from whom the same thing is withheld for the same reason."""

    what: str
    reason: str
    remedy: str
    rows: tuple[WithheldRow, ...]


@dataclass(frozen=True)
class LeavingRow:
    person: Identity
    source: str
    since: str
    due: str


def list_findings(
    verdicts: Mapping[str, Verdict], severity: str, names: Names, populations: Mapping[str, str] | None = None
) -> list[FindingRow]:
    """Return the findings of one severity, one row each, by source, row, column and code.

    *populations* has the namespaces by source, where they have another name.
    """
    rows = []
    for source, verdict in sorted(verdicts.items()):
        found = verdict.findings[verdict.findings["severity"] == severity]
        held = verdict.held[verdict.held["row"].isin(found["row"])]
        clean = verdict.clean[verdict.clean["row"].isin(found["row"])]
        space = {"source": (populations or {}).get(source, source)}
        people = {row["row"]: names.of_row({**row, **space}) for table in (clean, held) for row in records(table)}
        for finding in map(names.finding, records(found)):
            number = finding["row"]
            origin = None if number is None else Origin(finding["file"] or "", finding["sheet"], int(number))
            told = {name: finding[name] or "" for name in ("column", "code", "value", "message", "remedy")}
            rows.append(FindingRow(source, origin, people.get(number, Identity("")), **told))
    return sorted(rows, key=lambda row: (row.source, row.origin.row if row.origin else 0, row.column, row.code))


def list_withheld(plan: Plan | None, names: Names) -> list[WithheldRow]:
    """Return what was due and is not in the plan, one row each, by reason and person."""
    rows = []
    for item in plan.withheld if plan else ():
        detail = names.detail(item)
        order = words.ANY_CHANGE if item.reason is WithheldReason.HELD else words.ORDERS[item.action]
        what = order + (f": {detail}" if detail else "")
        rows.append(WithheldRow(names.of(item), what, *words.WITHHELD[item.reason], item.origin))
    return sorted(rows, key=lambda row: (row.reason, row.person.name.casefold(), row.person.number, row.what))


def group_withheld(rows: Iterable[WithheldRow]) -> list[WithheldGroup]:
    """Return the rows of ``list_withheld`` gathered by what, why and remedy, in the order in which each first comes."""
    found: dict[tuple[str, str, str], list[WithheldRow]] = {}
    for row in rows:
        found.setdefault((row.what, row.reason, row.remedy), []).append(row)
    return [WithheldGroup(*said, tuple(alike)) for said, alike in found.items()]


def list_leaving(plan: Plan | None, names: Names) -> list[LeavingRow]:
    """Return the people who are leaving and keep their accounts for now, one row each, the soonest due first."""
    rows = [LeavingRow(names.of(item), item.source, item.since, item.due) for item in (plan.leaving if plan else ())]
    return sorted(rows, key=lambda row: (row.due, row.person.name.casefold(), row.person.number))
