"""What can stop a run. Each class knows the exit code and the name of the Prefect state it ends with.

A bad row is a ``Finding`` and a refused change an ``Outcome``: data for the report. These exceptions are
for runs that cannot go on. Messages carry no personal data: they reach logs and Prefect's database.
"""

from typing import Any, ClassVar

from tasks.model.sent import SENT_UNKNOWN


class RosterflowError(Exception):
    """A run cannot go on.

    *what* says what happened, *sent* whether anything reached the target, *remedy* what to do. Who raises an error
    mostly does not know what was sent, so nothing is said by default; who knows it sets ``sent`` later: the end of a
    run, or the command (docs/decisions/0032). The facts behind the message stay readable as attributes
    (``error.facts["limit"]``).
    """

    exit_code: ClassVar[int] = 1
    state_name: ClassVar[str] = "Crashed"

    def __init__(self, what: str, *, sent: str = "", remedy: str = "", **facts: Any) -> None:
        self.what = what
        self.sent = sent
        self.remedy = remedy
        self.facts = facts
        super().__init__(what)

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.sent, self.remedy) if part)

    def __reduce__(self) -> tuple[Any, ...]:  # exceptions cross process borders under Prefect
        return _rebuild, (type(self), self.what, self.sent, self.remedy, self.facts)


def _rebuild(kind: type[RosterflowError], what: str, sent: str, remedy: str, facts: dict[str, Any]) -> RosterflowError:
    return kind(what, sent=sent, remedy=remedy, **facts)


class BadUsage(RosterflowError):
    """The command was called with something it cannot use (a run that does not exist, a bad date)."""

    exit_code = 2
    state_name = "Bad usage"


class BadPipeline(BadUsage):
    """The pipeline file is wrong, or asks the target for something that it does not have."""

    state_name = "Bad pipeline"


class JournalLost(RosterflowError):
    """The journal failed while the program was at work: its file is gone or replaced, its disk is full or broken.

    Nothing more may be sent, since it could not be written down. What was sent before is for the caller to say.
    """

    state_name = "Journal lost"

    def __init__(self, what: str, *, sent: str = SENT_UNKNOWN, remedy: str = "", **facts: Any) -> None:
        super().__init__(what, sent=sent, remedy=remedy, **facts)


class FolderLost(RosterflowError):
    """The folder of a run was taken away while it was at work: there can be no report of it."""

    state_name = "Folder lost"


class RejectedSource(RosterflowError):
    """A roster as a whole cannot be trusted: missing, unreadable, empty, a column gone."""

    exit_code = 6
    state_name = "Source refused"


class FaultyCheck(RosterflowError):
    """A check that comes with this program could not be run: a fault in this program, whatever the roster."""


class UnsafePlan(RosterflowError):
    """A plan is over a limit, frozen, or awaits approval."""

    exit_code = 5
    state_name = "Blocked"


class StalePlan(RosterflowError):
    """A plan was altered after it was made, or its world has moved on as a whole."""

    exit_code = 9
    state_name = "Stale plan"


class OutputLost(RosterflowError):
    """What a command has to tell cannot be written: nobody reads it any more, or the disk under it is full."""

    state_name = "Output lost"


class RunLocked(RosterflowError):
    """Another run of the same pipeline is at work."""

    exit_code = 8
    state_name = "Locked"


class TargetError(RosterflowError):
    """The target did not do what was asked.

    *heard* is the refusal that the call in hand had got before the target was lost: it was sent, and not carried out.
    """

    exit_code = 7
    state_name = "Target error"
    heard: "RefusedByTarget | None" = None


class TargetDown(TargetError):
    """The target cannot be reached, or the circuit to it is open: the call in hand was certainly not done."""

    state_name = "Target down"


class RefusedByTarget(TargetError):
    """The target answered no. Facts: ``status`` (HTTP), ``code`` (its own), ``incident`` (its id), if it gave them."""

    state_name = "Refused by target"


class CredentialsRefused(TargetError):
    """Nobody lets us in (any more): the credentials were refused, and the call in hand was certainly not done.

    No ``RefusedByTarget``, since it says nothing about the call: the next one would fare no better. Facts as there.
    """

    state_name = "Refused by target"


class UncertainCall(TargetError):
    """The call may or may not have been done (no answer after it was sent, or a gateway error)."""

    state_name = "Target error"


class Interrupted(RosterflowError):
    """A signal ended a run in order, before it could begin to do what it was there for."""

    exit_code = 4
    state_name = "Partial"


class DuplicateKey(RosterflowError):
    """A table holds a key twice that must be there once: a fault in this program or in the target's answer."""

    state_name = "Duplicate key"
