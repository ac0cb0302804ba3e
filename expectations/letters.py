"""Expect no letters that only look like others: a Cyrillic ``а`` in an address of Latin letters."""

import re
from functools import cache
from typing import Any

import pandas as pd

from expectations.gx import ColumnMapExpectation, ColumnMapMetricProvider, column_condition

WORD = re.compile(r"[^\W\d_]+")
ALIKE = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Scripts that share the looks of many letters. No word of any language mixes two of them; Japanese mixes others."""


def has_lookalikes(text: str) -> bool:
    """Say whether a word of *text* mixes scripts that look alike, or a part of an address only looks like Latin.

    A name all in Cyrillic is a name; a domain all in Cyrillic is one too, unless every letter of a part of it
    passes for a Latin one.

    >>> has_lookalikes("Iv\\u0430nov"), has_lookalikes("Иванов"), has_lookalikes("Müller-Ødegård")
    (True, False, False)
    >>> has_lookalikes("ada@\\u0430\\u0441\\u043c\\u0435.example"), has_lookalikes("ada@пример.example")
    (True, False)
    """
    if text.isascii():
        return False
    words = [word for word in WORD.findall(text) if not word.isascii()]
    return any(len(_scripts(word)) > 1 for word in words) or ("@" in text and any(map(_passes_for_latin, words)))


def _scripts(word: str) -> set[str]:
    return {_script(letter) for letter in word} & ALIKE


def _passes_for_latin(word: str) -> bool:
    return not _scripts(word) & {"LATIN"} and all(map(_looks_latin, word))


@cache
def _script(letter: str) -> str:
    from confusable_homoglyphs import categories  # reads its tables when it is imported

    return str(categories.alias(letter))


@cache
def _looks_latin(letter: str) -> bool:
    from confusable_homoglyphs import confusables

    found = confusables.is_confusable(letter, greedy=True, preferred_aliases=["latin"])
    return bool(found) and any("LATIN" in other["n"] for one in found for other in one["homoglyphs"])


class ColumnValuesWithoutLookalikes(ColumnMapMetricProvider):
    condition_metric_name = "column_values.without_lookalikes"

    @column_condition
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805  # GX calls it with the class
        wrong = [text for text in column.unique() if not text.isascii() and has_lookalikes(text)]
        return ~column.isin(wrong)


class ExpectColumnValuesToHaveNoLookalikeLetters(ColumnMapExpectation):
    """Expect no value to mix scripts that look alike within a word. In addresses, no part may only look like Latin.

    Missing values are not looked at.
    """

    map_metric = "column_values.without_lookalikes"
