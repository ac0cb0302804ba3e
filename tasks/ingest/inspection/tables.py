"""A table of a file as inspection looks at it: its columns below the headings, with the rows a spreadsheet shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from tasks.ingest.cells import CellFacts
from tasks.ingest.sheet_process import BLANK, BOOLEAN, DATE, NUMBER, TEXT

__all__ = ["BLANK", "BOOLEAN", "DATE", "NUMBER", "TEXT", "Cells", "Mark", "OpenedTable", "People"]


@dataclass(frozen=True)
class Mark:
    """Something seen while a file was read, before there were columns. ``column`` counts from 1."""

    code: str
    row: int | None = None
    column: int | None = None
    count: int = 1
    rows: tuple[int, ...] = ()


@dataclass(frozen=True)
class OpenedTable:
    """One sheet, text file, or kind of record. ``rows`` from row 1 on, blank cells as ``""``, of any lengths.

    ``kinds`` has one text per row with a letter for each cell (None: all are text). ``headed``: row 1 are surely the
    names of fields. ``evidence`` says why encoding and delimiter are believed. ``left_out`` are fields that no reader
    keeps, with the rows that had them.
    """

    container: str
    rows: list[list[str]]
    name: str | None = None
    hidden: bool = False
    headed: bool = False
    kinds: list[str] | None = None
    facts: CellFacts | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    evidence: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()
    left_out: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Cells:
    """One column below the headings.

    ``raw`` are its cells as they stand, blank ones missing, indexed by row; ``kinds`` their letters (None: all text).
    ``number`` counts columns from 1; a column without a heading is called by its letters.
    """

    name: str
    number: int
    heading: str
    raw: pd.Series
    kinds: pd.Series | None = None

    @cached_property
    def filled(self) -> pd.Series:
        """The cells that hold something, without blanks around them."""
        stripped: pd.Series = self.raw.dropna().str.strip()
        return stripped[stripped != ""]

    @cached_property
    def counts(self) -> pd.Series:
        """How often each value stands there, the most frequent first."""
        return self.filled.value_counts()

    @property
    def values(self) -> pd.Index:
        return self.counts.index

    def share_of(self, kind: str) -> float:
        """Return the share of filled cells that are of a kind (``NUMBER``, ``DATE``)."""
        if self.kinds is None or self.filled.empty:
            return 0.0
        return float((self.kinds.reindex(self.filled.index) == kind).mean())


@dataclass(frozen=True)
class People:
    """The rows of a table that may be people, after its headings: what every examination works on.

    ``index`` are their row numbers. ``above`` are rows before the headings that hold something, ``unseen`` how many
    columns there are beyond those that are looked at.
    """

    columns: Sequence[Cells]
    index: pd.Index
    blank: tuple[int, ...] = ()
    repeated: tuple[int, ...] = ()
    totals: tuple[int, ...] = ()
    above: tuple[int, ...] = ()
    short: tuple[int, ...] = ()
    long: tuple[int, ...] = ()
    lone: tuple[int, ...] = field(default=())
    unseen: int = 0

    def column(self, name: str) -> Cells:
        return next(column for column in self.columns if column.name == name)
