"""The last admin stays: a change takes the admin role only while somebody else can use it, and one change at a time."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from tasks.journal import CallResult
from tasks.model.admins import AdminRole
from tasks.model.errors import RunLocked
from tasks.model.operations import Operation, OperationKind
from tasks.model.plan import Change
from tasks.provision.batch import Batch
from tasks.provision.operations import change_job_id

POLL_S = 0.05


def taken_role(batch: Batch, change: Change) -> AdminRole | None:
    """Return the admin role of the target if a change takes it from somebody."""
    role = batch.runtime.target.capabilities.admin_role
    return role if role is not None and role.is_taken_by(change) else None


def takes(operation: Operation, role: AdminRole) -> bool:
    """Tell whether it is this call that leaves an account without the role."""
    if operation.kind == OperationKind.SET_ROLES:
        return role.name not in operation.payload["roles"]
    return operation.kind == OperationKind.DELETE_ACCOUNT


@asynccontextmanager
async def in_turn(batch: Batch, change: Change) -> AsyncIterator[None]:
    """Carry out changes that take the admin role one after the other, in all runs of this home; others at once.

    Two of them side by side would each find the other's admin still there. Once the batch is halted nothing is waited
    for: nothing is sent then.
    """
    with ExitStack() as held:
        while taken_role(batch, change) is not None and batch.may_send:
            try:
                held.enter_context(batch.runtime.journal.lock_admins())
                break
            except RunLocked:
                await asyncio.sleep(POLL_S)
        yield


async def is_last_admin(batch: Batch, account_key: str, role: AdminRole) -> bool:
    """Ask the target whether an account is the only one that can use the admin role.

    Somebody from whom a call of this plan has taken the role counts as gone, and so does one from whom a call without
    an answer may still take it: a list that shows them with it may be an old one.
    """
    admins = await batch.runtime.target.read_admins(account_key)
    return account_key in admins and not admins - {account_key} - _going(batch, role)


def _going(batch: Batch, role: AdminRole) -> set[str]:
    taking = [change for change in batch.plan.changes if role.is_taken_by(change)]
    jobs = [change_job_id(batch.plan_hash, change.change_id) for change in taking]
    calls = batch.runtime.journal.calls(batch.plan_hash, jobs)
    gone = [call.attempt for call in calls if call.may_land or call.result == CallResult.DONE]
    kinds = (OperationKind.SET_ROLES, OperationKind.DELETE_ACCOUNT)
    return {str(attempt.account_key) for attempt in gone if attempt.kind in kinds}
