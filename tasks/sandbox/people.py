"""Users: create, revive, update, delete; what they hold and the group they are in."""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.sandbox import attributes, invitations, licences, rights, transfers, webinars
from tasks.sandbox.groups import require_group
from tasks.sandbox.mails import MailKind, send, send_get_started
from tasks.sandbox.store import next_key
from tasks.sandbox.templates import require_settings_template, require_template
from tasks.sandbox.user_values import ASSUMED_ROLES as ASSUMED_ROLES
from tasks.sandbox.user_values import CONFIRMED_ROLES as CONFIRMED_ROLES
from tasks.sandbox.user_values import blanked_names, missing_names, value_problems
from tasks.sandbox.user_views import find_by_address as find_by_address
from tasks.sandbox.user_views import has_locked_address
from tasks.sandbox.user_views import require_user as require_user
from tasks.sandbox.wire import Basis, Call, GotoRefusal, NewUser, NewUsers, Problem, UserUpdate, placed


@dataclass(frozen=True)
class Wanted:
    """What one user of a create shall have, read from where the switches let it stand."""

    licences: frozenset[str]
    roles: tuple[str, ...]
    managed_groups: tuple[str, ...]
    group_key: str | None
    template_key: str | None
    settings_template_key: str | None

    @classmethod
    def of(cls, call: Call, body: NewUsers, person: NewUser) -> "Wanted":
        def given(name: str) -> Any:
            return placed(body, person, name, call.switches)

        roles, managed = tuple(given("admin_roles") or ()), tuple(given("managed_group_keys") or ())
        return cls(
            frozenset(given("licence_keys") or ()),
            roles,
            managed if roles and call.switches.managed_groups == "honoured" else (),
            given("group_key"),
            given("template_key"),
            given("settings_template_key"),
        )


def create(
    call: Call, body: NewUsers, caller_key: str, *, all_or_nothing: bool, as_directory: bool = False
) -> list[dict[str, Any]]:
    """Create users and return ``{"email", "key"}`` for each, without ``key`` where the address is taken.

    A deleted user of the same address comes back under their old key; one who lives in another account is asked to
    move (or, by switch, is a conflict). Raises a refusal, and makes nobody, if the caller may not create, a user is
    not valid, no seat is free, or (all or nothing) one address is taken.
    """
    if not as_directory:  # the organisation makes logins without a product, and asks for other rights
        rights.require_create(call, caller_key, body)
        _require_valid(call, body)
    taken = _taken(call, [str(person.email) for person in body.users])
    if all_or_nothing and any(taken):
        conflicts = [person.email for person, is_taken in zip(body.users, taken, strict=True) if is_taken]
        refusals = (Problem("user.name.conflict", email) for email in conflicts)
        raise GotoRefusal(409, *refusals, basis=Basis.DOCUMENTED)
    return [
        {"email": person.email} if is_taken else {"email": person.email, "key": call.key(_create(call, body, person))}
        for person, is_taken in zip(body.users, taken, strict=True)
    ]


def _require_valid(call: Call, body: NewUsers) -> None:
    if not body.users:
        raise GotoRefusal(400, Problem("users.required"))
    if len(body.users) > call.switches.max_users_per_create:
        raise GotoRefusal(400, Problem("users.limit.exceeded", str(call.switches.max_users_per_create)))
    problems = [problem for person in body.users for problem in _problems_of_new(call, body, person)]
    if problems:
        raise GotoRefusal(400, *problems)
    for person in body.users:
        _require_there(call, Wanted.of(call, body, person))
        attributes.require_known(call, person.custom_attributes)


def _require_there(call: Call, wanted: Wanted) -> None:
    for licence_key in sorted(wanted.licences):
        licences.require_licence(call, licence_key)
    for group_key in ([wanted.group_key] if wanted.group_key else []) + list(wanted.managed_groups):
        require_group(call, group_key)
    if wanted.template_key is not None:
        require_template(call, wanted.template_key)
    if wanted.settings_template_key is not None:
        require_settings_template(call, wanted.settings_template_key)


def _problems_of_new(call: Call, body: NewUsers, person: NewUser) -> Iterator[Problem]:
    yield from missing_names(person)
    wanted = Wanted.of(call, body, person)
    if call.switches.require_licence_or_role and not (wanted.licences or wanted.roles):
        yield Problem("user.license.or.role.required", person.email)
    yield from value_problems(call, person, wanted.roles)


def _taken(call: Call, addresses: list[str]) -> list[bool]:
    """Tell for each address whether a user has it, or one that stands before it in the same call."""
    seen: set[str] = set()
    answers = []
    for address in addresses:
        elsewhere = call.switches.other_account == "conflict" and transfers.lives_elsewhere(call, address)
        answers.append(elsewhere or address.casefold() in seen or find_by_address(call, address) is not None)
        seen.add(address.casefold())
    return answers


def _create(call: Call, body: NewUsers, person: NewUser) -> str:
    wanted = Wanted.of(call, body, person)
    key = _deleted_key(call, str(person.email)) or _blank(call)
    moves = transfers.lives_elsewhere(call, str(person.email))
    _fill(call, key, person, wanted, invited=moves or not body.suppress_email)
    attributes.put(call, key, person.custom_attributes)
    licences.put(call, key, set(wanted.licences))
    if moves:
        transfers.ask(call, key)
    elif not body.suppress_email:
        send(call, MailKind.WELCOME, key, template_key=wanted.template_key)
    send_get_started(call, key)
    return key


def _deleted_key(call: Call, address: str) -> str | None:
    row = call.db.execute(
        "SELECT key FROM users WHERE email_folded = ? AND deleted_ms IS NOT NULL ORDER BY deleted_ms DESC LIMIT 1",
        (address.casefold(),),
    ).fetchone()
    return str(row["key"]) if row else None


def _blank(call: Call) -> str:
    """Insert a user of nothing but a key; as deleted, so that it has no address to guard until it is filled."""
    key = next_key(call.db, "user")
    call.db.execute(
        "INSERT INTO users (key, email, email_folded, first_name, last_name, locale, admin_roles, activated,"
        " email_locked, invited_ms, invite_count, deleted_ms) VALUES (?, '', '', '', '', '', '[]', 0, 0, 0, 0, 0)",
        (key,),
    )
    return key


def _fill(call: Call, key: str, person: NewUser, wanted: Wanted, *, invited: bool) -> None:
    language = call.db.execute("SELECT locale FROM account").fetchone()["locale"]
    email = str(person.email)
    call.db.execute(
        "UPDATE users SET email = ?, email_folded = ?, first_name = ?, last_name = ?, locale = ?, time_zone = ?,"
        " admin_roles = ?, managed_groups = ?, group_key = ?, settings_template_key = ?, activated = 0,"
        " invited_ms = ?, invite_count = invite_count + ?, deleted_ms = NULL WHERE key = ?",
        (
            email, email.casefold(), person.first_name, person.last_name, person.locale or language, person.time_zone,
            json.dumps(wanted.roles), json.dumps(wanted.managed_groups), wanted.group_key,
            wanted.settings_template_key, call.now_ms, int(invited), key,
        ),
    )  # fmt: skip


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
