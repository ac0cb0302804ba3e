"""What every target can do for the engine. A connector translates; it decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

import pandas as pd

from tasks.model.admins import AdminRole
from tasks.model.operations import Operation, Reply
from tasks.model.state import AccountState, DirectoryGroup, TargetState


@dataclass(frozen=True)
class Capabilities:
    """What a target's API offers. ``create_batch`` is how many people one create may carry."""

    create_batch: int = 1
    groups_per_account: int | None = None  # None: any number
    directory_piece: int = 0  # how many members one change of a directory group may carry; 0: there are none
    seats: bool = False
    transfers: bool = False  # whether an address may belong to another account, and has to be moved here
    status: bool = False  # False: being suspended means having no product and no role (GoTo)
    admin_role: AdminRole | None = None  # without which nobody can manage the tenant


class Target(Protocol):
    """A tenant of a service. Methods raise ``TargetDown`` and ``CredentialsRefused`` (certainly not done),
    ``UncertainCall`` (perhaps done) and ``RefusedByTarget`` (certainly not done, and repeating will not help).

    From ``perform`` the first two say that nothing has left that changes anything, or what was ``heard`` of it.
    """

    name: str
    capabilities: Capabilities

    @property
    def requests_sent(self) -> int:
        """How many requests were made of the target so far, retries included."""
        ...

    async def __aenter__(self) -> Self: ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def identify(self) -> str:
        """Return the key of the tenant that the credentials reach. Raises ``RefusedByTarget`` if they reach another."""
        ...

    async def read(self) -> TargetState:
        """Read accounts, grants, groups and licences, whole."""
        ...

    async def read_accounts(self, account_keys: Sequence[str], user_names: Sequence[str]) -> list[AccountState]:
        """Read these accounts as they stand now, by key and by address, in as few calls as the target allows.

        Absent accounts are simply not in the answer. Addresses compare without regard to case.
        """
        ...

    async def read_admins(self, holder: str | None = None) -> frozenset[str]:
        """Return the keys of all accounts that can use the ``admin_role`` now; none where there is no such role.

        *holder* was just seen with the role. Raises ``TargetDown`` if the answer does not show them with it, and they
        have it all the same: then it says nothing of who else has it.
        """
        ...

    async def read_groups(self) -> dict[str, str]:
        """Return the groups as they stand now: key to name."""
        ...

    async def read_seats(self) -> dict[str, int]:
        """Return how many seats each licence has left now, by key; those of which that is not known are not in it."""
        ...

    async def read_directory_groups(self, group_keys: Sequence[str]) -> dict[str, DirectoryGroup]:
        """Return these directory groups as they stand now, by key; all of them where *group_keys* is empty.

        Groups that are not there are not in the answer.
        """
        ...

    async def read_webinars(self, account_keys: Sequence[str]) -> pd.DataFrame:
        """Return the scheduled webinars of these accounts (WEBINARS)."""
        ...

    async def perform(self, operation: Operation) -> Reply:
        """Carry out one call."""
        ...

    async def aclose(self) -> None: ...
