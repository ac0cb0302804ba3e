"""Carry out one change: look at the account, make the calls that are still to be made, record what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.journal import REREAD, Attempt, CallResult, Settled
from tasks.model.errors import RefusedByTarget, TargetError
from tasks.model.operations import HALF_DONE, MAX_TRIES, NO_ANSWER, Operation, OperationKind, OutcomeStatus
from tasks.model.plan import MAKES_A_GROUP, Action, Change
from tasks.model.state import AccountState
from tasks.provision.batch import Answer, Batch
from tasks.provision.giving_back import give_back, is_to_be_undone, is_waiting_in_vain, keep_instead, undoing
from tasks.provision.groups import create_group, named_like
from tasks.provision.jobs import Job
from tasks.provision.last_admin import in_turn, is_last_admin, taken_role, takes
from tasks.provision.linking import claimed_roles, step_link_change
from tasks.provision.operations import limit_of
from tasks.provision.protected import is_protected
from tasks.provision.reasons import GROUP_GONE, LAST_ADMIN, PROTECTED, UNLINKED, UNMET
from tasks.provision.recheck import NO_GROUPS, Groups, Judgement, Look, has_other_address, is_done, is_on_the_way, judge


@dataclass
class _Course:
    """How far one change has come: calls done and still to be made, and whether we had a hand in what we find.

    ``ours`` is True once a call of this change may have reached the target: what is then found done, we did.
    ``suspects`` are the calls that had no answer and may still land late, each with its last such attempt; ``tries``
    is how often the next call may still be made.
    """

    change: Change
    account_key: str
    open: list[Operation]
    done: list[Operation] = field(default_factory=list)
    ours: bool = False
    suspects: dict[str, Attempt] = field(default_factory=dict)
    groups: Groups = NO_GROUPS
    addresses: tuple[str, ...] = ()  # what the plan itself changes the address to
    tries: int = MAX_TRIES
    weighed: bool = False  # whether it was looked if the last admin would go

    def judge(self, state: AccountState | None) -> Judgement:
        """Return what a look at the account says of the change, as far as it has come."""
        return judge(self.change, state, self.done, self.groups, self.addresses)

    def landed(self, state: AccountState | None) -> Attempt | None:
        """Return the attempt at the next call that had no answer and, as *state* shows, was carried out after all."""
        attempt = self.suspects.get(self.open[0].op_id) if self.open else None
        return attempt if attempt is not None and is_done(self.open[0], state) else None

    def is_halfway(self, state: AccountState | None) -> bool:
        """Tell whether the next call had no answer and, as *state* shows, may have been carried out in part."""
        begun = bool(self.open) and self.open[0].op_id in self.suspects
        theirs = state is not None and not has_other_address(self.change, state, self.addresses)
        return begun and theirs and is_on_the_way(self.change, state, self.done, self.groups)


async def note_quiet(batch: Batch, changes: Sequence[Change]) -> None:
    """Record the changes that send nothing, all at once: there may be one for every account of the tenant."""
    if not batch.may_send:
        await batch.skip(changes, batch.reason_to_skip)
        return
    open_ = [change for change in changes if not batch.is_final(change)]
    await batch.skip([change for change in open_ if not batch.is_met(change)], UNMET)
    await batch.record(batch.good(change, OutcomeStatus.RECORDED) for change in open_ if batch.is_met(change))


async def carry_out(batch: Batch, job: Job) -> None:
    """Do the job of one change that is sent, and record its outcome unless the batch is halted before."""
    change = job.change
    if change is None or batch.is_final(change):
        return
    if not batch.is_met(change) and is_waiting_in_vain(batch, change):
        unmet = batch.bad(change, OutcomeStatus.FAILED, UNMET)
        await give_back(batch, job, change, str(batch.account_of(change)), unmet)
    elif not batch.is_met(change):
        await batch.skip([change], UNMET)
    elif change.action in MAKES_A_GROUP:
        await create_group(batch, job, change)
    else:
        key = batch.account_of(change)
        operations = [replace(operation, account_key=key) for operation in job.operations]
        await change_account(batch, job, change, key, operations)


async def change_account(
    batch: Batch,
    job: Job,
    change: Change,
    account_key: str | None,
    operations: Sequence[Operation],
    *,
    born: bool = False,
    ours: bool = False,
) -> None:
    """Carry out a change to one account. *born* says that this plan created it: nothing protects it from the rest of
    the plan. *ours* says that another call of ours, a create, may have done the change already.
    """
    if account_key is None or not batch.is_linked(change, account_key):
        await batch.record([batch.bad(change, OutcomeStatus.STALE, UNLINKED)])
        return
    refused = undoing(batch, job, change, account_key)
    if refused is not None:
        await give_back(batch, job, change, account_key, refused)
        return
    course = _Course(
        change, account_key, list(operations), ours=ours, addresses=batch.new_addresses.get(change.subject, ())
    )
    if not await _bind_groups(batch, course):
        await batch.record([batch.bad(change, OutcomeStatus.STALE, GROUP_GONE)])
        return
    await _take_up(batch, job, course)
    async with in_turn(batch, change):
        await _go_on(batch, job, course, born=born)


async def _go_on(batch: Batch, job: Job, course: _Course, *, born: bool) -> None:
    """Make call after call, each after a look at the account, until the change is settled or the batch halted."""
    change, account_key = course.change, course.account_key
    while not batch.is_final(change):
        state = await batch.readings.current(account_key)
        judgement = course.judge(state)
        if attempt := course.landed(state):
            await _conclude_done(batch, course, Answer(attempt), reply=REREAD)
        elif judgement.look == Look.ALREADY:
            status = OutcomeStatus.DONE if course.ours else OutcomeStatus.ALREADY
            await batch.record([batch.good(change, status, account_key=account_key, group_key=course.groups.joined)])
        elif not born and is_protected(batch, change, state):
            await batch.record([batch.stale(job, change, PROTECTED)])
        elif judgement.look == Look.STALE and not course.is_halfway(state):
            await batch.record([batch.stale(job, change, judgement.reason)])
        elif batch.may_send and await _takes_last_admin(batch, course, state):
            await batch.record([batch.stale(job, change, LAST_ADMIN)])
        elif batch.may_send and not course.ours and await keep_instead(batch, change):
            return
        elif batch.may_send:
            await _call(batch, job, course)
        else:
            return


async def _takes_last_admin(batch: Batch, course: _Course, state: AccountState | None) -> bool:
    """Look whether a change would leave nobody who can use the admin role: before its first call, so that a suspend
    takes nothing from the last one, and again before the call that takes the role."""
    role = taken_role(batch, course.change)
    if role is None or state is None or role.name not in state.roles:
        return False
    if course.weighed and not takes(course.open[0], role):
        return False
    course.weighed = True
    return await is_last_admin(batch, course.account_key, role)


async def close_calls(batch: Batch, job: Job) -> None:
    """Look up the calls of which nobody heard what became, though all that they were for is settled by now."""
    for call in batch.open_calls(job):
        attempt = call.attempt
        by_themselves = (OperationKind.CREATE_ACCOUNTS, OperationKind.CHANGE_DIRECTORY_GROUP)
        if attempt.kind in by_themselves or not all(map(batch.is_settled, attempt.change_ids)):
            continue
        await batch.let_earlier_settle()
        reply = await _trace(batch, attempt)
        if reply is None:
            concerned = [change for change in job.changes if change.change_id in attempt.change_ids]
            linked = [change for change in concerned if batch.is_linked(change, attempt.account_key)]
            settled = [claim for change in linked for claim in _claims(change)]
            await batch.conclude(attempt, CallResult.NOT_SENT, reply=REREAD, settled=settled)
        else:
            await batch.conclude(attempt, CallResult.DONE, reply=reply)


async def _trace(batch: Batch, attempt: Attempt) -> Mapping[str, Any] | None:
    """Return what a call left behind in the target, as its reply would have been noted; None if it left nothing."""
    if attempt.kind in (OperationKind.CREATE_GROUP, OperationKind.CREATE_DIRECTORY_GROUP):
        made = await named_like(batch, attempt.kind, attempt.payload["name"], again=True)
        return None if made is None else {"group_key": made}
    key = str(attempt.account_key)
    await batch.readings.read_again([key], [])
    operation = Operation(attempt.op_id, attempt.kind, attempt.change_ids, key, payload=attempt.payload)
    return REREAD if is_done(operation, await batch.readings.current(key)) else None


async def _bind_groups(batch: Batch, course: _Course) -> bool:
    """Fill in the keys of groups to join or to be limited to, some of which this plan has made. False: one is gone."""
    change, limit = course.change, limit_of(course.change)
    if change.action == Action.ADD_MEMBER:
        key = await batch.group_key(change)
        course.groups = Groups(joined=key)
        course.open = [replace(one, payload={"group_key": key}) for one in course.open]
        return key is not None
    if change.action == Action.SET_ROLE and limit is not None:
        names = change.after.get("manages") or [""] * len(limit)
        keys = [await batch.find_group(key, name) for key, name in zip(limit, names, strict=True)]
        there = {key for key in keys if key is not None}
        course.groups = Groups(managed=frozenset(there))
        course.open = [replace(one, payload={**one.payload, "managed_groups": sorted(there)}) for one in course.open]
        return None not in keys
    return True


async def _take_up(batch: Batch, job: Job, course: _Course) -> None:
    """Take a change up where an earlier run left it; a call that was cut off is looked up, not repeated blindly."""
    ids = {operation.op_id for operation in course.open}
    calls = [call for call in batch.calls(job) if call.attempt.op_id in ids]
    finished = {call.attempt.op_id for call in calls if call.result == CallResult.DONE}
    course.done = [one for one in course.open if one.op_id in finished]
    course.open = [one for one in course.open if one.op_id not in finished]
    course.ours = course.ours or any(call.result == CallResult.DONE or call.may_land for call in calls)
    course.suspects = {call.attempt.op_id: call.attempt for call in calls if call.may_land}
    cut_off = [call for call in calls if call.is_open]
    if not cut_off:
        return
    await batch.let_earlier_settle()
    await batch.readings.read_again([course.account_key], [])
    for call in cut_off:
        operation = next((one for one in course.open if one.op_id == call.attempt.op_id), None)
        if operation is None:  # another attempt of it is known to be done
            await batch.conclude(call.attempt, CallResult.NOT_SENT, reply=REREAD)
        else:
            await _look_up(batch, course, replace(operation, payload=call.attempt.payload), Answer(call.attempt))


async def _call(batch: Batch, job: Job, course: _Course) -> None:
    """Make the next call of a change and record what came of it."""
    operation = course.open[0]
    answer = await batch.attempt(job, operation)
    course.ours = course.ours or answer.refusal is None
    if answer.refusal is not None:
        await _refused(batch, job, course, operation, answer.attempt, answer.refusal)
    elif answer.reply is not None:
        batch.readings.note(operation)
        await _conclude_done(batch, course, answer, incident=answer.reply.incident)
    else:
        course.suspects[operation.op_id] = answer.attempt
        await batch.let_settle()
        await batch.readings.read_again([course.account_key], [])
        course.tries -= 1  # before the look: if that finds the call done, the next one has all its tries
        await _look_up(batch, course, operation, answer)
        if course.tries == 0 and operation in course.open:
            await batch.record([batch.bad(course.change, OutcomeStatus.FAILED, await _tried_in_vain(batch, course))])


async def _tried_in_vain(batch: Batch, course: _Course) -> str:
    state = await batch.readings.current(course.account_key)
    moved = course.judge(state).look == Look.STALE
    return HALF_DONE if course.done or (moved and course.is_halfway(state)) else NO_ANSWER


async def _refused(
    batch: Batch, job: Job, course: _Course, operation: Operation, attempt: Attempt, refusal: RefusedByTarget
) -> None:
    """Record a refusal, unless it came because an earlier call without an answer has landed by now."""
    if operation.op_id in course.suspects:
        async with batch.heard(attempt, refusal):
            await batch.readings.read_again([course.account_key], [])
            state = await batch.readings.current(course.account_key)
        if is_done(operation, state):
            await _conclude_done(batch, course, Answer(attempt), reply=REREAD)
            return
    settled = [batch.refused(course.change, refusal, made=batch.calls_made(job))]
    if is_to_be_undone(batch, course.change):
        await batch.conclude(attempt, CallResult.REFUSED, refusal=refusal)
        await give_back(batch, job, course.change, course.account_key, settled[0])
        return
    if operation.kind == OperationKind.SET_ROLES and refusal.facts.get("status") is None:
        settled += _claims(course.change, await _held_after(batch, course, operation))
    await batch.conclude(attempt, CallResult.REFUSED, refusal=refusal, settled=settled)


async def _held_after(batch: Batch, course: _Course, operation: Operation) -> Sequence[str] | None:
    """Return the roles of an account whose connector gave up on them; None if more may come, or nobody can tell."""
    if operation.op_id in course.suspects:
        return None
    try:
        await batch.readings.read_again([course.account_key], [])
        state = await batch.readings.current(course.account_key)
    except TargetError:
        return None
    return state.roles if state is not None else ()


def _claims(change: Change, held: Sequence[str] | None = None) -> list[Settled]:
    """Return what makes the roles ours that a call may have given, though its change was not done."""
    link = claimed_roles(change, held)
    return [] if link is None else [Settled(None, link)]


async def _look_up(batch: Batch, course: _Course, operation: Operation, answer: Answer) -> None:
    """Decide from a fresh reading whether a call without an answer was done, and record it."""
    if is_done(operation, await batch.readings.current(course.account_key)):
        await _conclude_done(batch, course, answer, reply=REREAD)
    else:
        await batch.conclude(answer.attempt, CallResult.NOT_SENT, reply=REREAD, settled=_claims(course.change))


async def _conclude_done(batch: Batch, course: _Course, answer: Answer, **facts: Any) -> None:
    """Record a call as done; with the last one the change is done too."""
    operation = next(one for one in course.open if one.op_id == answer.attempt.op_id)
    course.open.remove(operation)
    course.done.append(operation)
    course.tries = MAX_TRIES
    if course.open:
        settled = Settled(None, step_link_change(course.change, operation))
    else:
        settled = batch.good(
            course.change,
            account_key=course.account_key,
            group_key=course.groups.joined,
            incident=facts.get("incident"),
        )
    await batch.conclude(answer.attempt, CallResult.DONE, settled=[settled], **facts)
