"""Draft what is due, much later, for people who were suspended: delete, unless their webinars would go with them.

Deleting loses scheduled webinars that nobody else of the account organises too (GoTo reference 9.4). Whoever goes as
well, or has gone already, keeps nothing: of two organisers who leave together, the first would hand over to the second.
"""

from collections.abc import Container
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pandas as pd

from tasks.model.pipeline import Lifecycle
from tasks.model.plan import Action, Cause, WithheldReason
from tasks.model.state import TargetState
from tasks.plan.drafts import Drafts, Person
from tasks.plan.leavers import strip
from tasks.plan.world import World, names, rows, text

PARTING = (Action.SUSPEND, Action.DELETE)
NAMED_WEBINARS = 5
"""How many of the webinars that keep somebody from being deleted are named: recurring ones would fill a page."""


def due_for_deletion(links: pd.DataFrame, state: TargetState, lifecycle: Lifecycle, as_of: date) -> list[str]:
    """Return the accounts that LINKS say were suspended long enough ago to be deleted, and that hold nothing: sorted.

    Whether the person is gone still is not looked at: that is in no link.
    """
    wait = lifecycle.delete
    if wait == "never":
        return []
    suspended = links[(links["state"] == "suspended") & links["suspended_on"].notna()]
    empty = suspended["account_key"].isin(state.accounts["account_key"])
    empty &= ~suspended["account_key"].isin(state.grants["account_key"])
    in_charge = state.accounts.loc[[len(names(roles)) > 0 for roles in state.accounts["roles"]], "account_key"]
    empty &= ~suspended["account_key"].isin(in_charge)
    waited = [as_of - date.fromisoformat(day) >= wait for day in suspended["suspended_on"]]
    due = pd.Series(waited, index=suspended.index, dtype=bool)
    return sorted(suspended.loc[empty & due, "account_key"])


def draft_deletes(world: World, drafts: Drafts) -> None:
    """Delete those whom we suspended long enough ago, if the pipeline says so, and they are gone and hold nothing.

    Who has webinars that would be lost is kept until they are handed over, unless the pipeline says ``lose``.
    """
    due = due_for_deletion(world.inputs.links, world.state, world.pipeline.lifecycle, world.as_of)
    if not due:
        return
    webinars = lost_webinars(world.state.webinars, _staying(world, drafts), ZoneInfo(world.pipeline.timezone))
    employed = world.people[world.people["employed"]]
    back = set(zip(employed["source"], employed["key"], strict=True))
    for row in rows(world.linked[world.linked["account_key"].isin(due)]):
        if (row.link_source, row.link_external_id) not in back:
            _delete(world, drafts, world.absent_person(row), webinars.get(row.account_key, []))


def _staying(world: World, drafts: Drafts) -> frozenset[str]:
    """Return the accounts that will go on organising: neither suspended by us nor about to be, in grace included."""
    suspended = world.linked.loc[world.linked["link_state"] == "suspended", "account_key"]
    going = {note.account_key for note in drafts.leaving}
    going |= {str(change.account_key) for change in drafts.changes if change.action in PARTING}
    going |= {str(item.account_key) for item in drafts.withheld if item.action in PARTING}  # it may still come
    return frozenset(world.state.accounts["account_key"]) - going - set(suspended)


def _delete(world: World, drafts: Drafts, person: Person, webinars: list[str]) -> None:
    hand_over = bool(webinars) and world.pipeline.lifecycle.webinars == "hand_over"
    in_doubt = world.doubt.about(person.source, person.key, absent=person.absent) is not None
    if person.source not in world.pipeline.namespaces:
        drafts.withhold(person, Action.DELETE, WithheldReason.NO_SOURCE)
    elif hand_over and not in_doubt and not drafts.protects(person):  # nobody is told to empty an account that stays
        drafts.withhold(person, Action.DELETE, WithheldReason.WEBINARS, named(webinars))
    else:
        strip(world, drafts, person, Action.DELETE, Cause.LEAVER, webinars=webinars)


def lost_webinars(webinars: pd.DataFrame, staying: Container[str], zone: ZoneInfo) -> dict[str, list[str]]:
    """Return what of WEBINARS goes with each account, unless one of *staying* organises it too.

    Each as ``subject (day)``, the day in *zone*, the next one first.
    """
    kept = [any(key in staying for key in names(others)) for others in webinars["shared_with"]]
    lost = webinars[~pd.Series(kept, index=webinars.index, dtype=bool)].sort_values(["starts", "webinar_key"])
    found: dict[str, list[str]] = {}
    for row in rows(lost):
        starts = text(row.starts)
        day = datetime.fromisoformat(starts).astimezone(zone).date().isoformat() if starts else "day unknown"
        found.setdefault(row.account_key, []).append(f"{text(row.subject) or 'no title'} ({day})")
    return found


def named(webinars: list[str]) -> str:
    """Name the first few webinars.

    >>> named(["Launch (2026-03-12)", "Demo (2026-05-01)"]), named(["A"] * 7)
    ('Launch (2026-03-12); Demo (2026-05-01)', 'A; A; A; A; A; and 2 more')
    """
    more = len(webinars) - NAMED_WEBINARS
    return "; ".join([*webinars[:NAMED_WEBINARS], *([f"and {more} more"] if more > 0 else [])])
