"""Apply one reviewed plan, exactly that, as a Prefect flow."""

from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State

from flows.ending import ended
from flows.planned import Planned, override_because, planned_run, take_over
from flows.provisioning import apply_recorded_plan
from flows.run import Run
from flows.states import state_of_error
from tasks.model.errors import RosterflowError
from tasks.plan.steps import check_limits


@flow(name="rosterflow-apply", flow_run_name="apply {plan}")
def apply(plan: str, override: str | None = None) -> State[Any]:
    """Send exactly the plan that was made by the run *plan* (its id, its folder, or its ``plan.jsonl``).

    *override* says why the plan may be sent though it is over a limit: it is recorded, bound to the plan, and good
    for one application. The state's name says how the run ended.
    """
    try:
        planned = planned_run(plan)
    except RosterflowError as error:
        return state_of_error(error)
    return ended("apply", planned.pipeline, lambda run: _apply(run, planned, override))


def _apply(run: Run, planned: Planned, override: str | None) -> None:
    take_over(run, planned)
    if not override_because(run, override):
        check_limits(planned.pipeline, run.run_id, run.as_of)
    apply_recorded_plan(run, planned.pipeline)
