"""The journal's file: made whole or not at all, refused where it is no journal, opened once a process.

Closing any descriptor of a file drops all POSIX locks that the process has on it, SQLite's among them; another process
may then delete the write-ahead log that is in use. So nothing but SQLite opens a journal that is there: what else is to
be known of it, ``stat`` tells (docs/decisions/0031).
"""

import json
import os
import sqlite3
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, QueuePool, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from tasks.journal.failures import Damaged, Reason, detail_of, lost, reason_of
from tasks.journal.schema import NO_JOURNAL, SCHEMA_VERSION, bring_up_to_date, knows_run, require_whole, version_of
from tasks.journal.site import MARK, NOTE, RESTORE, Site, leave_marks, require_new, require_the_homes
from tasks.model.errors import BadUsage, RosterflowError

BUSY_TIMEOUT_MS = 30_000

Identity = tuple[int, int]


@dataclass
class JournalFile:
    """An open journal file, shared by all of a process that use it. ``keeper`` holds SQLite's locks until the end."""

    site: Site
    identity: Identity
    pid: int = field(default_factory=os.getpid)
    users: int = 0
    wal: Identity | None = None
    path: Path = field(init=False)
    engine: Engine = field(init=False)
    keeper: Any = None

    def __post_init__(self) -> None:
        self.path = self.site.path
        self.engine = _engine(self._connect)

    def require_there(self) -> None:
        """Raise ``JournalLost`` if the file is not the one any more that was opened."""
        if os.getpid() != self.pid:  # SQLite's locks are not inherited, though it takes them to be
            raise RosterflowError("A journal that was open in one process was used in a fork of it.")
        _require_same(self.path, self.path, self.identity)
        if self.wal is not None and identity_of(_beside(self.path, "-wal")) != self.wal:
            raise lost(self.path, Reason.LOG_LOST)

    def keep(self) -> None:
        """Open the connection that stays, and remember the write-ahead log, which is not replaced while it does."""
        self.keeper = self.engine.raw_connection()
        self.keeper.execute("SELECT count(*) FROM sqlite_master").fetchall()
        self.wal = identity_of(_beside(self.path, "-wal"))

    def close(self) -> None:
        if self.keeper is not None:
            self.keeper.close()
        self.engine.dispose()

    def _connect(self) -> sqlite3.Connection:
        self.require_there()
        return _connect(self.path)


_OPEN: dict[Path, JournalFile] = {}
_guard = threading.Lock()


def share(site: Site) -> JournalFile:
    """Return the open file of a journal: the one that this process has, or a new one, made if need be.

    Raises ``BadUsage`` if it is not a journal, cannot be used, is missing where there was one or is not the home's,
    ``JournalLost`` if this process has it open and it is gone. Each return is to be given back by ``release``.
    """
    with _guard:
        known = _OPEN.get(site.path)
        if known is None:
            known = _OPEN[site.path] = _open(site)
        else:
            known.require_there()
        known.users += 1
        return known


def release(journal: JournalFile) -> None:
    """Give an open file back; the last one to do so closes it."""
    with _guard:
        journal.users -= 1
        if journal.users == 0 and journal.pid == os.getpid():
            del _OPEN[journal.path]
            journal.close()


def _forget() -> None:
    """Start a forked process without a hold on the guard, which some thread of its parent may have had."""
    global _guard
    _guard = threading.Lock()


os.register_at_fork(after_in_child=_forget)


def identity_of(path: Path) -> Identity | None:
    """Return what tells a file from any other, None if it is not there."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _require_same(journal: Path, path: Path, identity: Identity) -> None:
    try:
        found = identity_of(path)
    except OSError as exc:
        raise lost(journal, Reason.BROKEN, exc.strerror or "") from exc
    if found is None:
        raise lost(journal, Reason.GONE)
    if found != identity:
        raise lost(journal, Reason.REPLACED)


# -- opening ----------------------------------------------------------------------------------------------------


def _open(site: Site) -> JournalFile:
    path = site.path
    try:
        if not path.parent.is_dir() or identity_of(path) is None:
            require_new(site)
            _make(path)
        _require_usable(path)
        return _opened(site)
    except OSError as exc:
        raise _unusable(path, exc.strerror or type(exc).__name__, "See to it that it can be read and written.") from exc
    except SQLAlchemyError as exc:
        raise _unusable(path, detail_of(exc) or type(exc).__name__, _remedy(reason_of(exc, path))) from exc


def _remedy(reason: Reason) -> str:
    match reason:
        case Reason.FULL:
            return "Make room on its disk, then run the command again."
        case Reason.BUSY:
            return "Another program has locked it: end that, then run the command again."
        case _:
            return f"Name another file, or check its disk. {RESTORE}"


def _opened(site: Site) -> JournalFile:
    identity = identity_of(site.path)
    if identity is None:
        raise FileNotFoundError(2, "it was deleted at this moment")
    journal = JournalFile(site, identity)
    try:
        require_the_homes(site, lambda run_id: _knows(journal, run_id))
        _bring_up_to_date(journal)
        journal.keep()
    except BaseException:
        journal.close()
        raise
    with suppress(OSError):  # a full disk: the next one who opens it leaves the mark
        leave_marks(site)
    return journal


def _knows(journal: JournalFile, run_id: str) -> bool:
    with journal.engine.connect() as conn, conn.begin():
        return knows_run(conn, run_id)


def _bring_up_to_date(journal: JournalFile) -> None:
    """See that the file is a journal, and lead an older one to this version. Readers wait for nobody."""
    try:
        with journal.engine.connect() as conn, conn.begin():
            found = version_of(conn)
        if found < SCHEMA_VERSION:
            with journal.engine.connect().execution_options(writes=True) as conn, conn.begin():
                bring_up_to_date(conn)
        with journal.engine.connect() as conn, conn.begin():
            require_whole(conn)
    except BadUsage as error:
        raise _unusable(journal.path, error.what, error.remedy) from error


def _unusable(path: Path, why: str, remedy: str) -> BadUsage:
    return BadUsage(f"The journal {path} cannot be used: {why.rstrip('.')}.", remedy=remedy)


def _require_usable(path: Path) -> None:
    """Raise ``BadUsage`` for what needs no look inside: a folder, an emptied file, one that may not be written."""
    if path.is_dir():
        raise _unusable(path, "it is a folder", NO_JOURNAL)
    if not path.is_file():
        raise _unusable(path, "it is no file", NO_JOURNAL)
    if path.stat().st_size == 0:
        raise _unusable(
            path,
            "it is empty, and a journal never is. Somebody or something has emptied it",
            f"{RESTORE} Only if nothing was ever sent from here, or a new, empty journal is meant: delete it, "
            f"{path.name}{MARK} beside it, and move what is in the home of the runs before it (runs, {NOTE}) away.",
        )
    for place, word in ((path, "it"), (path.parent, "its folder")):
        if not os.access(place, os.R_OK | os.W_OK):
            raise _unusable(
                path,
                f"{word} may not be read and written",
                "Give this account the right to, or a disk that is not read-only.",
            )


# -- a new one --------------------------------------------------------------------------------------------------


def _make(path: Path) -> None:
    """Make a new journal beside its place and put it there whole: a process that is killed leaves all of it or none."""
    part = path.with_name(f"{path.name}.{os.urandom(6).hex()}.new")
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))  # SQLite gives its side files the same mode
    try:
        engine = _engine(lambda: _connect(part))
        try:
            with engine.connect().execution_options(writes=True) as conn, conn.begin():
                bring_up_to_date(conn)
        finally:
            engine.dispose()
        try:
            os.link(part, path)
        except OSError:  # another process was quicker, or this disk knows no second names
            if identity_of(path) is None:
                part.rename(path)
        _sync_folder(path.parent)
    finally:
        for end in ("", "-wal", "-shm"):
            _beside(part, end).unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


# -- SQLite -----------------------------------------------------------------------------------------------------


def _connect(path: Path) -> sqlite3.Connection:
    # "rw": SQLite is never to make a file by itself.
    return sqlite3.connect(f"{path.as_uri()}?mode=rw", uri=True, check_same_thread=False)


def _engine(connect: Any) -> Engine:
    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, json_serializer=_compact, json_deserializer=_from_json
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, below
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(conn: Connection) -> None:
        # A write lock from the start: a reader that turns writer is refused at once when another wrote meanwhile.
        conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")

    return engine


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _from_json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as exc:
        raise Damaged("a cell does not hold JSON") from exc
