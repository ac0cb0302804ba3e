"""What is wrong with the rules of a pipeline file beyond the form of each field. On data that nothing has typed yet."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from tasks.model.pipeline import CUSTOM_ROLE
from tasks.model.tables import LIST_ATTRIBUTES
from tasks.pipeline_file.plain_yaml import Path
from tasks.pipeline_file.untyped import as_mapping, as_texts
from tasks.pipeline_file.wording import did_you_mean, listing

Found = Iterator[tuple[Path, str]]

SUPER_ADMIN = "SUPER_USER"
LOCALE = r"[a-z]{2}_[A-Z]{2}"
NOT_READ = (
    "is not mapped by any source, and the tenant's own directory is not read: map a column, or say 'directory: read' "
    "in the target"
)
SINGLE = ("group", "locale", "welcome_template", "settings_template")


def check_rule(rule: dict[str, Any], mapped: Sequence[str], directory: str) -> Found:
    """Yield where in *rule*, and what, is wrong.

    *mapped* are the attributes that sources map, *directory* what the target does with the tenant's directory.
    """
    grant = as_mapping(rule.get("grant"))
    for path, message in _check_when(as_mapping(rule.get("when")), mapped, directory):
        yield ("when", *path), message
    for path, message in (*_check_products(grant), *_check_roles(grant), *_check_single(grant)):
        yield ("grant", *path), message
    if as_texts(grant.get("directory_groups")) and directory != "feed":
        yield ("grant", "directory_groups"), "is for a target that is fed: say 'directory: feed' there"
    yield from _check_examples(as_mapping(rule.get("expect")), as_texts(grant.get("products")))


def _check_when(when: dict[str, Any], mapped: Sequence[str], directory: str) -> Found:
    for name in when:
        if name in mapped:
            continue
        if name not in LIST_ATTRIBUTES:
            yield (name,), "is not mapped by any source" + did_you_mean(name, mapped, "mapped attributes")
        elif directory not in ("read", "feed"):
            yield (name,), NOT_READ


def _check_products(grant: dict[str, Any]) -> Found:
    editions: dict[str, set[str]] = {}
    for product in as_texts(grant.get("products")):
        code, edition = _essence(product)
        if edition:
            editions.setdefault(code, set()).add(edition)
    for code in sorted(code for code, named in editions.items() if len(named) > 1):
        yield ("products",), f"names several editions of {code}: a rule can give one of them"


def _check_roles(grant: dict[str, Any]) -> Found:
    roles = as_texts(grant.get("roles"))
    for role in roles:
        if role.startswith(CUSTOM_ROLE) and not role.removeprefix(CUSTOM_ROLE).strip():
            yield ("roles",), f"write the name of the tenant's own role behind '{CUSTOM_ROLE}'"
    if "manages" not in grant:
        return
    if not [name for name in as_texts(grant["manages"]) if name.strip()]:
        yield (
            ("manages",),
            "names no group, and a manager of no group manages everybody; leave the key out if that is meant",
        )
    elif SUPER_ADMIN in roles:
        yield ("manages",), f"cannot limit {SUPER_ADMIN}, who may do everything everywhere"


def _check_single(grant: dict[str, Any]) -> Found:
    for name in SINGLE:
        value = grant.get(name)
        if isinstance(value, str) and not value.strip():
            yield (name,), "is empty; give it a value or leave the key out"
        elif name == "locale" and isinstance(value, str) and not re.fullmatch(LOCALE, value):
            yield (name,), "write language and country, for example fr_FR"


def _check_examples(expect: dict[str, Any], products: Sequence[str]) -> Found:
    known = {_essence(product) for product in products}
    for who, expected in expect.items():
        for product in as_texts(expected):
            if _essence(product) not in known:
                hint = did_you_mean(product, products, "products") if products else ""
                yield ("expect", who), f"'{product}' is no product that this rule gives{hint}"


def check_exception(exception: dict[str, Any]) -> Found:
    """Yield what is wrong with one exception."""
    named = [product for product in as_texts(exception.get("keep")) if "/" in product]
    if named:
        codes = listing(dict.fromkeys(product.partition("/")[0] for product in named))
        yield ("keep",), f"write {codes} alone: an exception keeps a product in whatever edition it is held"


def _essence(product: str) -> tuple[str, str]:
    code, _, edition = product.partition("/")
    return code, " ".join(edition.split()).casefold()
