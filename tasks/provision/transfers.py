"""A look at the people who were made: who first has to move here from elsewhere, and whose key was a wrong one."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import replace

from tasks.journal import Settled
from tasks.model.errors import TargetError
from tasks.model.operations import GOOD, UNSEEN, Outcome, OutcomeStatus
from tasks.model.plan import Action
from tasks.model.state import AccountState
from tasks.provision.batch import Batch
from tasks.provision.jobs import Newcomer
from tasks.provision.linking import moved_link
from tasks.provision.reasons import INVITED, NOT_THEIRS, NOT_THERE


async def note_transfers(batch: Batch, newcomers: Sequence[Newcomer]) -> None:
    """Look once, all together, at the accounts that were made for *newcomers*; record which people are still to come.

    An account at another address is not the one that was made: the answer to the create named a wrong key. Its link
    stays, and keeps the plans from touching either of the two (``plan.strangers.misplaced``). Where nobody has the key
    that was named, the person is looked for by address.

    Where the accounts cannot be read, what is recorded stays: that nobody has looked. The people are made and linked,
    and the next plan sees who has still to come. To stop or to fail for want of a remark would leave undone what can be
    done.
    """
    outcomes = [(one, outcome) for one in newcomers if (outcome := batch.outcome(one.create)) is not None]
    made = {
        outcome.account_key: (one, outcome)
        for one, outcome in outcomes
        if outcome.reason == UNSEEN and outcome.account_key
    }
    if not made or batch.stopped_by is not None:
        return
    try:
        states, at = await _read_at_last(batch, {key: one.address for key, (one, _) in made.items()})
    except TargetError:
        return
    settled: list[Settled] = []
    for key, (one, outcome) in made.items():
        if key in states:
            settled.append(Settled(_seen(outcome, one, states[key]), seen=True))
        else:
            settled += _under_another_key(batch, one, outcome, at.get(one.address.casefold()))
    await batch.record(settled)


async def _read_at_last(
    batch: Batch, addresses: Mapping[str, str]
) -> tuple[dict[str, AccountState], dict[str, AccountState]]:
    """Return what ``_read`` does, at the second try if the first fails. Raises ``TargetError`` if that fails too."""
    try:
        return await _read(batch, addresses)
    except TargetError:
        await batch.let_settle()
        return await _read(batch, addresses)


async def _read(batch: Batch, addresses: Mapping[str, str]) -> tuple[dict[str, AccountState], dict[str, AccountState]]:
    """Return the accounts of these keys, by key; and by address, folded, who stands at those of the keys that nobody
    has."""
    target = batch.runtime.target
    states = {one.account_key: one for one in await target.read_accounts(sorted(addresses), [])}
    missing = addresses.keys() - states.keys()
    if not missing:
        return states, {}
    await batch.let_settle()  # who is new may be slow to show
    again = await target.read_accounts(sorted(missing), sorted(addresses[key] for key in missing))
    states |= {one.account_key: one for one in again if one.account_key in missing}
    return states, {one.user_name.casefold(): one for one in again}


def _seen(outcome: Outcome, one: Newcomer, state: AccountState) -> Outcome:
    if state.user_name.casefold() != one.address.casefold():
        return replace(outcome, status=OutcomeStatus.FAILED, reason=NOT_THEIRS)
    if state.pending_transfer:
        return replace(outcome, status=OutcomeStatus.PENDING_TRANSFER, reason=INVITED)
    return replace(outcome, reason="")


def _under_another_key(batch: Batch, one: Newcomer, made: Outcome, state: AccountState | None) -> list[Settled]:
    """Return what follows where nobody has the key that the answer named, and *state* stands at the address.

    The call was answered as carried out, so an account that has the names and the licences of the create is the one
    that it made: the link, and what is recorded of the person, get its key.
    """
    outcomes = [outcome for extra in one.extras if (outcome := batch.outcome(extra)) is not None]
    given = [outcome for outcome in outcomes if outcome.account_key == made.account_key and outcome.status in GOOD]
    if state is None or not _is_as_made(one, {outcome.change_id for outcome in given}, state):
        return [Settled(replace(made, status=OutcomeStatus.FAILED, reason=NOT_THERE), seen=True)]
    key = state.account_key
    moved = [Settled(replace(outcome, account_key=key), seen=True) for outcome in given]
    seen = _seen(replace(made, account_key=key), one, state)
    return [Settled(seen, moved_link(one.create, key), seen=True), *moved]


def _is_as_made(one: Newcomer, given: Container[str], state: AccountState) -> bool:
    names = ("given_name", "family_name")
    grants = [extra for extra in one.extras if extra.action == Action.GRANT and extra.change_id in given]
    return {grant.after["licence"] for grant in grants} <= state.licences and all(
        one.create.after.get(name) in (None, getattr(state, name)) for name in names
    )
