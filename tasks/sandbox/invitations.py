"""The links in mails: what they ask a person to do, and for how long they are good."""

import secrets

from tasks.sandbox.wire import Call

PASSWORD, TRANSFER = "password", "transfer"
PATHS = {PASSWORD: "/sandbox/create-password/", TRANSFER: "/sandbox/transfer/"}


def make(call: Call, user_key: str, purpose: str) -> str:
    """Return the path of a new link. Links of earlier mails to the same end stay good."""
    token = secrets.token_urlsafe(24)
    call.db.execute("INSERT INTO links VALUES (?, ?, ?)", (token, user_key, purpose))
    return PATHS[purpose] + token


def invited(call: Call, token: str, purpose: str) -> str | None:
    """Return the key of the user whom a link asks, or None if it is not good, or not any more."""
    row = call.db.execute(
        "SELECT user_key FROM links JOIN people ON people.key = user_key WHERE token = ? AND purpose = ?",
        (token, purpose),
    ).fetchone()
    return str(row["user_key"]) if row else None


def void(call: Call, user_key: str) -> None:
    """End all links to a user: what they ask is done, or the user is gone."""
    call.db.execute("DELETE FROM links WHERE user_key = ?", (user_key,))
