"""Apply a run's recorded plan under Prefect, and take up what an earlier run was cut off in."""

from flows.planned import go_on_with
from flows.run import Run
from tasks.model.plan import Plan
from tasks.plan.stage import still_asks_for
from tasks.provision.steps import begin_applying, close_plan, provision_batch, settle_cut_off


def apply_recorded_plan(run: Run, pipeline: str) -> None:
    """Send the plan in the run's folder, batch by batch, and close its application."""
    batches = begin_applying(pipeline, run.run_id)
    for batch in range(batches):
        go_on, requests = provision_batch(pipeline, run.run_id, batch)
        run.requests += requests
        if not go_on:
            break
    close_plan(pipeline, run.run_id)


def take_up(run: Run, pipeline: str) -> bool:
    """See to a run that was cut off while it applied a plan. True if this run goes on with that plan.

    If rosters, mapping, rules and day are the same, its plan is gone on with. Else the calls in the air are looked up
    and the plan is given up: a new one is made from where things stand.
    """
    cut_off = run.journal.unfinished(run.pipeline_name)
    if cut_off is None or cut_off.plan_hash is None:
        return False
    plan = Plan.from_bytes(run.journal.plan_bytes(cut_off.plan_hash))
    loaded = run.loaded
    if still_asks_for(plan, loaded.pipeline, loaded.mapping_hash, loaded.rules_hash, run.folder, run.as_of):
        go_on_with(run, cut_off.run_id, plan)
        return True
    run.requests += settle_cut_off(pipeline, run.run_id, cut_off.run_id, cut_off.plan_hash)
    return False
