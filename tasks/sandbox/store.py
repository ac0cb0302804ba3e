"""The store: one SQLite file that survives a restart. One call to the platform is one transaction."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tasks.model.errors import BadUsage
from tasks.sandbox import history
from tasks.sandbox.directory_schema import DIRECTORY_SCHEMA, DIRECTORY_TABLES
from tasks.sandbox.history import HISTORY_SCHEMA, HISTORY_TABLES

APPLICATION_ID = 0x52_53_42_58  # "RSBX": tells a sandbox's store from any other SQLite file
SCHEMA_VERSION = 5

SCHEMA = (
    """CREATE TABLE account (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, locale TEXT NOT NULL,
        client_id TEXT NOT NULL, client_secret TEXT NOT NULL, pat TEXT NOT NULL,
        principal_key TEXT NOT NULL,  -- the user for whom tokens speak
        scope TEXT  -- of the OAuth client; null: whatever the switches say
    )""",
    """CREATE TABLE role_sets (id TEXT PRIMARY KEY, name TEXT NOT NULL)""",  # custom roles
    """CREATE TABLE templates (  -- of the welcome mail
        key TEXT PRIMARY KEY, title TEXT NOT NULL, subject TEXT NOT NULL, text TEXT NOT NULL, locale TEXT
    )""",
    "CREATE TABLE settings_templates (key TEXT PRIMARY KEY, name TEXT NOT NULL)",
    "CREATE TABLE attributes (key TEXT PRIMARY KEY, name TEXT NOT NULL, name_folded TEXT NOT NULL UNIQUE)",
    "CREATE TABLE other_accounts (key TEXT PRIMARY KEY, name TEXT NOT NULL)",
    """CREATE TABLE other_users (  -- addresses that live in another account
        email_folded TEXT PRIMARY KEY, account_key TEXT NOT NULL REFERENCES other_accounts (key)
    )""",
    """CREATE TABLE licences (
        key TEXT PRIMARY KEY, description TEXT NOT NULL, products TEXT NOT NULL,
        seats INTEGER, enabled INTEGER NOT NULL
    )""",
    """CREATE TABLE groups (
        key TEXT PRIMARY KEY, name TEXT NOT NULL, name_folded TEXT NOT NULL UNIQUE,
        parent_key TEXT REFERENCES groups (key)
    )""",
    """CREATE TABLE users (
        number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE,
        email TEXT NOT NULL, email_folded TEXT NOT NULL,
        first_name TEXT NOT NULL, last_name TEXT NOT NULL, locale TEXT NOT NULL, time_zone TEXT,
        admin_roles TEXT NOT NULL, group_key TEXT REFERENCES groups (key) ON DELETE SET NULL,
        activated INTEGER NOT NULL, email_locked INTEGER NOT NULL,
        invited_ms INTEGER NOT NULL, invite_count INTEGER NOT NULL,
        deleted_ms INTEGER,  -- a deleted user stays: the same address in the same account revives them
        role_set_id TEXT REFERENCES role_sets (id),
        settings_template_key TEXT REFERENCES settings_templates (key),
        managed_groups TEXT NOT NULL DEFAULT '[]',  -- keys, also of groups that are gone: no limit would mean everyone
        custom_attributes TEXT NOT NULL DEFAULT '{}',
        inactive INTEGER NOT NULL DEFAULT 0,  -- active once, and not signed in for long
        transfer TEXT  -- out of another account: pending, accepted, declined
    )""",
    "CREATE UNIQUE INDEX one_user_per_address ON users (email_folded) WHERE deleted_ms IS NULL",
    "CREATE INDEX users_by_group ON users (group_key)",
    """CREATE TABLE grants (
        user_key TEXT NOT NULL REFERENCES users (key), licence_key TEXT NOT NULL REFERENCES licences (key),
        PRIMARY KEY (user_key, licence_key)
    ) WITHOUT ROWID""",
    "CREATE INDEX grants_by_licence ON grants (licence_key)",
    """CREATE TABLE started (  -- the products that a user ever had of those with a get-started mail
        user_key TEXT NOT NULL, product TEXT NOT NULL, PRIMARY KEY (user_key, product)
    ) WITHOUT ROWID""",
    """CREATE TABLE mails (
        number INTEGER PRIMARY KEY, kind TEXT NOT NULL, user_key TEXT NOT NULL, address TEXT NOT NULL,
        language TEXT NOT NULL, sent_at TEXT NOT NULL, subject TEXT NOT NULL, body TEXT NOT NULL,
        template_key TEXT, link TEXT  -- the path of the page that it leads to, which stands in the body
    )""",
    """CREATE TABLE links (  -- what a mail asks a person to do; good until it is done
        token TEXT PRIMARY KEY, user_key TEXT NOT NULL REFERENCES users (key), purpose TEXT NOT NULL
    )""",
    """CREATE TABLE webinars (
        key TEXT PRIMARY KEY, organiser_key TEXT NOT NULL REFERENCES users (key), subject TEXT NOT NULL,
        starts_ms INTEGER NOT NULL, ends_ms INTEGER NOT NULL, time_zone TEXT NOT NULL
    )""",
    "CREATE INDEX webinars_by_organiser ON webinars (organiser_key)",
    """CREATE TABLE coorganisers (
        webinar_key TEXT NOT NULL REFERENCES webinars (key) ON DELETE CASCADE,
        member_key TEXT NOT NULL,  -- the user's key, unless they are external
        external_email TEXT, PRIMARY KEY (webinar_key, member_key)
    ) WITHOUT ROWID""",
    """CREATE TABLE tokens (
        token TEXT PRIMARY KEY, kind TEXT NOT NULL, scope TEXT NOT NULL, expires_ms INTEGER NOT NULL
    )""",
    "CREATE TABLE issued_keys (kind TEXT PRIMARY KEY, last INTEGER NOT NULL)",
    """CREATE VIEW people AS
        SELECT users.*, groups.name AS group_name,
            (SELECT group_concat(licence_key) FROM grants WHERE user_key = users.key) AS licence_keys,
            CASE
                WHEN transfer = 'pending' THEN 'INVITED'
                WHEN transfer = 'declined' OR admin_roles = '[]' AND role_set_id IS NULL
                    AND NOT EXISTS (SELECT 1 FROM grants WHERE user_key = users.key)
                THEN 'SUSPENDED'
                WHEN NOT activated THEN 'INVITED'
                WHEN inactive THEN 'INACTIVE'
                ELSE 'ACTIVE'
            END AS status, role_sets.name AS role_set_name
        FROM users LEFT JOIN groups ON groups.key = users.group_key LEFT JOIN role_sets ON role_sets.id = role_set_id
        WHERE deleted_ms IS NULL""",
    *DIRECTORY_SCHEMA,
    *HISTORY_SCHEMA,
)
TABLES = (
    *DIRECTORY_TABLES,
    *("coorganisers", "webinars", "links", "tokens", "mails", "started", "grants", "users", "groups", "licences"),
    *("other_users", "other_accounts", "attributes", "settings_templates", "templates", "role_sets"),
    *("account", "issued_keys"),
    *HISTORY_TABLES,
)
"""All tables, those that refer to others first; the history last, since emptying the others is noted there."""

FIRST_KEY = {
    "user": 7 * 10**19,
    "group": 5 * 10**18,
    "directory group": 6 * 10**18,
    "template": 2 * 10**18,
    "attribute": 3 * 10**18,
    "co-organiser": 8 * 10**18,
}
"""Made keys: a user's has 20 digits, more than 64 bits hold; the others have 19, more than a float holds."""
_KEYED = ("users", "groups", "directory_groups", "templates", "attributes")


class Store:
    """The platform's memory. One connection, one transaction at a time: calls are serial, whatever their threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._db = _open(path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give a transaction that is on disk when the block ends, or undone if the block raises."""
        with self._lock, _transaction(self._db):
            yield self._db

    def close(self) -> None:
        with self._lock:
            self._db.close()


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise


def next_key(db: sqlite3.Connection, kind: str) -> str:
    """Return a key that no user or group had before; declared keys are stepped over."""
    row = db.execute("SELECT last FROM issued_keys WHERE kind = ?", (kind,)).fetchone()
    number = row["last"] if row else 0
    while True:
        number += 1
        key = str(FIRST_KEY[kind] + number)
        taken = " UNION ALL ".join(f"SELECT 1 FROM {table} WHERE key = :key" for table in _KEYED)  # noqa: S608
        if not db.execute(taken, {"key": key}).fetchone():
            break
    db.execute("INSERT OR REPLACE INTO issued_keys VALUES (?, ?)", (kind, number))
    return key


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _create(path)
        db = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    except (OSError, sqlite3.Error) as exc:
        raise BadUsage(f"The sandbox's store {path} cannot be opened ({type(exc).__name__}).", sent="") from exc
    try:
        _prepare(db, path)
    except sqlite3.Error as exc:
        db.close()
        raise _not_ours(path, "is not a sandbox's store") from exc
    except BaseException:
        db.close()
        raise
    return db


def _create(path: Path) -> None:
    """Make the file where there is none: SQLite gives its side files the same mode.

    One that is there is not touched: whoever closes a descriptor of it frees all locks that SQLite has on it here.
    """
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _prepare(db: sqlite3.Connection, path: Path) -> None:
    db.row_factory = sqlite3.Row
    db.create_function("casefold", 1, str.casefold, deterministic=True)
    history.install(db)
    with _transaction(db):
        owner, version = (db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version"))
        is_new = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0] == 0
        if is_new:
            for statement in SCHEMA:
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
        elif owner != APPLICATION_ID:
            raise _not_ours(path, "is a database of something else")
        elif version != SCHEMA_VERSION:
            raise _not_ours(path, "was made by another version of the sandbox")
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = NORMAL")  # a commit survives the death of the process; a power cut is not in play
    db.execute("PRAGMA foreign_keys = ON")


def _not_ours(path: Path, why: str) -> BadUsage:
    return BadUsage(f"{path} {why}.", sent="It was left as it is.", remedy="Name another file for the sandbox's store.")
