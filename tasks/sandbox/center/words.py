"""How the pages name things. Names of products and of the one role that is documented are GoTo's; the rest is ours."""

import re
from datetime import UTC, datetime

from tasks.sandbox.product_names import product as product

ROLES = {"SUPER_USER": "Super admin"}
LANGUAGES = {
    "en": "English", "de": "German", "fr": "French", "it": "Italian", "es": "Spanish", "pt": "Portuguese",
    "nl": "Dutch", "zh": "Chinese", "ja": "Japanese",
}  # fmt: skip
STATUSES = {
    "ACTIVE": "Active",
    "INVITED": "Invited",
    "INACTIVE": "Inactive",
    "SUSPENDED": "Suspended",
    "DELETED": "Deleted",
}
ORGANISATION_ROLES = {"write": "Admin (read & write)", "read": "Admin (read only)"}
MAILS = {
    "welcome": "Welcome",
    "product-change": "Products changed",
    "role-change": "Role changed",
    "get-started": "Get started",
    "transfer": "Move here",
}
DOERS = {
    "/admin/rest/v1": "Admin API",
    "/identity/v1": "Directory API (SCIM 1.1)",
    "/identity/scim/v2": "Directory API (SCIM 2.0)",
    "/sandbox/create-password": "The link in the mail",
    "/sandbox/transfer": "The link in the mail",
    "/sandbox": "Control call",
    "/center": "This Admin Center",
}
"""Who did something, by the start of the call's path."""


def role(name: str) -> str:
    """Return a role for reading.

    >>> role("SUPER_USER"), role("MANAGE_USERS")
    ('Super admin', 'Manage users')
    """
    return ROLES.get(name) or name.replace("_", " ").capitalize()


def language(locale: str) -> str:
    """Return the name of a language with its locale.

    >>> language("fr_FR"), language("sv_SE")
    ('French (fr_FR)', 'sv_SE')
    """
    name = LANGUAGES.get(locale.partition("_")[0])
    return f"{name} ({locale})" if name else locale


def moment(value: str | int) -> str:
    """Return a moment, ISO text or epoch milliseconds, for reading: a day and a time in UTC.

    >>> moment("2026-03-01T08:05:00.250+02:00"), moment(0)
    ('1 Mar 2026, 06:05', '1 Jan 1970, 00:00')
    """
    time = datetime.fromtimestamp(value / 1000, UTC) if isinstance(value, int) else datetime.fromisoformat(value)
    time = time.astimezone(UTC)
    return f"{time.day} {_MONTHS[time.month - 1]} {time.year}, {time:%H:%M}"


def done_by(call: str) -> tuple[str, str]:
    """Return who did what a call did, and the call without keys, blank where there is none to be shown.

    >>> done_by("PUT /admin/rest/v1/accounts/3001/users/7002/groups")
    ('Admin API', 'PUT /users/…/groups')
    >>> done_by("User Sync"), done_by("POST /sandbox/create-password/secret")
    (('User Sync', ''), ('The link in the mail', ''))
    """
    method, _, path = call.partition(" /")
    start = next((start for start in DOERS if f"/{path}".startswith(start)), None) if path else None
    if start is None:
        return call or "The sandbox", ""
    shown = re.sub(r"/\d[\d,]*", "/…", f"/{path}".removeprefix(start)).removeprefix("/accounts/…")
    by_person = start in ("/sandbox/create-password", "/sandbox/transfer", "/center")
    return DOERS[start], "" if by_person else f"{method} {shown}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    >>> counted(1, "person", "people"), counted(1200, "seat")
    ('1 person', '1,200 seats')
    """
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
