"""What can be wrong with the journal at work, in words: a database that fails leaves no exception of its own."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from sqlalchemy.exc import (
    DatabaseError,
    DBAPIError,
    InternalError,
    MultipleResultsFound,
    NoResultFound,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from tasks.model.errors import JournalLost

AGAIN = "Then run the same command again."
LITTLE_SPACE = 1 << 16


class Reason(StrEnum):
    """Why a journal that was open fails."""

    GONE = "gone"
    REPLACED = "replaced"
    LOG_LOST = "log lost"
    FULL = "full"
    READ_ONLY = "read-only"
    BUSY = "busy"
    BROKEN = "broken"


class Damaged(SQLAlchemyError):
    """A cell of the journal does not hold what this program writes there."""


_FAILURES = (OperationalError, InternalError, TimeoutError, Damaged, NoResultFound, MultipleResultsFound)
_WORDS = {
    Reason.GONE: ("was deleted or moved while it was in use", "Put it back where it was."),
    Reason.REPLACED: ("was replaced by another file while it was in use", "Put back the file that was there."),
    Reason.LOG_LOST: (
        "lost its write-ahead log, the file -wal beside it, while it was in use",
        "Let nothing touch it.",
    ),
    Reason.FULL: ("cannot be written: its disk is full", "Make room on that disk."),
    Reason.READ_ONLY: ("cannot be written: it or its disk is read-only", "See to it that it can be written."),
    Reason.BUSY: ("cannot be written: another program has locked it", "End that program."),
    Reason.BROKEN: ("cannot be used any more", "Check its disk. If it is damaged, restore it from a backup."),
}
_REASONS = {
    sqlite3.SQLITE_FULL: Reason.FULL,
    sqlite3.SQLITE_READONLY: Reason.READ_ONLY,
    sqlite3.SQLITE_BUSY: Reason.BUSY,
    sqlite3.SQLITE_LOCKED: Reason.BUSY,
}


def lost(path: Path, reason: Reason, detail: str = "") -> JournalLost:
    """Return the error of a journal that fails at work. *detail* is SQLite's own word on it."""
    what, remedy = _WORDS[reason]
    said = f" ({detail})" if detail else ""
    return JournalLost(f"The journal {path} {what}{said}.", remedy=f"{remedy} {AGAIN}", reason=str(reason))


@contextmanager
def told_as_ours(path: Path) -> Iterator[None]:
    """Raise ``JournalLost`` where the database under the journal fails, or has lost a row that was written.

    A statement that is wrong in itself is a fault of this program, and passes as it is.
    """
    try:
        yield
    except SQLAlchemyError as exc:
        if not _is_failure(exc):
            raise
        raise lost(path, reason_of(exc, path), detail_of(exc)) from exc


def _is_failure(error: SQLAlchemyError) -> bool:
    return type(error) is DatabaseError or isinstance(error, _FAILURES)


def reason_of(error: SQLAlchemyError, path: Path) -> Reason:
    """Return what an error of the database means."""
    if isinstance(error, TimeoutError):
        return Reason.BUSY
    code = _code(error)
    if code & 0xFF == sqlite3.SQLITE_IOERR and _is_full(
        path.parent
    ):  # not every write that finds no room is told as that
        return Reason.FULL
    if code == sqlite3.SQLITE_READONLY_DBMOVED:
        return Reason.GONE
    return _REASONS.get(code & 0xFF, Reason.BROKEN if path.exists() else Reason.GONE)


def detail_of(error: SQLAlchemyError) -> str:
    """Return SQLite's own words for an error: of the statement and its values, nothing."""
    if isinstance(error, DBAPIError):
        return str(error.orig)
    if isinstance(error, NoResultFound):
        return "a row is missing that was written into it"
    return str(error) if isinstance(error, Damaged) else ""


def _code(error: SQLAlchemyError) -> int:
    original = error.orig if isinstance(error, DBAPIError) else None
    return int(getattr(original, "sqlite_errorcode", 0))


def _is_full(folder: Path) -> bool:
    try:
        disk = os.statvfs(folder)
    except OSError:
        return False
    return disk.f_bavail * disk.f_frsize < LITTLE_SPACE
