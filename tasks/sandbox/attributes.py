"""Custom attributes: their names in the account, their values at users. That both go together is assumed."""

import json
from collections.abc import Mapping
from typing import Any

from tasks.sandbox.store import next_key
from tasks.sandbox.wire import Call, GotoRefusal, Page, Problem


def list_attributes(call: Call, page: Page) -> dict[str, Any]:
    """Return one page of attributes, oldest first. All are text."""
    rows = call.db.execute("SELECT * FROM attributes ORDER BY rowid").fetchall()
    part = rows[page.offset : page.offset + page.size]
    shown = [{"key": call.key(row["key"]), "name": row["name"], "type": "text"} for row in part]
    return page.envelope(shown, len(rows), call.switches)


def create(call: Call, name: str | None) -> str:
    """Make an attribute and return its key. Raises a refusal if the name is blank (400) or taken (409)."""
    trimmed = (name or "").strip()
    if not trimmed:
        raise GotoRefusal(400, Problem("attribute.name.required"))
    if call.db.execute("SELECT 1 FROM attributes WHERE name_folded = ?", (trimmed.casefold(),)).fetchone():
        raise GotoRefusal(409, Problem("attribute.name.conflict", trimmed))
    key = next_key(call.db, "attribute")
    call.db.execute("INSERT INTO attributes VALUES (?, ?, ?)", (key, trimmed, trimmed.casefold()))
    return key


def require_known(call: Call, values: Mapping[str, str | None] | None) -> None:
    """Raise a refusal (404) if there is a name that the account does not have."""
    names = {row["name"] for row in call.db.execute("SELECT name FROM attributes")}
    if unknown := sorted(set(values or ()) - names):
        raise GotoRefusal(404, *(Problem("attribute.not.found", name) for name in unknown))


def put(call: Call, user_key: str, values: Mapping[str, str | None] | None) -> None:
    """Set these attributes of a user; null takes one away, those not named stay."""
    if not values:
        return
    held = call.db.execute("SELECT custom_attributes FROM users WHERE key = ?", (user_key,)).fetchone()[0]
    after = {name: value for name, value in {**json.loads(held), **values}.items() if value is not None}
    call.db.execute("UPDATE users SET custom_attributes = ? WHERE key = ?", (json.dumps(after), user_key))
