"""A GoTo account as a ``Target``: which call answers which question, and which call does which thing."""

import asyncio
import math
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import quote

import httpx
import pandas as pd

from tasks.connectors.base import Capabilities
from tasks.connectors.goto import wire
from tasks.connectors.goto.directory import MAX_MEMBERS, Directory
from tasks.connectors.goto.faults import PERHAPS_DONE, is_bare
from tasks.connectors.goto.listing import PAGE_SIZE, read_whole
from tasks.connectors.goto.parts import after_a_write, requests
from tasks.connectors.goto.people import People
from tasks.connectors.goto.roles import SUPER_ADMIN, Roles
from tasks.connectors.goto.seats import Seats, free_seats
from tasks.connectors.goto.tokens import TokenSource
from tasks.connectors.goto.transport import Transport
from tasks.connectors.goto.webinars import Webinars
from tasks.model.errors import RefusedByTarget, TargetDown, TargetError, UncertainCall
from tasks.model.operations import Operation, OperationKind, Reply
from tasks.model.pipeline import GotoTarget
from tasks.model.state import AccountState, DirectoryGroup, TargetState

T = TypeVar("T")
NOT_FOUND = 404
SINGLE_READS = 2
"""Up to so many accounts are looked up one by one without asking first how many there are."""


@dataclass(frozen=True)
class Apis:
    """The APIs of GoTo, each with a pace of its own: the limit is counted for each."""

    admin: Transport
    directory: Transport
    webinars: Transport


class GotoConnector:
    """One GoTo account, reached over the Admin API. Made by ``open_goto``.

    Calls that change the same account must come one after the other; the engine sees to that.
    """

    def __init__(self, spec: GotoTarget, apis: Apis, tokens: TokenSource, http: httpx.AsyncClient) -> None:
        self.name = spec.name
        self.capabilities = Capabilities(
            create_batch=20,
            groups_per_account=1,
            directory_piece=MAX_MEMBERS if spec.directory == "feed" else 0,
            seats=True,
            transfers=True,
            status=False,
            admin_role=SUPER_ADMIN,
        )
        self.apis = apis
        self._reads_directory = spec.directory != "none"
        self._account_key = spec.account_key
        self._account = f"/accounts/{spec.account_key}"
        self._transport = apis.admin
        self._directory = Directory(apis.directory, merges=spec.directory_patch == "merge")
        self._webinars = Webinars(apis.webinars)
        self._tokens = tokens
        self._http = http
        self._user_count: int | None = None
        self._roles = Roles(self._transport, self._account, self._plain_user)
        self._seats = Seats(
            self._transport, self._account, self._user_once, partial(self._list, "licenses", wire.licence)
        )
        fed = self._directory if spec.directory == "feed" else None
        self._people = People(self._transport, self._account, self._seats, self._plain_user, fed)

    @property
    def requests_sent(self) -> int:
        """How many requests went to GoTo's APIs, repeated ones included."""
        return sum(api.requests_sent for api in vars(self.apis).values())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def caller(self) -> tuple[str, list[str]]:
        """Return the key of the person behind the token, and the accounts that they can work in."""
        return await self._transport.get(
            "/me", "say who we are", lambda me: (wire.key_of(me["key"]), wire.reachable_accounts(me))
        )

    @property
    def has_token(self) -> bool:
        """Whether the token service has taken the credentials."""
        return self._tokens.has_one

    async def granted_scopes(self) -> tuple[str, ...] | None:
        """Return the scopes of the token, None where there is none or its answer names none."""
        try:
            return (await self._tokens.current()).scopes
        except TargetError:
            return None

    async def identify(self) -> str:
        """Return the account's key. Raises ``RefusedByTarget`` if the credentials reach other accounts only."""
        reachable = await self._transport.get("/me", "say who we are", wire.reachable_accounts)
        if self._account_key in reachable:
            return self._account_key
        raise RefusedByTarget(
            f"The credentials do not reach account {self._account_key}; they reach "
            f"{', '.join(reachable) or 'no account'}.",
            remedy="Check account_key of the target, or make the token as an admin of that account.",
            reachable=reachable,
        )

    async def read(self) -> TargetState:
        """Read users, groups and licences, whole, and the directory where the pipeline asks for it."""
        state = await self.read_tenant()
        return wire.with_directory(state, (await self._directory.groups()).values()) if self._reads_directory else state

    async def read_tenant(self) -> TargetState:
        """Read users, groups and licences, whole, and nothing of the directory."""
        licences = await self._list("licenses", wire.licence)
        groups = await self._list("groups", wire.group)
        return wire.with_templates(wire.state(await self._users(), groups, licences), await self._templates())

    async def _templates(self) -> list[wire.Template]:
        """Read the e-mail templates; an account or a token that knows of none has none.

        Whether every account has this list is not known (R12), so a gateway that knows no such path will do: nothing is
        taken away for want of a template.
        """
        try:
            return await self._list("templates", wire.template)
        except RefusedByTarget:
            return []
        except TargetDown as down:
            if not is_bare(down, (NOT_FOUND,)):
                raise
            return []

    async def read_accounts(self, account_keys: Sequence[str], user_names: Sequence[str]) -> list[AccountState]:
        """Read these accounts, sorted by key: one call each, or all users where the pages are fewer than that.

        Whom a list lacks, or may show as they were before a call of ours, is asked for again: it may be an old one, or
        the answer to another call.
        """
        keys, addresses = set(account_keys), {name.casefold(): name for name in user_names}
        if await self._listing_is_shorter(len(keys) + len(addresses)):
            users = await self._users()
            missing = keys - {user.key for user in users}
            if len(missing) > SINGLE_READS:
                users += await self._users()
            else:
                users += [user for user in await _together([self._user(key) for key in sorted(missing)]) if user]
        else:
            lookups = [self._user(key) for key in sorted(keys)]
            lookups += [self._user_at(addresses[folded]) for folded in sorted(addresses)]
            users = [user for user in await _together(lookups) if user is not None]
        wanted = {user.key: user for user in users if user.key in keys or (user.email or "").casefold() in addresses}
        old = [key for key, user in wanted.items() if self._seats.proves_little(user)]
        wanted |= {user.key: user for user in await _together([self._user(key) for key in old]) if user}
        return [wire.account_state(wanted[key]) for key in sorted(wanted)]

    async def read_admins(self, holder: str | None = None) -> frozenset[str]:
        """Return who can act as super admin: one request for each 1000 users.

        A list without the role of *holder* is asked for again: it may be the answer to another call, or an old one.
        """
        users = await self._list("users", wire.user)
        if holder is not None and not _is_chief(holder, users):
            users = await self._list("users", wire.user)
            if not _is_chief(holder, users) and _is_chief(holder, [await self._plain_user(holder)]):
                raise TargetDown(
                    "GoTo's list of the users cannot be believed: it does not show a super admin who is one.",
                    remedy="Try again later; if it stays so, check that no proxy stands between.",
                )
        return frozenset(user.key for user in users if SUPER_ADMIN.can_be_used(user.roles, user.status))

    async def read_groups(self) -> dict[str, str]:
        return {group.key: group.name or "" for group in await self._list("groups", wire.group)}

    async def read_seats(self) -> dict[str, int]:
        """Return the seats that are left."""
        found = {one.key: free_seats(one) for one in await self._list("licenses", wire.licence)}
        return {key: free for key, free in found.items() if free is not None}

    async def read_directory_groups(self, group_keys: Sequence[str]) -> dict[str, DirectoryGroup]:
        return {key: group.noun for key, group in (await self._directory.find(group_keys)).items()}

    async def read_webinars(self, account_keys: Sequence[str]) -> pd.DataFrame:
        return await self._webinars.scheduled(account_keys, datetime.now(UTC))

    async def perform(self, operation: Operation) -> Reply:
        """Carry out one call; see ``Target`` for what is raised. What is already so counts as done."""
        steps: dict[OperationKind, Callable[[Operation], Coroutine[Any, Any, Reply | None]]] = {
            OperationKind.CREATE_ACCOUNTS: self._create_accounts,
            OperationKind.UPDATE_ACCOUNT: self._update_account,
            OperationKind.ASSIGN_LICENCE: self._assign_licence,
            OperationKind.UNASSIGN_LICENCE: self._unassign_licence,
            OperationKind.SET_ROLES: self._set_roles,
            OperationKind.JOIN_GROUP: self._join_group,
            OperationKind.LEAVE_GROUPS: self._leave_groups,
            OperationKind.CREATE_GROUP: self._create_group,
            OperationKind.DELETE_ACCOUNT: self._delete_account,
            OperationKind.CREATE_DIRECTORY_GROUP: self._create_directory_group,
            OperationKind.CHANGE_DIRECTORY_GROUP: self._change_directory_group,
        }
        with requests():
            return await steps[operation.kind](operation) or Reply()

    # Reading

    async def _list(self, name: str, read: Callable[[Any], wire.Item]) -> list[wire.Item]:
        what = {"licenses": "licences", "templates": "e-mail templates"}.get(name, name)

        async def fetch(offset: int) -> wire.Page[wire.Item]:
            path = f"{self._account}/{name}?offset={offset}&pageSize={PAGE_SIZE}"
            return await self._transport.get(path, f"list the {what}", partial(wire.page, read=read))

        return await read_whole(fetch, what)

    async def _users(self) -> list[wire.User]:
        users = await self._list("users", wire.user)
        self._user_count = len(users)
        return await self._roles.named(users)

    async def _listing_is_shorter(self, lookups: int) -> bool:
        if lookups <= SINGLE_READS:
            return False
        if self._user_count is None:
            path = f"{self._account}/users?offset=0&pageSize=1"
            page = await self._transport.get(path, "count the users", partial(wire.page, read=wire.user))
            self._user_count = page.total
        return self._user_count is not None and lookups > math.ceil(self._user_count / PAGE_SIZE)

    async def _user(self, account_key: str) -> wire.User | None:
        """Read one user, with the tenant's own role by its name."""
        user = await self._plain_user(account_key)
        return None if user is None else (await self._roles.named([user]))[0]

    async def _plain_user(self, account_key: str) -> wire.User | None:
        """Read one user, once more if the answer may be older than a call of ours to their licences."""
        user = await self._user_once(account_key)
        return await self._user_once(account_key) if user is not None and self._seats.proves_little(user) else user

    async def _user_once(self, account_key: str) -> wire.User | None:
        """Read one user. Where a 404 is not of GoTo's form it says nothing of them, and the list of all users tells."""
        try:
            parse = partial(wire.user_of, key=account_key)
            return await self._transport.get(self._user_path(account_key), "read a user", parse)
        except RefusedByTarget as refusal:
            if _absent(refusal, "user.not.found"):
                return None
            raise
        except TargetDown as down:
            if not is_bare(down, (NOT_FOUND,)):
                raise
            listed = await self._list("users", wire.user)
            return next((user for user in listed if user.key == account_key), None)

    async def _user_at(self, address: str) -> wire.User | None:
        """Find a user by address. Whether GoTo's filter heeds case is not documented, so lower case is tried too.

        An answer that names others only is none to this question: then all users are read.
        """
        is_odd = False
        for spelling in dict.fromkeys((address, address.lower())):
            path = f"{self._account}/users?{wire.address_filter(spelling)}"
            page = await self._transport.get(path, "look an address up", partial(wire.page, read=wire.user))
            if found := _at(address, page.items):
                return (await self._roles.named([found]))[0]
            is_odd = is_odd or bool(page.items or page.total)
        return _at(address, await self._users()) if is_odd else None

    # Writing

    async def _create_accounts(self, operation: Operation) -> Reply:
        return await self._people.create(operation)

    async def _update_account(self, operation: Operation) -> None:
        await self._people.update(_account_key(operation), operation.payload)

    async def _set_roles(self, operation: Operation) -> None:
        await self._roles.set(_account_key(operation), operation.payload, notify=operation.notify)

    async def _assign_licence(self, operation: Operation) -> None:
        await self._seats.assign(_account_key(operation), operation.payload["licence_key"], notify=operation.notify)

    async def _unassign_licence(self, operation: Operation) -> None:
        await self._seats.unassign(_account_key(operation), operation.payload["licence_key"], notify=operation.notify)

    async def _join_group(self, operation: Operation) -> None:
        group_key, account_key = operation.payload["group_key"], _account_key(operation)
        path = f"{self._account}/groups/{_segment(group_key)}/users/{_segment(account_key)}"
        await self._transport.write("PUT", path, "put an account into a group")

    async def _leave_groups(self, operation: Operation) -> None:
        """Take an account out of every group: the only removal there is, and all that is needed with one group each."""
        path = self._user_path(_account_key(operation)) + "/groups"
        try:
            await self._transport.write("DELETE", path, "take an account out of its group")
        except RefusedByTarget as refusal:
            if not _absent(refusal, "group.not.found"):
                raise
            user = await self._plain_user(_account_key(operation))
            if user is not None and user.group_key is not None:
                raise

    async def _create_group(self, operation: Operation) -> Reply:
        """Create a group. A bare key does not show whose it is, so that group is read before its key is used."""
        name = operation.payload["name"]
        key, is_shown = await self._transport.post(
            f"{self._account}/groups", "create a group", partial(wire.new_group, name=name), body={"name": name}
        )
        if not is_shown:
            with after_a_write("create a group"):
                path = f"{self._account}/groups/{_segment(key)}"
                made = await self._transport.get(path, "read a new group", partial(wire.group_of, key=key))
            if (made.name or "").strip().casefold() != name.strip().casefold():
                raise UncertainCall(
                    "GoTo's answer to the call to create a group has the key of another group.",
                    sent=PERHAPS_DONE,
                    remedy="It is looked up by its name.",
                )
        return Reply(group_key=key)

    async def _delete_account(self, operation: Operation) -> None:
        try:
            await self._transport.write("DELETE", self._user_path(_account_key(operation)), "delete an account")
        except RefusedByTarget as refusal:
            if not _absent(refusal, "user.not.found") or await self._plain_user(_account_key(operation)) is not None:
                raise

    async def _create_directory_group(self, operation: Operation) -> Reply:
        return Reply(group_key=await self._directory.create_group(operation.payload["name"]))

    async def _change_directory_group(self, operation: Operation) -> None:
        payload = operation.payload
        await self._directory.change_group(payload["group_key"], payload["add"], payload["remove"])

    def _user_path(self, account_key: str) -> str:
        return f"{self._account}/users/{_segment(account_key)}"


def _account_key(operation: Operation) -> str:
    if operation.account_key is None:
        raise ValueError(f"operation {operation.op_id} ({operation.kind}) names no account")
    return operation.account_key


def _is_chief(key: str, users: Iterable[wire.User | None]) -> bool:
    return any(user is not None and user.key == key and SUPER_ADMIN.name in user.roles for user in users)


def _at(address: str, users: Sequence[wire.User]) -> wire.User | None:
    return next((user for user in users if (user.email or "").casefold() == address.casefold()), None)


def _segment(key: str) -> str:
    return quote(key, safe="")


def _absent(refusal: RefusedByTarget, code: str) -> bool:
    """Whether GoTo says that the thing itself is not there, and not something on the way to it."""
    return refusal.facts["status"] == NOT_FOUND and refusal.facts["code"] in (None, code)


async def _together(reads: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run reads at the same time. The first error ends them all, and is raised as it is."""
    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(read) for read in reads]
    except ExceptionGroup as failures:
        first = failures.exceptions[0]
        raise first from first.__cause__
    return [task.result() for task in tasks]
