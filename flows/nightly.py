"""The nightly sync as a Prefect flow: plan, then send what the pipeline's limits let a run do unattended."""

from datetime import datetime
from typing import Any

from prefect import flow, runtime
from prefect.client.schemas.objects import State

from flows.confirming import confirmed
from flows.cut_off import take_up
from flows.ending import ended
from flows.overriding import is_overridden_by_name
from flows.provisioning import apply_recorded_plan
from flows.run import Run
from flows.states import told_by_state
from tasks.doctor.steps import check_ready
from tasks.ingest.steps import ingest
from tasks.plan.steps import check_freeze, check_limits, compute_plan, read_target
from tasks.validate import require_people
from tasks.validate.steps import compare, merge, validate


@flow(name="rosterflow-sync", flow_run_name="sync {pipeline}")
@told_by_state
def sync(pipeline: str, as_of: datetime | None = None, override: str | None = None) -> State[Any]:
    """Make the target equal to what the rosters and rules say.

    *as_of* is the moment to plan for, else the scheduled time, else now. *override* is the hash of a plan that may
    be sent though it is over a limit. The state's name says how the run ended; the journal holds the rest.
    """
    return ended("sync", pipeline, lambda run: _sync(run, pipeline, override), as_of=as_of or _scheduled())


def _sync(run: Run, pipeline: str, override: str | None) -> None:
    require_people(run.loaded.pipeline.sources, run.loaded.folder)
    with confirmed(run):
        for source in run.sources:
            ingest(pipeline, run.run_id, source)
            validate(pipeline, run.run_id, source, run.rejects_name(source), run.as_of)
        merge(pipeline, run.run_id, run.rejects_names, run.as_of)
        compare(pipeline, run.run_id, run.today)
    run.requests += check_ready(pipeline, run.run_id)
    plan_hash = take_up(run, pipeline) or _plan(run, pipeline)
    check_freeze(pipeline, plan_hash, run.today)
    if not is_overridden_by_name(run, plan_hash, override):
        check_limits(pipeline, plan_hash)
    apply_recorded_plan(run, pipeline, plan_hash)


def _plan(run: Run, pipeline: str) -> str:
    run.requests += read_target(pipeline, run.run_id, run.as_of)
    return compute_plan(pipeline, run.run_id, run.as_of)


def _scheduled() -> datetime | None:
    """Return when this run was due, if a schedule started it: a late worker plans for the day that was meant."""
    due = runtime.flow_run.scheduled_start_time
    return due if runtime.deployment.id and isinstance(due, datetime) else None
