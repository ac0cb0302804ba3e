"""Find what in a file could make a run go wrong, and where it is. Pure.

Every kind of hazard is in ``catalogue.CATALOGUE``. No hazard holds a cell of the file.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from tasks.ingest.inspection import vocabulary
from tasks.ingest.inspection.catalogue import CATALOGUE
from tasks.ingest.inspection.columns import Proposal
from tasks.ingest.inspection.dates import DateReading
from tasks.ingest.inspection.headers import Headings
from tasks.ingest.inspection.keys import Key
from tasks.ingest.inspection.people import Gathering
from tasks.ingest.inspection.tables import NUMBER, Cells, OpenedTable, People
from tasks.ingest.inspection.values import LISTED, is_secret, several_values
from tasks.ingest.mapping import SPREADSHEET_ERROR
from tasks.model.secrets import kind_of_heading
from tasks.model.tables import LIST_ATTRIBUTES

SHOWN = 20
LONG_CELL = 32_000
"""Excel holds 32,767 characters in a cell; so long a text is a file or a picture, or has been cut off there."""


@dataclass(frozen=True)
class Hazard:
    """One kind of hazard in one column, or in rows as a whole: the first row, how many there are, the first of them."""

    code: str
    row: int | None
    column: str | None
    count: int
    rows: tuple[int, ...] = field(default=())

    @property
    def remedy(self) -> str:
        return CATALOGUE[self.code].remedy

    @property
    def means(self) -> str:
        return CATALOGUE[self.code].means


@dataclass(frozen=True)
class Subject:
    """A table with all that was found out about it so far."""

    table: OpenedTable
    headings: Headings
    people: People
    proposals: Mapping[str, Proposal]
    dates: Sequence[DateReading]
    keys: Sequence[Key]
    gathering: Gathering
    holds_people: bool

    def kind(self, column: Cells) -> str | None:
        return self.proposals[column.name].kind


def find(subject: Subject) -> list[Hazard]:
    """Return the hazards of a table, in the order of the catalogue and of the columns."""
    found = [
        *_of_file(subject), *_of_rows(subject), *_of_headings(subject), *_of_sheet(subject), *_of_cells(subject),
        *_of_ids(subject), *_of_dates(subject), *_of_people(subject), *_of_secrets(subject),
    ]  # fmt: skip
    places = {column.name: column.number for column in subject.people.columns}
    order = {code: place for place, code in enumerate(CATALOGUE)}
    return sorted(found, key=lambda hazard: (order[hazard.code], places.get(hazard.column or "", 0), hazard.row or 0))


def at(code: str, rows: Iterable[int], column: str | None = None, count: int | None = None) -> Iterator[Hazard]:
    """Yield the hazard of *rows*, none if there are none."""
    numbers = tuple(int(row) for row in rows)
    if numbers:
        yield Hazard(code, numbers[0], column, len(numbers) if count is None else count, numbers[:SHOWN])


def _of_file(subject: Subject) -> Iterator[Hazard]:
    for mark in subject.table.marks:
        yield Hazard(mark.code, mark.row, None, mark.count, mark.rows[:SHOWN])
    if subject.table.hidden:
        yield Hazard("hidden_sheet", None, None, 1)
    if "encoding" in subject.table.doubts:
        yield Hazard("encoding_unsure", None, None, 1)
    if subject.people.unseen:
        yield Hazard("many_columns", None, None, subject.people.unseen)


def _of_rows(subject: Subject) -> Iterator[Hazard]:
    people = subject.people
    for code, rows in (
        ("title_rows", people.above), ("blank_rows", people.blank), ("repeated_headings", people.repeated),
        ("lone_cells", people.lone), ("short_rows", people.short), ("long_rows", people.long),
    ):  # fmt: skip
        yield from at(code, rows)
    for row in people.totals:
        yield Hazard("totals_rows", row, _first_filled(subject, row), 1, (row,))
    if not len(people.index):
        yield Hazard("no_rows", None, None, 1)


def _first_filled(subject: Subject, row: int) -> str | None:
    cells = subject.table.rows[row - 1]
    filled = next((place for place, cell in enumerate(cells, 1) if cell.strip()), 0)
    return next((column.name for column in subject.people.columns if column.number == filled), None)


def _of_headings(subject: Subject) -> Iterator[Hazard]:
    headings = subject.headings
    if headings.row is None:
        yield Hazard("no_headings", None, None, 1)
        return
    if not headings.sure:
        yield Hazard("headings_unsure", headings.row, None, 1, (headings.row,))
    if headings.rows > 1:
        yield from at("headings_in_two_rows", range(headings.row, headings.last + 1))
    names = [column.heading for column in subject.people.columns if column.heading]
    for name in dict.fromkeys(name for name in names if names.count(name) > 1):
        yield Hazard("duplicate_headings", headings.last, name, names.count(name), (headings.last,))
    for column in subject.people.columns:
        if not column.heading:
            yield Hazard("blank_headings", headings.last, column.name, len(column.filled), (headings.last,))


def _of_sheet(subject: Subject) -> Iterator[Hazard]:
    facts = subject.table.facts
    if facts is None:
        return
    read = {number for number, row in enumerate(subject.table.rows, 1) if any(map(str.strip, row))}
    yield from at("hidden_rows", [row for row in facts.hidden_rows if row in read])
    names = {column.number: column.name for column in subject.people.columns}
    for number in facts.hidden_columns:
        if number in names:
            yield Hazard("hidden_columns", None, names[number], 1)
    body = set(subject.people.index)
    merged: dict[int, list[int]] = {}
    for (row, column), _ in facts.merged:
        if row in body:
            merged.setdefault(column, []).append(row)
    yield from _by_column("merged_cells", merged, names)
    typed = [(row, c.number) for c in subject.people.columns for row in c.filled.index[c.filled.map(_is_error)]]
    errors = tuple({*facts.errors, *typed})
    for code, places in (
        ("formula_cells", facts.formulas), ("formula_uncached", facts.uncached), ("error_cells", errors),
        ("zeros_not_stored", facts.padded),
    ):  # fmt: skip
        grouped: dict[int, list[int]] = {}
        for row, column in places:
            if row > subject.headings.last:
                grouped.setdefault(column, []).append(row)
        yield from _by_column(code, grouped, names)


def _by_column(code: str, rows: Mapping[int, Sequence[int]], names: Mapping[int, str]) -> Iterator[Hazard]:
    for column, numbers in sorted(rows.items()):
        yield from at(code, sorted(numbers), names.get(column))


# Cells ----------------------------------------------------------------------------------------------------------------

INVISIBLE = re.compile(
    r"[\x00-\x1f\x7f-\x9f"
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]"
    "|[A-Za-z0-9][\u200c\u200d]+([A-Za-z0-9 ]|$)|(^| )[\u200c\u200d]"
)
"""As the suites have it: joiners are at home in Persian and Indic names, not beside Latin letters."""
_NOTHING = frozenset(
    {"null", "none", "n/a", "nan", "nil", "undefined", "-", "--", "tbd", "<null>", "(null)", "(blank)"}
)
_NUMBER_OR_PHONE = re.compile(r"[+-]?[\d\s().,/%-]+")


def _is_invisible(value: str, lines: bool) -> bool:
    suspect = not (value.isascii() and value.isprintable())
    return suspect and INVISIBLE.search(value.replace("\n", "") if lines else value) is not None


def _is_bad_text(value: str) -> bool:
    from ftfy.badness import is_bad

    return not value.isascii() and ("\ufffd" in value or bool(is_bad(value)))


def _is_error(value: str) -> bool:
    return value[0] == "#" and SPREADSHEET_ERROR.fullmatch(value) is not None


def _is_formula(value: str) -> bool:
    return value[0] in "=+-@" and len(value) > 1 and not _NUMBER_OR_PHONE.fullmatch(value)


def _of_cells(subject: Subject) -> Iterator[Hazard]:
    lines = subject.table.container in LISTED
    names = ("given_name", "family_name", vocabulary.FULL_NAME, "country", vocabulary.MANAGER_NAME)
    for column in subject.people.columns:
        if subject.headings.row is not None and _is_bad_text(column.heading or " "):
            yield Hazard("mojibake", subject.headings.last, column.name, 1, (subject.headings.last,))
        if subject.kind(column) == vocabulary.SECRET:
            continue
        tests: dict[str, Callable[[str], bool]] = {
            "formula_text": _is_formula,
            "mojibake": _is_bad_text,
            "control_characters": lambda value: _is_invisible(value, lines),
        }
        if subject.table.container != "xlsx":
            tests["error_cells"] = _is_error
        if subject.kind(column) not in names:
            tests["null_words"] = lambda value: len(value) <= 9 and value.casefold() in _NOTHING
        for code, test in tests.items():
            yield from _where(code, column, test)
        attribute = subject.proposals[column.name].attribute
        if lines and attribute and attribute not in LIST_ATTRIBUTES:
            yield from at("several_values", several_values(column), column.name)
        if not lines:
            stripped = column.raw.dropna()
            yield from at("padded_cells", stripped.index[_is_padded(stripped)], column.name)
        yield from at("long_cells", column.filled.index[column.filled.str.len() >= LONG_CELL], column.name)


def _is_padded(cells: pd.Series) -> pd.Series:
    bare = cells.str.strip()
    return (bare != cells) & (bare != "")


def _where(code: str, column: Cells, test: Callable[[str], bool]) -> Iterator[Hazard]:
    """Yield the hazard of the cells whose value is one by *test*."""
    values = [value for value in column.values if test(value)]
    if values:
        yield from at(code, column.filled.index[column.filled.isin(values)], column.name)


# Ids ------------------------------------------------------------------------------------------------------------------

_ROUNDED = r"[0-9](?:[.,][0-9]+)?[eE][+][0-9]+"
IDS = ("external_id", "manager_id")
_DENSE = 0.5


def _of_ids(subject: Subject) -> Iterator[Hazard]:
    for column in subject.people.columns:
        if subject.kind(column) not in IDS or column.filled.empty:
            continue
        yield from at("ids_rounded", column.filled.index[column.filled.str.fullmatch(_ROUNDED)], column.name)
        if column.share_of(NUMBER) > 0.5 and column.kinds is not None:
            yield from at("ids_as_numbers", column.kinds.index[column.kinds == NUMBER], column.name)
        yield from at("zeros_lost", _shortened(column), column.name)
    for key in subject.keys:
        if key.conflicting_rows and subject.proposals[key.column].attribute in ("external_id", "user_name"):
            yield Hazard("ids_shared", key.rows[0], key.column, key.conflicting_rows, key.rows)
    if subject.holds_people:
        kinds = {proposal.kind for proposal in subject.proposals.values() if proposal.attribute}
        if not kinds & {"external_id", vocabulary.EMAIL, vocabulary.LOGIN}:
            yield Hazard("no_key", None, None, len(subject.people.index))
        elif vocabulary.EMAIL not in kinds:
            yield Hazard("no_address", None, None, len(subject.people.index))
        if not (kinds >= {"given_name", "family_name"} or vocabulary.FULL_NAME in kinds):
            yield Hazard("no_names", None, None, len(subject.people.index))


def _shortened(column: Cells) -> pd.Index:
    """Return the rows whose id has fewer digits than most, in a column of numbers that are not simply counted up."""
    filled = column.filled
    digits = filled[filled.str.fullmatch(r"[0-9]{1,15}")]
    none: pd.Index = filled.index[:0]
    if len(digits) < max(3, 0.9 * len(filled)):
        return none
    lengths = digits.str.len()
    usual = int(lengths.mode().iloc[-1])
    shorter = lengths[lengths < usual]
    if not len(shorter) or (lengths == usual).mean() < 0.6 or (lengths > usual).any():
        return none
    numbers = digits.astype("int64")
    counted_up = digits.nunique() >= _DENSE * (int(numbers.max()) - int(numbers.min()) + 1)
    zeros = digits[lengths < usual].str.startswith("0").any()
    return none if counted_up or zeros else shorter.index


# Dates ----------------------------------------------------------------------------------------------------------------


def _of_dates(subject: Subject) -> Iterator[Hazard]:
    for reading in subject.dates:
        name = reading.column
        if reading.ambiguous and reading.contradicting and len(reading.contradicting) > 1:
            rows = sorted({row for rows in reading.contradicting.values() for row in rows})
            yield from at("dates_contradict", rows, name)
        elif reading.ambiguous:
            yield from at("dates_ambiguous", reading.ambiguous_rows, name)
        if reading.written == "mixed":
            parts = [part for part in (reading.text_rows, reading.serial_rows, reading.date_rows) if part]
            yield from at("dates_mixed", sorted(parts, key=len)[0], name)
        yield from at("date_serials", reading.serial_rows, name)
        yield from at("dates_unreadable", reading.bad_rows, name)
        if reading.two_digit_years:
            yield from at("two_digit_years", reading.proof_rows or reading.ambiguous_rows, name)
    mapped = [reading for reading in subject.dates if subject.proposals[reading.column].attribute and reading.format]
    texts = [reading for reading in mapped if reading.written != "date cells"]
    for reading in texts[1:]:
        if reading.format != texts[0].format:
            yield from at("dates_differ", reading.text_rows, reading.column)


# People ---------------------------------------------------------------------------------------------------------------


def _of_people(subject: Subject) -> Iterator[Hazard]:
    if not subject.holds_people:
        return
    gathering = subject.gathering
    yield from at("duplicate_rows", gathering.duplicates)
    names = [
        name
        for name, proposal in subject.proposals.items()
        if proposal.attribute in ("family_name", "given_name", "display_name")
    ]
    column = names[0] if names else None
    yield from at("repeated_people", gathering.repeated, column)
    yield from at("homonyms", gathering.homonyms, column)
    rows = sorted({row for pair in gathering.look_alikes for row in pair})
    yield from at("look_alike_rows", rows, column, gathering.look_alike_pairs)


def _of_secrets(subject: Subject) -> Iterator[Hazard]:
    for column in subject.people.columns:
        if subject.kind(column) == vocabulary.SECRET:
            yield from at("secret_column", column.filled.index, column.name)
        yield from _where("secret_values", column, is_secret)
    for name, rows in subject.table.left_out.items():
        if kind_of_heading(name):
            yield from at("secret_column", rows, name)
