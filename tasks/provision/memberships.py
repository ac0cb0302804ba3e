"""Put people into a directory group, or take them out: many in a call, each with an outcome of their own.

Joining twice is joining once, and sends no mail; so a call without an answer is simply looked up in the group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.journal import REREAD, Attempt, CallResult, Settled
from tasks.model.errors import RefusedByTarget
from tasks.model.operations import MAX_TRIES, NO_ANSWER, OutcomeStatus
from tasks.model.plan import Action, Change
from tasks.model.state import DirectoryGroup
from tasks.provision.batch import Batch
from tasks.provision.jobs import Job
from tasks.provision.operations import directory_operation
from tasks.provision.protected import is_protected
from tasks.provision.reasons import DIRECTORY_GROUP_GONE, FORBIDDEN, PROTECTED, UNLINKED, UNMET


@dataclass(frozen=True)
class _Piece:
    """Members of one group who all join or all leave it. ``ours`` are the changes that a call of ours may have done."""

    batch: Batch
    job: Job
    ours: set[str]

    @property
    def joins(self) -> bool:
        return self.job.members[0].action == Action.ADD_DIRECTORY_MEMBER

    async def group(self, *, again: bool = False) -> DirectoryGroup | None:
        """Return the group as it stands, None if it is gone."""
        key = await self.batch.directory_group_key(self.job.members[0])
        return await self.batch.readings.directory_group(key, again=again) if key else None


async def change_members(batch: Batch, job: Job) -> None:
    """Do one piece of a group's members, and record what became of each."""
    open_calls = batch.open_calls(job)
    if all(batch.is_final(change) for change in job.members) and not open_calls:
        return
    reached = [call for call in batch.calls(job) if call.result == CallResult.DONE or call.may_land]
    piece = _Piece(batch, job, {change_id for call in reached for change_id in call.attempt.change_ids})
    if open_calls:
        await batch.let_earlier_settle()
        await _look_up(piece, await piece.group(again=True), [call.attempt for call in open_calls])
    await _change(piece, job.members)


async def _change(piece: _Piece, changes: Sequence[Change]) -> None:
    """Send those of *changes* that are not as wanted; look each call without an answer up, and try three times."""
    batch = piece.batch
    for _ in range(MAX_TRIES):
        group = await piece.group()
        due = await _settle(piece, changes, group)
        if group is None or not due or not batch.may_send:
            return
        operation = directory_operation(batch.plan_hash, group.group_key, due, join=piece.joins)
        answer = await batch.attempt(piece.job, operation)
        if answer.refusal is not None:
            await _refused(piece, due, answer.attempt, answer.refusal)
            return
        if answer.reply is not None:
            batch.readings.note_members(operation)
            settled = [
                batch.good(change, account_key=key, group_key=group.group_key, incident=answer.reply.incident)
                for key, change in sorted(due.items())
            ]
            await batch.conclude(answer.attempt, CallResult.DONE, settled=settled, incident=answer.reply.incident)
            return
        piece.ours.update(operation.change_ids)
        await batch.let_settle()
        await _look_up(piece, await piece.group(again=True), [answer.attempt])
    rest = await _settle(piece, changes, await piece.group())
    await batch.record(batch.bad(change, OutcomeStatus.FAILED, NO_ANSWER) for change in rest.values())


async def _look_up(piece: _Piece, group: DirectoryGroup | None, attempts: Sequence[Attempt]) -> None:
    """Conclude calls without an answer by who is in the group now, and settle whom they have reached."""
    for attempt in attempts:
        concerned = [change for change in piece.job.members if change.change_id in attempt.change_ids]
        settled = _as_wanted(piece, concerned, group) if group is not None else []
        result = CallResult.DONE if _has_landed(attempt, group) else CallResult.NOT_SENT
        await piece.batch.conclude(attempt, result, reply=REREAD, settled=settled)


def _has_landed(attempt: Attempt, group: DirectoryGroup | None) -> bool:
    """Tell whether somebody whom a call was to put in is in, or is out whom it was to take out. It carried no others
    than those who were not as wanted."""
    if group is None:
        return False
    return bool(group.members & set(attempt.payload["add"]) or set(attempt.payload["remove"]) - group.members)


def _as_wanted(piece: _Piece, changes: Sequence[Change], group: DirectoryGroup) -> list[Settled]:
    """Return the good outcomes of those open changes whose account is, or is not, in the group as they want it."""
    settled = []
    for change in changes:
        account = _account(piece.batch, change)
        if account and not piece.batch.is_final(change) and (account in group.members) == piece.joins:
            status = OutcomeStatus.DONE if change.change_id in piece.ours else OutcomeStatus.ALREADY
            settled.append(piece.batch.good(change, status, account_key=account, group_key=group.group_key))
    return settled


def _account(batch: Batch, change: Change) -> str | None:
    """Return the account of a change, None if it is not, or no more, linked to the person; or not there yet."""
    linked = batch.linked_account(change)
    return linked if change.account_key in (None, linked) and batch.is_met(change) else None


async def _settle(piece: _Piece, changes: Sequence[Change], group: DirectoryGroup | None) -> dict[str, Change]:
    """Record what needs no call; return what does, by account."""
    batch = piece.batch
    open_ = [change for change in changes if not batch.is_final(change)]
    await batch.skip([change for change in open_ if not batch.is_met(change)], UNMET)
    able = [change for change in open_ if batch.is_met(change)]
    if group is None:
        await batch.record(_without_group(batch, change) for change in able)
        return {}
    await batch.record(_as_wanted(piece, able, group))
    rest = [(change, _account(batch, change)) for change in able if not batch.is_final(change)]
    await batch.record(batch.bad(change, OutcomeStatus.STALE, UNLINKED) for change, account in rest if account is None)
    there = {account: change for change, account in rest if account is not None}
    protected = await _protected(batch, there)
    await batch.record(batch.bad(change, OutcomeStatus.STALE, PROTECTED) for change in protected.values())
    return {account: change for account, change in there.items() if account not in protected}


async def _protected(batch: Batch, changes: Mapping[str, Change]) -> dict[str, Change]:
    """Return those of *changes*, by account, whose account is protected by now. People whom this plan made are none.

    A call to a group looks at no account: they are read for this alone, and only where the pipeline protects anybody.
    """
    if not batch.runtime.protection.entries:
        return {}
    here = {account: change for account, change in changes.items() if change.account_key is not None}
    states = {account: await batch.readings.current(account) for account in here}
    return {account: change for account, change in here.items() if is_protected(batch, change, states[account])}


def _without_group(batch: Batch, change: Change) -> Settled:
    """Nobody is in a group that is gone: who was to leave it has left."""
    if change.action == Action.REMOVE_DIRECTORY_MEMBER:
        return batch.good(change, OutcomeStatus.ALREADY)
    return batch.bad(change, OutcomeStatus.STALE, DIRECTORY_GROUP_GONE)


async def _refused(piece: _Piece, due: Mapping[str, Change], attempt: Attempt, refusal: RefusedByTarget) -> None:
    """Record a refusal; if it may be about one of several people they are tried in halves, so that it is theirs alone.

    Without the right to write, or where the call was too much for its connector, it is everybody's.
    """
    batch = piece.batch
    async with batch.heard(attempt, refusal):
        left = await _settle(piece, list(due.values()), await piece.group(again=True))
    everybodys = refusal.facts.get("status") in (None, FORBIDDEN)
    final = everybodys or len(left) <= 1
    settled = [batch.refused(change, refusal) for change in left.values()] if final else []
    await batch.conclude(attempt, CallResult.REFUSED, refusal=refusal, settled=settled)
    if not final:
        changes = list(left.values())
        for half in (changes[: len(changes) // 2], changes[len(changes) // 2 :]):
            await _change(piece, half)
