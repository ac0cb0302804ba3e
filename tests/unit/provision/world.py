"""A small world to apply plans to: a tenant in memory, told when to fail, and builders of changes and plans."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from tasks.connectors.base import Capabilities
from tasks.journal import Journal, RunRecord
from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall
from tasks.model.operations import Operation, OperationKind, Refusal, Reply
from tasks.model.plan import MAKES_A_GROUP, Action, Cause, Change, Header, Leaving, Plan, change_id
from tasks.model.state import AccountState, DirectoryGroup, TargetState
from tasks.provision import ApplyResult, Runtime, apply_plan
from tasks.provision.recheck import effect

PIPELINE, TARGET = "acme", "goto"
MIDNIGHT = datetime(2026, 3, 31, tzinfo=UTC)
MEETING, WEBINAR, TRAINING = "9001", "9002", "9003"


class Killed(BaseException):
    """The end of a process, as far as a test can have it without one."""


class Clock:
    """Time that passes by a millisecond a look, and by hand."""

    def __init__(self) -> None:
        self.now = MIDNIGHT

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


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
    ) -> None:
        self.capabilities = Capabilities(
            create_batch=create_batch, directory_piece=directory_piece, seats=True, transfers=True
        )
        self.accounts = {account.account_key: account for account in accounts}
        self.group_names = dict(groups or {})
        self.directory = dict(directory or {})
        self.elsewhere: set[str] = set()  # addresses of another account, whose people are asked to move here
        self.barred: set[str] = set()  # addresses of another account that are simply in use
        self.seats: dict[str, int] = {}
        self.calls: list[Operation] = []
        self.reads = 0
        self.directory_reads = 0
        self.mails: list[tuple[str, str]] = []
        self.fault: Callable[[Operation], None] = lambda operation: None
        self.lost: set[int] = set()
        self.dropped: set[int] = set()
        self.late: set[int] = set()
        self.very_late: set[int] = set()
        self.fatal: set[int] = set()
        self._under_way: list[tuple[int, Operation]] = []

    async def identify(self) -> str:
        return "3001"

    async def read(self) -> TargetState:
        raise NotImplementedError

    async def read_accounts(self, account_keys: Sequence[str], user_names: Sequence[str]) -> list[AccountState]:
        self.reads += 1
        wanted = {name.casefold() for name in user_names}
        found = [one for one in self.accounts.values() if one.account_key in account_keys or one.user_name in wanted]
        await asyncio.sleep(0)
        return found

    async def read_groups(self) -> dict[str, str]:
        await asyncio.sleep(0)
        return dict(self.group_names)

    async def read_directory_groups(self, group_keys: Sequence[str]) -> dict[str, DirectoryGroup]:
        self.directory_reads += 1
        await asyncio.sleep(0)
        return {key: self.directory[key] for key in group_keys or self.directory if key in self.directory}

    async def aclose(self) -> None:
        return None

    async def perform(self, operation: Operation) -> Reply:
        number = len(self.calls)
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
                if operation.payload["name"] in self.group_names.values():
                    raise refused("group.name.conflict", 409)
                key = str(5001 + len(self.group_names))
                self.group_names[key] = operation.payload["name"]
                return Reply(group_key=key)
            case OperationKind.CREATE_DIRECTORY_GROUP:
                return self._create_directory_group(operation.payload["name"])
            case OperationKind.CHANGE_DIRECTORY_GROUP:
                return self._change_directory_group(**operation.payload)
            case OperationKind.DELETE_ACCOUNT:
                del self.accounts[str(operation.account_key)]
                return Reply()
        key = str(operation.account_key)
        if key not in self.accounts:
            raise refused("user.not.found", 404)
        if operation.kind == OperationKind.ASSIGN_LICENCE:
            self._take_seats(operation.payload["licence_key"])
        self.accounts[key] = effect(operation, self.accounts[key])
        return Reply()

    def _create(self, operation: Operation) -> Reply:
        taken = {account.user_name for account in self.accounts.values()} | self.barred
        free = [one for one in operation.people if one.user_name not in taken]
        for licence in operation.payload["licences"]:
            self._take_seats(licence, len(free))
        created = {}
        for one in free:
            key = created[one.user_name] = str(7001 + len(self.accounts))
            self.accounts[key] = AccountState(
                key, one.user_name, one.given_name, one.family_name, one.locale,
                frozenset(operation.payload["licences"]), tuple(operation.payload["roles"]),
                operation.payload["group_key"], pending_transfer=one.user_name in self.elsewhere,
            )  # fmt: skip
            self.mails.append(("welcome", one.user_name))
        conflict = Refusal("user.name.conflict", 409)
        return Reply(created, {one.user_name: conflict for one in operation.people if one not in free})

    def _create_directory_group(self, name: str) -> Reply:
        if name.casefold() in (group.name.casefold() for group in self.directory.values()):
            raise refused("409", 409)
        key = str(6001 + len(self.directory))
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

    def _take_seats(self, licence: str, count: int = 1) -> None:
        used = sum(licence in account.licences for account in self.accounts.values())
        if used + count > self.seats.get(licence, 10_000):
            raise refused("license.seats.exceeded", 409)

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


def refused(code: str, status: int) -> RefusedByTarget:
    return RefusedByTarget("The target refused.", code=code, status=status, incident="0f0f")


def down() -> TargetDown:
    return TargetDown("The target cannot be reached.")


def directory_group(key: str, name: str, *members: str) -> DirectoryGroup:
    return DirectoryGroup(key, name, frozenset(members))


def account(key: str, *licences: str, roles: tuple[str, ...] = (), group: str | None = None) -> AccountState:
    return AccountState(key, f"p{key}@acme.example", "Pat", "Old", "en_US", frozenset(licences), roles, group)


class PlanBuilder:
    """Collects changes; ``plan`` puts them into a plan. Accounts that it touches are adopted unless told otherwise."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def add(
        self,
        action: Action,
        person: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        key: str | None = None,
        needs: Sequence[Change] = (),
    ) -> Change:
        group = action in MAKES_A_GROUP
        subject = ("", "") if group else ("hr", person)
        change = Change(
            change_id=change_id(PIPELINE, TARGET, action, subject, before, after),
            action=action,
            cause=Cause.JOINER,
            source=None if group else "hr",
            external_id=None if group else person,
            account_key=key,
            user_name=None if group else f"p{person}@acme.example",
            before=before,
            after=after,
            needs=tuple(need.change_id for need in needs),
            worker_digest=None if group else f"digest of {person}",
        )
        self.changes.append(change)
        return change

    def adopt(self, key: str, licences: Sequence[str] = ()) -> Change:
        after = {"user_name": f"p{key}@acme.example", "licences": list(licences)}
        return self.add(Action.ADOPT, key, {}, after, key=key)

    def create(self, person: str, needs: Sequence[Change] = (), **templates: str) -> Change:
        names = {"user_name": f"p{person}@acme.example", "given_name": "Pat", "family_name": "New", "locale": "en_US"}
        return self.add(Action.CREATE, person, {}, names | templates, needs=needs)

    def grant(self, person: str, licence: str, key: str | None = None, needs: Sequence[Change] = ()) -> Change:
        after = {"licence": licence, "product": "G2M"}
        return self.add(Action.GRANT, person, {"licence": None}, after, key=key, needs=needs)

    def revoke(self, person: str, licence: str, needs: Sequence[Change] = ()) -> Change:
        before = {"licence": licence, "products": ["G2M"]}
        return self.add(Action.REVOKE, person, before, {"licence": None}, key=person, needs=needs)

    def roles(
        self, person: str, before: list[str], after: list[str], key: str | None = None, needs: Sequence[Change] = ()
    ) -> Change:
        return self.add(
            Action.SET_ROLE, person, {"roles": before}, {"roles": after, "ours": after}, key=key, needs=needs
        )

    def limited(
        self,
        person: str,
        roles: list[str],
        groups: Mapping[str, str | None],
        key: str | None = None,
        needs: Sequence[Change] = (),
    ) -> Change:
        """Give *roles* to somebody who has none, for *groups* only: names to keys, None where the plan makes them."""
        limit = {"manages": list(groups), "managed_groups": list(groups.values())}
        after = {"roles": roles, "ours": roles, **limit}
        return self.add(Action.SET_ROLE, person, {"roles": []}, after, key=key, needs=needs)

    def group(self, name: str) -> Change:
        return self.add(Action.CREATE_GROUP, name, {"group": None}, {"group": name})

    def directory_group(self, name: str) -> Change:
        return self.add(Action.CREATE_DIRECTORY_GROUP, name, {"directory_group": None}, {"directory_group": name})

    def enter(
        self, person: str, name: str, group_key: str | None, key: str | None = None, needs: Sequence[Change] = ()
    ) -> Change:
        """Put somebody into a directory group."""
        after = {"directory_group": name, "group_key": group_key}
        return self.add(Action.ADD_DIRECTORY_MEMBER, person, {"directory_group": None}, after, key=key, needs=needs)

    def quit(self, person: str, name: str, group_key: str) -> Change:
        """Take somebody out of a directory group."""
        before = {"directory_group": name, "group_key": group_key}
        return self.add(Action.REMOVE_DIRECTORY_MEMBER, person, before, {"directory_group": None}, key=person)

    def join(
        self, person: str, group: str, group_key: str | None, key: str | None = None, needs: Sequence[Change] = ()
    ) -> Change:
        before, after = {"group": None, "group_key": None}, {"group": group, "group_key": group_key}
        return self.add(Action.ADD_MEMBER, person, before, after, key=key, needs=needs)

    def leave(self, person: str, group: str, group_key: str) -> Change:
        before, after = {"group": group, "group_key": group_key}, {"group": None, "group_key": None}
        return self.add(Action.REMOVE_MEMBER, person, before, after, key=person)

    def update(self, person: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
        return self.add(Action.UPDATE, person, before, after, key=person)

    def suspend(self, person: str, licences: Sequence[str], roles: Sequence[str] = ()) -> Change:
        before = {"licences": list(licences), "products": ["G2M"], "roles": list(roles)}
        return self.add(Action.SUSPEND, person, before, {"licences": [], "products": [], "roles": []}, key=person)

    def delete(self, person: str) -> Change:
        before = {"licences": [], "products": [], "roles": []}
        return self.add(Action.DELETE, person, before, {"licences": [], "products": [], "roles": []}, key=person)

    def reactivate(self, person: str) -> Change:
        return self.add(Action.REACTIVATE, person, {"state": "suspended"}, {"state": "active"}, key=person)

    def plan(self, *, generation: int = 0, leaving: Sequence[Leaving] = (), rules_hash: str = "rules") -> Plan:
        header = Header(PIPELINE, TARGET, "2026-03-31", generation, (), "mapping", rules_hash)
        return Plan(header, tuple(self.changes), leaving=tuple(leaving))


class World:
    """A journal, a tenant and a clock; ``apply`` is one run of the command."""

    def __init__(self, folder: Path, target: MemoryTarget) -> None:
        self.journal = Journal.open(folder / "journal.db")
        self.target = target
        self.clock = Clock()
        self.runs = 0

    def runtime(self, **settings: Any) -> Runtime:
        async def wait(seconds: float) -> None:
            self.clock.forward(seconds)
            self.target.land(self.target.late)
            await asyncio.sleep(0)

        ready: dict[str, Any] = {
            "journal": self.journal, "target": self.target, "run_id": f"run-{self.runs}", "clock": self.clock,
            "sleep": wait,
        }  # fmt: skip
        return Runtime(**(ready | settings))

    def record(self, plan: Plan) -> None:
        self.journal.record_plan(plan.hash, plan.to_bytes(), PIPELINE, TARGET, self.clock())

    def begin_run(self, **settings: Any) -> Runtime:
        self.runs += 1
        runtime = self.runtime(**settings)
        self.journal.begin_run(RunRecord(runtime.run_id, PIPELINE, "apply", self.clock()))
        return runtime

    def apply(self, plan: Plan, **settings: Any) -> ApplyResult:
        self.record(plan)
        runtime = self.begin_run(**settings)
        result = asyncio.run(apply_plan(plan, runtime))
        assert runtime.tally.calls == result.sent  # the process counts what the journal counts
        self.journal.finish_run(runtime.run_id, result.exit_code, "Completed", {}, self.clock())
        return result

    def adopt(self, *keys: str) -> None:
        """Link accounts, with what they hold noted as given by us, by a plan of their own."""
        builder = PlanBuilder()
        for key in keys:
            builder.adopt(key, sorted(self.target.accounts[key].licences))
        self.apply(builder.plan(generation=self.journal.generation(PIPELINE)))

    def links(self) -> dict[str, dict[str, Any]]:
        table = self.journal.links(PIPELINE, TARGET)
        return {row["external_id"]: row for row in table.to_dict("records")}

    def move(self, key: str, **fields: Any) -> None:
        """Change an account behind our back."""
        self.target.accounts[key] = replace(self.target.accounts[key], **fields)


def ended(result: ApplyResult, change: Change) -> str:
    return str(result.outcomes[change.change_id].status)
