"""Which licence gives a product, and whether it has a seat left. Pure.

A licence may list several products (a webinar seat brings meetings): it is chosen by what it contains, not by
equality (GoTo reference: a client had to strip the accompanying G2M). Nobody is given more than the smallest
licence that has the product; ties go to the lower licence key. A wish that names an edition is served by licences of
that edition alone, and a product in another edition than the person is to have counts as more than they need.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import pandas as pd

from tasks.plan.editions import edition_names

Wishes = Mapping[str, str | None]
"""What one person is to have: product code to edition, folded; None where any will do."""


@dataclass
class SeatBook:
    """The seats of one plan: what is free now, what the plan frees, what it takes."""

    products: dict[str, frozenset[str]]
    seats: dict[str, int | None]
    editions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    used: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, licences: pd.DataFrame) -> "SeatBook":
        """Open the book on LICENCES; those that are switched off give nothing."""
        on = licences[licences["enabled"].fillna(True).astype(bool)].sort_values("licence_key")
        keys = list(on["licence_key"])
        return cls(
            products=dict(zip(keys, map(frozenset, on["products"]), strict=True)),
            seats={key: None if pd.isna(n) else int(n) for key, n in zip(keys, on["seats"], strict=True)},
            editions=edition_names(on),
            used=Counter(dict(zip(keys, on["used"].fillna(0).astype(int), strict=True))),
        )

    def copy(self) -> "SeatBook":
        """Return a book to try things in."""
        return replace(self, used=self.used.copy())

    def free(self, licence: str) -> None:
        """Give a seat back: the plan takes it from somebody before it gives it to anybody."""
        self.used[licence] -= 1

    def keep(self, licence: str) -> None:
        """Undo ``free``: the plan leaves the seat to its holder after all."""
        self.used[licence] += 1

    def take_back(self, licence: str) -> bool:
        """Take a seat of this very licence, if there is one; tell whether there was."""
        free = licence in self.products and self._has_seat(licence)
        self.used[licence] += free
        return free

    def take(
        self, wanted: Wishes, missing: Iterable[str], but: Collection[str] = ()
    ) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """Take seats for one person who wants *wanted* and lacks *missing* of it; never of the licences *but*.

        Returns the licences taken, each with the missing products it gives, and the products for which no licence
        has a seat. Licences that give more of what is missing come first, so that one seat serves for two products.
        """
        open_ = set(missing)
        taken: dict[str, tuple[str, ...]] = {}
        without_seat: list[str] = []
        while open_:
            licence = self._best(wanted, open_, but)
            if licence is None:
                without_seat = sorted(open_)
                break
            serves = self._serves(licence, wanted) & open_
            taken[licence] = tuple(sorted(serves))
            self.used[licence] += 1
            open_ -= serves
        return taken, without_seat

    def _best(self, wanted: Wishes, open_: set[str], but: Collection[str]) -> str | None:
        serving = {key: self._serves(key, wanted) for key in self.products}
        smallest = {key for product in open_ for key in self._smallest(product, serving)}
        fitting = [key for key in smallest if key not in but and self._has_seat(key)]
        return min(fitting, key=lambda key: (-len(serving[key] & open_), key), default=None)

    def _smallest(self, product: str, serving: Mapping[str, set[str]]) -> list[str]:
        """Return the licences with *product* that give least beyond what is wanted, full ones included."""
        extra = {key: len(self.products[key]) - len(serves) for key, serves in serving.items() if product in serves}
        return [key for key, size in extra.items() if size == min(extra.values())]

    def _serves(self, licence: str, wanted: Wishes) -> set[str]:
        """Return the products of *wanted* that a licence gives, in the edition that is wanted."""
        found = self.products[licence] & wanted.keys()
        return {code for code in found if wanted[code] is None or wanted[code] in self.editions[licence]}

    def _has_seat(self, licence: str) -> bool:
        seats = self.seats[licence]
        return seats is None or self.used[licence] < seats
