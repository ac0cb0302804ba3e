"""Users as they are read: one, many, and in the form of the wire."""

import json
import sqlite3
from collections.abc import Sequence
from typing import Any

from tasks.sandbox.filters import Condition
from tasks.sandbox.mails import products_of
from tasks.sandbox.wire import Call, GotoRefusal, Page, Problem

OTHER_WORDS = {"INVITED": "PENDING", "ACTIVE": "ENABLED", "INACTIVE": "DORMANT"}
"""What the statuses that are assumed could be called as well."""


def status_words(call: Call) -> dict[str, str]:
    """Return the words for the statuses, by those of the store, where they differ by switch."""
    return OTHER_WORDS if call.switches.status_words == "other" else {}


def list_users(
    call: Call, condition: Condition, page: Page, attributes: list[str] | None, order: str = "number"
) -> dict[str, Any]:
    """Return one page of the users who meet the condition, oldest first, with all or only these attributes."""
    where = f"FROM people WHERE {condition.sql}"  # the condition is of fixed parts; its values are bound
    total = call.db.execute(f"SELECT count(*) {where}", condition.values).fetchone()[0]
    part = f"SELECT * {where} ORDER BY {order} LIMIT {page.size} OFFSET {page.offset}"
    users = [rendered(call, row) for row in call.db.execute(part, condition.values).fetchall()]
    if attributes is not None:
        users = [{name: value for name, value in user.items() if name in attributes} for user in users]
    return page.envelope(users, total, call.switches)


def several(call: Call, user_keys: Sequence[str]) -> dict[str, Any]:
    """Return these users as a list of one page. Raises a refusal (404) if one is not there."""
    users = [rendered(call, require_user(call, key)) for key in user_keys]
    return Page(0, len(users)).envelope(users, len(users), call.switches)


def keys_of(call: Call, condition: Condition) -> list[str]:
    """Return the keys of the users who meet the condition, oldest first."""
    query = f"SELECT key FROM people WHERE {condition.sql} ORDER BY number"  # noqa: S608 (of fixed parts)
    return [str(row["key"]) for row in call.db.execute(query, condition.values)]


def require_user(call: Call, user_key: str) -> sqlite3.Row:
    """Return a user as the view ``people`` has them. Raises a refusal (404) if there is no such one, or no more."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM people WHERE key = ?", (user_key,)).fetchone()
    if row is None:
        raise GotoRefusal(404, Problem("user.not.found", user_key))
    return row


def find_by_address(call: Call, address: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = call.db.execute(
        "SELECT * FROM people WHERE email_folded = ?", (address.casefold(),)
    ).fetchone()
    return row


def has_locked_address(call: Call, user: sqlite3.Row) -> bool:
    """Tell whether a user's address is locked: declared so, or, by switch, that of a member of the organisation."""
    if user["email_locked"] or not call.switches.organisation_locks_email:
        return bool(user["email_locked"])
    return call.db.execute("SELECT 1 FROM directory_users WHERE key = ?", (user["key"],)).fetchone() is not None


def rendered(call: Call, user: sqlite3.Row) -> dict[str, Any]:
    """Return a user as the wire has them. What there may be none of is missing where there is none."""
    roles, is_pending = json.loads(user["admin_roles"]), user["transfer"] == "pending"
    shown = {
        "key": call.key(user["key"]),
        "email": user["email"],
        "firstName": user["first_name"],
        "lastName": user["last_name"],
        "locale": user["locale"],
        "licenseKeys": call.keys(sorted(filter(None, (user["licence_keys"] or "").split(",")))),
        "products": products_of(call, user["key"]),
        "adminRoles": roles,
        "admin": bool(roles or user["role_set_id"]),
        "status": status_words(call).get(user["status"], user["status"]),
        "passwordCreated": bool(user["activated"]),
        "canAuthenticate": bool(user["activated"]) and not is_pending,
        "invitedDate": user["invited_ms"],
        "inviteCount": user["invite_count"],
        "nameLocked": False,
        "emailLocked": has_locked_address(call, user),
        "identityReadOnly": False,
    }
    return shown | _perhaps(call, user)


def _perhaps(call: Call, user: sqlite3.Row) -> dict[str, Any]:
    """Return what a user may have or not. The names of the last four are assumed."""
    shown: dict[str, Any] = {}
    if user["time_zone"]:
        shown["timeZone"] = user["time_zone"]
    if user["group_key"]:
        shown |= {"groupKey": call.key(user["group_key"]), "groupName": user["group_name"]}
    if user["role_set_id"]:
        shown["roleSets"] = call.key(user["role_set_id"])
    if call.switches.managed_groups == "honoured" and (managed := json.loads(user["managed_groups"])):
        shown["managedGroupKeys"] = call.keys(managed)
    if attributes := json.loads(user["custom_attributes"]):
        shown["customAttributes"] = attributes
    if user["transfer"]:
        shown["pendingTransfer"] = user["transfer"] == "pending"
    if user["transfer"] == "declined":
        shown["transferDeclined"] = True
    return shown


def described(call: Call, user_key: str) -> dict[str, Any]:
    """Return a user with what the Admin API does not show: for control calls and the Admin Center's page."""
    user = require_user(call, user_key)
    key = user["settings_template_key"]
    template = call.db.execute("SELECT name FROM settings_templates WHERE key = ?", (key,)).fetchone()
    return rendered(call, user) | {
        "roleSetName": user["role_set_name"],
        "settingsTemplateKey": call.key(key) if key else None,
        "settingsTemplateName": template["name"] if template else None,
    }
