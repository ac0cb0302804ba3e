"""Compare admin roles, and the groups that they are limited to. Pure.

At GoTo the limit is the account's: it binds all its roles, and a manager without any group manages everybody (GoTo
reference 4.2). So a rule's limit is set only where the roles are all ours. Beside roles that were given by hand it
would bind those, and without it ours would reach further than the rule says: then neither is touched.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from tasks.plan.differences import Difference
from tasks.plan.world import names, text


@dataclass
class RoleDifferences:
    """Who is to have other roles, or other limits, by index. ``by_hand``: whose limits cannot be set, since roles that
    were given by hand would be bound too, with the groups of the rule."""

    found: dict[int, Difference] = field(default_factory=dict)
    by_hand: dict[int, str] = field(default_factory=dict)


def role_differences(
    staying: pd.DataFrame, single: pd.DataFrame, groups: pd.DataFrame, keys: Mapping[str, str]
) -> RoleDifferences:
    """Return who lacks a role or limit that a rule gives, or holds a role that only we gave and no rule gives.

    Roles given by hand stay: only what a rule gave is taken away. *keys* are those of the groups that rules name and
    that are there (``differences.group_keys``).
    """
    name_of = dict(zip(groups["group_key"], groups["name"], strict=True))
    given = staying["link_roles"].map(lambda value: len(names(value)) > 0).astype(bool)
    differences = RoleDifferences()
    for at in staying.index[single["roles"].notna() | given]:
        has = _Has(
            roles=frozenset(names(staying.at[at, "current_roles"])),
            ours=frozenset(names(staying.at[at, "link_roles"])),
            groups=tuple(sorted(names(staying.at[at, "current_managed_groups"]))),
        )
        wanted = frozenset(names(single.at[at, "roles"]))
        limits = {name: keys.get(name) for name in sorted(names(single.at[at, "manages"]))}
        if has.by_hand:
            if wanted - has.by_hand and limits and set(limits.values()) != set(has.groups):
                differences.by_hand[at] = ", ".join(limits)
                wanted &= has.ours & has.roles  # nothing comes that would reach too far; what is there stays
            limits = {name_of.get(key, key): key for key in has.groups}
        difference = _difference(has, wanted, limits, text(single.at[at, "roles_rule"]))
        if difference is not None:
            differences.found[at] = difference
    return differences


@dataclass(frozen=True)
class _Has:
    roles: frozenset[str]
    ours: frozenset[str]
    groups: Sequence[str]

    @property
    def by_hand(self) -> frozenset[str]:
        return self.roles - self.ours


def _difference(
    has: _Has, wanted: frozenset[str], limits: Mapping[str, str | None], rule: str | None
) -> Difference | None:
    roles = has.by_hand | wanted
    if roles == has.roles and (not roles or set(limits.values()) == set(has.groups)):
        return None
    before: dict[str, Any] = {"roles": sorted(has.roles)}
    after: dict[str, Any] = {"roles": sorted(roles), "ours": sorted(wanted - has.by_hand)}
    if has.groups:
        before["managed_groups"] = list(has.groups)
    if limits and roles:
        after |= {"managed_groups": list(limits.values()), "manages": list(limits)}
    return Difference(before, after, (rule,) if rule else ())
