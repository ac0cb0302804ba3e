"""What the other pages show, read from the store."""

import json
from datetime import UTC, datetime
from typing import Any

from tasks.sandbox import organisation
from tasks.sandbox.center.listing import shown
from tasks.sandbox.invitations import PATHS
from tasks.sandbox.wire import Call

NEWEST_MAILS = 200


def account(call: Call) -> dict[str, Any]:
    return dict(call.db.execute("SELECT key, name FROM account").fetchone())


def person(call: Call, key: str) -> dict[str, Any] | None:
    """Return all that is known of one person, None if there is none of that key."""
    row = call.db.execute("SELECT * FROM people WHERE key = ?", (key,)).fetchone()
    if row is None:
        return None
    licences = call.db.execute(
        "SELECT licences.* FROM licences JOIN grants ON licence_key = licences.key WHERE user_key = ? ORDER BY key",
        (key,),
    )
    events = call.db.execute("SELECT * FROM events WHERE user_key = ? ORDER BY number DESC", (key,))
    managed = [_group_name(call, one) for one in json.loads(row["managed_groups"])]
    return {
        **shown(call, row),
        "licences": [_licence(dict(licence)) for licence in licences.fetchall()],
        "managed": managed,
        "events": [dict(event) for event in events.fetchall()],
        "mails": mails(call, key),
        "webinars": _webinars(call, key),
        "directory": _directory_groups(call, key),
        "link": _open_link(call, key),
    }


def _group_name(call: Call, key: str) -> str:
    row = call.db.execute("SELECT name FROM groups WHERE key = ?", (key,)).fetchone()
    return str(row["name"]) if row else f"{key} (gone)"


def _licence(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "products": json.loads(row["products"])}


def _webinars(call: Call, key: str) -> list[dict[str, Any]]:
    rows = call.db.execute("SELECT * FROM webinars WHERE organiser_key = ? ORDER BY starts_ms", (key,)).fetchall()
    return [{**dict(row), "starts": moment(row["starts_ms"])} for row in rows]


def _directory_groups(call: Call, key: str) -> list[str]:
    rows = call.db.execute(
        "SELECT name FROM directory_groups JOIN directory_members ON group_key = key"
        " WHERE member_key = ? ORDER BY name",
        (key,),
    )
    return [row["name"] for row in rows]


def _open_link(call: Call, key: str) -> str | None:
    """Return the page that the person's last mail asks them to open, None if there is nothing to be done."""
    row = call.db.execute("SELECT token, purpose FROM links WHERE user_key = ? ORDER BY rowid DESC", (key,)).fetchone()
    return PATHS[row["purpose"]] + row["token"] if row else None


def mails(call: Call, key: str | None = None) -> list[dict[str, Any]]:
    """Return the newest mails, those of one person where *key* names them."""
    where, values = ("user_key = ?", (key,)) if key else ("1", ())
    query = f"SELECT * FROM mails WHERE {where} ORDER BY number DESC LIMIT {NEWEST_MAILS}"  # noqa: S608
    return [_mail(dict(row)) for row in call.db.execute(query, values).fetchall()]


def _mail(row: dict[str, Any]) -> dict[str, Any]:
    """Part the body around the link that it ends in, so that the page can make a link of it."""
    before, link, after = row["body"].partition(row["link"]) if row["link"] else (row["body"], "", "")
    return {**row, "before": before, "after": after, "path": link}


def licences(call: Call) -> list[dict[str, Any]]:
    """Return the licences with the seats that are used: an assigned seat is used at once."""
    rows = call.db.execute(
        "SELECT licences.*, (SELECT count(*) FROM grants WHERE licence_key = licences.key) AS used"
        " FROM licences ORDER BY description, key"
    )
    return [
        {**_licence(dict(row)), "free": None if row["seats"] is None else row["seats"] - row["used"]}
        for row in rows.fetchall()
    ]


def groups(call: Call) -> list[dict[str, Any]]:
    """Return the user groups, each after its parent, with its depth and how many are in it."""
    rows = call.db.execute(
        "SELECT groups.*, (SELECT count(*) FROM people WHERE group_key = groups.key) AS members"
        " FROM groups ORDER BY name_folded"
    ).fetchall()
    below: dict[str | None, list[dict[str, Any]]] = {}
    for row in rows:
        below.setdefault(row["parent_key"], []).append(dict(row))

    def walk(parent: str | None, depth: int) -> list[dict[str, Any]]:
        found = []
        for group in below.get(parent, []):
            found += [{**group, "depth": depth}, *walk(group["key"], depth + 1)]
        return found

    return walk(None, 0)


def directory_groups(call: Call) -> list[dict[str, Any]]:
    rows = call.db.execute(
        "SELECT directory_groups.*, (SELECT count(*) FROM directory_members WHERE group_key = directory_groups.key)"
        " AS members FROM directory_groups ORDER BY name_folded"
    )
    return [dict(row) for row in rows.fetchall()]


def the_organisation(call: Call) -> dict[str, Any]:
    """Return the organisation with everybody who could be its admin: those with an admin role in the account."""
    found = organisation.described(call) or {"name": None, "domains": [], "admins": []}
    roles = {str(admin["key"]): admin["role"] for admin in found["admins"]}
    rows = call.db.execute("SELECT * FROM people WHERE admin_roles <> '[]' ORDER BY email_folded").fetchall()
    candidates = [{**shown(call, row), "organisation_role": roles.get(row["key"])} for row in rows]
    published = call.db.execute("SELECT * FROM published ORDER BY place").fetchall()
    return {**found, "candidates": candidates, "published": [dict(row) for row in published]}


def templates(call: Call) -> list[dict[str, Any]]:
    return [dict(row) for row in call.db.execute("SELECT * FROM templates ORDER BY title").fetchall()]


def overview(call: Call) -> dict[str, int]:
    """Return how many people there are by status."""
    rows = call.db.execute("SELECT status, count(*) AS number FROM people GROUP BY status").fetchall()
    return {row["status"]: row["number"] for row in rows}


def moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")
