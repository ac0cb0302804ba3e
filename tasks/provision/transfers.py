"""People who were made, and who first have to move here from another account of the service."""

from collections.abc import Sequence
from dataclasses import replace

from tasks.journal import Settled
from tasks.model.errors import TargetError
from tasks.model.operations import OutcomeStatus
from tasks.model.plan import Change
from tasks.provision.batch import Batch
from tasks.provision.reasons import INVITED


async def note_transfers(batch: Batch, creates: Sequence[Change]) -> None:
    """Look once, all together, at the accounts that *creates* have made; record which people are still to come."""
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
    pending = [made[state.account_key] for state in states if state.pending_transfer]
    await batch.record(
        Settled(replace(outcome, status=OutcomeStatus.PENDING_TRANSFER, reason=INVITED)) for outcome in pending
    )
