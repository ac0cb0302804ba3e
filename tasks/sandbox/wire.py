"""The wire format of the Admin API: bodies, keys, refusals, and what each of them rests on."""

import re
import sqlite3
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tasks.sandbox.declared import Key
from tasks.sandbox.switches import Switches


class Basis(StrEnum):
    """What a reply rests on: the verb, path and form of the call; for a refusal, its code.

    Single values and the code of an empty success (204) can be assumed all the same.
    """

    DOCUMENTED = "documented"  # by the vendor
    OBSERVED = "observed"  # in public client code, or in recorded replies
    ASSUMED = "assumed"  # our choice


OBSERVED_CODES = frozenset(
    {
        "user.not.found", "user.name.conflict", "group.not.found", "group.name.required", "group.name.conflict",
        "not.authenticated",
    }
)  # fmt: skip


@dataclass(frozen=True)
class Problem:
    """One entry of a refusal: a code in GoTo's style, and the value that it is about."""

    code: str
    value: str | None = None


class GotoRefusal(Exception):
    """The platform says no; what the call did until then is undone."""

    def __init__(self, status: int, *problems: Problem, basis: Basis | None = None) -> None:
        self.status = status
        self.problems = problems
        observed = all(problem.code in OBSERVED_CODES for problem in problems)
        self.basis = basis or (Basis.OBSERVED if observed else Basis.ASSUMED)
        super().__init__(", ".join(sorted({problem.code for problem in problems})))


@dataclass(frozen=True)
class Call:
    """One call to the platform: its transaction, its moment, and the switches as they stand."""

    db: sqlite3.Connection
    now: datetime
    switches: Switches

    @property
    def now_ms(self) -> int:
        return int(self.now.timestamp() * 1000)

    def key(self, key: str) -> str | int:
        """Write a key as the switches want it."""
        return int(key) if self.switches.numeric_keys else key

    def keys(self, keys: list[str]) -> list[str | int]:
        return [self.key(key) for key in keys]


class Body(BaseModel):
    """A request's body. Fields that are not known are seen, so that a switch can refuse them."""

    model_config = ConfigDict(extra="allow", frozen=True, alias_generator=to_camel)

    def unknown_fields(self) -> list[str]:
        """Return the names of fields that are not known here, those of parts included."""
        names = list(self.model_extra or {})
        for name in type(self).model_fields:
            part = getattr(self, name)
            names += [field for item in (part if isinstance(part, list) else []) for field in _unknown(item)]
        return sorted(set(names))


def _unknown(item: Any) -> list[str]:
    return item.unknown_fields() if isinstance(item, Body) else []


class NewUser(Body):
    """One user of a create. What is required is checked apart, since each lack has a code of its own."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    licence_keys: list[Key] | None = Field(default=None, alias="licenseKeys")
    admin_roles: list[str] | None = None
    managed_group_keys: list[Key] | None = None
    group_key: Key | None = None
    template_key: Key | None = None
    settings_template_key: Key | None = None
    custom_attributes: dict[str, str | None] | None = None


class NewUsers(Body):
    """The body of a create. What stands in a user goes before what stands beside ``users``."""

    users: list[NewUser]
    licence_keys: list[Key] | None = Field(default=None, alias="licenseKeys")
    admin_roles: list[str] | None = None
    managed_group_keys: list[Key] | None = None
    group_key: Key | None = None
    template_key: Key | None = None
    settings_template_key: Key | None = None
    suppress_email: bool = False


class UserUpdate(Body):
    """A partial user. A field that is absent stays; ``suppressEmail`` here, like the query's, is assumed."""

    email: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    locale: str | None = None
    time_zone: str | None = None
    licence_keys: list[Key] | None = Field(default=None, alias="licenseKeys")
    admin_roles: list[str] | None = None
    managed_group_keys: list[Key] | None = None
    group_key: Key | None = None
    custom_attributes: dict[str, str | None] | None = None
    suppress_email: bool = False


class NewGroup(Body):
    name: str | None = None
    parent_key: Key | None = None


class GroupUpdate(Body):
    name: str | None = None


class AccountUpdate(Body):
    """A partial account."""

    name: str | None = None
    locale: str | None = None


class NewAttribute(Body):
    name: str | None = None


class NewTemplate(Body):
    """A template of the welcome mail (``locale`` is assumed)."""

    title: str | None = None
    subject: str | None = None
    text: str | None = None
    locale: str | None = None


PLACED = {
    "licence_keys": "licenseKeys",
    "admin_roles": "adminRoles",
    "managed_group_keys": "managedGroupKeys",
    "group_key": "groupKey",
    "template_key": "templateKey",
    "settings_template_key": "settingsTemplateKey",
}
"""Fields that stand beside the users of a create, in each of them, or both: by switch, since it is not known."""


_ASSUMED_FIELDS = ("managed_group_keys", "template_key", "settings_template_key", "custom_attributes")


def basis_of_body(body: Body, basis: Basis) -> Basis:
    """Return what a call with *body* rests on that has *basis* otherwise: fields that are assumed make it so."""
    parts: list[Body] = [body, *(body.users if isinstance(body, NewUsers) else [])]
    uses_assumed = any(getattr(part, name, None) is not None for part in parts for name in _ASSUMED_FIELDS)
    return Basis.ASSUMED if uses_assumed else basis


def placed(body: NewUsers, person: NewUser, name: str, switches: Switches) -> Any:
    """Return the field *name* of PLACED as one user of a create has it, None where it is not given."""
    own = getattr(person, name) if switches.create_placement != "top_level" else None
    if own is not None:
        return own
    return getattr(body, name) if switches.create_placement != "per_user" else None


def _misplaced_fields(body: Body, switches: Switches) -> list[str]:
    if not isinstance(body, NewUsers):
        return []
    elsewhere: dict[str, list[Body]] = {"both": [], "top_level": [*body.users], "per_user": [body]}
    parts = elsewhere[switches.create_placement]
    return [word for name, word in PLACED.items() if any(getattr(part, name) is not None for part in parts)]


def require_known_fields(body: Body, switches: Switches) -> None:
    """Raise a refusal if *body* carries its own ``key``, or (by switch) a field that is not known where it stands."""
    unknown = sorted({*body.unknown_fields(), *_misplaced_fields(body, switches)})
    if "key" in unknown:
        raise GotoRefusal(400, Problem("key.not.allowed", "key"), basis=Basis.OBSERVED)
    if unknown and switches.refuse_unknown_fields:
        raise GotoRefusal(400, *(Problem("field.unknown", name) for name in unknown))


@dataclass(frozen=True)
class Page:
    """The part of a list that a call asks for; ``offset`` counts from zero."""

    offset: int
    size: int

    @classmethod
    def of(cls, offset: str | None, size: str | None, switches: Switches) -> "Page":
        """Read ``offset`` and ``pageSize``. Raises a refusal where one is no number in range."""
        start, wanted = (
            _whole("offset", offset or "0", 0),
            _whole("pageSize", size or str(switches.default_page_size), 1),
        )
        return cls(start, min(wanted, switches.max_page_size))

    def envelope(self, entries: list[dict[str, Any]], total: int, switches: Switches) -> dict[str, Any]:
        """Wrap one page. ``toIndex`` is an exclusive end; ``results`` may be missing where nothing matches."""
        if total == 0 and switches.empty_results == "missing":
            return {"fromIndex": 0, "toIndex": 0, "total": 0}
        start = min(self.offset, total)
        return {"results": entries, "fromIndex": start, "toIndex": start + len(entries), "total": total}


def _whole(name: str, text: str, least: int) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise GotoRefusal(400, Problem("parameter.invalid", name))
    return int(text)
