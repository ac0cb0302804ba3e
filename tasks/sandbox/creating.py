"""New users: what a create asks for, who of them may be made, and the old ones who come back by it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tasks.sandbox import attributes, licences, rights, transfers
from tasks.sandbox.groups import require_group
from tasks.sandbox.mails import MailKind, send, send_get_started
from tasks.sandbox.store import next_key
from tasks.sandbox.templates import require_settings_template, require_template
from tasks.sandbox.user_values import missing_names, value_problems
from tasks.sandbox.user_views import find_by_address
from tasks.sandbox.wire import Basis, Call, GotoRefusal, NewUser, NewUsers, Problem, placed


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
