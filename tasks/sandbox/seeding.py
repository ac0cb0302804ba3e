"""Put a declared state in the store, as if it had always been there: nobody gets a mail."""

import json

from tasks.sandbox import organisation, webinars
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
    _add_extras(call, state)
    declared = {user.key for user in state.users if user.key}
    keys = [user.key or _free_key(call, declared) for user in state.users]
    for key, user in zip(keys, state.users, strict=True):
        _add_user(call, key, user, user.locale or state.account.locale)
    principal = state.credentials.principal or next(
        key for key, user in zip(keys, state.users, strict=True) if SUPER_USER in user.admin_roles
    )
    names, secrets = (state.account.key, state.account.name, state.account.locale), state.credentials
    scope = " ".join(state.oauth.scope.split()) if state.oauth else None
    row_of_account = (*names, secrets.client_id, secrets.client_secret, secrets.pat, principal, scope)
    call.db.execute("INSERT INTO account VALUES (?, ?, ?, ?, ?, ?, ?, ?)", row_of_account)
    for webinar in state.webinars:
        webinars.declare(call, webinar)
    if state.organisation is not None:
        organisation.declare(call, state.organisation, principal)
    call.db.execute("DELETE FROM events")  # what is declared was always so


def _add_extras(call: Call, state: DeclaredState) -> None:
    """Add what users may refer to, beside licences and groups, and who lives elsewhere."""
    for role_set in state.role_sets:
        call.db.execute("INSERT INTO role_sets VALUES (?, ?)", (role_set.id, role_set.name))
    for template in state.templates:
        row = (template.key, template.title, template.subject, template.text, template.locale)
        call.db.execute("INSERT INTO templates VALUES (?, ?, ?, ?, ?)", row)
    for settings in state.settings_templates:
        call.db.execute("INSERT INTO settings_templates VALUES (?, ?)", (settings.key, settings.name))
    for attribute in state.attributes:
        row_of_attribute = (attribute.key, attribute.name, attribute.name.casefold())
        call.db.execute("INSERT INTO attributes VALUES (?, ?, ?)", row_of_attribute)
    for other in state.other_accounts:
        call.db.execute("INSERT INTO other_accounts VALUES (?, ?)", (other.key, other.name))
        rows = [(email.casefold(), other.key) for email in other.users]
        call.db.executemany("INSERT INTO other_users VALUES (?, ?)", rows)


def _free_key(call: Call, declared: set[str]) -> str:
    while (key := next_key(call.db, "user")) in declared:
        pass
    return key


def _add_user(call: Call, key: str, user: DeclaredUser, locale: str) -> None:
    call.db.execute(
        "INSERT INTO users (key, email, email_folded, first_name, last_name, locale, admin_roles, group_key,"
        " activated, email_locked, invited_ms, invite_count, role_set_id, settings_template_key, managed_groups,"
        " custom_attributes, inactive, transfer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?)",
        (
            key, user.email, user.email.casefold(), user.first_name, user.last_name, locale,
            json.dumps(user.admin_roles), user.group_key, user.activated, user.email_locked, call.now_ms,
            user.role_set, user.settings_template, json.dumps(user.managed_groups),
            json.dumps(user.custom_attributes), user.inactive, "pending" if user.pending_transfer else None,
        ),
    )  # fmt: skip
    call.db.executemany("INSERT INTO grants VALUES (?, ?)", [(key, licence) for licence in set(user.licence_keys)])
    note_started(call, key)
