"""Put a declared state in the store, as if it had always been there: nobody gets a mail."""

import json

from tasks.sandbox import organisation
from tasks.sandbox.declared import SUPER_USER, DeclaredState, DeclaredUser
from tasks.sandbox.mails import note_started
from tasks.sandbox.store import TABLES, next_key
from tasks.sandbox.wire import Call


def held_account(call: Call) -> str | None:
    """Return the key of the account in the store, or None if the store is new."""
    row = call.db.execute("SELECT key FROM account").fetchone()
    return str(row["key"]) if row else None


def fill(call: Call, state: DeclaredState) -> None:
    """Replace all that is in the store, mails and tokens included, by the declared state."""
    for table in TABLES:
        call.db.execute(f"DELETE FROM {table}")  # noqa: S608 (names of our own)
    for licence in state.licences:
        row = (licence.key, licence.description, json.dumps(licence.products), licence.seats, licence.enabled)
        call.db.execute("INSERT INTO licences VALUES (?, ?, ?, ?, ?)", row)
    for group in state.groups:
        row_of_group = (group.key, group.name, group.name.casefold(), group.parent_key)
        call.db.execute("INSERT INTO groups VALUES (?, ?, ?, ?)", row_of_group)
    declared = {user.key for user in state.users if user.key}
    keys = [user.key or _free_key(call, declared) for user in state.users]
    for key, user in zip(keys, state.users, strict=True):
        _add_user(call, key, user, user.locale or state.account.locale)
    principal = state.credentials.principal or next(
        key for key, user in zip(keys, state.users, strict=True) if SUPER_USER in user.admin_roles
    )
    names, secrets = (state.account.key, state.account.name, state.account.locale), state.credentials
    row_of_account = (*names, secrets.client_id, secrets.client_secret, secrets.pat, principal)
    call.db.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?)", row_of_account)
    if state.organisation is not None:
        organisation.declare(call, state.organisation, principal)


def _free_key(call: Call, declared: set[str]) -> str:
    while (key := next_key(call.db, "user")) in declared:
        pass
    return key


def _add_user(call: Call, key: str, user: DeclaredUser, locale: str) -> None:
    call.db.execute(
        "INSERT INTO users (key, email, email_folded, first_name, last_name, locale, admin_roles, group_key,"
        " activated, email_locked, invited_ms, invite_count) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)",
        (
            key, user.email, user.email.casefold(), user.first_name, user.last_name, locale,
            json.dumps(user.admin_roles), user.group_key, user.activated, user.email_locked, call.now_ms,
        ),
    )  # fmt: skip
    call.db.executemany("INSERT INTO grants VALUES (?, ?)", [(key, licence) for licence in set(user.licence_keys)])
    note_started(call, key)
