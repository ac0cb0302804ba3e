"""Waiting for what comes in its own time: generous, since a loaded machine is slow, and ended by what is waited for."""

import os
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
PATIENCE_S = 60.0


def wait_for(what: Callable[[], T], described: str = "it", seconds: float = PATIENCE_S) -> T:
    """Return what *what* gives as soon as that is true; fail if it has not come in *seconds*."""
    until = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < until, f"{described} did not come about within {seconds:.0f} s"
        time.sleep(0.01)
    return found


def spent_s() -> float:
    """Return the seconds of CPU that this process and its ended children have had: a busy neighbour adds none."""
    return sum(os.times()[:4])
