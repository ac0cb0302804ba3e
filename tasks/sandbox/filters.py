"""The filter of a user list: ``email eq "ada@acme.example" or status eq "ACTIVE"``, as a condition in SQL.

Only ``eq`` is confirmed; ``sw``, ``co``, ``and``, ``or`` (``and`` binds tighter, there are no brackets) are assumed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from tasks.sandbox.wire import Basis, GotoRefusal, Problem

MAX_TERMS = 100

TOKEN = re.compile(r'\s*(?:(?P<word>[A-Za-z]+)|"(?P<text>(?:[^"\\]|\\.)*)")', re.DOTALL)

COLUMNS = {
    "email": "email_folded",
    "firstName": "casefold(first_name)",
    "lastName": "casefold(last_name)",
    "key": "key",
    "status": "status",
    "groupKey": "group_key",
}
FOLDED = frozenset({"email", "firstName", "lastName"})
"""Attributes that compare without regard to case (assumed); the others compare exactly."""

CONDITIONS = {
    "eq": "{column} = ?1",
    "sw": "substr({column}, 1, length(?1)) = ?1",
    "co": "instr({column}, ?1) > 0",
}


@dataclass(frozen=True)
class Condition:
    """A condition on the view ``people``: SQL of fixed parts, and the values for its places."""

    sql: str
    values: tuple[str, ...]
    basis: Basis


EVERYBODY = Condition("1", (), Basis.OBSERVED)


def parse(text: str, grammar: Literal["full", "eq"] = "full", statuses: Mapping[str, str] | None = None) -> Condition:
    """Return the condition that the filter *text* says. Raises a refusal (400) for anything it does not know.

    The grammar ``eq`` knows one ``eq`` alone. *statuses* are the words for a status, by those of the store, where
    they differ.

    >>> parse('status eq "ACTIVE" and groupKey eq "5001"').sql
    '(status = ?1 AND group_key = ?2)'
    """
    tokens = _tokens(text)
    if len(tokens) % 4 != 3 or (grammar == "eq" and not _is_one_equal(tokens)):
        raise _refused("filter.invalid")
    if len(tokens) // 4 + 1 > MAX_TERMS:
        raise _refused("filter.too.long")
    alternatives: list[list[str]] = [[]]
    values: list[str] = []
    for start in range(0, len(tokens), 4):
        if start and _joined(tokens[start - 1]) == "or":
            alternatives.append([])
        sql, value = _term(tokens[start : start + 3], len(values) + 1, statuses or {})
        alternatives[-1].append(sql)
        values.append(value)
    sql = " OR ".join(f"({' AND '.join(terms)})" for terms in alternatives)
    return Condition(sql, tuple(values), Basis.OBSERVED if _is_one_equal(tokens) else Basis.ASSUMED)


def _is_one_equal(tokens: list[tuple[str, str]]) -> bool:
    return len(tokens) == 3 and tokens[1] == ("word", "eq")


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position, end = [], 0, len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise _refused("filter.invalid")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


def _joined(token: tuple[str, str]) -> str:
    kind, word = token
    if kind != "word" or word not in ("and", "or"):
        raise _refused("filter.invalid")
    return word


def _term(tokens: list[tuple[str, str]], place: int, statuses: Mapping[str, str]) -> tuple[str, str]:
    (_, attribute), (_, operator), (_, quoted) = tokens
    if (
        [kind for kind, _ in tokens] != ["word", "word", "text"]
        or attribute not in COLUMNS
        or operator not in CONDITIONS
    ):
        raise _refused("filter.invalid")
    value = re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    column = _status_column(statuses) if attribute == "status" and statuses else COLUMNS[attribute]
    sql = CONDITIONS[operator].format(column=column).replace("?1", f"?{place}")
    return sql, value.casefold() if attribute in FOLDED else value


def _status_column(words: Mapping[str, str]) -> str:
    cases = " ".join(f"WHEN '{status}' THEN '{word}'" for status, word in words.items())  # words of our own
    return f"(CASE status {cases} ELSE status END)"


def order_by(text: str) -> str:
    """Return the order that ``sort=`` asks for, as SQL: attributes of a filter, each perhaps with a ``-`` for down,
    separated by commas (an extension). Raises a refusal (400).

    >>> order_by("lastName,-email")
    'casefold(last_name), email_folded DESC, number'
    """
    order = []
    for name in text.split(","):
        column = COLUMNS.get(name.removeprefix("-"))
        if column is None:
            raise GotoRefusal(400, Problem("sort.invalid", "sort"))
        order.append(f"{column} DESC" if name.startswith("-") else column)
    return ", ".join([*order, "number"])


def _refused(code: str) -> GotoRefusal:
    return GotoRefusal(400, Problem(code, "filter"))
