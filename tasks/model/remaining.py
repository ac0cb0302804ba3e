"""What is left to do of a plan of which a part has been carried out. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

from tasks.model.operations import GOOD, Outcome, is_final
from tasks.model.plan import Action, Change, Plan

UNTOLD = "unknown"
"""The place of a locale in ``mails`` where a plan does not tell it: the account has one that the plan leaves as is."""


def remaining(plan: Plan, outcomes: Mapping[str, Outcome]) -> Plan:
    """Return a plan with those of its changes that are still to be made; it keeps the hash of the whole.

    Left out are the changes that *outcomes* end for good, and those that need one which was not made. A change with a
    call of which it is not known whether it was done is still to be made: it is looked up first. The mails are those
    of the changes that are left, with ``UNTOLD`` for languages that the plan does not tell.
    """
    left = tuple(_left(plan.changes, outcomes))
    if len(left) == len(plan.changes):
        return plan
    rest = replace(plan, changes=left, header=replace(plan.header, mails=_mails(plan, left)))
    vars(rest)["hash"] = plan.hash
    return rest


def _left(changes: Sequence[Change], outcomes: Mapping[str, Outcome]) -> Iterator[Change]:
    ended = {key: outcome.status in GOOD for key, outcome in outcomes.items() if is_final(outcome)}
    known = {change.change_id: change for change in changes}

    @cache
    def is_hopeless(change_id: str) -> bool:
        if change_id in ended:
            return not ended[change_id]
        return change_id in known and any(map(is_hopeless, known[change_id].needs))

    for change in changes:
        if change.change_id not in ended and not is_hopeless(change.change_id):
            yield change


def _mails(plan: Plan, left: Iterable[Change]) -> dict[str, dict[str, int]]:
    """Count those who are still to be written to, by kind and locale."""
    before, now = _written_to(plan.changes), _written_to(left)
    made = {change.subject for change in plan.changes if change.action == Action.CREATE}
    planned = {c.subject: str(c.after["locale"] or "") for c in plan.changes if "locale" in c.after}

    def locale(subject: tuple[str, str]) -> str:
        return planned.get(subject, "" if subject in made else UNTOLD)

    return {
        kind: dict(plan.header.mails[kind])
        if people == before[kind] and kind in plan.header.mails
        else dict(sorted(Counter(map(locale, people)).items()))
        for kind, people in sorted(now.items())
    }


def _written_to(changes: Iterable[Change]) -> dict[str, set[tuple[str, str]]]:
    found: dict[str, set[tuple[str, str]]] = defaultdict(set)
    for change in changes:
        for kind in change.mail:
            found[kind].add(change.subject)
    return found
