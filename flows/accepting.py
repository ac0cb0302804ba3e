"""Accepting a file that differs too much from the last accepted one: a person's decision, named, dated, good once.

It is bound to the bytes of that file, its source and pipeline, and to the file that it was held against. It is used up
when a run begins to carry the file out, which makes it the last accepted one (docs/decisions/0027).
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from tasks.journal import Journal, RunRecord
from tasks.journal.runstore import require_home
from tasks.model.errors import BadUsage, RejectedSource
from tasks.model.wholes import Permit
from tasks.settings import Settings

DAYS, MOST_DAYS = 7, 31


def accept(run: str, by: str, reason: str, until: str | None = None, source: str | None = None) -> list[Permit]:
    """Let the files pass that *run* refused, or that of one *source*; return the decisions as recorded.

    Raises ``BadUsage`` if there is nothing to accept: the run refused no file for its difference, it is accepted
    already, or another file was accepted since.
    """
    if not by.strip() or not reason.strip():
        raise BadUsage("Accepting a file needs a name and a reason.", remedy='Give --by "Ada Byron" --reason "why".')
    now = datetime.now(UTC)
    day = _last_day(until, now.date())
    settings = Settings()
    require_home(settings.home)
    with Journal.open(settings.journal_place) as journal:
        record = journal.find_run(run)
        asked = _refused(record, source)
        for whole in asked:
            _require_open(journal, record, whole, now.date())
        return [_permit(journal, record, whole, (by.strip(), reason.strip(), day), now) for whole in asked]


def _last_day(until: str | None, today: date) -> str:
    if until is None:
        return (today + timedelta(days=DAYS)).isoformat()
    try:
        day = date.fromisoformat(until)
    except ValueError:
        raise BadUsage(f"'{until}' is not a day.", remedy="Write it as 2026-03-31.") from None
    if not today <= day <= today + timedelta(days=MOST_DAYS):
        raise BadUsage(f"--until must be a day from today on, at most {MOST_DAYS} days ahead.")
    return day.isoformat()


def _refused(record: RunRecord, source: str | None) -> list[dict[str, Any]]:
    """Return what a run's summary says of the files that it refused for their difference."""
    stopped = record.state == RejectedSource.state_name
    wholes = [one for one in record.summary.get("whole", ()) if stopped and one["broken"] and not one["permit"]]
    found = [one for one in wholes if source in (None, one["source"])]
    if found:
        return found
    which = "" if source is None or not wholes else f" of source {source}"
    raise BadUsage(
        f"There is nothing to accept: run {record.run_id} refused no file{which} for being unlike the last one.",
        remedy="'rosterflow runs' lists the runs; name one that ended with code 6 and says what is over its bounds.",
    )


def _require_open(journal: Journal, record: RunRecord, whole: dict[str, Any], today: date) -> None:
    accepted = journal.accepted_file(record.pipeline, whole["source"])
    if (accepted[0].sha256 if accepted else "") != _baseline(whole):
        raise BadUsage(
            f"There is nothing to accept: another file of {whole['source']} was accepted since that run.",
            remedy="Run the command again to see how the file differs from that one.",
        )
    this = (whole["source"], whole["sha256"], _baseline(whole))
    for permit in journal.permits(record.pipeline):
        if (permit.source, permit.sha256, permit.baseline) != this:
            continue
        decided = f"There is nothing to accept: decision {permit.permit_id} lets this file of {permit.source} pass"
        if permit.spent_by is not None and permit.run_id == record.run_id:
            raise BadUsage(f"{decided}, and run {permit.spent_by} used it.", remedy="Name the run that refused it now.")
        if permit.spent_by is None and today.isoformat() <= permit.until:
            raise BadUsage(f"{decided}, until {permit.until}.", remedy="Run the command again.")


def _baseline(whole: dict[str, Any]) -> str:
    """Return the hash of the file that a refused one was held against, empty where it was the first."""
    return str(whole["baseline"]["sha256"]) if whole["baseline"] else ""


def _permit(
    journal: Journal, record: RunRecord, whole: dict[str, Any], words: tuple[str, str, str], now: datetime
) -> Permit:
    by, reason, until = words
    permit = Permit(
        permit_id=0,
        pipeline=record.pipeline,
        source=whole["source"],
        sha256=whole["sha256"],
        baseline=_baseline(whole),
        run_id=record.run_id,
        by=by,
        reason=reason,
        at=now.isoformat(timespec="seconds"),
        until=until,
    )
    number = journal.permit_file(permit, now)
    return next(one for one in journal.permits(record.pipeline) if one.permit_id == number)
