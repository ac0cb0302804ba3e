"""Scheduled webinars: who organises them, and what becomes of them when somebody goes.

Documented: they belong to the organiser, and are lost with them unless others of the same account organise them too.
"""

import sqlite3
from datetime import UTC, datetime
from typing import Any, NamedTuple

from tasks.sandbox.declared import DeclaredWebinar
from tasks.sandbox.store import next_key
from tasks.sandbox.wire import Call


class Window(NamedTuple):
    """A time, as epoch milliseconds, and the part of the list that is asked for: pages are counted from zero."""

    from_ms: int
    to_ms: int
    page: int
    size: int


def declare(call: Call, webinar: DeclaredWebinar) -> None:
    """Put a declared webinar in the store."""
    times = (int(webinar.starts.timestamp() * 1000), int(webinar.ends.timestamp() * 1000))
    row = (webinar.key, webinar.organizer, webinar.subject, *times, webinar.time_zone)
    call.db.execute("INSERT INTO webinars VALUES (?, ?, ?, ?, ?, ?)", row)
    members: list[tuple[str, str | None]] = [(key, None) for key in dict.fromkeys(webinar.coorganizers)]
    members += [(next_key(call.db, "co-organiser"), email) for email in webinar.external_coorganizers]
    rows = [(webinar.key, *member) for member in members if member[0] != webinar.organizer]
    call.db.executemany("INSERT INTO coorganisers VALUES (?, ?, ?)", rows)


def hand_over(call: Call, user_key: str) -> None:
    """Give what a user has scheduled to the first of the account who organises it too (assumed: the oldest user).

    What nobody else organises goes with the user, and comes back if they are revived (documented: sessions do).
    """
    call.db.execute("DELETE FROM coorganisers WHERE member_key = ?", (user_key,))
    scheduled = "SELECT key FROM webinars WHERE organiser_key = ? AND ends_ms > ?"
    for row in call.db.execute(scheduled, (user_key, call.now_ms)).fetchall():
        heir = call.db.execute(
            "SELECT people.key FROM coorganisers JOIN people ON people.key = member_key"
            " WHERE webinar_key = ? ORDER BY number LIMIT 1",
            (row["key"],),
        ).fetchone()
        if heir is not None:
            call.db.execute("UPDATE webinars SET organiser_key = ? WHERE key = ?", (heir["key"], row["key"]))
            passed_on = (row["key"], heir["key"])
            call.db.execute("DELETE FROM coorganisers WHERE webinar_key = ? AND member_key = ?", passed_on)


def of_organiser(call: Call, organiser_key: str, window: Window) -> tuple[list[dict[str, Any]], int]:
    """Return one page of a user's webinars that lie in the time, wholly or in part, by their start; and how many."""
    within = "FROM webinars WHERE organiser_key = ? AND starts_ms < ? AND ends_ms > ?"
    values = (organiser_key, window.to_ms, window.from_ms)
    total = int(call.db.execute(f"SELECT count(*) {within}", values).fetchone()[0])
    part = f"SELECT * {within} ORDER BY starts_ms, key LIMIT ? OFFSET ?"
    rows = call.db.execute(part, (*values, window.size, window.page * window.size)).fetchall()
    return [_rendered(call, row) for row in rows], total


def _rendered(call: Call, webinar: sqlite3.Row) -> dict[str, Any]:
    account = call.db.execute("SELECT key FROM account").fetchone()["key"]
    return {
        "webinarKey": call.key(webinar["key"]),
        "organizerKey": call.key(webinar["organiser_key"]),
        "accountKey": call.key(account),
        "subject": webinar["subject"],
        "times": [{"startTime": _moment(webinar["starts_ms"]), "endTime": _moment(webinar["ends_ms"])}],
        "timeZone": webinar["time_zone"],
    }


def _moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def find(call: Call, organiser_key: str, webinar_key: str) -> sqlite3.Row | None:
    """Return a webinar of a user, or None if they organise no such one."""
    query = "SELECT * FROM webinars WHERE key = ? AND organiser_key = ?"
    row: sqlite3.Row | None = call.db.execute(query, (webinar_key, organiser_key)).fetchone()
    return row


def coorganisers(call: Call, webinar_key: str) -> list[dict[str, Any]]:
    """Return who else organises a webinar: users of the account by their keys, and others."""
    rows = call.db.execute(
        "SELECT member_key, first_name, last_name, coalesce(external_email, email) AS address,"
        " external_email IS NOT NULL AS is_external FROM coorganisers LEFT JOIN people ON people.key = member_key"
        " WHERE webinar_key = ? AND (external_email IS NOT NULL OR people.key IS NOT NULL) ORDER BY member_key",
        (webinar_key,),
    )
    return [
        {
            "memberKey": call.key(row["member_key"]),
            "givenName": row["first_name"] or "",
            "surname": row["last_name"] or "",
            "email": row["address"],
            "external": bool(row["is_external"]),
            "joinLink": f"https://webinar.example/join/{webinar_key}/{row['member_key']}",
        }
        for row in rows
    ]


def all_scheduled(call: Call) -> list[dict[str, Any]]:
    """Return every webinar whose organiser is there, by its start, with who else organises it."""
    rows = call.db.execute(
        "SELECT webinars.* FROM webinars JOIN people ON people.key = organiser_key ORDER BY starts_ms, webinars.key"
    ).fetchall()
    return [_rendered(call, row) | {"coorganizers": coorganisers(call, row["key"])} for row in rows]
