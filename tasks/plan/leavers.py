"""Draft what is due for people who are gone: adoption first where needed, grace, suspend, and much later delete.

Grace runs from the day after the stated last day of work, else from the first accepted run without the person
(docs/decisions/0005). Suspending takes everything, manual grants too, since at GoTo that is what suspended means.
"""

from datetime import date, timedelta
from typing import Any

from tasks.model.plan import Action, Cause, Leaving, WithheldReason
from tasks.plan.absence import absent_links
from tasks.plan.drafts import Drafts, Person
from tasks.plan.guards import kept_products
from tasks.plan.world import World, rows, text


def draft_leavers(world: World, drafts: Drafts) -> None:
    """Suspend those whose grace is over, note those within it, and withhold where a held row raises a doubt."""
    gone = world.people[~world.people["employed"] & world.people["account_key"].notna()]
    for row in rows(gone):
        if row.link_state == "active" or (row.source, row.key) in drafts.adopted:
            _leave(world, drafts, world.person(row), text(row.ended_on), text(row.link_leaving_since))
    full = [source.name for source in world.pipeline.sources if source.snapshot == "full"]
    for row in rows(absent_links(world.linked, world.people, full)):
        if row.link_state == "active":
            _leave(world, drafts, world.absent_person(row), None, text(row.link_leaving_since))


def draft_deletes(world: World, drafts: Drafts) -> None:
    """Delete those whom we suspended long enough ago, if the pipeline says so and they are still gone."""
    wait = world.pipeline.lifecycle.delete
    if wait == "never":
        return
    employed = world.people[world.people["employed"]]
    back = set(zip(employed["source"], employed["key"], strict=True))
    for row in rows(world.linked[world.linked["link_state"] == "suspended"]):
        suspended_on = text(row.link_suspended_on)
        if (row.link_source, row.link_external_id) in back or suspended_on is None:
            continue
        if date.fromisoformat(suspended_on) + wait <= world.as_of:
            _strip(world, drafts, world.absent_person(row), Action.DELETE)


def _leave(world: World, drafts: Drafts, person: Person, ended_on: str | None, leaving_since: str | None) -> None:
    if world.pipeline.lifecycle.leavers == "report":
        drafts.withhold(person, Action.SUSPEND, WithheldReason.REPORT_ONLY)
        return
    since = world.as_of
    if ended_on:
        since = date.fromisoformat(ended_on) + timedelta(days=1)
    elif leaving_since:
        since = date.fromisoformat(leaving_since)
    due = since + world.pipeline.lifecycle.grace
    if world.as_of < due and world.doubt.about(person.source, person.key) is None:
        drafts.leaving.append(
            Leaving(
                person.source, person.key, str(person.account_key), person.user_name, since.isoformat(), due.isoformat()
            )
        )
    else:
        _strip(world, drafts, person, Action.SUSPEND)


def _strip(world: World, drafts: Drafts, person: Person, action: Action) -> None:
    """Draft a suspend or a delete: both take every product and the role."""
    reason = world.doubt.about(person.source, person.key)
    if reason is not None:
        drafts.withhold(person, action, reason)
        return
    licences = world.holdings.of.get(str(person.account_key), ())
    products = world.holdings.products_under(licences)
    if kept_products(world.pipeline, person, world.as_of).intersection(products):
        drafts.withhold(person, action, WithheldReason.EXCEPTION)
        return
    before: dict[str, Any] = {"licences": list(licences), "products": products, "roles": list(person.roles)}
    nothing: dict[str, Any] = {"licences": [], "products": [], "roles": []}
    if drafts.add(person, action, Cause.LEAVER, before, nothing, needs=drafts.adoption_of(person)):
        for licence in licences:
            drafts.seats.free(licence)
