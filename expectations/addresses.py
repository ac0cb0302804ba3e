"""Expect mail addresses to be well formed (RFC 5321, RFC 5322). Nothing is asked of the DNS."""

import re
from typing import Any

import pandas as pd
from email_validator import EmailNotValidError, validate_email

from expectations.gx import ColumnMapExpectation, ColumnMapMetricProvider, column_condition

LABEL = r"[a-z0-9]{1,30}(?:-[a-z0-9]{1,30})?"
PLAIN = re.compile(
    rf"(?=.{{1,254}}$)(?=.{{1,64}}@)[a-z0-9_]+(?:[.+-][a-z0-9_]+)*@(?:{LABEL}\.){{1,4}}(?P<top>[a-z]{{2,24}})",
    re.ASCII | re.IGNORECASE,
)
"""Addresses so plain that the full check, which costs twenty times as much, would surely pass them."""
PLACEHOLDER = "@example.invalid"
"""What a pipeline that inspection wrote makes addresses with until somebody names the domain; nothing is planned
with it (docs/decisions/0022)."""
UNREACHABLE = ("arpa", "invalid", "local", "localhost", "onion")


def is_address(text: str) -> bool:
    """Say whether a target can take *text* as an address: ASCII before the ``@``, a dotted domain after it.

    Reserved domains for documentation and tests (``.example``, ``.test``) are allowed; those that no mail
    can reach (``.local``, ``.invalid``) are not, but for the placeholder ``example.invalid``.

    >>> is_address("ada@acme.example"), is_address("ada@acme"), is_address("ada acme.example")
    (True, False, False)
    """
    if text.endswith(PLACEHOLDER):
        text = text.removesuffix(PLACEHOLDER) + "@placeholder.example"
    plain = PLAIN.fullmatch(text)
    if plain and plain["top"].lower() not in UNREACHABLE:
        return True
    try:
        found = validate_email(
            text, check_deliverability=False, test_environment=True, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError:
        return False
    return "." in found.domain


class ColumnValuesAddress(ColumnMapMetricProvider):
    condition_metric_name = "column_values.address"

    @column_condition
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805  # GX calls it with the class
        known = {text: is_address(text) for text in column.unique()}
        return column.map(known).astype(bool)


class ExpectColumnValuesToBeAddresses(ColumnMapExpectation):
    """Expect each value to be a mail address. Missing values are not looked at."""

    map_metric = "column_values.address"
