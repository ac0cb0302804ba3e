"""Read the answer to one query of a database as text, row by row. Read-only where the database can be told so."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from tasks.ingest.days import format_to_read
from tasks.ingest.fetching import Resolve, resolved
from tasks.ingest.files import RosterFile, rejected
from tasks.ingest.records import MAX_CELLS
from tasks.ingest.sheet_process import writer
from tasks.model.errors import BadPipeline, RejectedSource
from tasks.model.sources import Source, safe_place

BATCH_ROWS = 5_000
CONNECT_S, ANSWER_S = 20, 300

PACKAGES = {
    "psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary", "asyncpg": "asyncpg", "pg8000": "pg8000",
    "pymysql": "pymysql", "MySQLdb": "mysqlclient", "mysql": "mysql-connector-python", "mariadb": "mariadb",
    "pyodbc": "pyodbc", "pymssql": "pymssql", "oracledb": "oracledb", "cx_Oracle": "cx_Oracle",
    "snowflake": "snowflake-sqlalchemy", "bigquery": "sqlalchemy-bigquery", "redshift": "sqlalchemy-redshift",
    "databricks": "databricks-sqlalchemy", "hana": "sqlalchemy-hana", "db2": "ibm-db-sa", "duckdb": "duckdb-engine",
}  # fmt: skip
"""The package to install, by the module that is missing or the dialect that SQLAlchemy does not know."""


class Answer:
    """Rows of text as they come, names of columns first. ``sha256`` is of what has been read so far."""

    def __init__(self, rows: Iterator[list[str]]) -> None:
        self._rows = rows
        self._hash = hashlib.sha256()

    def __iter__(self) -> Iterator[list[str]]:
        for row in self._rows:
            self._hash.update(json.dumps(row).encode("ascii", "backslashreplace"))
            yield row

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()


def ask(source: Source, resolve: Resolve) -> tuple[RosterFile, Answer]:
    """Return what a roster from a database is called, and its rows, which are asked for when they are read.

    Raises ``BadPipeline`` where the URL is none or its driver is not installed; reading raises ``RejectedSource`` if
    the database cannot be reached, refuses us or the query. No message has the URL's password.
    """
    url = resolved(source.database or "", resolve)
    file = RosterFile(_name(source.database or "", url), b"", source)
    return file, Answer(_rows(source, file, url))


def _name(written: str, url: str) -> str:
    """Return what the database is called: as the pipeline file has it, references and all; else what they stand for."""
    return safe_place(written if "://" in written else url).partition("?")[0]


def _rows(source: Source, file: RosterFile, url: str) -> Iterator[list[str]]:
    from sqlalchemy import text

    write = writer(format_to_read(source))
    query = text((source.query or "").replace(":", "\\:"))  # a colon is a colon: nothing is filled in
    cells = 0
    with _connected(source, file, url) as connection, _errors_told(file):
        result = connection.execution_options(yield_per=BATCH_ROWS).execute(query)
        if not result.returns_rows:
            raise file.rejected("has a query that gives no rows", "Let sources.query be one SELECT.")
        yield list(result.keys())
        for row in result:
            cells += len(row)
            if cells > MAX_CELLS:
                raise file.rejected(f"gives more than {MAX_CELLS} cells", "Let sources.query ask for less.")
            yield [_cell(value, write) for value in row]


def _cell(value: Any, write: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes | memoryview) or (isinstance(value, Decimal) and value.is_nan()):
        return ""  # no text, no number
    if isinstance(value, list | tuple):
        return "\n".join(filter(None, (_cell(item, write) for item in value)))
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return str(write(value))


@contextmanager
def _connected(source: Source, file: RosterFile, url: str) -> Iterator[Any]:
    """Open one connection; what it does is never committed."""
    from sqlalchemy.pool import NullPool

    engine = _engine(source, url, NullPool)
    with _errors_told(file):
        connection = engine.connect()
    try:
        with _errors_told(file):
            _make_read_only(connection)
        yield connection
    finally:
        connection.rollback()
        connection.close()
        engine.dispose()


def _engine(source: Source, url: str, pool: Any) -> Any:
    from sqlalchemy import create_engine
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError, NoSuchModuleError

    try:
        parsed = make_url(url)
        options: dict[str, Any] = {"connect_args": _limits(parsed), "poolclass": pool, "hide_parameters": True}
        return create_engine(_read_only_url(parsed), **options)
    except ModuleNotFoundError as exc:
        raise _no_driver(source, (exc.name or "").split(".")[0]) from None
    except NoSuchModuleError:
        raise _no_driver(source, url.partition(":")[0]) from None
    except (ArgumentError, ValueError, TypeError):
        raise BadPipeline(
            f"sources.database of {source.name} is no URL of a database.",
            remedy="Write it as SQLAlchemy does, for example postgresql+psycopg://${DB_USER}:${DB_PASSWORD}@host/name.",
            source=source.name,
        ) from None


def _no_driver(source: Source, missing: str) -> BadPipeline:
    dialect, _, driver = missing.partition("+")
    package = PACKAGES.get(driver) or PACKAGES.get(dialect) or driver or dialect
    return BadPipeline(
        f"The database of {source.name} needs a driver that is not installed: {package}.",
        remedy=f'Install it beside Rosterflow: python -m pip install "{package}".',
        source=source.name,
        package=package,
    )


def _limits(url: Any) -> dict[str, Any]:
    """Return how long to wait for a connection, and for an answer, in the words of the driver."""
    driver = url.get_driver_name()
    if driver in ("psycopg", "psycopg2"):
        return {"connect_timeout": CONNECT_S, "options": f"-c statement_timeout={ANSWER_S * 1000}"}
    if driver in ("pymysql", "mysqldb"):
        return {"connect_timeout": CONNECT_S, "read_timeout": ANSWER_S}
    if driver in ("pyodbc", "pysqlite"):
        return {"timeout": CONNECT_S}
    return {}


def _read_only_url(url: Any) -> Any:
    """Return an SQLite URL that neither makes the file nor writes to it; others as they are."""
    if url.get_backend_name() != "sqlite" or not url.database or url.database == ":memory:":
        return url
    if url.database.startswith("file:"):
        return url.update_query_dict({"mode": "ro", "uri": "true"})
    from pathlib import Path

    return url.set(database=Path(url.database).absolute().as_uri()).update_query_dict({"mode": "ro", "uri": "true"})


def _make_read_only(connection: Any) -> None:
    backend = connection.engine.dialect.name
    if backend == "postgresql":
        connection.execution_options(postgresql_readonly=True)
    elif backend in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET SESSION TRANSACTION READ ONLY")
        connection.rollback()
    elif backend == "oracle":
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


@contextmanager
def _errors_told(file: RosterFile) -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except ModuleNotFoundError as exc:
        raise _no_driver(file.source, (exc.name or "").split(".")[0]) from None
    except SQLAlchemyError as exc:
        raise _refusal(file, exc) from None


def _refusal(file: RosterFile, exc: Any) -> RejectedSource:
    """Return the refusal for a database's error. Its own words can quote cells and the URL, and are left out."""
    original = getattr(exc, "orig", None)
    state = getattr(original, "sqlstate", None) or getattr(original, "pgcode", None)
    reason = type(original or exc).__name__ + (f", SQLSTATE {state}" if state else "")
    said = _of_the_query(original, state)
    if said:
        return rejected(file.source, file.name, f"refuses the query: {said}", "Correct sources.query.", reason=reason)
    return rejected(
        file.source,
        file.name,
        f"cannot be read from its database ({reason})",
        "Look whether the database is up, and whether user, password and query are right.",
        reason=reason,
    )


def _of_the_query(original: Any, state: str | None) -> str | None:
    """Return a database's words on the query itself, which hold nothing but the query's own."""
    if state and state.startswith("42") and getattr(original, "diag", None) is not None:
        return str(original.diag.message_primary)
    words = str(original) if type(original).__module__ == "sqlite3" else ""
    return (
        words
        if words.startswith(("no such", "near ", "ambiguous column", "incomplete input", "unrecognized"))
        else None
    )
