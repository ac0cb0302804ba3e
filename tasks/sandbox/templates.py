"""Templates: of the welcome mail, which the API lists and makes, and of settings, which are only declared."""

import sqlite3
from typing import Any

from tasks.sandbox.store import next_key
from tasks.sandbox.user_values import locale_problems
from tasks.sandbox.wire import Call, GotoRefusal, NewTemplate, Page, Problem


def list_templates(call: Call, page: Page) -> dict[str, Any]:
    """Return one page of mail templates, oldest first. ``locale`` is missing where the person's is taken (assumed)."""
    rows = call.db.execute("SELECT * FROM templates ORDER BY rowid").fetchall()
    part = rows[page.offset : page.offset + page.size]
    return page.envelope([_rendered(call, row) for row in part], len(rows), call.switches)


def _rendered(call: Call, template: sqlite3.Row) -> dict[str, Any]:
    shown = {"key": call.key(template["key"])} | {name: template[name] for name in ("title", "subject", "text")}
    return shown | {"locale": template["locale"]} if template["locale"] else shown


def create(call: Call, body: NewTemplate) -> str:
    """Make a mail template and return its key. Raises a refusal (400) if a part is blank or the locale not valid."""
    blank = [name for name in ("title", "subject", "text") if not (getattr(body, name) or "").strip()]
    if blank:
        raise GotoRefusal(400, *(Problem(f"template.{name}.required") for name in blank))
    if problems := list(locale_problems(call, body.locale, "template.locale.invalid")):
        raise GotoRefusal(400, *problems)
    key = next_key(call.db, "template")
    row = (key, body.title, body.subject, body.text, body.locale)
    call.db.execute("INSERT INTO templates VALUES (?, ?, ?, ?, ?)", row)
    return key


def require_template(call: Call, key: str) -> sqlite3.Row:
    """Return a mail template. Raises a refusal (404) if there is no such one."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM templates WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise GotoRefusal(404, Problem("template.not.found", key))
    return row


def require_settings_template(call: Call, key: str) -> None:
    """Raise a refusal (404) if there is no such settings template."""
    if call.db.execute("SELECT 1 FROM settings_templates WHERE key = ?", (key,)).fetchone() is None:
        raise GotoRefusal(404, Problem("settings.template.not.found", key))
