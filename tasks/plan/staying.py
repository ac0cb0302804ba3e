"""Who stays, what the rules give them, and what of that they lack. Tables, one row per worker. Pure."""

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from tasks.model.pipeline import Pipeline
from tasks.model.plan import Action, WithheldReason
from tasks.model.tables import LIST_ATTRIBUTES
from tasks.plan.desired import Desired, desired_state
from tasks.plan.drafts import Drafts
from tasks.plan.editions import fold, label
from tasks.plan.entitlements import missing_products, wrong_editions
from tasks.plan.seats import Wishes
from tasks.plan.world import World, only, rows

_ACCOUNT_IS_THERE = (WithheldReason.NOT_ADOPTED, WithheldReason.OTHER_PIPELINE)


@dataclass(frozen=True)
class Staying:
    """The employed workers whose account is ours, or is to be made, and what the rules give them.

    ``people``: one row per worker, index shared with ``desired``. ``missing``: the desired products not held.
    ``takeable``: the pairs of account and licence that may be taken away; ``wrong``: those of them that hold a
    product in another edition than the rules name. ``blank``: the indices of those of whom a cell that the rules look
    at is blank, where a blank takes nothing away.
    """

    people: pd.DataFrame
    desired: Desired
    missing: pd.DataFrame
    takeable: pd.DataFrame
    wrong: pd.DataFrame
    blank: frozenset[int]

    @classmethod
    def of(cls, world: World, drafts: Drafts) -> "Staying":
        people = _select(world, drafts)
        desired = desired_state(people, world.pipeline.rules)
        accounts = people["account_key"]
        takeable = _takeable(world, people)
        return cls(
            people,
            desired,
            missing_products(desired, accounts, world.holdings),
            takeable,
            wrong_editions(desired, accounts, takeable, world.holdings),
            frozenset(people.index[_rests_on_blank(world.pipeline, people)]),
        )

    @cached_property
    def _wishes(self) -> dict[int, dict[str, str | None]]:
        wishes: dict[int, dict[str, str | None]] = {}
        products = self.desired.products
        for at, product, edition in zip(products["at"], products["product"], products["edition"], strict=True):
            wishes.setdefault(at, {})[product] = fold(edition) if isinstance(edition, str) else None
        return wishes

    def wishes_of(self, at: int) -> Wishes:
        """Return all products that the rules give to one worker, with the edition where one is named."""
        return self._wishes.get(at, {})

    @cached_property
    def _gifts(self) -> dict[tuple[int, str], tuple[str, tuple[str, ...]]]:
        return {
            (row.at, row.product): (label(row.product, row.edition), row.rules) for row in rows(self.desired.products)
        }

    def label_of(self, at: int, product: str) -> str:
        """Return a product that the rules give to one worker as they name it (``G2W/Pro``)."""
        return self._gifts[at, product][0]

    def rules_of(self, at: int, product: str) -> tuple[str, ...]:
        """Return the rules that give a product to one worker."""
        return self._gifts[at, product][1]


def _select(world: World, drafts: Drafts) -> pd.DataFrame:
    """Set apart, each with a reason, the employed for whom nothing can be done."""
    people = only(world.people, world.people["employed"])
    unlinked = people["link_state"].isna()
    reasons = {
        WithheldReason.AMBIGUOUS: people["match"] == "ambiguous",
        WithheldReason.CLAIMED: people["match"] == "claimed",
        WithheldReason.IDENTITY: people["match"] == "stranger",
        WithheldReason.OTHER_PIPELINE: people["match"] == "elsewhere",
        WithheldReason.NOT_ADOPTED: people["account_key"].notna() & unlinked & (world.pipeline.adopt == "none"),
        WithheldReason.NOT_STARTED: ~people["started"] & (unlinked | (people["link_state"] == "suspended")),
    }
    out = pd.Series(False, index=people.index)
    for reason, where in reasons.items():
        action = Action.ADOPT if reason in _ACCOUNT_IS_THERE else Action.CREATE
        for row in rows(only(people, where & ~out)):
            drafts.withhold(world.person(row), action, reason)
        out |= where
    if world.doubt.held:
        held = pd.MultiIndex.from_tuples(sorted(world.doubt.held))
        out |= pd.MultiIndex.from_frame(people[["source", "key"]]).isin(held)
    return only(people, ~out)


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


def _rests_on_blank(pipeline: Pipeline, people: pd.DataFrame) -> pd.Series:
    """Return of whom a cell that a rule tests is blank, in a source whose blanks take nothing away.

    A source that maps no directory groups leaves them to the tenant: then there is no cell that could be blank.
    """
    tested = {name for rule in pipeline.rules if rule.enabled for name in rule.when}
    blank = pd.Series(False, index=people.index)
    for space in filter(pipeline.keeps_blanks, pipeline.namespaces):
        asked = [name for name in sorted(tested) if pipeline.maps(space, name) or name not in LIST_ATTRIBUTES]
        blank |= (people["source"] == space) & people[asked].isna().any(axis=1)
    return blank
