"""Run the body of a sending flow to its end, whatever that is: report, artifacts, and the state that tells it."""

import logging
from collections.abc import Callable
from datetime import datetime
from typing import Any

from prefect.client.schemas.objects import State

from flows.run import Run
from flows.running import running
from flows.signals import ending_in_order
from flows.states import state_of, state_of_error
from tasks.faults import fault_of
from tasks.model.errors import RosterflowError
from tasks.report.stage import PAGE
from tasks.report.steps import publish

log = logging.getLogger(__name__)


def ended(command: str, pipeline: str, body: Callable[[Run], None], *, as_of: datetime | None = None) -> State[Any]:
    """Do *body* as a recorded run that sends, publish what came of it, and return its state.

    Errors of ours end a run and are told by the state; all others are faults of the program, and are raised.
    """
    begun: list[Run] = []
    try:
        with ending_in_order(), running(command, pipeline, sends=True, as_of=as_of) as run:
            begun.append(run)
            body(run)
    except RosterflowError as error:
        if not begun:
            return state_of_error(error)
    if begun[0].summary:
        _publish(begun[0])
    return state_of(begun[0])


def _publish(run: Run) -> None:
    """Show the run's figures in its Prefect page. That they cannot be shown there does not change how it ended."""
    try:
        publish(run.summary, run.folder.path(PAGE))
    except Exception as error:  # noqa: BLE001 - whatever Prefect's server may come up with
        log.warning("The run's figures could not be shown in Prefect (%s).", fault_of(error))
