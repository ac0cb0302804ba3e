"""Draft what is due in the directory that the pipeline feeds: groups, and who is in them. Pure.

Who is in a group by somebody else's doing stays there: other directories feed the same organisation.
"""

from functools import cached_property
from typing import Any

import pandas as pd

from tasks.model.plan import Action, Cause, WithheldReason
from tasks.model.tables import LIST_SEPARATOR
from tasks.plan.desired import matches
from tasks.plan.drafts import Drafts, Person
from tasks.plan.large_groups import withhold_from_large_groups
from tasks.plan.memberships import held_memberships
from tasks.plan.staying import Staying
from tasks.plan.world import World, rows, text

ATTRIBUTE = "directory_groups"


class Feed:
    """The memberships that the rosters and rules ask for, beside those that are."""

    def __init__(self, world: World, staying: Staying) -> None:
        self._world = world
        self._people = staying.people
        self.key_of = {
            name.casefold(): key
            for key, name in zip(
                world.state.directory_groups["group_key"], world.state.directory_groups["name"], strict=True
            )
        }

    @cached_property
    def held(self) -> pd.DataFrame:
        return held_memberships(self._world.state, self._world.linked)

    @cached_property
    def desired(self) -> pd.DataFrame:
        """One row per worker and group: ``at`` (the worker's index), ``name``, ``folded``, ``rules`` (tuple)."""
        parts = [self._by_roster()]
        for rule in self._world.pipeline.rules:
            if rule.enabled and rule.grant.directory_groups:
                at = self._people.index[matches(rule, self._people)]
                parts += [
                    pd.DataFrame({"at": at, "name": " ".join(name.split()), "rule": rule.name})
                    for name in rule.grant.directory_groups
                ]
        wanted = pd.concat(parts, ignore_index=True)
        wanted["folded"] = wanted["name"].str.casefold()
        first = wanted.drop_duplicates(["at", "folded"])[["at", "name", "folded"]].reset_index(drop=True)
        named: dict[tuple[Any, str], list[str]] = {}
        by_rule = wanted.dropna(subset=["rule"])
        for at, folded, rule in zip(by_rule["at"], by_rule["folded"], by_rule["rule"], strict=True):
            named.setdefault((at, folded), []).append(rule)
        rules = [tuple(named.get(pair, ())) for pair in zip(first["at"], first["folded"], strict=True)]
        return first.assign(rules=pd.Series(rules, index=first.index, dtype=object))

    def _by_roster(self) -> pd.DataFrame:
        cells = self._people[ATTRIBUTE].dropna().str.split(LIST_SEPARATOR).explode()
        return pd.DataFrame({"at": cells.index, "name": cells.to_numpy(dtype=object), "rule": None}).astype(
            {"name": "str", "rule": "object"}
        )

    def missing(self) -> pd.DataFrame:
        """Return the rows of ``desired`` where the worker's account is not in the group."""
        wanted = self.desired.assign(
            account_key=self.desired["at"].map(self._people["account_key"]),
            group_key=self.desired["folded"].map(self.key_of),
        )
        pairs = pd.MultiIndex.from_frame(wanted[["account_key", "group_key"]])
        there = pd.MultiIndex.from_frame(self.held[["account_key", "group_key"]])
        return wanted[wanted["account_key"].isna() | wanted["group_key"].isna() | ~pairs.isin(there)]

    def surplus(self) -> pd.DataFrame:
        """Return the memberships that we gave to people who stay, and that nothing asks for any more."""
        account_of = self._people["account_key"].dropna()
        wanted = self.desired.assign(
            account_key=self.desired["at"].map(account_of), group_key=self.desired["folded"].map(self.key_of)
        )
        asked = pd.MultiIndex.from_frame(wanted[["account_key", "group_key"]].dropna())
        ours = self.held[self.held["ours"] & self.held["account_key"].isin(account_of)]
        return ours[~pd.MultiIndex.from_frame(ours[["account_key", "group_key"]]).isin(asked)]


def draft_directory(world: World, drafts: Drafts, staying: Staying) -> None:
    """Draft groups and memberships where the pipeline feeds the directory; nothing elsewhere."""
    if world.pipeline.target.directory != "feed":
        return
    feed = Feed(world, staying)
    _leave(world, drafts, staying, feed)
    _leavers(world, drafts, staying, feed)
    _join(world, drafts, staying, feed)
    withhold_from_large_groups(world, drafts)


def _leave(world: World, drafts: Drafts, staying: Staying, feed: Feed) -> None:
    """Take people out of the groups that we put them in and that nothing asks for."""
    surplus = feed.surplus().sort_values(["account_key", "group_key"])
    concerned = staying.people[staying.people["account_key"].isin(surplus["account_key"])]
    by_account = {row.account_key: row for row in rows(concerned)}
    for pair in rows(surplus):
        row = by_account[pair.account_key]
        person = world.person(row)
        if _is_blank(world, staying, row):
            drafts.withhold(person, Action.REMOVE_DIRECTORY_MEMBER, WithheldReason.BLANK, pair.name)
        else:
            _remove(drafts, person, world.cause(row, person), pair)


def _is_blank(world: World, staying: Staying, row: Any) -> bool:
    """Whether a cell that says, or tests, who is in which group is blank, and blanks take nothing away."""
    pipeline = world.pipeline
    speaks = pipeline.keeps_blanks(row.source) and pipeline.maps(row.source, ATTRIBUTE)
    return (speaks and text(row.directory_groups) is None) or row.Index in staying.blank


def _leavers(world: World, drafts: Drafts, staying: Staying, feed: Feed) -> None:
    """Who is suspended leaves our groups too, lest the platform's own rules give products again.

    So do people who were suspended before and are still in one: taking them out may have failed then.
    """
    causes = dict.fromkeys(_suspended_before(world, staying), Cause.LEAVER)
    causes |= {str(c.account_key): c.cause for c in drafts.changes if c.action == Action.SUSPEND}
    ours = feed.held[feed.held["ours"] & feed.held["account_key"].isin(causes)]
    linked, people = (table[table["account_key"].isin(ours["account_key"])] for table in (world.linked, world.people))
    persons = {row.account_key: world.absent_person(row) for row in rows(linked)}
    persons |= {row.account_key: world.person(row) for row in rows(people)}  # a row that says so is where it is from
    for pair in rows(ours.sort_values(["account_key", "group_key"])):
        person = persons[pair.account_key]
        doubt = world.doubt.about(person.source, person.key, absent=person.absent)
        if doubt is None:
            _remove(drafts, person, causes[pair.account_key], pair)
        else:
            drafts.withhold(person, Action.REMOVE_DIRECTORY_MEMBER, doubt, pair.name)


def _suspended_before(world: World, staying: Staying) -> list[str]:
    """Return the accounts of those who are gone and suspended already, and whose source still speaks for them."""
    if world.pipeline.lifecycle.leavers == "report":
        return []
    known = list(world.pipeline.namespaces)
    linked = world.linked[(world.linked["link_state"] == "suspended") & world.linked["link_source"].isin(known)]
    return list(linked.loc[~linked["account_key"].isin(staying.people["account_key"]), "account_key"])


def _remove(drafts: Drafts, person: Person, cause: Cause, pair: Any) -> None:
    drafts.add(
        person,
        Action.REMOVE_DIRECTORY_MEMBER,
        cause,
        {"directory_group": pair.name, "group_key": pair.group_key},
        {"directory_group": None},
    )


def _join(world: World, drafts: Drafts, staying: Staying, feed: Feed) -> None:
    """Put people into the groups they lack; a group that is not there is made."""
    missing = feed.missing()
    creates = {change.subject: change.change_id for change in drafts.changes if change.action == Action.CREATE}
    concerned = {row.Index: row for row in rows(staying.people.loc[sorted(set(missing["at"]))])}
    for wish in rows(missing.sort_values(["at", "folded"])):
        row = concerned[wish.at]
        person = world.person(row)
        needs = drafts.adoption_of(person)
        if person.account_key is None:
            created = creates.get((person.source, person.key))
            if created is None:  # withheld, with a reason of its own
                continue
            needs = (created,)
        name, key = wish.name, text(wish.group_key)
        if key is None:
            needs = (*needs, drafts.add_directory_group(name, world.cause(row, person), wish.rules))
        drafts.add(
            person,
            Action.ADD_DIRECTORY_MEMBER,
            world.cause(row, person),
            {"directory_group": None},
            {"directory_group": name, "group_key": key},
            rules=wish.rules,
            needs=needs,
        )
