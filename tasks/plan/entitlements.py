"""Compare desired products with the licences held: what is missing, what is surplus. Pure, on tables.

A wish that names an edition is met by a licence of that edition alone. A licence of another one is *wrong*: it is
neither useful nor simply surplus, since it is given up for the right one and not before (``exchanges``).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from tasks.model.state import TargetState
from tasks.plan.desired import Desired
from tasks.plan.editions import edition_names, fold


@dataclass(frozen=True)
class Holdings:
    """What linked accounts hold.

    ``products``: one row per account, licence and product (``account_key``, ``licence_key``, ``product``).
    ``products_of``: licence key to its sorted products; ``editions_of``: to the names, folded, of its edition.
    """

    products: pd.DataFrame
    live: pd.DataFrame  # of these, the ones whose licence is switched on
    products_of: Mapping[str, tuple[str, ...]]
    editions_of: Mapping[str, frozenset[str]]

    @classmethod
    def read(cls, state: TargetState, accounts: pd.Series) -> "Holdings":
        """Return what the given account keys hold in *state*."""
        grants = state.grants[state.grants["account_key"].isin(accounts)]
        licences = state.licences[["licence_key", "products"]].rename(columns={"products": "product"})
        joined = grants.merge(licences.explode("product").astype({"product": "str"}), on="licence_key", how="left")
        products_of = dict(zip(state.licences["licence_key"], map(tuple, state.licences["products"]), strict=True))
        off = state.licences.loc[~state.licences["enabled"].fillna(True).astype(bool), "licence_key"]
        live = joined[~joined["licence_key"].isin(off)]
        return cls(joined, live, products_of, edition_names(state.licences))

    @cached_property
    def _sorted(self) -> tuple[np.ndarray, np.ndarray]:
        pairs = self.products[["account_key", "licence_key"]].drop_duplicates()
        pairs = pairs.sort_values(["account_key", "licence_key"], ignore_index=True)
        return pairs["account_key"].to_numpy(dtype=object), pairs["licence_key"].to_numpy(dtype=object)

    def of(self, account_key: str | None) -> tuple[str, ...]:
        """Return the licences of one account, sorted. It is asked for few accounts, so none is grouped before."""
        accounts, licences = self._sorted
        first, last = (int(accounts.searchsorted(account_key or "", side)) for side in ("left", "right"))
        return tuple(licences[first:last])

    def products_under(self, licences: tuple[str, ...]) -> list[str]:
        """Return the products that *licences* give together, sorted."""
        return sorted({product for key in licences for product in self.products_of.get(key, ())})

    def count_by_product(self, accounts: Collection[str]) -> dict[str, int]:
        """Return how many of *accounts* hold each product."""
        held = self.products[self.products["account_key"].isin(accounts)]
        pairs = held.dropna(subset=["product"]).drop_duplicates(["account_key", "product"])
        return {str(name): int(n) for name, n in pairs["product"].value_counts().sort_index().items()}


def missing_products(desired: Desired, account_of: pd.Series, holdings: Holdings) -> pd.DataFrame:
    """Return the rows of ``desired.products`` that the worker's account does not hold (all, where there is none)."""
    rows = desired.products.assign(account_key=desired.products["at"].map(account_of))
    held = pd.MultiIndex.from_frame(holdings.live[["account_key", "product"]])
    wanted = pd.MultiIndex.from_frame(rows[["account_key", "product"]])
    met = pd.Series(wanted.isin(held), index=rows.index)
    named = rows["edition"].notna()
    if named.any():
        right = _named_wishes(rows[named], holdings.live, holdings)
        met[named] = pd.MultiIndex.from_frame(rows.loc[named, PAIR]).isin(pd.MultiIndex.from_frame(right[PAIR]))
    return rows[rows["account_key"].isna() | ~met]


PAIR = ["account_key", "product"]
GRANT = ["account_key", "licence_key"]


def _named_wishes(rows: pd.DataFrame, held: pd.DataFrame, holdings: Holdings, *, right: bool = True) -> pd.DataFrame:
    """Return the holdings (of *held*) of products whose wish (*rows*) names an edition: those of it, or all others."""
    both = rows[[*PAIR, "edition"]].dropna().merge(held, on=PAIR)
    fits = [
        fold(edition) in holdings.editions_of.get(licence, ())
        for edition, licence in zip(both["edition"], both["licence_key"], strict=True)
    ]
    return both[pd.Series(fits, index=both.index, dtype=bool) == right]


def wrong_editions(desired: Desired, account_of: pd.Series, managed: pd.DataFrame, holdings: Holdings) -> pd.DataFrame:
    """Return the licences of *managed* that hold a product in another edition than the rules name.

    One row per ``account_key`` and ``licence_key``.
    """
    rows = desired.products[desired.products["edition"].notna()]
    if rows.empty:
        return managed.iloc[:0][GRANT]
    rows = rows.assign(account_key=rows["at"].map(account_of))
    ours = holdings.products.merge(managed[GRANT].drop_duplicates(), on=GRANT)
    return _named_wishes(rows, ours, holdings, right=False)[GRANT].drop_duplicates()


def surplus_licences(
    desired: Desired, account_of: pd.Series, managed: pd.DataFrame, wrong: pd.DataFrame, holdings: Holdings
) -> pd.DataFrame:
    """Return the managed licences of which no product is desired: one row per ``account_key`` and ``licence_key``.

    *managed* has the pairs that may be taken away, *wrong* those of ``wrong_editions``. A licence that still gives
    something desired is kept whole.
    """
    rows = desired.products.assign(account_key=desired.products["at"].map(account_of))
    wanted = pd.MultiIndex.from_frame(rows[PAIR].dropna())
    held = holdings.products
    useful = held[pd.MultiIndex.from_frame(held[PAIR]).isin(wanted)]
    kept = pd.MultiIndex.from_frame(pd.concat([useful[GRANT], wrong[GRANT]]))
    pairs = managed.drop_duplicates(GRANT)
    return pairs[~pd.MultiIndex.from_frame(pairs[GRANT]).isin(kept)]
