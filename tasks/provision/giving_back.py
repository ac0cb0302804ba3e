"""Nobody goes without a licence because only half of an exchange was done: the look before it, and the way back."""

from collections.abc import Sequence
from dataclasses import replace

from tasks.journal import REREAD, Attempt, Call, CallResult, Settled
from tasks.model.operations import MAX_TRIES, Operation, Outcome, OutcomeStatus
from tasks.model.plan import Action, Change
from tasks.provision.batch import Batch
from tasks.provision.jobs import Job
from tasks.provision.linking import note_given_back
from tasks.provision.operations import give_back_operation
from tasks.provision.reasons import GIVEN_BACK, GIVEN_BACK_INSTEAD, GIVEN_BACK_SINCE, KEPT, NOT_GIVEN_BACK, UNMET
from tasks.provision.recheck import is_done


async def keep_instead(batch: Batch, change: Change) -> bool:
    """Look whether an exchange can be done before its old licence is taken; tell if that stays, and record it.

    It stays too if another licence of the exchange could not be taken: then nothing comes for it.
    """
    exchange = batch.exchanges.get(change.change_id)
    if exchange is None or change.action != Action.REVOKE:
        return False
    if any(batch.is_settled(one.change_id) and not batch.is_good(one.change_id) for one in exchange.gives_up):
        await batch.skip([change], UNMET)
        return True
    if await batch.seat_look.lets_pass(exchange):
        return False
    left = [one for one in exchange.changes if not batch.is_final(one)]
    await batch.record(batch.bad(one, OutcomeStatus.NO_SEAT, KEPT) for one in left)
    return True


def is_to_be_undone(batch: Batch, change: Change) -> bool:
    """Tell whether a grant, if it is refused, was the last that could come of an exchange that has taken something."""
    exchange = batch.exchanges.get(change.change_id)
    if exchange is None or change.action != Action.GRANT:
        return False
    others = [one for one in exchange.gets if one != change]
    nothing_came = all(batch.is_settled(one.change_id) and not batch.is_good(one.change_id) for one in others)
    return nothing_came and bool(_taken(batch, change))


def is_waiting_in_vain(batch: Batch, change: Change) -> bool:
    """Tell whether a grant will never come, since not all could be taken for it, and something was."""
    ended = [batch.is_settled(need) and not batch.is_good(need) for need in change.needs]
    return any(ended) and batch.may_send and is_to_be_undone(batch, change)


def undoing(batch: Batch, job: Job, change: Change, account_key: str) -> Settled | None:
    """Return how a grant was refused, if an earlier run had begun to give back what was taken for it; else None."""
    back = {operation.op_id for operation in _operations(batch, job, change, account_key)}
    if not any(call.attempt.op_id in back for call in batch.calls(job)):
        return None
    refusals: Sequence[Call] = [call for call in batch.calls(job) if call.result == CallResult.REFUSED]
    grants = [call for call in refusals if call.attempt.op_id not in back]
    return batch.refused_for(change, grants[-1].code, grants[-1].incident)


async def give_back(batch: Batch, job: Job, change: Change, account_key: str, refused: Settled) -> None:
    """Give back what was taken for a grant that was refused, and record both; *refused* is the grant's outcome.

    Nothing is recorded if the batch is halted on the way: the next run goes on from there.
    """
    given = [await _assign(batch, job, operation) for operation in _operations(batch, job, change, account_key)]
    if all(given):
        undone = [_undone(batch, revoke, refused) for revoke in _taken(batch, change)]
        await batch.record([_adding(refused, GIVEN_BACK_INSTEAD), *undone])
    elif batch.may_send:
        await batch.record([_adding(refused, NOT_GIVEN_BACK)])


def _taken(batch: Batch, change: Change) -> list[Change]:
    """Return the revokes that this plan has made for a grant. What others took meanwhile is not ours to give back."""
    taken = []
    for revoke in batch.exchanges[change.change_id].gives_up if change.change_id in batch.exchanges else ():
        outcome = batch.outcome(revoke)
        if outcome is not None and outcome.status == OutcomeStatus.DONE:
            taken.append(revoke)
    return taken


def _operations(batch: Batch, job: Job, change: Change, account_key: str) -> list[Operation]:
    notify = any(operation.notify for operation in job.operations)
    return [
        give_back_operation(batch.plan_hash, change, revoke, account_key, notify=notify)
        for revoke in _taken(batch, change)
    ]


async def _assign(batch: Batch, job: Job, operation: Operation) -> bool:
    """Give one licence back; tell whether the account has it in the end."""
    key = str(operation.account_key)
    unanswered = False
    for call in batch.open_calls(job):
        if call.attempt.op_id == operation.op_id:
            unanswered = True
            await batch.let_earlier_settle()
            await _look_up(batch, operation, call.attempt)
    for _ in range(MAX_TRIES):
        if is_done(operation, await batch.readings.current(key)):
            return True
        if not batch.may_send:
            return False
        answer = await batch.attempt(job, operation)
        if answer.refusal is not None:
            await batch.conclude(answer.attempt, CallResult.REFUSED, refusal=answer.refusal)
            if not unanswered:  # a reading that shows it all the same is from before it was taken
                return False
            break
        if answer.reply is not None:
            batch.readings.note(operation)
            await batch.conclude(answer.attempt, CallResult.DONE, incident=answer.reply.incident)
            return True
        unanswered = True
        await batch.let_settle()
        await _look_up(batch, operation, answer.attempt)
    await batch.readings.read_again([key], [])  # a call without an answer may have been carried out by now
    return is_done(operation, await batch.readings.current(key))


async def _look_up(batch: Batch, operation: Operation, attempt: Attempt) -> None:
    """Record from a fresh reading whether a call without an answer was done."""
    key = str(operation.account_key)
    await batch.readings.read_again([key], [])
    done = is_done(operation, await batch.readings.current(key))
    await batch.conclude(attempt, CallResult.DONE if done else CallResult.NOT_SENT, reply=REREAD)


def _undone(batch: Batch, revoke: Change, refused: Settled) -> Settled:
    status = refused.outcome.status if refused.outcome else OutcomeStatus.FAILED
    reason = GIVEN_BACK_SINCE if batch.told([revoke.change_id]) else GIVEN_BACK
    return Settled(Outcome(revoke.change_id, status, reason, account_key=revoke.account_key), note_given_back(revoke))


def _adding(refused: Settled, what: str) -> Settled:
    outcome = refused.outcome
    return refused if outcome is None else replace(refused, outcome=replace(outcome, reason=f"{outcome.reason} {what}"))
