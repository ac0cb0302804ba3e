"""Licences, seats, and who holds one. An assigned seat is used at once, activated or not (assumed)."""

import json
import sqlite3
from typing import Any

from tasks.sandbox import transfers
from tasks.sandbox.mails import MailKind, send, send_get_started
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Call, GotoRefusal, Page, Problem


def list_licences(call: Call, page: Page) -> dict[str, Any]:
    """Return one page of licences, in the order in which they were declared."""
    rows = call.db.execute("SELECT * FROM licences ORDER BY rowid").fetchall()
    part = rows[page.offset : page.offset + page.size]
    return page.envelope([_rendered(call, row) for row in part], len(rows), call.switches)


def _rendered(call: Call, licence: sqlite3.Row) -> dict[str, Any]:
    holders = call.db.execute(
        "SELECT users.key, activated FROM grants JOIN users ON users.key = user_key"
        " WHERE licence_key = ? ORDER BY users.number",
        (licence["key"],),
    ).fetchall()
    return {
        "key": call.key(licence["key"]),
        "concurrentLicenseKey": None,
        "seats": licence["seats"],
        "userCount": len(holders),
        "enabled": bool(licence["enabled"]),
        "description": licence["description"],
        "type": "sandbox",
        "channel": "sandbox",
        "userKeys": call.keys([row["key"] for row in holders if row["activated"]]),
        "invitedUserKeys": call.keys([row["key"] for row in holders if not row["activated"]]),
        "deviceKeys": [],
        "deviceCount": 0,
        "products": json.loads(licence["products"]),
        "childLicenseKeys": [],
        "entitlements": {},
        "devicesOnly": False,
        "devicesAllowed": False,
        "externallyManaged": False,
    }


def replace_all(call: Call, user_key: str, wanted: set[str], *, suppress_email: bool) -> None:
    """Make *wanted* the licences of a user, with the mails that this brings. Raises a refusal without a free seat."""
    if not put(call, user_key, wanted):
        return
    if not suppress_email:
        send(call, MailKind.PRODUCT_CHANGE, user_key)
    send_get_started(call, user_key)


def put(call: Call, user_key: str, wanted: set[str]) -> bool:
    """Make *wanted* the licences of a user, without a mail; return whether anything changed."""
    held = held_by(call, user_key)
    if wanted - held:
        transfers.require_not_declined(require_user(call, user_key))
    for licence_key in sorted(wanted - held):
        _require_seat(call, licence_key)
        call.db.execute("INSERT INTO grants VALUES (?, ?)", (user_key, licence_key))
    gone = [(user_key, licence_key) for licence_key in sorted(held - wanted)]
    call.db.executemany("DELETE FROM grants WHERE user_key = ? AND licence_key = ?", gone)
    return wanted != held


def held_by(call: Call, user_key: str) -> set[str]:
    rows = call.db.execute("SELECT licence_key FROM grants WHERE user_key = ?", (user_key,))
    return {row["licence_key"] for row in rows}


def require_licence(call: Call, licence_key: str) -> sqlite3.Row:
    """Return a licence. Raises a refusal (404) if the account has no such one."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM licences WHERE key = ?", (licence_key,)).fetchone()
    if row is None:
        raise GotoRefusal(404, Problem("license.not.found", licence_key))
    return row


def _require_seat(call: Call, licence_key: str) -> None:
    licence = require_licence(call, licence_key)
    if not licence["enabled"]:
        raise GotoRefusal(409, Problem("license.disabled", licence_key))
    used = call.db.execute("SELECT count(*) FROM grants WHERE licence_key = ?", (licence_key,)).fetchone()[0]
    if licence["seats"] is not None and used >= licence["seats"]:
        raise GotoRefusal(call.switches.seat_refusal_status, Problem(call.switches.seat_refusal_code, licence_key))
