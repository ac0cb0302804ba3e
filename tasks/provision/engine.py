"""Apply a plan: batch by batch, phase by phase, never two calls on one account at once. Knows nothing of Prefect.

A plan can be applied again at any time, after any interruption: what is done is not sent again, and a call that was
cut off is looked up, after a time to settle, before it is repeated. Everything needed for that is in the journal.
"""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from itertools import groupby

from tasks.journal import Journal, Settled
from tasks.model.errors import TargetError
from tasks.model.operations import IN_DOUBT, Outcome, OutcomeStatus, is_final
from tasks.model.plan import Plan
from tasks.provision.admission import admit
from tasks.provision.batch import Batch
from tasks.provision.changes import carry_out, close_calls, note_quiet
from tasks.provision.creates import create_people
from tasks.provision.exchanges import exchanges_of
from tasks.provision.jobs import Job, batches, compile_jobs
from tasks.provision.memberships import change_members
from tasks.provision.reasons import GIVING_BACK, STOPPED
from tasks.provision.runtime import ApplyResult, BatchResult, Runtime
from tasks.provision.transfers import note_transfers

log = logging.getLogger(__name__)


async def apply_plan(plan: Plan, runtime: Runtime) -> ApplyResult:
    """Apply a recorded plan, or what an earlier run has left of it, and return what became of every change.

    Raises ``StalePlan`` if the plan is not the one that was recorded, or if another plan was applied since it was
    made. Errors of the target that make going on useless end the run, and are in the result.
    """
    begin(plan, runtime)
    jobs = compile_jobs(plan, runtime.target.capabilities, notify=runtime.notify)
    last = BatchResult()
    for batch in batches(jobs):
        last = await send_jobs(plan, batch, runtime)
        if not last.go_on:
            break
    return finish(plan, runtime, last)


def begin(plan: Plan, runtime: Runtime) -> None:
    """Admit a plan and note that this run begins to apply it."""
    admit(plan, runtime.journal)
    runtime.journal.begin_applying(runtime.run_id, plan.hash, runtime.clock())


async def send_batch(plan: Plan, number: int, runtime: Runtime) -> BatchResult:
    """Send one batch of a plan that was begun. Batches are sent in order; doing one again is harmless."""
    jobs = compile_jobs(plan, runtime.target.capabilities, notify=runtime.notify)
    return await send_jobs(plan, batches(jobs)[number], runtime)


def count_batches(plan: Plan, runtime: Runtime) -> int:
    """Return how many batches a plan has."""
    return len(batches(compile_jobs(plan, runtime.target.capabilities, notify=runtime.notify)))


def finish(plan: Plan, runtime: Runtime, last: BatchResult) -> ApplyResult:
    """Close the application of a plan and return what became of it; *last* is how the last batch ended."""
    journal = runtime.journal
    generation = close(plan, journal, runtime.run_id, runtime.clock())
    return ApplyResult(
        plan_hash=plan.hash,
        outcomes=journal.outcomes(plan.hash),
        sent=journal.sent(runtime.run_id),
        generation=generation,
        stopped_by=last.stopped_by,
        interrupted=last.interrupted,
    )


def close(plan: Plan, journal: Journal, run_id: str, at: datetime) -> int:
    """Leave no change without an outcome, move the journal's generation, and return it. Needs no target.

    Doing it again changes nothing.
    """
    conclude_rest(plan, journal, run_id, at)
    return journal.applied(plan, at, run_id)


def conclude_rest(plan: Plan, journal: Journal, run_id: str, at: datetime) -> None:
    """Record that the changes without an outcome were not completed, or that it is not known what became of them."""
    known, open_calls = journal.outcomes(plan.hash), journal.in_doubt(plan.hash)
    judged = journal.settled_by(run_id, plan.hash)  # by who made the calls, and knows more
    given_back = journal.being_given_back(plan)
    exchanges = exchanges_of(plan.changes) if given_back else {}
    refused = {one.change_id for key in given_back if key in exchanges for one in exchanges[key].gets}
    reasons = {
        key: IN_DOUBT if key in open_calls else GIVING_BACK if key in refused else STOPPED
        for key in (change.change_id for change in plan.changes)
        if key not in known or (key in open_calls - judged and not is_final(known[key]))
    }
    if reasons:
        skipped = [Settled(Outcome(key, OutcomeStatus.SKIPPED, reason)) for key, reason in reasons.items()]
        journal.conclude(plan.hash, run_id, at, settled=skipped)


async def settle(plan: Plan, runtime: Runtime) -> ApplyResult:
    """Find out what became of the calls that a run was cut off in, send nothing, and close the plan's application.

    For a plan that is given up because the rosters have changed since: its outcomes and links are then what they
    are, what it had not begun is skipped, and a new plan can be made from the truth.
    """
    jobs = compile_jobs(plan, runtime.target.capabilities, notify=runtime.notify)
    last = BatchResult()
    for batch in batches(jobs):
        last = await send_jobs(plan, batch, runtime, send=False)
        if not last.go_on:
            break
    return finish(plan, runtime, last)


async def send_jobs(plan: Plan, jobs: Sequence[Job], runtime: Runtime, *, send: bool = True) -> BatchResult:
    """Do *jobs*, phase by phase, and return why they ended early, if they did."""
    batch = Batch(plan, plan.hash, jobs, runtime, send=send)
    _expect(batch, jobs)
    for phase, together in groupby(jobs, key=lambda job: job.phase):
        due = list(together)
        _expect(batch, due)  # the accounts of people whom an earlier phase has made
        await _do_phase(batch, due)
        await note_transfers(batch, [one for job in due for one in job.newcomers])
        log.debug("phase %d of plan %s done", phase, batch.plan_hash[:12])
    log.info("%d jobs of plan %s done", len(jobs), batch.plan_hash[:12])
    return BatchResult(batch.stopped_by, batch.interrupted)


async def _do_phase(batch: Batch, jobs: Sequence[Job]) -> None:
    """Do the jobs of one phase side by side; those on one account after each other."""
    await note_quiet(batch, [change for job in jobs if job.is_quiet for change in job.changes])
    lanes: dict[str, list[Job]] = defaultdict(list)
    for job in jobs:
        if not job.is_quiet:
            lanes[job.lane].append(job)
    slots = asyncio.Semaphore(batch.runtime.workers)
    crashes: list[BaseException] = []

    async def walk(lane: Sequence[Job]) -> None:
        async with slots:
            for job in lane:
                if crashes:
                    return
                try:
                    await _do(batch, job)
                except BaseException as exc:
                    crashes.append(exc)  # calls in flight are finished and recorded; nothing new is begun
                    raise

    await asyncio.gather(*(walk(lane) for lane in lanes.values()), return_exceptions=True)
    if crashes:
        raise crashes[0]


async def _do(batch: Batch, job: Job) -> None:
    """Do one job. A target that is lost halts the batch; what is then left of the job is skipped."""
    begun = bool(batch.calls(job))
    if not batch.halted and (batch.send or begun):
        try:
            await _work(batch, job)
            await close_calls(batch, job)
        except TargetError as exc:
            batch.stopped_by = batch.stopped_by or exc
    if not batch.may_send:
        await batch.skip_rest(job)
    batch.readings.forget(*_touched(batch, job))


async def _work(batch: Batch, job: Job) -> None:
    if job.newcomers:
        await create_people(batch, job)
    elif job.members:
        await change_members(batch, job)
    else:
        await carry_out(batch, job)


def _expect(batch: Batch, jobs: Sequence[Job]) -> None:
    """Have the accounts of *jobs* read together, as far as something is still to be done to them."""
    for job in jobs:
        if not all(batch.is_final(change) for change in job.changes):
            batch.readings.expect(*_touched(batch, job))


def _touched(batch: Batch, job: Job) -> tuple[list[str], list[str]]:
    """Return the accounts that a job has still to look at: keys and addresses."""
    if job.members:  # looked at only for being protected, and new people are not
        looks = bool(batch.runtime.protection.entries)
        return [one.account_key for one in job.members if looks and one.account_key], []
    key = batch.account_of(job.change) if job.operations and job.change else None
    return [key] if key else [], [one.address for one in job.newcomers]
