"""What stages hand on about a roster: as it was read, and as it was judged."""

from dataclasses import dataclass, field

import pandas as pd

from tasks.model.plan import digest
from tasks.model.tables import ORIGIN

CRITICAL, WARNING, INFO = "critical", "warning", "info"
SEVERITIES = (CRITICAL, WARNING, INFO)

REJECTS, REFERENCE = "Rejects", "Reference"
"""The sheet of held rows in rejects.xlsx, and the column that says which row of which file a line is about."""


def reference(source: str, sha256: str, row: int) -> str:
    """Return what identifies a row of a list: the source, the beginning of the hash of its file, the row.

    >>> reference("hr", "0123456789abcdef0123", 17)
    'hr:0123456789abcdef:17'
    """
    return f"{source}:{sha256[:16]}:{row}"


UNUSABLE_KEY_CODES = frozenset({"id_missing", "id_shared", "id_malformed"})
"""Findings that leave a held row without a key that tells who it is (design: absence)."""


@dataclass(frozen=True)
class Roster:
    """One source as it was read and mapped.

    ``raw`` has the source's own headings as columns, text as it stood, indexed by ``row`` (as a spreadsheet numbers
    it); blank rows are not in it. ``workers`` follows ``tables.WORKERS``, one row per raw row. ``findings`` follows
    ``tables.FINDINGS``: what mapping could not do (a value not in a map, an unreadable date). ``mapped`` are the
    attributes that the pipeline maps, ``lacks`` those that it says the list does not have; ``skipped`` how many rows
    were left out as it says, by reason; ``blank`` how many between the headings and the last filled row are blank.
    ``mended`` are the hashes of the workbooks whose rows count in the place of its own, in their order.
    """

    source: str
    file: str
    sheet: str | None
    sha256: str
    raw: pd.DataFrame
    workers: pd.DataFrame
    findings: pd.DataFrame
    mapped: tuple[str, ...]
    lacks: tuple[str, ...] = ()
    skipped: dict[str, int] = field(default_factory=dict)
    mended: tuple[str, ...] = ()
    blank: int = 0

    @property
    def rows(self) -> int:
        return len(self.raw)

    @property
    def identity(self) -> str:
        """The hash of the list as it counts: that of its file or, mended, of it and the workbooks together."""
        return digest([self.sha256, self.mended]) if self.mended else self.sha256


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

    @property
    def content(self) -> str:
        """A digest of the mapped rows and of why some are held, whatever their order and places."""
        workers = pd.concat([self.clean, self.held], ignore_index=True)
        names = sorted(set(workers.columns) - set(ORIGIN))
        columns = [_written(workers[name]) for name in names]
        return digest([names, sorted(map("\x1f".join, zip(*columns, strict=True)))])


def _written(column: pd.Series) -> list[str]:
    """Return the cells of a column as a digest takes them, those that are missing as nothing: no text is empty."""
    pairs = zip(column.astype("object"), column.isna(), strict=True)
    return ["" if missing else str(value) for value, missing in pairs]
