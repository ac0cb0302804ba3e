"""How a run's end is told to Prefect: an expected one raises nothing and has no traceback, a fault says where it is."""

import logging
from typing import Any

import pytest
from prefect.client.schemas.objects import State

from flows.states import TASK_LOG, state_of_error, told_by_state
from tasks.faults import Fault
from tasks.model.errors import RejectedSource, RosterflowError, RunLocked, UnsafePlan


@pytest.mark.parametrize("error", [UnsafePlan("Too much."), RunLocked("Another run."), RosterflowError("Lost.")])
def test_an_expected_end_raises_nothing_when_it_is_asked_for_its_result(error: RosterflowError) -> None:
    state = state_of_error(error)
    assert (state.name, state.message) == (error.state_name, str(error))
    assert state.result() == {"run_id": None, "exit_code": error.exit_code}


def test_a_fault_ends_as_crashed_and_is_raised_without_what_it_is_about() -> None:
    @told_by_state
    def flow() -> State[Any]:
        raise KeyError("ada.byrne@acme.example")

    state = flow()
    assert (state.type.value, state.name) == ("FAILED", "Crashed")
    assert "ada.byrne" not in str(state.message)
    with pytest.raises(Fault, match=r"^KeyError at "):
        state.result()


@pytest.mark.parametrize(
    ("error", "is_told"), [(RejectedSource("The list is empty."), False), (KeyError("column"), True)]
)
def test_the_line_of_an_error_of_ours_has_no_traceback(error: Exception, is_told: bool) -> None:
    told_by_state(lambda: state_of_error(RejectedSource("")))()
    record = logging.LogRecord("prefect.task_runs", logging.ERROR, "", 1, "failed", None, (type(error), error, None))
    assert TASK_LOG.filter(record)
    assert bool(record.exc_info) == is_told
