"""Who is to exchange a licence for another edition of its product, and what they lack before and after. Pure.

An edition that we gave is exchanged, never doubled: the wrong one goes in the plan that gives the right one, and where
one of the two cannot be, both wait. An edition that was given by hand is not ours to take; the right one comes beside
it (docs/decisions/0013).
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from tasks.model.plan import Action, WithheldReason
from tasks.plan.drafts import Drafts
from tasks.plan.entitlements import Holdings
from tasks.plan.seats import Wishes
from tasks.plan.staying import Staying
from tasks.plan.surplus import why_kept
from tasks.plan.world import World, rows


@dataclass(frozen=True)
class Exchange:
    """What one person would give up, ``gives_up``, and lack: ``missing`` while they have it, ``missing_then`` without.

    ``has`` are the products of what they would give up.
    """

    gives_up: tuple[str, ...]
    missing: tuple[str, ...]
    missing_then: tuple[str, ...]
    has: frozenset[str]


def weigh_exchanges(world: World, drafts: Drafts, staying: Staying) -> dict[int, Exchange]:
    """Return, by index, the people who hold a wrong edition that is ours to take.

    What must stay for now is withheld here, with the edition that waits for it.
    """
    people = staying.people[staying.people["account_key"].isin(staying.wrong["account_key"])]
    wrong: dict[str, list[str]] = {}
    for pair in rows(staying.wrong.sort_values(["account_key", "licence_key"])):
        wrong.setdefault(pair.account_key, []).append(pair.licence_key)
    return {row.Index: _weigh(world, drafts, staying, row, wrong[row.account_key]) for row in rows(people)}


def _weigh(world: World, drafts: Drafts, staying: Staying, row: Any, wrong: list[str]) -> Exchange:
    person, at = world.person(row), row.Index
    wishes, holdings = staying.wishes_of(at), world.holdings
    held = {licence for licence in holdings.of(person.account_key) if licence in drafts.seats.products}
    gives_up, waiting = [], set()
    for licence in wrong:
        reason = why_kept(world, drafts, staying, row, person, licence)
        if reason is None:
            gives_up.append(licence)
            continue
        waits = _lacking(wishes, held, holdings).intersection(holdings.products_of[licence])
        _withhold(world, drafts, staying, row, reason, licence, waits)
        waiting |= waits
    has = {product for licence in gives_up for product in holdings.products_of[licence]}
    missing = _lacking(wishes, held, holdings) - waiting
    missing_then = _lacking(wishes, held.difference(gives_up), holdings) - waiting
    return Exchange(tuple(gives_up), tuple(sorted(missing)), tuple(sorted(missing_then)), frozenset(has))


def _lacking(wishes: Wishes, licences: Collection[str], holdings: Holdings) -> set[str]:
    """Return the products of *wishes* that none of *licences* gives in the edition that is wanted."""
    return {
        code
        for code, edition in wishes.items()
        if not any(
            code in holdings.products_of[licence] and (edition is None or edition in holdings.editions_of[licence])
            for licence in licences
        )
    }


def _withhold(
    world: World, drafts: Drafts, staying: Staying, row: Any, reason: WithheldReason, licence: str, waits: set[str]
) -> None:
    person = world.person(row)
    drafts.withhold(person, Action.REVOKE, reason, ", ".join(world.holdings.products_under((licence,))))
    for product in sorted(waits):
        drafts.withhold(person, Action.GRANT, reason, staying.label_of(row.Index, product))
