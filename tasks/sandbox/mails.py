"""The outbox: what the platform writes to people, and when."""

import json
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

from tasks.sandbox.wire import Call

STARTING_PRODUCTS = frozenset({"G2M", "G2W", "G2T", "OPENVOICE"})
"""Meeting, Webinar, Training, OpenVoice: the first time one is enabled, nothing can silence the mail (documented)."""


class MailKind(StrEnum):
    WELCOME = "welcome"
    PRODUCT_CHANGE = "product-change"
    ROLE_CHANGE = "role-change"
    GET_STARTED = "get-started"


TEXTS = {
    MailKind.WELCOME: (
        "Welcome to {account}",
        "Hello {name}, you were added to {account}. Choose a password to activate your user.",
    ),
    MailKind.PRODUCT_CHANGE: (
        "Your products have changed",
        "Hello {name}, your products in {account} are now: {products}.",
    ),
    MailKind.ROLE_CHANGE: ("Your role has changed", "Hello {name}, your role in {account} is now: {roles}."),
    MailKind.GET_STARTED: ("Get started", "Hello {name}, you can now use {started} in {account}."),
}


def send(call: Call, kind: MailKind, user_key: str, started: Iterable[str] = ()) -> None:
    """Put one mail to a user in the outbox, in the language of the user."""
    user = call.db.execute("SELECT * FROM people WHERE key = ?", (user_key,)).fetchone()
    facts = {
        "account": call.db.execute("SELECT name FROM account").fetchone()["name"],
        "name": user["first_name"],
        "products": ", ".join(products_of(call, user_key)) or "none",
        "roles": ", ".join(json.loads(user["admin_roles"])) or "member",
        "started": ", ".join(started),
    }
    subject, body = (text.format(**facts) for text in TEXTS[kind])
    call.db.execute(
        "INSERT INTO mails (kind, user_key, address, language, sent_at, subject, body) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (kind, user_key, user["email"], user["locale"], call.now.isoformat(timespec="milliseconds"), subject, body),
    )


def send_get_started(call: Call, user_key: str) -> None:
    """Send one get-started mail if the user now has products with such a mail that they never had before."""
    fresh = note_started(call, user_key)
    if fresh:
        send(call, MailKind.GET_STARTED, user_key, fresh)


def note_started(call: Call, user_key: str) -> list[str]:
    """Remember the products with a get-started mail that the user has now; return those never had before."""
    had = {row["product"] for row in call.db.execute("SELECT product FROM started WHERE user_key = ?", (user_key,))}
    fresh = sorted((set(products_of(call, user_key)) & STARTING_PRODUCTS) - had)
    call.db.executemany("INSERT INTO started VALUES (?, ?)", [(user_key, product) for product in fresh])
    return fresh


def products_of(call: Call, user_key: str) -> list[str]:
    """Return the codes of the products that the user's licences bring, sorted."""
    held = "SELECT products FROM licences JOIN grants ON licence_key = licences.key WHERE user_key = ?"
    return sorted({code for row in call.db.execute(held, (user_key,)) for code in json.loads(row["products"])})


def outbox(call: Call) -> dict[str, Any]:
    """Return all mails, oldest first, and how many there are of each kind."""
    rows = call.db.execute("SELECT * FROM mails ORDER BY number").fetchall()
    counts = {kind.value: sum(row["kind"] == kind for row in rows) for kind in MailKind}
    return {"total": len(rows), "counts": counts, "mails": [_mail(call, dict(row)) for row in rows]}


def _mail(call: Call, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "number": row["number"],
        "kind": row["kind"],
        "userKey": call.key(row["user_key"]),
        "address": row["address"],
        "language": row["language"],
        "time": row["sent_at"],
        "subject": row["subject"],
        "body": row["body"],
    }
