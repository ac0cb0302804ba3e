"""Custom roles, called role sets: a user has one at most. Observed: the calls; assumed: that one replaces another."""

from collections.abc import Sequence
from typing import Any

from tasks.sandbox import transfers
from tasks.sandbox.mails import MailKind, send
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Call, GotoRefusal, Page, Problem


def list_role_sets(call: Call, page: Page) -> dict[str, Any]:
    """Return one page of custom roles, as they were declared."""
    rows = call.db.execute("SELECT * FROM role_sets ORDER BY rowid").fetchall()
    part = rows[page.offset : page.offset + page.size]
    shown = [{"id": call.key(row["id"]), "name": row["name"]} for row in part]
    return page.envelope(shown, len(rows), call.switches)


def give(call: Call, role_set_id: str | None, user_keys: Sequence[str], *, suppress_email: bool) -> None:
    """Give these users a custom role, or take theirs away (None). Who is so already gets no mail.

    Raises a refusal if there is no such role (404), or somebody declined to move to this account (409).
    """
    if role_set_id is not None:
        _require(call, role_set_id)
    for key in user_keys:
        user = require_user(call, key)
        if user["role_set_id"] == role_set_id:
            continue
        if role_set_id is not None:
            transfers.require_not_declined(user)
        call.db.execute("UPDATE users SET role_set_id = ? WHERE key = ?", (role_set_id, key))
        if not suppress_email:
            send(call, MailKind.ROLE_CHANGE, key)


def _require(call: Call, role_set_id: str) -> None:
    if call.db.execute("SELECT 1 FROM role_sets WHERE id = ?", (role_set_id,)).fetchone() is None:
        raise GotoRefusal(404, Problem("roleset.not.found", role_set_id))
