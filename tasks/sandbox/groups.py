"""User groups: a tree of names. A user is in one group at most."""

import sqlite3
from typing import Any

from tasks.sandbox.store import next_key
from tasks.sandbox.wire import Call, GotoRefusal, Page, Problem


def list_groups(call: Call, page: Page) -> dict[str, Any]:
    """Return one page of groups, oldest first."""
    rows = call.db.execute("SELECT * FROM groups ORDER BY rowid").fetchall()
    part = rows[page.offset : page.offset + page.size]
    return page.envelope([rendered(call, row) for row in part], len(rows), call.switches)


def rendered(call: Call, group: sqlite3.Row) -> dict[str, Any]:
    """Return a group as the wire has it; ``userKeys`` is missing where nobody is in it."""
    path = _path(call, group)
    members = [
        row["key"]
        for row in call.db.execute("SELECT key FROM users WHERE group_key = ? ORDER BY number", (group["key"],))
    ]
    shown: dict[str, Any] = {
        "key": call.key(group["key"]),
        "name": group["name"],
        "keyPath": call.keys([row["key"] for row in path]),
        "namePath": [row["name"] for row in path],
        "memberCount": len(members),
        "totalMemberCount": _members_below(call, group["key"]),
    }
    return shown | {"userKeys": call.keys(members)} if members else shown


def _path(call: Call, group: sqlite3.Row) -> list[sqlite3.Row]:
    path = [group]
    while path[0]["parent_key"]:
        path.insert(0, require_group(call, path[0]["parent_key"]))
    return path


def _members_below(call: Call, group_key: str) -> int:
    count: int = call.db.execute(
        "WITH RECURSIVE below (key) AS"
        " (SELECT ? UNION ALL SELECT groups.key FROM groups JOIN below ON parent_key = below.key)"
        " SELECT count(*) FROM users WHERE group_key IN below",
        (group_key,),
    ).fetchone()[0]
    return count


def require_group(call: Call, group_key: str) -> sqlite3.Row:
    """Return a group. Raises a refusal (404) if the account has no such one."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM groups WHERE key = ?", (group_key,)).fetchone()
    if row is None:
        raise GotoRefusal(404, Problem("group.not.found", group_key))
    return row


def create(call: Call, name: str | None, parent_key: str | None) -> str:
    """Create a group and return its key. Raises a refusal if the name is blank or taken, or the parent not there."""
    free_name = _require_free_name(call, name, None)
    if parent_key is not None:
        require_group(call, parent_key)
    key = next_key(call.db, "group")
    call.db.execute("INSERT INTO groups VALUES (?, ?, ?, ?)", (key, free_name, free_name.casefold(), parent_key))
    return key


def rename(call: Call, group_key: str, name: str | None) -> None:
    """Give a group another name. Raises a refusal if it is not there, or the name is blank or taken."""
    require_group(call, group_key)
    free_name = _require_free_name(call, name, group_key)
    new = (free_name, free_name.casefold(), group_key)
    call.db.execute("UPDATE groups SET name = ?, name_folded = ? WHERE key = ?", new)


def delete(call: Call, group_key: str) -> None:
    """Delete a group; its members stay, in no group. Raises a refusal if it has subgroups (assumed)."""
    require_group(call, group_key)
    if call.db.execute("SELECT 1 FROM groups WHERE parent_key = ?", (group_key,)).fetchone():
        raise GotoRefusal(409, Problem("group.has.subgroups", group_key))
    call.db.execute("DELETE FROM groups WHERE key = ?", (group_key,))


def _require_free_name(call: Call, name: str | None, own_key: str | None) -> str:
    """Return the name without blanks around it. Names are unique in the account, whatever their case (assumed)."""
    trimmed = (name or "").strip()
    if not trimmed:
        raise GotoRefusal(400, Problem("group.name.required"))
    other = call.db.execute("SELECT key FROM groups WHERE name_folded = ?", (trimmed.casefold(),)).fetchone()
    if other is not None and other["key"] != own_key:
        raise GotoRefusal(409, Problem("group.name.conflict", trimmed))
    return trimmed
