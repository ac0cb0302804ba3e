"""Users: create, revive, read, update, delete; what they hold and the group they are in."""

import json
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.sandbox import licences
from tasks.sandbox.declared import ADDRESS, LOCALE, SUPER_USER
from tasks.sandbox.filters import Condition
from tasks.sandbox.groups import require_group
from tasks.sandbox.mails import MailKind, products_of, send, send_get_started
from tasks.sandbox.store import next_key
from tasks.sandbox.wire import Basis, Call, GotoRefusal, NewUser, NewUsers, Page, Problem, UserUpdate

CONFIRMED_ROLES = (SUPER_USER, "ADD_USERS", "MANAGE_ACCOUNT", "MANAGE_USERS")
ASSUMED_ROLES = ("MANAGE_SEATS", "MANAGE_GROUPS", "MANAGE_SETTINGS", "RUN_REPORTS")
MAY_CREATE = frozenset({SUPER_USER, "ADD_USERS"})
LOCALES = ("en_US", "de_DE", "fr_FR", "it_IT", "es_ES", "pt_BR", "nl_NL", "zh_CN", "ja_JP")
LONGEST = {"email": 128, "first_name": 32, "last_name": 32}
WIRE_NAMES = {"email": "email", "first_name": "firstname", "last_name": "lastname"}
"""How codes name the fields (assumed, in the style of those observed)."""


@dataclass(frozen=True)
class Wanted:
    """What one user of a create shall have, after what stands beside ``users`` was filled in."""

    licences: frozenset[str]
    roles: tuple[str, ...]
    group_key: str | None


def create(
    call: Call, body: NewUsers, caller_key: str, *, all_or_nothing: bool, as_directory: bool = False
) -> list[dict[str, Any]]:
    """Create users and return ``{"email", "key"}`` for each, without ``key`` where the address is taken.

    A deleted user of the same address comes back under their old key. Raises a refusal, and makes nobody, if the
    caller may not create, a user is not valid, no seat is free, or (all or nothing) one address is taken.
    """
    if not as_directory:  # the organisation makes logins without a product, and asks for other rights
        _require_right_to_create(call, caller_key)
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


def _require_right_to_create(call: Call, caller_key: str) -> None:
    if not MAY_CREATE & set(json.loads(require_user(call, caller_key)["admin_roles"])):
        raise GotoRefusal(403, Problem("role.insufficient"))


def _require_valid(call: Call, body: NewUsers) -> None:
    if not body.users:
        raise GotoRefusal(400, Problem("users.required"))
    if len(body.users) > call.switches.max_users_per_create:
        raise GotoRefusal(400, Problem("users.limit.exceeded", str(call.switches.max_users_per_create)))
    problems = [problem for person in body.users for problem in _problems_of_new(call, body, person)]
    if problems:
        raise GotoRefusal(400, *problems)
    for person in body.users:
        wanted = _wanted(body, person)
        for licence_key in sorted(wanted.licences):
            licences.require_licence(call, licence_key)
        if wanted.group_key is not None:
            require_group(call, wanted.group_key)


def _wanted(body: NewUsers, person: NewUser) -> Wanted:
    held = body.licence_keys if person.licence_keys is None else person.licence_keys
    roles = body.admin_roles if person.admin_roles is None else person.admin_roles
    return Wanted(frozenset(held or ()), tuple(roles or ()), person.group_key or body.group_key)


def _problems_of_new(call: Call, body: NewUsers, person: NewUser) -> Iterator[Problem]:
    for name, word in WIRE_NAMES.items():
        if not (getattr(person, name) or "").strip():
            yield Problem(f"user.{word}.required", person.email)
    wanted = _wanted(body, person)
    if call.switches.require_licence_or_role and not (wanted.licences or wanted.roles):
        yield Problem("user.license.or.role.required", person.email)
    yield from _problems_of_values(call, person, wanted.roles)


def _problems_of_values(call: Call, person: NewUser | UserUpdate, roles: tuple[str, ...]) -> Iterator[Problem]:
    for name, longest in LONGEST.items():
        if len(getattr(person, name) or "") > longest:
            yield Problem(f"user.{WIRE_NAMES[name]}.too.long", str(longest))
    if person.email and not re.fullmatch(ADDRESS, person.email):
        yield Problem("user.email.invalid", person.email)
    strict = call.switches.strict_locales
    if person.locale and (person.locale not in LOCALES if strict else not re.fullmatch(LOCALE, person.locale)):
        yield Problem("user.locale.invalid", person.locale)
    if call.switches.known_roles_only:
        for role in sorted(set(roles) - {*CONFIRMED_ROLES, *ASSUMED_ROLES}):
            yield Problem("role.not.found", role)


def _taken(call: Call, addresses: list[str]) -> list[bool]:
    """Tell for each address whether a user has it, or one that stands before it in the same call."""
    seen: set[str] = set()
    answers = []
    for address in addresses:
        answers.append(address.casefold() in seen or find_by_address(call, address) is not None)
        seen.add(address.casefold())
    return answers


def find_by_address(call: Call, address: str) -> sqlite3.Row | None:
    row: sqlite3.Row | None = call.db.execute(
        "SELECT * FROM people WHERE email_folded = ?", (address.casefold(),)
    ).fetchone()
    return row


def _create(call: Call, body: NewUsers, person: NewUser) -> str:
    wanted = _wanted(body, person)
    key = _deleted_key(call, str(person.email)) or _blank(call)
    _fill(call, key, person, wanted, invited=not body.suppress_email)
    licences.put(call, key, set(wanted.licences))
    if not body.suppress_email:
        send(call, MailKind.WELCOME, key)
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
        " admin_roles = ?, group_key = ?, activated = 0, invited_ms = ?, invite_count = invite_count + ?,"
        " deleted_ms = NULL WHERE key = ?",
        (
            email, email.casefold(), person.first_name, person.last_name, person.locale or language, person.time_zone,
            json.dumps(wanted.roles), wanted.group_key, call.now_ms, int(invited), key,
        ),
    )  # fmt: skip


def list_users(call: Call, condition: Condition, page: Page, attributes: list[str] | None) -> dict[str, Any]:
    """Return one page of the users who meet the condition, oldest first, with all or only these attributes."""
    where = f"FROM people WHERE {condition.sql}"  # the condition is of fixed parts; its values are bound
    total = call.db.execute(f"SELECT count(*) {where}", condition.values).fetchone()[0]
    part = f"SELECT * {where} ORDER BY number LIMIT {page.size} OFFSET {page.offset}"
    users = [rendered(call, row) for row in call.db.execute(part, condition.values).fetchall()]
    if attributes is not None:
        users = [{name: value for name, value in user.items() if name in attributes} for user in users]
    return page.envelope(users, total, call.switches)


def require_user(call: Call, user_key: str) -> sqlite3.Row:
    """Return a user as the view ``people`` has them. Raises a refusal (404) if there is no such one, or no more."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM people WHERE key = ?", (user_key,)).fetchone()
    if row is None:
        raise GotoRefusal(404, Problem("user.not.found", user_key))
    return row


def rendered(call: Call, user: sqlite3.Row) -> dict[str, Any]:
    """Return a user as the wire has them. The group and the time zone are missing where there is none."""
    roles = json.loads(user["admin_roles"])
    shown = {
        "key": call.key(user["key"]),
        "email": user["email"],
        "firstName": user["first_name"],
        "lastName": user["last_name"],
        "locale": user["locale"],
        "licenseKeys": call.keys(sorted(filter(None, (user["licence_keys"] or "").split(",")))),
        "products": products_of(call, user["key"]),
        "adminRoles": roles,
        "admin": bool(roles),
        "status": user["status"],
        "passwordCreated": bool(user["activated"]),
        "canAuthenticate": bool(user["activated"]),
        "invitedDate": user["invited_ms"],
        "inviteCount": user["invite_count"],
        "nameLocked": False,
        "emailLocked": bool(user["email_locked"]),
        "identityReadOnly": False,
    }
    if user["time_zone"]:
        shown["timeZone"] = user["time_zone"]
    if user["group_key"]:
        shown |= {"groupKey": call.key(user["group_key"]), "groupName": user["group_name"]}
    return shown


def update(call: Call, user_key: str, body: UserUpdate, *, suppress_email: bool) -> None:
    """Change the fields that the body has, with the mails that this brings. Raises a refusal, and changes nothing,
    if the user is not there, a value is not valid, the address is taken or locked, or no seat is free."""
    user = require_user(call, user_key)
    if problems := [*_blanked(body), *_problems_of_values(call, body, tuple(body.admin_roles or ()))]:
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
    silent = suppress_email or body.suppress_email
    if body.admin_roles is not None:
        _set_roles(call, user, body.admin_roles, suppress_email=silent)
    if body.licence_keys is not None:
        licences.replace_all(call, user_key, set(body.licence_keys), suppress_email=silent)


def _blanked(body: UserUpdate) -> Iterator[Problem]:
    for name, word in WIRE_NAMES.items():
        value = getattr(body, name)
        if value is not None and not value.strip():
            yield Problem(f"user.{word}.required")


def _change_address(call: Call, user: sqlite3.Row, address: str) -> None:
    if address == user["email"]:
        return
    if user["email_locked"]:
        raise GotoRefusal(403, Problem("user.email.locked", user["key"]))
    other = find_by_address(call, address)
    if other is not None and other["key"] != user["key"]:
        raise GotoRefusal(409, Problem("user.name.conflict", address))
    new = (address, address.casefold(), user["key"])
    call.db.execute("UPDATE users SET email = ?, email_folded = ? WHERE key = ?", new)


def _set_roles(call: Call, user: sqlite3.Row, roles: list[str], *, suppress_email: bool) -> None:
    if set(roles) == set(json.loads(user["admin_roles"])):
        return
    call.db.execute("UPDATE users SET admin_roles = ? WHERE key = ?", (json.dumps(roles), user["key"]))
    if not suppress_email:
        send(call, MailKind.ROLE_CHANGE, user["key"])


def delete(call: Call, user_key: str) -> None:
    """Delete a user: seats and group are free again, the address too. Creating it again revives the user."""
    require_user(call, user_key)
    call.db.execute("DELETE FROM grants WHERE user_key = ?", (user_key,))
    call.db.execute(
        "UPDATE users SET deleted_ms = ?, admin_roles = '[]', group_key = NULL, activated = 0 WHERE key = ?",
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
    """Do what the person does with the welcome mail: choose a password."""
    require_user(call, user_key)
    call.db.execute("UPDATE users SET activated = 1 WHERE key = ?", (user_key,))
