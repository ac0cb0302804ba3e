"""A run of a command as a value: what it works with, and what has come of it so far. No Prefect."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from tasks.journal import Journal, RunFolder
from tasks.model.errors import RosterflowError
from tasks.model.operations import Outcome
from tasks.model.plan import Plan
from tasks.model.sent import UNKNOWN, Sent
from tasks.pipeline_file import LoadedPipeline
from tasks.plan.stage import PLAN, load_plan
from tasks.settings import Settings

ABOUT = "run.json"
"""The file in a run's folder that names its pipeline."""


@dataclass
class Run:
    """A run at work. ``as_of`` is the day it plans for, ``today`` that on which it sends, both in the pipeline's zone.

    ``requests`` is how many calls the target got, ``notes`` what is to be said beside the report, ``given_up`` what was
    done of each plan of an earlier run that this one has given up, ``unread`` what could not be read of a plan's
    folder, with that folder's name, ``unkept`` the sources whose list it carries out and cannot keep as the last
    accepted one. ``late_mails`` are those, by kind, of calls that this one found made for a plan that it has given up,
    and whose run had its report; ``told_mails`` those, by plan and kind, that such a report told of changes of which
    the journal, put back from an older copy, has no outcome. ``applying`` tells whether it has begun to send a plan.
    When the run has ended, ``error`` is what stopped it, ``sent`` what is known of what it sent, and ``result`` its
    plan with the outcomes, ``own`` those that it made itself, ``untold`` those of runs of its plan that were cut off,
    and have no report.
    """

    run_id: str
    command: str
    loaded: LoadedPipeline
    settings: Settings
    journal: Journal
    folder: RunFolder
    started_at: datetime
    as_of: date
    today: date
    sends: bool
    requests: int = 0
    applying: bool = False
    notes: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    unread: dict[str, str] = field(default_factory=dict)
    unkept: list[str] = field(default_factory=list)
    late_mails: Counter[str] = field(default_factory=Counter)
    told_mails: dict[str, Counter[str]] = field(default_factory=dict)
    error: RosterflowError | None = None
    sent: Sent = UNKNOWN
    result: tuple[Plan | None, dict[str, Outcome]] | None = None
    own: frozenset[str] | None = None
    untold: frozenset[str] = frozenset()
    exit_code: int = 0
    summary: dict[str, Any] = field(default_factory=dict)

    @property
    def pipeline_name(self) -> str:
        return self.loaded.pipeline.name

    @property
    def sources(self) -> list[str]:
        return [source.name for source in self.loaded.pipeline.sources]

    @property
    def plan(self) -> Plan | None:
        return load_plan(self.folder) if self.folder.path(PLAN).exists() else None

    @property
    def rejects_names(self) -> dict[str, str]:
        """The names of the workbooks of held rows, by source."""
        return {source: self.rejects_name(source) for source in self.sources}

    def rejects_name(self, source: str) -> str:
        """Return the name of the workbook of held rows: the source's name is in it only where there are several."""
        return "rejects.xlsx" if len(self.sources) == 1 else f"rejects-{source}.xlsx"
