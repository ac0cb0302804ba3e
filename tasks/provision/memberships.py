"""Put people into a directory group, or take them out: many in a call, each with an outcome of their own.

Joining twice is joining once, and sends no mail; so a call without an answer is simply looked up in the group.
"""

from collections.abc import Sequence

from tasks.journal import REREAD, Attempt, CallResult, Settled
from tasks.model.errors import RefusedByTarget
from tasks.model.operations import OutcomeStatus
from tasks.model.plan import Action, Change
from tasks.model.state import DirectoryGroup
from tasks.provision.batch import MAX_TRIES, NO_ANSWER, UNMET, Answer, Batch
from tasks.provision.operations import Job, directory_operation, group_name

GROUP_GONE = "The directory group is no longer there."
UNLINKED = "The account is not, or no more, the one linked to this person."


async def change_members(batch: Batch, job: Job) -> None:
    """Do one piece of a group's members, and record what became of each."""
    if all(batch.is_final(change) for change in job.members) and not batch.open_calls(job):
        return
    ours = {
        change_id
        for call in batch.calls(job)
        if call.result != CallResult.REFUSED
        for change_id in call.attempt.change_ids
    }
    if batch.open_calls(job):
        await batch.let_earlier_settle()
    await _change(batch, job, job.members, ours, [call.attempt for call in batch.open_calls(job)])


async def _change(
    batch: Batch, job: Job, changes: Sequence[Change], ours: set[str], open_attempts: list[Attempt]
) -> None:
    """Look at the group, settle whoever is as wanted, send the rest; three times at most."""
    for _ in range(MAX_TRIES):
        group = await _group(batch, changes[0])
        due = _settle(batch, changes, group, ours)
        for attempt in open_attempts:
            done = not {change.change_id for change in due.values()} & set(attempt.change_ids)
            batch.conclude(attempt, CallResult.DONE if done else CallResult.NOT_SENT, reply=REREAD)
        if group is None or not due or not batch.may_send:
            return
        join = changes[0].action == Action.ADD_DIRECTORY_MEMBER
        operation = directory_operation(batch.plan_hash, group.group_key, due, join=join)
        answer = await batch.attempt(job, operation)
        if answer.refusal is not None:
            await _refused(batch, job, due, answer.attempt, answer.refusal, ours)
            return
        if answer.reply is not None:
            _conclude(batch, due, answer, group.group_key)
            return
        ours |= set(operation.change_ids)
        open_attempts = [answer.attempt]
        await batch.let_settle()
    rest = _settle(batch, changes, await _group(batch, changes[0]), ours)
    for attempt in open_attempts:
        batch.conclude(attempt, CallResult.NOT_SENT if rest else CallResult.DONE, reply=REREAD)
    batch.record(batch.bad(change, OutcomeStatus.FAILED, NO_ANSWER) for change in rest.values())


async def _group(batch: Batch, change: Change) -> DirectoryGroup | None:
    """Return the group as it stands now: by its key, or the one of that name where this plan was to make it."""
    key = change.before.get("group_key") or change.after.get("group_key")
    if key is None:
        name = group_name(change)
        named = {found.casefold(): one for one, found in (await batch.readings.directory_groups()).items()}
        key = batch.made_directory_groups.get(name) or named.get(name.casefold())
    return await batch.readings.directory_group(key) if key else None


def _settle(batch: Batch, changes: Sequence[Change], group: DirectoryGroup | None, ours: set[str]) -> dict[str, Change]:
    """Record what needs no call; return what does, by account."""
    open_ = [change for change in changes if not batch.is_final(change)]
    batch.skip([change for change in open_ if not batch.is_met(change)], UNMET)
    due: dict[str, Change] = {}
    settled: list[Settled] = []
    for change in open_:
        account = batch.linked_account(change)
        if not batch.is_met(change):
            continue
        if group is None:
            settled.append(_without_group(batch, change))
        elif account is None or change.account_key not in (None, account):
            settled.append(batch.bad(change, OutcomeStatus.STALE, UNLINKED))
        elif (account in group.members) == (change.action == Action.ADD_DIRECTORY_MEMBER):
            status = OutcomeStatus.DONE if change.change_id in ours else OutcomeStatus.ALREADY
            settled.append(batch.good(change, status, account_key=account, group_key=group.group_key))
        else:
            due[account] = change
    batch.record(settled)
    return due


def _without_group(batch: Batch, change: Change) -> Settled:
    """Nobody is in a group that is gone: who was to leave it has left."""
    if change.action == Action.REMOVE_DIRECTORY_MEMBER:
        return batch.good(change, OutcomeStatus.ALREADY, account_key=change.account_key)
    return batch.bad(change, OutcomeStatus.STALE, GROUP_GONE)


def _conclude(batch: Batch, due: dict[str, Change], answer: Answer, group_key: str) -> None:
    incident = answer.reply.incident if answer.reply else None
    settled = [
        batch.good(change, account_key=account, group_key=group_key, incident=incident)
        for account, change in sorted(due.items())
    ]
    batch.conclude(answer.attempt, CallResult.DONE, settled=settled)


async def _refused(
    batch: Batch,
    job: Job,
    due: dict[str, Change],
    attempt: Attempt,
    refusal: RefusedByTarget,
    ours: set[str],
) -> None:
    """Record a refusal; of several people each is tried alone, so that one refusal is nobody else's."""
    if len(due) == 1:
        settled = [batch.refused(change, refusal) for change in due.values()]
        batch.conclude(attempt, CallResult.REFUSED, refusal=refusal, settled=settled)
        return
    batch.conclude(attempt, CallResult.REFUSED, refusal=refusal)
    for change in due.values():
        await _change(batch, job, [change], ours, [])
