"""Draft what people who stay lack: account, attributes, products, group, role."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tasks.model.plan import Action, Cause, WithheldReason
from tasks.plan.allotment import Allotment, Ask, allot
from tasks.plan.differences import (
    ATTRIBUTES,
    Difference,
    attribute_differences,
    group_differences,
    group_keys,
    policy,
    rules_naming_groups,
)
from tasks.plan.drafts import Drafts, Person, grant_mail
from tasks.plan.exchanges import Exchange, weigh_exchanges
from tasks.plan.offers import welcome_templates
from tasks.plan.roles import role_differences
from tasks.plan.staying import Staying
from tasks.plan.surplus import draft_revoke
from tasks.plan.world import World, names, rows, text

NEEDED_TO_CREATE = frozenset({"user_name", "given_name", "family_name"})
"""Without these GoTo creates nobody (reference 2.5), whatever the policy for keeping them up."""


@dataclass(frozen=True)
class _Due:
    """What is due for one person: who it is, why, and what a new account would carry."""

    row: Any
    person: Person
    cause: Cause
    account: Mapping[str, str]
    account_rules: tuple[str, ...]

    @property
    def lacking(self) -> list[str]:
        return sorted(NEEDED_TO_CREATE - set(self.account)) if self.person.account_key is None else []


def draft_staying(world: World, drafts: Drafts, staying: Staying) -> None:
    """Draft what the staying lack, those first whom the highest rules serve: they get the seats that are left."""
    people, single = staying.people, staying.desired.single
    keys = group_keys(world.pipeline, world.state.groups)
    edits = attribute_differences(world.pipeline, people, single)
    groups = group_differences(people, single, world.state.groups, keys)
    roles = role_differences(people, single, world.state.groups, keys)
    exchanges = weigh_exchanges(world, drafts, staying)
    missing = _missing(staying, exchanges)
    unready = people.index[people["account_key"].isna() | (people["link_state"] == "suspended")]
    concerned = {*missing, *edits, *groups, *roles.found, *roles.by_hand, *exchanges, *unready}
    due = _in_order(world, staying, concerned)
    allotted = allot([_ask(staying, one, missing, exchanges) for one in due if _may_take(drafts, one)], drafts.seats)
    for one in due:
        at = one.row.Index
        base = _prepare(drafts, staying, one, missing.get(at, ()), allotted.get(at))
        if base is None:
            continue
        if at in edits:
            _draft(drafts, one, Action.UPDATE, edits[at], base)
        if at in missing or at in exchanges:
            _give(world, drafts, staying, one, missing.get(at, ()), exchanges.get(at), allotted.get(at), base)
        if at in groups:
            _regroup(world, drafts, staying, one, groups[at], base)
        if at in roles.by_hand:
            drafts.withhold(one.person, Action.SET_ROLE, WithheldReason.ROLES_BY_HAND, roles.by_hand[at])
        if at in roles.found:
            _set_role(world, drafts, staying, one, roles.found[at], base)


def _missing(staying: Staying, exchanges: Mapping[int, Exchange]) -> dict[int, tuple[str, ...]]:
    """Return by index what each person lacks, sorted; of those who exchange, while they keep what they have."""
    found: dict[int, list[str]] = {}
    table = staying.missing.sort_values(["at", "product"])
    for at, product in zip(table["at"], table["product"], strict=True):
        found.setdefault(at, []).append(product)
    missing = {at: tuple(products) for at, products in found.items()}
    missing |= {at: exchange.missing for at, exchange in exchanges.items()}
    return {at: products for at, products in missing.items() if products}


def _in_order(world: World, staying: Staying, concerned: Iterable[int]) -> list[_Due]:
    """Return the people concerned, in the order in which they get seats: by rule, source, key."""
    people, single = staying.people.loc[sorted(concerned)], staying.desired.single
    templates = welcome_templates(world.pipeline, world.state.templates)
    first_rank = staying.missing.groupby("at")["rank"].min().to_dict()
    rank = [first_rank.get(at, np.inf) for at in people.index]
    due = []
    for row in rows(people.assign(rank=rank).sort_values(["rank", "source", "key"])):
        person = world.person(row)
        new = person.account_key is None
        account = _new_account(world, row, single.loc[row.Index], templates) if new else ({}, ())
        due.append(_Due(row, person, world.cause(row, person), *account))
    return due


def _may_take(drafts: Drafts, one: _Due) -> bool:
    """Whether somebody may take a seat that somebody else can use."""
    return not drafts.protects(one.person) and not one.lacking


def _ask(staying: Staying, one: _Due, missing: Mapping[int, tuple[str, ...]], exchanges: Mapping[int, Exchange]) -> Ask:
    at = one.row.Index
    wanted, lacks = staying.wishes_of(at), missing.get(at, ())
    exchange = exchanges.get(at)
    if exchange is None:
        return Ask(at, wanted, lacks)
    return Ask(at, wanted, lacks, exchange.gives_up, exchange.missing_then, exchange.has)


def _draft(
    drafts: Drafts,
    one: _Due,
    action: Action,
    difference: Difference,
    needs: tuple[str, ...],
    mail: tuple[str, ...] = (),
) -> None:
    drafts.add(
        one.person, action, one.cause, difference.before, difference.after,
        rules=difference.rules, needs=needs, mail=mail,
    )  # fmt: skip


def _prepare(
    drafts: Drafts, staying: Staying, one: _Due, missing: tuple[str, ...], allotted: Allotment | None
) -> tuple[str, ...] | None:
    """Draft what must come before anything else of this person and return its ids; None if they get nothing.

    Somebody new is not created if none of their products has a seat: an account without a product helps nobody
    and sends a welcome mail.
    """
    if one.person.account_key is None:
        if one.lacking:
            drafts.withhold(one.person, Action.CREATE, WithheldReason.INCOMPLETE, ", ".join(one.lacking))
            return None
        if missing and allotted is not None and not allotted.taken:
            names = ", ".join(staying.label_of(one.row.Index, product) for product in missing)
            drafts.withhold(one.person, Action.CREATE, WithheldReason.NO_SEAT, names)
            return None
        mail = drafts.notice("welcome")
        rules = one.account_rules
        created = drafts.add(one.person, Action.CREATE, one.cause, {}, one.account, rules=rules, mail=mail)
        return (created,) if created else None
    if one.row.link_state == "suspended":
        states = {"state": "suspended"}, {"state": "active"}
        reactivated = drafts.add(one.person, Action.REACTIVATE, Cause.JOINER, *states)
        return (reactivated,) if reactivated else None
    return drafts.adoption_of(one.person)


def _new_account(
    world: World, row: Any, single: Any, templates: Mapping[str, str]
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Return the attributes and templates of somebody new, and the rules that set them."""
    values = {name: text(single["locale"] if name == "locale" else getattr(row, name)) for name in ATTRIBUTES}
    after = {
        name: value
        for name, value in values.items()
        if value and (name in NEEDED_TO_CREATE or policy(world.pipeline, name) != "never")
    }
    template, settings = text(single["welcome_template"]), text(single["settings_template"])
    if template:
        after["welcome_template"] = templates[template]
    if settings:
        after["settings_template"] = settings
    rules = [single[f"{name}_rule"] for name in ("locale", "welcome_template", "settings_template") if name in after]
    return after, tuple(dict.fromkeys(rule for rule in rules if isinstance(rule, str)))


def _give(
    world: World,
    drafts: Drafts,
    staying: Staying,
    one: _Due,
    missing: tuple[str, ...],
    exchange: Exchange | None,
    allotted: Allotment | None,
    base: tuple[str, ...],
) -> None:
    """Draft the licences that were allotted, after those that are given up for them; say what has no seat."""
    at = one.row.Index
    if allotted is None:  # protected: no seat was taken that somebody else can use
        names = ", ".join(staying.label_of(at, product) for product in missing)
        if names:
            drafts.withhold(one.person, Action.GRANT, WithheldReason.PROTECTED, names)
        return
    needs = base
    if allotted.exchanged and exchange is not None:
        rules = sorted({rule for code in exchange.has for rule in _naming(staying, at, code)})
        for licence in exchange.gives_up:
            revoked = draft_revoke(world, drafts, one.row, one.person, licence, rules=rules, needs=base)
            needs = (*needs, revoked) if revoked else needs
    _grant(world, drafts, staying, one, allotted, needs)
    _give_back(world, drafts, staying, one, allotted, base)
    for product in allotted.without_seat:
        drafts.withhold(one.person, Action.GRANT, WithheldReason.NO_SEAT, staying.label_of(at, product))


def _give_back(
    world: World, drafts: Drafts, staying: Staying, one: _Due, allotted: Allotment, base: tuple[str, ...]
) -> None:
    """Give back a wrong edition to somebody from whom an exchange has taken it, if there is no seat of the right one.

    So it is where the second half of the exchange was refused, or never made: who works must not go without both.
    """
    without, wishes = set(allotted.without_seat), staying.wishes_of(one.row.Index)
    for licence in _taken_in_exchange(world, one):
        products = world.holdings.products_of.get(licence, ())
        named = {code for code in products if wishes.get(code)}
        if named and named <= without and drafts.seats.take_back(licence):
            serves = tuple(sorted(without.intersection(products)))
            without.difference_update(serves)
            _draft_grant(drafts, staying, one, licence, serves, sorted(named)[0], base)


def _taken_in_exchange(world: World, one: _Due) -> list[str]:
    """Return the licences that the link knows as given by us, and that the account does not hold."""
    return sorted(set(names(one.row.link_licences)).difference(world.holdings.of(one.person.account_key)))


def _naming(staying: Staying, at: int, product: str) -> tuple[str, ...]:
    """Return the rules that give a product in an edition of their own, none where it is not given so."""
    return staying.rules_of(at, product) if staying.wishes_of(at).get(product) else ()


def _grant(
    world: World, drafts: Drafts, staying: Staying, one: _Due, allotted: Allotment, needs: tuple[str, ...]
) -> None:
    noted = set() if allotted.without_seat else set(_taken_in_exchange(world, one)).difference(allotted.taken)
    for place, (licence, serves) in enumerate(sorted(allotted.taken.items())):
        product, gives = staying.label_of(one.row.Index, serves[0]), drafts.seats.products[licence]
        lost = [other for other in noted if not gives.isdisjoint(world.holdings.products_of.get(other, ()))]
        _draft_grant(drafts, staying, one, licence, serves, product, needs, given_up=sorted(lost), first=place == 0)


def _draft_grant(
    drafts: Drafts,
    staying: Staying,
    one: _Due,
    licence: str,
    serves: tuple[str, ...],
    product: str,
    needs: tuple[str, ...],
    *,
    given_up: Sequence[str] = (),
    first: bool = True,
) -> None:
    notify, new = drafts.pipeline.target.notify_users, one.person.account_key is None
    gives = sorted(drafts.seats.products[licence])
    drafts.add(
        one.person,
        Action.GRANT,
        one.cause,
        {"licence": None, "given_up": list(given_up)} if given_up else {"licence": None},
        {"licence": licence, "product": product, "products": gives},
        rules=sorted({rule for code in serves for rule in staying.rules_of(one.row.Index, code)}),
        needs=needs,
        # all licences of somebody new go out in one call, which sends one mail
        mail=grant_mail(gives, new=new, notify=notify) if first or not new else (),
    )


def _regroup(
    world: World, drafts: Drafts, staying: Staying, one: _Due, difference: Difference, base: tuple[str, ...]
) -> None:
    name = difference.after["group"]
    action = Action.REMOVE_MEMBER if name is None else Action.ADD_MEMBER
    if one.row.Index in staying.blank and difference.before["group_key"] is not None:
        drafts.withhold(one.person, action, WithheldReason.BLANK, str(difference.before["group"]))
        return
    made = _groups_to_make(world, drafts, one, [name] if name and difference.after["group_key"] is None else [])
    _draft(drafts, one, action, difference, (*base, *made))


def _set_role(
    world: World, drafts: Drafts, staying: Staying, one: _Due, difference: Difference, base: tuple[str, ...]
) -> None:
    before, after = difference.before, difference.after
    limits = dict(zip(after.get("manages", ()), after.get("managed_groups", ()), strict=True))
    takes = set(before["roles"]).difference(after["roles"]) or (
        before["roles"] and set(before.get("managed_groups", ())) != set(limits.values())
    )
    if one.row.Index in staying.blank and takes:
        drafts.withhold(one.person, Action.SET_ROLE, WithheldReason.BLANK, ", ".join(before["roles"]))
        return
    made = _groups_to_make(world, drafts, one, [name for name, key in limits.items() if key is None])
    mail = drafts.notice("role-change") if one.person.account_key else ()
    _draft(drafts, one, Action.SET_ROLE, difference, (*base, *made), mail)


def _groups_to_make(world: World, drafts: Drafts, one: _Due, names: Iterable[str]) -> list[str]:
    """Draft groups that are not there yet, each once in a plan, and return the ids of those changes."""
    naming = rules_naming_groups(world.pipeline)
    return [drafts.add_group(name, one.cause, naming.get(name, ())) for name in names]
