"""One run of a pipeline at a time, and one change to a super admin. The locks are the operating system's, so a killed
process frees them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from tasks.journal.folders import make_folder
from tasks.model.errors import BadUsage, RosterflowError, RunLocked

ADMINS_LOCK = ".admins.lock"
"""No pipeline's name begins with a dot, so this is the lock of none."""


@contextmanager
def pipeline_lock(folder: Path, pipeline: str, since: datetime) -> Iterator[None]:
    """Hold the lock of *pipeline*. Raises ``RunLocked`` at once if another process, or this one, holds it already."""
    holder = folder / f"{pipeline}.holder.json"
    try:
        lock = _acquire(folder, f"{pipeline}.lock", f"of pipeline '{pipeline}'")
    except Timeout as exc:
        raise _locked(pipeline, holder) from exc
    try:
        with suppress(OSError):  # it tells others who we are, and the lock holds without it
            holder.touch(mode=0o600)
            holder.write_text(json.dumps({"pid": os.getpid(), "since": since.isoformat(timespec="seconds")}))
        yield
    finally:
        with suppress(OSError):
            holder.unlink(missing_ok=True)
        lock.release()


@contextmanager
def admins_lock(folder: Path) -> Iterator[None]:
    """Hold what lets one run at a time take the admin role from somebody. Raises ``RunLocked`` if it is held already,
    be it by this process, ``RosterflowError`` if it cannot be taken."""
    try:
        lock = _acquire(folder, ADMINS_LOCK, "for changes to super admins")
    except BadUsage as exc:  # not of the command, which is at work by now
        raise RosterflowError(exc.what, remedy=exc.remedy) from exc
    except Timeout as exc:
        raise RunLocked("Another change to a super admin is under way.", remedy="Wait until it has ended.") from exc
    try:
        yield
    finally:
        lock.release()


def _acquire(folder: Path, name: str, what: str) -> FileLock:
    lock = FileLock(folder / name, timeout=0, mode=0o600)
    try:
        make_folder(folder)
        lock.acquire()
    except Timeout:  # an OSError too
        raise
    except OSError as exc:
        raise BadUsage(
            f"The lock {what} in {folder} cannot be taken: {exc.strerror or type(exc).__name__}.",
            remedy="See to it that the folder and the files in it can be written by who runs this, and that its disk "
            "has room. Then run the same command again.",
        ) from exc
    return lock


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
