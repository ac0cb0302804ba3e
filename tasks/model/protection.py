"""Whom a pipeline protects: one rule for the plan, and for the look before a write. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Protection:
    """The accounts that are left alone, as ``user:ADDRESS`` and ``role:NAME``. Upper and lower case are alike.

    >>> Protection(("role:SUPER_USER",)).covers(["ada@acme.example"], ["super_user"])
    True
    """

    entries: tuple[str, ...] = ()

    def covers(self, addresses: Iterable[str], roles: Iterable[str]) -> bool:
        """Tell whether an account is protected by one of its addresses or roles."""
        known = {"user:" + address.casefold() for address in addresses}
        known |= {"role:" + role.casefold() for role in roles}
        return not self._folded.isdisjoint(known)

    @cached_property
    def _folded(self) -> frozenset[str]:
        return frozenset(entry.casefold() for entry in self.entries)
