"""Run the body of a sending flow to its end, whatever that is: report, artifacts, and the state that tells it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from prefect.client.schemas.objects import State

from flows.run import Run
from flows.running import running
from flows.states import state_of, state_of_error
from tasks.model.errors import RosterflowError
from tasks.report.stage import PAGE
from tasks.report.steps import publish


def ended(command: str, pipeline: str, body: Callable[[Run], None], *, as_of: datetime | None = None) -> State[Any]:
    """Do *body* as a recorded run that sends, publish what came of it, and return its state.

    Errors of ours end a run and are told by the state; all others are faults of the program, and are raised.
    """
    begun: list[Run] = []
    try:
        with running(command, pipeline, sends=True, as_of=as_of) as run:
            begun.append(run)
            body(run)
    except RosterflowError as error:
        if not begun:
            return state_of_error(error)
    publish(begun[0].summary, begun[0].folder.path(PAGE))
    return state_of(begun[0])
