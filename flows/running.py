"""Begin a run, record it, and bring it to its end, whatever that is. No Prefect."""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.run import Run
from flows.verdict import facts_of, state_name
from tasks.journal import Journal, RunRecord, RunStore, new_run_id
from tasks.model.errors import BadUsage, RosterflowError
from tasks.pipeline_file import LoadedPipeline, load_pipeline
from tasks.report.stage import PAGE, write_report
from tasks.settings import Settings

ABOUT = "run.json"


@contextmanager
def running(command: str, pipeline: str | Path, *, sends: bool, as_of: datetime | None = None) -> Iterator[Run]:
    """Open the pipeline, journal and folder of a new run, record its beginning, and its end when the block is left.

    A ``RosterflowError`` ends the run, is told in its report, and is raised again. Anything else raised while a plan
    is being applied leaves the run open, for the next one to go on with; before that, the run ends as crashed.
    Where *sends*, the pipeline is locked meanwhile (``RunLocked``).
    """
    settings, now = Settings(), datetime.now(UTC)
    loaded = load_pipeline(Path(pipeline), os.environ)
    with ExitStack() as stack:
        journal = stack.enter_context(Journal.open(settings.journal_url or settings.journal))
        if sends:
            stack.enter_context(journal.lock(loaded.pipeline.name, now))
        run_id = new_run_id(now, os.urandom(3))
        folder = RunStore(settings.runs).create(run_id)
        folder.write_bytes(ABOUT, json.dumps({"pipeline": str(loaded.path.absolute())}).encode())
        run = Run(run_id, command, loaded, settings, journal, folder, now, _day(as_of or now, loaded), sends)
        journal.begin_run(RunRecord(run_id, loaded.pipeline.name, command, now))
        try:
            yield run
        except RosterflowError as error:
            run.error = error
            _end(run)
            error.facts["report"] = str(folder.path(PAGE))
            raise
        except BaseException:
            if journal.run(run_id).applying_since is None:
                journal.finish_run(run_id, RosterflowError.exit_code, RosterflowError.state_name, {}, datetime.now(UTC))
            raise
        _end(run)


def _end(run: Run) -> None:
    """Write the reports and record how the run ended."""
    plan, finished = run.plan, datetime.now(UTC)
    outcomes = run.journal.outcomes(plan.hash) if plan and run.sends else {}
    facts = facts_of(run, plan, outcomes, finished)
    run.summary = write_report(facts, plan, outcomes, run.sources, run.folder)
    name = state_name(run.error, facts.exit_code)
    run.journal.finish_run(run.run_id, facts.exit_code, name, run.summary, finished)


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
