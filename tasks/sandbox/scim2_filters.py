"""Filters and paths of SCIM 2.0, held against resources (RFC 7644 §3.4.2.2 and §3.5.2)."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from tasks.sandbox.scim_refusals import ScimRefusal

Test = Callable[[Any], bool]

_TOKEN = re.compile(r'\s*(?:("(?:[^"\\]|\\.)*")|([()\[\]])|([^\s()\[\]"]+))')
_NAME = re.compile(r"[A-Za-z$][\w$-]*")
_CASE_EXACT = frozenset({"id", "externalid", "$ref"})
_ORDERED: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda held, given: bool(held > given),
    "ge": lambda held, given: bool(held >= given),
    "lt": lambda held, given: bool(held < given),
    "le": lambda held, given: bool(held <= given),
}
_OF_TEXT: dict[str, Callable[[str, str], bool]] = {
    "co": lambda held, given: given in held,
    "sw": lambda held, given: held.startswith(given),
    "ew": lambda held, given: held.endswith(given),
}


@dataclass(frozen=True)
class Attribute:
    """The place of an attribute: the schema if the path names one, the attribute, and the part of it if any."""

    schema: str | None
    name: str
    part: str | None = None


@dataclass(frozen=True)
class Path:
    """The target of a PATCH operation: an attribute, which of its values (all without a test), and a part of these."""

    attribute: Attribute
    chosen: Test | None = None


def parse_filter(text: str) -> Test:
    """Return the test that a filter makes of a resource. Raises a refusal (400 ``invalidFilter``).

    >>> parse_filter('name.familyName sw "by" and not (active eq false)')({"name": {"familyName": "Byron"}})
    True
    """
    parser = _Parser(text, "invalidFilter")
    test = parser.alternatives()
    parser.require_end()
    return test


def parse_path(text: str) -> Path:
    """Return what the path of an operation points at. Raises a refusal (400 ``invalidPath``)."""
    parser = _Parser(text, "invalidPath")
    attribute = parser.attribute()
    chosen = parser.bracket() if parser.next_is("[") else None
    if chosen is not None and (part := parser.following_part()):
        attribute = Attribute(attribute.schema, attribute.name, part)
    parser.require_end()
    return Path(attribute, chosen)


def key_in(resource: dict[str, Any], name: str) -> str:
    """Return the name under which a resource has an attribute: upper and lower case are alike."""
    return next((key for key in resource if key.lower() == name.lower()), name)


def values_of(resource: Any, attribute: Attribute) -> Iterator[Any]:
    """Return the values at a place: none, one, or those of a list; of complex values in a list their ``value``."""
    if not isinstance(resource, dict):
        return
    if attribute.schema is not None:
        inner = resource.get(key_in(resource, attribute.schema))
        resource = inner if isinstance(inner, dict) else resource
    held = resource.get(key_in(resource, attribute.name))
    for value in held if isinstance(held, list) else [held]:
        if isinstance(value, dict) and (attribute.part or isinstance(held, list)):
            value = value.get(key_in(value, attribute.part or "value"))
        if value is not None:
            yield value


class _Parser:
    """Reads a filter from left to right; ``not`` binds closest, then ``and``, then ``or``."""

    def __init__(self, text: str, scim_type: str) -> None:
        self._scim_type = scim_type
        self._tokens = self._split(text)
        self._at = 0

    def _split(self, text: str) -> list[str]:
        tokens, at = [], 0
        while at < len(text.rstrip()):
            match = _TOKEN.match(text, at)
            if match is None:
                raise self.unreadable()
            tokens.append(match[0].strip())
            at = match.end()
        return tokens

    def unreadable(self) -> ScimRefusal:
        what = "filter" if self._scim_type == "invalidFilter" else "path"
        return ScimRefusal(400, f"The {what} cannot be read", scim_type=self._scim_type)

    def next_is(self, word: str) -> bool:
        return self._at < len(self._tokens) and self._tokens[self._at].lower() == word

    def _take(self) -> str:
        if self._at >= len(self._tokens):
            raise self.unreadable()
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, word: str) -> bool:
        found = self.next_is(word)
        self._at += found
        return found

    def require_end(self) -> None:
        if self._at < len(self._tokens):
            raise self.unreadable()

    def alternatives(self) -> Test:
        tests = [self._conjunction()]
        while self._skip("or"):
            tests.append(self._conjunction())
        return lambda resource: any(test(resource) for test in tests)

    def _conjunction(self) -> Test:
        tests = [self._factor()]
        while self._skip("and"):
            tests.append(self._factor())
        return lambda resource: all(test(resource) for test in tests)

    def _factor(self) -> Test:
        if self._skip("not"):
            if not self.next_is("("):
                raise self.unreadable()
            inner = self._factor()
            return lambda resource: not inner(resource)
        if self._skip("("):
            inner = self.alternatives()
            if not self._skip(")"):
                raise self.unreadable()
            return inner
        return self._comparison()

    def _comparison(self) -> Test:
        attribute = self.attribute()
        if self.next_is("["):
            inner, place = self.bracket(), attribute
            return lambda resource: any(inner(item) for item in _items(resource, place))
        operator = self._take().lower()
        if operator == "pr":
            return lambda resource: any(value not in ("", [], {}) for value in values_of(resource, attribute))
        return self._test(attribute, operator, self._value())

    def bracket(self) -> Test:
        self._skip("[")
        test = self.alternatives()
        if not self._skip("]"):
            raise self.unreadable()
        return test

    def following_part(self) -> str | None:
        """Read ``.value`` behind a bracket."""
        if self._at >= len(self._tokens):
            return None
        part = self._take()
        if not part.startswith(".") or not _NAME.fullmatch(part[1:]):
            raise self.unreadable()
        return part[1:]

    def attribute(self) -> Attribute:
        schema, _, rest = self._take().rpartition(":")
        name, dot, part = rest.partition(".")
        if schema and rest[0:1].isupper():  # a schema and nothing behind it: all that is under it
            return Attribute(None, f"{schema}:{rest}")
        if not _NAME.fullmatch(name) or (dot and not _NAME.fullmatch(part)):
            raise self.unreadable()
        return Attribute(schema or None, name, part or None)

    def _value(self) -> Any:
        try:
            return json.loads(self._take(), strict=False)
        except ValueError:
            raise self.unreadable() from None

    def _test(self, attribute: Attribute, operator: str, given: Any) -> Test:
        wanted = _comparable(attribute, given)
        if operator in {"eq", "ne"}:
            is_same = operator == "eq"
            return lambda resource: (
                is_same == any(_comparable(attribute, value) == wanted for value in values_of(resource, attribute))
            )
        if (operator in _OF_TEXT and isinstance(wanted, str)) or (
            operator in _ORDERED and isinstance(wanted, str | int | float) and not isinstance(wanted, bool)
        ):
            holds: Callable[[Any, Any], bool] = (_OF_TEXT | _ORDERED)[operator]
            kind = str if isinstance(wanted, str) else (int, float)
            return lambda resource: any(
                isinstance(value, kind) and holds(_comparable(attribute, value), wanted)
                for value in values_of(resource, attribute)
            )
        raise self.unreadable()


def _items(resource: Any, attribute: Attribute) -> list[Any]:
    held = resource.get(key_in(resource, attribute.name)) if isinstance(resource, dict) else None
    return held if isinstance(held, list) else []


def _comparable(attribute: Attribute, value: Any) -> Any:
    is_exact = (attribute.part or attribute.name).lower() in _CASE_EXACT
    return value.casefold() if isinstance(value, str) and not is_exact else value
