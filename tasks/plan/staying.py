"""Draft what is due for people who are employed: account, attributes, products, group, role."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tasks.model.plan import Action, Cause, WithheldReason
from tasks.plan.desired import Desired, desired_state
from tasks.plan.differences import (
    ATTRIBUTES,
    Difference,
    attribute_differences,
    group_differences,
    group_keys,
    policy,
    role_differences,
)
from tasks.plan.drafts import Drafts, Person, grant_mail
from tasks.plan.entitlements import missing_products, surplus_licences
from tasks.plan.guards import kept_products
from tasks.plan.world import World, rows, text

NEEDED_TO_CREATE = frozenset({"user_name", "given_name", "family_name"})
"""Without these GoTo creates nobody (reference 2.5), whatever the policy for keeping them up."""


@dataclass(frozen=True)
class Staying:
    """The employed workers whose account is ours, or is to be made, and what the rules give them.

    ``people``: one row per worker, index shared with ``desired``. ``missing``: the desired products not held.
    """

    people: pd.DataFrame
    desired: Desired
    missing: pd.DataFrame

    @classmethod
    def of(cls, world: World, drafts: Drafts) -> "Staying":
        people = _select(world, drafts)
        desired = desired_state(people, world.pipeline.rules)
        return cls(people, desired, missing_products(desired, people["account_key"], world.holdings))

    @cached_property
    def _products(self) -> dict[int, list[str]]:
        products: dict[int, list[str]] = {}
        for at, product in zip(self.desired.products["at"], self.desired.products["product"], strict=True):
            products.setdefault(at, []).append(product)
        return products

    def products_of(self, at: int) -> list[str]:
        """Return all products that the rules give to one worker."""
        return self._products.get(at, [])


def _select(world: World, drafts: Drafts) -> pd.DataFrame:
    """Set apart, each with a reason, the employed for whom nothing can be done."""
    people = world.people[world.people["employed"]]
    unlinked = people["link_state"].isna()
    reasons = {
        WithheldReason.AMBIGUOUS: people["match"] == "ambiguous",
        WithheldReason.CLAIMED: people["match"] == "claimed",
        WithheldReason.IDENTITY: people["match"] == "stranger",
        WithheldReason.NOT_ADOPTED: people["account_key"].notna() & unlinked & (world.pipeline.adopt == "none"),
        WithheldReason.NOT_STARTED: ~people["started"] & (unlinked | (people["link_state"] == "suspended")),
    }
    out = pd.Series(False, index=people.index)
    for reason, where in reasons.items():
        action = Action.ADOPT if reason == WithheldReason.NOT_ADOPTED else Action.CREATE
        for row in rows(people[where & ~out]):
            drafts.withhold(world.person(row), action, reason)
        out |= where
    if world.doubt.held:
        held = pd.MultiIndex.from_tuples(sorted(world.doubt.held))
        out |= pd.MultiIndex.from_frame(people[["source", "key"]]).isin(held)
    return people[~out]


def draft_surplus(world: World, drafts: Drafts, staying: Staying) -> None:
    """Take away the licences that are ours to take and of which nothing is desired any more."""
    people = staying.people
    surplus = surplus_licences(staying.desired, people["account_key"], _takeable(world, people), world.holdings)
    concerned = people[people["account_key"].isin(surplus["account_key"])]
    keeping = {source.name for source in world.pipeline.sources if source.blanks == "keep"}
    tested = sorted({name for rule in world.pipeline.rules if rule.enabled for name in rule.when})
    by_account = {row.account_key: row for row in rows(concerned)}
    for pair in rows(surplus.sort_values(["account_key", "licence_key"])):
        row = by_account[pair.account_key]
        person = world.person(row)
        products = world.holdings.products_under((pair.licence_key,))
        if kept_products(world.pipeline, person, world.as_of).intersection(products):
            drafts.withhold(person, Action.REVOKE, WithheldReason.EXCEPTION, ", ".join(products))
        elif drafts.adoption_of(person):
            drafts.withhold(person, Action.REVOKE, WithheldReason.JUST_ADOPTED, ", ".join(products))
        elif row.source in keeping and any(text(getattr(row, name)) is None for name in tested):
            drafts.withhold(person, Action.REVOKE, WithheldReason.BLANK, ", ".join(products))
        elif drafts.add(
            person,
            Action.REVOKE,
            world.cause(row, person),
            {"licence": pair.licence_key, "products": products},
            {"licence": None},
            mail=drafts.notice("product-change"),
        ):
            drafts.seats.free(pair.licence_key)


def _takeable(world: World, people: pd.DataFrame) -> pd.DataFrame:
    """Return the (account, licence) pairs that may be taken: those we gave, or all, as the target is managed."""
    known = people[people["account_key"].notna()]
    held = world.state.grants[world.state.grants["account_key"].isin(known["account_key"])]
    if world.pipeline.target.managed == "all":
        return held
    given = known[["account_key", "link_licences"]].rename(columns={"link_licences": "licence_key"})
    ours = given.explode("licence_key").dropna().astype("str")
    if world.pipeline.adopt == "matched+grants":
        fresh = known.loc[known["link_state"].isna(), "account_key"]
        ours = pd.concat([ours, held[held["account_key"].isin(fresh)]], ignore_index=True)
    return ours.merge(held, on=["account_key", "licence_key"])


def draft_staying(world: World, drafts: Drafts, staying: Staying) -> None:
    """Draft what the staying lack, those first whom the highest rules serve: they get the seats that are left."""
    people, single = staying.people, staying.desired.single
    keys = group_keys(world.pipeline, world.state.groups)
    wanted = dict(iter(staying.missing.sort_values(["at", "product"]).groupby("at")))
    edits = attribute_differences(world.pipeline, people, single)
    groups = group_differences(people, single, world.state.groups, keys)
    roles = role_differences(people, single)
    unready = people.index[people["account_key"].isna() | (people["link_state"] == "suspended")]
    due = people.loc[sorted({*wanted, *edits, *groups, *roles, *unready})]
    first_rank = staying.missing.groupby("at")["rank"].min().to_dict()
    rank = [first_rank.get(at, np.inf) for at in due.index]
    for row in rows(due.assign(rank=rank).sort_values(["rank", "source", "key"])):
        at = row.Index
        person = world.person(row)
        cause = world.cause(row, person)
        base = _prepare(world, drafts, staying, row, person, cause, wanted.get(at))
        if base is None:
            continue
        if at in edits:
            _draft(drafts, person, Action.UPDATE, cause, edits[at], base)
        if at in wanted:
            _grant(drafts, person, cause, wanted[at], staying.products_of(at), base)
        if at in groups:
            _regroup(world, drafts, person, cause, groups[at], base)
        if at in roles:
            mail = drafts.notice("role-change") if person.account_key else ()
            _draft(drafts, person, Action.SET_ROLE, cause, roles[at], base, mail)


def _draft(
    drafts: Drafts,
    person: Person,
    action: Action,
    cause: Cause,
    difference: Difference,
    needs: tuple[str, ...],
    mail: tuple[str, ...] = (),
) -> None:
    drafts.add(
        person, action, cause, difference.before, difference.after, rules=difference.rules, needs=needs, mail=mail
    )


def _prepare(
    world: World,
    drafts: Drafts,
    staying: Staying,
    row: Any,
    person: Person,
    cause: Cause,
    wanted: pd.DataFrame | None,
) -> tuple[str, ...] | None:
    """Draft what must come before anything else of this person and return its ids; None if they get nothing.

    Somebody new is not created if none of their products has a seat: an account without a product helps nobody
    and sends a welcome mail.
    """
    if person.account_key is None:
        if wanted is not None and not drafts.seats.copy().take(staying.products_of(row.Index), wanted["product"])[0]:
            drafts.withhold(person, Action.CREATE, WithheldReason.NO_SEAT, ", ".join(wanted["product"]))
            return None
        after, rules = _new_account(world, row, staying.desired.single.loc[row.Index])
        lacking = sorted(NEEDED_TO_CREATE - set(after))
        if lacking:
            drafts.withhold(person, Action.CREATE, WithheldReason.INCOMPLETE, ", ".join(lacking))
            return None
        created = drafts.add(person, Action.CREATE, cause, {}, after, rules=rules, mail=drafts.notice("welcome"))
        return (created,) if created else None
    if row.link_state == "suspended":
        states = {"state": "suspended"}, {"state": "active"}
        reactivated = drafts.add(person, Action.REACTIVATE, Cause.JOINER, *states)
        return (reactivated,) if reactivated else None
    return drafts.adoption_of(person)


def _new_account(world: World, row: Any, single: Any) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the attributes of somebody new, and the rule that set their locale."""
    values = {name: text(single["locale"] if name == "locale" else getattr(row, name)) for name in ATTRIBUTES}
    after = {
        name: value
        for name, value in values.items()
        if value and (name in NEEDED_TO_CREATE or policy(world.pipeline, name) != "never")
    }
    rule = text(single["locale_rule"])
    return after, (rule,) if rule and "locale" in after else ()


def _grant(
    drafts: Drafts, person: Person, cause: Cause, wanted: pd.DataFrame, products: list[str], base: tuple[str, ...]
) -> None:
    if drafts.protects(person):  # before a seat is taken that somebody else can use
        drafts.withhold(person, Action.GRANT, WithheldReason.PROTECTED, ", ".join(wanted["product"]))
        return
    rules_of = dict(zip(wanted["product"], wanted["rules"], strict=True))
    taken, without_seat = drafts.seats.take(products, wanted["product"])
    notify, new = drafts.pipeline.target.notify_users, person.account_key is None
    for place, (licence, serves) in enumerate(sorted(taken.items())):
        gives = sorted(drafts.seats.products[licence])
        # all licences of somebody new go out in one call, which sends one mail
        mail = grant_mail(gives, new=new, notify=notify) if place == 0 or not new else ()
        drafts.add(
            person,
            Action.GRANT,
            cause,
            {"licence": None},
            {"licence": licence, "product": serves[0], "products": gives},
            rules=sorted({rule for product in serves for rule in rules_of[product]}),
            needs=base,
            mail=mail,
        )
    for product in without_seat:
        drafts.withhold(person, Action.GRANT, WithheldReason.NO_SEAT, product)


def _regroup(
    world: World, drafts: Drafts, person: Person, cause: Cause, difference: Difference, base: tuple[str, ...]
) -> None:
    name = difference.after["group"]
    if name is None:
        _draft(drafts, person, Action.REMOVE_MEMBER, cause, difference, base)
        return
    needs = base
    if difference.after["group_key"] is None:
        rules = [rule.name for rule in world.pipeline.rules if rule.grant.group == name]
        needs = (*base, drafts.add_group(name, cause, rules))
    _draft(drafts, person, Action.ADD_MEMBER, cause, difference, needs)
