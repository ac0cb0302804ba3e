"""The directory of the organisation: users and groups as the SCIM API has them. Rules only; forms are ``routes/scim``.

Documented by the vendor's SCIM contract where a docstring does not say otherwise (reference section 3). A directory
user is a person of the account whose address lies in a verified domain; the ``id`` is the Admin API's ``key``.
"""

import re
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from zoneinfo import available_timezones

from tasks.sandbox import organisation, people
from tasks.sandbox.declared import ADDRESS
from tasks.sandbox.store import next_key
from tasks.sandbox.wire import Call, NewUser, NewUsers, UserUpdate

LONGEST_ADDRESS, LONGEST_NAME, LONGEST_GROUP = 128, 60, 128
MAX_MEMBERS = 100
USER_COLUMNS = {
    "userName": "email",
    "displayName": "first_name || ' ' || last_name",
    "name.givenName": "first_name",
    "name.familyName": "last_name",
}


class ScimRefusal(Exception):
    """The directory says no."""

    def __init__(self, status: int, description: str) -> None:
        self.status = status
        self.description = description
        super().__init__(description)


@dataclass(frozen=True)
class Member:
    key: str
    kind: str = "user"
    is_removal: bool = False


def users(call: Call, filter_: str | None = None) -> list[sqlite3.Row]:
    """Return the directory users, oldest first: all, or those that a filter finds."""
    where, values = _condition(filter_, USER_COLUMNS, ("eq", "sw"))
    rows = call.db.execute(f"SELECT * FROM people WHERE {where} ORDER BY number", values).fetchall()  # noqa: S608
    gone = {row["user_key"] for row in call.db.execute("SELECT user_key FROM left_directory")}
    verified = _verified(call)
    return [row for row in rows if _domain(row["email"]) in verified and row["key"] not in gone]


def user(call: Call, key: str) -> sqlite3.Row:
    """Return one directory user. Raises a refusal (404)."""
    found = next((row for row in users(call) if row["key"] == key), None)
    if found is None:
        raise ScimRefusal(404, "User not found")
    return found


def create_user(call: Call, body: NewUser) -> str:
    """Add a person to the organisation: a login without a product. Raises a refusal (400, 409)."""
    _require_valid(call, body, whole=True)
    if people.find_by_address(call, str(body.email)) is not None:
        raise ScimRefusal(409, "userName is in use")
    caller = call.db.execute("SELECT principal_key FROM account").fetchone()[0]
    given = body.first_name or str(body.email).partition("@")[0]
    person = body.model_copy(update={"first_name": given, "last_name": body.last_name or given})
    key = str(people.create(call, NewUsers(users=[person]), caller, all_or_nothing=True, as_directory=True)[0]["key"])
    call.db.execute("DELETE FROM left_directory WHERE user_key = ?", (key,))
    return key


def change_user(call: Call, key: str, body: UserUpdate, *, whole: bool) -> None:
    """Change a directory user, wholly (PUT) or in part (PATCH). Even a locked address can be changed here."""
    found = user(call, key)
    _require_valid(call, body, whole=whole)
    if body.email is not None:
        other = people.find_by_address(call, body.email)
        if other is not None and other["key"] != key:
            raise ScimRefusal(409, "userName is in use")
    call.db.execute(
        "UPDATE users SET email = ?, email_folded = ?, first_name = ?, last_name = ?, locale = ?, time_zone = ?"
        " WHERE key = ?",
        (
            body.email or found["email"], (body.email or found["email"]).casefold(),
            body.first_name or found["first_name"], body.last_name or found["last_name"],
            body.locale or found["locale"], body.time_zone or found["time_zone"], key,
        ),
    )  # fmt: skip


def delete_user(call: Call, key: str) -> None:
    """Take a user out of the organisation; by switch out of the account as well, as one help page has it."""
    user(call, key)
    call.db.execute("DELETE FROM directory_members WHERE member_key = ?", (key,))
    call.db.execute("INSERT OR REPLACE INTO left_directory VALUES (?)", (key,))
    if call.switches.scim_delete == "destructive":
        people.delete(call, key)


def groups(call: Call, filter_: str | None = None) -> list[sqlite3.Row]:
    where, values = _condition(filter_, {"displayName": "name"}, ("eq", "sw", "co"))
    return call.db.execute(f"SELECT * FROM directory_groups WHERE {where} ORDER BY key", values).fetchall()  # noqa: S608


def group(call: Call, key: str) -> sqlite3.Row:
    """Return one group. One that is not there is refused with 401, as the contract has it."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM directory_groups WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise ScimRefusal(401, "Group not found")
    return row


def members(call: Call, key: str) -> list[Member]:
    rows = call.db.execute("SELECT * FROM directory_members WHERE group_key = ? ORDER BY member_key", (key,))
    return [Member(row["member_key"], row["kind"]) for row in rows]


def create_group(call: Call, name: str | None, wanted: Sequence[Member]) -> str:
    """Create a group with up to 100 members. Raises a refusal (400, 409)."""
    _require_name(call, name, None)
    key = next_key(call.db, "directory group")
    call.db.execute("INSERT INTO directory_groups VALUES (?, ?, ?, ?)", (key, name, str(name).casefold(), call.now_ms))
    _put(call, key, wanted)
    return key


def change_group(call: Call, key: str, name: str | None, wanted: Sequence[Member] | None, *, whole: bool) -> None:
    """Change a group wholly (PUT) or in part (PATCH). What a PATCH does to members not named is a switch (assumed)."""
    group(call, key)
    if name is not None or whole:
        _require_name(call, name, key)
        call.db.execute(
            "UPDATE directory_groups SET name = ?, name_folded = ? WHERE key = ?", (name, str(name).casefold(), key)
        )
    if wanted is None and not whole:
        return
    if whole or call.switches.scim_patch_members == "replace":
        call.db.execute("DELETE FROM directory_members WHERE group_key = ?", (key,))
    _put(call, key, wanted or ())


def delete_group(call: Call, key: str) -> None:
    group(call, key)
    call.db.execute("DELETE FROM directory_members WHERE member_key = ?", (key,))
    call.db.execute("DELETE FROM directory_groups WHERE key = ?", (key,))


def _put(call: Call, key: str, wanted: Sequence[Member]) -> None:
    if len(wanted) > MAX_MEMBERS:
        raise ScimRefusal(400, f"A request carries at most {MAX_MEMBERS} members")
    in_directory = {row["key"] for row in users(call)}
    for member in wanted:
        if member.is_removal:
            call.db.execute("DELETE FROM directory_members WHERE group_key = ? AND member_key = ?", (key, member.key))
            continue
        if member.kind == "group":
            _require_no_circle(call, key, member.key)
        elif member.key not in in_directory:
            raise ScimRefusal(400, "A member is not in the organisation")
        call.db.execute("INSERT OR REPLACE INTO directory_members VALUES (?, ?, ?)", (key, member.key, member.kind))


def _require_no_circle(call: Call, key: str, inner: str) -> None:
    """Refuse a group that would hold itself (assumed: nothing is said of circles)."""
    group(call, inner)
    below, seen = [inner], set()
    while below:
        one = below.pop()
        if one == key:
            raise ScimRefusal(400, "A group cannot hold itself")
        if one not in seen:
            seen.add(one)
            below += [member.key for member in members(call, one) if member.kind == "group"]


def _require_name(call: Call, name: str | None, key: str | None) -> None:
    if not (name or "").strip() or len(str(name)) > LONGEST_GROUP:
        raise ScimRefusal(400, f"displayName is needed, of at most {LONGEST_GROUP} characters")
    folded = str(name).casefold()
    row = call.db.execute("SELECT key FROM directory_groups WHERE name_folded = ?", (folded,)).fetchone()
    if row is not None and row["key"] != key:
        raise ScimRefusal(409, "displayName is in use")


def _require_valid(call: Call, body: NewUser | UserUpdate, *, whole: bool) -> None:
    if whole and not (body.email or "").strip():
        raise ScimRefusal(400, "userName is required")
    if body.email is not None:
        if len(body.email) > LONGEST_ADDRESS or not re.fullmatch(ADDRESS, body.email):
            raise ScimRefusal(400, "userName must be an e-mail address of at most 128 characters")
        if _domain(body.email) not in _verified(call):
            raise ScimRefusal(400, "The e-mail domain is none of the organisation's")
    if any(len(name or "") > LONGEST_NAME for name in (body.first_name, body.last_name)):
        raise ScimRefusal(400, f"A name holds at most {LONGEST_NAME} characters")
    if body.locale is not None and not re.fullmatch(r"[a-z]{2}(_[A-Z]{2})?", body.locale):
        raise ScimRefusal(400, "locale is not valid")
    if body.time_zone is not None and body.time_zone not in available_timezones():
        raise ScimRefusal(400, "timezone is not valid")


def _verified(call: Call) -> frozenset[str]:
    rows = call.db.execute("SELECT domain FROM domains WHERE status = 'verified'")
    return frozenset(row["domain"] for row in rows)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _condition(filter_: str | None, columns: dict[str, str], allowed: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    if filter_ is None:
        return "1", ()
    match = re.fullmatch(r'(\S+) (\w+) "((?:[^"\\]|\\.)*)"', filter_)
    if not match or match[1] not in columns or match[2] not in allowed:
        raise ScimRefusal(400, "The filter cannot be read")
    value = re.sub(r"\\(.)", r"\1", match[3])
    if match[2] == "eq":
        return f"{columns[match[1]]} = ? COLLATE NOCASE", (value,)
    starts = "" if match[2] == "sw" else "%"
    literal = re.sub(r"([%_\\])", r"\\\1", value)
    return f"{columns[match[1]]} LIKE ? ESCAPE '\\'", (f"{starts}{literal}%",)


def require_right(call: Call, caller: str, *, write: bool) -> None:
    """Raise a refusal (401, as the contract has it) unless the caller may read, or write, the organisation."""
    role = organisation.role_of(call, caller)
    if role is None or (write and role != "write"):
        raise ScimRefusal(401, "ROLE_ORG_WRITE is needed" if write else "ROLE_ORG_READ is needed")
