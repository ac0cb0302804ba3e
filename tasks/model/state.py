"""What a target holds: whole, as tables for comparing, and one account at a time, for the look before a write."""

from dataclasses import dataclass

import pandas as pd


@dataclass(frozen=True)
class TargetState:
    """All that a plan is compared with, in the tables of ``tasks.model.tables``."""

    accounts: pd.DataFrame  # ACCOUNTS
    grants: pd.DataFrame  # GRANTS
    groups: pd.DataFrame  # GROUPS
    licences: pd.DataFrame  # LICENCES


@dataclass(frozen=True)
class AccountState:
    """One account as it stands in the target now, for comparing just before a write."""

    account_key: str
    user_name: str
    given_name: str | None = None
    family_name: str | None = None
    locale: str | None = None
    licences: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    group_key: str | None = None
