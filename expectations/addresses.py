"""Expect mail addresses to be well formed (RFC 5321, RFC 5322). The DNS is asked only if the suite says so."""

import re
import unicodedata
from collections.abc import Collection
from typing import Any

import pandas as pd
from email_validator import EmailNotValidError, caching_resolver, validate_email

from expectations.gx import ColumnMapExpectation, ColumnMapMetricProvider, column_condition

LABEL = r"[a-z0-9]{1,30}(?:-[a-z0-9]{1,30})?"
PLAIN = re.compile(
    rf"(?=.{{1,254}}$)(?=.{{1,64}}@)[a-z0-9_]+(?:[.+-][a-z0-9_]+)*@(?:{LABEL}\.){{1,4}}(?P<top>[a-z]{{2,24}})",
    re.ASCII | re.IGNORECASE,
)
"""Addresses so plain that the full check, which costs twenty times as much, would surely pass them."""
DNS_SECONDS = 5
PLACEHOLDER = "@example.invalid"
"""What a pipeline that inspection wrote makes addresses with until somebody names the domain; nothing is planned
with it (docs/decisions/0021)."""
UNREACHABLE = ("arpa", "invalid", "local", "localhost", "onion")


def is_address(text: str) -> bool:
    """Say whether a target can take *text* as an address: ASCII before the ``@``, a dotted domain after it.

    A domain written with other signs for its letters (full width, a Kelvin sign, 。 for its dot) is none: look-ups
    would take it for another one than mail does.

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
    return "." in found.domain and not _stand_ins(text) and _written(text) in (found.domain, found.ascii_domain)


def _stand_ins(text: str) -> bool:
    """Say whether a sign of *text* only stands for an ASCII one."""
    return any(not sign.isascii() and unicodedata.normalize("NFKC", sign).isascii() for sign in text)


def _written(text: str) -> str:
    return unicodedata.normalize("NFC", text.rpartition("@")[2]).lower()


def unreachable(domains: Collection[str], resolver: Any = None) -> set[str]:
    """Return those of *domains* of which the DNS says that they take no mail. One that does not answer proves nothing.

    *resolver* is asked in the place of the machine's own.
    """
    resolver = resolver or caching_resolver(timeout=DNS_SECONDS)
    return {domain for domain in domains if not _takes_mail(domain, resolver)}


def _takes_mail(domain: str, resolver: Any) -> bool:
    try:
        validate_email(f"someone@{domain}", check_deliverability=True, test_environment=False, dns_resolver=resolver)
    except EmailNotValidError:  # also of domains for tests and documentation: nobody is there
        return False
    return True


class ColumnValuesAddress(ColumnMapMetricProvider):
    condition_metric_name = "column_values.address"
    condition_value_keys = ("check_deliverability",)

    @column_condition
    def _pandas(cls, column: pd.Series, check_deliverability: bool = False, **_: Any) -> pd.Series:  # noqa: N805  # GX's
        known = {text: is_address(text) for text in column.unique()}
        if check_deliverability:
            domains = {text: text.rpartition("@")[2].casefold() for text, valid in known.items() if valid}
            deaf = unreachable(sorted(set(domains.values())))
            known |= {text: domain not in deaf for text, domain in domains.items()}
        return column.map(known).astype(bool)


class ExpectColumnValuesToBeAddresses(ColumnMapExpectation):
    """Expect each value to be a mail address. Missing values are not looked at.

    With ``check_deliverability`` the DNS is asked, once for each domain, whether it takes mail.
    """

    check_deliverability: bool = False
    map_metric = "column_values.address"
    success_keys = ("check_deliverability", "mostly")
