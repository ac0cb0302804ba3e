"""The Prefect state that a run ends with: its name says what the exit code says (design, section 4).

A state's data are references: ``{run_id, exit_code}``. Messages have no personal data.
"""

from typing import Any

from prefect.client.schemas.objects import State
from prefect.states import Cancelled, Completed, Failed

from flows.run import Run
from flows.sent import telling
from flows.verdict import DONE, PENDING, state_name
from tasks.model.errors import RosterflowError, RunLocked
from tasks.model.sent import NOTHING


def state_of(run: Run) -> State[Any]:
    """Return the state of a run that has ended, whatever ended it."""
    code, headline = run.exit_code, run.summary.get("headline", "")
    name, data = state_name(run.error, code), {"run_id": run.run_id, "exit_code": code}
    if code in (DONE, PENDING):
        return Completed(name=name, message=headline, data=data)
    return Failed(name=name, message=str(run.error or headline), data=data)


def state_of_error(error: RosterflowError) -> State[Any]:
    """Return the state of a run that could not begin, and so has sent nothing."""
    telling(error, NOTHING)
    data = {"run_id": None, "exit_code": error.exit_code}
    make = Cancelled if isinstance(error, RunLocked) else Failed
    return make(name=error.state_name, message=str(error), data=data)
