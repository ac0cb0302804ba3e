"""What the values of a column look like: what speaks for a heading, or against it. Pure."""

import re
from collections.abc import Callable, Mapping
from functools import cache

import pandas as pd

from tasks.ingest.inspection import vocabulary
from tasks.ingest.inspection.dates import SERIALS, looks_dated
from tasks.ingest.inspection.headings import listed, spelling
from tasks.ingest.inspection.tables import DATE, NUMBER, Cells
from tasks.model.secrets import kind_of_value

SAMPLE = 2000
"""So many different values say what a column holds."""

ADDRESS = re.compile(r"[^@\s,;]+@[^@\s,;]+\.[^@\s,;]+")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)*%?")
_PHONE = re.compile(r"[+(]?[\d\s().\-/x+]{6,25}")
_LOCALE = re.compile(r"[a-z]{2}(?:[_-][A-Z]{2})?")
_ZONE = re.compile(r"[A-Z][A-Za-z]+/[A-Z][A-Za-z_/-]+|UTC|GMT|[A-Z]{3,4}")
_ID = re.compile(r"(?=.*\d)[A-Za-z]{0,8}[-_./ ]?[0-9A-Za-z][0-9A-Za-z\-_./]{0,39}")
_LOGIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._\\-]{1,63}")
HASH = re.compile(
    r"\{(?:S?SHA\d*|S?MD5|CRYPT|PBKDF2[^}]*|ARGON2[^}]*|BCRYPT|X-\w+|CLEARTEXT)\}.+|\$(?:1|2[abxy]|5|6|7|y|argon2\w*)\$.+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY.*|eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]*|AKIA[0-9A-Z]{16}|gh[pousr]_\w{30,}",
    re.IGNORECASE | re.DOTALL,
)
"""Password hashes as directories keep them, and secrets that can be told by their form."""

FEW, REPEATED = 30, 0.5

ACCOUNT_DISABLED = 0x2
"""The bit of ``userAccountControl`` that disables an account (Active Directory, ADS_UF_ACCOUNTDISABLE)."""

LISTED = ("ldif", "json", "jsonl", "xml", "parquet", "sql")
"""Containers whose values can be lists: a cell has a line for each of its values."""


def share(column: Cells, test: Callable[[str], object]) -> float:
    """Return the share of a column's different values that pass *test*."""
    sample = column.values[:SAMPLE]
    return sum(bool(test(value)) for value in sample) / len(sample) if len(sample) else 0.0


@cache
def words_of(text: str) -> frozenset[str]:
    """Return a list of the vocabulary as values are compared."""
    return listed(text)


def is_word_of(text: str) -> Callable[[str], bool]:
    known = words_of(text)
    return lambda value: (spelling(value) or value.strip()) in known


def meaning_of_status(word: str, kind: str = "status") -> tuple[str | None, bool]:
    """Return what a status word means (``active``, ``inactive``, None if unknown), and whether that is sure.

    *kind* says whether the column asks if somebody is employed, or if they have left.

    >>> meaning_of_status("Inactive"), meaning_of_status("Elternzeit"), meaning_of_status("Mars")
    (('inactive', True), ('active', False), (None, False))
    >>> meaning_of_status("Ja", vocabulary.INACTIVE_FLAG)
    ('inactive', True)
    >>> meaning_of_status("514", vocabulary.ACCOUNT_CONTROL), meaning_of_status("66048", vocabulary.ACCOUNT_CONTROL)
    (('inactive', True), ('active', True))
    """
    if kind == vocabulary.ACCOUNT_CONTROL:
        return ("inactive" if int(word) & ACCOUNT_DISABLED else "active", True) if _is_bits(word) else (None, False)
    if kind in (vocabulary.ACTIVE_FLAG, vocabulary.INACTIVE_FLAG):
        yes, no = ("active", "inactive") if kind == vocabulary.ACTIVE_FLAG else ("inactive", "active")
        if is_word_of(vocabulary.YES_WORDS)(word):
            return yes, True
        if is_word_of(vocabulary.NO_WORDS)(word):
            return no, True
    if is_word_of(vocabulary.DOUBTFUL_WORDS)(word):
        return "active", False
    if is_word_of(vocabulary.INACTIVE_WORDS)(word):
        return "inactive", True
    return ("active", True) if is_word_of(vocabulary.ACTIVE_WORDS)(word) else (None, False)


def _is_bits(value: str) -> bool:
    return re.fullmatch(r"[1-9][0-9]{0,9}", value) is not None


def is_address(value: str) -> bool:
    return ADDRESS.fullmatch(value) is not None


def is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None


def is_phone(value: str) -> bool:
    return _PHONE.fullmatch(value) is not None and 6 <= sum(map(str.isdigit, value)) <= 18


def is_id(value: str) -> bool:
    return _ID.fullmatch(value) is not None


def is_name(value: str) -> bool:
    """Tell whether a text may be a person's name: letters, few words, no digit and no sign of other things."""
    return len(value) <= 80 and not re.search(r"[\d@/\\:;=<>{}\[\]_]", value) and any(map(str.isalpha, value))


def few_words(column: Cells) -> bool:
    """Tell whether few values stand again and again, as in a column of states or departments."""
    distinct, filled = len(column.values), len(column.filled)
    return 0 < distinct <= FEW and (distinct <= REPEATED * filled or filled <= 5)


Judge = Callable[[Cells], float]
"""Says how well values fit: 1 wholly, 0 not at all."""


def _dates(column: Cells) -> float:
    """Return the share of cells that are dates, or numbers of days as Excel keeps them."""
    cells = column.filled[:SAMPLE]
    kinds = ["t"] * len(cells) if column.kinds is None else column.kinds.reindex(cells.index).tolist()
    fits = [
        kind == DATE or looks_dated(cell) or (kind == NUMBER and cell.isdigit() and 366 < int(cell) < SERIALS[1])
        for cell, kind in zip(cells, kinds, strict=True)
    ]
    return sum(fits) / len(fits) if fits else 0.0


def _status(column: Cells) -> float:
    return share(column, lambda value: meaning_of_status(value)[0]) if few_words(column) else 0.0


def _flag(column: Cells) -> float:
    yes_or_no = is_word_of(f"{vocabulary.YES_WORDS}|{vocabulary.NO_WORDS}")
    known = is_word_of(f"{vocabulary.ACTIVE_WORDS}\n{vocabulary.INACTIVE_WORDS}")
    return share(column, lambda value: yes_or_no(value) or known(value)) if few_words(column) else 0.0


def _in_each_line(test: Callable[[str], object]) -> Callable[[str], bool]:
    """Return a test of a cell that may have several values, one a line."""
    return lambda cell: all(map(test, cell.split("\n")))


def _no_address_no_date(column: Cells) -> float:
    return 1 - share(column, lambda value: is_address(value) or looks_dated(value))


JUDGES: Mapping[str, Judge] = {
    "external_id": lambda column: share(column, _in_each_line(lambda value: is_id(value) or is_address(value))),
    vocabulary.EMAIL: lambda column: share(column, lambda value: any(map(is_address, value.split("\n")))),
    vocabulary.PRIVATE_EMAIL: lambda column: share(column, is_address),
    vocabulary.LOGIN: lambda column: share(column, _in_each_line(lambda v: _LOGIN.fullmatch(v) or is_address(v))),
    "given_name": lambda column: share(column, is_name),
    "family_name": lambda column: share(column, is_name),
    vocabulary.FULL_NAME: lambda column: share(column, is_name),
    "status": _status,
    vocabulary.ACTIVE_FLAG: _flag,
    vocabulary.INACTIVE_FLAG: _flag,
    vocabulary.ACCOUNT_CONTROL: lambda column: share(column, _is_bits),
    "start_date": _dates,
    "end_date": _dates,
    vocabulary.BIRTH_DATE: _dates,
    "manager_id": lambda column: share(column, _in_each_line(lambda value: is_id(value) or is_address(value))),
    "phone": lambda column: share(column, _in_each_line(is_phone)),
    "locale": lambda column: share(column, lambda value: _LOCALE.fullmatch(value) or is_name(value)),
    "timezone": lambda column: share(column, lambda value: _ZONE.fullmatch(value)),
    "country": lambda column: share(column, is_name),
    "title": _no_address_no_date,
    "department": _no_address_no_date,
    "division": _no_address_no_date,
    "organization": _no_address_no_date,
    "location": _no_address_no_date,
    "employee_type": _no_address_no_date,
}
"""How a kind of column is checked against what it holds; a kind that is not here is believed by its heading."""

PHONE_SIGNS = re.compile(r"[+()\s./-]")


def telling_kind(column: Cells) -> tuple[str, float, str] | None:
    """Return what values alone tell of a column whose heading says nothing: kind, confidence, evidence.

    Only what has a form of its own can be told so: addresses, words for active and inactive, telephone numbers.
    """
    if len(column.filled) == 0:
        return None
    if share(column, is_address) >= 0.8:
        return vocabulary.EMAIL, 0.75, "its values are e-mail addresses"
    plain_words = share(column, lambda value: not value.isdigit() and len(value) > 1)
    if len(column.values) >= 2 and plain_words == 1 and _status(column) == 1:
        return "status", 0.6, "its values are words for active and inactive"
    if share(column, lambda value: is_phone(value) and PHONE_SIGNS.search(value) and not looks_dated(value)) >= 0.9:
        return "phone", 0.5, "its values look like telephone numbers"
    return None


def is_secret(value: str) -> bool:
    """Tell whether a text is a secret by its form: a hash, a key, a bank account.

    >>> is_secret("{SSHA}xo3n0NB1"), is_secret("Sales")
    (True, False)
    """
    return (value[0] in "{$-eEAag" and HASH.fullmatch(value) is not None) or kind_of_value(value) is not None


def several_values(column: Cells) -> pd.Index:
    """Return the rows whose cell holds several values, one a line, as those of a list of JSON or a directory do."""
    return column.filled.index[column.filled.str.contains("\n", regex=False)]
