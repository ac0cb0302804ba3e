"""The rows of the journal as values."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from tasks.model.operations import OperationKind, Outcome


@dataclass(frozen=True)
class RunRecord:
    """One run of a command. ``applying_since`` is set once it begins to apply the plan ``plan_hash``.

    ``state`` is ``running``, then the name of the state that it ended with.
    """

    run_id: str
    pipeline: str
    command: str
    started_at: datetime
    plan_hash: str | None = None
    applying_since: datetime | None = None
    state: str = "running"
    exit_code: int | None = None
    finished_at: datetime | None = None
    summary: Mapping[str, Any] = field(default_factory=dict)


INTERRUPTED = "Interrupted"
"""The state of a run that was cut off while it applied a plan, once a later run has seen to that."""

REREAD: Mapping[str, Any] = {"reread": True}
"""The reply that is noted for a call without an answer, once it was looked up."""


class CallResult(StrEnum):
    """What is known of one attempt at a call. An attempt without a result was cut off: it may have been done."""

    DONE = "done"
    REFUSED = "refused"
    NOT_SENT = "not_sent"  # not done: never left, or (with REREAD) had no answer, was looked up and not found done
    UNCERTAIN = "uncertain"  # no answer, and not re-read yet
    UNKNOWN = "unknown"  # no answer, and never to be re-read: its plan was given up


@dataclass(frozen=True)
class Attempt:
    """One attempt at one call, as it is written down before the call is made.

    ``job_id`` groups the calls of one piece of work. ``payload`` is the operation's, without the people.
    """

    op_id: str
    attempt: int
    job_id: str
    kind: OperationKind
    change_ids: tuple[str, ...]
    account_key: str | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Call:
    """One attempt and what is known of it. ``reply`` holds keys and codes, no names and no addresses."""

    attempt: Attempt
    run_id: str
    result: CallResult | None
    reply: Mapping[str, Any]
    code: str | None
    incident: str | None
    intended_at: datetime
    concluded_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Tell whether it is unknown if this attempt was done."""
        return self.result in (None, CallResult.UNCERTAIN)

    @property
    def may_land(self) -> bool:
        """Tell whether this attempt had no answer and, though it was not found done, may still be carried out."""
        return self.is_open or (self.result == CallResult.NOT_SENT and "reread" in self.reply)


@dataclass(frozen=True)
class LinkChange:
    """What a change that was carried out does to the link of one worker.

    ``values`` are set. ``give`` is added to the licences that we gave, ``take`` taken from them; ``clear`` forgets
    them all first. ``give_roles`` and ``take_roles`` do so with the roles, ``join`` and ``leave`` with the directory
    groups that we put the person in. ``new`` makes the link if it is not there, without groups; it then needs an
    ``account_key``.
    """

    source: str
    external_id: str
    values: Mapping[str, Any] = field(default_factory=dict)
    give: tuple[str, ...] = ()
    take: tuple[str, ...] = ()
    give_roles: tuple[str, ...] = ()
    take_roles: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()
    clear: bool = False
    new: bool = False


@dataclass(frozen=True)
class Settled:
    """What became of one change, with what it does to the link. None: nothing final yet (one step of several).

    ``seen`` says that the change was made before, and is only looked at now: whose doing it was stays as recorded.
    """

    outcome: Outcome | None
    link: LinkChange | None = None
    seen: bool = False


@dataclass(frozen=True)
class Intent:
    """A call that is about to be made."""

    attempt: Attempt
    at: datetime


@dataclass(frozen=True)
class Conclusion:
    """What came of a call, of its changes and of their links. Without *attempt*, nothing was called."""

    at: datetime
    attempt: Attempt | None = None
    result: CallResult | None = None
    reply: Mapping[str, Any] | None = None
    code: str | None = None
    incident: str | None = None
    settled: Sequence[Settled] = ()


@dataclass(frozen=True)
class Decision:
    """What a person decided about one plan (an override, a rejection). ``spent_by`` is the run that used it up."""

    decision_id: int
    plan_hash: str
    kind: str
    by: str
    at: datetime
    facts: Mapping[str, Any]
    spent_by: str | None = None
