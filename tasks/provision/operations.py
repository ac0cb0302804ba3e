"""From changes to calls: which calls a plan takes, in which order, and which changes share one. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.connectors.base import Capabilities
from tasks.model.operations import NewAccount, Operation, OperationKind
from tasks.model.plan import PHASES, SENDS_NOTHING, Action, Change, Plan, digest, sort_changes

BATCH_SIZE = 200

FOLDED = frozenset({Action.GRANT, Action.ADD_MEMBER, Action.SET_ROLE})
"""What a create can carry for its people, so that it is one call and one mail."""

DIRECTORY = frozenset({Action.ADD_DIRECTORY_MEMBER, Action.REMOVE_DIRECTORY_MEMBER})
"""Changes to one group of the directory, many of which go in one call."""


@dataclass(frozen=True)
class Newcomer:
    """One person to be created, with the changes that the create can carry."""

    create: Change
    extras: tuple[Change, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        return (self.create, *self.extras)

    @property
    def address(self) -> str:
        return str(self.create.after["user_name"])


@dataclass(frozen=True)
class Job:
    """What is done at a stretch: a create of several people with all they get, one change with all its calls, or a
    piece of one directory group's members.

    A job has either ``newcomers``, all of whom get the same, or ``members``, all of whom join or all leave one group,
    or one ``change`` with its ``operations`` in order (none for a change that sends nothing).
    """

    job_id: str
    phase: int
    change: Change | None = None
    operations: tuple[Operation, ...] = ()
    newcomers: tuple[Newcomer, ...] = ()
    members: tuple[Change, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        if self.change is not None:
            return (self.change,)
        if self.members:
            return self.members
        return tuple(change for newcomer in self.newcomers for change in newcomer.changes)

    @property
    def is_quiet(self) -> bool:
        """Tell whether the job sends nothing."""
        return self.change is not None and self.change.action in SENDS_NOTHING

    @property
    def calls(self) -> int:
        return 1 if self.newcomers or self.members else len(self.operations)

    @property
    def lane(self) -> str:
        """What two jobs must share for one to wait for the other: the account or directory group, else itself."""
        if self.members:
            return f"directory group {group_name(self.members[0])}"
        return (self.change.account_key if self.change else None) or self.job_id


def compile_jobs(plan: Plan, capabilities: Capabilities, *, notify: bool = True) -> tuple[Job, ...]:
    """Return the jobs of *plan*, in the order in which they are done: by phase, then by person.

    Equal plans give equal jobs, with equal ids. What the plan's new people get travels with their create, up to
    ``create_batch`` people of equal licences, roles and group in one.
    """
    plan_hash = plan.hash
    changes = sort_changes(plan.changes)
    newcomers = _newcomers(changes)
    folded = {change.change_id for newcomer in newcomers for change in newcomer.changes}
    single = [change for change in changes if change.change_id not in folded and change.action not in DIRECTORY]
    jobs = [_change_job(plan_hash, change, notify=notify) for change in single]
    jobs += [
        Job(change_job_id(plan_hash, *(one.change_id for one in piece)), PHASES[piece[0].action], members=piece)
        for piece in _pieces(changes, max(capabilities.directory_piece, 1))
    ]
    jobs += [
        Job(change_job_id(plan_hash, *(one.create.change_id for one in batch)), PHASES[Action.CREATE], newcomers=batch)
        for batch in _alike(newcomers, capabilities.create_batch)
    ]
    return tuple(sorted(jobs, key=lambda job: job.phase))  # stable: within a phase the order above holds


def batches(jobs: Sequence[Job], size: int = BATCH_SIZE) -> list[tuple[Job, ...]]:
    """Cut *jobs* into batches of about *size* calls, in order, never through a job."""
    cut: list[list[Job]] = [[]]
    calls = 0
    for job in jobs:
        if cut[-1] and calls + max(job.calls, 1) > size:
            cut.append([])
            calls = 0
        cut[-1].append(job)
        calls += max(job.calls, 1)
    return [tuple(batch) for batch in cut if batch]


def create_operation(
    plan_hash: str, people: Sequence[Newcomer], extras: Iterable[Change], group_key: str | None, *, notify: bool
) -> Operation:
    """Return the call that creates *people* and gives each of them what *extras* (all people's) give."""
    extras = list(extras)
    payload = _entitlements(extras) | {"group_key": group_key}
    change_ids = tuple(sorted(change.change_id for change in [*(one.create for one in people), *extras]))
    accounts = tuple(
        NewAccount(
            one.create.change_id,
            one.address,
            one.create.after.get("given_name"),
            one.create.after.get("family_name"),
            one.create.after.get("locale"),
        )
        for one in people
    )
    kind = OperationKind.CREATE_ACCOUNTS
    op_id = _op_id(plan_hash, kind, change_ids, {})
    return Operation(op_id, kind, change_ids, people=accounts, payload=payload, notify=notify)


UNANNOUNCED = frozenset({Action.SUSPEND, Action.DELETE})
"""Nobody is written to about losing what they left behind: the mailbox is gone, or somebody else reads it."""


def change_operations(
    plan_hash: str, change: Change, account_key: str | None, *, notify: bool
) -> tuple[Operation, ...]:
    """Return the calls that carry out one change, in order. The key of a group that the plan makes is left open."""
    return tuple(
        Operation(
            op_id=_op_id(plan_hash, kind, (change.change_id,), payload),
            kind=kind,
            change_ids=(change.change_id,),
            account_key=account_key,
            payload=payload,
            notify=notify and change.action not in UNANNOUNCED,
        )
        for kind, payload in _calls(change)
    )


def signature(extras: Iterable[Change]) -> tuple[Any, ...]:
    """Return what *extras* give, comparable: people with equal signatures can share a create."""
    extras = list(extras)
    given = _entitlements(extras)
    groups = tuple((change.after["group"] or "", change.after["group_key"] or "") for change in _joins(extras))
    return (tuple(given["licences"]), tuple(given["roles"]), groups)


def _calls(change: Change) -> Iterator[tuple[OperationKind, dict[str, Any]]]:
    match change.action:
        case Action.UPDATE:
            yield OperationKind.UPDATE_ACCOUNT, dict(change.after)
        case Action.GRANT:
            yield OperationKind.ASSIGN_LICENCE, {"licence_key": change.after["licence"]}
        case Action.REVOKE:
            yield OperationKind.UNASSIGN_LICENCE, {"licence_key": change.before["licence"]}
        case Action.SET_ROLE:
            yield OperationKind.SET_ROLES, {"roles": list(change.after["roles"])}
        case Action.ADD_MEMBER:
            yield OperationKind.JOIN_GROUP, {"group_key": change.after["group_key"]}
        case Action.REMOVE_MEMBER:
            yield OperationKind.LEAVE_GROUPS, {}
        case Action.CREATE_GROUP:
            yield OperationKind.CREATE_GROUP, {"name": change.after["group"]}
        case Action.CREATE_DIRECTORY_GROUP:
            yield OperationKind.CREATE_DIRECTORY_GROUP, {"name": change.after["directory_group"]}
        case Action.DELETE:
            yield OperationKind.DELETE_ACCOUNT, {}
        case Action.SUSPEND:
            for licence in sorted(change.before["licences"]):
                yield OperationKind.UNASSIGN_LICENCE, {"licence_key": licence}
            if change.before["roles"]:
                yield OperationKind.SET_ROLES, {"roles": []}


def _change_job(plan_hash: str, change: Change, *, notify: bool) -> Job:
    operations = (
        ()
        if change.action in SENDS_NOTHING
        else change_operations(plan_hash, change, change.account_key, notify=notify)
    )
    return Job(change_job_id(plan_hash, change.change_id), PHASES[change.action], change, operations)


def _newcomers(changes: Sequence[Change]) -> list[Newcomer]:
    creates = {change.subject: Newcomer(change) for change in changes if change.action == Action.CREATE}
    for change in changes:
        if change.action in FOLDED and change.account_key is None and change.subject in creates:
            one = creates[change.subject]
            creates[change.subject] = replace(one, extras=(*one.extras, change))
    return list(creates.values())


def _alike(newcomers: Iterable[Newcomer], size: int) -> Iterator[tuple[Newcomer, ...]]:
    groups: dict[tuple[Any, ...], list[Newcomer]] = defaultdict(list)
    for one in newcomers:
        groups[signature(one.extras)].append(one)
    for alike in groups.values():
        for start in range(0, len(alike), size):
            yield tuple(alike[start : start + size])


def _pieces(changes: Iterable[Change], size: int) -> Iterator[tuple[Change, ...]]:
    """Cut the changes to directory groups into pieces of one group and one direction."""
    groups: dict[tuple[Action, str], list[Change]] = defaultdict(list)
    for change in changes:
        if change.action in DIRECTORY:
            groups[change.action, group_name(change)].append(change)
    for together in groups.values():
        for start in range(0, len(together), size):
            yield tuple(together[start : start + size])


def group_name(change: Change) -> str:
    """Return the name of the directory group that a change is about."""
    return str(change.after.get("directory_group") or change.before.get("directory_group"))


def directory_operation(plan_hash: str, group_key: str, changes: Mapping[str, Change], *, join: bool) -> Operation:
    """Return the call that puts accounts (the keys of *changes*) into a directory group, or takes them out."""
    accounts = sorted(changes)
    payload = {"group_key": group_key, "add": accounts if join else [], "remove": [] if join else accounts}
    ids = tuple(sorted(change.change_id for change in changes.values()))
    kind = OperationKind.CHANGE_DIRECTORY_GROUP
    return Operation(_op_id(plan_hash, kind, ids, payload), kind, ids, payload=payload)


def _joins(extras: Iterable[Change]) -> list[Change]:
    return [change for change in extras if change.action == Action.ADD_MEMBER]


def _entitlements(extras: Sequence[Change]) -> dict[str, Any]:
    licences = {change.after["licence"] for change in extras if change.action == Action.GRANT}
    roles = {role for change in extras if change.action == Action.SET_ROLE for role in change.after["roles"]}
    return {"licences": sorted(licences), "roles": sorted(roles)}


def change_job_id(plan_hash: str, *change_ids: str) -> str:
    """Return the id of the job that does these changes."""
    return digest([plan_hash, *change_ids])[:16]


def _op_id(plan_hash: str, kind: OperationKind, change_ids: Sequence[str], payload: Mapping[str, Any]) -> str:
    return digest([plan_hash, kind, list(change_ids), dict(payload)])[:16]
