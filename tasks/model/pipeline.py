"""The pipeline file as values. Reading it, with lines and suggestions, is ``tasks.pipeline_file``'s work.

Every scalar arrives as text and is typed by its field, so that ``NO`` and ``0123`` survive.
"""

import difflib
import re
from collections.abc import Sequence
from datetime import timedelta
from itertools import groupby
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tasks.model.fields import NAME, Days, IsoDate, Secret, Share, Spec, Texts, listed
from tasks.model.sources import Source

SANDBOX_HOSTS = ("127.0.0.1", "localhost", "[::1]")
SANDBOX_AUTH = {"client_id": "sandbox-client", "client_secret": "sandbox-secret", "pat": "sandbox-pat"}
"""What the sandbox accepts. It holds invented people on this machine only, so these are no secret."""


def _period(value: Any) -> Any:
    if isinstance(value, str):
        first, dots, last = value.partition("..")
        return {"first": first.strip(), "last": (last if dots else first).strip()}
    return value


def _timezone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        near = difflib.get_close_matches(value, sorted(available_timezones()), 1)
        hint = f"did you mean '{near[0]}'?" if near else "write a name such as Europe/Paris or UTC"
        raise ValueError(f"there is no such time zone; {hint}") from None
    return value


CUSTOM_ROLE = "custom:"
"""Before the name of a role that the tenant's admins made themselves (a role set)."""


def _products(values: tuple[str, ...]) -> tuple[str, ...]:
    if not all(re.fullmatch(r"[^/\s]+(/\S.*)?", value) for value in values):
        raise ValueError("write a product as its code, or as code/edition, for example G2W or G2W/Pro")
    return values


class Entitlements(Spec):
    """What a rule gives. Products and directory groups add up over rules; the others come from the highest rule that
    sets them.

    A product is its code (``G2W``), or code and edition (``G2W/Pro``): then only a licence of that description or
    type will do, and of two editions of one product the higher rule's wins. ``manages`` limits the ``roles`` of the
    same rule to these user groups; a role that is the tenant's own is written ``custom:NAME``.
    ``welcome_template`` is the title or key of an e-mail template, ``settings_template`` the key of a settings
    template; both count when an account is made.
    """

    products: Annotated[Texts, AfterValidator(_products)] = ()
    group: str | None = None
    roles: Texts | None = None
    manages: Texts | None = None
    locale: str | None = None
    welcome_template: str | None = None
    settings_template: str | None = None
    directory_groups: Texts = ()

    @model_validator(mode="after")
    def _manages_with_a_role(self) -> "Entitlements":
        if self.manages is not None and not self.roles:
            raise ValueError("manages limits roles: give roles in the same rule")
        return self


class Rule(Spec):
    """Who gets what. ``when`` is met if every named attribute has one of its values (upper and lower case alike).

    ``expect`` are the rule's own examples: a person (id, else address) and the products that this rule gives them
    once the rules above it had their say; an empty list for somebody who is to get none from it.
    """

    name: str = Field(min_length=1)
    when: dict[str, Texts] = Field(default={})
    grant: Entitlements
    enabled: bool = True
    expect: dict[str, Texts] = Field(default={})


class KeepException(Spec):
    """Products that a person keeps until a day (inclusive), whatever the rules say, and why."""

    who: str
    keep: Texts
    until: IsoDate
    reason: str = Field(min_length=1)


class Lifecycle(Spec):
    """What happens to leavers. ``webinars``: a delete waits while the person has scheduled webinars that nobody else
    of the account organises too (``hand_over``), or takes them with it (``lose``)."""

    leavers: Literal["suspend", "report"] = "suspend"
    grace: Days = timedelta(days=14)
    delete: Literal["never"] | Days = "never"
    webinars: Literal["hand_over", "lose"] = "hand_over"
    orphans: Literal["report"] = "report"


class Limit(Spec):
    """What one run may do unattended. Either bound, alone, breaks the limit when it is passed."""

    share: Share | None = None
    count: int | None = Field(default=None, ge=0)


LimitName = Literal[
    "adopt", "create", "update", "grant", "revoke", "set_role", "add_member", "remove_member",
    "create_group", "suspend", "reactivate", "delete", "rename", "mail",
    "create_directory_group", "add_directory_member", "remove_directory_member",
]  # fmt: skip

DEFAULT_LIMITS: dict[LimitName, Limit] = {
    "suspend": Limit(share=0.05),
    "revoke": Limit(share=0.10),
    "remove_member": Limit(share=0.10),
    "remove_directory_member": Limit(share=0.10),
    "rename": Limit(share=0.05),
    "set_role": Limit(count=5),
    "delete": Limit(count=0),
}
"""What holds where the pipeline says nothing: taking away is bounded, giving is not. ``rename`` is a change of the
address that somebody signs in with; moving somebody out of a group counts as ``remove_member`` too."""


class Period(Spec):
    """Days on which nothing is sent, both ends included."""

    first: IsoDate
    last: IsoDate

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.last < self.first:
            raise ValueError("the last day is before the first")
        return self


class Auth(Spec):
    """How the target knows us; every value is ``${NAME}`` from the environment or ``${block:NAME}``."""

    client_id: Secret
    client_secret: Secret
    pat: Secret | None = None
    refresh_token: Secret | None = None

    @model_validator(mode="after")
    def _one_grant(self) -> "Auth":
        if (self.pat is None) == (self.refresh_token is None):
            raise ValueError("give either pat or refresh_token")
        return self


class Urls(Spec):
    api: str = "https://api.getgo.com"
    token: str = "https://authentication.logmeininc.com/oauth/token"  # noqa: S105 - an address

    @property
    def is_local(self) -> bool:
        return self.api.split("://")[-1].split("/")[0].rsplit(":", 1)[0] in SANDBOX_HOSTS


MAX_GROUP_MEMBERS = 100
"""How many members of a directory group GoTo takes in a request: larger groups cannot be written whole."""


class GotoTarget(Spec):
    """A GoTo account. Without ``auth``, only a sandbox on this machine can be reached, with its own credentials.

    ``directory``: whether the directory groups of the organisation (SCIM) count in rules (``read``), and are kept
    equal to those of the roster as well (``feed``). ``directory_patch: merge`` says that GoTo was seen to add the
    members of a PATCH to those that are there, without which groups of more than 100 members are left alone.
    """

    name: str = Field(pattern=NAME)
    kind: Literal["goto"]
    account_key: str = Field(pattern=r"^\d+$")
    auth: Auth | None = None
    urls: Urls = Urls()
    managed: Literal["rule_given", "all"] = "rule_given"
    notify_users: bool = True
    directory: Literal["none", "read", "feed"] = "none"
    directory_patch: Literal["unknown", "merge"] = "unknown"
    requests_per_second: float = Field(default=9.6, gt=0, le=1000)

    @property
    def tenant(self) -> str:
        """What links, plans and locks know the target by: pointed at another tenant, a pipeline has no links there."""
        host = urlsplit(self.urls.api).hostname
        return f"{self.name}:{self.account_key}" + ("" if self.urls.api == Urls().api else f"@{host}")

    @model_validator(mode="after")
    def _known_to_target(self) -> "GotoTarget":
        if self.auth is None and not self.urls.is_local:
            raise ValueError("auth is needed for a target that is not the sandbox on this machine")
        return self


End = Literal["done", "blocked", "partial", "failed"]


class Notice(Spec):
    when: Annotated[tuple[End, ...], BeforeValidator(listed, json_schema_input_type=End | tuple[End, ...])]
    to: Secret


PolicyName = Literal["user_name", "given_name", "family_name", "locale"]


def shares(namespace: str, sources: Sequence[Source]) -> bool:
    """Whether a namespace is more than one source under its own name, so that there is something to put together."""
    return [source.name for source in sources] != [namespace]


def _unique(names: list[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two {what} are named {', '.join(twice)}")


def _protects(value: str) -> str:
    if not re.fullmatch(r"(role|user):\S.*", value):
        raise ValueError("write role:NAME or user:ADDRESS")
    return value


class Pipeline(Spec):
    """One sync: rosters in, rules, limits, one target out."""

    version: Literal["1"]
    name: str = Field(pattern=NAME)
    timezone: Annotated[str, AfterValidator(_timezone)] = "UTC"
    sources: tuple[Source, ...] = Field(min_length=1)
    precedence: dict[str, tuple[str, ...]] = Field(default={})
    correlate: tuple[Literal["link", "external_id", "user_name"], ...] = ("link", "external_id", "user_name")
    adopt: Literal["none", "matched", "matched+grants"] = "matched"
    attributes: dict[PolicyName, Literal["always", "on_create", "never"]] = Field(
        default={"user_name": "on_create", "given_name": "always", "family_name": "always", "locale": "on_create"}
    )
    rules: tuple[Rule, ...] = ()
    exceptions: tuple[KeepException, ...] = ()
    lifecycle: Lifecycle = Lifecycle()
    protect: tuple[Annotated[str, AfterValidator(_protects)], ...] = ()
    limits: dict[LimitName, Limit] = Field(default={})
    freeze: tuple[Annotated[Period, BeforeValidator(_period, json_schema_input_type=str | Period)], ...] = ()
    targets: tuple[GotoTarget, ...] = Field(min_length=1, max_length=1)
    notify: tuple[Notice, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> "Pipeline":
        _unique([source.name for source in self.sources], "sources")
        _unique([rule.name for rule in self.rules], "rules")
        return self

    @property
    def namespaces(self) -> dict[str, tuple[Source, ...]]:
        """The sources by namespace, both sorted by name."""
        ordered = sorted(self.sources, key=lambda source: (source.population, source.name))
        return {name: tuple(mine) for name, mine in groupby(ordered, key=lambda source: source.population)}

    @property
    def full_namespaces(self) -> list[str]:
        """The namespaces that a full snapshot speaks for: who is in none of their files has left."""
        return [name for name, mine in self.namespaces.items() if any(one.snapshot == "full" for one in mine)]

    def keeps_blanks(self, namespace: str) -> bool:
        """Whether a blank cell takes nothing away there: it does only where every source of it says so."""
        return any(source.blanks == "keep" for source in self.namespaces[namespace])

    def maps(self, namespace: str, attribute: str) -> bool:
        """Whether a source of *namespace* has a column for *attribute*."""
        return any(attribute in source.columns for source in self.namespaces[namespace])

    @property
    def target(self) -> GotoTarget:
        return self.targets[0]

    def needing_what_rules_test(self) -> "Pipeline":
        """Return the pipeline with what its rules test required of its lists: a column that a profile could do without
        must not be lost from one night to the next, and everybody's products with it."""
        tested = {name for rule in self.rules if rule.enabled for name in rule.when}
        return self.model_copy(update={"sources": tuple(source.needing(tested) for source in self.sources)})

    def limit(self, name: LimitName) -> Limit:
        """Return the bounds of one limit: what the pipeline says, and for each bound it leaves out, the default."""
        given, default = self.limits.get(name, Limit()), DEFAULT_LIMITS.get(name, Limit())
        return Limit(
            share=default.share if given.share is None else given.share,
            count=default.count if given.count is None else given.count,
        )
