"""One run of a pipeline at a time. The lock is the operating system's, so a killed process frees it."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tasks.model.errors import BadUsage, RunLocked


@contextmanager
def pipeline_lock(folder: Path, pipeline: str, since: datetime) -> Iterator[None]:
    """Hold the lock of *pipeline*. Raises ``RunLocked`` at once if another process, or this one, holds it already."""
    holder = folder / f"{pipeline}.holder.json"
    lock = FileLock(folder / f"{pipeline}.lock", timeout=0, mode=0o600)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock.acquire()
    except Timeout as exc:
        raise _locked(pipeline, holder) from exc
    except OSError as exc:
        raise BadUsage(
            f"The lock of pipeline '{pipeline}' in {folder} cannot be taken: {exc.strerror or type(exc).__name__}.",
            remedy="See to it that the folder and the files in it can be written, and that its disk has room.",
        ) from exc
    try:
        with suppress(OSError):  # it tells others who we are, and the lock holds without it
            holder.touch(mode=0o600)
            holder.write_text(json.dumps({"pid": os.getpid(), "since": since.isoformat(timespec="seconds")}))
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


def _locked(pipeline: str, holder: Path) -> RunLocked:
    try:
        noted = json.loads(holder.read_text())
        facts: dict[str, Any] = {"since": str(noted["since"]), "pid": int(noted["pid"])}
        who = f"since {facts['since']} (process {facts['pid']})"
    except (OSError, ValueError, KeyError, TypeError):  # it is just starting, or just ending, or the note is broken
        facts, who = {}, "at this moment"
    return RunLocked(
        f"Another run of pipeline '{pipeline}' is at work {who}.",
        remedy="Wait until it has ended, then run the command again.",
        pipeline=pipeline,
        **facts,
    )
