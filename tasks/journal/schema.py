"""The journal's tables, in SQL that SQLite and PostgreSQL both speak, and how an older journal is brought up."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    TypeDecorator,
    insert,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.exc import DatabaseError, OperationalError

from tasks.journal.failures import Damaged
from tasks.model.errors import BadUsage

RESTORE = "Name another file, or restore this one from a backup (docs/operations.md, Backup)."
NO_JOURNAL = (
    "Name the journal's file. If this lies in its place: move it away, and restore the journal from a backup "
    "(docs/operations.md, Backup)."
)
SCHEMA_VERSION = 3
MIGRATIONS: Mapping[int, Sequence[str]] = {
    2: ("ALTER TABLE links ADD COLUMN directory_groups JSON NOT NULL DEFAULT '[]'",),
    3: (
        "CREATE TABLE IF NOT EXISTS keys (name VARCHAR NOT NULL PRIMARY KEY, value BLOB NOT NULL)",
        """CREATE TABLE IF NOT EXISTS profiles (
            pipeline VARCHAR NOT NULL, source VARCHAR NOT NULL, run_id VARCHAR NOT NULL,
            accepted_at VARCHAR(32) NOT NULL, sha256 VARCHAR NOT NULL, facts JSON NOT NULL, marks BLOB NOT NULL,
            PRIMARY KEY (pipeline, source))""",
        """CREATE TABLE IF NOT EXISTS permits (
            permit_id INTEGER NOT NULL PRIMARY KEY, pipeline VARCHAR NOT NULL, source VARCHAR NOT NULL,
            sha256 VARCHAR NOT NULL, baseline VARCHAR NOT NULL, run_id VARCHAR NOT NULL, "by" VARCHAR NOT NULL,
            reason VARCHAR NOT NULL, at VARCHAR(32) NOT NULL, until VARCHAR(10) NOT NULL, spent_by VARCHAR)""",
        "CREATE INDEX IF NOT EXISTS ix_permits_pipeline ON permits (pipeline)",
    ),
}
"""Statements that lead from the version before to the one named, run in order. A new journal starts at the last."""

METADATA = MetaData()


class Instant(TypeDecorator[datetime]):
    """A point in time, kept as UTC text that sorts. SQLite would lose the time zone."""

    impl = String(32)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time in the journal needs its zone")
        return value.astimezone(UTC).isoformat(timespec="microseconds")

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        try:
            return None if value is None else datetime.fromisoformat(value)
        except (TypeError, ValueError) as exc:
            raise Damaged("a cell does not hold a time") from exc


schema_version = Table("schema_version", METADATA, Column("version", Integer, nullable=False))

runs = Table(
    "runs",
    METADATA,
    Column("run_id", String, primary_key=True),
    Column("pipeline", String, nullable=False, index=True),
    Column("command", String, nullable=False),
    Column("started_at", Instant, nullable=False, index=True),
    Column("plan_hash", String),
    Column("applying_since", Instant),
    Column("state", String, nullable=False),
    Column("exit_code", Integer),
    Column("finished_at", Instant),
    Column("summary", JSON, nullable=False),
)

plans = Table(
    "plans",
    METADATA,
    Column("plan_hash", String, primary_key=True),
    Column("pipeline", String, nullable=False),
    Column("target", String, nullable=False),
    Column("data", LargeBinary, nullable=False),  # zlib
    Column("made_at", Instant, nullable=False),
    Column("touched", Boolean, nullable=False),  # something was sent or recorded since the generation last moved
    Column("generation_after", Integer),  # the generation that applying it led to
)

operations = Table(
    "operations",
    METADATA,
    Column("op_id", String, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("job_id", String, nullable=False),
    Column("plan_hash", String, nullable=False),
    Column("run_id", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("change_ids", JSON, nullable=False),
    Column("account_key", String),
    Column("payload", JSON, nullable=False),
    Column("result", String),
    Column("reply", JSON, nullable=False),
    Column("code", String),
    Column("incident", String),
    Column("intended_at", Instant, nullable=False),
    Column("concluded_at", Instant),
    Index("operations_by_job", "plan_hash", "job_id"),
)

outcomes = Table(
    "outcomes",
    METADATA,
    Column("plan_hash", String, primary_key=True),
    Column("change_id", String, primary_key=True),
    Column("status", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("code", String),
    Column("incident", String),
    Column("account_key", String),
    Column("run_id", String, nullable=False),
    Column("at", Instant, nullable=False),
)

links = Table(
    "links",
    METADATA,
    Column("pipeline", String, primary_key=True),
    Column("target", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("external_id", String, primary_key=True),
    Column("account_key", String, nullable=False),
    Column("user_name", String),
    Column("given_name", String),
    Column("family_name", String),
    Column("state", String, nullable=False),
    Column("leaving_since", String(10)),
    Column("suspended_on", String(10)),
    Column("licences", JSON, nullable=False),
    Column("group_key", String),
    Column("roles", JSON, nullable=False),
    Column("directory_groups", JSON, nullable=False, server_default="[]"),
    Column("worker_digest", String),
    Column("rules_digest", String),
)
# A deleted account's key may come back (GoTo revives an address under its old key), perhaps for somebody else.
Index(
    "links_one_claim",
    links.c.target,
    links.c.account_key,
    unique=True,
    sqlite_where=links.c.state != "deleted",
    postgresql_where=links.c.state != "deleted",
)

generations = Table(
    "generations",
    METADATA,
    Column("pipeline", String, primary_key=True),
    Column("generation", Integer, nullable=False),
)

decisions = Table(
    "decisions",
    METADATA,
    Column("decision_id", Integer, primary_key=True),
    Column("plan_hash", String, nullable=False, index=True),
    Column("kind", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("spent_by", String),
)

keys = Table(
    "keys",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

# The last accepted file of each source; what was accepted before is in the audit trail.
profiles = Table(
    "profiles",
    METADATA,
    Column("pipeline", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("run_id", String, nullable=False),
    Column("accepted_at", Instant, nullable=False),
    Column("sha256", String, nullable=False),
    Column("facts", JSON, nullable=False),
    Column("marks", LargeBinary, nullable=False),  # hashes of ids and departments, 16 bytes a person
)

permits = Table(
    "permits",
    METADATA,
    Column("permit_id", Integer, primary_key=True),
    Column("pipeline", String, nullable=False, index=True),
    Column("source", String, nullable=False),
    Column("sha256", String, nullable=False),  # the file that may pass
    Column("baseline", String, nullable=False),  # the file that it was held against
    Column("run_id", String, nullable=False),  # the run that refused it
    Column("by", String, nullable=False),
    Column("reason", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("until", String(10), nullable=False),
    Column("spent_by", String),
)

audit = Table(
    "audit",
    METADATA,
    Column("entry", Integer, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("pipeline", String, nullable=False),
    Column("run_id", String),
    Column("event", String, nullable=False),
    Column("facts", JSON, nullable=False),
)


def bring_up_to_date(
    conn: Connection,
    migrations: Mapping[int, Sequence[str]] = MIGRATIONS,
    version: int = SCHEMA_VERSION,
) -> None:
    """Make the tables of a new journal, or lead an older one to *version*. Raises ``BadUsage`` as ``version_of``."""
    if not inspect(conn).get_table_names():
        METADATA.create_all(conn)
        conn.execute(insert(schema_version).values(version=version))
        return
    found = version_of(conn, version)
    for number in range(found + 1, version + 1):
        for statement in migrations[number]:
            conn.execute(text(statement))
        conn.execute(update(schema_version).values(version=number))


def version_of(conn: Connection, known: int = SCHEMA_VERSION) -> int:
    """Return the schema version of a journal. Raises ``BadUsage`` if it is none, or is newer than this program."""
    names = inspect(conn).get_table_names()
    if not names:
        raise BadUsage("it is a database without any table", remedy=RESTORE)
    if schema_version.name not in names or runs.name not in names:
        raise BadUsage("it is the database of another program", remedy=NO_JOURNAL)
    try:
        found = list(conn.execute(select(schema_version.c.version)).scalars())
    except OperationalError as exc:
        raise BadUsage("it is the database of another program", remedy=NO_JOURNAL) from exc
    if len(found) != 1 or type(found[0]) is not int or found[0] < 1:
        raise BadUsage("its schema version is one that no Rosterflow has ever written", remedy=RESTORE)
    if found[0] > known:
        raise BadUsage(
            f"it has schema version {found[0]}, and this version of Rosterflow knows up to {known}",
            remedy="Use the newer version of Rosterflow that wrote it.",
            found=found[0],
        )
    return found[0]


def knows_run(conn: Connection, run_id: str) -> bool:
    """Tell whether a journal has a run. Of what is no journal this cannot be said, and is not denied."""
    try:
        return conn.execute(select(runs.c.run_id).where(runs.c.run_id == run_id)).first() is not None
    except DatabaseError:
        return True


def require_whole(conn: Connection) -> None:
    """Raise ``BadUsage`` if a table or column of this version is not there."""
    for table in METADATA.sorted_tables:
        try:
            conn.execute(select(table).limit(0)).close()
        except OperationalError as exc:
            raise BadUsage(f"its table {table.name} is missing or lacks a column", remedy=RESTORE) from exc
