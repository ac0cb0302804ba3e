"""How a run ended, in all its forms: exit code, Prefect state, report's word, what to do next. They always agree."""

import os
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from flows.overriding import override_of
from flows.planned import planned_run
from flows.run import Run
from tasks.journal import RunRecord
from tasks.model.errors import RosterflowError, StalePlan, UnsafePlan
from tasks.model.operations import GOOD, NOT_LIMITED, PERHAPS_UNDONE, Outcome, OutcomeStatus
from tasks.model.plan import Action, Plan, WithheldReason
from tasks.model.remaining import remaining
from tasks.model.sent import Sent
from tasks.pipeline_file import load_pipeline
from tasks.plan.stage import with_origins
from tasks.provision import require_recent
from tasks.provision.reasons import GIVEN_BACK, GIVEN_BACK_SINCE
from tasks.report.facts import Override, RunFacts, RunState
from tasks.report.summary import nameless
from tasks.report.words import TRANSFER

DONE, PENDING, INCOMPLETE = 0, 3, 4
GIVEN_UP_BY = "The run that gave its plan up: rosterflow report {} (was that cut off too, see rosterflow runs)"
BLOCKED = UnsafePlan.exit_code


def facts_of(run: Run, plan: Plan | None, outcomes: Mapping[str, Outcome], finished: datetime) -> RunFacts:
    """Return what the report says of the run itself."""
    code = exit_code(run, plan, outcomes)
    zone = ZoneInfo(run.loaded.pipeline.timezone)
    return RunFacts(
        run_id=run.run_id,
        command=run.command,
        pipeline=run.pipeline_name,
        target=run.loaded.pipeline.target.name,
        as_of=run.as_of.isoformat(),
        started_at=run.started_at.astimezone(zone).isoformat(timespec="seconds"),
        finished_at=finished.astimezone(zone).isoformat(timespec="seconds"),
        plan_hash=plan.hash if plan else None,
        state=run_state(code, plan),
        exit_code=code,
        state_name=state_name(run.error, code),
        message=str(run.error or ""),
        requests=run.requests or None,
        mails=_mails_to_come(plan, outcomes) if code in (PENDING, BLOCKED) else _mails_told(run, plan, outcomes),
        next_steps=next_steps(run, code, plan),
        timezone=run.loaded.pipeline.timezone,
        sent=run.sent,
        own=run.own,
        given_up=tuple(run.given_up),
        unread=run.unread,
        unkept=tuple(run.unkept),
        override=_override(run, plan) if plan and run.applying else None,
    )


def _override(run: Run, plan: Plan) -> Override | None:
    """Return the decision under which a plan was sent over a limit, None if it was not."""
    decision = override_of(run.journal, plan.hash)
    if decision is None:
        return None
    at = decision.at.astimezone(ZoneInfo(run.loaded.pipeline.timezone)).isoformat(timespec="seconds")
    return Override(decision.decision_id, str(decision.facts["reason"]), at)


def facts_of_cut_off(
    run: Run, cut_off: RunRecord, plan: Plan, outcomes: Mapping[str, Outcome], *, went_through: bool
) -> RunFacts:
    """Return what the report says of a run that was cut off, and whose plan *run* has given up.

    What was found out of its calls since, by whatever run, counts as its own.
    """
    zone = run.loaded.pipeline.timezone
    target = run.loaded.pipeline.target
    sent = Sent(recorded=run.journal.sent(cut_off.run_id))
    own = frozenset(outcomes) - run.journal.settled_by_others(cut_off.run_id, plan.hash)
    told = own | run.journal.settled_untold(cut_off.run_id, plan.hash)
    return RunFacts(
        run_id=cut_off.run_id,
        command=cut_off.command,
        pipeline=cut_off.pipeline,
        target=target.name if target.tenant == plan.header.target else plan.header.target,
        as_of=plan.header.as_of,
        started_at=cut_off.started_at.astimezone(ZoneInfo(zone)).isoformat(timespec="seconds"),
        finished_at=None,
        plan_hash=plan.hash,
        state="cut_off",
        exit_code=None,
        mails=mails_of(plan, {key: outcome for key, outcome in outcomes.items() if key in told}),
        next_steps=(GIVEN_UP_BY.format(run.run_id),),
        timezone=zone,
        sent=sent,
        own=own,
        went_through=went_through,
        override=_override(run, plan),
    )


def _own(run: Run, outcomes: Mapping[str, Outcome]) -> dict[str, Outcome]:
    """Return the outcomes that this run is to tell of: its own, and those of runs that were cut off before they could.

    Its own are those that it recorded, of calls that an earlier run made as well. Earlier runs of the plan have told of
    the others. Where nothing tells whose they are, a run that sent nothing takes none for its own.
    """
    all_or_none = frozenset() if run.sent.is_nothing else frozenset(outcomes)
    told = run.untold | (all_or_none if run.own is None else run.own)
    return {key: outcome for key, outcome in outcomes.items() if key in told}


def exit_code(run: Run, plan: Plan | None, outcomes: Mapping[str, Outcome]) -> int:
    """Return the code of the design, section 4: what stopped the run decides, then what was left undone."""
    if run.error is not None:
        return run.error.exit_code
    if plan is None:
        return DONE
    if not run.sends:
        return PENDING if plan.changes else DONE
    settled = [outcomes.get(change.change_id) for change in plan.changes]
    undone = any(outcome is None or outcome.status not in GOOD for outcome in settled)
    short_of_seats = any(item.reason == WithheldReason.NO_SEAT for item in plan.withheld)
    return INCOMPLETE if undone or short_of_seats else DONE


def run_state(code: int, plan: Plan | None) -> RunState:
    """Return the report's word for an exit code."""
    if code == DONE:
        return "nothing_to_do" if plan is not None and not plan.changes else "done"
    states: dict[int, RunState] = {PENDING: "pending", INCOMPLETE: "partial", BLOCKED: "blocked"}
    return states.get(code, "failed")


def state_name(error: RosterflowError | None, code: int) -> str:
    """Return the name of the Prefect state for an end."""
    if error is not None:
        return error.state_name
    return "Partial" if code == INCOMPLETE else "Completed"


def next_steps(run: Run, code: int, plan: Plan | None) -> tuple[str, ...]:
    """Return what somebody should do now, most pressing first."""
    steps = []
    if code == INCOMPLETE and run.error is None:  # else that says what to do
        steps.append(f"See in the report what was not done, and why. {_way_on(run, plan)}")
    decides = code == PENDING or (code == BLOCKED and run.command == "plan")
    unfinished = run.journal.unfinished(run.pipeline_name) if decides else None
    if unfinished is not None:
        steps.append(
            "Another run of this pipeline is at work, was cut off, or ended without knowing what became of a call. "
            f"{_settling(run, unfinished, plan)}, then make a new plan: this one may be out of date by then."
        )
    elif code == PENDING:
        steps.append(_sending(run, plan))
    over = run.error is not None and "readings" in run.error.facts  # over a limit, not frozen
    if plan is not None and over and unfinished is None:
        steps.append(
            f"If the changes are meant, let plan {plan.hash[:12]} pass this once: "
            f'rosterflow apply {run.run_id} --override "why"'
        )
    if run.error is not None and "broken" in run.error.facts:
        steps.append(
            "If the list is right as it is, accept this very file, then run the command again: "
            f'rosterflow accept {run.run_id} --by NAME --reason "why"'
        )
    held = [name for name in map(run.rejects_name, run.sources) if run.folder.path(name).exists()]
    if held:
        steps.append(f"Mend the held rows at their source; they are in {' and '.join(held)}.")
    if nameless(plan):
        steps.append(
            "Map given_name and family_name in the pipeline file, or fill them in: a new account needs both. "
            "Who lacks them is in the report, under 'Not in the plan'."
        )
    if plan is not None and not run.loaded.pipeline.rules and any(c.action == Action.CREATE for c in plan.changes):
        steps.append(
            "Say under rules who gets what: there are none, so new accounts come without a product, and GoTo "
            "counts such an account as suspended."
        )
    return tuple(steps)


def _settling(run: Run, unfinished: RunRecord, plan: Plan | None) -> str:
    """Say what settles an earlier run: its command, that of another run of its plan, or applying any plan, if none of
    them can do it now."""
    if unfinished.command != "apply" or _can_settle(run, unfinished.run_id):
        own = "" if unfinished.command != "apply" else f": rosterflow apply {unfinished.run_id}"
        return f"Run that command again{own}"
    others = (one.run_id for one in run.journal.runs(limit=None) if unfinished.plan_hash in _plans_of(one))
    for run_id in others:
        if run_id != unfinished.run_id and _can_settle(run, run_id):
            return f"See to it with 'rosterflow apply {run_id}', which has the same plan"
    gives_up = "by applying a plan for today" if _not_today(run, plan) else f"with 'rosterflow apply {run.run_id}'"
    return f"As things are it cannot be gone on with: give it up {gives_up}"


def _not_today(run: Run, plan: Plan | None) -> StalePlan | None:
    """Return why a plan cannot be applied today, None if it can: one can be for a day long gone, or to come."""
    try:
        if plan is not None:
            require_recent(plan, run.today)
    except StalePlan as stale:
        return stale
    return None


def _plans_of(run: RunRecord) -> tuple[str | None, ...]:
    """Return the hashes of the plan that a run applied, and of that which it made."""
    return run.plan_hash, run.summary.get("run", {}).get("plan_hash")


def _can_settle(run: Run, run_id: str) -> bool:
    """Tell whether applying the plan of a run goes on with it, or gives it up: what it needs is there, and its day.

    Under another name of its pipeline it would be another one's.
    """
    try:
        planned = planned_run(run_id)
        plan = with_origins(run.journal.plan(planned.plan_hash), planned.folder)
        waits = date.fromisoformat(plan.header.as_of) > run.today
        there = Path(planned.pipeline)
        return there.is_file() and not waits and load_pipeline(there, os.environ).pipeline.name == run.pipeline_name
    except RosterflowError:
        return False


def _sending(run: Run, plan: Plan | None) -> str:
    """Say how a plan is sent, or why it cannot be today."""
    if stale := _not_today(run, plan):
        return f"Review the changes. They cannot be sent today: {stale.what} {stale.remedy}"
    return f"Review the changes, then send them: rosterflow apply {run.run_id}"


def _way_on(run: Run, plan: Plan | None) -> str:
    """Say what does the rest: a sync plans anew; applying a plan again tries what is left of it, and nothing else."""
    if run.command != "apply":
        return "Run the same command again once the cause is gone."
    if plan is not None and run.result is not None and remaining(plan, run.result[1]).changes:
        return "Apply the plan again to try what is left of it; for the rest, make a new one once the cause is gone."
    return "Make a new plan once the cause is gone: nothing is left to try of this one."


def _mails_told(run: Run, plan: Plan | None, outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    return dict(mails_untold(run, plan, _own(run, outcomes)) + run.late_mails)


def mails_untold(run: Run, plan: Plan | None, outcomes: Mapping[str, Outcome]) -> Counter[str]:
    """Count by kind the mails of what was done, but for those that a report told of outcomes that were lost since."""
    told = run.told_mails.get(plan.hash) if plan else None
    return Counter(mails_of(plan, outcomes)) - (told or Counter())


def mails_of(plan: Plan | None, outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    """Count by kind the mails of what was done.

    Who turned out to have an account elsewhere got one other mail than those that were foreseen.
    """
    if plan is None:
        return {}
    status = {change_id: outcome.status for change_id, outcome in outcomes.items()}
    moving = [c.subject for c in plan.changes if status.get(c.change_id) == OutcomeStatus.PENDING_TRANSFER]
    elsewhere = set(moving)
    sent = [c for c in plan.changes if status.get(c.change_id) == OutcomeStatus.DONE and c.subject not in elsewhere]
    undone = [(c, _mailed_and_undone(outcomes[c.change_id])) for c in plan.changes if c.change_id in outcomes]
    told = [kind for change in (*sent, *(c for c, times in undone for _ in range(times))) for kind in change.mail]
    return dict(Counter(told) + Counter({TRANSFER: len(moving)}))


def _mailed_and_undone(outcome: Outcome) -> int:
    """Return how many mails of its kind a change has caused that does not stand, or perhaps does not.

    What was taken and given back caused two, one of which an earlier report may have told.
    """
    if outcome.reason == GIVEN_BACK:
        return 2
    return int(outcome.reason in (GIVEN_BACK_SINCE, PERHAPS_UNDONE) or outcome.code == NOT_LIMITED)


def _mails_to_come(plan: Plan | None, outcomes: Mapping[str, Outcome]) -> dict[str, int]:
    """Count by kind the mails that what is left of a plan would cause."""
    left = remaining(plan, outcomes).changes if plan else ()
    return dict(Counter(kind for change in left for kind in change.mail))
