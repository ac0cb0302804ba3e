"""The record: runs, plans, operations, outcomes, links, decisions, locks; and the store of what can be made again."""

from tasks.journal.locks import pipeline_lock
from tasks.journal.record import Journal
from tasks.journal.records import (
    INTERRUPTED,
    REREAD,
    Attempt,
    Call,
    CallResult,
    Conclusion,
    Decision,
    Intent,
    LinkChange,
    RunRecord,
    Settled,
)
from tasks.journal.runstore import RunFolder, RunStore, new_run_id

__all__ = [
    "INTERRUPTED",
    "REREAD",
    "Attempt",
    "Call",
    "CallResult",
    "Conclusion",
    "Decision",
    "Intent",
    "Journal",
    "LinkChange",
    "RunFolder",
    "RunRecord",
    "RunStore",
    "Settled",
    "new_run_id",
    "pipeline_lock",
]
