"""A folder for lists that are only looked at: gone with the process that reads them, also where that was killed."""

import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

PREFIX, LOCK = "rosterflow-doctor-", ".lock"
SETTLED_S = 60
"""A folder that is younger may be about to be locked."""


@contextmanager
def scratch(parent: Path | None = None) -> Iterator[Path]:
    """Give a folder (mode 0700) among the system's temporary ones, and remove it in the end.

    First those go that killed processes of this user have left there: they hold names and addresses. Who is at work
    holds the lock of its folder, which is the operating system's.
    """
    parent = parent or Path(tempfile.gettempdir())
    for folder in parent.glob(f"{PREFIX}*"):
        with suppress(FileNotFoundError, Timeout):  # its owner has just removed it; or is at work
            _remove_if_left(folder)
    with tempfile.TemporaryDirectory(prefix=PREFIX, dir=parent) as name, FileLock(Path(name) / LOCK, mode=0o600):
        yield Path(name)


def _remove_if_left(folder: Path) -> None:
    if _is_ours(folder) and time.time() - folder.lstat().st_mtime > SETTLED_S:
        with FileLock(folder / LOCK, mode=0o600, timeout=0):
            shutil.rmtree(folder)


def _is_ours(folder: Path) -> bool:
    """Whether it is such a folder, of this user: anybody may put things among the temporary ones."""
    facts = folder.lstat()
    user = getattr(os, "geteuid", lambda: facts.st_uid)()  # Windows has none
    return stat.S_ISDIR(facts.st_mode) and facts.st_uid == user and (folder / LOCK).is_file()
