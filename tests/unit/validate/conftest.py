"""Builders: a roster from a few rows of worker attributes, as ingest would hand it on."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd
import pytest

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


def _roster(*rows: Row, findings: Sequence[Mapping[str, object]] = (), mapped: Sequence[str] | None = None) -> Roster:
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


@pytest.fixture(scope="session")
def make_roster() -> Callable[..., Roster]:
    return _roster


@pytest.fixture(scope="session")
def headings() -> dict[str, str]:
    return dict(HEADINGS)


@pytest.fixture
def ada() -> dict[str, str]:
    return dict(ADA)


@pytest.fixture
def ben() -> dict[str, str]:
    return dict(BEN)
