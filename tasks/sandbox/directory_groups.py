"""The groups of the organisation's directory, with users and other groups in them.

Documented by the vendor's SCIM contract where a docstring does not say otherwise (reference section 3).
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from tasks.sandbox import directory
from tasks.sandbox.directory import note_change
from tasks.sandbox.scim_filters import NO_FILTER, Condition
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.scim_values import valid_group_name
from tasks.sandbox.store import next_key
from tasks.sandbox.wire import Call

MAX_MEMBERS = 100
GROUP_COLUMNS = {"displayName": "name"}
USER, GROUP = "user", "group"


@dataclass(frozen=True)
class Member:
    """A user or a group in a group; in a PATCH perhaps one that is to go."""

    key: str
    kind: str = USER
    is_removal: bool = False


def groups(call: Call, wanted: Condition = NO_FILTER) -> list[sqlite3.Row]:
    """Return the groups, oldest first: all, or those that a filter finds."""
    sql, values = wanted
    query = f"SELECT * FROM directory_groups WHERE {sql} ORDER BY rowid"  # noqa: S608 (of fixed parts; values are bound)
    return call.db.execute(query, values).fetchall()


def group(call: Call, key: str) -> sqlite3.Row:
    """Return one group. One that is not there is refused with 401, as the contract has it."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM directory_groups WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise ScimRefusal(401, "Group not found", standard_status=404)
    return row


def members(call: Call, key: str) -> list[Member]:
    """Return the users and groups in a group, by key; not those that are in a group within."""
    rows = call.db.execute("SELECT * FROM directory_members WHERE group_key = ? ORDER BY member_key", (key,))
    return [Member(row["member_key"], row["kind"]) for row in rows]


def users_within(call: Call, key: str) -> set[str]:
    """Return the keys of the users in a group and in all groups within."""
    rows = call.db.execute(
        "WITH RECURSIVE within (key) AS (SELECT ?1 UNION SELECT member_key FROM directory_members"
        " JOIN within ON group_key = within.key WHERE kind = 'group')"
        " SELECT DISTINCT member_key FROM directory_members WHERE kind = 'user' AND group_key IN within",
        (key,),
    )
    return {row["member_key"] for row in rows}


def groups_of(call: Call, user_key: str) -> list[sqlite3.Row]:
    """Return the groups that a user is in directly."""
    return call.db.execute(
        "SELECT directory_groups.* FROM directory_groups JOIN directory_members ON group_key = directory_groups.key"
        " WHERE member_key = ? ORDER BY directory_groups.rowid",
        (user_key,),
    ).fetchall()


def create_group(call: Call, name: str | None, wanted: Sequence[Member], external_id: str | None = None) -> str:
    """Create a group with up to 100 members and return its key. Raises a refusal (400, 409)."""
    _require_few(len(wanted))
    free_name = _free_name(call, name, None)
    key = next_key(call.db, "directory group")
    row = (key, free_name, free_name.casefold(), call.now_ms, external_id)
    call.db.execute("INSERT INTO directory_groups VALUES (?, ?, ?, ?, ?)", row)
    _put(call, key, wanted)
    note_change(call)
    return key


def change_group(call: Call, key: str, name: str | None, wanted: Sequence[Member] | None, *, whole: bool) -> None:
    """Change a group wholly (PUT) or in part (PATCH). What a PATCH does to members not named is a switch (assumed)."""
    group(call, key)
    _require_few(len(wanted or ()))
    if name is not None or whole:
        rename_group(call, key, name)
    if wanted is not None or whole:
        if whole or call.switches.scim_patch_members == "replace":
            call.db.execute("DELETE FROM directory_members WHERE group_key = ?", (key,))
        _put(call, key, wanted or ())
    note_change(call)


def replace_group(call: Call, key: str, name: str | None, wanted: Sequence[Member], external_id: str | None) -> None:
    """Write a group as SCIM 2.0 does, whatever the number of members; what a request may carry is counted before."""
    rename_group(call, key, name)
    call.db.execute("UPDATE directory_groups SET external_id = ? WHERE key = ?", (external_id, key))
    held = set(members(call, key))
    gone = [(key, member.key) for member in held - set(wanted)]
    call.db.executemany("DELETE FROM directory_members WHERE group_key = ? AND member_key = ?", gone)
    _put(call, key, [member for member in wanted if member not in held])
    note_change(call)


def rename_group(call: Call, key: str, name: str | None) -> None:
    free_name = _free_name(call, name, key)
    new = (free_name, free_name.casefold(), key)
    call.db.execute("UPDATE directory_groups SET name = ?, name_folded = ? WHERE key = ?", new)


def delete_group(call: Call, key: str) -> None:
    """Delete a group; who was in it stays."""
    group(call, key)
    call.db.execute("DELETE FROM directory_members WHERE member_key = ?", (key,))
    call.db.execute("DELETE FROM directory_groups WHERE key = ?", (key,))
    note_change(call)


def _require_few(count: int) -> None:
    if count > MAX_MEMBERS:
        raise ScimRefusal(400, f"A request carries at most {MAX_MEMBERS} members", scim_type="tooMany")


def _put(call: Call, key: str, wanted: Sequence[Member]) -> None:
    for member in wanted:
        if member.is_removal:
            call.db.execute("DELETE FROM directory_members WHERE group_key = ? AND member_key = ?", (key, member.key))
            continue
        if member.kind == GROUP:
            _require_no_circle(call, key, member.key)
        elif not directory.is_user(call, member.key):
            raise ScimRefusal(400, "A member is not in the organisation", scim_type="invalidValue")
        call.db.execute("INSERT OR REPLACE INTO directory_members VALUES (?, ?, ?)", (key, member.key, member.kind))


def _require_no_circle(call: Call, key: str, inner: str) -> None:
    """Refuse a group that is not there, and one that would hold itself (assumed: nothing is said of circles)."""
    if call.db.execute("SELECT 1 FROM directory_groups WHERE key = ?", (inner,)).fetchone() is None:
        raise ScimRefusal(400, "A member is not in the organisation", scim_type="invalidValue")
    below, seen = [inner], set()
    while below:
        one = below.pop()
        if one == key:
            raise ScimRefusal(400, "A group cannot hold itself", scim_type="invalidValue")
        if one not in seen:
            seen.add(one)
            below += [member.key for member in members(call, one) if member.kind == GROUP]


def _free_name(call: Call, name: str | None, own_key: str | None) -> str:
    """Return the name if it is valid and no other group has it, upper or lower case alike."""
    valid = valid_group_name(name)
    row = call.db.execute("SELECT key FROM directory_groups WHERE name_folded = ?", (valid.casefold(),)).fetchone()
    if row is not None and row["key"] != own_key:
        raise ScimRefusal(409, "displayName is in use", scim_type="uniqueness")
    return valid
