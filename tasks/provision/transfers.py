"""People who were made, and who first have to move here from another account of the service."""

from collections.abc import Sequence
from dataclasses import replace

from tasks.journal import Settled
from tasks.model.errors import TargetError
from tasks.model.operations import OutcomeStatus
from tasks.model.plan import Change
from tasks.provision.batch import Batch

INVITED = "The person is asked to move here from another account, and will have access once they accept."


async def note_transfers(batch: Batch, created: Sequence[Change]) -> None:
    """Look once at the accounts that were just *created*, and record which of them are still to come.

    What is asked for goes no further than a remark: if it cannot be read now, the accounts are made all the same.
    """
    made = {outcome.account_key: change for change in created if (outcome := batch.outcome(change)) is not None}
    keys = [key for key, change in made.items() if key is not None and batch.is_good(change.change_id)]
    if not keys or not batch.runtime.target.capabilities.transfers:
        return
    try:
        states = await batch.runtime.target.read_accounts(sorted(keys), [])
    except TargetError:
        return
    pending = [made[state.account_key] for state in states if state.pending_transfer]
    outcomes = [outcome for change in pending if (outcome := batch.outcome(change)) is not None]
    batch.record(
        Settled(replace(outcome, status=OutcomeStatus.PENDING_TRANSFER, reason=INVITED)) for outcome in outcomes
    )
