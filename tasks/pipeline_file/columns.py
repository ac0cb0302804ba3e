"""What is wrong with the columns of a source. On data that nothing has typed yet."""

import re
from collections.abc import Iterator
from typing import Any

from tasks.model.profiles import profile_names, read_profile
from tasks.model.secrets import kind_of_heading
from tasks.model.sources import Source, clean_heading
from tasks.model.tables import DATE_ATTRIBUTES, LIST_ATTRIBUTES, RESERVED_NAMES, RESERVED_PREFIXES, WORKER_ATTRIBUTES
from tasks.model.transforms import PLACEHOLDER, VALUE
from tasks.pipeline_file.plain_yaml import Path
from tasks.pipeline_file.schema import OWN_NAME
from tasks.pipeline_file.untyped import as_list, as_mapping, as_texts
from tasks.pipeline_file.wording import either, listing, nearest

Found = Iterator[tuple[Path, str]]


def profile_columns(source: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the profile that a source names, if it is one."""
    named = [source.get("profile"), source.get("columns")]
    known = [name for name in named if isinstance(name, str) and name in profile_names()]
    return dict(read_profile(known[0]).columns) if known else {}


def mapped_by(source: dict[str, Any]) -> set[str]:
    """Return the attributes that a source maps, its profile's among them."""
    given = as_mapping(source.get("columns"))
    blank = {name for name, column in given.items() if column is None}
    return {*given, *profile_columns(source)} - blank


def check_columns(source: dict[str, Any], others: list[dict[str, Any]]) -> Found:
    """Yield what is wrong with a source's columns; *others* are the sources of its namespace beside it."""
    profile = profile_columns(source)
    if not (isinstance(source.get("columns"), dict) or profile):
        return
    for name, column in as_mapping(source.get("columns")).items():
        wrong = wrong_name(name)
        if wrong:
            yield (name,), wrong
        elif column is None and profile and name not in profile:
            yield (name,), "is empty, and the profile has no such column that would be left out"
        if "split" in as_mapping(column) and name not in LIST_ATTRIBUTES:
            yield (name, "split"), f"is for {either([*LIST_ATTRIBUTES])}; other attributes have one value"
        for path, message in _check_transforms(name, as_mapping(column)):
            yield (name, *path), message
    mapped = mapped_by(source)
    lacks = as_list(source.get("lacks"))
    for name in lacks:
        if name in mapped:
            yield (name,), f"is mapped, so the list does not lack it: take {name} out of lacks"
    by_id = source.get("suite") in SHEETS_OF_PERSONS and "external_id" in mapped
    elsewhere = any("user_name" in mapped_by(other) for other in others)
    if "user_name" not in {*mapped, *lacks} and not by_id and not elsewhere:
        yield ("user_name",), NO_ADDRESS + (NOT_IN_PROFILE if profile else "")
    elif {*mapped, *lacks}.isdisjoint({"user_name", "external_id"}):
        yield ("external_id",), "is missing: without id and address no row of this source tells whose it is"
    yield from _check_secrets(source)
    yield from _check_dates(source)


SHEETS_OF_PERSONS = ("role_sheet", "groups")
"""Suites of lists that may name people by id alone: no account is made from them."""
NO_ADDRESS = "is missing: accounts are addresses, so a source must map the one a person signs in with"
NOT_IN_PROFILE = (
    '. The profile has no column of addresses: make them, for example {from: UserID, template: "{value}@acme.example"}'
)


def _check_transforms(attribute: str, column: dict[str, Any]) -> Found:
    """Yield what is wrong with what is done to a column, for this attribute."""
    several = attribute in LIST_ATTRIBUTES
    for at, entry in enumerate(as_list(column.get("do"))):
        for place in _other_places(as_mapping(entry).get("template")) if several else ():
            yield (
                ("do", at, "template"),
                f"'{place}': the values of a cell of several are changed one by one, by themselves",
            )
        if attribute == "status":
            yield from (((("do", at, *path)), message) for path, message in _check_status(as_mapping(entry)))
    if attribute == "status":
        yield from _check_status(column)
    if several and isinstance(column.get("from"), list) and len(column["from"]) > 1:
        yield ("from",), "takes one heading here: its cells hold several values already"


def _other_places(template: Any) -> list[str]:
    text = as_mapping(template).get("text", template)
    return [place for place in PLACEHOLDER.findall(text) if place != VALUE] if isinstance(text, str) else []


def _check_status(step: dict[str, Any]) -> Found:
    """Yield which values of a map, or meanings of yes and no, are no status."""
    for value, meaning in as_mapping(step.get("map")).items():
        if meaning not in STATUSES:
            yield ("map", value), NO_STATUS
    for word, meaning in as_mapping(step.get("boolean")).items():
        if meaning not in STATUSES:
            yield ("boolean", word), NO_STATUS


STATUSES = ("active", "inactive")
NO_STATUS = "a status means active or inactive; valid values: active, inactive"


def _check_dates(source: dict[str, Any]) -> Found:
    """Yield the columns that share a heading with another one and say that its dates are written otherwise."""
    said: dict[str, tuple[str, Any]] = {}
    for name, column in as_mapping(source.get("columns")).items():
        dates = as_mapping(column).get("dates") or (
            source.get("dates", Source.model_fields["dates"].default) if name in DATE_ATTRIBUTES else None
        )
        if dates is None:
            continue
        for heading in map(clean_heading, as_texts(as_mapping(column).get("from", column))):
            other, written = said.setdefault(heading, (name, dates))
            if written != dates:
                yield (name,), f"is taken from '{heading}', whose dates are written otherwise in column {other}"


def _check_secrets(source: dict[str, Any]) -> Found:
    """Yield the columns that are mapped from a heading that is secret: what is masked cannot be anybody's attribute."""
    secret, cleared = ({clean_heading(text) for text in as_texts(source.get(key))} for key in ("secret", "not_secret"))
    for name, column in as_mapping(source.get("columns")).items():
        for heading in map(clean_heading, as_texts(as_mapping(column).get("from", column))):
            kind = kind_of_heading(heading)
            if heading.casefold() in map(str.casefold, secret):
                yield (name,), f"is taken from '{heading}', which 'secret' of this source names: it is never handed on"
            elif kind and heading not in cleared:
                cure = f"if it does not, write not_secret: ['{heading}'] in this source"
                yield (name,), f"is taken from '{heading}', which seems to hold {kind} and is masked; {cure}"


def wrong_name(name: str) -> str | None:
    """Say what is wrong with the name of a column: a misspelt standard attribute must not become one of one's own."""
    if name in WORKER_ATTRIBUTES:
        return None
    if name in RESERVED_NAMES or name.startswith(RESERVED_PREFIXES):
        other = "street_address" if name == "address" else f"hr_{name}"
        return f"is a name that Rosterflow uses itself; choose another, for example {other}"
    near = nearest(_snake(name), WORKER_ATTRIBUTES, 85)
    extends_one = any(name.startswith(f"{attribute}_") for attribute in WORKER_ATTRIBUTES)
    if near and not extends_one:
        return f"is no standard attribute; did you mean '{near}'? (A name of your own must be less like one.)"
    if not re.fullmatch(OWN_NAME, name):
        return f"must be lower-case letters, digits and _; standard attributes: {listing(WORKER_ATTRIBUTES)}"
    return None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])|[ -]", "_", name).lower()
