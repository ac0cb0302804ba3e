"""User Sync, the platform's own: rules over directory groups, carried out at each poll (reference section 7).

Documented: the main switch, that it runs by itself after a change of the directory, failures grouped by cause with
the users and a retry. When it looks, and what it takes away from whom, is assumed, and each of it is a switch.
"""

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from tasks.model.errors import BadUsage
from tasks.sandbox import assignments, directory_groups, history, organisation
from tasks.sandbox.assignments import Failure
from tasks.sandbox.organisation import shown_moment
from tasks.sandbox.sync_rules import Rule, Wanted, code_of, wanted
from tasks.sandbox.user_values import value_problems
from tasks.sandbox.wire import Call, GotoRefusal, UserUpdate

TITLES = {
    "out_of_licences": "Out of licences",
    "existing_accounts": "Users have existing accounts",
    "refused": "Users could not be changed",
}
"""Causes of failures, as the banners name them."""

NAMED = {
    "directory_group": ("directory_groups", "name"),
    "group": ("groups", "name"),
    "template": ("templates", "title"),
    "settings_template": ("settings_templates", "name"),
}
"""The parts of a rule that name something: where it is kept, and in which column it has its name."""

_RULES = TypeAdapter(tuple[Rule, ...])


@dataclass(frozen=True)
class _Setting:
    is_on: bool
    rules: tuple[Rule, ...]
    is_due: bool
    polled_ms: int
    ran_ms: int | None


def _setting(call: Call) -> _Setting:
    row = call.db.execute("SELECT * FROM user_sync").fetchone()
    if row is None:
        return _Setting(False, (), False, call.now_ms, None)
    rules = _RULES.validate_json(row["rules"])
    return _Setting(bool(row["is_on"]), rules, bool(row["is_due"]), row["polled_ms"], row["ran_ms"])


def set_up(call: Call, *, on: bool | None, rules: tuple[Rule, ...] | None) -> None:
    """Turn User Sync on or off, or give it other rules; None leaves either as it is. It runs at the next poll.

    Raises ``BadUsage``: a rule names what is not there, or there is nobody who is organisation admin (read and write)
    and admin of the account, which all directory sync needs (documented).
    """
    held = _setting(call)
    is_on = held.is_on if on is None else on
    kept = held.rules if rules is None else tuple(_resolved(call, number, rule) for number, rule in enumerate(rules, 1))
    if is_on and not _has_admin_of_both(call):
        raise BadUsage(
            "User Sync needs somebody who is organisation admin (read & write) and admin of the account.",
            sent="Nothing was set.",
        )
    text = _RULES.dump_json(kept).decode()
    row = (is_on, text, held.polled_ms, held.ran_ms)
    call.db.execute("INSERT OR REPLACE INTO user_sync VALUES (1, ?, ?, 1, ?, ?)", row)


def _has_admin_of_both(call: Call) -> bool:
    rows = call.db.execute(
        "SELECT user_key FROM organisation_admins JOIN people ON people.key = user_key WHERE admin_roles <> '[]'"
    ).fetchall()
    return any(organisation.role_of(call, row["user_key"]) == "write" for row in rows)


def _resolved(call: Call, number: int, rule: Rule) -> Rule:
    """Return a rule with keys instead of names, so that a group can be renamed. Raises ``BadUsage``."""
    known = {code for row in call.db.execute("SELECT products FROM licences") for code in json.loads(row["products"])}
    for product in rule.products:
        if code_of(product) not in known:
            raise _not_there(number, "product", product)
    for problem in value_problems(call, UserUpdate(), rule.roles or ()):
        raise _not_there(number, "role", str(problem.value))
    keys: dict[str, Any] = {
        part: _key_in(call, number, part, str(named)) for part in NAMED if (named := getattr(rule, part)) is not None
    }
    keys["manages"] = tuple(_key_in(call, number, "group", name) for name in rule.manages)
    return rule.model_copy(update=keys)


def _key_in(call: Call, number: int, part: str, name_or_key: str) -> str:
    table, column = NAMED[part]
    row = call.db.execute(
        f"SELECT key FROM {table} WHERE key = ? OR casefold({column}) = ?",  # noqa: S608 (names of our own)
        (name_or_key, name_or_key.casefold()),
    ).fetchone()
    if row is None:
        raise _not_there(number, part.replace("_", " "), name_or_key)
    return str(row["key"])


def _not_there(number: int, what: str, name: str) -> BadUsage:
    return BadUsage(f"Rule {number} names a {what} that is not there: {name}.", sent="Nothing was set.")


def poll_if_due(call: Call) -> None:
    """Look at the directory if it changed and the time for it has come: at once where the switch says 0 minutes."""
    minutes = call.switches.directory_polling_minutes
    row = call.db.execute(
        "SELECT is_due FROM user_sync WHERE is_on AND polled_ms <= ?", (call.now_ms - minutes * 60_000,)
    ).fetchone()
    if row is None:
        return
    if row["is_due"]:
        run(call)
    elif minutes:
        call.db.execute("UPDATE user_sync SET polled_ms = ?", (call.now_ms,))


@history.noted(by="User Sync")
def run(call: Call) -> None:
    """Look at the directory now, if User Sync is on: give what the rules say, and take away what no rule gives now.

    Users who only lose something come first, so that their seats are free for the others.
    """
    setting = _setting(call)
    if not setting.is_on:
        return
    call.db.execute("DELETE FROM sync_failures")
    met = _met(call, setting.rules)
    due: dict[str, Wanted | None] = dict.fromkeys(sorted(_given_to(call) - met.keys()))
    due |= {key: wanted(rules, call.switches) for key, rules in met.items()}
    waiting = [key for key, gets in due.items() if not _carry_out(call, key, gets, may_take_seats=False)]
    for key in waiting:
        _carry_out(call, key, due[key], may_take_seats=True)
    call.db.execute("UPDATE user_sync SET is_due = 0, polled_ms = ?1, ran_ms = ?1", (call.now_ms,))


def _met(call: Call, rules: tuple[Rule, ...]) -> dict[str, list[Rule]]:
    """Return by user, oldest first, the rules that they meet, the highest first. Who was deactivated meets none."""
    within = [directory_groups.users_within(call, rule.directory_group) if rule.enabled else set() for rule in rules]
    rows = call.db.execute("SELECT key FROM directory_users WHERE active ORDER BY number").fetchall()
    found = {row["key"]: [rule for rule, keys in zip(rules, within, strict=True) if row["key"] in keys] for row in rows}
    return {key: met for key, met in found.items() if met}


def _given_to(call: Call) -> set[str]:
    return {row["user_key"] for row in call.db.execute("SELECT DISTINCT user_key FROM sync_given")}


def _carry_out(call: Call, user_key: str, gets: Wanted | None, *, may_take_seats: bool) -> bool:
    """Make somebody as they shall be, and note what failed. Return False, with nothing done, if it takes seats and
    may not yet."""
    call.db.execute("SAVEPOINT one_user")
    failures: tuple[Failure, ...] | None
    try:
        failures = assignments.carry_out(call, user_key, gets, may_take_seats=may_take_seats)
    except GotoRefusal as refusal:
        call.db.execute("ROLLBACK TO one_user")
        failures = (Failure("refused", str(refusal)),)
    call.db.execute("RELEASE one_user")
    rows = [(user_key, failure.cause, failure.wanted) for failure in failures or ()]
    call.db.executemany("INSERT OR IGNORE INTO sync_failures VALUES (?, ?, ?)", rows)
    return failures is not None


def described(call: Call) -> dict[str, Any]:
    """Return the main switch, the rules, when it last ran, and what failed then: by cause, with the users."""
    setting = _setting(call)
    return {
        "on": setting.is_on,
        "rules": [_shown(call, rule) for rule in setting.rules],
        "due": setting.is_on and setting.is_due,
        "last_run": None if setting.ran_ms is None else shown_moment(setting.ran_ms),
        "failures": list(_failures(call)),
    }


def _shown(call: Call, rule: Rule) -> dict[str, Any]:
    """Return a rule with names again; what was deleted since is shown by its key."""
    shown = rule.model_dump(mode="json")
    names = {part: _name_of(call, part, shown[part]) for part in NAMED if shown[part] is not None}
    return shown | names | {"manages": [_name_of(call, "group", key) for key in rule.manages]}


def _name_of(call: Call, part: str, key: str) -> str:
    table, column = NAMED[part]
    row = call.db.execute(f"SELECT {column} FROM {table} WHERE key = ?", (key,)).fetchone()  # noqa: S608
    return str(row[0]) if row else key


def _failures(call: Call) -> Iterator[dict[str, Any]]:
    for cause, title in TITLES.items():
        rows = call.db.execute(
            "SELECT key, email, wanted FROM sync_failures JOIN people ON key = user_key WHERE cause = ?"
            " ORDER BY number, wanted",
            (cause,),
        ).fetchall()
        if rows:
            yield {"cause": cause, "title": title, "users": [_failed(call, row) for row in rows]}


def _failed(call: Call, row: sqlite3.Row) -> dict[str, Any]:
    return {"key": call.key(row["key"]), "email": row["email"], "wanted": row["wanted"]}
