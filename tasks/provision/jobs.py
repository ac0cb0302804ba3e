"""Which calls a plan takes, in which order, which changes share one, and where the batches are cut. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from tasks.connectors.base import Capabilities
from tasks.model.operations import Operation
from tasks.model.pipeline import CUSTOM_ROLE
from tasks.model.plan import PHASES, SENDS_NOTHING, Action, Change, Plan, sort_changes
from tasks.provision.operations import change_job_id, change_operations, group_name, limit_of, signature

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
            return f"directory group by {_group_of(self.members[0])}"
        return (self.change.account_key if self.change else None) or self.job_id


def compile_jobs(plan: Plan, capabilities: Capabilities, *, notify: bool = True) -> tuple[Job, ...]:
    """Return the jobs of *plan*, in the order in which they are done: by phase, then by person.

    Equal plans give equal jobs, with equal ids. What the plan's new people get travels with their create, as far as a
    create can carry it: up to ``create_batch`` people of equal licences, roles, group and templates in one.
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


def _change_job(plan_hash: str, change: Change, *, notify: bool) -> Job:
    announced = notify and change.account_key is not None  # who is new has had the welcome mail, and needs no other
    operations = (
        ()
        if change.action in SENDS_NOTHING
        else change_operations(plan_hash, change, change.account_key, notify=announced)
    )
    return Job(change_job_id(plan_hash, change.change_id), PHASES[change.action], change, operations)


def _newcomers(changes: Sequence[Change]) -> list[Newcomer]:
    creates = {change.subject: Newcomer(change) for change in changes if change.action == Action.CREATE}
    for change in changes:
        if _folds(change) and change.subject in creates:
            one = creates[change.subject]
            creates[change.subject] = replace(one, extras=(*one.extras, change))
    return list(creates.values())


def _folds(change: Change) -> bool:
    """Tell whether a create can carry a change: a role can travel if it is the target's own and without a limit."""
    if change.action not in FOLDED or change.account_key is not None:
        return False
    if change.action != Action.SET_ROLE:
        return True
    return limit_of(change) is None and not any(role.startswith(CUSTOM_ROLE) for role in change.after["roles"])


def _alike(newcomers: Iterable[Newcomer], size: int) -> Iterator[tuple[Newcomer, ...]]:
    groups: dict[tuple[Any, ...], list[Newcomer]] = defaultdict(list)
    for one in newcomers:
        groups[signature(one.create, one.extras)].append(one)
    for alike in groups.values():
        for start in range(0, len(alike), size):
            yield tuple(alike[start : start + size])


def _pieces(changes: Iterable[Change], size: int) -> Iterator[tuple[Change, ...]]:
    """Cut the changes to directory groups into pieces of one group and one direction."""
    groups: dict[tuple[Action, str], list[Change]] = defaultdict(list)
    for change in changes:
        if change.action in DIRECTORY:
            groups[change.action, _group_of(change)].append(change)
    for together in groups.values():
        for start in range(0, len(together), size):
            yield tuple(together[start : start + size])


def _group_of(change: Change) -> str:
    """Return what tells the directory group of a change from all others: its key, or the name it will be made under.

    Names of directory groups are unique whatever their case, and rosters may spell one in several ways.
    """
    key = change.before.get("group_key") or change.after.get("group_key")
    return f"key {key}" if key else f"name {group_name(change).casefold()}"
