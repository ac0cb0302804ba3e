"""Rosters from a few rows of attributes, as ingest would hand them on; and what a roster says, as plain values."""

from collections.abc import Mapping, Sequence

import pandas as pd

from tasks.model.rosters import Roster
from tasks.model.tables import FINDINGS, WORKERS

HEADINGS = {
    "external_id": "Employee No",
    "user_name": "Mail",
    "given_name": "First name",
    "family_name": "Surname",
    "status": "State",
    "start_date": "From",
    "end_date": "Until",
    "department": "Department",
    "building": "House",
    "locale": "Language",
    "directory_groups": "Groups",
    "display_name": "Full name",
    "manager_id": "Manager",
    "birth_date": "Born",
    "role": "Role",
    "group": "Group",
    "products": "Products",
    "new_address": "New mail",
}
ADA = {
    "external_id": "1001",
    "user_name": "ada@acme.example",
    "given_name": "Ada",
    "family_name": "Byron",
    "status": "active",
}
BEN = {**ADA, "external_id": "1002", "user_name": "ben@acme.example", "given_name": "Ben", "family_name": "Ode"}

Row = Mapping[str, str | None]


def make_roster(
    *rows: Row, findings: Sequence[Mapping[str, object]] = (), mapped: Sequence[str] | None = None
) -> Roster:
    """Return a roster of *rows*; what they hold is mapped, if *mapped* does not say otherwise."""
    names = list(mapped) if mapped is not None else sorted({name for row in rows for name in row})
    numbers = range(2, len(rows) + 2)
    origin = {"source": "hr", "file": "staff.csv", "sheet": None}
    raw = pd.DataFrame(
        {HEADINGS[name]: [row.get(name) for row in rows] for name in names},
        index=pd.Index(numbers, name="row", dtype="int64"),
        dtype="str",
    )
    workers = WORKERS.frame({**origin, "row": number, **row} for number, row in zip(numbers, rows, strict=True))
    said = FINDINGS.frame({**origin, "message": "Said by mapping.", "remedy": "Correct it.", **one} for one in findings)
    return Roster("hr", "staff.csv", None, "0" * 64, raw, workers, said, tuple(names))


def values(roster: Roster, attribute: str) -> list[str | None]:
    return [value if isinstance(value, str) else None for value in roster.workers[attribute]]


def codes(roster: Roster) -> list[list[object]]:
    return roster.findings[["row", "column", "attribute", "code", "severity", "value"]].to_numpy().tolist()
