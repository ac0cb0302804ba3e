"""The users of the organisation's directory. Rules only; the forms are in ``routes/scim`` and ``routes/scim2``.

Documented by the vendor's SCIM contract where a docstring does not say otherwise (reference section 3). A directory
user is a person of the account whose address lies in a verified domain; the ``id`` is the Admin API's ``key``.
"""

import sqlite3
from dataclasses import dataclass

from tasks.sandbox import organisation, people, role_sets, scim_values, transfers
from tasks.sandbox.scim_filters import NO_FILTER, Condition
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.user_views import find_by_address, require_user
from tasks.sandbox.wire import Call, NewUsers, UserUpdate

USER_COLUMNS = {
    "userName": "email",
    "displayName": "display_name",
    "name.givenName": "first_name",
    "name.familyName": "last_name",
}
PROFILE = ("display_name", "external_id", "employee_number", "department", "cost_center", "division")

NOTHING: frozenset[str] = frozenset()
OF_THE_CONTRACT = frozenset({"display_name", "locale", "time_zone"})
EVERYTHING = OF_THE_CONTRACT | set(PROFILE)
"""What a user who is written whole loses where the request does not give it: of what that surface knows."""


@dataclass(frozen=True)
class Person:
    """A directory user as a request has them. None is a value that the request does not give."""

    email: str | None = None
    display_name: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    external_id: str | None = None
    active: bool | None = None
    employee_number: str | None = None
    department: str | None = None
    cost_center: str | None = None
    division: str | None = None


def users(call: Call, wanted: Condition = NO_FILTER) -> list[sqlite3.Row]:
    """Return the directory users, oldest first: all, or those that a filter finds."""
    sql, values = wanted
    query = f"SELECT * FROM directory_users WHERE {sql} ORDER BY number"  # noqa: S608 (of fixed parts; values are bound)
    return call.db.execute(query, values).fetchall()


def user(call: Call, key: str) -> sqlite3.Row:
    """Return one directory user. Raises a refusal (404)."""
    row: sqlite3.Row | None = call.db.execute("SELECT * FROM directory_users WHERE key = ?", (key,)).fetchone()
    if row is None:
        raise ScimRefusal(404, "User not found")
    return row


def is_user(call: Call, key: str) -> bool:
    return call.db.execute("SELECT 1 FROM directory_users WHERE key = ?", (key,)).fetchone() is not None


def create_user(call: Call, person: Person) -> str:
    """Add a person to the organisation and return the key: a login without a product. Raises a refusal (400, 409).

    Somebody who left the organisation, and whose user is still in the account, comes back as that user (assumed).
    """
    address = scim_values.valid_address(person.email)
    _require_valid(call, person, address)
    found = find_by_address(call, address)
    if found is not None and not _has_left(call, found["key"]):
        raise ScimRefusal(409, "userName is in use", scim_type="uniqueness")
    key = _new_login(call, person, address) if found is None else str(found["key"])
    call.db.execute("DELETE FROM left_directory WHERE user_key = ?", (key,))
    _write(call, key, person, whole=EVERYTHING if found is None else NOTHING)
    if person.active is not None:
        _set_active(call, key, active=person.active)
    note_change(call)
    return key


def _has_left(call: Call, key: str) -> bool:
    return call.db.execute("SELECT 1 FROM left_directory WHERE user_key = ?", (key,)).fetchone() is not None


def _new_login(call: Call, person: Person, address: str) -> str:
    """Make the user. The contract requires no names; the account does, so they are taken from the address (assumed)."""
    caller = call.db.execute("SELECT principal_key FROM account").fetchone()[0]
    given = person.first_name or address.partition("@")[0]
    login = {"email": address, "firstName": given, "lastName": person.last_name or given, "locale": person.locale}
    silent = call.switches.directory_welcome == "first_product"
    body = NewUsers.model_validate({"users": [login], "suppressEmail": silent})
    return str(people.create(call, body, caller, all_or_nothing=True, as_directory=True)[0]["key"])


def change_user(call: Call, key: str, person: Person, *, whole: frozenset[str]) -> None:
    """Change a directory user, wholly (PUT: what *whole* names goes if it is not given) or in part (PATCH).

    Even a locked address can be changed here. Raises a refusal (400, 404, 409).
    """
    user(call, key)
    _change(call, key, person, whole=whole)


def change_caller(call: Call, key: str, person: Person, *, whole: frozenset[str]) -> None:
    """Let people change themselves, but for the address of a member of the organisation (documented: support pages)."""
    held = require_user(call, key)["email"]
    if is_user(call, key) and person.email is not None and person.email != held:
        raise ScimRefusal(401, "Members of the organisation cannot change their own e-mail", standard_status=403)
    _change(call, key, person, whole=whole)


def _change(call: Call, key: str, person: Person, *, whole: frozenset[str]) -> None:
    held = str(require_user(call, key)["email"])
    address = held if person.email is None and not whole else scim_values.valid_address(person.email)
    _require_valid(call, person, None if address == held else address)
    other = find_by_address(call, address)
    is_elsewhere = address != held and transfers.lives_elsewhere(call, address)
    if is_elsewhere or (other is not None and other["key"] != key):
        raise ScimRefusal(409, "userName is in use", scim_type="uniqueness")
    call.db.execute("UPDATE users SET email = ?, email_folded = ? WHERE key = ?", (address, address.casefold(), key))
    _write(call, key, person, whole=whole)
    if person.active is not None:
        _set_active(call, key, active=person.active)
    note_change(call)


def _write(call: Call, key: str, person: Person, *, whole: frozenset[str]) -> None:
    """Write the values that are given, and blank those of *whole* that are not. The language is then the account's;
    names are never blank (assumed)."""
    language = call.db.execute("SELECT locale FROM account").fetchone()["locale"]
    locale = scim_values.valid_locale(person.locale) if person.locale else (language if "locale" in whole else None)
    call.db.execute(
        "UPDATE users SET first_name = coalesce(?, first_name), last_name = coalesce(?, last_name),"
        " locale = coalesce(?, locale), time_zone = coalesce(?, CASE WHEN ? THEN NULL ELSE time_zone END)"
        " WHERE key = ?",
        (person.first_name or None, person.last_name or None, locale, person.time_zone, "time_zone" in whole, key),
    )
    call.db.execute("INSERT OR IGNORE INTO profiles (user_key) VALUES (?)", (key,))
    for name in PROFILE:
        value = getattr(person, name)
        if name in whole or value is not None:
            call.db.execute(f"UPDATE profiles SET {name} = ? WHERE user_key = ?", (value or None, key))  # noqa: S608


def _set_active(call: Call, key: str, *, active: bool) -> None:
    """Deactivated: role and products go, the user stays (documented: GoTo's page on Okta). Activating gives nothing:
    that is for User Sync, or an admin."""
    was_active = call.db.execute("SELECT active FROM profiles WHERE user_key = ?", (key,)).fetchone()["active"]
    call.db.execute("UPDATE profiles SET active = ? WHERE user_key = ?", (active, key))
    if was_active and not active:
        strip(call, key)


def strip(call: Call, key: str) -> None:
    """Take all products and the role from somebody, which makes them Suspended."""
    nothing = UserUpdate.model_validate({"licenseKeys": [], "adminRoles": []})
    people.update(call, key, nothing, suppress_email=False)
    role_sets.give(call, None, [key], suppress_email=False)
    call.db.execute("DELETE FROM sync_given WHERE user_key = ?", (key,))


def delete_user(call: Call, key: str, caller: str) -> None:
    """Take a user out of the organisation; by switch out of the account as well, as one help page has it.

    Raises a refusal: nobody deletes themselves (documented of admins).
    """
    user(call, key)
    if key == caller:
        raise ScimRefusal(401, "Nobody can delete themselves", standard_status=403)
    call.db.execute("DELETE FROM directory_members WHERE member_key = ?", (key,))
    call.db.execute("DELETE FROM organisation_admins WHERE user_key = ?", (key,))
    call.db.execute("INSERT INTO left_directory VALUES (?)", (key,))
    note_change(call)
    if call.switches.scim_delete == "destructive":
        people.delete(call, key)


def note_change(call: Call) -> None:
    """Remember that the directory changed, so that User Sync looks at it when it polls."""
    call.db.execute("UPDATE user_sync SET is_due = 1")


def _require_valid(call: Call, person: Person, new_address: str | None) -> None:
    for name in (person.first_name, person.last_name):
        scim_values.require_valid_name(name)
    if person.locale:
        scim_values.valid_locale(person.locale)
    if person.time_zone:
        scim_values.require_valid_time_zone(person.time_zone)
    if new_address is not None and not organisation.is_verified(call, new_address.rpartition("@")[2]):
        raise ScimRefusal(400, "The e-mail domain is none of the organisation's", scim_type="invalidValue")


def require_right(call: Call, caller: str, *, write: bool) -> None:
    """Raise a refusal (401, as the contract has it) unless the caller may read, or write, the organisation."""
    role = organisation.role_of(call, caller)
    if role is None or (write and role != "write"):
        needed = "ROLE_ORG_WRITE" if write else "ROLE_ORG_READ"
        raise ScimRefusal(401, f"{needed} is needed", standard_status=403)
