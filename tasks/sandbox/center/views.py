"""What the pages about the account show, read from the store."""

import json
from typing import Any

from tasks.sandbox import organisation, user_sync
from tasks.sandbox.center import words
from tasks.sandbox.center.listing import shown
from tasks.sandbox.wire import Call


def account(call: Call) -> dict[str, Any]:
    return dict(call.db.execute("SELECT key, name FROM account").fetchone())


def licences(call: Call) -> list[dict[str, Any]]:
    """Return the licences with the seats that are used: an assigned seat is used at once.

    ``share`` is how much of the seats is used, in percent, None where there is any number.
    """
    rows = call.db.execute(
        "SELECT licences.*, count(user_key) AS used, count(user_key) FILTER (WHERE NOT activated) AS invited"
        " FROM licences LEFT JOIN grants ON licence_key = licences.key LEFT JOIN users ON users.key = user_key"
        " GROUP BY licences.key ORDER BY NOT enabled, description, licences.key"
    )
    return [_licence(dict(row)) for row in rows.fetchall()]


def _licence(row: dict[str, Any]) -> dict[str, Any]:
    seats, used, codes = row["seats"], row["used"], json.loads(row["products"])
    return {
        **row,
        "codes": codes,
        "products": [words.product(code) for code in codes],
        "free": None if seats is None else max(seats - used, 0),
        "share": None if seats is None else round(100 * min(used / seats, 1), 1) if seats else 100.0,
    }


def groups(call: Call) -> list[dict[str, Any]]:
    """Return the user groups at the top, each with those below it, who is in it, and who manages it alone."""
    rows = call.db.execute(
        "SELECT groups.*, (SELECT count(*) FROM people WHERE group_key = groups.key) AS members"
        " FROM groups ORDER BY name_folded"
    ).fetchall()
    below: dict[str | None, list[dict[str, Any]]] = {}
    managers = _managers(call)
    for row in rows:
        below.setdefault(row["parent_key"], []).append({**dict(row), "managers": managers.get(row["key"], [])})
    return _tree(below, None)


def _tree(below: dict[str | None, list[dict[str, Any]]], parent: str | None) -> list[dict[str, Any]]:
    found = []
    for group in below.get(parent, []):
        parts = _tree(below, group["key"])
        found.append({**group, "below": parts, "all": group["members"] + sum(part["all"] for part in parts)})
    return found


def _managers(call: Call) -> dict[str, list[dict[str, Any]]]:
    """Return by group the people whose role is limited to it."""
    rows = call.db.execute(
        "SELECT people.key, first_name || ' ' || last_name AS name, value AS group_key"
        " FROM people, json_each(managed_groups) ORDER BY first_name, last_name"
    ).fetchall()
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        found.setdefault(row["group_key"], []).append(dict(row))
    return found


def directory_groups(call: Call) -> list[dict[str, Any]]:
    rows = call.db.execute(
        "SELECT directory_groups.*, (SELECT count(*) FROM directory_members WHERE group_key = directory_groups.key)"
        " AS members FROM directory_groups ORDER BY name_folded"
    )
    return [dict(row) for row in rows.fetchall()]


def the_organisation(call: Call) -> dict[str, Any]:
    """Return the organisation with everybody who could be its admin: those with an admin role in the account."""
    found = organisation.described(call) or {"name": None, "domains": [], "admins": []}
    rows = call.db.execute(
        "SELECT people.*, role AS organisation_role FROM people LEFT JOIN organisation_admins ON user_key = key"
        " WHERE admin_roles <> '[]' OR role_set_id IS NOT NULL OR role IS NOT NULL ORDER BY email_folded"
    ).fetchall()
    counts = call.db.execute(
        "SELECT substr(email_folded, instr(email_folded, '@') + 1) AS domain, count(*) AS number FROM people GROUP BY 1"
    )
    people = {row["domain"]: row["number"] for row in counts}
    domains = [{**domain, "people": people.get(domain["domain"], 0)} for domain in found["domains"]]
    added = {domain["domain"] for domain in domains}
    return {
        **found,
        "domains": domains,
        "candidates": [{**shown(call, row), "is_effective": _is_effective(call, row)} for row in rows],
        "missing": sorted(set(people) - added, key=lambda domain: (-people[domain], domain)),
    }


def _is_effective(call: Call, row: Any) -> bool:
    """Tell whether the role in the organisation is good for something: the address must lie in a verified domain."""
    return row["organisation_role"] is None or organisation.role_of(call, row["key"]) is not None


def sync(call: Call) -> dict[str, Any]:
    """Return the platform's User Sync: the switch, the rules, what failed."""
    return user_sync.described(call)


def templates(call: Call) -> dict[str, list[dict[str, Any]]]:
    """Return what people can be made from: templates of mails and settings, custom roles, custom attributes."""
    return {
        "mails": _rows(call, "SELECT * FROM templates ORDER BY title"),
        "settings": _rows(
            call,
            "SELECT settings_templates.*, (SELECT count(*) FROM people WHERE settings_template_key ="
            " settings_templates.key) AS used FROM settings_templates ORDER BY name",
        ),
        "roles": _rows(
            call,
            "SELECT id AS key, name, (SELECT count(*) FROM people WHERE role_set_id = role_sets.id) AS used"
            " FROM role_sets ORDER BY name",
        ),
        "attributes": _rows(call, "SELECT * FROM attributes ORDER BY name"),
    }


def _rows(call: Call, query: str) -> list[dict[str, Any]]:
    return [dict(row) for row in call.db.execute(query).fetchall()]
