"""Make groups, of the account or of the directory: each once, and none where there is one of its name by now."""

from collections.abc import Sequence

from tasks.journal import REREAD, CallResult, Settled
from tasks.model.operations import MAX_TRIES, NO_ANSWER, Operation, OperationKind, OutcomeStatus
from tasks.model.plan import Action, Change
from tasks.provision.batch import Answer, Batch
from tasks.provision.jobs import Job


async def create_group(batch: Batch, job: Job, change: Change) -> None:
    """Make a group unless there is one of that name now: that one is then used."""
    (operation,) = job.operations
    calls = batch.calls(job)
    ours = any(call.result == CallResult.DONE or call.may_land for call in calls)
    cut_off = [call for call in calls if call.is_open]
    if cut_off:
        await batch.let_earlier_settle()
        await _look_up(batch, change, operation, [Answer(call.attempt) for call in cut_off])
    for _ in range(MAX_TRIES):
        if batch.is_final(change):
            return
        if key := await named_like(batch, operation.kind, operation.payload["name"]):
            await batch.record([_there(batch, change, ours=ours)])
            _note(batch, change, key)
            return
        if not batch.may_send:
            return
        answer = await batch.attempt(job, operation)
        if answer.refusal is not None:
            await _refused(batch, change, operation, answer, ours=ours)
        elif answer.reply is not None and answer.reply.group_key is not None:
            await _conclude(batch, change, answer, answer.reply.group_key)
        else:
            ours = True
            await batch.let_settle()
            await _look_up(batch, change, operation, [answer])
    if not batch.is_final(change):
        await batch.record([batch.bad(change, OutcomeStatus.FAILED, NO_ANSWER)])


async def named_like(batch: Batch, kind: OperationKind, name: str, *, again: bool = False) -> str | None:
    """Return the key of the group that has the name of the one to be made. The directory heeds no case."""
    if kind == OperationKind.CREATE_DIRECTORY_GROUP:
        return await batch.find_directory_group(name, again=again)
    groups = await batch.readings.groups(again=again)
    return min((key for key, known in groups.items() if known == name), default=None)


async def _refused(batch: Batch, change: Change, operation: Operation, answer: Answer, *, ours: bool) -> None:
    """Record a refusal, unless there is a group of that name by now.

    An earlier call of *ours* without an answer may have landed, or somebody else was quicker.
    """
    if answer.refusal is None:
        return
    async with batch.heard(answer.attempt, answer.refusal):
        key = await named_like(batch, operation.kind, operation.payload["name"], again=True)
    settled = batch.refused(change, answer.refusal) if key is None else _there(batch, change, ours=ours)
    await batch.conclude(answer.attempt, CallResult.REFUSED, refusal=answer.refusal, settled=[settled])
    _note(batch, change, key)


async def _look_up(batch: Batch, change: Change, operation: Operation, answers: Sequence[Answer]) -> None:
    key = await named_like(batch, operation.kind, operation.payload["name"], again=True)
    for answer in answers:
        if key is not None and not batch.is_final(change):
            await _conclude(batch, change, answer, key)
        else:
            await batch.conclude(answer.attempt, CallResult.NOT_SENT, reply=REREAD)


async def _conclude(batch: Batch, change: Change, answer: Answer, key: str) -> None:
    settled = _there(batch, change, ours=True)
    await batch.conclude(answer.attempt, CallResult.DONE, reply={"group_key": key}, settled=[settled])
    _note(batch, change, key)


def _there(batch: Batch, change: Change, *, ours: bool) -> Settled:
    return batch.good(change, OutcomeStatus.DONE if ours else OutcomeStatus.ALREADY)


def _note(batch: Batch, change: Change, key: str | None) -> None:
    """Keep the key of a group that is there for those who are to be in it."""
    if key is None:
        return
    if change.action == Action.CREATE_DIRECTORY_GROUP:
        name = change.after["directory_group"]
        batch.made_directory_groups[name.casefold()] = key
        batch.readings.note_directory_group(key, name)
    else:
        batch.made_groups[change.after["group"]] = key
        batch.readings.note_group(key, change.after["group"])
