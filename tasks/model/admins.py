"""Who is in charge of a tenant: one rule for the plan, and for the look before a write. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from tasks.model.plan import Action, Change


@dataclass(frozen=True)
class AdminRole:
    """The role without which nobody can manage a tenant. Accounts of the statuses *unable* cannot use it."""

    name: str
    unable: frozenset[str] = frozenset()

    def can_be_used(self, roles: Iterable[str], status: str | None) -> bool:
        """Tell whether an account with these roles and this status can act as such an admin."""
        return self.name in roles and status not in self.unable

    def is_taken_by(self, change: Change) -> bool:
        """Tell whether a change takes the role from an account, or the account with it."""
        if change.action not in (Action.SUSPEND, Action.DELETE, Action.SET_ROLE):
            return False
        return self.name in change.before["roles"] and self.name not in change.after["roles"]
