"""Faults of this program, told without their text: what a library says of an error may quote the cells of a roster."""

import traceback
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from tasks.model.errors import RosterflowError
from tasks.settings import Settings

OURS = ("flows.", "tasks.", "expectations.")

P = ParamSpec("P")
T = TypeVar("T")


class Fault(Exception):
    """An unexpected error: its kind and where in this program it came up, nothing of what it said."""


def fault_of(error: BaseException) -> Fault:
    """Return what may be told of an unexpected error: ``MergeError at tasks/plan/people.py:41``."""
    if isinstance(error, Fault):
        return error
    name = type(error).__name__
    ours = [(frame, line) for frame, line in traceback.walk_tb(error.__traceback__) if _module(frame).startswith(OURS)]
    if not ours:
        return Fault(name)
    frame, line = ours[-1]
    return Fault(f"{name} at {_module(frame).replace('.', '/')}.py:{line}")


def discreet(function: Callable[P, T]) -> Callable[P, T]:
    """Let *function* raise errors of ours without what caused them, and any other as a ``Fault``.

    For all that Prefect runs: it stores the text of an error, and of all that led to it, in states and logs. With
    ``ROSTERFLOW_DEBUG`` errors pass as they are.
    """

    @wraps(function)
    def at_work(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except Exception as error:
            if Settings().debug:
                raise
            raise (error if isinstance(error, RosterflowError) else fault_of(error)) from None

    return at_work


def _module(frame: object) -> str:
    return str(getattr(frame, "f_globals", {}).get("__name__", ""))
