"""The declared state: what a sandbox holds when it is new, as a JSON document.

The embedded ``default_state.json`` is an example of every part of it.
"""

import json
import re
from collections.abc import Iterable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from tasks.model.errors import BadUsage
from tasks.model.pipeline import SANDBOX_AUTH

PRODUCTS = ("G2M", "G2MFREE", "G2W", "G2T", "G2C", "JIVE", "G2A", "G2AC", "OPENVOICE", "G2ASD", "G2ASEEIT")
"""Product codes: the last three are assumed, ``G2A`` and ``G2AC`` are observed as API names only."""

SUPER_USER = "SUPER_USER"
ADDRESS = r"^[^@\s\"]+@[^@\s\"]+\.[^@\s\".]+$"
DOMAIN = r"^[a-z0-9-]+(\.[a-z0-9-]+)+$"
LOCALE = r"^[a-z]{2}_[A-Z]{2}$"


def _key(value: Any) -> Any:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Key = Annotated[str, BeforeValidator(_key), Field(pattern=re.compile(r"^[0-9]{1,40}$"))]
"""A key as GoTo gives them: decimal, longer than a float or 64 bits can hold; always text here."""


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class DeclaredAccount(_Declared):
    """The tenant. ``locale`` is the language of new users who are given none."""

    key: Key
    name: str = Field(min_length=1)
    locale: str = Field(default="en_US", pattern=LOCALE)


class DeclaredLicence(_Declared):
    """A licence; ``seats`` null means any number."""

    key: Key
    description: str = ""
    products: tuple[str, ...] = Field(min_length=1)
    seats: int | None = Field(default=None, ge=0)
    enabled: bool = True


class DeclaredGroup(_Declared):
    key: Key
    name: str = Field(min_length=1)
    parent_key: Key | None = None


class DeclaredUser(_Declared):
    """A user. Without ``key`` the sandbox makes one; ``activated`` says that the invitation was accepted."""

    email: str = Field(pattern=ADDRESS, max_length=128)
    first_name: str = Field(min_length=1)
    last_name: str = Field(min_length=1)
    locale: str | None = Field(default=None, pattern=LOCALE)
    licence_keys: tuple[Key, ...] = ()
    admin_roles: tuple[str, ...] = ()
    group_key: Key | None = None
    key: Key | None = None
    activated: bool = False
    inactive: bool = False
    email_locked: bool = False
    pending_transfer: bool = False
    managed_groups: tuple[Key, ...] = ()
    role_set: Key | None = None
    settings_template: Key | None = None
    custom_attributes: dict[str, str] = Field(default_factory=dict)


class DeclaredRoleSet(_Declared):
    """A custom role."""

    id: Key
    name: str = Field(min_length=1)


class DeclaredTemplate(_Declared):
    """A welcome mail. ``{name}``, ``{account}`` and ``{link}`` stand for what is the person's own (assumed)."""

    key: Key
    title: str = Field(min_length=1)
    subject: str = Field(min_length=1)
    text: str = Field(min_length=1)
    locale: str | None = Field(default=None, pattern=LOCALE)


class DeclaredSettingsTemplate(_Declared):
    key: Key
    name: str = Field(min_length=1)


class DeclaredAttribute(_Declared):
    """A custom attribute of users, by name."""

    key: Key
    name: str = Field(min_length=1)


class DeclaredOtherAccount(_Declared):
    """Another account at GoTo, with the addresses that live in it. One of them may be a user here, pending."""

    key: Key
    name: str = Field(min_length=1)
    users: tuple[Annotated[str, Field(pattern=ADDRESS, max_length=128)], ...] = ()


class DeclaredWebinar(_Declared):
    """A webinar with its organiser and those who organise it too: users by key, others by address."""

    key: Key
    organizer: Key
    subject: str = Field(min_length=1)
    starts: AwareDatetime
    ends: AwareDatetime
    time_zone: str = "UTC"
    coorganizers: tuple[Key, ...] = ()
    external_coorganizers: tuple[Annotated[str, Field(pattern=ADDRESS)], ...] = ()


class DeclaredDomain(_Declared):
    domain: str = Field(pattern=DOMAIN)
    status: Literal["verified", "pending", "expired"] = "verified"


class DeclaredAdmin(_Declared):
    """An organisation admin: read and write, or read only."""

    user: Key
    role: Literal["write", "read"] = "write"


class DeclaredDirectoryGroup(_Declared):
    """A group of the organisation's directory, with the users in it. Without ``key`` the sandbox makes one."""

    key: Key | None = None
    name: str = Field(min_length=1, max_length=128)
    members: tuple[Key, ...] = ()


class DeclaredOrganisation(_Declared):
    """What the Organization Center holds. Without a verified domain there is no organisation yet."""

    name: str = Field(min_length=1)
    domains: tuple[DeclaredDomain, ...] = ()
    admins: tuple[DeclaredAdmin, ...] = ()
    groups: tuple[DeclaredDirectoryGroup, ...] = ()


class Credentials(_Declared):
    """What the token endpoint accepts, and the user for whom tokens speak: the first super admin, if none is named."""

    client_id: str = SANDBOX_AUTH["client_id"]
    client_secret: str = SANDBOX_AUTH["client_secret"]
    pat: str = SANDBOX_AUTH["pat"]
    principal: Key | None = None


class OAuthClient(_Declared):
    """The OAuth client: its scopes, separated by blanks. Only these can be granted."""

    scope: str = Field(pattern=r"\S")


class DeclaredState(_Declared):
    """A whole tenant. It has a user who is ``SUPER_USER``; unless another is named, tokens speak for the first."""

    account: DeclaredAccount
    licences: tuple[DeclaredLicence, ...] = ()
    groups: tuple[DeclaredGroup, ...] = ()
    users: tuple[DeclaredUser, ...] = ()
    credentials: Credentials = Credentials()
    organisation: DeclaredOrganisation | None = None
    oauth: OAuthClient | None = None
    role_sets: tuple[DeclaredRoleSet, ...] = ()
    templates: tuple[DeclaredTemplate, ...] = ()
    settings_templates: tuple[DeclaredSettingsTemplate, ...] = ()
    attributes: tuple[DeclaredAttribute, ...] = ()
    other_accounts: tuple[DeclaredOtherAccount, ...] = ()
    webinars: tuple[DeclaredWebinar, ...] = ()

    @model_validator(mode="after")
    def _holds_together(self) -> "DeclaredState":
        _unique("licence keys", [licence.key for licence in self.licences])
        _unique("group keys", [group.key for group in self.groups])
        _unique("group names", [group.name.casefold() for group in self.groups])
        _unique("user keys", [user.key for user in self.users if user.key])
        _unique("e-mail addresses", [user.email.casefold() for user in self.users])
        _known("product", [code for licence in self.licences for code in licence.products], PRODUCTS)
        groups = [group.key for group in self.groups]
        _known("licence", [key for user in self.users for key in user.licence_keys], [x.key for x in self.licences])
        _known("group", [user.group_key for user in self.users if user.group_key], groups)
        for number, group in enumerate(self.groups):  # a parent stands before its subgroups, so there is no circle
            _known("parent group", [group.parent_key] if group.parent_key else [], groups[:number])
        if self.organisation is not None:
            _unique("domains", [domain.domain.lower() for domain in self.organisation.domains])
            admins = [admin.user for admin in self.organisation.admins]
            members = [key for group in self.organisation.groups for key in group.members]
            _known("user", [*admins, *members], [user.key for user in self.users if user.key])
            _unique("directory group names", [group.name.casefold() for group in self.organisation.groups])
            _unique("directory group keys", [group.key for group in self.organisation.groups if group.key])
        self._require_seats()
        self._require_extras()
        if self.credentials.principal is not None:
            _known("user", [self.credentials.principal], [user.key for user in self.users if user.key])
        if not any(SUPER_USER in user.admin_roles for user in self.users):
            raise ValueError(f"no user has the admin role {SUPER_USER}, and tokens speak for the first who has")
        return self

    def _require_extras(self) -> None:
        for what, keys in (
            ("role sets", [role_set.id for role_set in self.role_sets]),
            ("templates", [template.key for template in self.templates]),
            ("settings templates", [template.key for template in self.settings_templates]),
            ("attribute keys", [attribute.key for attribute in self.attributes]),
            ("attribute names", [attribute.name.casefold() for attribute in self.attributes]),
            ("other accounts", [self.account.key, *(account.key for account in self.other_accounts)]),
            ("addresses elsewhere", [email.casefold() for other in self.other_accounts for email in other.users]),
            ("webinars", [webinar.key for webinar in self.webinars]),
        ):
            _unique(what, keys)
        users, held = [user.key for user in self.users if user.key], self.users
        _known("role set", [user.role_set for user in held if user.role_set], [role.id for role in self.role_sets])
        templates = [template.key for template in self.settings_templates]
        _known("settings template", [user.settings_template for user in held if user.settings_template], templates)
        _known("group", [key for user in held for key in user.managed_groups], [group.key for group in self.groups])
        names = [attribute.name for attribute in self.attributes]
        _known("attribute", [name for user in held for name in user.custom_attributes], names)
        _known("user", [key for webinar in self.webinars for key in (webinar.organizer, *webinar.coorganizers)], users)
        if any(webinar.ends <= webinar.starts for webinar in self.webinars):
            raise ValueError("a webinar ends before it starts")
        self._require_homes()

    def _require_homes(self) -> None:
        elsewhere = {email.casefold() for other in self.other_accounts for email in other.users}
        for number, user in enumerate(self.users):
            if user.pending_transfer and (user.activated or user.email.casefold() not in elsewhere):
                raise ValueError(f"user {number} is to move here, and lives in no other account or is active already")
            if user.email.casefold() in elsewhere and not user.pending_transfer:
                raise ValueError(f"user {number} lives in another account too, and has no pending transfer")
            if user.inactive and not user.activated:
                raise ValueError(f"user {number} is inactive, and was never activated")

    def _require_seats(self) -> None:
        for licence in self.licences:
            held = sum(licence.key in user.licence_keys for user in self.users)
            if licence.seats is not None and held > licence.seats:
                raise ValueError(f"licence {licence.key} has {licence.seats} seats and {held} users who hold it")


def _unique(what: str, values: list[str]) -> None:
    if twice := len(values) - len(set(values)):
        raise ValueError(f"{what} stand there twice ({twice} too many)")


def _known(what: str, named: Iterable[str], valid: Iterable[str]) -> None:
    if unknown := sorted(set(named) - set(valid)):
        raise ValueError(f"unknown {what} {', '.join(unknown)}; there is {', '.join(valid) or 'none'}")


def default_state() -> DeclaredState:
    """Return the state of a sandbox for which none was declared."""
    return DeclaredState.model_validate_json(files("tasks.sandbox").joinpath("default_state.json").read_bytes())


def read_state(source: Path | Mapping[str, Any] | DeclaredState | None) -> DeclaredState:
    """Return the declared state that *source* holds: a JSON file, a document, a state, or None for the default.

    Raises ``BadUsage`` if the file cannot be read or the document is not a state; cell contents are not named.
    """
    if source is None:
        return default_state()
    if isinstance(source, DeclaredState):
        return source
    document = _document(source) if isinstance(source, Path) else source
    try:
        return DeclaredState.model_validate(document)
    except ValidationError as exc:
        name = f"The declared state {source}" if isinstance(source, Path) else "The declared state"
        problems = "; ".join(_worded(error["loc"], error["msg"]) for error in exc.errors()[:5])
        raise BadUsage(
            f"{name} is not one: {problems}.",
            sent="The sandbox was not changed.",
            remedy="tasks/sandbox/default_state.json shows the form.",
            problems=exc.error_count(),
        ) from exc


def _document(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except OSError as exc:
        raise BadUsage(f"The declared state {path} cannot be read ({exc.strerror}).", sent="") from exc
    except ValueError as exc:
        raise BadUsage(f"The declared state {path} is not JSON.", sent="") from exc


def _worded(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in place)
    text = message.removeprefix("Value error, ")
    return f"{where}: {text}" if where else text
