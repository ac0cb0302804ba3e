"""What happened to each person, and by which call: the store itself writes it down, whoever changes what.

The call and its moment are those of ``noted``, which surrounds whatever changes people.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime

_CALL: ContextVar[str] = ContextVar("call", default="")
_MOMENT: ContextVar[datetime | None] = ContextVar("moment", default=None)


@contextmanager
def noted(by: str | None = None, at: datetime | None = None) -> Iterator[None]:
    """Note what changes in the block as done *by* this (``PUT /path``, or a name) and *at* this moment.

    None leaves it to the block around. Can decorate a function as well.
    """
    call = None if by is None else _CALL.set(by)
    moment = None if at is None else _MOMENT.set(at)
    try:
        yield
    finally:
        if moment is not None:
            _MOMENT.reset(moment)
        if call is not None:
            _CALL.reset(call)


def install(db: sqlite3.Connection) -> None:
    """Give a connection what the triggers ask for. Without it, nothing can be written."""
    db.create_function("this_call", 0, _CALL.get)
    db.create_function("this_moment", 0, _this_moment)
    db.execute("PRAGMA trusted_schema = ON")  # triggers may call the two; some builds have it off


def _this_moment() -> str:
    return (_MOMENT.get() or datetime.now(UTC)).isoformat(timespec="seconds")


def _trigger(name: str, watched: str, when: str, user: str, *notes: tuple[str, str, str]) -> str:
    """Return a trigger that notes what happened to the *user*. All is SQL: of a note what, its detail, and whether."""
    columns = "INSERT INTO events (user_key, time, call, what, detail)"
    rows = [f"SELECT {user}, this_moment(), this_call(), {what}, {detail} WHERE {met}" for what, detail, met in notes]
    body = " ".join(f"{columns} {row};" for row in rows)
    return f"CREATE TRIGGER note_{name} AFTER {watched} WHEN {when} BEGIN {body} END"


def _note(what: str, detail: str = "''", met: str = "1") -> tuple[str, str, str]:
    return what, detail, met


def _change(column: str, what: str, detail: str = "''", met: str = "1") -> str:
    """Return a trigger on a column of a user who is there before and after."""
    when = f"OLD.{column} IS NOT NEW.{column} AND OLD.deleted_ms IS NULL AND NEW.deleted_ms IS NULL"
    return _trigger(column, f"UPDATE OF {column} ON users", when, "NEW.key", _note(what, detail, met))


def _name(table: str, key: str, otherwise: str) -> str:
    return f"coalesce((SELECT name FROM {table} WHERE key = {key}), '{otherwise}')"  # noqa: S608


def _listed(values: str, otherwise: str) -> str:
    return f"coalesce((SELECT group_concat(value, ', ') FROM json_each({values})), '{otherwise}')"  # noqa: S608


def _licence(key: str) -> str:
    return f"coalesce((SELECT nullif(description, '') FROM licences WHERE key = {key}), {key})"  # noqa: S608


_GROUPS = "(SELECT json_group_array(name) FROM groups JOIN json_each(NEW.managed_groups) ON groups.key = value)"
_ROLES = _listed("NEW.admin_roles", "Member")
_GROUP = _name("groups", "NEW.group_key", "none")
_START = (
    _note("'Admin role'", _ROLES, "NEW.admin_roles <> '[]'"),
    _note("'Manages'", _listed(_GROUPS, "everybody"), "NEW.managed_groups <> '[]'"),
    _note("'User group'", _GROUP, "NEW.group_key IS NOT NULL"),
)
_TRANSFER = (
    "CASE NEW.transfer WHEN 'pending' THEN 'Asked to move here' WHEN 'accepted' THEN 'Moved here'"
    " ELSE 'Declined to move here' END"
)
_ORG = "CASE NEW.role WHEN 'write' THEN 'Admin (read & write)' ELSE 'Admin (read only)' END"
_EXISTENCE = "UPDATE OF deleted_ms ON users"

HISTORY_SCHEMA = (
    """CREATE TABLE events (
        number INTEGER PRIMARY KEY, user_key TEXT NOT NULL, time TEXT NOT NULL,
        call TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_user ON events (user_key)",
    _trigger(
        "made", _EXISTENCE, "OLD.deleted_ms = 0 AND NEW.deleted_ms IS NULL", "NEW.key", _note("'Created'"), *_START
    ),
    _trigger(
        "revived", _EXISTENCE, "OLD.deleted_ms > 0 AND NEW.deleted_ms IS NULL", "NEW.key", _note("'Revived'"), *_START
    ),
    _trigger("deleted", _EXISTENCE, "OLD.deleted_ms IS NULL AND NEW.deleted_ms > 0", "NEW.key", _note("'Deleted'")),
    _change("activated", "'Activated'", met="NEW.activated"),
    _change("inactive", "CASE WHEN NEW.inactive THEN 'Fell inactive' ELSE 'Active again' END"),
    _change("admin_roles", "'Admin role'", _ROLES),
    _change("managed_groups", "'Manages'", _listed(_GROUPS, "everybody"), "NEW.admin_roles <> '[]'"),
    _change(
        "role_set_id", "'Custom role'", "coalesce((SELECT name FROM role_sets WHERE id = NEW.role_set_id), 'none')"
    ),
    _change("group_key", "'User group'", _GROUP),
    _change("email", "'Address'", "OLD.email || ' → ' || NEW.email"),
    _change("first_name", "'First name'", "OLD.first_name || ' → ' || NEW.first_name"),
    _change("last_name", "'Last name'", "OLD.last_name || ' → ' || NEW.last_name"),
    _change("locale", "'Language'", "OLD.locale || ' → ' || NEW.locale"),
    _change("transfer", _TRANSFER, met="NEW.transfer IS NOT NULL"),
    _trigger("licence", "INSERT ON grants", "1", "NEW.user_key", _note("'Licence given'", _licence("NEW.licence_key"))),
    _trigger(
        "no_licence", "DELETE ON grants", "1", "OLD.user_key", _note("'Licence taken'", _licence("OLD.licence_key"))
    ),
    _trigger("mail", "INSERT ON mails", "1", "NEW.user_key", _note("'Mail sent'", "NEW.subject")),
    _trigger(
        "webinar",
        "UPDATE OF organiser_key ON webinars",
        "OLD.organiser_key <> NEW.organiser_key",
        "NEW.organiser_key",
        _note("'Webinar taken over'", "NEW.subject"),
    ),
    _trigger(
        "directory_group",
        "INSERT ON directory_members",
        "NEW.kind = 'user'",
        "NEW.member_key",
        _note("'Joined directory group'", _name("directory_groups", "NEW.group_key", "")),
    ),
    _trigger(
        "no_directory_group",
        "DELETE ON directory_members",
        "OLD.kind = 'user'",
        "OLD.member_key",
        _note("'Left directory group'", _name("directory_groups", "OLD.group_key", "one that was deleted")),
    ),
    _trigger(
        "organisation_admin", "INSERT ON organisation_admins", "1", "NEW.user_key", _note("'Organisation role'", _ORG)
    ),
    _trigger(
        "no_organisation_admin",
        "DELETE ON organisation_admins",
        "1",
        "OLD.user_key",
        _note("'Organisation role'", "'User'"),
    ),
)
"""Comes after all tables that it watches."""

HISTORY_TABLES = ("events",)
