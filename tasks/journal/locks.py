"""One run of a pipeline at a time. The lock is the operating system's, so a killed process frees it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from filelock import FileLock, Timeout

from tasks.model.errors import RunLocked


@contextmanager
def pipeline_lock(folder: Path, pipeline: str, since: datetime) -> Iterator[None]:
    """Hold the lock of *pipeline*. Raises ``RunLocked`` at once if another process, or this one, holds it already."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    holder = folder / f"{pipeline}.holder.json"
    lock = FileLock(folder / f"{pipeline}.lock", timeout=0, mode=0o600)
    try:
        lock.acquire()
    except Timeout as exc:
        raise _locked(pipeline, holder) from exc
    try:
        holder.write_text(json.dumps({"pid": os.getpid(), "since": since.isoformat(timespec="seconds")}))
        yield
    finally:
        holder.unlink(missing_ok=True)
        lock.release()


def _locked(pipeline: str, holder: Path) -> RunLocked:
    try:
        facts = json.loads(holder.read_text())
        who = f"since {facts['since']} (process {facts['pid']})"
    except (OSError, ValueError, KeyError):  # it is just starting, or just ending
        facts, who = {}, "at this moment"
    return RunLocked(
        f"Another run of pipeline '{pipeline}' is at work {who}.",
        remedy="Wait until it has ended, then run the command again.",
        pipeline=pipeline,
        **facts,
    )
