"""What a plan is applied with, and what comes of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tasks.connectors.base import Target
from tasks.journal import Journal
from tasks.model.errors import TargetError
from tasks.model.operations import GOOD, Outcome
from tasks.model.protection import Protection
from tasks.model.tally import Tally

MAX_AGE_S = 50.0
"""An account is written at most 60 s after it was read (design: promise 1); ten are left for waiting in line."""


def _never() -> bool:
    return False


def _silent(done: int, total: int) -> None:
    del done, total


@dataclass(frozen=True)
class Runtime:
    """What a plan is applied with: the record, the target, the run, the clock, and how careful and how fast to be.

    ``settle_s`` is how long an uncertain call is left alone before the target is asked what became of it.
    ``notify`` False asks the target to send no mail. ``should_stop`` is asked before every call; ``on_progress``
    gets how many of the plan's changes are settled, and how many there are. ``tally`` counts the calls of the run.
    ``protection`` says which accounts are left alone, whatever the plan says.
    """

    journal: Journal
    target: Target
    run_id: str
    clock: Callable[[], datetime]
    settle_s: float = 5.0
    max_age_s: float = MAX_AGE_S
    workers: int = 8
    notify: bool = True
    should_stop: Callable[[], bool] = _never
    on_progress: Callable[[int, int], None] = _silent
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    tally: Tally = field(default_factory=Tally)
    protection: Protection = field(default_factory=Protection)


@dataclass(frozen=True)
class BatchResult:
    """How a batch ended: ``stopped_by`` the error that makes going on useless, ``interrupted`` by a signal."""

    stopped_by: TargetError | None = None
    interrupted: bool = False

    @property
    def go_on(self) -> bool:
        return self.stopped_by is None and not self.interrupted


@dataclass(frozen=True)
class ApplyResult:
    """What became of a plan: one outcome for each of its changes, and how many calls this run made.

    ``generation`` is the journal's afterwards. ``stopped_by`` says nothing of ``sent``.
    """

    plan_hash: str
    outcomes: Mapping[str, Outcome]
    sent: int
    generation: int
    stopped_by: TargetError | None = None
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """What stopped the run decides; else 4 if something was not done, 0 if nothing is left."""
        if self.stopped_by is not None:
            return self.stopped_by.exit_code
        undone = any(outcome.status not in GOOD for outcome in self.outcomes.values())
        return 4 if undone or self.interrupted else 0
