"""Create and change users, in the ways of which it is not known which GoTo takes (facts W1 to W8, W16, W20, W21)."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any
from urllib.parse import quote

from tasks.connectors.goto import wire
from tasks.connectors.goto.directory import Directory
from tasks.connectors.goto.parts import after_a_write
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
            wanted = operation.payload.get("licences") or ()
            if await self._seats.have_run_out(refusal, wanted, people=len(operation.people)):
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
        So it is where that cannot be seen.
        """
        with after_a_write("create accounts"):
            made = await self._read_user(account_key)
        if made is None or not _is_given(operation.payload, made):
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
            with after_a_write("create accounts") if made else nullcontext():
                answer = await _login(directory, person)
            if isinstance(answer, Refusal):
                refused[person.user_name] = answer
            else:
                made[person.user_name] = answer
        if group_key := operation.payload.get("group_key"):
            with after_a_write("put new accounts into a group"):
                for key in made.values():
                    path = f"{self._account}/groups/{quote(group_key, safe='')}/users/{quote(key, safe='')}"
                    await self._transport.write("PUT", path, "put an account into a group")
        return Reply(created=made, refused=refused)

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
                with after_a_write("update an account"):
                    await self._transport.write("PUT", path, "update an account", body=wire.changed_fields(rest))


async def _login(directory: Directory, person: NewAccount) -> str | Refusal:
    """Make one login, and return its key, or why there is none."""
    try:
        return await directory.create_user(person)
    except RefusedByTarget as refusal:
        facts = refusal.facts
        code = wire.NAME_CONFLICT if facts["status"] == 409 else facts["code"] or "directory.refused"
        return Refusal(code, facts["status"], facts["incident"])


def _is_given(payload: Mapping[str, Any], made: wire.User) -> bool:
    """Whether somebody new holds the licences, roles and group that their create named."""
    has_licences = set(payload.get("licences") or ()) <= set(made.licences)
    has_roles = set(payload.get("roles") or ()) <= set(made.roles)
    return has_licences and has_roles and payload.get("group_key") in (None, made.group_key)


def _asks_for_nothing(operation: Operation) -> bool:
    return not operation.payload.get("licences") and not operation.payload.get("roles")


def _narrower(placement: Placement, refusal: RefusedByTarget) -> Placement | None:
    """Return where to write next if a refusal is about a field that is not known there."""
    code = refusal.facts["code"] or ""
    if refusal.facts["status"] != 400 or not ("field" in code or "unknown" in code):
        return None
    return {Placement.BOTH: Placement.USERS, Placement.USERS: Placement.TOP}.get(placement)
