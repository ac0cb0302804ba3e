"""What a fault does to the tenant just before a call, and how that is undone when the plan is withdrawn."""

import json
import re
from typing import Any

from tasks.sandbox.wire import Call

Seats = dict[str, tuple[int | None, int]]
"""What a plan took of licences' seats: how many there were, how many it left."""


def end_tokens(call: Call) -> None:
    """End every access token. What they were asked for with (a refresh token, the personal one) stays good."""
    call.db.execute("DELETE FROM tokens WHERE kind = 'access'")


def take_seats(call: Call, path: str, body: bytes, taken: Seats) -> None:
    """Leave no free seat in the licences that a call names, or, where it names none, in all. *taken* is added to."""
    named = set(_licences_in(path)) | set(_licences_named(_parsed(body)))
    for row in call.db.execute("SELECT key, seats FROM licences").fetchall():
        if named and row["key"] not in named:
            continue
        used = call.db.execute("SELECT count(*) FROM grants WHERE licence_key = ?", (row["key"],)).fetchone()[0]
        before = taken.get(row["key"], (row["seats"], 0))[0]
        taken[row["key"]] = (before, used)
        call.db.execute("UPDATE licences SET seats = ? WHERE key = ?", (used, row["key"]))


def give_back_seats(call: Call, taken: Seats) -> None:
    """Give the seats back, but not to a licence that got another number of them since."""
    for key, (before, left) in taken.items():
        call.db.execute("UPDATE licences SET seats = ? WHERE key = ? AND seats IS ?", (before, key, left))


def addresses_in(body: bytes) -> list[str]:
    """Return the addresses of the people whom a create names."""
    document = _parsed(body)
    return [str(user["email"]) for user in _users(document) if user.get("email")]


def _licences_in(path: str) -> list[str]:
    found = re.search(r"/licenses/([^/]+)", path)
    return found[1].split(",") if found else []


def _licences_named(document: dict[str, Any]) -> list[str]:
    return [str(key) for part in (document, *_users(document)) for key in part.get("licenseKeys") or ()]


def _users(document: dict[str, Any]) -> list[dict[str, Any]]:
    users = document.get("users")
    return [user for user in users if isinstance(user, dict)] if isinstance(users, list) else []


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
