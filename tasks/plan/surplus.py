"""Draft what is taken from people who stay: licences that are ours to take, of which nothing is desired any more."""

from collections.abc import Sequence
from typing import Any

from tasks.model.plan import Action, WithheldReason
from tasks.plan.drafts import Drafts, Person
from tasks.plan.entitlements import surplus_licences
from tasks.plan.guards import kept_products
from tasks.plan.staying import Staying
from tasks.plan.world import World, only, rows


def draft_surplus(world: World, drafts: Drafts, staying: Staying) -> None:
    """Take surplus licences away, or say why not. Their seats are free for others in the same plan."""
    people = staying.people
    surplus = surplus_licences(
        staying.desired, people["account_key"], staying.takeable, staying.wrong, world.holdings
    ).sort_values(["account_key", "licence_key"])
    concerned = only(people, people["account_key"].isin(surplus["account_key"]))
    by_account = {row.account_key: row for row in rows(concerned)}
    for pair in rows(surplus):
        row = by_account[pair.account_key]
        person = world.person(row)
        reason = why_kept(world, drafts, staying, row, person, pair.licence_key)
        if reason is not None:
            products = world.holdings.products_under((pair.licence_key,))
            drafts.withhold(person, Action.REVOKE, reason, ", ".join(products))
        elif draft_revoke(world, drafts, row, person, pair.licence_key):
            drafts.seats.free(pair.licence_key)


def why_kept(
    world: World, drafts: Drafts, staying: Staying, row: Any, person: Person, licence: str
) -> WithheldReason | None:
    """Return why a licence that is ours to take, and not desired, stays with this person for now; None if it goes."""
    products = world.holdings.products_under((licence,))
    if kept_products(world.pipeline, person, world.as_of).intersection(products):
        return WithheldReason.EXCEPTION
    if drafts.adoption_of(person):
        return WithheldReason.JUST_ADOPTED
    if row.Index in staying.blank:
        return WithheldReason.BLANK
    return None


def draft_revoke(
    world: World,
    drafts: Drafts,
    row: Any,
    person: Person,
    licence: str,
    *,
    rules: Sequence[str] = (),
    needs: Sequence[str] = (),
) -> str | None:
    """Draft that one licence is taken away and return the change's id; None where the person is protected."""
    return drafts.add(
        person,
        Action.REVOKE,
        world.cause(row, person),
        {"licence": licence, "products": world.holdings.products_under((licence,))},
        {"licence": None},
        rules=rules,
        needs=needs,
        mail=drafts.notice("product-change"),
    )
