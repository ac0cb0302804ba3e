"""Send what a plan says, and record what came of it: pure functions, and an engine that needs no server."""

from tasks.provision.admission import admit, is_complete, is_newest, require_made_for, require_recent, require_target
from tasks.provision.engine import apply_plan, begin, close, conclude_rest, count_batches, finish, send_batch, settle
from tasks.provision.jobs import Job, batches, compile_jobs
from tasks.provision.recheck import judge
from tasks.provision.runtime import ApplyResult, BatchResult, Runtime

__all__ = [
    "ApplyResult",
    "BatchResult",
    "Job",
    "Runtime",
    "admit",
    "apply_plan",
    "batches",
    "begin",
    "close",
    "compile_jobs",
    "conclude_rest",
    "count_batches",
    "finish",
    "is_complete",
    "is_newest",
    "judge",
    "require_made_for",
    "require_recent",
    "require_target",
    "send_batch",
    "settle",
]
