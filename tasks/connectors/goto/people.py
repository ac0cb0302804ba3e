"""Create and change users, in the ways of which it is not known which GoTo takes (facts W1 to W8, W16, W20, W21)."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import quote

from tasks.connectors.goto import wire
from tasks.connectors.goto.directory import Directory
from tasks.connectors.goto.seats import Seats
from tasks.connectors.goto.transport import Transport
from tasks.connectors.goto.wire import Placement
from tasks.model.errors import RefusedByTarget, UncertainCall
from tasks.model.operations import NewAccount, Operation, Refusal, Reply

ReadUser = Callable[[str], Awaitable[wire.User | None]]


class People:
    """Writes to the users of one account. ``directory`` is None where the pipeline does not feed it."""

    def __init__(
        self, transport: Transport, account: str, seats: Seats, read_user: ReadUser, directory: Directory | None
    ) -> None:
        self._transport = transport
        self._account = account
        self._seats = seats
        self._read_user = read_user
        self._directory = directory
        self._placement = Placement.BOTH

    async def create(self, operation: Operation) -> Reply:
        """Create people, all of whom get the same. Raises ``RefusedByTarget``, ``TargetDown``, ``UncertainCall``."""
        try:
            return await self._create(operation)
        except RefusedByTarget as refusal:
            if await self._seats.have_run_out(refusal, operation.payload.get("licences") or ()):
                raise self._seats.exceeded(refusal) from refusal
            if self._directory is not None and _asks_for_nothing(operation) and refusal.facts["status"] == 400:
                return await self._create_in_directory(operation, self._directory)
            raise

    async def _create(self, operation: Operation) -> Reply:
        """Write what people get where the platform takes it: in both places, unless it refuses fields in one."""
        while True:
            try:
                reply = await self._transport.post(
                    f"{self._account}/users?allOrNothing=false",
                    "create accounts",
                    partial(wire.created, people=operation.people),
                    body=wire.new_users(operation, self._placement),
                )
                break
            except RefusedByTarget as refusal:
                narrower = _narrower(self._placement, refusal)
                if narrower is None:
                    raise
                self._placement = narrower
        if self._placement is not Placement.BOTH and reply.created:
            await self._require_given(operation, next(iter(reply.created.values())))
        return reply

    async def _require_given(self, operation: Operation, account_key: str) -> None:
        """See by one of them whether a create in one place only gave what it says.

        If it did not, the place was the wrong one: who was made is left to be looked up, and completed call by call.
        """
        made = await self._read_user(account_key)
        if made is not None and not set(operation.payload.get("licences") or ()) <= set(made.licences):
            self._placement = Placement.TOP if self._placement is Placement.USERS else Placement.USERS
            raise UncertainCall(
                "GoTo created accounts, and passed over what they were to get.",
                sent="They are looked up, and given the rest one by one.",
            )

    async def _create_in_directory(self, operation: Operation, directory: Directory) -> Reply:
        """Make logins without a product where the Admin API makes none without a licence or role (W7)."""
        made: dict[str, str] = {}
        refused: dict[str, Refusal] = {}
        for person in operation.people:
            try:
                made[person.user_name] = await self._login(operation, directory, person)
            except RefusedByTarget as refusal:
                facts = refusal.facts
                code = wire.NAME_CONFLICT if facts["status"] == 409 else facts["code"] or "directory.refused"
                refused[person.user_name] = Refusal(code, facts["status"], facts["incident"])
        return Reply(created=made, refused=refused)

    async def _login(self, operation: Operation, directory: Directory, person: NewAccount) -> str:
        key = await directory.create_user(person)
        if group_key := operation.payload.get("group_key"):
            path = f"{self._account}/groups/{quote(group_key, safe='')}/users/{quote(key, safe='')}"
            await self._transport.write("PUT", path, "put an account into a group")
        return key

    async def update(self, account_key: str, payload: Mapping[str, Any]) -> None:
        """Change the fields that are given. An address that is locked is changed in the directory, if that is fed."""
        path = f"{self._account}/users/{quote(account_key, safe='')}"
        try:
            await self._transport.write("PUT", path, "update an account", body=wire.changed_fields(payload))
        except RefusedByTarget as refusal:
            address = payload.get("user_name")
            if self._directory is None or address is None or refusal.facts["status"] != 403:
                raise
            await self._directory.rename_user(account_key, address)
            rest = {name: value for name, value in payload.items() if name != "user_name"}
            if rest:
                await self._transport.write("PUT", path, "update an account", body=wire.changed_fields(rest))


def _asks_for_nothing(operation: Operation) -> bool:
    return not operation.payload.get("licences") and not operation.payload.get("roles")


def _narrower(placement: Placement, refusal: RefusedByTarget) -> Placement | None:
    """Return where to write next if a refusal is about a field that is not known there."""
    code = refusal.facts["code"] or ""
    if refusal.facts["status"] != 400 or not ("field" in code or "unknown" in code):
        return None
    return {Placement.BOTH: Placement.USERS, Placement.USERS: Placement.TOP}.get(placement)
