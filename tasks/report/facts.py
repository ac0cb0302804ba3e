"""What a report says of the run itself, beside its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from tasks.model.operations import Outcome
from tasks.model.plan import Plan
from tasks.model.remaining import remaining
from tasks.model.rosters import Verdict
from tasks.model.sent import UNKNOWN, Sent
from tasks.model.wholes import Comparison

RunState = Literal["done", "nothing_to_do", "pending", "partial", "blocked", "failed", "cut_off"]


@dataclass(frozen=True)
class Override:
    """The decision under which a plan was sent over a limit: its number in the journal, why, and when (ISO 8601)."""

    decision_id: int
    reason: str
    at: str


@dataclass(frozen=True)
class RunFacts:
    """One run, from the journal. Times are ISO 8601 text with an offset; ``plan_hash`` is None if no plan was made.

    ``message`` is the text of what stopped the run, if anything did; like all such messages it has no personal data.
    ``requests`` counts the calls to the target, retries included; None if none was counted. ``mails`` are those sent
    (or, before anything is sent, to be expected) by kind. ``next_steps`` are whole sentences, most pressing first.
    ``timezone`` is the pipeline's, in which the times are (``Europe/Paris``). ``sent`` is what is known of what the run
    sent; without it, that is not known. ``own`` are the changes whose outcome this run has made: the outcomes are the
    plan's, and an earlier run may have made the others. None: all are its own. ``given_up`` says of each plan of an
    earlier run that this run has given up what was done of it. ``unread`` are files that the report should have been
    written from and that cannot be read, each with the folder that it is in; ``unkept`` the sources whose
    list is not kept as the last accepted one for want of such a file. ``exit_code`` is None for a run that was cut
    off, and ``state_name``, by which the journal and Prefect call the end, is empty; ``went_through`` says of such a
    one that it had gone through its whole plan before. ``override`` is None where no limit was overridden.
    """

    run_id: str
    command: str
    pipeline: str
    target: str
    as_of: str
    started_at: str
    finished_at: str | None
    plan_hash: str | None
    state: RunState
    exit_code: int | None
    state_name: str = ""
    message: str = ""
    requests: int | None = None
    mails: Mapping[str, int] = field(default_factory=dict)
    next_steps: tuple[str, ...] = ()
    timezone: str = ""
    sent: Sent = UNKNOWN
    own: frozenset[str] | None = None
    given_up: tuple[str, ...] = ()
    unread: Mapping[str, str] = field(default_factory=dict)
    unkept: tuple[str, ...] = ()
    went_through: bool = False
    override: Override | None = None

    @property
    def is_over(self) -> bool:
        """Whether this run did all that it will ever do to the target (a pending plan has yet to be sent)."""
        return self.state not in ("pending", "blocked")

    def due(self, plan: Plan, outcomes: Mapping[str, Outcome]) -> Plan:
        """Return what was left to do of *plan* when this run began with it: all of it, if no other run had begun."""
        own = outcomes.keys() if self.own is None else self.own
        return remaining(plan, {key: outcome for key, outcome in outcomes.items() if key not in own})


@dataclass(frozen=True)
class RosterFacts:
    """What a run knows of its rosters beside the verdict on each.

    ``people`` are the verdicts by namespace, the files of each put together; None where every source is a namespace
    by itself. ``populations`` has the namespace of each source. ``comparisons`` say how each file differs from the
    last accepted one; ``skipped`` how many rows of each source were left out as the pipeline says, by reason;
    ``rejects`` are the names of the workbooks of held rows in the run's folder.
    """

    people: Mapping[str, Verdict] | None = None
    populations: Mapping[str, str] = field(default_factory=dict)
    comparisons: Sequence[Comparison] = ()
    skipped: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    rejects: tuple[str, ...] = ()


NOTHING_FURTHER = RosterFacts()
