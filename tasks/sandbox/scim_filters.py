"""Filters of the SCIM API in its own style: one comparison of one attribute, as a condition of SQL."""

import json
import re
from collections.abc import Collection, Mapping

from tasks.sandbox.scim_refusals import ScimRefusal

_COMPARISON = re.compile(r'\s*([A-Za-z.]+)\s+([A-Za-z]+)\s+("(?:[^"\\]|\\.)*")\s*')
_TESTS = {
    "eq": "casefold({column}) = ?1",
    "sw": "substr(casefold({column}), 1, length(?1)) = ?1",
    "co": "instr(casefold({column}), ?1) > 0",
}

Condition = tuple[str, tuple[str, ...]]
NO_FILTER: Condition = ("1", ())


def condition(filter_: str | None, columns: Mapping[str, str], operators: Collection[str]) -> Condition:
    """Return the condition and its value. Upper and lower case are alike (assumed). Raises a refusal (400)."""
    if filter_ is None:
        return NO_FILTER
    match = _COMPARISON.fullmatch(filter_)
    column = {name.lower(): column for name, column in columns.items()}.get(match[1].lower()) if match else None
    if match is None or column is None or match[2].lower() not in operators:
        raise _unreadable()
    try:
        value = str(json.loads(match[3], strict=False))
    except ValueError:
        raise _unreadable() from None
    return _TESTS[match[2].lower()].format(column=column), (value.casefold(),)


def _unreadable() -> ScimRefusal:
    return ScimRefusal(400, "The filter cannot be read", scim_type="invalidFilter")
