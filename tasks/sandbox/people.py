"""Users: change, delete; what they hold, the group they are in, and what they do themselves."""

import json
import sqlite3

from tasks.sandbox import attributes, invitations, licences, transfers, webinars
from tasks.sandbox.creating import create as create
from tasks.sandbox.groups import require_group
from tasks.sandbox.mails import MailKind, send
from tasks.sandbox.user_values import ASSUMED_ROLES as ASSUMED_ROLES
from tasks.sandbox.user_values import CONFIRMED_ROLES as CONFIRMED_ROLES
from tasks.sandbox.user_values import blanked_names, value_problems
from tasks.sandbox.user_views import find_by_address as find_by_address
from tasks.sandbox.user_views import has_locked_address
from tasks.sandbox.user_views import require_user as require_user
from tasks.sandbox.wire import Call, GotoRefusal, Problem, UserUpdate


def update(call: Call, user_key: str, body: UserUpdate, *, suppress_email: bool) -> None:
    """Change the fields that the body has, with the mails that this brings. Raises a refusal, and changes nothing,
    if the user is not there, a value is not valid, the address is taken or locked, or no seat is free."""
    user = require_user(call, user_key)
    if problems := [*blanked_names(body), *value_problems(call, body, body.admin_roles or ())]:
        raise GotoRefusal(400, *problems)
    if body.email is not None:
        _change_address(call, user, body.email)
    if body.group_key is not None:
        join_group(call, body.group_key, user_key)
    call.db.execute(
        "UPDATE users SET first_name = coalesce(?, first_name), last_name = coalesce(?, last_name),"
        " locale = coalesce(?, locale), time_zone = coalesce(?, time_zone) WHERE key = ?",
        (body.first_name, body.last_name, body.locale, body.time_zone, user_key),
    )
    attributes.require_known(call, body.custom_attributes)
    attributes.put(call, user_key, body.custom_attributes)
    silent = suppress_email or body.suppress_email
    if body.admin_roles is not None:
        _set_roles(call, user, body.admin_roles, suppress_email=silent)
    if body.managed_group_keys is not None:
        _limit(call, user_key, body.managed_group_keys)
    if body.licence_keys is not None:
        licences.replace_all(call, user_key, set(body.licence_keys), suppress_email=silent)


def _change_address(call: Call, user: sqlite3.Row, address: str) -> None:
    if address == user["email"]:
        return
    if has_locked_address(call, user):
        raise GotoRefusal(403, Problem("user.email.locked", user["key"]))
    other = find_by_address(call, address)
    is_own = other is not None and other["key"] == user["key"]
    if not is_own and (other is not None or transfers.lives_elsewhere(call, address)):
        raise GotoRefusal(409, Problem("user.name.conflict", address))
    new = (address, address.casefold(), user["key"])
    call.db.execute("UPDATE users SET email = ?, email_folded = ? WHERE key = ?", new)


def _set_roles(call: Call, user: sqlite3.Row, roles: list[str], *, suppress_email: bool) -> None:
    if set(roles) == set(json.loads(user["admin_roles"])):
        return
    if roles:
        transfers.require_not_declined(user)
    else:  # who manages nobody is limited to no groups
        call.db.execute("UPDATE users SET managed_groups = '[]' WHERE key = ?", (user["key"],))
    call.db.execute("UPDATE users SET admin_roles = ? WHERE key = ?", (json.dumps(roles), user["key"]))
    if not suppress_email:
        send(call, MailKind.ROLE_CHANGE, user["key"])


def _limit(call: Call, user_key: str, group_keys: list[str]) -> None:
    """Limit a manager to groups; none is no limit (documented). Of a user without a role there is nothing to limit."""
    for key in group_keys:
        require_group(call, key)
    if call.switches.managed_groups == "honoured" and require_user(call, user_key)["admin_roles"] != "[]":
        limits = json.dumps(list(dict.fromkeys(group_keys)))
        call.db.execute("UPDATE users SET managed_groups = ? WHERE key = ?", (limits, user_key))


def delete(call: Call, user_key: str) -> None:
    """Delete a user: seats and group are free again, the address too. Creating it again revives the user.

    Scheduled webinars without another organiser of the account are lost until then.
    """
    require_user(call, user_key)
    webinars.hand_over(call, user_key)
    invitations.void(call, user_key)
    call.db.execute("DELETE FROM grants WHERE user_key = ?", (user_key,))
    call.db.execute(
        "UPDATE users SET deleted_ms = ?, admin_roles = '[]', managed_groups = '[]', role_set_id = NULL,"
        " group_key = NULL, activated = 0, inactive = 0, transfer = NULL WHERE key = ?",
        (call.now_ms, user_key),
    )


def change_licence(call: Call, licence_key: str, user_key: str, *, hold: bool, suppress_email: bool) -> None:
    """Assign one licence to a user, or take it away. A user who already is so is left alone: no seat, no mail.

    Raises a refusal if user or licence are not there, or no seat is free.
    """
    require_user(call, user_key)
    licences.require_licence(call, licence_key)
    held = licences.held_by(call, user_key)
    wanted = held | {licence_key} if hold else held - {licence_key}
    licences.replace_all(call, user_key, wanted, suppress_email=suppress_email)


def join_group(call: Call, group_key: str, user_key: str) -> None:
    """Put a user in a group. A user is in one group at most, so this takes them out of the other."""
    require_group(call, group_key)
    require_user(call, user_key)
    call.db.execute("UPDATE users SET group_key = ? WHERE key = ?", (group_key, user_key))


def leave_groups(call: Call, user_key: str) -> None:
    """Take a user out of all groups, which is the only removal that there is."""
    require_user(call, user_key)
    call.db.execute("UPDATE users SET group_key = NULL WHERE key = ?", (user_key,))


def activate(call: Call, user_key: str) -> None:
    """Do what the person does with the welcome mail, choose a password; who had been away for long is back."""
    if require_user(call, user_key)["transfer"] == "pending":
        raise GotoRefusal(409, Problem("user.transfer.pending", user_key))
    invitations.void(call, user_key)
    call.db.execute("UPDATE users SET activated = 1, inactive = 0 WHERE key = ?", (user_key,))


def fall_inactive(call: Call, user_key: str) -> None:
    """Let a user not sign in for so long that they count as inactive. Raises a refusal if they never were active."""
    if not require_user(call, user_key)["activated"]:
        raise GotoRefusal(409, Problem("user.never.active", user_key))
    call.db.execute("UPDATE users SET inactive = 1 WHERE key = ?", (user_key,))
