"""A journal and a target whose process may end at any moment that they are asked for something."""

from collections.abc import Sequence
from typing import Any

from tasks.journal import Journal
from tasks.model.operations import Operation, Outcome, Reply
from tasks.model.state import AccountState
from tests.support.target import Killed, MemoryTarget


class Life:
    """What is left of one process's life, in moments; when it is over, nothing more is done in it."""

    def __init__(self, moments: int | None) -> None:
        self.moments = moments

    def moment(self) -> None:
        if self.moments is not None:
            self.moments -= 1
            if self.moments < 0:
                raise Killed


class MortalJournal(Journal):
    """A journal whose process may end just before or just after anything is written."""

    life = Life(None)

    def write(self, *args: Any, **kwargs: Any) -> list[list[Outcome]]:
        self.life.moment()
        recorded = super().write(*args, **kwargs)
        self.life.moment()
        return recorded


class MortalTarget(MemoryTarget):
    """A target whose caller may end just before a call reaches it, or just after it was carried out."""

    life = Life(None)

    async def read_accounts(self, account_keys: Sequence[str], user_names: Sequence[str]) -> list[AccountState]:
        self.life.moment()
        return await super().read_accounts(account_keys, user_names)

    async def read_seats(self) -> dict[str, int]:
        self.life.moment()
        return await super().read_seats()

    async def read_admins(self, holder: str | None = None) -> frozenset[str]:
        self.life.moment()
        return await super().read_admins(holder)

    async def perform(self, operation: Operation) -> Reply:
        self.life.moment()
        try:
            return await super().perform(operation)
        finally:
            self.life.moment()
