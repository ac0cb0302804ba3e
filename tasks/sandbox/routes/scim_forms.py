"""Users and groups as /identity/v1 reads and writes them (reference section 3.3)."""

from typing import Any

from fastapi import Request

from tasks.sandbox import directory_groups
from tasks.sandbox.directory import Person
from tasks.sandbox.directory_groups import GROUP, USER, Member
from tasks.sandbox.mails import products_of
from tasks.sandbox.routes.scim_access import PREFIX, location, moment, text_of
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.wire import Call

USER_SCHEMA = "urn:scim:schemas:core:1.0"
EXTENSION = "urn:scim:schemas:extension:getgo:1.0"

ADMIN = "acctadmin"
ENTITLEMENTS = {
    "G2C": "gotoconnect", "JIVE": "jive",
    "G2M": "gotomeeting", "G2W": "gotowebinar", "G2T": "gototraining", "OPENVOICE": "openvoice", "G2A": "gotoassist",
}  # fmt: skip
"""By product code. The first two were observed, as was ``acctadmin``; the others are invented in their style."""

_WRITABLE = ("userName", "displayName", "name", "locale", "timezone", "password")
USER_DESCRIPTION: dict[str, Any] = {
    "id": f"{USER_SCHEMA}:User",
    "name": "User",
    "description": "A user of the organisation",
    "schema": USER_SCHEMA,
    "endpoint": "/Users",
    "attributes": [
        *(
            {"name": name, "type": "complex" if name == "name" else "string", "multiValued": False, "readOnly": False,
             "required": name == "userName", "caseExact": False}
            for name in _WRITABLE
        ),
        {"name": "id", "type": "string", "multiValued": False, "readOnly": True, "required": True, "caseExact": True},
        {"name": "meta", "type": "complex", "multiValued": False, "readOnly": True, "required": False,
         "caseExact": True},
    ],
}  # fmt: skip

_ON, _OFF = {"supported": True}, {"supported": False}
CONFIG: dict[str, Any] = {
    "schemas": [USER_SCHEMA], "patch": _ON, "bulk": _OFF, "filter": _ON, "changePassword": _OFF, "sort": _ON,
    "etag": _OFF, "xmlDataFormat": _OFF,
}  # fmt: skip


def person(body: dict[str, Any]) -> Person:
    """Read a user. ``password`` is taken and not kept. Raises a refusal (400)."""
    name = body.get("name")
    if name is not None and not isinstance(name, dict):
        raise ScimRefusal(400, "name is not of givenName and familyName")
    text_of(body, "password")
    return Person(
        email=text_of(body, "userName"),
        display_name=text_of(body, "displayName"),
        first_name=text_of(name, "givenName"),
        last_name=text_of(name, "familyName"),
        locale=text_of(body, "locale"),
        time_zone=text_of(body, "timezone"),
    )


def user(request: Request, call: Call, row: Any) -> dict[str, Any]:
    """Write a user, from the directory's rows or (the caller) from the account's."""
    account = call.db.execute("SELECT key, name FROM account").fetchone()
    held = products_of(call, row["key"])
    entitled = [ADMIN] if row["admin_roles"] != "[]" else []
    entitled += [ENTITLEMENTS[code] for code in held if code in ENTITLEMENTS]
    shown_name = row["display_name"] if "display_name" in row.keys() else f"{row['first_name']} {row['last_name']}"  # noqa: SIM118
    return {
        "schemas": [USER_SCHEMA, EXTENSION],
        "id": row["key"],
        "userName": row["email"],
        "displayName": shown_name,
        "name": {"givenName": row["first_name"], "familyName": row["last_name"]},
        "locale": row["locale"],
        **({"timezone": row["time_zone"]} if row["time_zone"] else {}),
        "meta": _meta(request, f"Users/{row['key']}", row["invited_ms"]),
        EXTENSION: {"accounts": [{"value": account["key"], "display": account["name"], "entitlements": entitled}]},
    }


def group_name(body: dict[str, Any]) -> str | None:
    return text_of(body, "displayName")


def members(body: dict[str, Any]) -> list[Member] | None:
    """Read the members, None where the body has none. Raises a refusal (400)."""
    if "members" not in body:
        return None
    listed = body["members"]
    if not isinstance(listed, list):
        raise ScimRefusal(400, "members is a list of type and value")
    return [_member(item) for item in listed]


def _member(item: Any) -> Member:
    key, kind = text_of(item, "value"), (text_of(item, "type") or USER).lower()
    if not key or kind not in {USER, GROUP}:
        raise ScimRefusal(400, "A member is of type user or group, and a value")
    return Member(key, kind, text_of(item, "operation") == "delete")


def group(request: Request, call: Call, row: Any) -> dict[str, Any]:
    held = [{"type": member.kind, "value": member.key} for member in directory_groups.members(call, row["key"])]
    return {
        "id": row["key"],
        "displayName": row["name"],
        "members": held,
        "meta": _meta(request, f"Groups/{row['key']}", row["created_ms"]),
    }


def _meta(request: Request, path: str, created_ms: int) -> dict[str, str]:
    return {"created": moment(created_ms), "location": location(request, PREFIX, path)}
