"""Create people, many in a call: nobody twice, and one bad row holds up nobody else."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from tasks.journal import REREAD, Attempt, CallResult, Settled
from tasks.model.errors import RefusedByTarget
from tasks.model.operations import GOOD, NO_ANSWER, UNSEEN, Operation, OperationKind, OutcomeStatus, Refusal, Reply
from tasks.model.state import AccountState
from tasks.provision.batch import Answer, Batch
from tasks.provision.changes import change_account
from tasks.provision.jobs import Job, Newcomer
from tasks.provision.operations import change_operations, create_operation
from tasks.provision.parties import Doubts, Party, gather_parties
from tasks.provision.reasons import (
    APPEARED,
    APPEARED_MEANWHILE,
    ELSEWHERE,
    FORBIDDEN,
    NAME_CONFLICT,
    REPEATED,
    SEATS_EXCEEDED,
    UNAUTHORISED,
    UNMET,
)


async def create_people(batch: Batch, job: Job) -> None:
    """Create those of the job's people who are not there yet, with what they get, and complete those who are."""
    doubts = await _take_up(batch, job)
    due = [one for one in job.newcomers if not batch.is_final(one.create)]
    unmet = [one for one in due if not batch.is_met(one.create)]
    await batch.skip([change for one in unmet for change in one.changes], UNMET)
    for party in await gather_parties(batch, [one for one in due if one not in unmet], doubts):
        await _create(batch, job, party)
    there = [one for one in job.newcomers if batch.is_good(one.create.change_id)]
    batch.readings.expect(_keys_to_complete(batch, there), [])
    for one in job.newcomers:
        await _complete(batch, job, one, doubts)


async def _take_up(batch: Batch, job: Job) -> Doubts:
    """Look up what came of creates that were cut off; return those that a call may have made, or may yet make."""
    calls = [call for call in batch.calls(job) if call.attempt.kind == OperationKind.CREATE_ACCOUNTS]
    cut_off = [call for call in calls if call.is_open]
    doubts = Doubts()
    for call in calls:
        if call.may_land:
            doubts.note_unanswered(call.attempt.change_ids, call.attempt.payload)
        elif call.result == CallResult.DONE and REREAD.items() <= call.reply.items():  # an answer settles what it gave
            doubts.carried.update(call.attempt.change_ids)
    if cut_off:
        await batch.let_earlier_settle()
        undone = [one for one in job.newcomers if not batch.is_final(one.create)]
        people = [one for one in undone if doubts.are_about(one)]
        await batch.readings.read_again([], [one.address for one in people])
        for call in cut_off:
            concerned = [one for one in people if one.create.change_id in call.attempt.change_ids]
            await _look_up(batch, concerned, doubts, Answer(call.attempt))
    return doubts


async def _create(batch: Batch, job: Job, party: Party) -> None:
    """Create the people of one party, as far as their addresses are free and the target lets us."""
    while party.people and batch.may_send:
        await _leave_out_taken(batch, party)
        if not party.people or not batch.may_send:
            return
        creates = [one.create for one in party.people]
        operation = create_operation(
            batch.plan_hash, creates, party.all_extras(), party.group_key, notify=batch.runtime.notify
        )
        answer = await batch.attempt(job, operation)
        if answer.refusal is not None:
            ids = [create.change_id for create in creates]
            party.doubts.note_refused(ids, operation.payload, answer.refusal.facts.get("code"))
            await _refused(batch, job, party, operation, answer.attempt, answer.refusal)
            return
        if answer.reply is not None:
            await _created(batch, party, operation, answer, answer.reply)
            return
        party.doubts.note_unanswered(operation.change_ids, operation.payload)
        await batch.let_settle()
        await batch.readings.read_again([], [one.address for one in party.people])
        await _look_up(batch, party.people, party.doubts, answer)
        party.people = [one for one in party.people if not batch.is_final(one.create)]
        party.tries -= 1
        if party.tries == 0:
            await batch.record(batch.bad(one.create, OutcomeStatus.FAILED, NO_ANSWER) for one in party.people)
            return


async def _leave_out_taken(batch: Batch, party: Party) -> None:
    """Drop those whose address has an account by now: ours, if a call of ours may have made it; else not done."""
    found = await batch.readings.current_at(one.address for one in party.people)
    taken = [one for one in party.people if one.address in found]
    await batch.record(_taken(batch, party.doubts, one, found[one.address]) for one in taken)
    party.people = [one for one in party.people if one not in taken]


async def _look_up(batch: Batch, people: Sequence[Newcomer], doubts: Doubts, answer: Answer) -> None:
    """Record a create without an answer by who is there now. What they lack is given later."""
    found = await batch.readings.current_at(one.address for one in people)
    settled = [_taken(batch, doubts, one, found[one.address]) for one in people if one.address in found]
    result = CallResult.DONE if _has_made(settled) else CallResult.NOT_SENT
    await batch.conclude(answer.attempt, result, reply=REREAD, settled=settled)


def _has_made(settled: Iterable[Settled]) -> bool:
    return any(one.outcome is not None and one.outcome.status in GOOD for one in settled)


def _taken(batch: Batch, doubts: Doubts, one: Newcomer, state: AccountState) -> Settled:
    """Return what follows from an account that is found at the address of somebody who was to be created."""
    if doubts.have_made(one, state):
        return _found(batch, one, state)
    if doubts.are_about(one):
        return batch.bad(one.create, OutcomeStatus.FAILED, APPEARED_MEANWHILE)
    return batch.bad(one.create, OutcomeStatus.STALE, APPEARED)


def _found(batch: Batch, one: Newcomer, state: AccountState) -> Settled:
    return _unseen(batch, batch.good(one.create, account_key=state.account_key))


def _unseen(batch: Batch, made: Settled) -> Settled:
    """Say of somebody who was made that nobody has looked yet whether they are there, or first have to move here.

    ``transfers.note_transfers`` looks, and takes it back. A run that is killed before, or cannot look, has left the
    truth.
    """
    if made.outcome is None or not batch.runtime.target.capabilities.transfers:
        return made
    return replace(made, outcome=replace(made.outcome, reason=UNSEEN))


async def _refused(
    batch: Batch, job: Job, party: Party, operation: Operation, attempt: Attempt, refusal: RefusedByTarget
) -> None:
    """Try again without licences if they ran out, and in halves if it may be about one of several people.

    Who may have been made by the call all the same is looked up before it is concluded: later, nobody could tell.
    """
    code = refusal.facts.get("code")
    has_no_seat = code == SEATS_EXCEEDED and bool(operation.payload["licences"])
    has_others = len(party.people) > 1 and refusal.facts.get("status") not in (UNAUTHORISED, FORBIDDEN)
    async with batch.heard(attempt, refusal):
        if has_no_seat or has_others:
            settled = await _made_all_the_same(batch, party) if code in REPEATED else []
        else:
            why = Refusal(code or "", incident=refusal.facts.get("incident"))
            settled = await _unmade(batch, party, {one.address.casefold(): why for one in party.people}, None)
    if _has_made(settled):
        party.doubts.carried.update(operation.change_ids)
        await batch.conclude(attempt, CallResult.DONE, reply=REREAD, settled=settled)
    else:
        await batch.conclude(attempt, CallResult.REFUSED, refusal=refusal, settled=settled)
    party.people = [one for one in party.people if not batch.is_final(one.create)]
    if has_no_seat:
        await _create(batch, job, party.without_licences())
    elif has_others:
        for half in party.split():
            await _create(batch, job, half)


async def _made_all_the_same(batch: Batch, party: Party) -> list[Settled]:
    """Return the outcomes of those who are there right after a call that was refused, and count as made by it."""
    await batch.readings.read_again([], [one.address for one in party.people])
    found = await batch.readings.current_at(one.address for one in party.people)
    there = [(one, found[one.address]) for one in party.people if one.address in found]
    return [_found(batch, one, state) for one, state in there if party.doubts.have_made(one, state)]


async def _created(batch: Batch, party: Party, operation: Operation, answer: Answer, reply: Reply) -> None:
    """Record who was made; then who was refused, of whom those whom the answer leaves in doubt are looked up."""
    keys = {address.casefold(): key for address, key in reply.created.items()}
    refusals = {address.casefold(): refusal for address, refusal in reply.refused.items()}
    made = {
        one.create.change_id: keys[one.address.casefold()] for one in party.people if one.address.casefold() in keys
    }
    settled: list[Settled] = []
    for one in party.people:
        if one.create.change_id in made:
            settled += _made(batch, party, one, made[one.create.change_id], reply.incident)
    await batch.conclude(
        answer.attempt, CallResult.DONE, reply={"created": made}, settled=settled, incident=reply.incident
    )
    party.doubts.carried.update(operation.change_ids)
    rest = party.only([one for one in party.people if one.create.change_id not in made])
    for one in rest.people:
        if refusal := refusals.get(one.address.casefold()):
            party.doubts.note_refused([one.create.change_id], operation.payload, refusal.code)
        else:
            party.doubts.note_unanswered([one.create.change_id], operation.payload)
    await batch.record(await _unmade(batch, rest, refusals, reply.incident))


async def _unmade(batch: Batch, party: Party, refusals: Mapping[str, Refusal], incident: str | None) -> list[Settled]:
    """Return what became of people whom a call did not make, by what was said of their addresses (folded)."""
    said = {one.create.change_id: refusals.get(one.address.casefold()) for one in party.people}
    doubtful = [one for one in party.people if _in_doubt(party, one, said[one.create.change_id])]
    found: Mapping[str, AccountState] = {}
    if doubtful:
        await batch.readings.read_again([], [one.address for one in doubtful])
        found = await batch.readings.current_at(one.address for one in doubtful)
    return [
        _unmade_one(batch, party, one, said[one.create.change_id], found.get(one.address), incident)
        for one in party.people
    ]


def _in_doubt(party: Party, one: Newcomer, refusal: Refusal | None) -> bool:
    """An address that is refused as taken may be taken by a call of ours, an earlier one or this; or not here."""
    is_unanswered = one.create.change_id in party.doubts.unanswered
    return is_unanswered or refusal is None or refusal.code == NAME_CONFLICT


def _unmade_one(
    batch: Batch,
    party: Party,
    one: Newcomer,
    refusal: Refusal | None,
    found: AccountState | None,
    incident: str | None,
) -> Settled:
    if found is not None:
        return _taken(batch, party.doubts, one, found)
    refusal = refusal or Refusal("not.in.reply")
    settled = batch.refused_for(one.create, refusal.code or None, refusal.incident or incident)
    if refusal.code == NAME_CONFLICT and settled.outcome is not None:
        return Settled(replace(settled.outcome, reason=ELSEWHERE))
    return settled


def _made(batch: Batch, party: Party, one: Newcomer, key: str, incident: str | None) -> list[Settled]:
    """Return what follows from a create that was acknowledged: the person is there, with all that the call gave."""
    extras = party.extras[one.create.change_id]
    return [
        _unseen(batch, batch.good(one.create, account_key=key, incident=incident)),
        *(batch.good(extra, account_key=key, group_key=party.group_key, incident=incident) for extra in extras),
    ]


def _keys_to_complete(batch: Batch, people: Sequence[Newcomer]) -> list[str]:
    """Return the accounts of those who lack something yet, so that they are read together."""
    lacking = [one for one in people if not all(batch.is_final(extra) for extra in one.extras)]
    outcomes = [batch.outcome(one.create) for one in lacking]
    return [outcome.account_key for outcome in outcomes if outcome is not None and outcome.account_key is not None]


async def _complete(batch: Batch, job: Job, one: Newcomer, doubts: Doubts) -> None:
    """Give a person who is there what did not come with the create, call by call and without a further mail.

    What they hold by now is ours if a create carried it. Else somebody gave it by hand, since they were made.
    """
    outcome = batch.outcome(one.create)
    if not batch.is_final(one.create) or outcome is None:
        return
    for extra in one.extras:
        if batch.is_final(extra):
            continue
        if not batch.is_good(one.create.change_id) or not batch.is_met(extra, but=one.create.change_id):
            await batch.skip([extra], UNMET)
            continue
        operations = change_operations(batch.plan_hash, extra, outcome.account_key, notify=False)
        carried = extra.change_id in doubts.carried
        await change_account(batch, job, extra, outcome.account_key, operations, born=True, ours=carried)
