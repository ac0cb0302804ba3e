"""A target in memory, told when to fail and when to answer late, and the accounts that it holds."""

import asyncio
import itertools
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any, Self

import pandas as pd

from tasks.connectors.base import Capabilities
from tasks.model.admins import AdminRole
from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall
from tasks.model.operations import Operation, OperationKind, Refusal, Reply
from tasks.model.state import AccountState, DirectoryGroup, TargetState
from tasks.model.tables import ACCOUNTS, DIRECTORY_GROUPS, DIRECTORY_MEMBERS, GRANTS, GROUPS, LICENCES, WEBINARS
from tasks.provision.recheck import effect

SUPER_ADMIN = AdminRole("SUPER_USER", unable=frozenset({"SUSPENDED", "INVITED"}))
MEETING, WEBINAR, TRAINING = "9001", "9002", "9003"


class Killed(BaseException):
    """The end of a process, as far as a test can have it without one."""


@dataclass(frozen=True)
class Licence:
    """A licence of the tenant, without its seats."""

    key: str
    description: str = ""
    products: tuple[str, ...] = ()


class MemoryTarget:
    """A tenant that does what it is told. ``fault`` sees each call before it is done and may raise.

    ``lost`` calls (numbered from 0) are done, but their answer is lost; ``dropped`` ones are lost before they are
    done; ``late`` ones are done while the caller waits, ``very_late`` ones when it makes its next call. During a
    ``fatal`` call the caller's process ends, after the call was done.
    """

    name = "memory"

    def __init__(
        self,
        *accounts: AccountState,
        groups: Mapping[str, str] | None = None,
        directory: Mapping[str, DirectoryGroup] | None = None,
        create_batch: int = 5,
        directory_piece: int = 3,
        licences: Sequence[Licence] = (Licence(MEETING), Licence(WEBINAR), Licence(TRAINING)),
    ) -> None:
        self.capabilities = Capabilities(
            create_batch=create_batch,
            directory_piece=directory_piece,
            seats=True,
            transfers=True,
            admin_role=SUPER_ADMIN,
        )
        self.tenant = self.account_key = "3001"  # what the credentials reach, and what was asked for
        self.accounts = {account.account_key: account for account in accounts}
        self.licences = {licence.key: licence for licence in licences}
        self.group_names = dict(groups or {})
        self.directory = dict(directory or {})
        self.invited: set[str] = set()  # keys of people who have not accepted yet
        self.elsewhere: set[str] = set()  # addresses of another account, whose people are asked to move here
        self.barred: set[str] = set()  # addresses of another account that are simply in use
        self.seats: dict[str, int] = {}
        self.calls: list[Operation] = []
        self.requests_sent = 0
        self.reads = 0
        self.directory_reads = 0
        self.seat_reads = 0
        self.admin_reads = 0
        self.mails: list[tuple[str, str]] = []
        self.fault: Callable[[Operation], None] = lambda operation: None
        self.lost: set[int] = set()
        self.dropped: set[int] = set()
        self.late: set[int] = set()
        self.very_late: set[int] = set()
        self.fatal: set[int] = set()
        self._under_way: list[tuple[int, Operation]] = []
        self._gone: set[str] = set()
        self._keys = {kind: itertools.count(1) for kind in ("70", "50", "60")}

    async def identify(self) -> str:
        self.requests_sent += 1
        if self.account_key != self.tenant:
            raise refused("account.not.reached", 403)
        return self.tenant

    async def read(self) -> TargetState:
        self.requests_sent += 1
        await asyncio.sleep(0)
        return whole(self)

    async def read_accounts(self, account_keys: Sequence[str], user_names: Sequence[str]) -> list[AccountState]:
        self.requests_sent += 1
        self.reads += 1
        wanted = {name.casefold() for name in user_names}
        found = [
            one
            for one in self.accounts.values()
            if one.account_key in account_keys or one.user_name.casefold() in wanted
        ]
        await asyncio.sleep(0)
        return found

    async def read_admins(self, holder: str | None = None) -> frozenset[str]:
        self.requests_sent += 1
        self.admin_reads += 1
        await asyncio.sleep(0)
        held = self.accounts.values()
        return frozenset(one.account_key for one in held if SUPER_ADMIN.can_be_used(one.roles, self.status_of(one)))

    async def read_groups(self) -> dict[str, str]:
        self.requests_sent += 1
        await asyncio.sleep(0)
        return dict(self.group_names)

    async def read_seats(self) -> dict[str, int]:
        self.requests_sent += 1
        self.seat_reads += 1
        await asyncio.sleep(0)
        return {key: seats - self._used(key) for key, seats in self.seats.items()}

    async def read_directory_groups(self, group_keys: Sequence[str]) -> dict[str, DirectoryGroup]:
        self.requests_sent += 1
        self.directory_reads += 1
        await asyncio.sleep(0)
        return {key: self.directory[key] for key in group_keys or self.directory if key in self.directory}

    async def read_webinars(self, account_keys: Sequence[str]) -> pd.DataFrame:
        self.requests_sent += 1
        await asyncio.sleep(0)
        return WEBINARS.empty()

    async def aclose(self) -> None:
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def perform(self, operation: Operation) -> Reply:
        number = len(self.calls)
        self.requests_sent += 1
        self.calls.append(operation)
        self.land(self.very_late)
        await asyncio.sleep(0)
        self.fault(operation)
        if number in self.late | self.very_late:
            self._under_way.append((number, operation))
        if number in self.late | self.very_late | self.dropped:
            raise UncertainCall("No answer came.")
        reply = self._do(operation)
        await asyncio.sleep(0)
        if number in self.lost:
            raise UncertainCall("No answer came.")
        if number in self.fatal:
            raise Killed
        return reply

    def land(self, numbers: set[int]) -> None:
        """Do those of the calls under way that have these numbers."""
        for number, operation in [one for one in self._under_way if one[0] in numbers]:
            self._under_way.remove((number, operation))
            with suppress(RefusedByTarget):  # nobody hears the answer
                self._do(operation)

    def _do(self, operation: Operation) -> Reply:
        match operation.kind:
            case OperationKind.CREATE_ACCOUNTS:
                return self._create(operation)
            case OperationKind.CREATE_GROUP:
                return self._create_group(operation.payload["name"])
            case OperationKind.CREATE_DIRECTORY_GROUP:
                return self._create_directory_group(operation.payload["name"])
            case OperationKind.CHANGE_DIRECTORY_GROUP:
                return self._change_directory_group(**operation.payload)
            case OperationKind.DELETE_ACCOUNT:
                return self._delete(str(operation.account_key))
        self._change(operation, str(operation.account_key))
        return Reply()

    def _change(self, operation: Operation, key: str) -> None:
        """Change one account. From one who is gone a licence is as good as taken."""
        if key not in self.accounts:
            if operation.kind == OperationKind.UNASSIGN_LICENCE:
                return
            raise refused("user.not.found", 404)
        match operation.kind:
            case OperationKind.ASSIGN_LICENCE if operation.payload["licence_key"] not in self.accounts[key].licences:
                self._take_seats(operation.payload["licence_key"])
            case OperationKind.JOIN_GROUP:
                self._require_group(operation.payload["group_key"])
            case OperationKind.UPDATE_ACCOUNT if "user_name" in operation.payload:
                self._require_free(operation.payload["user_name"], but=key)
        self.accounts[key] = effect(operation, self.accounts[key])

    def _create(self, operation: Operation) -> Reply:
        taken = {account.user_name.casefold() for account in self.accounts.values()} | self.barred
        free = [one for one in operation.people if one.user_name.casefold() not in taken]
        self._require_group(operation.payload["group_key"])
        for licence in operation.payload["licences"]:
            self._take_seats(licence, len(free))
        created = {}
        for one in free:
            key = created[one.user_name] = self._new_key("70", self.accounts.keys() | self._gone)
            self.accounts[key] = AccountState(
                key, one.user_name, one.given_name, one.family_name, one.locale,
                frozenset(operation.payload["licences"]), tuple(sorted(operation.payload["roles"])),
                operation.payload["group_key"], pending_transfer=one.user_name in self.elsewhere,
            )  # fmt: skip
            self.invited.add(key)
            if operation.notify:
                self.mails.append(("welcome", one.user_name))
        conflict = Refusal("user.name.conflict", 409)
        return Reply(created, {one.user_name: conflict for one in operation.people if one not in free})

    def _delete(self, key: str) -> Reply:
        self.accounts.pop(key, None)
        self._gone.add(key)
        for group in self.directory.values():
            self.directory[group.group_key] = replace(group, members=group.members - {key})
        return Reply()

    def _create_group(self, name: str) -> Reply:
        if name in self.group_names.values():
            raise refused("group.name.conflict", 409)
        key = self._new_key("50", self.group_names)
        self.group_names[key] = name
        return Reply(group_key=key)

    def _create_directory_group(self, name: str) -> Reply:
        if name.casefold() in (group.name.casefold() for group in self.directory.values()):
            raise refused("409", 409)
        key = self._new_key("60", self.directory)
        self.directory[key] = DirectoryGroup(key, name, frozenset())
        return Reply(group_key=key)

    def _change_directory_group(self, group_key: str, add: Sequence[str], remove: Sequence[str]) -> Reply:
        if group_key not in self.directory:
            raise refused("group.not.found", 404)
        if not self.accounts.keys() >= set(add):
            raise refused("400", 400)
        group = self.directory[group_key]
        self.directory[group_key] = replace(group, members=(group.members | set(add)) - set(remove))
        return Reply()

    def _new_key(self, kind: str, taken: Container[str]) -> str:
        """Return a key like 7001 that is not taken and was not given before."""
        return next(key for number in self._keys[kind] if (key := f"{kind}{number:02}") not in taken)

    def _require_group(self, key: str | None) -> None:
        if key is not None and key not in self.group_names:
            raise refused("group.not.found", 404)

    def _require_free(self, address: str, but: str) -> None:
        others = [one for one in self.accounts.values() if one.account_key != but]
        if address.casefold() in {one.user_name.casefold() for one in others} | self.barred:
            raise refused("user.name.conflict", 409)

    def _take_seats(self, licence: str, count: int = 1) -> None:
        if licence not in self.licences:
            raise refused("license.not.found", 404)
        if self._used(licence) + count > self.seats.get(licence, 10_000):
            raise refused("license.seats.exceeded", 409)

    def _used(self, licence: str) -> int:
        return sum(licence in account.licences for account in self.accounts.values())

    def status_of(self, one: AccountState) -> str:
        if one.pending_transfer:
            return "INVITED"
        if not one.licences and not one.roles:
            return "SUSPENDED"
        return "INVITED" if one.account_key in self.invited else "ACTIVE"

    def holdings(self) -> dict[str, tuple[Any, ...]]:
        """Return the tenant by address, with groups by name: what two runs are compared by."""
        return {
            one.user_name: (
                one.given_name, one.family_name, sorted(one.licences), sorted(one.roles),
                self.group_names.get(one.group_key or ""),
            )
            for one in self.accounts.values()
        }  # fmt: skip

    def members(self) -> dict[str, list[str]]:
        """Return who is in which directory group: addresses by name."""
        return {
            group.name: sorted(self.accounts[key].user_name for key in group.members if key in self.accounts)
            for group in self.directory.values()
        }

    def limits(self) -> dict[str, list[str]]:
        """Return to which groups the roles of whom are limited: names by address."""
        return {
            one.user_name: sorted(self.group_names[key] for key in one.managed_groups)
            for one in self.accounts.values()
            if one.managed_groups
        }


class CarelessTarget(MemoryTarget):
    """A tenant that gives roles without their limit. Its connector takes them back, unless the call of that number is
    ``cut`` between the two."""

    def __init__(self, *accounts: AccountState, **settings: Any) -> None:
        super().__init__(*accounts, groups={"5001": "Sales"}, **settings)
        self.cut: set[int] = set()
        self.killed: set[int] = set()

    def _do(self, operation: Operation) -> Reply:
        if operation.kind != OperationKind.SET_ROLES or not operation.payload["managed_groups"]:
            return super()._do(operation)
        key, payload = str(operation.account_key), operation.payload
        self.accounts[key] = replace(self.accounts[key], roles=tuple(payload["roles"]), managed_groups=())
        if len(self.calls) - 1 in self.killed:
            raise Killed
        if len(self.calls) - 1 in self.cut:
            raise UncertainCall("No answer came.")
        back = payload["fallback"]
        groups = tuple(back["managed_groups"])
        self.accounts[key] = replace(self.accounts[key], roles=tuple(back["roles"]), managed_groups=groups)
        raise RefusedByTarget("The limit was not kept.", status=None, code="roles.not.limited")


class BlindTarget(MemoryTarget):
    """A tenant of which nothing can be read once a call has had no answer."""

    async def read_accounts(self, account_keys: Sequence[str], user_names: Sequence[str]) -> list[AccountState]:
        if self.calls:
            raise down()
        return await super().read_accounts(account_keys, user_names)


def whole(target: MemoryTarget) -> TargetState:
    """Return all that a target in memory holds."""
    accounts = list(target.accounts.values())
    grants = [(one.account_key, licence) for one in accounts for licence in sorted(one.licences)]
    used = Counter(licence for _, licence in grants)
    return TargetState(
        ACCOUNTS.frame({**vars(one), "status": target.status_of(one)} for one in accounts),
        GRANTS.frame({"account_key": key, "licence_key": licence} for key, licence in grants),
        GROUPS.frame({"group_key": key, "name": name, "path": (name,)} for key, name in target.group_names.items()),
        LICENCES.frame(
            {
                "licence_key": one.key, "description": one.description, "products": one.products,
                "seats": target.seats.get(one.key), "used": used[one.key], "enabled": True,
            }
            for one in target.licences.values()
        ),
        DIRECTORY_GROUPS.frame({"group_key": one.group_key, "name": one.name} for one in target.directory.values()),
        DIRECTORY_MEMBERS.frame(
            {"group_key": one.group_key, "account_key": key}
            for one in target.directory.values()
            for key in sorted(one.members)
        ),
    )  # fmt: skip


def refused(code: str, status: int) -> RefusedByTarget:
    return RefusedByTarget("The target refused.", code=code, status=status, incident="0f0f")


def down() -> TargetDown:
    return TargetDown("The target cannot be reached.")


def directory_group(key: str, name: str, *members: str) -> DirectoryGroup:
    return DirectoryGroup(key, name, frozenset(members))


def account(key: str, *licences: str, roles: tuple[str, ...] = (), group: str | None = None) -> AccountState:
    return AccountState(key, f"p{key}@acme.example", "Pat", "Old", "en_US", frozenset(licences), roles, group)
