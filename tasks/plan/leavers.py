"""Draft what is due for people who are gone: grace, then suspend. Nobody goes without a word.

Grace runs from the day after the stated last day of work, else from the first accepted run without the person
(docs/decisions/0005). Suspending takes everything, manual grants too, since at GoTo that is what suspended means.
"""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd

from tasks.model.errors import RejectedSource
from tasks.model.plan import SMALLEST_BASE, Action, Cause, Leaving, WithheldReason
from tasks.plan.absence import absent_links
from tasks.plan.drafts import Drafts, Person
from tasks.plan.guards import kept_products
from tasks.plan.world import World, names, only, rows, text

COLLAPSED = 0.5
"""A full snapshot in which more than this part of the linked people is missing is no snapshot."""
FEWEST_OF_NOBODY = 3
"""Among fewer than ``SMALLEST_BASE`` linked people most may leave at once; that nobody of this many is left is no news
of leavers: their ids, or addresses where there are no ids, have changed."""


def draft_leavers(world: World, drafts: Drafts) -> None:
    """Suspend those whose grace is over, note those within it, and say why for everybody else who is gone.

    Raises ``RejectedSource`` if most of the linked people are missing from a full snapshot, of few all of them.
    """
    full = world.pipeline.full_namespaces
    absent = absent_links(world.linked, world.people, full)
    _require_whole_snapshots(world, absent)
    for row in rows(_with_business_left(world, only(world.people, ~world.people["employed"]))):
        _gone(world, drafts, row)
    for row in rows(_with_business_left(world, absent)):
        _leave(world, drafts, world.absent_person(row), row, None)
    _unspoken(world, drafts, full)


def _with_business_left(world: World, gone: pd.DataFrame) -> pd.DataFrame:
    """Leave aside the many who left long ago: without an account, or suspended and holding nothing."""
    if gone.empty:
        return gone
    suspended = gone["link_state"] == "suspended"
    empty = ~gone["account_key"].isin(world.holders) & ~gone["current_roles"].map(lambda value: len(names(value)) > 0)
    nobody = gone["account_key"].isna()
    if "match" in gone:
        nobody &= ~gone["match"].isin(["ambiguous", "stranger"])
    return gone[~nobody & ~(suspended & empty.astype(bool))]


def _require_whole_snapshots(world: World, absent: pd.DataFrame) -> None:
    active = world.linked[world.linked["link_state"] == "active"]
    missing = absent[absent["link_state"] == "active"]
    for source, linked in active.groupby("link_source"):
        lost = missing.loc[missing["link_source"] == source, "link_external_id"]
        gone = sum((source, key) not in world.doubt.held for key in lost)  # a held row is no lack
        nobody = gone == len(linked) >= FEWEST_OF_NOBODY
        if nobody or (len(linked) >= SMALLEST_BASE and gone > COLLAPSED * len(linked)):
            raise RejectedSource(
                f"Source '{source}' lacks {gone} of the {len(linked)} people who are linked to it.",
                remedy="The export is not complete, or its ids have changed. Send a whole one; if people really have "
                "left, or ids have changed, say so in several smaller steps.",
                source=source,
            )


def _gone(world: World, drafts: Drafts, row: Any) -> None:
    """See to a person whose row says that they have left."""
    person = world.person(row)
    if row.match == "ambiguous":
        drafts.withhold(person, Action.SUSPEND, WithheldReason.AMBIGUOUS)
    elif row.match == "stranger":
        drafts.withhold(person, Action.SUSPEND, WithheldReason.IDENTITY)
    elif person.account_key is None:
        return
    elif text(row.link_state) is not None:
        _leave(world, drafts, person, row, text(row.end_date))
    elif (person.source, person.key) in drafts.adopted:
        drafts.withhold(person, Action.SUSPEND, WithheldReason.JUST_ADOPTED)
    elif world.pipeline.adopt == "none" and (person.account_key in world.holders or person.roles):
        drafts.withhold(person, Action.ADOPT, WithheldReason.NOT_ADOPTED)


def _unspoken(world: World, drafts: Drafts, full: list[str]) -> None:
    """See to linked people of whom today's files say nothing, because a source is a delta, or is gone."""
    known = world.pipeline.namespaces
    present = set(zip(world.people["source"], world.people["key"], strict=True))
    for row in rows(only(world.linked, ~world.linked["link_source"].isin(full))):
        key = (row.link_source, row.link_external_id)
        if row.link_source not in known:
            if row.link_state == "active":
                drafts.withhold(world.absent_person(row), Action.SUSPEND, WithheldReason.NO_SOURCE)
        elif key not in present and text(row.link_leaving_since):
            _leave(world, drafts, world.absent_person(row), row, None)
    # A delta says but once when somebody's last day is: it is remembered from now on.
    ends = world.people["employed"] & world.people["end_date"].notna() & (world.people["link_state"] == "active")
    for row in rows(only(world.people, ends & ~world.people["source"].isin(full))):
        gone_from = _day_after(row.end_date)
        if gone_from is not None:
            _note(world, drafts, world.person(row), gone_from)


def _leave(world: World, drafts: Drafts, person: Person, row: Any, end_date: str | None) -> None:
    if world.pipeline.lifecycle.leavers == "report":
        drafts.withhold(person, Action.SUSPEND, WithheldReason.REPORT_ONLY)
        return
    if row.link_state == "suspended":
        if row.account_key in world.holders or person.roles:  # given back by hand since
            strip(world, drafts, person, Action.SUSPEND, Cause.DRIFT)
        return
    leaving_since = text(row.link_leaving_since)
    since = _day_after(end_date) if end_date else None
    if since is None:
        since = date.fromisoformat(leaving_since) if leaving_since else world.as_of
    in_grace = world.as_of < _later(since, world.pipeline.lifecycle.grace) or world.as_of < since
    if in_grace and world.doubt.about(person.source, person.key, absent=person.absent) is None:
        _note(world, drafts, person, since)
    else:
        strip(world, drafts, person, Action.SUSPEND, Cause.LEAVER)


def _note(world: World, drafts: Drafts, person: Person, since: date) -> None:
    due = _later(since, world.pipeline.lifecycle.grace)
    drafts.leaving.append(
        Leaving(
            person.source, person.key, str(person.account_key), person.user_name, since.isoformat(), due.isoformat()
        )
    )


def _day_after(end_date: str) -> date | None:
    """Return the first day after a last day of work; None for one of the year 9999, which systems write for no end."""
    day = date.fromisoformat(end_date)
    return None if day.year == date.max.year else day + timedelta(days=1)


def _later(day: date, wait: timedelta) -> date:
    """Return the day that comes so much later, or the last one that there is."""
    return day + wait if wait <= date.max - day else date.max


def strip(
    world: World, drafts: Drafts, person: Person, action: Action, cause: Cause, webinars: Sequence[str] = ()
) -> None:
    """Draft a suspend or a delete: both take every product and the role, a delete the *webinars* too."""
    reason = world.doubt.about(person.source, person.key, absent=person.absent)
    if reason is not None:
        drafts.withhold(person, action, reason)
        return
    licences = world.holdings.of(person.account_key)
    products = world.holdings.products_under(licences)
    if kept_products(world.pipeline, person, world.as_of).intersection(products):
        _strip_but_kept(world, drafts, person, licences)
        return
    before: dict[str, Any] = {"licences": list(licences), "products": products, "roles": list(person.roles)}
    if webinars:
        before["webinars"] = list(webinars)
    nothing: dict[str, Any] = {"licences": [], "products": [], "roles": []}
    if drafts.add(person, action, cause, before, nothing):
        for licence in licences:
            drafts.seats.free(licence)


def _strip_but_kept(world: World, drafts: Drafts, person: Person, licences: tuple[str, ...]) -> None:
    """Take everything but the licences that an exception keeps; the suspend itself waits until that ends."""
    kept = kept_products(world.pipeline, person, world.as_of)
    drafts.withhold(person, Action.SUSPEND, WithheldReason.EXCEPTION, ", ".join(sorted(kept)))
    for licence in licences:
        products = world.holdings.products_under((licence,))
        taken = {"licence": licence, "products": products}
        if not kept.intersection(products) and drafts.add(
            person, Action.REVOKE, Cause.LEAVER, taken, {"licence": None}, mail=drafts.notice("product-change")
        ):
            drafts.seats.free(licence)
    if person.roles:
        held, none = {"roles": sorted(person.roles)}, dict[str, list[str]](roles=[], ours=[])
        drafts.add(person, Action.SET_ROLE, Cause.LEAVER, held, none, mail=drafts.notice("role-change"))
