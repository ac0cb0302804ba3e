"""Apply one reviewed plan, exactly that, as a Prefect flow."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.confirming import require_confirmed
from flows.cut_off import give_up_cut_off, settle_other
from flows.ending import ended
from flows.overriding import is_overridden
from flows.planned import Planned, planned_run, take_over
from flows.provisioning import apply_recorded_plan
from flows.run import Run
from flows.states import state_of_error, told_by_state
from tasks.model.errors import RosterflowError, StalePlan
from tasks.plan.steps import check_freeze, check_limits
from tasks.provision import admit, is_newest


@flow(name="rosterflow-apply", flow_run_name="apply {plan}")
@told_by_state
def apply(plan: str, override: int | None = None) -> State[Any]:
    """Send exactly the plan that was made by the run *plan* (its id, its folder, or its ``plan.jsonl``).

    *override* is the number of the decision that the plan may be sent though it is over a limit. The state's name
    says how the run ended.
    """
    try:
        planned = planned_run(plan)
    except RosterflowError as error:
        return state_of_error(error)
    return ended("apply", planned.pipeline, lambda run: _apply(run, planned, override))


def _apply(run: Run, planned: Planned, override: int | None) -> None:
    require_confirmed(run.loaded)
    try:
        plan = take_over(run, planned)
    except StalePlan as stale:
        if not stale.facts.get("waits"):  # for its day
            give_up_cut_off(run, planned.pipeline, planned.plan_hash)
        raise
    settle_other(run, planned.pipeline, plan.hash)
    if run.given_up:  # also where nothing else moved by that: who came to settle has not asked to send
        raise StalePlan(
            "What an earlier run had begun is settled now, and this plan was made before that.",
            remedy="Make a new plan with 'rosterflow plan'.",
        )
    admit(plan, run.journal)
    if not is_newest(plan, run.journal):
        return  # carried out and overtaken: told again, and no more; its lists and leavers are those of then
    check_freeze(planned.pipeline, plan.hash, run.today)
    if not is_overridden(run, plan.hash, override):
        check_limits(planned.pipeline, plan.hash)
    apply_recorded_plan(run, planned.pipeline, plan.hash)
