"""Accounts as they were last read, and when: what is older than a minute is read again before a write."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from tasks.connectors.base import Target
from tasks.model.operations import Operation, OperationKind
from tasks.model.state import AccountState, DirectoryGroup
from tasks.provision.recheck import effect


class Readings:
    """The accounts that one batch touches, read together, in as few calls as the target allows.

    ``expect`` names what the batch has still to look at; ``current`` and ``current_at`` read all of it that is too
    old when the one asked for is. An account with a call in flight is left as it was: what is read during a call is
    neither surely the state before it nor surely the one after it.
    """

    def __init__(self, target: Target, clock: Callable[[], datetime], max_age_s: float) -> None:
        self._target = target
        self._clock = clock
        self._max_age = timedelta(seconds=max_age_s)
        self._keys: set[str] = set()
        self._addresses: set[str] = set()
        self._busy: set[str] = set()
        self._calls: Counter[str] = Counter()
        self._by_key: dict[str, tuple[datetime, AccountState | None]] = {}
        self._by_address: dict[str, tuple[datetime, str | None]] = {}
        self._groups: tuple[datetime, dict[str, str]] | None = None
        self._missed_groups: set[str] = set()
        self._directory_groups: tuple[datetime, dict[str, str]] | None = None
        self._seats: tuple[datetime, dict[str, int]] | None = None
        self._members: dict[str, tuple[datetime, DirectoryGroup | None]] = {}
        self._lock = asyncio.Lock()

    def expect(self, keys: Iterable[str], addresses: Iterable[str]) -> None:
        self._keys.update(keys)
        self._addresses.update(address.casefold() for address in addresses)

    def forget(self, keys: Iterable[str], addresses: Iterable[str]) -> None:
        """Nothing more is to be done to these."""
        self._keys.difference_update(keys)
        self._addresses.difference_update(address.casefold() for address in addresses)

    async def current(self, key: str) -> AccountState | None:
        """Return an account as it stands, None if it is not there."""
        self.expect([key], [])
        await self._refresh(lambda: self._is_old(self._by_key.get(key)))
        return self._by_key[key][1]

    async def current_at(self, addresses: Iterable[str]) -> dict[str, AccountState]:
        """Return the accounts that stand at *addresses*, by address as given."""
        wanted = {address: address.casefold() for address in addresses}
        self.expect([], wanted.values())
        await self._refresh(lambda: any(self._is_old(self._by_address.get(folded)) for folded in wanted.values()))
        found = {address: self._by_address[folded][1] for address, folded in wanted.items()}
        states = {address: self._by_key[key][1] for address, key in found.items() if key is not None}
        return {address: state for address, state in states.items() if state is not None}

    async def read_again(self, keys: Iterable[str], addresses: Iterable[str]) -> None:
        """Read these now, however fresh they are."""
        async with self._lock:
            await self._read(sorted(keys), sorted(address.casefold() for address in addresses))

    async def groups(self, *, again: bool = False, holding: str | None = None) -> dict[str, str]:
        """Return the groups as they stand: key to name.

        A list without the group *holding*, which was there once, is asked for again: it may be an old one, or the
        answer to another call. Once for each group: one that is gone costs no more.
        """
        async with self._lock:
            if self._groups is None or again or self._is_old(self._groups):
                self._groups = (self._clock(), dict(await self._target.read_groups()))
            if holding is not None and holding not in self._groups[1] and holding not in self._missed_groups:
                self._missed_groups.add(holding)
                self._groups = (self._clock(), dict(await self._target.read_groups()))
            return self._groups[1]

    def note_group(self, key: str, name: str) -> None:
        if self._groups is not None:
            self._groups[1][key] = name

    async def directory_groups(self, *, again: bool = False) -> dict[str, str]:
        """Return the directory groups as they stand: key to name."""
        async with self._lock:
            if self._directory_groups is None or again or self._is_old(self._directory_groups):
                read_at = self._clock()
                found = await self._target.read_directory_groups([])
                self._directory_groups = (read_at, {key: group.name for key, group in found.items()})
            return self._directory_groups[1]

    async def seats(self) -> tuple[datetime, dict[str, int]]:
        """Return how many seats each licence has left, as far as that is known, and when that was read."""
        async with self._lock:
            if self._seats is None or self._is_old(self._seats):
                self._seats = (self._clock(), dict(await self._target.read_seats()))
            return self._seats

    def note_directory_group(self, key: str, name: str) -> None:
        if self._directory_groups is not None:
            self._directory_groups[1][key] = name

    async def directory_group(self, key: str, *, again: bool = False) -> DirectoryGroup | None:
        """Return a directory group as it stands, None if it is not there.

        Calls on one group come after each other, so nothing of ours is in flight while it is read.
        """
        if again or self._is_old(self._members.get(key)):
            read_at = self._clock()
            self._members[key] = (read_at, (await self._target.read_directory_groups([key])).get(key))
        return self._members[key][1]

    def note_members(self, operation: Operation) -> None:
        """Carry what a call to a directory group has done into what was read of it."""
        key = operation.payload["group_key"]
        read_at, group = self._members.get(key, (None, None))
        if read_at is not None and group is not None:
            left = group.members - set(operation.payload["remove"])
            self._members[key] = (read_at, replace(group, members=left | set(operation.payload["add"])))

    @contextmanager
    def calling(self, key: str | None) -> Iterator[None]:
        """Mark an account as having a call in flight."""
        if key is None:
            yield
            return
        self._busy.add(key)
        self._calls[key] += 1
        try:
            yield
        finally:
            self._busy.discard(key)

    def note(self, operation: Operation) -> None:
        """Carry what a call has done into what was read, so that the next look is at the state after it."""
        key = operation.account_key
        if key is not None and key in self._by_key:
            read_at, state = self._by_key[key]
            if state is None or operation.kind == OperationKind.DELETE_ACCOUNT:
                self._by_key[key] = (read_at, None)
            else:
                self._by_key[key] = (read_at, effect(operation, state))

    def _is_old(self, entry: tuple[datetime, object] | None) -> bool:
        return entry is None or self._clock() - entry[0] > self._max_age

    async def _refresh(self, is_needed: Callable[[], bool]) -> None:
        if not is_needed():
            return
        async with self._lock:
            if is_needed():  # somebody else may have read it while we waited
                keys = sorted(key for key in self._keys - self._busy if self._is_old(self._by_key.get(key)))
                addresses = sorted(one for one in self._addresses if self._is_old(self._by_address.get(one)))
                await self._read(keys, addresses)

    async def _read(self, keys: list[str], addresses: list[str]) -> None:
        read_at = self._clock()  # before the call: the answer may be as old as its question
        calls = self._calls.copy()
        found = await self._target.read_accounts(keys, addresses)
        states: dict[str, AccountState | None] = {**dict.fromkeys(keys), **{one.account_key: one for one in found}}
        self._by_address.update(dict.fromkeys(addresses, (read_at, None)))
        self._by_address.update({one.user_name.casefold(): (read_at, one.account_key) for one in found})
        for key, state in states.items():
            undisturbed = key not in self._busy and self._calls[key] == calls[key]
            if undisturbed or key not in self._by_key:
                self._by_key[key] = (read_at, state)
