"""Let a signal end a run in order: calls in flight are finished and recorded, nothing new is begun."""

import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

from tasks.provision.steps import STOPPING

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def ending_in_order() -> Iterator[None]:
    """Take SIGINT and SIGTERM while the block lasts; a second one kills.

    To be entered within a flow: Prefect puts a handler of its own in place as a flow begins, which raises wherever
    the program happens to be, in the middle of a record too.
    """
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = {number: signal.signal(number, _stop) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _stop(number: int, _frame: FrameType | None) -> None:
    if STOPPING.is_set():
        signal.signal(number, signal.SIG_DFL)
        signal.raise_signal(number)
    STOPPING.set()
    with suppress(OSError):  # nobody may be reading it any more
        sys.stderr.write("\nEnding in order: calls in flight are finished, nothing new is begun. Again to kill.\n")
