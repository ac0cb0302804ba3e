"""A source's file as a whole: what it was like, how it differs from the last one that was accepted, who let it pass.

Nothing here is a name, an address or a cell: figures, headings, and keyed hashes of ids.
"""

import base64
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

from tasks.model.plan import SMALLEST_BASE
from tasks.model.shares import bound, held_against, percent, points

LEAST_TOLD = 0.01
PERSON_BYTES = 32
Kind = Literal["rows", "held", "filled", "departments", "moved", "identity", "column_new", "column_gone"]


@dataclass(frozen=True)
class FileProfile:
    """What one file was like. ``sha256`` is of its bytes; of a mended list, of its bytes and the workbooks' together.

    ``rows`` counts those that were read, ``valid`` and ``held`` what validation made of them. ``columns`` and
    ``attributes`` have how many cells are filled, by heading and by attribute. ``departments`` is how many there are,
    None where the attribute is not mapped.

    ``marks`` is what people are known by, hashed with a key of the journal's: ``places``, then ``people``, of which
    ``identified`` says how many they are. Profiles of earlier versions have no ``people``.
    """

    source: str
    file: str
    sha256: str
    rows: int
    valid: int
    held: int
    columns: Mapping[str, int]
    attributes: Mapping[str, int]
    departments: int | None = None
    marks: bytes = field(default=b"", repr=False)
    identified: int = 0

    @property
    def places(self) -> bytes:
        """16 bytes a person, sorted: 8 that stand for the id and 8 for id and department; none without departments."""
        return self.marks[: len(self.marks) - PERSON_BYTES * self.identified]

    @property
    def people(self) -> bytes:
        """32 bytes a person, sorted: 8 each that stand for id, address, first name and surname; zeros for none."""
        return self.marks[len(self.marks) - PERSON_BYTES * self.identified :]

    def figures(self) -> dict[str, Any]:
        """Return all but the marks, ready for JSON."""
        return asdict(replace(self, marks=b"")) | {"marks": None}

    def to_json(self) -> dict[str, Any]:
        return self.figures() | {"marks": base64.b64encode(self.marks).decode()}

    @classmethod
    def from_json(cls, facts: Mapping[str, Any], marks: bytes | None = None) -> "FileProfile":
        """Return a profile from ``to_json``, or from ``figures`` and *marks*."""
        return cls(**{**facts, "marks": base64.b64decode(facts["marks"]) if marks is None else marks})


@dataclass(frozen=True)
class WholeReading:
    """One bound held against one file. *before* and *now* are what was counted: rows, departments, a filled share.

    ``change`` is what the bound is on, signed: of a filled share the difference in points, else the share of what was
    there before; of few, as if they were ``counted_as`` so many (0: they counted as they are). ``limit`` is None where
    no bound is set. ``subject`` is the heading or attribute, if it is about one.
    """

    name: Kind
    subject: str
    before: float
    now: float
    change: float
    limit: float | None
    broken: bool
    counted_as: int = 0

    @property
    def telling(self) -> bool:
        """Whether there is something to tell: a filled share that stays is none, among dozens of columns."""
        match self.name:
            case "filled" | "held":
                return self.broken or abs(self.change) >= LEAST_TOLD
            case "identity":
                return self.now > 0
            case _:
                return True

    def __str__(self) -> str:
        """Say in words by how much, and what the bound is: ``150 rows, 300 before (50% fewer, limit 20%)``.

        Of few it says as how many they counted: ``3 rows, 8 before (25% fewer, counted as of 20, limit 20%)``.
        """
        counted = f", counted as of {self.counted_as}" if self.counted_as and self.change else ""
        limit = counted if self.limit is None else f"{counted}, limit {bound(self.limit)}"
        by = percent(abs(self.change)) if self.limit is None else held_against(abs(self.change), self.limit)
        moved = f"{points(abs(self.change), self.limit)} points{limit.removesuffix('%')}"
        match self.name:
            case "rows":
                word = " fewer" if self.change < 0 else " more" if self.change > 0 else ""
                return f"{_counted(self.now, 'row')}, {self.before:,.0f} before ({by}{word}{limit})"
            case "held":
                return f"{percent(self.now)} of the rows held, {percent(self.before)} before ({moved})"
            case "filled":
                return f"'{self.subject}' filled to {percent(self.now)}, {percent(self.before)} before ({moved})"
            case "departments":
                return f"{_counted(self.now, 'department')}, {self.before:,.0f} before ({by}{limit})"
            case "moved":
                return f"{self.now:,.0f} of {self.before:,.0f} people in another department ({by}{limit})"
            case "identity":
                return f"{self.now:,.0f} of {self.before:,.0f} people with {_OTHERS[self.subject]} ({by}{limit})"
            case "column_new":
                return f"a new column '{self.subject}'"
            case "column_gone":
                return f"no column '{self.subject}' any more"


def fewer(number: int, least: int = SMALLEST_BASE) -> int:
    """Return as how many so few count, 0 where they are not few."""
    return least if number < least else 0


def _counted(number: float, what: str) -> str:
    return f"{number:,.0f} {what}{'' if number == 1 else 's'}"


_OTHERS = {"user_name": "the address of somebody else", "name": "another name"}


@dataclass(frozen=True)
class Baseline:
    """The last file that was accepted: of which run, when (ISO 8601), its hash, its rows."""

    run_id: str
    at: str
    file: str
    sha256: str
    rows: int


@dataclass(frozen=True)
class Permit:
    """A person's decision that one very file may pass though it is over its bounds.

    ``baseline`` is the hash of the file that it was held against, empty where there was none. ``until`` is an ISO
    date, the last day; ``spent_by`` the run that began to carry the file out.
    """

    permit_id: int
    pipeline: str
    source: str
    sha256: str
    baseline: str
    run_id: str
    by: str
    reason: str
    at: str
    until: str
    spent_by: str | None = None

    def lets_pass(self, comparison: "Comparison", today: str) -> bool:
        """Whether this is about that very file, held against that very one before, and is neither used up nor over."""
        about = (self.source, self.sha256, self.baseline)
        this = (comparison.source, comparison.sha256, comparison.baseline.sha256 if comparison.baseline else "")
        return about == this and self.spent_by is None and today <= self.until


@dataclass(frozen=True)
class Comparison:
    """A file held against the last accepted one and against the links; ``permit`` lets it pass.

    ``baseline`` is None where it is the first: then there are readings against the links alone.
    """

    source: str
    file: str
    sha256: str
    rows: int
    valid: int
    held: int
    baseline: Baseline | None = None
    readings: tuple[WholeReading, ...] = ()
    permit: Permit | None = None

    @property
    def broken(self) -> tuple[WholeReading, ...]:
        return tuple(reading for reading in self.readings if reading.broken)

    @property
    def telling(self) -> tuple[WholeReading, ...]:
        return tuple(reading for reading in self.readings if reading.telling)

    @property
    def refused(self) -> bool:
        return bool(self.broken) and self.permit is None

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, facts: Mapping[str, Any]) -> "Comparison":
        baseline, permit = facts["baseline"], facts["permit"]
        return cls(
            **{
                **facts,
                "baseline": Baseline(**baseline) if baseline else None,
                "readings": tuple(WholeReading(**item) for item in facts["readings"]),
                "permit": Permit(**permit) if permit else None,
            }
        )
