"""Exchanges: the old licence of a person goes, and a new one comes. Pure.

The old one goes first, as its seat may be wanted (docs/decisions/0013). So before it goes it is looked whether the new
one has a seat, and where the new one is refused all the same, the old one is given back (docs/decisions/0040).
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass

from tasks.model.plan import Action, Change

Tells = Callable[[str], bool]
"""Tells something of a change, by its id."""


@dataclass(frozen=True)
class Exchange:
    """What one person gives up, and what they get for it."""

    gives_up: tuple[Change, ...]
    gets: tuple[Change, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        return (*self.gives_up, *self.gets)


def exchanges_of(changes: Iterable[Change]) -> dict[str, Exchange]:
    """Return the exchanges of a plan, each under the ids of all its changes."""
    changes = list(changes)
    revokes = {one.change_id: one for one in changes if one.action == Action.REVOKE}
    gets: dict[tuple[str, str], list[Change]] = defaultdict(list)
    for one in changes:
        if one.action == Action.GRANT and not revokes.keys().isdisjoint(one.needs):
            gets[one.subject].append(one)
    found: dict[str, Exchange] = {}
    for grants in gets.values():
        needed = dict.fromkeys(need for grant in grants for need in grant.needs if need in revokes)
        exchange = Exchange(tuple(revokes[need] for need in needed), tuple(grants))
        found.update({one.change_id: exchange for one in exchange.changes})
    return found


def seats_to_come(
    changes: Iterable[Change],
    exchanges: Mapping[str, Exchange],
    begun: Collection[str],
    is_settled: Tells,
    is_good: Tells,
) -> Counter[str]:
    """Return by licence how many seats the rest of a plan frees, less those that it takes.

    An exchange frees its old seats, but takes new ones only once it is *begun* (ids of its changes).
    """
    seats: Counter[str] = Counter()
    for change in changes:
        if is_settled(change.change_id):
            continue
        match change.action:
            case Action.REVOKE:
                seats[change.before["licence"]] += 1
            case Action.SUSPEND | Action.DELETE:
                seats.update(change.before["licences"])
            case Action.GRANT:
                lost = any(is_settled(need) and not is_good(need) for need in change.needs)
                waits = change.change_id in exchanges and change.change_id not in begun
                seats[change.after["licence"]] -= not (lost or waits)
    return seats
