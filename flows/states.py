"""The Prefect state that a run ends with: its name says what the exit code says (design, section 4).

A state's data are references: ``{run_id, exit_code}``. Messages have no personal data.
"""

import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.context import FlowRunContext
from prefect.states import Cancelled, Completed, Failed

from flows.run import Run
from flows.sent import sent_since, telling
from flows.verdict import DONE, PENDING, state_name
from tasks.faults import Fault, discreet
from tasks.model.errors import RosterflowError, RunLocked
from tasks.model.sent import NOTHING, Sent
from tasks.model.tally import TALLIES
from tasks.provision.steps import STOPPING

P = ParamSpec("P")

TASK_LOG = logging.getLogger("prefect.task_runs")


class Told(State[Any]):
    """A state that gives its data when it is asked for its result, whatever its type.

    Prefect's own raises for every type but Completed, and a worker logs that with a traceback. The ends that are told
    with this class are expected: their sentence is the state's message.
    """

    def result(self, raise_on_failure: bool = True, retry_result_failure: bool = True, **_how: Any) -> Any:  # noqa: ARG002 (the signature is Prefect's)
        return getattr(self.data, "result", self.data)  # Prefect wraps what a flow returns into a record


def told_by_state(flow: Callable[P, State[Any]]) -> Callable[P, State[Any]]:
    """Let a flow's function end with a state of ours also where a fault of the program stops it, and log with care.

    Such a state has the ``Fault`` as its data, so that Prefect raises it: its traceback says where it came up, and
    nothing of what it is about. With ``ROSTERFLOW_DEBUG`` errors pass as they are.
    """

    @wraps(flow)
    def at_work(*args: P.args, **kwargs: P.kwargs) -> State[Any]:
        begun = frozenset(TALLIES)  # by another flow of this process
        TASK_LOG.addFilter(without_traceback)  # once, however often it is added
        logging.getLogger("stamina").setLevel(logging.ERROR)  # a retry that helps is no news
        try:
            return _as_cancelled(discreet(flow)(*args, **kwargs))
        except Fault as fault:
            return state_of_fault(fault, sent_since(begun))

    return at_work


def _as_cancelled(state: State[Any]) -> State[Any]:
    """Return *state*, as Cancelled if somebody cancelled the run in Prefect: it then takes no other end."""
    here = FlowRunContext.get()
    if not STOPPING.is_set() or here is None or here.flow_run is None or here.flow_run.deployment_id is None:
        return state
    with get_client(sync_client=True) as client:
        told = client.read_flow_run(here.flow_run.id).state
    if told is None or not told.is_cancelling():
        return state
    return Cancelled(cls=Told, message=state.message, data=state.data)


def without_traceback(record: logging.LogRecord) -> bool:
    """Take the traceback from a line that tells of an error of ours, whose sentence says it all. Keeps every line."""
    if record.exc_info and isinstance(record.exc_info[1], RosterflowError):
        record.exc_info = None
    return True


def state_of(run: Run) -> State[Any]:
    """Return the state of a run that has ended, whatever ended it."""
    code, headline = run.exit_code, run.summary.get("headline", "")
    name, data = state_name(run.error, code), {"run_id": run.run_id, "exit_code": code}
    if code in (DONE, PENDING):
        return Completed(name=name, message=headline, data=data)
    return Failed(cls=Told, name=name, message=str(run.error or headline), data=data)


def state_of_error(error: RosterflowError) -> State[Any]:
    """Return the state of a run that could not begin, and so has sent nothing."""
    telling(error, NOTHING)
    data = {"run_id": None, "exit_code": error.exit_code}
    make = Cancelled if isinstance(error, RunLocked) else Failed
    return make(cls=Told, name=error.state_name, message=str(error), data=data)


def state_of_fault(fault: Fault, sent: Sent) -> State[Any]:
    """Return the state of a run that a fault of this program ended. Asked for its result, it raises the fault."""
    go_on = "The next run goes on from there." if sent.recorded else ""
    message = " ".join(filter(None, (f"An unexpected error ({fault}).", str(sent), go_on)))
    return Failed(name=RosterflowError.state_name, message=message, data=fault)
