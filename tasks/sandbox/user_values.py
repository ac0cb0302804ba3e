"""What values a user may have: names, addresses, languages, roles. Codes are assumed, in the style of those seen."""

import re
from collections.abc import Iterator, Sequence

from tasks.sandbox.declared import ADDRESS, LOCALE, SUPER_USER
from tasks.sandbox.wire import Call, NewUser, Problem, UserUpdate

CONFIRMED_ROLES = (SUPER_USER, "ADD_USERS", "MANAGE_ACCOUNT", "MANAGE_USERS")
ASSUMED_ROLES = ("MANAGE_SEATS", "MANAGE_GROUPS", "MANAGE_SETTINGS", "RUN_REPORTS")
LOCALES = ("en_US", "de_DE", "fr_FR", "it_IT", "es_ES", "pt_BR", "nl_NL", "zh_CN", "ja_JP")
LONGEST = {"email": 128, "first_name": 32, "last_name": 32}
WIRE_NAMES = {"email": "email", "first_name": "firstname", "last_name": "lastname"}
"""How codes name the fields."""


def value_problems(call: Call, person: NewUser | UserUpdate, roles: Sequence[str]) -> Iterator[Problem]:
    """Tell what is wrong with values that are there; whether one is missing is not asked."""
    for name, longest in LONGEST.items():
        if len(getattr(person, name) or "") > longest:
            yield Problem(f"user.{WIRE_NAMES[name]}.too.long", str(longest))
    if person.email and not re.fullmatch(ADDRESS, person.email):
        yield Problem("user.email.invalid", person.email)
    yield from locale_problems(call, person.locale, "user.locale.invalid")
    for role in sorted(set(roles) - _known_roles(call, roles)):
        yield Problem("role.not.found", role)


def locale_problems(call: Call, locale: str | None, code: str) -> Iterator[Problem]:
    is_known = locale in LOCALES if call.switches.strict_locales else re.fullmatch(LOCALE, locale or "")
    if locale and not is_known:
        yield Problem(code, locale)


def _known_roles(call: Call, roles: Sequence[str]) -> set[str]:
    if not call.switches.known_roles_only or call.switches.role_list == "any":
        return set(roles)
    invented = ASSUMED_ROLES if call.switches.role_list == "invented" else ()
    return {*CONFIRMED_ROLES, *invented}


def missing_names(person: NewUser) -> Iterator[Problem]:
    """Tell which of address and names a new user lacks."""
    for name, word in WIRE_NAMES.items():
        if not (getattr(person, name) or "").strip():
            yield Problem(f"user.{word}.required", person.email)


def blanked_names(body: UserUpdate) -> Iterator[Problem]:
    """Tell which of address and names an update would make blank."""
    for name, word in WIRE_NAMES.items():
        value = getattr(body, name)
        if value is not None and not value.strip():
            yield Problem(f"user.{word}.required")
