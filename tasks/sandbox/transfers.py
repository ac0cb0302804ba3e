"""People who live in another account at GoTo. Documented: they are asked to move, and may decline; the API's part in
it is assumed (reference section 9.4)."""

import sqlite3
from collections.abc import Iterable

from tasks.sandbox import invitations
from tasks.sandbox.mails import MailKind, send, send_get_started
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Call, GotoRefusal, Problem


def lives_elsewhere(call: Call, address: str) -> bool:
    """Tell whether an address belongs to a user of another account."""
    query = "SELECT 1 FROM other_users WHERE email_folded = ?"
    return call.db.execute(query, (address.casefold(),)).fetchone() is not None


def take(call: Call, addresses: Iterable[str], account_key: str = "1", account_name: str = "Elsewhere") -> None:
    """Let these addresses live in another account from now on, unless they are users here or live in one already."""
    call.db.execute("INSERT OR IGNORE INTO other_accounts VALUES (?, ?)", (account_key, account_name))
    for address in addresses:
        here = call.db.execute("SELECT 1 FROM people WHERE email_folded = ?", (address.casefold(),)).fetchone()
        if here is None:
            call.db.execute("INSERT OR IGNORE INTO other_users VALUES (?, ?)", (address.casefold(), account_key))


def ask(call: Call, user_key: str) -> None:
    """Ask a new user to move here. The mail goes out whatever was suppressed: without it nobody could accept."""
    call.db.execute("UPDATE users SET transfer = 'pending' WHERE key = ?", (user_key,))
    send(call, MailKind.TRANSFER, user_key)


def answer(call: Call, user_key: str, *, accept: bool) -> None:
    """Do what the person does with the mail: accept, and be active here alone; or decline, and hold nothing here.

    Raises a refusal (404, 409) if there is no such user, or nothing was asked of them.
    """
    user = require_user(call, user_key)
    if user["transfer"] != "pending":
        raise GotoRefusal(409, Problem("user.transfer.not.pending", user_key))
    invitations.void(call, user_key)
    if accept:
        call.db.execute("UPDATE users SET transfer = 'accepted', activated = 1 WHERE key = ?", (user_key,))
        call.db.execute("DELETE FROM other_users WHERE email_folded = ?", (user["email_folded"],))
        send_get_started(call, user_key)
        return
    call.db.execute("DELETE FROM grants WHERE user_key = ?", (user_key,))
    call.db.execute(
        "UPDATE users SET transfer = 'declined', admin_roles = '[]', managed_groups = '[]', role_set_id = NULL,"
        " group_key = NULL WHERE key = ?",
        (user_key,),
    )


def require_not_declined(user: sqlite3.Row) -> None:
    """Raise a refusal (409): who declined to move here cannot be given anything. Deleting and creating asks again."""
    if user["transfer"] == "declined":
        raise GotoRefusal(409, Problem("user.transfer.declined", user["key"]))
