"""The journal as a database: opened, read and written one transaction at a time."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, insert, make_url
from sqlalchemy.exc import ArgumentError

from tasks.journal.failures import told_as_ours
from tasks.journal.journal_file import JournalFile, release, share
from tasks.journal.schema import audit
from tasks.journal.site import Site, note_run, site_of
from tasks.model.errors import BadUsage
from tasks.model.journal_place import JournalPlace


class Database:
    """An open journal: how one transaction is read or written. A process has the file open once, however often this is.

    Every method raises ``JournalLost`` if the database fails; one that writes does so, too, if the file was deleted or
    replaced, whether before the transaction or while it went on: what it wrote is then on no record.
    """

    def __init__(self, file: JournalFile) -> None:
        self._file: JournalFile | None = file
        self._engine = file.engine
        self._path = file.path
        self._folder = file.path.parent

    @classmethod
    def open(cls, where: JournalPlace | str | Path) -> Self:
        """Open the journal of a home, or of the folder of a path or ``sqlite:///`` URL, making it if need be.

        Raises ``BadUsage`` if it is not a journal, cannot be used, is missing where there was one, is another than the
        home's, is newer than this program, or is kept in another database. Raises ``JournalLost`` if this process has
        it open and it is gone.
        """
        return cls(share(_site(where)))

    @staticmethod
    def is_there(place: JournalPlace) -> bool:
        """Tell whether there is something to open. Raises ``BadUsage`` if it is kept in another database."""
        try:
            return _site(place).path.exists()
        except OSError:
            return False

    def close(self) -> None:
        """Let go of the file; the second time does nothing."""
        file, self._file = self._file, None
        if file is not None:
            release(file)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        file = self._opened()
        file.require_there()
        with (
            told_as_ours(self._path),
            self._engine.connect().execution_options(writes=True) as conn,
            conn.begin(),
        ):
            yield conn
        file.require_there()

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        self._opened()
        with told_as_ours(self._path), self._engine.connect() as conn:
            yield conn

    def _note_run(self, run_id: str) -> None:
        """Note in the home a run that was just written; a home that takes no note now takes one of the next run."""
        with suppress(OSError, BadUsage):
            note_run(self._opened().site, run_id)

    def _opened(self) -> JournalFile:
        if self._file is None:
            raise ValueError("the journal is closed")
        return self._file


def write_audit(
    conn: Connection, at: datetime, pipeline: str, run_id: str | None, what: str, facts: Mapping[str, Any]
) -> None:
    conn.execute(insert(audit).values(at=at, pipeline=pipeline, run_id=run_id, event=what, facts=dict(facts)))


def _site(where: JournalPlace | str | Path) -> Site:
    if isinstance(where, JournalPlace):
        return site_of(where.home, where.usual if where.named is None else _path_of(where.named))
    path = _path_of(where)
    return site_of(path.parent, path)


def _path_of(where: str | Path) -> Path:
    if isinstance(where, str) and "://" in where:
        try:
            url = make_url(where)
        except ArgumentError as exc:
            raise _no_sqlite() from exc
        if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:") or url.query:
            raise _no_sqlite()
        return Path(url.database).absolute()
    return Path(where).absolute()


def _no_sqlite() -> BadUsage:
    return BadUsage(
        "This version of Rosterflow keeps its journal in an SQLite file.", remedy="Give a path, or sqlite:///path."
    )
