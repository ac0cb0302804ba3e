"""The page of a run: one HTML file that opens offline, for people who never open a terminal."""

import base64
import hashlib
import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib import resources
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from tasks.model.operations import GOOD, Outcome, OutcomeStatus
from tasks.model.plan import MAKES_A_GROUP, Cause, Change, LimitReading, Plan
from tasks.model.rosters import CRITICAL, WARNING, Verdict
from tasks.model.sent import NOTHING, NOTHING_IN_SHORT
from tasks.report import words
from tasks.report.facts import NOTHING_FURTHER, RosterFacts, RunFacts, RunState
from tasks.report.listings import group_withheld, list_findings, list_leaving, list_withheld
from tasks.report.names import Aliases, FullNames, Identity, Names
from tasks.report.people import Section, gather, is_moving
from tasks.report.phrases import Phrase
from tasks.report.sieve import without_addresses
from tasks.report.summary import summarise

if TYPE_CHECKING:
    from jinja2 import Template

SECTION_PEOPLE = 2_000
"""How many people of one section stand on the page (the workbook has all): the largest page stays under 5 MB."""
CHUNK_PEOPLE = 50
TABLE_ROWS = 500
ALIKE_ROWS = 4
"""From so many on, people from whom the same thing is withheld share one row of the table."""
LONG_HEADLINE = 120

Tone = Literal["good", "warn", "bad", "calm"]
T = TypeVar("T")
_Told = tuple[Identity, str, Sequence[Change]]
"""Who it is, the row that they come from, and what is done."""


@dataclass(frozen=True)
class Line:
    """One change on the page. *status* is empty in a run that sent nothing at all."""

    phrases: tuple[Phrase, ...]
    why: tuple[str, ...]
    status: str = ""
    tone: Tone = "calm"
    detail: str = ""


@dataclass(frozen=True)
class Entry:
    """One person, or one group of the target, with what happened to them."""

    person: Identity
    origin: str
    lines: tuple[Line, ...]

    @property
    def layout(self) -> str:
        """``plain`` where nothing was sent, ``alike`` where one verdict speaks for all lines, else ``apart``."""
        return "plain" if not self.lines[0].status else "alike" if self.verdict else "apart"

    @property
    def verdict(self) -> str:
        """What to say once for all lines, if everything went well and alike."""
        status, *others = sorted({line.status for line in self.lines})
        if others or self.lines[0].tone != "good":
            return ""
        return status if len(self.lines) == 1 else f"All {status[:1].lower()}{status[1:]}"


@dataclass(frozen=True)
class Chunk:
    """Entries that open and close together."""

    label: str
    entries: tuple[Entry, ...]
    open: bool


@dataclass(frozen=True)
class Block:
    """One section of people; *hidden* of them are in the workbook alone."""

    id: str
    title: str
    intro: str
    total: int
    chunks: tuple[Chunk, ...]
    hidden: int


@dataclass(frozen=True)
class Bar:
    """A limit as a bar: *fill*, and *mark* where the limit is, in percent of its length."""

    name: str
    reading: str
    bounds: str
    broken: bool
    fill: float
    mark: float


@dataclass(frozen=True)
class Listing(Generic[T]):
    """The rows of a table, cut where there are too many for a page."""

    total: int
    rows: tuple[T, ...]

    @property
    def hidden(self) -> int:
        return self.total - len(self.rows)


def render_html(
    facts: RunFacts,
    plan: Plan | None,
    limits: Iterable[LimitReading],
    outcomes: Mapping[str, Outcome],
    verdicts: Mapping[str, Verdict],
    rosters: RosterFacts = NOTHING_FURTHER,
    *,
    redacted: bool = False,
    summary: Mapping[str, Any] | None = None,
) -> str:
    """Return the page of a run. *redacted*, it has no name, address, id or cell: rows, codes and counts stay.

    *summary* is what ``summarise`` gives for these very facts, where the caller has it already.
    """
    readings = list(limits)
    if summary is None:
        summary = summarise(facts, plan, readings, outcomes, verdicts, rosters.comparisons, rosters.skipped)
    people = verdicts if rosters.people is None else rosters.people
    names: Names = Aliases(plan, people) if redacted else FullNames(plan, people)
    style, script = _asset("report.css"), _asset("report.js")
    withheld = _cut(list_withheld(plan, names))
    page = _template().render(
        facts=facts,
        plan=plan,
        begun=(begun := plan is not None and facts.due(plan, outcomes) is not plan),
        everybody="plan.jsonl" if begun else "review.xlsx",
        tried=bool(outcomes),
        rejects=words.listed(rosters.rejects),
        redacted=redacted,
        summary=summary,
        long=len(summary["headline"]) > LONG_HEADLINE,
        sources={ref.name: ref for ref in plan.header.sources} if plan else {},
        badge=_badge(facts),
        tone=_TONES[facts.state],
        bars=_bars(readings),
        blocks=_blocks(plan, outcomes, names),
        failures=_failures(plan, outcomes, names),
        movers=_movers(plan, outcomes, names),
        held=_cut(list_findings(verdicts, CRITICAL, names, rosters.populations)),
        warnings=_cut(list_findings(verdicts, WARNING, names, rosters.populations)),
        wholes=[one for one in rosters.comparisons if one.baseline or one.readings],
        withheld=withheld,
        withheld_groups=group_withheld(withheld.rows),
        leaving=_cut(list_leaving(plan, names)),
        names=names,
        style=style,
        script=script,
        policy=_policy(style, script),
    )
    return without_addresses(page) if redacted else page


def _badge(facts: RunFacts) -> str:
    said = words.STATES[facts.state]
    return f"{said}, {NOTHING_IN_SHORT}" if facts.state == "blocked" and facts.sent == NOTHING else said


def _blocks(plan: Plan | None, outcomes: Mapping[str, Outcome], names: Names) -> list[Block]:
    """Return the sections of people that are not empty, in reading order, and the groups to be created."""
    if plan is None:
        return []
    sections: dict[Section, list[_Told]] = {section: [] for section in Section}
    for person in gather(plan.changes):
        sections[person.section].append(_told(names.of(person.changes[0]), person.changes))
    blocks = [
        _block(section.value, *_SECTIONS[section], sections[section], outcomes, names, _UNSAID[section])
        for section in Section
        if sections[section]
    ]
    groups = [_told(Identity(names.group(c)), [c]) for c in plan.changes if c.action in MAKES_A_GROUP]
    if groups:
        intro = "Groups that the rules or the roster ask for."
        blocks.append(_block("groups", "Groups", intro, groups, outcomes, names))
    return blocks


def _told(person: Identity, changes: Sequence[Change]) -> _Told:
    return person, next((words.place(change.origin) for change in changes if change.origin), ""), changes


def _block(
    name: str,
    title: str,
    intro: str,
    told: Iterable[_Told],
    outcomes: Mapping[str, Outcome],
    names: Names,
    unsaid: Collection[Cause] = (),
) -> Block:
    """Return a section. *unsaid* are the causes that its heading has said."""
    ordered = sorted(told, key=lambda one: (one[0].name.casefold(), one[0].number, one[1]))
    shown = [
        Entry(person, origin, tuple(_line(change, outcomes, names, unsaid) for change in changes))
        for person, origin, changes in ordered[:SECTION_PEOPLE]
    ]
    parts = [tuple(shown[start : start + CHUNK_PEOPLE]) for start in range(0, len(shown), CHUNK_PEOPLE)]
    chunks = tuple(
        Chunk(f"{part[0].person.name} to {part[-1].person.name}", part, open=number == 0 and name != "recognised")
        for number, part in enumerate(parts)
    )
    return Block(name, title, intro, len(ordered), chunks, len(ordered) - len(shown))


def _line(change: Change, outcomes: Mapping[str, Outcome], names: Names, unsaid: Collection[Cause] = ()) -> Line:
    outcome = outcomes.get(change.change_id)
    cause = "" if change.cause in unsaid else words.CAUSES[change.cause]
    rules = f"rule {words.listed([f'“{rule}”' for rule in change.rules])}" if change.rules else ""
    kinds = (words.TRANSFER,) if is_moving(change, outcomes) else change.mail
    mails = f"mail: {words.listed([words.mail(kind) for kind in kinds])}" if kinds else ""
    why = tuple(filter(None, (cause, rules, mails)))
    said = names.phrases(change, done=outcome is not None and outcome.status in GOOD)
    if not outcomes:
        return Line(said, why)
    status = outcome.status if outcome else None
    facts = (outcome.reason, outcome.code, outcome.incident) if outcome else ()
    return Line(said, why, words.OUTCOMES[status], _outcome_tone(status), " · ".join(filter(None, facts)))


def _failures(plan: Plan | None, outcomes: Mapping[str, Outcome], names: Names) -> Listing[tuple[Identity, Line]]:
    """Return the changes that were tried, or should have been, and are not done."""
    changes = plan.changes if plan and outcomes else ()
    found = []
    for change in changes:
        outcome = outcomes.get(change.change_id)
        status = outcome.status if outcome else None
        if status not in GOOD:
            who = _subject(change, names)
            place = (_TONE_ORDER[_outcome_tone(status)], words.OUTCOMES[status], who.name.casefold())
            found.append((place, who, change))
    first = sorted(found, key=itemgetter(0))[:TABLE_ROWS]
    return Listing(len(found), tuple((who, _line(change, outcomes, names)) for _, who, change in first))


def _movers(plan: Plan | None, outcomes: Mapping[str, Outcome], names: Names) -> tuple[Identity, ...]:
    """Return those who were asked by the plan to move here from another account, by name, as far as they fit."""
    asked = [names.of(change) for change in (plan.changes if plan else ()) if is_moving(change, outcomes)]
    return _cut(sorted(asked, key=lambda person: (person.name.casefold(), person.number))).rows


def _subject(change: Change, names: Names) -> Identity:
    return Identity("") if change.action in MAKES_A_GROUP else names.of(change)


def _bars(readings: Iterable[LimitReading]) -> list[Bar]:
    """Return the limits that are set as bars, the broken ones first."""
    bounded = [r for r in readings if r.max_count is not None or r.max_share is not None]
    return [_bar(reading) for reading in sorted(bounded, key=lambda r: (not r.broken, words.limit(r)))]


def _bar(reading: LimitReading) -> Bar:
    used = max(_use(reading.count, reading.max_count), _use(reading.share, reading.max_share))
    fill, mark = round(100 * min(used, 1), 1), round(100 / max(used, 1), 1)
    return Bar(words.limit(reading), words.usage(reading), words.bounds(reading), reading.broken, fill, mark)


def _use(value: float, bound: float | None) -> float:
    """Return how much of a bound is used: 1 is all of it."""
    if bound is None or value == 0:
        return 0.0
    return value / bound if bound else math.inf


def _cut(rows: Sequence[T]) -> Listing[T]:
    return Listing(len(rows), tuple(rows[:TABLE_ROWS]))


def _outcome_tone(status: OutcomeStatus | None) -> Tone:
    if status in GOOD:
        return "good"
    return "bad" if status in (OutcomeStatus.FAILED, OutcomeStatus.NO_SEAT) else "warn"


def _day(text: str, zone: str = "") -> str:
    """Return an ISO date or time for reading, with the name of its time *zone* where that is known.

    >>> _day("2026-03-31"), _day("2026-03-31T02:00:09.5+02:00"), _day("soon")
    ('31 March 2026', '31 March 2026, 02:00 UTC+02:00', 'soon')
    >>> _day("2026-03-31T02:00:09.5+02:00", "Europe/Paris")
    '31 March 2026, 02:00 (Europe/Paris)'
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    day = f"{moment.day} {_MONTHS[moment.month - 1]} {moment.year}"
    if len(text) == len(date.min.isoformat()):
        return day
    return f"{day}, {moment:%H:%M} {f'({zone})' if zone else moment.tzinfo or ''}".rstrip()


@cache
def _template() -> "Template":
    """Return the template of the page, compiled once a process: that takes longer than a small page does."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # only pages need it

    environment = Environment(
        autoescape=True, loader=FunctionLoader(_asset), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(
        day=_day, place=words.place, mail=words.mail, grouped=lambda number: f"{number:,}", counted=words.count
    )
    environment.globals.update(
        forecast=words.forecast, moving=words.moving, shortage=words.shortage, alike=ALIKE_ROWS, left_out=words.left_out
    )
    return environment.get_template("report.html.j2")


def _asset(name: str) -> str:
    return resources.files("tasks.report").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    """Return a content policy under which the page can load nothing and run nothing but its own two inline parts."""
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (style, script)]
    return (
        f"default-src 'none'; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip

_TONES: Mapping[RunState, Tone] = {
    "done": "good", "nothing_to_do": "good", "pending": "calm", "partial": "warn", "blocked": "bad", "failed": "bad",
    "cut_off": "warn",
}  # fmt: skip
_TONE_ORDER: Mapping[Tone, int] = {"bad": 0, "warn": 1, "calm": 2, "good": 3}

_UNSAID: Mapping[Section, Collection[Cause]] = {
    Section.JOINERS: {Cause.JOINER},
    Section.MOVERS: {Cause.MOVER},
    Section.LEAVERS: {Cause.LEAVER},
    Section.OTHERS: (),
    Section.RECOGNISED: set(Cause),
}
_SECTIONS: Mapping[Section, tuple[str, str]] = {
    Section.JOINERS: ("Joiners", "New in the roster, or back in it."),
    Section.MOVERS: ("Movers", "Their row in the roster changed."),
    Section.LEAVERS: ("Leavers", "Gone from the roster, or past the last day of work."),
    Section.OTHERS: ("Others", "Accounts that differed from the roster, or whose rules changed."),
    Section.RECOGNISED: (
        "Recognised",
        "Accounts that were there already: recorded, to be looked after from then on. Nothing is sent.",
    ),
}
