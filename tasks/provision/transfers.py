"""A look at the people who were made: who first has to move here from elsewhere, and whose key was somebody else's."""

from collections.abc import Sequence
from dataclasses import replace

from tasks.journal import Settled
from tasks.model.errors import TargetError
from tasks.model.operations import Outcome, OutcomeStatus
from tasks.model.plan import Change
from tasks.model.state import AccountState
from tasks.provision.batch import Batch
from tasks.provision.reasons import INVITED, NOT_THEIRS


async def note_transfers(batch: Batch, creates: Sequence[Change]) -> None:
    """Look once, all together, at the accounts that *creates* have made; record which people are still to come.

    An account at another address is not the one that was made: the answer to the create named a wrong key. Its link
    stays, and keeps the plans from touching either of the two (``plan.people.misplaced``).
    """
    if not batch.runtime.target.capabilities.transfers or batch.stopped_by is not None:
        return
    outcomes = [outcome for change in creates if (outcome := batch.outcome(change)) is not None]
    made = {one.account_key: one for one in outcomes if one.status == OutcomeStatus.DONE and one.account_key}
    if not made:
        return
    try:
        states = await batch.runtime.target.read_accounts(sorted(made), [])
    except TargetError:
        # The people are made and linked, and the next plan sees who has still to come. To stop or to fail for want of
        # a remark would leave undone what can be done.
        return
    addresses = {change.change_id: change.after["user_name"].casefold() for change in creates}
    await batch.record(
        _seen(made[state.account_key], state, addresses[made[state.account_key].change_id]) for state in states
    )


def _seen(outcome: Outcome, state: AccountState, address: str) -> Settled:
    if state.user_name.casefold() != address:
        return Settled(replace(outcome, status=OutcomeStatus.FAILED, reason=NOT_THEIRS))
    if state.pending_transfer:
        return Settled(replace(outcome, status=OutcomeStatus.PENDING_TRANSFER, reason=INVITED))
    return Settled(outcome)
