"""Look a file over: every table of it, and then one beside the other. Pure but for the file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import SecretStr

from tasks.ingest.files import shortened
from tasks.ingest.inspection import hazards, vocabulary
from tasks.ingest.inspection.bodies import people_of
from tasks.ingest.inspection.columns import Proposal, propose
from tasks.ingest.inspection.dates import DateReading, examine, looks_dated
from tasks.ingest.inspection.hazards import Hazard, Subject
from tasks.ingest.inspection.headers import find
from tasks.ingest.inspection.keys import find_keys
from tasks.ingest.inspection.opening import open_all
from tasks.ingest.inspection.people import gather, identify
from tasks.ingest.inspection.shape import (
    LISTED_ROWS,
    ColumnShape,
    DatesShape,
    HazardShape,
    InspectionShape,
    KeyShape,
    LookAlike,
    Rows,
    TableShape,
)  # fmt: skip
from tasks.ingest.inspection.tables import DATE, Cells, OpenedTable, People
from tasks.ingest.inspection.texts import printable
from tasks.ingest.inspection.values import share
from tasks.ingest.tables import Reading
from tasks.model.errors import BadUsage

DATE_KINDS = ("start_date", "end_date", vocabulary.BIRTH_DATE)
NAMES = ("given_name", "family_name", "display_name")
_HOLDING_PEOPLE = 2
"""So many attributes of a worker make a list of people, one of them a name or a login. Addresses do by themselves."""


@dataclass(frozen=True)
class Examined:
    """A table, what was found out about it, and its hazards."""

    subject: Subject
    hazards: tuple[Hazard, ...] = field(default=())

    @property
    def people_likely(self) -> int:
        return self.subject.gathering.count if self.subject.holds_people else 0

    @property
    def groups_likely(self) -> int:
        """How many groups the table likely holds: its rows, if one of its columns are members."""
        kinds = {proposal.kind for proposal in self.subject.proposals.values()}
        return len(self.subject.people.index) if vocabulary.MEMBERS in kinds else 0

    def shape(self) -> TableShape:
        """Return what ``inspect --json`` says of the table."""
        subject = self.subject
        table, people, gathering = subject.table, subject.people, subject.gathering
        return TableShape(
            container=table.container,
            encoding=table.encoding,
            delimiter=table.delimiter,
            sheet=table.name,
            hidden=table.hidden,
            header_row=subject.headings.row,
            header_rows=subject.headings.rows,
            groups_likely=self.groups_likely,
            rows=Rows(physical=physical(table.rows), blank=len(people.blank), data=len(people.index)),
            people_likely=self.people_likely,
            columns=[_column(column, subject.proposals[column.name]) for column in people.columns],
            dates=[_dates(reading) for reading in subject.dates],
            keys=[KeyShape(**{**vars(key), "rows": list(key.rows)}) for key in subject.keys],
            duplicates=len(gathering.duplicates),
            homonyms=len(gathering.homonyms),
            look_alikes=[LookAlike(rows=list(pair)) for pair in gathering.look_alikes],
            evidence=list(table.evidence),
            hazards=[_hazard(hazard) for hazard in self.hazards],
        )


@dataclass(frozen=True)
class Lock:
    """The password of a workbook or zip file, and the environment variable that it is from."""

    variable: str
    password: SecretStr


@dataclass(frozen=True)
class Inspection:
    """A file that was looked over: its tables in the order in which it has them.

    ``member`` is the file that was chosen of a zip file, ``password_from`` the variable that has the password.
    """

    path: Path
    tables: tuple[Examined, ...]
    member: str | None = None
    password_from: str | None = None

    def shape(self) -> InspectionShape:
        return InspectionShape(file=self.path.name, tables=[table.shape() for table in self.tables])

    @property
    def lists(self) -> list[Examined]:
        """The tables that look like lists of people: those that can be seen first, then by how many they hold."""
        found = [table for table in self.tables if table.people_likely]
        return sorted(found, key=lambda table: (table.subject.table.hidden, -table.people_likely))


def inspect_file(
    path: Path, sheet: str | None = None, member: str | None = None, lock: Lock | None = None
) -> Inspection:
    """Look over every table of a file, or the one called *sheet*; of a zip file the *member*. *lock* has its password.

    Raises ``RejectedSource`` if it cannot be read, ``BadUsage`` if it has no such table.
    """
    tables = open_all(path, Reading(member=member, password=lock.password.get_secret_value() if lock else None))
    if sheet is not None:
        names = [table.name for table in tables if table.name]
        if sheet not in names:
            there = f"Its tables: {printable(shortened(names))}." if names else "It has no sheets."
            raise BadUsage(f"There is no sheet '{sheet}' in {path.name}.", remedy=there)
        tables = [table for table in tables if table.name == sheet]
    looked_over = _beside_each_other([look_over(table) for table in tables])
    return Inspection(path, looked_over, member, lock.variable if lock else None)


def look_over(table: OpenedTable) -> Examined:
    """Return all that can be found out about one table by itself."""
    merged = table.facts.merged if table.facts else ()
    headings = find(table.rows, merged, headed=table.headed)
    people = people_of(table, headings)
    proposals = propose(people.columns)
    identity = identify(people, proposals)
    subject = Subject(
        table=table,
        headings=headings,
        people=people,
        proposals=proposals,
        dates=_readings(people, proposals),
        keys=find_keys(people, proposals, identity),
        gathering=gather(people, identity),
        holds_people=_holds_people(people, proposals),
    )
    return Examined(subject, tuple(hazards.find(subject)))


def _readings(people: People, proposals: dict[str, Proposal]) -> list[DateReading]:
    """Return how the dates of each column of dates are written: by its heading, or because its cells are dates."""
    wanted = [column for column in people.columns if proposals[column.name].kind in DATE_KINDS or _is_dated(column)]
    readings = (examine(column) for column in wanted)
    return [reading for reading in readings if reading is not None]


def _is_dated(column: Cells) -> bool:
    return bool(len(column.values)) and (share(column, looks_dated) > 0.8 or column.share_of(DATE) > 0.5)


def _holds_people(people: People, proposals: dict[str, Proposal]) -> bool:
    attributes = {proposal.attribute for proposal in proposals.values() if proposal.attribute}
    kinds = {proposal.kind for proposal in proposals.values()}
    if vocabulary.MEMBERS in kinds or not len(people.index):
        return False
    with_addresses = any(p.kind == vocabulary.EMAIL and p.attribute for p in proposals.values())
    telling = attributes & {*NAMES, "user_name"}
    return with_addresses or (bool(telling) and len(attributes) >= _HOLDING_PEOPLE)


def _beside_each_other(tables: Sequence[Examined]) -> tuple[Examined, ...]:
    """Add what can only be said of several tables: that more than one looks like the list of people."""
    lists = [table for table in tables if table.people_likely and not table.subject.table.hidden]
    if len(lists) < 2:
        return tuple(tables)
    several = Hazard("several_people_sheets", None, None, len(lists))
    return tuple(Examined(table.subject, (several, *table.hazards)) if table in lists else table for table in tables)


# The shape ------------------------------------------------------------------------------------------------------------


def physical(rows: Sequence[Sequence[str]]) -> int:
    """Return the number of the last row that holds something."""
    return next((number for number in range(len(rows), 0, -1) if any(map(str.strip, rows[number - 1]))), 0)


def _column(column: Cells, proposal: Proposal) -> ColumnShape:
    return ColumnShape(
        name=column.name,
        proposal=proposal.attribute,
        confidence=proposal.confidence if proposal.attribute else 0.0,
        filled=len(column.filled),
        distinct=len(column.values),
        evidence=proposal.evidence,
    )


def _dates(reading: DateReading) -> DatesShape:
    return DatesShape(
        column=reading.column,
        written=reading.written,
        format=reading.format,
        ambiguous=reading.ambiguous,
        candidates=list(reading.candidates),
        proof_rows=list(reading.proof_rows[:LISTED_ROWS]),
        proof_count=len(reading.proof_rows),
        ambiguous_rows=list(reading.ambiguous_rows[:LISTED_ROWS]),
        ambiguous_count=len(reading.ambiguous_rows),
    )


def _hazard(hazard: Hazard) -> HazardShape:
    return HazardShape(
        code=hazard.code,
        row=hazard.row,
        column=hazard.column,
        count=hazard.count,
        rows=list(hazard.rows),
        means=hazard.means,
        remedy=hazard.remedy,
    )
