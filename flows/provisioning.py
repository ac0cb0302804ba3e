"""Apply a recorded plan under Prefect, and see to what an earlier run was cut off in."""

from datetime import UTC, datetime

from flows.planned import bring
from flows.run import Run
from tasks.journal import Journal, RunFolder, RunRecord
from tasks.journal.products import load_profile, load_verdict
from tasks.model.errors import BadUsage, StalePlan
from tasks.model.plan import Plan
from tasks.model.tally import tally_of
from tasks.plan.stage import still_asks_for
from tasks.provision import admit
from tasks.provision.steps import begin_applying, close_plan, provision_batch, settle_cut_off


def apply_recorded_plan(run: Run, pipeline: str, plan_hash: str) -> None:
    """Send a plan, batch by batch, and close its application."""
    run.applying = True
    batches, requests = begin_applying(pipeline, run.run_id, plan_hash)
    run.requests += requests
    accept_files(run, plan_hash)
    for batch in range(batches):
        go_on, requests = provision_batch(pipeline, run.run_id, plan_hash, batch)
        run.requests += requests
        if not go_on:
            break
    close_plan(run.run_id, plan_hash)


def accept_files(run: Run, plan_hash: str) -> None:
    """Keep the files that a plan was made from as the last accepted ones, as its application begins.

    From here on what they say is carried out. A file of which every row is held says nothing, and is not kept; nor is
    one whose tables are no longer beside the plan.
    """
    for ref in run.journal.plan(plan_hash).header.sources:
        profile = load_profile(run.folder, ref.name)
        if profile is not None and profile.valid and _content(run.folder, ref.name) == ref.content:
            run.journal.accept_file(run.pipeline_name, profile, run.run_id, datetime.now(UTC))


def _content(folder: RunFolder, source: str) -> str | None:
    try:
        return load_verdict(folder, source).content
    except BadUsage:  # the tables were deleted
        return None


def take_up(run: Run, pipeline: str) -> str | None:
    """See to a run that was cut off while it applied a plan; return that plan's hash if this run goes on with it.

    It does if rosters, mapping, rules, target and day are the same, and nothing else was applied since. Else the plan
    is given up, and a new one is to be made from where things stand.
    """
    cut_off = _cut_off(run)
    if cut_off is None:
        return None
    plan = _plan_of(cut_off, run.journal)
    if plan is None or not _goes_on(run, plan):
        _give_up(run, pipeline, cut_off, plan)
        return None
    bring(run, plan, RunFolder(run.settings.runs / cut_off.run_id))
    return plan.hash


def settle_other(run: Run, pipeline: str, plan_hash: str) -> None:
    """See to a run that was cut off while it applied another plan than the one that is to be applied now."""
    cut_off = _cut_off(run)
    if cut_off is not None and cut_off.plan_hash != plan_hash:
        _give_up(run, pipeline, cut_off, _plan_of(cut_off, run.journal))


def _cut_off(run: Run) -> RunRecord | None:
    """Return the run that was cut off, if there is one; what it had sent is told beside what this one sends."""
    found = run.journal.unfinished(run.pipeline_name)
    if found is not None:
        tally = tally_of(run.run_id)
        tally.earlier, tally.earlier_perhaps = run.journal.made(plan_hash=str(found.plan_hash))
    return found


def _plan_of(cut_off: RunRecord, journal: Journal) -> Plan | None:
    """Return the plan that a run was cut off in, None if this version of the program cannot read it."""
    try:
        return journal.plan(str(cut_off.plan_hash))
    except (StalePlan, BadUsage):
        return None


def _goes_on(run: Run, plan: Plan) -> bool:
    loaded = run.loaded
    try:
        admit(plan, run.journal)
    except StalePlan:
        return False
    return still_asks_for(plan, loaded.pipeline, loaded.mapping_hash, loaded.rules_hash, run.folder, run.as_of)


def _give_up(run: Run, pipeline: str, cut_off: RunRecord, plan: Plan | None) -> None:
    """Close a plan that is not gone on with: what became of its calls is looked up, where that can be done."""
    if plan is not None and plan.header.target == run.loaded.pipeline.target.tenant:
        run.requests += settle_cut_off(pipeline, run.run_id, cut_off.run_id, plan.hash)
    else:
        run.journal.give_up(str(cut_off.plan_hash), run.run_id, datetime.now(UTC))
