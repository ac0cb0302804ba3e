"""See to what an earlier run was cut off in: go on with it, or give it up and tell what had been done."""

import logging
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zipfile import is_zipfile

from flows.planned import bring
from flows.run import Run
from flows.verdict import facts_of_cut_off, mails_of, mails_untold
from tasks.faults import fault_of
from tasks.journal import INTERRUPTED, Journal, RunFolder, RunRecord
from tasks.model.errors import BadUsage, StalePlan
from tasks.model.operations import Outcome, is_final
from tasks.model.plan import Plan
from tasks.model.tally import tally_of
from tasks.plan.stage import still_asks_for, traced
from tasks.provision import admit, close, conclude_rest
from tasks.provision.steps import settle_cut_off
from tasks.report.facts import RunFacts
from tasks.report.stage import REVIEW, SUMMARY, write_report
from tasks.report.summary import carried_out, summarise
from tasks.report.words import count

log = logging.getLogger(__name__)

ENDED = {"done": "Completed", "nothing_to_do": "Completed", "partial": "Partial"}
"""What an end is called of which a report of an older version says no name."""


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


def give_up_cut_off(run: Run, pipeline: str, plan_hash: str) -> None:
    """See to a run that was cut off while it applied this plan, which cannot be applied any more."""
    cut_off = _cut_off(run)
    if cut_off is not None and cut_off.plan_hash == plan_hash:
        _give_up(run, pipeline, cut_off, _plan_of(cut_off, run.journal))


def _cut_off(run: Run) -> RunRecord | None:
    """Return the run that was cut off, if there is one; what it had sent is told beside what this one sends.

    One that has left its report, and whose end is not recorded since it was killed then or the journal could not be
    written, has ended as that report says.
    """
    found = run.journal.unfinished(run.pipeline_name)
    if found is not None and found.finished_at is None and _record_end(run, found):
        found = run.journal.unfinished(run.pipeline_name)
    if found is not None:
        _note_calls(run, str(found.plan_hash))
    return found


def _record_end(run: Run, found: RunRecord) -> bool:
    """Record the end of a run by the summary in its folder, and tell whether there is a whole report of its own."""
    folder = RunFolder(run.settings.runs / found.run_id)
    try:
        summary = folder.load_json(SUMMARY, dict)
        told = summary["run"]
        is_whole = told["run_id"] == found.run_id and is_zipfile(folder.path(REVIEW))
        at, code = datetime.fromisoformat(told["finished_at"]), int(told["exit_code"])
        name = str(told.get("state_name") or ENDED[told["state"]])
        mails = Counter({kind: int(times) for kind, times in summary["mails"].items()})
    except (AttributeError, BadUsage, KeyError, TypeError, ValueError):
        return False
    if is_whole:
        plan = _plan_of(found, run.journal)
        if plan is not None:
            run.told_mails[plan.hash] = _told_beyond(run, found, plan, mails)
            close(plan, run.journal, found.run_id, datetime.now(UTC))  # it may have ended for want of the journal
        run.journal.finish_run(found.run_id, code, name, summary, at.astimezone(UTC))
    return is_whole


def _told_beyond(run: Run, found: RunRecord, plan: Plan, mails: Counter[str]) -> Counter[str]:
    """Return those of the *mails* that a run told of in its report that were for changes without an outcome.

    There are none but in a journal that was put back from a copy which is older than that report.
    """
    outcomes = run.journal.outcomes(plan.hash)
    own = run.journal.settled_by(found.run_id, plan.hash) | run.journal.settled_untold(found.run_id, plan.hash)
    known = mails_of(plan, {key: outcome for key, outcome in outcomes.items() if key in own})
    unknown = Counter(kind for change in plan.changes if change.change_id not in outcomes for kind in change.mail)
    return (mails - Counter(known)) & unknown


def _note_calls(run: Run, plan_hash: str) -> None:
    tally_of(run.run_id).note_earlier(plan_hash, *run.journal.made(plan_hash=plan_hash))


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
    """Close a plan that is not gone on with, and tell what was done of it: here, and in a report of that run.

    What became of its calls is looked up, where that can be done. The run counts as cut off until all is told.
    """
    if plan is None:
        run.given_up.append(f"{_not_completed(cut_off)}: this version cannot read it. {_calls(run, cut_off)}")
        run.journal.give_up(cut_off.run_id, run.run_id, datetime.now(UTC))
        return
    went_through = _went_through(plan, run.journal)  # before it is looked up what became of open calls
    close = run.journal.supersede
    if plan.header.target == run.loaded.pipeline.target.tenant:
        run.requests += settle_cut_off(pipeline, run.run_id, plan.hash)
    else:
        conclude_rest(plan, run.journal, run.run_id, datetime.now(UTC))
        close = run.journal.give_up
    _note_calls(run, plan.hash)  # by now it is known of more of them
    outcomes = run.journal.outcomes_and_doubts(plan)
    ended, by = (_NOT_REPORTED, "By its plan") if went_through else (_not_completed(cut_off), "By it")
    run.given_up.append(f"{ended.format(cut_off.run_id)}. {carried_out(plan, outcomes, by)}")
    summary: dict[str, Any] = {}
    if cut_off.finished_at is not None and cut_off.state != INTERRUPTED:  # it has a report of its own
        found = run.journal.settled_by(run.run_id, plan.hash)
        run.late_mails.update(mails_untold(run, plan, {key: one for key, one in outcomes.items() if key in found}))
    else:
        facts = facts_of_cut_off(run, cut_off, plan, outcomes, went_through=went_through)
        summary = _report(run, facts, plan, outcomes)
    close(cut_off.run_id, run.run_id, datetime.now(UTC), summary)


def _went_through(plan: Plan, journal: Journal) -> bool:
    """Tell whether every change of a plan had ended for good when the last run that applied it was cut off."""
    known, by_them = journal.outcomes(plan.hash), journal.settled_in_applying(plan.hash)
    return all(one.change_id in by_them and is_final(known[one.change_id]) for one in plan.changes)


_NOT_REPORTED = "Run {} was cut off after it had gone through its plan, before it could report"


def _not_completed(cut_off: RunRecord) -> str:
    return f"The plan of run {cut_off.run_id} had not been completed, and is given up"


def _calls(run: Run, cut_off: RunRecord) -> str:
    made, perhaps = run.journal.made(plan_hash=str(cut_off.plan_hash))
    more = f", and perhaps {perhaps} more" if perhaps else ""
    return f"{count(made, 'call')} had been made for it{more}."


def _report(run: Run, facts: RunFacts, plan: Plan, outcomes: Mapping[str, Outcome]) -> dict[str, Any]:
    """Write the report of a run that was cut off into its folder, if that is still there; return its summary.

    Whatever is wrong there, this run goes on: the summary stands in the journal.
    """
    folder = RunFolder(run.settings.runs / facts.run_id)
    try:
        if folder.root.is_dir():
            return write_report(facts, traced(plan, folder), outcomes, run.loaded.pipeline, folder)
    except Exception as error:  # noqa: BLE001 - whatever a killed run may have left there
        log.warning("The report of the run that was cut off could not be written (%s).", fault_of(error))
    return summarise(facts, plan, (), outcomes, {})
