"""What stages hand on about a roster: as it was read, and as it was judged."""

from dataclasses import dataclass, field

import pandas as pd

CRITICAL, WARNING, INFO = "critical", "warning", "info"
SEVERITIES = (CRITICAL, WARNING, INFO)

UNUSABLE_KEY_CODES = frozenset({"id_missing", "id_shared", "id_malformed"})
"""Findings that leave a held row without a key that tells who it is (design: absence)."""


@dataclass(frozen=True)
class Roster:
    """One source as it was read and mapped.

    ``raw`` has the source's own headings as columns, text as it stood, indexed by ``row`` (as a spreadsheet numbers
    it); blank rows are not in it. ``workers`` follows ``tables.WORKERS``, one row per raw row. ``findings`` follows
    ``tables.FINDINGS``: what mapping could not do (a value not in a map, an unreadable date). ``mapped`` are the
    attributes that the pipeline maps; ``skipped`` how many rows were left out as it says, by reason.
    """

    source: str
    file: str
    sheet: str | None
    sha256: str
    raw: pd.DataFrame
    workers: pd.DataFrame
    findings: pd.DataFrame
    mapped: tuple[str, ...]
    skipped: dict[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        return len(self.raw)


@dataclass(frozen=True)
class Verdict:
    """A roster after validation.

    ``clean`` follows ``tables.WORKERS``: the rows that may be acted on, one per worker. ``held`` has the same columns
    plus ``codes`` (text, comma-separated, sorted) and ``key_usable`` (boolean): rows with a critical finding.
    ``findings`` follows ``tables.FINDINGS``, mapping findings included, sorted by row, column, code.
    """

    clean: pd.DataFrame
    held: pd.DataFrame
    findings: pd.DataFrame
