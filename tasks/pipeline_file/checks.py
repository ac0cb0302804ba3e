"""What is wrong with a pipeline file: pydantic's findings in the file's words, and what no single field can say."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from tasks.model.fields import NAME, SECRET
from tasks.pipeline_file import plain_yaml
from tasks.pipeline_file.columns import check_columns, mapped_by
from tasks.pipeline_file.plain_yaml import Node, Problem
from tasks.pipeline_file.populations import check_populations, population
from tasks.pipeline_file.rules import check_exception, check_rule
from tasks.pipeline_file.schema import schema
from tasks.pipeline_file.sources import check_source
from tasks.pipeline_file.untyped import as_list, as_mapping
from tasks.pipeline_file.wording import did_you_mean, listing

# What pydantic says, in the words of the file ------------------------------------------------------------------------


def translate(node: Node, error: ValidationError) -> Iterator[Problem]:
    """Yield one problem for each place that pydantic found wrong; the branches of a union are one place."""
    messages: dict[plain_yaml.Path, list[str]] = {}
    for item in error.errors(include_url=False, include_input=False):
        if item["type"] == "too_short" and node.find(item["loc"])[0].value:
            continue  # pydantic counts the valid entries only; the invalid ones have errors of their own
        path, message = _place_and_message(node, item)
        messages.setdefault(path, []).append(message)
    for path, texts in messages.items():
        yield Problem(node.line_of(path), path, "; or ".join(dict.fromkeys(texts)))


def _place_and_message(node: Node, item: Any) -> tuple[plain_yaml.Path, str]:
    loc, kind, context = tuple(item["loc"]), item["type"], item.get("ctx", {})
    if kind == "missing":
        found, path = node.find(loc[:-1])
        if len(path) < len(loc) - 1 or found.value is None:  # a shorthand (a bare heading) that is not there
            return path, "is empty"
        return (*path, loc[-1]), "is missing" + _choices(loc)
    if kind == "extra_forbidden":
        return loc, "is no key that is known here" + did_you_mean(str(loc[-1]), _keys_at(loc[:-1]), "keys")
    if loc and loc[-1] == "[key]":
        return loc[:-1], "is no key that is known here" + did_you_mean(str(loc[-2]), _values(context), "keys")
    found, path = node.find(loc)
    if found.value is None:
        return path, "is empty; give it a value or leave the key out"
    if kind == "literal_error":
        return path, _not_among(found.value, _values(context))
    return path, _in_plain_words(kind, context, item["msg"])


def _in_plain_words(kind: str, context: Mapping[str, Any], message: str) -> str:
    patterns = {
        SECRET: "must be a reference, ${NAME} or ${block:NAME}, and nothing else: "
        "a secret itself never stands in this file",
        NAME: "must be lower-case letters, digits, - and _, at most 63, beginning with a letter or digit",
        r"^\d+$": "must be digits",
    }
    if kind == "string_pattern_mismatch":
        return patterns.get(context["pattern"], f"must match {context['pattern']}")
    words = {
        "string_type": "must be text",
        "string_too_short": "is empty",
        "string_too_long": _at_most(context),
        "model_type": "must be a mapping (key: value)",
        "dict_type": "must be a mapping (key: value)",
        "tuple_type": "must be a list",
        "too_short": "needs at least one entry",
        "too_long": "takes one entry only",
        "int_parsing": "must be a whole number",
        "float_parsing": "must be a number",
        "bool_parsing": "must be true or false",
        "date_from_datetime_parsing": "is no day that exists; write YYYY-MM-DD",
    }
    return words.get(kind) or message.removeprefix("Value error, ").replace("Input should be", "must be")


def _at_most(context: Mapping[str, Any]) -> str:
    number = context.get("max_length", 1)
    return "must be one character" if number == 1 else f"must be at most {number} characters"


def _values(context: Mapping[str, Any]) -> list[str]:
    return re.findall(r"'([^']*)'", context["expected"])


def _not_among(value: Any, choices: list[str]) -> str:
    if not isinstance(value, str):
        return f"must be one of {listing(choices)}"
    if "${" in value:  # the variable's value stays out of messages
        return f"has a value that is not one of {listing(choices)}"
    return f"'{value}' is not valid" + did_you_mean(value, choices, "values")


def _schema_at(loc: Iterable[str | int]) -> Mapping[str, Any]:
    """Return the part of the JSON Schema that describes the place *loc*."""
    whole = schema()
    part: Mapping[str, Any] = whole
    for step in loc:
        part = _resolved(part, whole)
        if isinstance(step, int):
            part = part.get("items", {})
        else:
            part = part.get("properties", {}).get(step) or part.get("additionalProperties") or {}
    return _resolved(part, whole)


def _resolved(part: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    for branch in part.get("anyOf", ()):
        if "$ref" in branch or "properties" in branch:
            part = branch
    return whole["$defs"][part["$ref"].rpartition("/")[2]] if "$ref" in part else part


def _keys_at(loc: Iterable[str | int]) -> list[str]:
    return list(_schema_at(loc).get("properties", {}))


def _choices(loc: Iterable[str | int]) -> str:
    part = _schema_at(loc)
    values = part.get("enum") or [part[key] for key in ("const",) if key in part]
    texts = [str(value) for value in values]
    return f"; valid values: {listing(list(dict.fromkeys(texts)))}" if texts else ""


# What no single field can say ----------------------------------------------------------------------------------------


def cross_check(node: Node, data: dict[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong between fields, on data that pydantic has not seen: so no error hides another."""
    sources = [(at, item) for at, item in enumerate(as_list(data.get("sources"))) if isinstance(item, dict)]
    for at, source in sources:
        yield from _at(node, ("sources", at), check_source(source, node.find(("sources", at))[0].plain()))
        others = [item for _, item in sources if item is not source and population(item) == population(source)]
        yield from _at(node, ("sources", at, "columns"), check_columns(source, others))
    mapped = sorted({name for _, source in sources for name in mapped_by(source)})
    directory = next((str(as_mapping(target).get("directory")) for target in as_list(data.get("targets"))), "none")
    for at, rule in enumerate(as_list(data.get("rules"))):
        yield from _at(node, ("rules", at), check_rule(as_mapping(rule), mapped, directory))
    for at, exception in enumerate(as_list(data.get("exceptions"))):
        yield from _at(node, ("exceptions", at), check_exception(as_mapping(exception)))
    yield from _at(node, ("correlate",), _check_order(data.get("correlate")))
    having = [mapped_by(source) for _, source in sources]
    populations = check_populations([source for _, source in sources], having, as_mapping(data.get("precedence")))
    yield from _at(node, (), populations)
    for section in ("sources", "rules"):
        yield from _at(node, (section,), _check_names(section, as_list(data.get(section))))


Found = Iterator[tuple[plain_yaml.Path, str]]


def _at(node: Node, base: plain_yaml.Path, found: Found) -> Iterator[Problem]:
    for path, message in found:
        yield Problem(node.line_of((*base, *path)), (*base, *path), message)


def _check_order(correlate: Any) -> Found:
    if isinstance(correlate, list) and correlate[:1] != ["link"]:
        wrong = "must begin with link: people whom Rosterflow knows would be looked for anew, or made a second time"
        yield (), wrong


def _check_names(section: str, items: list[Any]) -> Found:
    first: dict[str, int] = {}
    for at, item in enumerate(items):
        name = as_mapping(item).get("name")
        if isinstance(name, str) and first.setdefault(name, at) != at:
            yield (at, "name"), f"{section}[{first[name]}] has this name already"
