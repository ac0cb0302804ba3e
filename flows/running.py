"""Begin a run, record it, and bring it to its end, whatever that is. No Prefect."""

import json
import logging
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.notices import send_notices
from flows.run import Run
from flows.verdict import INCOMPLETE, facts_of, state_name
from tasks.faults import fault_of
from tasks.journal import Journal, RunRecord, RunStore
from tasks.model.errors import BadUsage, RosterflowError
from tasks.pipeline_file import LoadedPipeline, load_pipeline
from tasks.provision import close, restated
from tasks.report.stage import PAGE, write_report
from tasks.settings import Settings

ABOUT = "run.json"

log = logging.getLogger(__name__)


@contextmanager
def running(command: str, pipeline: str | Path, *, sends: bool, as_of: datetime | None = None) -> Iterator[Run]:
    """Open the pipeline, journal and folder of a new run, record its beginning, and its end when the block is left.

    A ``RosterflowError`` ends the run, is told in its report, and is raised again, saying what was sent before it.
    Anything else raised while a plan is being applied leaves the run open, for the next one to go on with; before
    that, the run ends as crashed, or as incomplete if it was a signal. Where *sends*, the pipeline is locked
    meanwhile (``RunLocked``).
    """
    settings, now = Settings(), datetime.now(UTC)
    loaded = load_pipeline(Path(pipeline), os.environ)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal.open(settings.journal_url or settings.journal))
        if sends:
            stack.enter_context(journal.lock(loaded.pipeline.name, now))
        folder = RunStore(settings.runs).new(now, journal.last_run_id())
        run_id = folder.root.name
        folder.write_bytes(ABOUT, json.dumps({"pipeline": str(loaded.path.absolute())}).encode())
        days = (_day(as_of or now, loaded), _day(now, loaded))
        run = Run(run_id, command, loaded, settings, journal, folder, now, *days, sends)
        journal.begin_run(RunRecord(run_id, loaded.pipeline.name, command, now))
        try:
            yield run
        except RosterflowError as error:
            run.error = _closed(run, error)
        except BaseException as error:
            _break_off(run, error)
            raise
        _end(run)
        if run.error is not None:
            raise run.error


def _closed(run: Run, error: RosterflowError) -> RosterflowError:
    """Close the plan's application if *error* came in the midst of it; return the error, saying what had been sent."""
    record = run.journal.run(run.run_id)
    if record.applying_since is None or record.plan_hash is None:
        return error
    close(run.journal.plan(record.plan_hash), run.journal, run.run_id, datetime.now(UTC))
    return restated(error, run.journal.sent(run.run_id))


def _break_off(run: Run, error: BaseException) -> None:
    """Record how a run ended that a fault or a signal broke off. One that was applying stays open, for the next."""
    if run.journal.run(run.run_id).applying_since is None:
        run.exit_code = INCOMPLETE if isinstance(error, KeyboardInterrupt) else RosterflowError.exit_code
        name = state_name(None, INCOMPLETE) if run.exit_code == INCOMPLETE else RosterflowError.state_name
        run.journal.finish_run(run.run_id, run.exit_code, name, {}, datetime.now(UTC))


def _end(run: Run) -> None:
    """Write the reports and record how the run ended. Where no report can be written, that is how it ended."""
    finished = datetime.now(UTC)
    try:
        _report(run, finished)
    except Exception as error:  # noqa: BLE001 - whatever it is, the journal must say how the run ended
        lost = f"The report could not be written ({fault_of(error)})."
        if run.error is not None:
            log.warning("%s", lost)
        run.error = run.error or RosterflowError(lost, sent="What was done is in the journal.")
        run.exit_code = run.error.exit_code
    name = state_name(run.error, run.exit_code)
    run.journal.finish_run(run.run_id, run.exit_code, name, run.summary, finished)
    send_notices(run)


def _report(run: Run, finished: datetime) -> None:
    plan = run.plan
    outcomes = run.journal.outcomes(plan.hash) if plan and run.sends else {}
    facts = facts_of(run, plan, outcomes, finished)
    run.exit_code = facts.exit_code
    run.summary = write_report(facts, plan, outcomes, run.loaded.pipeline, run.folder)
    if run.error is not None:
        run.error.facts["report"] = str(run.folder.path(PAGE))


def day_given(text: str | None) -> datetime | None:
    """Return a day given on the command line. Raises ``BadUsage`` if it is none."""
    if text is None:
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise BadUsage(f"'{text}' is not a day.", remedy="Write it as 2026-03-31.") from None


def _day(moment: datetime, loaded: LoadedPipeline) -> date:
    """Return the day of a moment in the pipeline's time zone; a moment without a zone is taken to be there."""
    zone = ZoneInfo(loaded.pipeline.timezone)
    return moment.astimezone(zone).date() if moment.tzinfo else moment.date()
