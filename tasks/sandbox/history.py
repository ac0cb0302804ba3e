"""What happened to each person, written down by the store itself, whoever changed what and by which call."""

_NOW = "strftime('%Y-%m-%dT%H:%M:%SZ', 'now')"


def _trigger(name: str, event: str, when: str, user: str, what: str, detail: str = "''") -> str:
    noted = f"INSERT INTO events (user_key, time, what, detail) VALUES ({user}, {_NOW}, '{what}', {detail});"  # noqa: S608
    return f"CREATE TRIGGER {name} AFTER {event} {when} BEGIN {noted} END"


def _description(key: str) -> str:
    return f"(SELECT description FROM licences WHERE key = {key})"  # noqa: S608 (names of our own)


HISTORY_SCHEMA = (
    """CREATE TABLE events (
        number INTEGER PRIMARY KEY, user_key TEXT NOT NULL, time TEXT NOT NULL, what TEXT NOT NULL,
        detail TEXT NOT NULL
    )""",
    "CREATE INDEX events_by_user ON events (user_key)",
    _trigger(
        "note_made",
        "UPDATE OF deleted_ms ON users",
        "WHEN OLD.deleted_ms = 0 AND NEW.deleted_ms IS NULL",
        "NEW.key",
        "Made",
    ),
    _trigger(
        "note_revived",
        "UPDATE OF deleted_ms ON users",
        "WHEN OLD.deleted_ms > 0 AND NEW.deleted_ms IS NULL",
        "NEW.key",
        "Revived",
    ),
    _trigger(
        "note_deleted",
        "UPDATE OF deleted_ms ON users",
        "WHEN OLD.deleted_ms IS NULL AND NEW.deleted_ms IS NOT NULL",
        "NEW.key",
        "Deleted",
    ),
    _trigger(
        "note_activated",
        "UPDATE OF activated ON users",
        "WHEN NOT OLD.activated AND NEW.activated",
        "NEW.key",
        "Activated",
    ),
    _trigger(
        "note_roles",
        "UPDATE OF admin_roles ON users",
        "WHEN OLD.admin_roles <> NEW.admin_roles AND OLD.deleted_ms IS NULL",
        "NEW.key",
        "Admin roles changed",
        "NEW.admin_roles",
    ),
    _trigger(
        "note_group",
        "UPDATE OF group_key ON users",
        "WHEN OLD.group_key IS NOT NEW.group_key AND OLD.deleted_ms IS NULL AND NEW.deleted_ms IS NULL",
        "NEW.key",
        "Group changed",
        "coalesce((SELECT name FROM groups WHERE key = NEW.group_key), 'no group')",
    ),
    _trigger(
        "note_address",
        "UPDATE OF email ON users",
        "WHEN OLD.email <> NEW.email AND OLD.email <> ''",
        "NEW.key",
        "Address changed",
        "NEW.email",
    ),
    _trigger(
        "note_name",
        "UPDATE OF first_name, last_name ON users",
        "WHEN (OLD.first_name <> NEW.first_name OR OLD.last_name <> NEW.last_name) AND OLD.first_name <> ''",
        "NEW.key",
        "Name changed",
        "NEW.first_name || ' ' || NEW.last_name",
    ),
    _trigger(
        "note_transfer",
        "UPDATE OF transfer ON users",
        "WHEN NEW.transfer IS NOT NULL AND OLD.transfer IS NOT NEW.transfer",
        "NEW.key",
        "Transfer",
        "NEW.transfer",
    ),
    _trigger("note_licence", "INSERT ON grants", "", "NEW.user_key", "Licence given", _description("NEW.licence_key")),
    _trigger(
        "note_no_licence", "DELETE ON grants", "", "OLD.user_key", "Licence taken", _description("OLD.licence_key")
    ),
)
"""Comes after the tables of users, groups and licences, which it watches."""

HISTORY_TABLES = ("events",)
