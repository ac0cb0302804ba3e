"""Which licence gives a product, and whether it has a seat left. Pure.

A licence may list several products (a webinar seat brings meetings): it is chosen by what it contains, not by
equality (GoTo reference: a client had to strip the accompanying G2M). Nobody is given more than the smallest
licence that has the product; ties go to the lower licence key.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pandas as pd


@dataclass
class SeatBook:
    """The seats of one plan: what is free now, what the plan frees, what it takes."""

    products: dict[str, frozenset[str]]
    seats: dict[str, int | None]
    used: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, licences: pd.DataFrame) -> "SeatBook":
        """Open the book on LICENCES; those that are switched off give nothing."""
        on = licences[licences["enabled"].fillna(True).astype(bool)].sort_values("licence_key")
        keys = list(on["licence_key"])
        return cls(
            products=dict(zip(keys, map(frozenset, on["products"]), strict=True)),
            seats={key: None if pd.isna(n) else int(n) for key, n in zip(keys, on["seats"], strict=True)},
            used=Counter(dict(zip(keys, on["used"].fillna(0).astype(int), strict=True))),
        )

    def copy(self) -> "SeatBook":
        """Return a book to try things in."""
        return replace(self, used=self.used.copy())

    def offers(self) -> frozenset[str]:
        """Return every product that some licence contains."""
        return frozenset().union(*self.products.values())

    def free(self, licence: str) -> None:
        """Give a seat back: the plan takes it from somebody before it gives it to anybody."""
        self.used[licence] -= 1

    def keep(self, licence: str) -> None:
        """Undo ``free``: the plan leaves the seat to its holder after all."""
        self.used[licence] += 1

    def take(self, wanted: Iterable[str], missing: Iterable[str]) -> tuple[dict[str, tuple[str, ...]], list[str]]:
        """Take seats for one person who wants *wanted* and lacks *missing*.

        Returns the licences taken, each with the missing products it gives, and the products for which no licence
        has a seat. Licences that give more of what is missing come first, so that one seat serves for two products.
        """
        wanted, open_ = frozenset(wanted), set(missing)
        taken: dict[str, tuple[str, ...]] = {}
        without_seat: list[str] = []
        while open_:
            licence = self._best(wanted, open_)
            if licence is None:
                without_seat = sorted(open_)
                break
            gives = self.products[licence] & open_
            taken[licence] = tuple(sorted(gives))
            self.used[licence] += 1
            open_ -= gives
        return taken, without_seat

    def _best(self, wanted: frozenset[str], open_: set[str]) -> str | None:
        fitting = [key for product in open_ for key in self._smallest(product, wanted) if self._has_seat(key)]
        return min(fitting, key=lambda key: (-len(self.products[key] & open_), key), default=None)

    def _smallest(self, product: str, wanted: frozenset[str]) -> list[str]:
        """Return the licences with *product* that give least beyond what is wanted, full ones included."""
        extra = {key: len(gives - wanted) for key, gives in self.products.items() if product in gives}
        return [key for key, size in extra.items() if size == min(extra.values())]

    def _has_seat(self, licence: str) -> bool:
        seats = self.seats[licence]
        return seats is None or self.used[licence] < seats
