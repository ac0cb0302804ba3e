"""Users and groups as the SCIM 2.0 surface reads and writes them (RFC 7643).

The attributes are those that Entra ID maps for GoTo (documented: its tutorial), and the name to show, language and
time zone of the platform's own SCIM API. ``emails`` shows the address and is not read: ``userName`` is the address.
"""

from collections.abc import Callable
from typing import Any

from fastapi import Request

from tasks.sandbox import directory_groups
from tasks.sandbox.directory import Person
from tasks.sandbox.directory_groups import GROUP, USER, Member
from tasks.sandbox.routes.scim_access import PREFIX_2, location, moment, text_of
from tasks.sandbox.scim2_filters import Attribute, key_in, values_of
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.wire import Call

USER_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP_SCHEMA = "urn:ietf:params:scim:schemas:core:2.0:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
ENTERPRISE_COLUMNS = {
    "employeeNumber": "employee_number",
    "department": "department",
    "costCenter": "cost_center",
    "division": "division",
}
ALWAYS = frozenset({"schemas", "id"})
"""What every answer has, whatever attributes were asked for."""


def user(request: Request, row: Any) -> dict[str, Any]:
    """Write a user; ``groups`` are put in apart, since they take a look for each."""
    enterprise = {name: row[column] for name, column in ENTERPRISE_COLUMNS.items() if row[column]}
    names = {"givenName": row["first_name"], "familyName": row["last_name"]}
    return {
        "schemas": [USER_SCHEMA, *([ENTERPRISE] if enterprise else [])],
        "id": row["key"],
        **({"externalId": row["external_id"]} if row["external_id"] else {}),
        "userName": row["email"],
        "name": {**names, "formatted": f"{row['first_name']} {row['last_name']}"},
        "displayName": row["display_name"],
        "emails": [{"value": row["email"], "type": "work", "primary": True}],
        "active": bool(row["active"]),
        "locale": row["locale"],
        **({"timezone": row["time_zone"]} if row["time_zone"] else {}),
        **({ENTERPRISE: enterprise} if enterprise else {}),
        "meta": _meta(request, "User", f"Users/{row['key']}", row["invited_ms"]),
    }


def as_kept(request: Request, row: Any) -> dict[str, Any]:
    """Write a user without the name to show, if nobody chose one: it then follows the person's names."""
    shown = user(request, row)
    return shown if row["chosen_name"] else {key: value for key, value in shown.items() if key != "displayName"}


def groups_of(request: Request, call: Call, key: str) -> dict[str, Any]:
    """Write the groups that a user is in."""
    held = directory_groups.groups_of(call, key)
    return {"groups": [_reference(request, row["key"], row["name"], "Groups") for row in held]} if held else {}


def person(resource: dict[str, Any]) -> Person:
    """Read a user. Raises a refusal (400)."""
    name, enterprise = _complex(resource, "name"), _complex(resource, ENTERPRISE)
    values = {column: _text(enterprise, attribute) for attribute, column in ENTERPRISE_COLUMNS.items()}
    return Person(
        email=_text(resource, "userName"),
        display_name=_text(resource, "displayName"),
        first_name=_text(name, "givenName"),
        last_name=_text(name, "familyName"),
        locale=_text(resource, "locale"),
        time_zone=_text(resource, "timezone"),
        external_id=_text(resource, "externalId"),
        active=_flag(resource, "active"),
        **values,
    )


def group(request: Request, call: Call, row: Any, *, with_members: bool = True) -> dict[str, Any]:
    shown = {
        "schemas": [GROUP_SCHEMA],
        "id": row["key"],
        **({"externalId": row["external_id"]} if row["external_id"] else {}),
        "displayName": row["name"],
        "meta": _meta(request, "Group", f"Groups/{row['key']}", row["created_ms"]),
    }
    return shown | ({"members": _members(request, call, row["key"])} if with_members else {})


def _members(request: Request, call: Call, key: str) -> list[dict[str, Any]]:
    rows = call.db.execute(
        "SELECT member_key, kind, coalesce(directory_groups.name, directory_users.display_name) AS display"
        " FROM directory_members LEFT JOIN directory_groups ON directory_groups.key = member_key"
        " LEFT JOIN directory_users ON directory_users.key = member_key"
        " WHERE directory_members.group_key = ? ORDER BY member_key",
        (key,),
    )
    endpoint = {USER: ("Users", "User"), GROUP: ("Groups", "Group")}
    return [
        _reference(request, row["member_key"], row["display"], endpoint[row["kind"]][0])
        | {"type": endpoint[row["kind"]][1]}
        for row in rows
    ]


def _reference(request: Request, key: str, display: str, endpoint: str) -> dict[str, Any]:
    return {"value": key, "$ref": location(request, PREFIX_2, f"{endpoint}/{key}"), "display": display}


def members(call: Call, resource: dict[str, Any]) -> list[Member]:
    """Read the members of a group. Without a type they are what the directory has under their id."""
    listed = resource.get(key_in(resource, "members")) or []
    if not isinstance(listed, list):
        raise ScimRefusal(400, "members is a list", scim_type="invalidValue")
    return list(dict.fromkeys(_member(call, item) for item in listed))


def _member(call: Call, item: Any) -> Member:
    key, kind = text_of(item, "value"), (text_of(item, "type") or "").lower()
    if not key or kind not in {"", USER, GROUP}:
        raise ScimRefusal(400, "A member has a value, and a type User or Group", scim_type="invalidValue")
    if not kind:
        is_group = call.db.execute("SELECT 1 FROM directory_groups WHERE key = ?", (key,)).fetchone()
        kind = GROUP if is_group else USER
    return Member(key, kind)


def group_values(resource: dict[str, Any]) -> tuple[str | None, str | None]:
    """Read a group's name and external id."""
    return _text(resource, "displayName"), _text(resource, "externalId")


def trimmed(resource: dict[str, Any], wanted: str | None, unwanted: str | None) -> dict[str, Any]:
    """Return the attributes that were asked for, or all but those that were not wanted (RFC 7644 §3.9)."""
    if wanted:
        names = {_top(name) for name in wanted.split(",")}
        return {key: value for key, value in resource.items() if key in ALWAYS or key.lower() in names}
    names = {_top(name) for name in (unwanted or "").split(",")}
    return {key: value for key, value in resource.items() if key in ALWAYS or key.lower() not in names}


def _top(name: str) -> str:
    """Return the attribute or the extension of a name that may go on to a part."""
    text = name.strip().lower()
    return ENTERPRISE.lower() if text.startswith(ENTERPRISE.lower()) else text.rpartition(":")[2].partition(".")[0]


def sort_key(attribute: Attribute) -> Callable[[dict[str, Any]], tuple[bool, str]]:
    """Return the key to sort resources by: those without a value come last, upper and lower case are alike."""

    def key(resource: dict[str, Any]) -> tuple[bool, str]:
        value = next(values_of(resource, attribute), None)
        return value is None, str(value).casefold()

    return key


def _meta(request: Request, kind: str, path: str, created_ms: int) -> dict[str, str]:
    return {
        "resourceType": kind, "created": moment(created_ms), "location": location(request, PREFIX_2, path)
    }  # fmt: skip


def _complex(resource: dict[str, Any], name: str) -> dict[str, Any]:
    value = resource.get(key_in(resource, name)) or {}
    if not isinstance(value, dict):
        raise ScimRefusal(400, f"{name} has parts", scim_type="invalidValue")
    return value


def _text(resource: dict[str, Any], name: str) -> str | None:
    return text_of(resource, key_in(resource, name))


def _flag(resource: dict[str, Any], name: str) -> bool | None:
    """Read a truth value. Entra ID writes it as text."""
    value = resource.get(key_in(resource, name))
    value = {"true": True, "false": False}.get(value.lower(), value) if isinstance(value, str) else value
    if value is not None and not isinstance(value, bool):
        raise ScimRefusal(400, f"{name} is true or false", scim_type="invalidValue")
    return value
