"""Who is in which directory group of the tenant, and by whose doing. Pure, on tables."""

import pandas as pd

from tasks.model.state import TargetState
from tasks.model.tables import LIST_SEPARATOR

PAIR = ["account_key", "group_key"]


def held_memberships(state: TargetState, linked: pd.DataFrame) -> pd.DataFrame:
    """Return DIRECTORY_MEMBERS with the group's ``name`` and ``ours``: whether we put the account there.

    One row per group and account; *linked* is that of ``people.live_links``.
    """
    members = state.directory_members.merge(state.directory_groups, on="group_key", how="left")
    given = linked[["account_key", "link_directory_groups"]].rename(columns={"link_directory_groups": "group_key"})
    pairs = given.explode("group_key").dropna(subset=["group_key"])
    ours = pd.MultiIndex.from_frame(pairs[PAIR].astype("str"))
    return members.assign(ours=pd.MultiIndex.from_frame(members[PAIR]).isin(ours))


def tenant_groups(state: TargetState, linked: pd.DataFrame) -> pd.Series:
    """Return the names of the directory groups that each account is in, joined: one value per account in any.

    Those that we put an account in are left out: the roster speaks for them, and a membership that the roster no
    longer gives must not go on giving what its group gives.
    """
    held = held_memberships(state, linked)
    others = held[~held["ours"]].sort_values(["account_key", "name"])
    names: pd.Series = others.groupby("account_key")["name"].agg(LIST_SEPARATOR.join)
    return names
