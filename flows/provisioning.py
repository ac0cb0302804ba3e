"""Apply a recorded plan under Prefect."""

from datetime import UTC, datetime

from flows.run import Run
from tasks.journal import RunFolder
from tasks.journal.products import load_profile, load_verdict
from tasks.model.errors import BadUsage, Interrupted
from tasks.model.wholes import FileProfile
from tasks.provision.steps import STOPPING, begin_applying, close_plan, provision_batch


def apply_recorded_plan(run: Run, pipeline: str, plan_hash: str) -> None:
    """Send a plan, batch by batch, and close its application.

    Raises ``Interrupted`` if a signal has come already: what was only read is not begun then, nor its list accepted.
    """
    if STOPPING.is_set():
        raise Interrupted(
            "A signal ended the run before it began to carry out its plan.", remedy="Run the same command again."
        )
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
    one whose profile or tables are no longer beside the plan as they were: the report says so, unless an earlier run of
    the plan has kept it.
    """
    for ref in run.journal.plan(plan_hash).header.sources:
        profile = _profile(run.folder, ref.name)
        is_whole = profile is not None and _content(run.folder, ref.name) == ref.content
        if profile is not None and profile.valid and is_whole:
            run.journal.accept_file(plan_hash, profile, run.run_id, datetime.now(UTC))
        elif not is_whole and not _is_kept(run, plan_hash, ref.name):
            run.unkept.append(ref.name)


def _is_kept(run: Run, plan_hash: str, source: str) -> bool:
    accepted = run.journal.accepted_file(run.pipeline_name, source)
    return accepted is not None and accepted[0].run_id in run.journal.begun_by(plan_hash)


def _profile(folder: RunFolder, source: str) -> FileProfile | None:
    try:
        return load_profile(folder, source)
    except BadUsage:  # what is left of it cannot be read
        return None


def _content(folder: RunFolder, source: str) -> str | None:
    try:
        return load_verdict(folder, source).content
    except BadUsage:  # the tables were deleted
        return None
