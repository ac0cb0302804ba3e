"""The journal's file: opened, brought up to date, read and written one transaction at a time."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, insert, make_url
from sqlalchemy.exc import DatabaseError

from tasks.journal.schema import audit, bring_up_to_date
from tasks.model.errors import BadUsage

BUSY_TIMEOUT_MS = 30_000


class Database:
    """An open journal file: how it is opened, and how one transaction is read or written."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder

    @classmethod
    def open(cls, where: str | Path) -> Self:
        """Open the journal at a path or ``sqlite:///`` URL, making it if need be.

        Raises ``BadUsage`` if it is not a journal, is newer than this program, or is kept in another database.
        """
        path = _path_of(where)
        journal = cls(_sqlite(path), path.parent)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its side files the same mode
            journal._bring_up_to_date()
        except (OSError, DatabaseError) as exc:
            raise BadUsage(
                f"The journal {path} cannot be used: {exc.__cause__ or exc}.",
                remedy="Name another file, or restore this one from a backup.",
            ) from exc
        return journal

    def _bring_up_to_date(self) -> None:
        try:
            with self._write() as conn:
                bring_up_to_date(conn)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(writes=True) as conn, conn.begin():
            yield conn

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._engine.connect() as conn:
            yield conn


def write_audit(
    conn: Connection, at: datetime, pipeline: str, run_id: str | None, what: str, facts: Mapping[str, Any]
) -> None:
    conn.execute(insert(audit).values(at=at, pipeline=pipeline, run_id=run_id, event=what, facts=dict(facts)))


def _path_of(where: str | Path) -> Path:
    if isinstance(where, str) and "://" in where:
        url = make_url(where)
        if url.get_backend_name() != "sqlite" or not url.database:
            raise BadUsage(
                "This version of Rosterflow keeps its journal in an SQLite file.",
                remedy="Give a path, or sqlite:///path.",
            )
        return Path(url.database).absolute()
    return Path(where).absolute()


def _sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", json_serializer=_compact)

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
