"""The look before a write: does the pipeline protect the account by now?"""

from tasks.journal import CallResult
from tasks.model.plan import Change
from tasks.model.state import AccountState
from tasks.provision.batch import Batch
from tasks.provision.operations import change_job_id


def is_protected(batch: Batch, change: Change, state: AccountState | None) -> bool:
    """Tell whether an account that *change* is about is protected as it stands now.

    The plan held back what was due for those who were protected when it was made. A role that the plan itself gives
    protects nobody from the rest of it: a run that was interrupted must end like one that was not.
    """
    protection = batch.runtime.protection
    if state is None or not protection.covers([state.user_name], state.roles):
        return False
    return protection.covers([state.user_name], set(state.roles) - _given_here(batch, change))


def _given_here(batch: Batch, change: Change) -> set[str]:
    """Return the roles that calls of this plan have given, or may have given, to the person of *change*."""
    giving = batch.role_changes.get(change.subject)
    if giving is None:
        return set()
    calls = batch.runtime.journal.calls(batch.plan_hash, [change_job_id(batch.plan_hash, giving.change_id)])
    if not any(call.result == CallResult.DONE or call.may_land for call in calls):
        return set()
    return set(giving.after["roles"]) - set(giving.before["roles"])
