"""What the person for whom a token speaks may do. Reading is open to everybody who has a token (assumed).

Documented: who may create users; that an admin cannot manage super admins and other admins; that only a super admin
gives admin roles; that managers can be limited to groups, and manage everyone if they are not. Which of the single
permissions opens which call is assumed, and so is 403 ``role.insufficient``.
"""

import json
import sqlite3
from collections.abc import Sequence
from enum import Enum

from tasks.sandbox.declared import SUPER_USER
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Call, GotoRefusal, NewUsers, Problem, UserUpdate, placed


class Right(Enum):
    """The subjects of calls, each with the roles that may write there beside the super admin."""

    CREATE = frozenset({"ADD_USERS"})
    USERS = frozenset({"MANAGE_ACCOUNT", "MANAGE_USERS"})
    SEATS = frozenset({"MANAGE_ACCOUNT", "MANAGE_USERS", "MANAGE_SEATS"})
    GROUPS = frozenset({"MANAGE_ACCOUNT", "MANAGE_USERS", "MANAGE_GROUPS"})
    SETTINGS = frozenset({"MANAGE_ACCOUNT", "MANAGE_SETTINGS"})
    ROLES = frozenset[str]()


def require(call: Call, caller_key: str, right: Right) -> None:
    """Raise a refusal (403) unless the caller's roles open such calls."""
    roles = set(json.loads(require_user(call, caller_key)["admin_roles"]))
    if SUPER_USER not in roles and not roles & right.value:
        raise insufficient()


def require_over(call: Call, caller_key: str, right: Right, user_keys: Sequence[str]) -> None:
    """Raise a refusal unless the caller may write so to each of these users (403), and each is there (404).

    Who is no super admin cannot touch other people with an admin role, nor, if limited to groups, people outside.
    """
    require(call, caller_key, right)
    users = [require_user(call, key) for key in user_keys]
    caller = require_user(call, caller_key)
    if _is_super(caller):
        return
    within = _limits(call, caller)
    for user in users:
        is_admin = user["admin_roles"] != "[]" or user["role_set_id"] is not None
        if is_admin and user["key"] != caller_key:
            raise insufficient()
        if within is not None and user["group_key"] not in within:
            raise insufficient()


def require_group(call: Call, caller_key: str, right: Right, group_key: str | None) -> None:
    """Raise a refusal (403) unless the caller may write so to a group; None is outside of all groups."""
    require(call, caller_key, right)
    within = _limits(call, require_user(call, caller_key))
    if within is not None and group_key not in within:
        raise insufficient()


def require_create(call: Call, caller_key: str, body: NewUsers) -> None:
    """Raise a refusal (403) unless the caller may create these users, with these roles, in these groups."""
    for person in body.users:
        require_group(call, caller_key, Right.CREATE, placed(body, person, "group_key", call.switches))
        if placed(body, person, "admin_roles", call.switches):
            require(call, caller_key, Right.ROLES)
    require(call, caller_key, Right.CREATE)


def require_update(call: Call, caller_key: str, user_keys: Sequence[str], body: UserUpdate) -> None:
    """Raise a refusal unless the caller may change these users so (403), and each is there (404)."""
    require_over(call, caller_key, Right.USERS, user_keys)
    for key in user_keys:
        held = json.loads(require_user(call, key)["admin_roles"])
        gives_roles = body.admin_roles is not None and set(body.admin_roles) != set(held)
        if gives_roles or body.managed_group_keys is not None:
            require(call, caller_key, Right.ROLES)
    if body.group_key is not None:
        require_group(call, caller_key, Right.USERS, body.group_key)


def _is_super(user: sqlite3.Row) -> bool:
    return SUPER_USER in json.loads(user["admin_roles"])


def _limits(call: Call, caller: sqlite3.Row) -> set[str] | None:
    """Return the groups that the caller is limited to, their subgroups too (assumed), or None: no limit."""
    managed = json.loads(caller["managed_groups"])
    if _is_super(caller) or not managed or call.switches.managed_groups == "ignored":
        return None
    rows = call.db.execute(
        "WITH RECURSIVE below (key) AS (SELECT value FROM json_each(?)"
        " UNION SELECT groups.key FROM groups JOIN below ON parent_key = below.key) SELECT key FROM below",
        (caller["managed_groups"],),
    )
    return {str(row["key"]) for row in rows}


def insufficient() -> GotoRefusal:
    return GotoRefusal(403, Problem("role.insufficient"))
