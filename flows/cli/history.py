"""``runs`` and ``report``: what was done, from the journal. Loads neither GX nor Prefect nor pandas."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated, Any

import typer

from flows.cli.options import AsJson
from flows.cli.talk import say, show, show_json
from tasks.model.steering import printable


def runs(
    json: AsJson = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=1, max=1_000_000, help="How many, newest first.")] = 20,
) -> None:
    """List the runs, newest first."""
    from tasks.journal import Journal
    from tasks.journal.runstore import require_home
    from tasks.settings import Settings

    settings = Settings()
    require_home(settings.home)
    with Journal.open(settings.journal_place) as journal:
        found = journal.runs(limit)
        permits = journal.permits()
        overrides = {one.decision_id: one for one in journal.decisions() if one.spent_by}
        reasons = {run.run_id: _reason(run, journal) for run in found}
    if json:
        show_json([_facts(run, reasons[run.run_id], permits, overrides) for run in found])
        return
    if not found:
        show("No run yet. 'rosterflow demo' makes some.")
    for run in found:
        code = "" if run.exit_code is None else run.exit_code
        reason = reasons[run.run_id].partition("\n")[0]  # a run has one line; 'report' tells the rest
        show(f"{run.run_id}  {run.command:6} {run.pipeline:20} {code:>2} {run.state:14} {reason}".rstrip())
        if let_pass := _override(run, overrides):
            show(f"  its plan was let pass over a limit: {printable(let_pass)}")
        for accepted in _accepted(run, permits):
            show(f"  {accepted}")


def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="A run's id, its beginning, or 'latest'.")] = "latest",
    json: AsJson = False,
) -> None:
    """Say how a run ended and where its page is."""
    from flows.cli.outcome import tell
    from tasks.journal import Journal
    from tasks.journal.runstore import OTHER_HOME, require_home
    from tasks.model.errors import BadUsage
    from tasks.report.stage import PAGE
    from tasks.settings import Settings

    settings = Settings()
    require_home(settings.home)
    with Journal.open(settings.journal_place) as journal:
        found = journal.find_run(run)
        folder = settings.runs / found.run_id
        sent = " ".join(filter(None, (_sent(found, journal), _carried_out(found, journal))))
        since = _since(found, journal)
        permits = journal.permits()
    if not found.summary:
        page = folder / PAGE
        there = f"There is a page in its folder all the same: {page}." if page.is_file() else ""
        raise BadUsage(
            f"The journal has no report of run {found.run_id}: it is at work, was cut off, or could write none.",
            remedy=there,
            sent=sent,
        )
    if found.summary["run"]["message"] and not json:
        show(found.summary["run"]["message"])
    tell(found.summary, folder, json=json)
    for accepted in () if json else _accepted(found, permits):
        show(f"Since this run ended, {accepted}.")
    if since and not json:
        show(f"So it was when this run ended. Its plan was begun since, by run {since}: see 'rosterflow runs'.")
    if not folder.is_dir():
        say(f"The folder of the run is not there, nor is its page: {folder}. {OTHER_HOME}")


def _reason(run: Any, journal: Any) -> str:
    """Return what stopped a run, else what it did; what is known where it could write no report."""
    if run.summary:
        return str(run.summary["run"]["message"] or run.summary["headline"])
    if run.state == "running" and run.applying_since is None:  # without that, no call could be made
        return "At work, or cut off before anything was sent."
    return " ".join(filter(None, (_WITHOUT_REPORT.get(run.state, "It ended without a report."), _sent(run, journal))))


def _sent(run: Any, journal: Any) -> str:
    """Return how many calls the journal has of a run that began to send; nothing of one that did not."""
    if run.applying_since is None:
        return ""
    calls, perhaps = journal.made(run_id=run.run_id)
    more = f", and {perhaps} that may have been made" if perhaps else ""
    return f"{calls or 'No'} {'call of it is' if calls == 1 else 'calls of it are'} recorded{more}."


def _since(run: Any, journal: Any) -> str:
    """Return the last run that began to apply the plan that this one made; empty if there is none."""
    plan_hash = (run.summary or {}).get("run", {}).get("plan_hash")
    later = [one for one in journal.begun_by(plan_hash) if one > run.run_id] if plan_hash else []
    return later[-1] if later else ""


def _accepted(run: Any, permits: Any) -> Iterator[str]:
    """Yield one line for each list that a run refused and somebody accepted."""
    for permit in permits:
        if permit.run_id == run.run_id:
            used = f"used by run {permit.spent_by}" if permit.spent_by else f"until {permit.until}"
            said = printable(f"{permit.by}: {permit.reason}")
            yield f"the list of {permit.source} was accepted by {said} ({used})"


def _override(run: Any, overrides: Any) -> str | None:
    """Return why the plan that a run applied was let pass over a limit, None if it was not.

    A run that has a report has said it there; one that was cut off was let pass if it used a decision up.
    """
    if run.applying_since is None:
        return None
    told = (run.summary.get("override") or {}).get("decision_id")
    found = (one for one in overrides.values() if one.decision_id == told or one.spent_by == run.run_id)
    return next((one.facts["reason"] for one in found), None)


def _carried_out(run: Any, journal: Any) -> str:
    """Return what was done so far by the plan that a run applies, where this version can read it."""
    from tasks.model.errors import RosterflowError
    from tasks.report.summary import UNMADE, carried_out

    if run.applying_since is None:
        return ""
    try:
        plan = journal.plan(run.plan_hash)
        outcomes = journal.outcomes_and_doubts(plan)
    except RosterflowError:
        return ""
    unmade = UNMADE if run.finished_at else ("is not completed yet", "are not completed yet")
    return carried_out(plan, outcomes, by="By its plan", unmade=unmade)


def _facts(run: Any, reason: str, permits: Any, overrides: Any) -> dict[str, Any]:
    return {
        "run_id": run.run_id,
        "command": run.command,
        "pipeline": run.pipeline,
        "started_at": run.started_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "state": run.state,
        "exit_code": run.exit_code,
        "plan_hash": run.plan_hash,
        "headline": run.summary.get("headline"),
        "reason": reason,
        "overridden": _override(run, overrides),
        "accepted": [asdict(permit) for permit in permits if permit.run_id == run.run_id],
    }


_WITHOUT_REPORT = {
    "running": "At work, or cut off: before a sync or apply of its pipeline carries out a plan, it goes on with this "
    "one's, or gives it up.",
    "Interrupted": "Cut off while it applied a plan; a later run took that up, or gave it up.",
    "Crashed": "An unexpected error ended it, or its report could not be written.",
    "Journal lost": "The journal failed while it was at work, or while its report was written.",
    "Folder lost": "Its folder was taken away while it was at work.",
    "Partial": "A signal ended it.",
}

COMMANDS = (runs, report)
