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


def _trigger(name: str, watched: str, when: str, user: str, what: str, detail: str = "''") -> str:
    """Return a trigger; *what* and *detail* are SQL, and so is the key of the *user*."""
    row = f"{user}, this_moment(), this_call(), {what}, {detail}"
    noted = f"INSERT INTO events (user_key, time, call, what, detail) VALUES ({row});"  # noqa: S608 (words of our own)
    return f"CREATE TRIGGER note_{name} AFTER {watched} WHEN {when} BEGIN {noted} END"


def _change(column: str, what: str, detail: str = "''", and_when: str = "1") -> str:
    """Return a trigger on a column of a user who is there before and after."""
    when = f"OLD.{column} IS NOT NEW.{column} AND OLD.deleted_ms IS NULL AND NEW.deleted_ms IS NULL AND {and_when}"
    return _trigger(column, f"UPDATE OF {column} ON users", when, "NEW.key", what, detail)


def _name(table: str, key: str, otherwise: str) -> str:
    return f"coalesce((SELECT name FROM {table} WHERE key = {key}), '{otherwise}')"  # noqa: S608


def _listed(values: str, otherwise: str) -> str:
    return f"coalesce((SELECT group_concat(value, ', ') FROM json_each({values})), '{otherwise}')"  # noqa: S608


def _licence(key: str) -> str:
    return f"coalesce((SELECT nullif(description, '') FROM licences WHERE key = {key}), {key})"  # noqa: S608


_GROUPS = "(SELECT json_group_array(name) FROM groups JOIN json_each(NEW.managed_groups) ON groups.key = value)"
_START = (
    "CASE WHEN NEW.admin_roles = '[]' THEN '' ELSE 'Role ' || " + _listed("NEW.admin_roles", "") + " || '. ' END"
    " || CASE WHEN NEW.group_key IS NULL THEN '' ELSE 'Group ' || " + _name("groups", "NEW.group_key", "") + " || '.' END"
)
_EXISTENCE = "UPDATE OF deleted_ms ON users"

HISTORY_SCHEMA = (
    """CREATE TABLE events (
        number INTEGER PRIMARY KEY, user_key TEXT NOT NULL, time TEXT NOT NULL,
        call TEXT NOT NULL, what TEXT NOT NULL, detail TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_user ON events (user_key)",
    _trigger("made", _EXISTENCE, "OLD.deleted_ms = 0 AND NEW.deleted_ms IS NULL", "NEW.key", "'Created'", _START),
    _trigger("revived", _EXISTENCE, "OLD.deleted_ms > 0 AND NEW.deleted_ms IS NULL", "NEW.key", "'Revived'", _START),
    _trigger("deleted", _EXISTENCE, "OLD.deleted_ms IS NULL AND NEW.deleted_ms > 0", "NEW.key", "'Deleted'"),
    _change("activated", "'Activated'", and_when="NEW.activated"),
    _change("inactive", "CASE WHEN NEW.inactive THEN 'Fell inactive' ELSE 'Active again' END"),
    _change("admin_roles", "'Admin role changed'", _listed("NEW.admin_roles", "none")),
    _change("managed_groups", "'Groups to manage changed'", _listed(_GROUPS, "everybody"), "NEW.admin_roles <> '[]'"),
    _change(
        "role_set_id",
        "'Custom role changed'",
        "coalesce((SELECT name FROM role_sets WHERE id = NEW.role_set_id), 'none')",
    ),
    _change("group_key", "'User group changed'", _name("groups", "NEW.group_key", "none")),
    _change("email", "'Address changed'", "OLD.email || ' → ' || NEW.email"),
    _change("first_name", "'First name changed'", "OLD.first_name || ' → ' || NEW.first_name"),
    _change("last_name", "'Last name changed'", "OLD.last_name || ' → ' || NEW.last_name"),
    _change("locale", "'Language changed'", "OLD.locale || ' → ' || NEW.locale"),
    _change(
        "transfer",
        "CASE NEW.transfer WHEN 'pending' THEN 'Asked to move here' WHEN 'accepted' THEN 'Moved here'"
        " ELSE 'Declined to move here' END",
        and_when="NEW.transfer IS NOT NULL",
    ),
    _trigger("licence", "INSERT ON grants", "1", "NEW.user_key", "'Licence given'", _licence("NEW.licence_key")),
    _trigger("no_licence", "DELETE ON grants", "1", "OLD.user_key", "'Licence taken'", _licence("OLD.licence_key")),
    _trigger("mail", "INSERT ON mails", "1", "NEW.user_key", "'Mail sent'", "NEW.subject"),
    _trigger(
        "webinar",
        "UPDATE OF organiser_key ON webinars",
        "OLD.organiser_key <> NEW.organiser_key",
        "NEW.organiser_key",
        "'Webinar taken over'",
        "NEW.subject",
    ),
    _trigger(
        "directory_group",
        "INSERT ON directory_members",
        "NEW.kind = 'user'",
        "NEW.member_key",
        "'Joined directory group'",
        _name("directory_groups", "NEW.group_key", ""),
    ),
    _trigger(
        "no_directory_group",
        "DELETE ON directory_members",
        "OLD.kind = 'user'",
        "OLD.member_key",
        "'Left directory group'",
        _name("directory_groups", "OLD.group_key", "that was deleted"),
    ),
    _trigger(
        "organisation_admin",
        "INSERT ON organisation_admins",
        "1",
        "NEW.user_key",
        "'Organisation admin'",
        "CASE NEW.role WHEN 'write' THEN 'read & write' ELSE 'read only' END",
    ),
    _trigger("no_organisation_admin", "DELETE ON organisation_admins", "1", "OLD.user_key", "'No organisation admin'"),
)
"""Comes after all tables that it watches."""

HISTORY_TABLES = ("events",)
