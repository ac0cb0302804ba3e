"""What a target holds: whole, as tables for comparing, and one account at a time, for the look before a write."""

from dataclasses import dataclass, field

import pandas as pd

from tasks.model.tables import DIRECTORY_GROUPS, DIRECTORY_MEMBERS, TEMPLATES, WEBINARS


@dataclass(frozen=True)
class TargetState:
    """All that a plan is compared with, in the tables of ``tasks.model.tables``."""

    accounts: pd.DataFrame  # ACCOUNTS
    grants: pd.DataFrame  # GRANTS
    groups: pd.DataFrame  # GROUPS
    licences: pd.DataFrame  # LICENCES
    directory_groups: pd.DataFrame = field(default_factory=DIRECTORY_GROUPS.empty)  # where the pipeline reads them
    directory_members: pd.DataFrame = field(default_factory=DIRECTORY_MEMBERS.empty)
    templates: pd.DataFrame = field(default_factory=TEMPLATES.empty)
    webinars: pd.DataFrame = field(default_factory=WEBINARS.empty)  # of those who are due to be deleted


@dataclass(frozen=True)
class AccountState:
    """One account as it stands in the target now, for comparing just before a write.

    ``activated`` says that the person has taken the account into use: it was not made a moment ago.
    """

    account_key: str
    user_name: str
    given_name: str | None = None
    family_name: str | None = None
    locale: str | None = None
    licences: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    group_key: str | None = None
    managed_groups: tuple[str, ...] = ()
    pending_transfer: bool = False
    activated: bool = False


@dataclass(frozen=True)
class DirectoryGroup:
    """One directory group as it stands in the target now; ``members`` are account keys, nested groups left out."""

    group_key: str
    name: str
    members: frozenset[str]
