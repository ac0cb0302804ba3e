"""What a fault does to the tenant just before a call, and how that is undone when the plan is withdrawn."""

import json
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from tasks.sandbox import transfers
from tasks.sandbox.wire import Call


@dataclass
class Taken:
    """What a plan took: of licences how many seats there were and how many it left, addresses, folded, and the
    personal access token with the refresh tokens (rows of the store)."""

    seats: dict[str, tuple[int | None, int]] = field(default_factory=dict)
    addresses: set[str] = field(default_factory=set)
    pat: str | None = None
    refresh_tokens: list[tuple[Any, ...]] = field(default_factory=list)


def end_tokens(call: Call) -> None:
    """End every access token. What they were asked for with (a refresh token, the personal one) stays good."""
    call.db.execute("DELETE FROM tokens WHERE kind = 'access'")


def revoke_credentials(call: Call, taken: Taken) -> None:
    """End every access token and what they were asked for with, so that nobody gets another. *taken* is added to."""
    end_tokens(call)
    if taken.pat is None:
        taken.pat = call.db.execute("SELECT pat FROM account").fetchone()["pat"]
        call.db.execute("UPDATE account SET pat = ?", (secrets.token_urlsafe(96),))
    taken.refresh_tokens += [tuple(row) for row in call.db.execute("SELECT * FROM tokens").fetchall()]
    call.db.execute("DELETE FROM tokens")


def take_seats(call: Call, path: str, body: bytes, taken: Taken) -> None:
    """Leave no free seat in the licences that a call names, or, where it names none, in all. *taken* is added to."""
    named = set(_licences_in(path)) | set(_licences_named(_parsed(body)))
    for row in call.db.execute("SELECT key, seats FROM licences").fetchall():
        if named and row["key"] not in named:
            continue
        used = call.db.execute("SELECT count(*) FROM grants WHERE licence_key = ?", (row["key"],)).fetchone()[0]
        before = taken.seats.get(row["key"], (row["seats"], 0))[0]
        taken.seats[row["key"]] = (before, used)
        call.db.execute("UPDATE licences SET seats = ? WHERE key = ?", (used, row["key"]))


def take_addresses(call: Call, body: bytes, taken: Taken) -> None:
    """Let the addresses of a create live in another account, those who are users here excepted."""
    named = [str(user["email"]) for user in _users(_parsed(body)) if user.get("email")]
    free = [address for address in named if not transfers.lives_elsewhere(call, address)]
    transfers.take(call, free)
    taken.addresses.update(address.casefold() for address in free)


def give_back(call: Call, taken: Taken) -> None:
    """Give all that back, but no seats to a licence that got another number of them since."""
    for key, (before, left) in taken.seats.items():
        call.db.execute("UPDATE licences SET seats = ? WHERE key = ? AND seats IS ?", (before, key, left))
    if taken.pat is not None:
        call.db.execute("UPDATE account SET pat = ?", (taken.pat,))
    call.db.executemany("INSERT OR IGNORE INTO tokens VALUES (?, ?, ?, ?)", taken.refresh_tokens)
    call.db.executemany("DELETE FROM other_users WHERE email_folded = ?", [(one,) for one in taken.addresses])


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
