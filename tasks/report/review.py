"""The workbook in which people review a plan before it is carried out.

Every cell is text or a whole number, never a formula: what begins like one is stored as text and marked as such, so
that it stays text when a spreadsheet program edits the cell. Equal input gives equal bytes.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import chain, repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks.model.plan import MAKES_A_GROUP, Action, Change, LimitReading, Origin, Plan
from tasks.model.rosters import CRITICAL, Verdict
from tasks.report import words
from tasks.report.facts import NOTHING_FURTHER, RosterFacts
from tasks.report.listings import list_findings, list_leaving, list_withheld
from tasks.report.names import FullNames, Identity
from tasks.report.people import Section, gather
from tasks.report.phrases import detail, phrases
from tasks.report.summary import proposal

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.format import Format
    from xlsxwriter.worksheet import Worksheet

LARGE_PLAN = 20_000
"""Changes from which on the workbook is written row by row, in bounded memory."""
PLAN_PROPERTY = "Rosterflow plan"
"""The document property that holds the plan's hash: it tells which plan was reviewed."""

Cell = str | int | None


@dataclass(frozen=True)
class Sheet:
    """One sheet: headings with their widths in characters, rows as they come, how many columns stay in sight, and the
    colour of each row's ``What`` cell."""

    name: str
    columns: Mapping[str, int]
    rows: Iterable[Sequence[Cell]]
    frozen: int = 1
    tints: Iterable[Mapping[str, str]] = ()


class Look:
    """How cells look: plainly, and where their text could be taken for a formula. Each is made when it is first
    needed: a workbook numbers its formats in that order."""

    def __init__(self, book: "Workbook", properties: Mapping[str, Any]) -> None:
        self._book = book
        self._properties = {"valign": "top", **properties}

    @cached_property
    def plain(self) -> "Format":
        return self._book.add_format(self._properties)

    @cached_property
    def quoted(self) -> "Format":
        return self._book.add_format({**self._properties, "quote_prefix": True})


class Pen:
    """Writes cells, and makes each look once."""

    def __init__(self, book: "Workbook") -> None:
        self._book = book
        self._looks: dict[tuple[tuple[str, Any], ...], Look] = {}

    def look(self, **properties: Any) -> Look:
        key = tuple(sorted(properties.items()))
        if key not in self._looks:
            self._looks[key] = Look(self._book, properties)
        return self._looks[key]

    def write(self, sheet: "Worksheet", row: int, column: int, value: Cell, look: Look) -> None:
        """Write a whole number as such and all else as text; mark text that could be taken for a formula."""
        if value is None or value == "":
            sheet.write_blank(row, column, None, look.plain)
        elif isinstance(value, int):
            sheet.write_number(row, column, value, look.plain)
        elif value.startswith("<r>"):  # written as one piece, it would be taken for XML
            sheet.write_rich_string(row, column, "<", look.plain, value[1:_LONGEST_CELL], look.plain)
        else:
            shown = look.quoted if value.startswith(_FORMULA_STARTS) else look.plain
            sheet.write_string(row, column, value[:_LONGEST_CELL], shown)


def write_review(
    plan: Plan,
    limits: Iterable[LimitReading],
    verdicts: Mapping[str, Verdict],
    path: Path,
    rosters: RosterFacts = NOTHING_FURTHER,
    *,
    begun: bool = False,
) -> None:
    """Write the workbook for reviewing *plan* to *path*: Summary, Changes, Not in the plan, Held rows, Leaving.

    Where it is what is left of a plan that was *begun* before, the workbook says so.
    The column Note of Changes is blank, for the reviewers; nothing in the workbook is read back.
    """
    from xlsxwriter import Workbook  # only workbooks need it

    names = FullNames(plan, verdicts if rosters.people is None else rosters.people)
    with Workbook(str(path), {"constant_memory": len(plan.changes) > LARGE_PLAN}) as book:
        book.set_properties({"title": f"Review of {plan.header.pipeline}", "created": _CREATED})
        book.set_custom_property(PLAN_PROPERTY, plan.hash, "text")
        pen = Pen(book)
        said = proposal(plan, verdicts, begun=begun)
        _write_summary(book.add_worksheet("Summary"), pen, plan, list(limits), said)
        _write_sheet(book, pen, _changes(plan, names)).activate()
        for sheet in (_withheld(plan, names), _held(verdicts, names, rosters), _leaving(plan, names)):
            _write_sheet(book, pen, sheet)


def _write_summary(sheet: "Worksheet", pen: Pen, plan: Plan, limits: Sequence[LimitReading], said: str) -> None:
    sheet.hide_gridlines(2)
    for column, width in enumerate(_SUMMARY_WIDTHS):
        sheet.set_column(column, column, width)
    pen.write(sheet, 0, 0, f"Review of {plan.header.pipeline}", pen.look(bold=True, font_size=18))
    sheet.merge_range(1, 0, 1, 3, "", pen.look().plain)
    pen.write(sheet, 1, 0, said, pen.look(text_wrap=True, font_size=13))
    sheet.merge_range(2, 0, 2, 3, "", pen.look().plain)
    pen.write(sheet, 2, 0, _GUIDE, pen.look(text_wrap=True, font_color=_MUTED))
    for row, height in ((0, 30), (1, 40), (2, 48)):
        sheet.set_row(row, height)
    line = 4
    for title, headings, rows in _summary_tables(plan, limits):
        sheet.set_row(line, 21)
        pen.write(sheet, line, 0, title, pen.look(bold=True, font_size=13))
        for column, heading in enumerate(headings):
            pen.write(sheet, line + 1, column, heading, pen.look(**_HEADING))
        for number, values in enumerate(rows, start=line + 2):
            sheet.set_row(number, _height(values, _SUMMARY_WIDTHS))
            for column, value in enumerate(values):
                look = pen.look(text_wrap=True, align="left", **_VERDICTS.get(value, {}))
                pen.write(sheet, number, column, value, look)
        line += len(rows) + 3
    sheet.fit_to_pages(1, 0)


def _summary_tables(
    plan: Plan, limits: Sequence[LimitReading]
) -> Iterable[tuple[str, Sequence[str], Sequence[Sequence[Cell]]]]:
    """Return the tables of the Summary: title, headings, rows."""
    counts = Counter(change.action for change in plan.changes)
    yield "What would be done", ("Change", "Number"), [(words.ORDERS[a], counts[a]) for a in Action if counts[a]]
    mails = [(words.mail(kind), words.forecast(kind, people) + ".") for kind, people in plan.header.mails.items()]
    if mails:
        yield "Who will be written to", ("Mail", "People and languages"), mails
    ordered = sorted(limits, key=lambda reading: (not reading.broken, words.limit(reading)))
    yield (
        "Limits",
        ("Limit on", "To be done", "Limit", "Holds?"),
        [(words.limit(r), words.usage(r), words.bounds(r), _BROKEN if r.broken else _HOLDS) for r in ordered],
    )
    yield (
        "Rosters",
        ("Source", "File", "Rows", "Held"),
        [(ref.name, ref.file, ref.rows, ref.held) for ref in plan.header.sources],
    )
    header = plan.header
    facts: list[tuple[str, Cell]] = [
        ("As of", header.as_of),
        ("Target", header.target),
        ("Unchanged", header.unchanged),
    ]
    facts += [("Moving here", words.moving(header.moving))] if header.moving else []
    yield "About this plan", ("Fact", "Value"), [*facts, ("Plan", plan.hash)]


def _write_sheet(book: "Workbook", pen: Pen, sheet: Sheet) -> "Worksheet":
    """Write one sheet of rows: headings that stay in sight, with filters, and text that wraps."""
    page = book.add_worksheet(sheet.name)
    for column, (heading, width) in enumerate(sheet.columns.items()):
        page.set_column(column, column, width)
        pen.write(page, 0, column, heading, pen.look(**_HEADING))
    widths, number = tuple(sheet.columns.values()), 0
    what = list(sheet.columns).index(_TINTED) if _TINTED in sheet.columns else -1
    usual = pen.look(**_CELL)
    for number, (row, colours) in enumerate(zip(sheet.rows, chain(sheet.tints, repeat({})), strict=False), start=1):
        page.set_row(number, _height(row, widths))
        tinted = pen.look(**_CELL, **colours) if colours else usual
        for column, value in enumerate(row):
            pen.write(page, number, column, value, tinted if column == what else usual)
    page.freeze_panes(1, sheet.frozen)
    page.autofilter(0, 0, max(number, 1), len(sheet.columns) - 1)
    page.set_landscape()
    page.fit_to_pages(1, 0)
    page.repeat_rows(0)
    return page


def _changes(plan: Plan, names: FullNames) -> Sheet:
    """Return one row per change: groups to be created, then people, section by section and by name."""
    order = list(Section)
    told = [(-1, Identity(""), c) for c in plan.changes if c.action in MAKES_A_GROUP]
    for person in gather(plan.changes):
        who = names.of(person.changes[0])
        told += [(order.index(person.section), who, change) for change in person.changes]
    told.sort(key=lambda item: (item[0], item[1].name.casefold(), item[1].number))
    further = [heading for heading in _FURTHER if any(detail(heading, change) for *_, change in told)]
    rows = (_change_row(change, who, further) for _, who, change in told)
    columns: dict[str, int] = {}
    for heading, width in _CHANGE_COLUMNS.items():
        columns |= {heading: width} | ({name: _FURTHER[name] for name in further} if heading == "After" else {})
    return Sheet("Changes", columns, rows, frozen=2, tints=(_TINTS[change.action] for *_, change in told))


def _change_row(change: Change, who: Identity, further: Sequence[str]) -> Sequence[Cell]:
    """Return the cells of one change. *further* are the columns that only some plans need."""
    said = phrases(change, done=False)
    after = [phrase.after or phrase.verb + (f", {phrase.note}" if phrase.note else "") for phrase in said]
    return (
        None,
        *_person(who),
        words.ORDERS[change.action],
        "\n".join(phrase.thing for phrase in said),
        "\n".join(phrase.before for phrase in said),
        "\n".join(after),
        *(detail(heading, change) for heading in further),
        words.CAUSES[change.cause],
        "\n".join(change.rules),
        *_place(change.origin),
        words.listed([words.mail(kind) for kind in change.mail]),
        change.change_id,
    )


def _withheld(plan: Plan, names: FullNames) -> Sheet:
    rows = [
        (*_person(row.person), row.what, row.reason, row.remedy, *_place(row.origin))
        for row in list_withheld(plan, names)
    ]
    return Sheet("Not in the plan", {**_PERSON, "What was due": 30, "Why not": 38, "What to do": 46, **_PLACE}, rows)


def _held(verdicts: Mapping[str, Verdict], names: FullNames, rosters: RosterFacts) -> Sheet:
    rows = [
        (*_person(row.person), row.column, row.value, row.message, row.remedy, row.code, *_place(row.origin))
        for row in list_findings(verdicts, CRITICAL, names, rosters.populations)
    ]
    reasons = {"Column": 20, "Value": 28, "What is wrong": 42, "What to do": 46, "Code": 20}
    return Sheet("Held rows", {**_PERSON, **reasons, **_PLACE}, rows)


def _leaving(plan: Plan, names: FullNames) -> Sheet:
    rows = [(*_person(row.person), row.since, row.due, row.source) for row in list_leaving(plan, names)]
    return Sheet("Leaving", {**_PERSON, "Gone from": 14, "To be suspended on": 20, "Source": 18}, rows)


def _height(row: Sequence[Cell], widths: Sequence[int]) -> float:
    """Return the height at which the fullest cell of a row shows whole; not every program works it out on opening.

    >>> _height(("a", 1, None), (10, 10, 10)), _height(("a", "two words that wrap"), (10, 10))
    (15.0, 30.0)
    """
    lines = 1
    for value, width in zip(row, widths, strict=False):
        if isinstance(value, str) and (len(value) > width or "\n" in value):
            lines = max(lines, sum(max(1, -(-len(part) // width)) for part in value.split("\n")))
    return 15.0 * min(lines, _MOST_LINES)


def _person(who: Identity) -> tuple[Cell, Cell, Cell]:
    named_by_address = "@" in who.name and not who.address
    return ("" if named_by_address else who.name, who.name if named_by_address else who.address, who.number)


def _place(origin: Origin | None) -> tuple[Cell, Cell, Cell]:
    return (origin.file, origin.sheet, origin.row) if origin else (None, None, None)


_CREATED = datetime(2000, 1, 1)  # noqa: DTZ001  a fixed day, so that equal plans give equal bytes; xlsx has no zones
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")
_LONGEST_CELL = 32_767
_MOST_LINES = 20
_BROKEN, _HOLDS = "Over the limit", "Holds"
_TINTED = "What"
_GUIDE = (
    "Read the sheet Changes: every row is one change, with the reason for it and the row of the roster that it comes "
    "from. The column Note is yours; the program does not read it back. To leave a change out, change the roster, a "
    "rule, an exception or 'protect' in the pipeline file, and plan again."
)

_SUMMARY_WIDTHS = (36, 70, 24, 18)
_PERSON = {"Name": 24, "Address": 32, "Id": 12}
_PLACE = {"File": 24, "Sheet": 12, "Row": 8}
_CHANGE_COLUMNS = {
    "Note": 24, **_PERSON, _TINTED: 20, "Field": 26, "Before": 20, "After": 32, "Why": 28, "Rules": 22, **_PLACE,
    "Mail": 20, "Change id": 20,
}  # fmt: skip

_FURTHER = {"Edition": 16, "Groups managed": 22, "Template": 22, "Directory group": 24}
"""Columns that stand after After in the plans that need them: a reviewer can filter by them."""

_LINE, _MUTED = "#E4E1DA", "#58626A"
_HEADING = {"bold": True, "bg_color": "#1D5C69", "font_color": "#FFFFFF", "text_wrap": True}
_CELL = {"text_wrap": True, "align": "left", "bottom": 1, "bottom_color": _LINE}
_GREEN = {"bg_color": "#E5F2EA", "font_color": "#176A40"}
_BLUE = {"bg_color": "#E8ECF2", "font_color": "#3D4F66"}
_AMBER = {"bg_color": "#FBF0D9", "font_color": "#7A4C00"}
_RED = {"bg_color": "#FBE8E5", "font_color": "#A3231D"}
_VERDICTS: Mapping[Cell, Mapping[str, str]] = {_BROKEN: _RED, _HOLDS: _GREEN}
_TINTS: Mapping[Action, Mapping[str, str]] = {
    Action.ADOPT: {},
    Action.CREATE_GROUP: _BLUE,
    Action.CREATE_DIRECTORY_GROUP: _BLUE,
    Action.REVOKE: _AMBER,
    Action.REMOVE_MEMBER: _AMBER,
    Action.REMOVE_DIRECTORY_MEMBER: _AMBER,
    Action.SUSPEND: _RED,
    Action.DELETE: _RED,
    Action.CREATE: _GREEN,
    Action.REACTIVATE: _GREEN,
    Action.UPDATE: _BLUE,
    Action.GRANT: _GREEN,
    Action.ADD_MEMBER: _BLUE,
    Action.ADD_DIRECTORY_MEMBER: _BLUE,
    Action.SET_ROLE: _AMBER,
}
