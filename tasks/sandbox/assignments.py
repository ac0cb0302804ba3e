"""What User Sync gives one user and takes from them, by the same rules and with the same mails as the Admin API.

The ledger, ``sync_given``, holds what rules gave; what somebody had before, or got by hand, is not in it and stays.
"""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass

from tasks.sandbox import licences, people, role_sets
from tasks.sandbox.mail_texts import MailKind
from tasks.sandbox.mails import send
from tasks.sandbox.sync_rules import Wanted, code_of, edition_of
from tasks.sandbox.transfers import lives_elsewhere
from tasks.sandbox.user_views import require_user
from tasks.sandbox.wire import Call, UserUpdate


@dataclass(frozen=True)
class Failure:
    """What somebody did not get: the cause, and the product or the refusal."""

    cause: str
    wanted: str


@dataclass(frozen=True)
class Holding:
    """Licences, roles and the user group: those that somebody has, or those of them that rules gave."""

    licences: frozenset[str] = frozenset()
    roles: tuple[str, ...] = ()
    group: str | None = None


@dataclass(frozen=True)
class Target:
    """What one user is to have, what of it is given by rules, and the products for which there is no seat."""

    holding: Holding
    given: Holding
    missing: tuple[str, ...] = ()


def carry_out(call: Call, user_key: str, wanted: Wanted | None, *, may_take_seats: bool) -> tuple[Failure, ...] | None:
    """Give one user what rules want, None for a user who meets none, and return what they could not get.

    Does nothing, and returns None, if this takes a seat and *may_take_seats* is not set. Raises a refusal where the
    account's own rules stand in the way.
    """
    user = require_user(call, user_key)
    held = Holding(
        frozenset(licences.held_by(call, user_key)), tuple(json.loads(user["admin_roles"])), user["group_key"]
    )
    given = _given(call, user_key, held)
    target = _target(call, wanted, held, given)
    if wanted is not None and (user["transfer"] in {"pending", "declined"} or lives_elsewhere(call, user["email"])):
        return (Failure("existing_accounts", ", ".join(wanted.products)),)
    if not may_take_seats and (target.missing or target.holding.licences - held.licences):
        return None
    is_first = given == Holding() and target.given != Holding()
    _write(call, user, held, target.holding, wanted or Wanted(), is_first=is_first)
    if wanted is None and call.switches.user_sync_unmatched == "suspend":
        role_sets.give(call, None, [user_key], suppress_email=False)
    _remember(call, user_key, target.given)
    return tuple(Failure("out_of_licences", product) for product in target.missing)


def _target(call: Call, wanted: Wanted | None, held: Holding, given: Holding) -> Target:
    takes = call.switches.user_sync_unmatched
    if wanted is None and takes == "suspend":
        return Target(Holding(group=None if held.group == given.group else held.group), Holding())
    kept = given if takes == "keep" else Holding()  # what stays though no rule gives it any more
    return _by_rules(call, wanted or Wanted(), held, given, kept)


def _by_rules(call: Call, wanted: Wanted, held: Holding, given: Holding, kept: Holding) -> Target:
    chosen, missing = _choose(call, wanted.products, held.licences, given.licences)
    own_licences = held.licences - given.licences
    own_roles = [role for role in held.roles if role not in given.roles]
    ruled_roles = [role for role in (*kept.roles, *(wanted.roles or ())) if role not in own_roles]
    own_group = None if held.group == given.group else held.group
    group = wanted.group or own_group or kept.group
    holding = Holding(own_licences | chosen | kept.licences, (*own_roles, *dict.fromkeys(ruled_roles)), group)
    ours = Holding(chosen | kept.licences, tuple(dict.fromkeys(ruled_roles)), None if group == own_group else group)
    return Target(holding, ours, missing)


def _choose(
    call: Call, products: Collection[str], held: frozenset[str], given: frozenset[str]
) -> tuple[frozenset[str], tuple[str, ...]]:
    """Return the licences that bring these products, besides those that the user has from somebody else, and the
    products for which there is no seat.

    Products with fewer licences to choose from come first: a webinar seat brings meetings too.
    """
    fitting = {product: _fitting(call, product) for product in products}
    chosen: set[str] = set()
    missing = []
    for product in sorted(products, key=lambda one: len(fitting[one])):
        keys = [row["key"] for row in fitting[product]]
        if chosen.intersection(keys) or (held - given).intersection(keys):
            continue
        kept = next((key for key in keys if key in held), None)
        free = kept or next((row["key"] for row in fitting[product] if _has_seat(call, row)), None)
        if free is None:
            missing.append(product)
        else:
            chosen.add(free)
    return frozenset(chosen), tuple(missing)


def _fitting(call: Call, product: str) -> list[sqlite3.Row]:
    """Return the licences with this product and edition; those that bring least besides come first."""
    edition = edition_of(product)
    rows = call.db.execute("SELECT * FROM licences ORDER BY json_array_length(products), rowid").fetchall()
    return [
        row
        for row in rows
        if code_of(product) in json.loads(row["products"]) and edition in {None, row["description"].strip().casefold()}
    ]


def _has_seat(call: Call, licence: sqlite3.Row) -> bool:
    used = call.db.execute("SELECT count(*) FROM grants WHERE licence_key = ?", (licence["key"],)).fetchone()[0]
    return bool(licence["enabled"]) and (licence["seats"] is None or used < licence["seats"])


def _write(call: Call, user: sqlite3.Row, held: Holding, after: Holding, wanted: Wanted, *, is_first: bool) -> None:
    """Make the user so. Whoever was never invited, and now gets their *first* things by rules, is welcomed instead of
    being told of changes."""
    is_welcomed = is_first and not user["invite_count"]
    if is_welcomed:
        invited = (call.now_ms, user["key"])
        call.db.execute("UPDATE users SET invite_count = 1, invited_ms = ? WHERE key = ?", invited)
    if is_first and wanted.settings_template:
        settings = (wanted.settings_template, user["key"])
        call.db.execute("UPDATE users SET settings_template_key = ? WHERE key = ?", settings)
    if changes := _changes(user, held, after, wanted, is_first=is_first):
        people.update(call, user["key"], UserUpdate.model_validate(changes), suppress_email=is_welcomed)
    if after.group != held.group:
        _move(call, user["key"], after.group)
    if is_welcomed:
        send(call, MailKind.WELCOME, user["key"], template_key=wanted.template)


def _changes(user: sqlite3.Row, held: Holding, after: Holding, wanted: Wanted, *, is_first: bool) -> dict[str, object]:
    """Return what is to be changed in the fields of the user."""
    changes: dict[str, object] = {}
    if after.licences != held.licences:
        changes["licenseKeys"] = sorted(after.licences)
    if set(after.roles) != set(held.roles):
        changes["adminRoles"] = list(after.roles)
    if wanted.roles and set(wanted.manages) != set(json.loads(user["managed_groups"])):
        changes["managedGroupKeys"] = list(wanted.manages)
    if is_first and wanted.language:
        changes["locale"] = wanted.language
    return changes


def _move(call: Call, user_key: str, group_key: str | None) -> None:
    if group_key is None:
        people.leave_groups(call, user_key)
    else:
        people.join_group(call, group_key, user_key)


def _given(call: Call, user_key: str, held: Holding) -> Holding:
    """Return what rules gave and the user still has."""
    rows = call.db.execute("SELECT kind, value FROM sync_given WHERE user_key = ?", (user_key,)).fetchall()
    given = {(row["kind"], row["value"]) for row in rows}
    return Holding(
        frozenset(key for key in held.licences if ("licence", key) in given),
        tuple(role for role in held.roles if ("role", role) in given),
        held.group if ("group", held.group) in given else None,
    )


def _remember(call: Call, user_key: str, given: Holding) -> None:
    rows = [("licence", key) for key in given.licences] + [("role", role) for role in given.roles]
    rows += [("group", given.group)] if given.group else []
    call.db.execute("DELETE FROM sync_given WHERE user_key = ?", (user_key,))
    call.db.executemany("INSERT INTO sync_given VALUES (?, ?, ?)", [(user_key, *row) for row in rows])
