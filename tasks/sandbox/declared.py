"""The declared state: what a sandbox holds when it is new, as a JSON document.

The embedded ``default_state.json`` is an example of every part of it.
"""

import json
import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from tasks.model.errors import BadUsage
from tasks.model.pipeline import SANDBOX_AUTH
from tasks.sandbox.declared_checks import PRODUCTS as PRODUCTS
from tasks.sandbox.declared_checks import SUPER_USER as SUPER_USER
from tasks.sandbox.declared_checks import require_whole

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
        require_whole(self)
        return self


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
