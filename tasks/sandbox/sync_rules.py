"""The rules of User Sync: a directory group gives products, a role, a user group. Which rule decides what.

Documented (reference section 7): a rule names one directory group, several rules may meet, the first in order goes
before the others for each kind of thing by itself, a user group comes from the highest rule that sets one. That
products add up and that the role comes from the highest rule is assumed, and a switch.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tasks.sandbox.declared import LOCALE
from tasks.sandbox.switches import Switches

MEMBER = "member"


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class Rule(BaseModel):
    """One rule. Groups and templates are named, or given by their keys.

    ``products`` are codes, or code and edition (``G2W/Pro``), the edition being a licence's description. ``role`` is
    one name of a role, several, or ``member`` for none, and ``manages`` the groups that it is limited to. What is left
    out, the rule says nothing of. ``language`` and the templates count when somebody first gets something by rules.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    directory_group: str = Field(min_length=1)
    note: str = ""
    products: tuple[str, ...] = ()
    role: Annotated[tuple[str, ...] | None, BeforeValidator(_several)] = None
    manages: tuple[str, ...] = ()
    group: str | None = None
    template: str | None = None
    settings_template: str | None = None
    language: str | None = Field(default=None, pattern=LOCALE)
    enabled: bool = True

    @property
    def roles(self) -> tuple[str, ...] | None:
        return None if self.role is None else tuple(role for role in self.role if role != MEMBER)


@dataclass(frozen=True)
class Wanted:
    """What the rules that somebody meets give together; None is what no rule says anything of."""

    products: tuple[str, ...] = ()
    roles: tuple[str, ...] | None = None
    manages: tuple[str, ...] = ()
    group: str | None = None
    template: str | None = None
    settings_template: str | None = None
    language: str | None = None


def wanted(rules: Sequence[Rule], switches: Switches) -> Wanted:
    """Return what these rules give, the highest first.

    >>> rules = [Rule(directory_group="a", products=("G2W/Pro",)), Rule(directory_group="b", products=("G2W", "G2M"))]
    >>> wanted(rules, Switches()).products
    ('G2W/Pro', 'G2M')
    """
    return Wanted(
        products=_products(rules, union=switches.user_sync_products == "union"),
        roles=_roles(rules, union=switches.user_sync_roles == "union"),
        manages=next((rule.manages for rule in rules if rule.roles is not None), ()),
        group=_first(rule.group for rule in rules),
        template=_first(rule.template for rule in rules),
        settings_template=_first(rule.settings_template for rule in rules),
        language=_first(rule.language for rule in rules),
    )


def _products(rules: Sequence[Rule], *, union: bool) -> tuple[str, ...]:
    """Two editions of one product are one product: the higher rule decides which."""
    chosen = [rule for rule in rules if rule.products]
    by_code: dict[str, str] = {}
    for rule in chosen if union else chosen[:1]:
        for product in rule.products:
            by_code.setdefault(code_of(product), product)
    return tuple(by_code.values())


def _roles(rules: Sequence[Rule], *, union: bool) -> tuple[str, ...] | None:
    chosen = [rule.roles for rule in rules if rule.roles is not None]
    if not chosen:
        return None
    return tuple(dict.fromkeys(role for roles in (chosen if union else chosen[:1]) for role in roles))


def _first(values: Iterable[str | None]) -> str | None:
    return next((value for value in values if value is not None), None)


def code_of(product: str) -> str:
    return product.partition("/")[0]


def edition_of(product: str) -> str | None:
    return product.partition("/")[2].strip().casefold() or None
