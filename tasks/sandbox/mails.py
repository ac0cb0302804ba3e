"""The outbox: what the platform writes to people, and when."""

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from tasks.sandbox import invitations
from tasks.sandbox.mail_texts import MailKind as MailKind
from tasks.sandbox.mail_texts import filled_in, language_of, texts
from tasks.sandbox.product_names import product
from tasks.sandbox.templates import require_template
from tasks.sandbox.wire import Call

STARTING_PRODUCTS = frozenset({"G2M", "G2W", "G2T", "OPENVOICE"})
"""Meeting, Webinar, Training, OpenVoice: the first time one is enabled, nothing can silence the mail (documented)."""

PURPOSES = {MailKind.WELCOME: invitations.PASSWORD, MailKind.TRANSFER: invitations.TRANSFER}


def send(
    call: Call, kind: MailKind, user_key: str, started: Iterable[str] = (), template_key: str | None = None
) -> None:
    """Put one mail to a user in the outbox, in the language of the user, or as the template of that key has it.

    A template that says nothing of the link gets it in a last line, since without it nobody could activate.
    """
    user = call.db.execute("SELECT * FROM people WHERE key = ?", (user_key,)).fetchone()
    link = invitations.make(call, user_key, PURPOSES[kind]) if kind in PURPOSES else None
    locale, text = user["locale"], texts()[language_of(user["locale"])][kind]
    subject, body = text["subject"], text["body"]
    if template_key is not None:
        template = require_template(call, template_key)
        locale, subject, body = template["locale"] or locale, template["subject"], template["text"]
    if link is not None and "{link}" not in body:
        body += "\n{link}"
    facts = _facts(call, user, language_of(locale)) | {"started": ", ".join(map(product, started)), "link": link or ""}
    call.db.execute(
        "INSERT INTO mails (kind, user_key, address, language, sent_at, subject, body, template_key, link)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            kind, user_key, user["email"], locale, call.now.isoformat(timespec="milliseconds"),
            filled_in(subject, facts), filled_in(body, facts), template_key, link,
        ),
    )  # fmt: skip


def _facts(call: Call, user: sqlite3.Row, language: str) -> dict[str, str]:
    nothing = texts()[language]["nothing"]
    roles = [*json.loads(user["admin_roles"]), *([user["role_set_name"]] if user["role_set_name"] else [])]
    return {
        "account": call.db.execute("SELECT name FROM account").fetchone()["name"],
        "name": user["first_name"],
        "products": ", ".join(map(product, products_of(call, user["key"]))) or nothing["products"],
        "roles": ", ".join(roles) or nothing["roles"],
    }


def send_get_started(call: Call, user_key: str) -> None:
    """Send one get-started mail if the user now has products with such a mail that they never had before.

    Who is asked to move here from another account gets it when they accept (assumed).
    """
    if call.db.execute("SELECT transfer FROM users WHERE key = ?", (user_key,)).fetchone()["transfer"] == "pending":
        return
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


def outbox(call: Call, base_url: str = "") -> dict[str, Any]:
    """Return all mails, oldest first, and how many there are of each kind. Their links lead to *base_url*."""
    rows = call.db.execute("SELECT * FROM mails ORDER BY number").fetchall()
    counts = {kind.value: sum(row["kind"] == kind for row in rows) for kind in MailKind}
    return {"total": len(rows), "counts": counts, "mails": [_mail(call, dict(row), base_url) for row in rows]}


def _mail(call: Call, row: dict[str, Any], base_url: str) -> dict[str, Any]:
    link = row["link"] and base_url + row["link"]
    return {
        "number": row["number"],
        "kind": row["kind"],
        "userKey": call.key(row["user_key"]),
        "address": row["address"],
        "language": row["language"],
        "time": row["sent_at"],
        "subject": row["subject"],
        "body": row["body"].replace(row["link"], link) if link else row["body"],
        "templateKey": call.key(row["template_key"]) if row["template_key"] else None,
        "link": link,
    }
