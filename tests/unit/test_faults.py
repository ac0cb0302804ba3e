"""What is told of a fault: what kind and where, and nothing of what it said."""

import traceback

import pandas as pd
import pytest

from tasks.faults import Fault, discreet, fault_of
from tasks.journal import new_run_id
from tasks.model.errors import RejectedSource


@discreet
def merges() -> None:
    left = pd.DataFrame({"name": ["Ada Byron", "Ada Byron"]})
    left.merge(left, on="name", validate="1:1")


@discreet
def refuses() -> None:
    try:
        {}["Ada Byron"]
    except KeyError as error:
        raise RejectedSource("A column is gone.") from error


def everything_of(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_a_foreign_error_is_told_by_kind_alone():
    with pytest.raises(Fault) as caught:
        merges()
    assert str(caught.value).startswith("MergeError")
    assert "Ada" not in everything_of(caught.value)


def test_a_fault_names_the_place_in_this_program():
    with pytest.raises(TypeError) as caught:
        new_run_id(None)
    fault = fault_of(caught.value)
    assert str(fault).startswith("TypeError at tasks/journal/runstore.py:")
    assert fault_of(fault) is fault


def test_an_error_of_ours_passes_without_what_caused_it():
    with pytest.raises(RejectedSource, match="A column is gone") as caught:
        refuses()
    assert "KeyError" not in everything_of(caught.value)


def test_whoever_debugs_sees_everything(monkeypatch):
    monkeypatch.setenv("ROSTERFLOW_DEBUG", "1")
    with pytest.raises(pd.errors.MergeError):
        merges()
    with pytest.raises(RejectedSource) as caught:
        refuses()
    assert "Ada" in everything_of(caught.value)


def test_a_wrapped_function_keeps_its_name_and_its_result():
    @discreet
    def answer(number: int) -> int:
        return number + 1

    assert (answer(41), answer.__name__) == (42, "answer")
