"""A plan's changes gathered per person, and people counted by what became of them. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from tasks.model.operations import GOOD, Outcome, OutcomeStatus
from tasks.model.plan import MAKES_A_GROUP, Action, Cause, Change, sort_changes


class Section(StrEnum):
    """The part of a report where a person stands."""

    JOINERS = "joiners"
    MOVERS = "movers"
    LEAVERS = "leavers"
    OTHERS = "others"
    RECOGNISED = "recognised"  # nothing but an account taken over as theirs


class Fate(StrEnum):
    """What happens to a person on the whole: the first of these that holds."""

    DELETED = "deleted"
    SUSPENDED = "suspended"
    MOVING = "moving"  # made here, and asked to move from another account first
    GIVEN_ACCESS = "given_access"
    UPDATED = "updated"
    RECOGNISED = "recognised"


@dataclass(frozen=True)
class Person:
    """One person's changes, in the order in which they are applied."""

    section: Section
    changes: tuple[Change, ...]


def gather(changes: Iterable[Change]) -> list[Person]:
    """Return one ``Person`` per worker or account that *changes* touch; creating a group touches nobody."""
    return [Person(_section(mine), tuple(mine)) for _, mine in sorted(_by_person(sort_changes(changes)).items())]


def count_fates(changes: Iterable[Change], outcomes: Mapping[str, Outcome] | None = None) -> Counter[Fate]:
    """Count people by what *changes* come to for each of them, as far as *outcomes* tell; one person counts once."""
    return Counter(fate(mine, outcomes or {}) for mine in _by_person(changes).values())


def done(changes: Iterable[Change], outcomes: Mapping[str, Outcome]) -> list[Change]:
    """Return the changes that have been made, or were found made."""
    return [c for c in changes if c.change_id in outcomes and outcomes[c.change_id].status in GOOD]


def is_moving(change: Change, outcomes: Mapping[str, Outcome]) -> bool:
    """Whether the person of a change is asked to move here from another account, and has no access before that."""
    outcome = outcomes.get(change.change_id)
    return outcome is not None and outcome.status == OutcomeStatus.PENDING_TRANSFER


def fate(changes: Iterable[Change], outcomes: Mapping[str, Outcome]) -> Fate:
    """Return what *changes*, all of one person and not none, come to."""
    mine = tuple(changes)
    actions = {change.action for change in mine}
    if Action.DELETE in actions:
        return Fate.DELETED
    if Action.SUSPEND in actions:
        return Fate.SUSPENDED
    if any(is_moving(change, outcomes) for change in mine):
        return Fate.MOVING
    first_product = any(c.action is Action.GRANT and c.cause is Cause.JOINER for c in mine)
    if first_product or actions & {Action.CREATE, Action.REACTIVATE}:
        return Fate.GIVEN_ACCESS
    return Fate.RECOGNISED if actions == {Action.ADOPT} else Fate.UPDATED


def _by_person(changes: Iterable[Change]) -> dict[tuple[str, str], list[Change]]:
    found: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for change in changes:
        if change.action not in MAKES_A_GROUP:
            found[_whose(change)].append(change)
    return found


def _section(changes: Iterable[Change]) -> Section:
    mine = tuple(changes)
    if all(change.action is Action.ADOPT for change in mine):
        return Section.RECOGNISED
    causes = {change.cause for change in mine}
    for cause, section in _SECTIONS:
        if cause in causes:
            return section
    return Section.OTHERS


def _whose(change: Change) -> tuple[str, str]:
    return (change.source or "", change.external_id or change.account_key or change.user_name or "")


_SECTIONS = ((Cause.LEAVER, Section.LEAVERS), (Cause.JOINER, Section.JOINERS), (Cause.MOVER, Section.MOVERS))
