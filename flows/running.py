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
from flows.run import ABOUT, Run
from flows.sent import sent_by, telling
from flows.verdict import INCOMPLETE, exit_code, facts_of, state_name
from tasks.faults import fault_of
from tasks.journal import Journal, RunRecord, RunStore
from tasks.model.errors import BadUsage, FolderLost, JournalLost, RosterflowError
from tasks.model.operations import Outcome
from tasks.model.plan import Plan
from tasks.model.tally import tally_of
from tasks.pipeline_file import LoadedPipeline, at_work, load_pipeline
from tasks.plan.stage import traced
from tasks.provision import close
from tasks.report.stage import PAGE, write_report
from tasks.settings import Settings

AGAIN = "Run the same command again."
SEND_AGAIN = "Run the same command again: what is on record as done is not done again."

log = logging.getLogger(__name__)


@contextmanager
def running(command: str, pipeline: str | Path, *, sends: bool, as_of: datetime | None = None) -> Iterator[Run]:
    """Open the pipeline, journal and folder of a new run, record its beginning, and its end when the block is left.

    A ``RosterflowError`` ends the run, is told in its report, and is raised again, saying what was sent before it.
    ``JournalLost`` and ``FolderLost`` are raised in its place where it only follows from them. Anything else raised
    while a plan is being applied leaves the run open, for the next one to go on with; before that, the run ends as
    crashed, or as incomplete if it was a signal. Where *sends*, the pipeline is locked meanwhile (``RunLocked``).
    """
    settings, now = Settings(), datetime.now(UTC)
    loaded = load_pipeline(Path(pipeline), os.environ)
    with ExitStack() as stack:
        stack.enter_context(at_work(loaded))
        journal = stack.enter_context(Journal.open(settings.journal_place))
        if sends:
            stack.enter_context(journal.lock(loaded.pipeline.name, now))
        folder = RunStore(settings.runs).new(now, journal.last_run_id())
        run_id = folder.root.name
        folder.write_bytes(ABOUT, json.dumps({"pipeline": str(loaded.path.absolute())}).encode())
        days = (_day(as_of or now, loaded), _day(now, loaded))
        run = Run(run_id, command, loaded, settings, journal, folder, now, *days, sends)
        journal.begin_run(RunRecord(run_id, loaded.pipeline.name, command, now))
        if sends:
            tally_of(run_id)  # from here on this process counts what it sends
        try:
            yield run
        except RosterflowError as error:
            run.error = _stopped(run, error)
        except Exception as error:
            if _has_folder(run):
                _break_off(run, error)
                raise
            run.error = _stopped(run, _folder_lost(run))
        except BaseException as error:
            _break_off(run, error)
            raise
        _end(run)
        if run.error is not None:
            raise run.error


def _stopped(run: Run, error: RosterflowError) -> RosterflowError:
    """Close the plan's application if *error* came in the midst of it; return what stopped the run.

    What was asked for cannot turn out to be wrong once a plan is being sent. So bad usage is then what follows from a
    journal that does not know the run any more. At any time it is, and so is what could not be written, what follows
    from a folder that was taken away.
    """
    if type(error) is BadUsage and run.applying:  # from here on nothing but the journal is asked for anything
        error = _journal_lost(error.what)
    elif (isinstance(error, BadUsage) or type(error) is RosterflowError) and not _has_folder(run):
        error = _folder_lost(run)
    try:
        record = run.journal.run(run.run_id)
        if record.applying_since is not None and record.plan_hash is not None:
            close(run.journal.plan(record.plan_hash), run.journal, run.run_id, datetime.now(UTC))
    except Exception as lost:  # noqa: BLE001 - it stays open, for the next run to go on with, if there is a record
        return error if isinstance(error, JournalLost) else _unusable(lost)
    return error


def _has_folder(run: Run) -> bool:
    return run.folder.path(ABOUT).is_file()


def _folder_lost(run: Run) -> FolderLost:
    return FolderLost(
        f"The folder of the run was taken away while it was at work, so there is no report: {run.folder.root}.",
        remedy="Let nothing clean up there during a run. Run the same command again: it finds out what is left to do.",
    )


def _journal_lost(why: str) -> JournalLost:
    return JournalLost(
        f"The journal was lost while the run was at work. {why}",
        remedy="Put it back, from a backup if need be, and let nothing touch it during a run; then run the same "
        "command again: it reads the target anew.",
        reason="gone",
    )


def _unusable(error: Exception) -> JournalLost:
    return error if isinstance(error, JournalLost) else _journal_lost(f"It cannot be used any more ({_said(error)}).")


def _said(error: Exception) -> str:
    return error.what.rstrip(".") if isinstance(error, RosterflowError) else str(fault_of(error))


def _break_off(run: Run, error: BaseException) -> None:
    """Record how a run ended that a fault or a signal broke off. One that was applying stays open, for the next."""
    try:
        if run.journal.run(run.run_id).applying_since is not None:
            return
        run.exit_code = INCOMPLETE if isinstance(error, KeyboardInterrupt) else RosterflowError.exit_code
        name = state_name(None, INCOMPLETE) if run.exit_code == INCOMPLETE else RosterflowError.state_name
        run.journal.finish_run(run.run_id, run.exit_code, name, {}, datetime.now(UTC))
    except Exception as lost:  # noqa: BLE001 - what broke the run off is raised, and nothing in its place
        log.warning("How the run ended could not be recorded (%s).", fault_of(lost))


def _end(run: Run) -> None:
    """Write the reports and record how the run ended. Where one of the two cannot be done, that is how it ended."""
    finished = datetime.now(UTC)
    _tell(run)
    _report_or_say(run, finished)
    try:
        name = state_name(run.error, run.exit_code)
        run.journal.finish_run(run.run_id, run.exit_code, name, run.summary, finished)
    except Exception as lost:  # noqa: BLE001 - whatever it is, the state must say how the run ended
        if not isinstance(run.error, JournalLost):  # the report has said something else
            run.error, run.summary = _unusable(lost), {}
            _tell(run)
            _report_or_say(run, finished)
    send_notices(run)


def _tell(run: Run) -> None:
    """Find out what the run sent, and let what stopped it say so."""
    run.sent = sent_by(run)
    if run.error is not None:
        run.exit_code = run.error.exit_code
        telling(run.error, run.sent)


def _report_or_say(run: Run, finished: datetime) -> None:
    """Write the reports; where that cannot be done, let what stopped the run say so, or be what stopped it."""
    try:
        _report(run, finished)
    except Exception as error:  # noqa: BLE001 - whatever it is, the journal must say how the run ended
        if run.error is None:
            run.error = _without_report(run, error)
            _tell(run)
        elif not isinstance(run.error, FolderLost):
            run.error.remedy = " ".join(filter(None, (run.error.remedy, *_no_report_either(run, error))))


def _without_report(run: Run, error: Exception) -> RosterflowError:
    """Return what stopped a run that could do all but write its report."""
    if not _has_folder(run):
        return _folder_lost(run)
    if isinstance(error, JournalLost):
        return error
    remedy = error.remedy if isinstance(error, RosterflowError) else ""
    return RosterflowError(_unwritten(error), remedy=remedy or (SEND_AGAIN if run.sends else AGAIN))


def _no_report_either(run: Run, error: Exception) -> tuple[str, ...]:
    """Say beside what stopped the run that there is no report, and what helps, where that is something else."""
    if not _has_folder(run):
        return (_folder_lost(run).what,)
    told = isinstance(error, JournalLost) and isinstance(run.error, JournalLost)
    return (_unwritten(error), error.remedy if isinstance(error, RosterflowError) and not told else "")


def _unwritten(error: Exception) -> str:
    return f"The report could not be written ({_said(error)})."


def _report(run: Run, finished: datetime) -> None:
    run.result = run.result or _result(run)
    run.exit_code = exit_code(run, *run.result)
    facts = facts_of(run, *run.result, finished)
    run.summary = write_report(facts, *run.result, run.loaded.pipeline, run.folder)
    if run.error is not None:
        run.error.facts["report"] = str(run.folder.path(PAGE))


def _result(run: Run) -> tuple[Plan | None, dict[str, Outcome]]:
    """Return the plan of a run with its outcomes: the one that it began to apply, whatever became of its folder."""
    record = run.journal.run(run.run_id) if run.applying else None
    applied = record.plan_hash if record else None
    plan = run.plan if applied is None else traced(run.journal.plan(applied), run.folder)
    if plan is None or not run.sends:
        return plan, {}
    run.own = run.journal.settled_by(run.run_id, plan.hash)
    # One that was refused, or that failed as it began, tells nothing: the plan may have been given up, and all of it
    # told; and that it has told something would not be known to the next.
    if record and record.applying_since:
        run.untold = run.journal.settled_untold(run.run_id, plan.hash)
    return plan, run.journal.outcomes_and_doubts(plan)


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
