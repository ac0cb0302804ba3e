"""How the dates of a column are written, and which rows prove it. Where nothing proves it, that is the answer. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Literal

import pandas as pd

from tasks.ingest.inspection.tables import DATE, NUMBER, Cells

YEARS = range(1900, 2101)
SERIALS = (1, 80_000)
"""Excel's days: 1 is 1900-01-01, 80,000 is in 2119."""

_NUMERIC = re.compile(r"(\d{1,4})([./\- ])(\d{1,2})\2(\d{1,4})((?:[ T]\d{1,2}:\d{2}(?::\d{2})?)?)")
_DAY_OR_MONTH_FIRST = ("%d{0}%m{0}", "%m{0}%d{0}")
_YEAR_FIRST = "%y{0}%m{0}%d"
_DAY, _MOMENT = "%Y-%m-%d", "%Y-%m-%d %H:%M:%S"
_OTHERS = (
    "%Y%m%d", "%Y年%m月%d日", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d/%b/%Y",
    "%d. %B %Y", "%d.%b.%Y", "%b %d %Y", "%B %d %Y", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ",
)  # fmt: skip
_IN_WORDS = re.compile(
    r"(?=.*\d)(?=.{6,40}$).*(?:年|T\d\d:|(?<![A-Za-z])(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec))",
    re.IGNORECASE,
)


Written = Literal["text", "date cells", "serial numbers", "mixed"]


@dataclass(frozen=True)
class DateReading:
    """How a column's dates are written.

    ``written``: ``text``, ``date cells``, ``serial numbers`` or ``mixed``. ``format`` is None where there is none, or
    none that is proven; then ``candidates`` are those that fit. ``proof_rows`` are the rows that only the format fits,
    ``ambiguous_rows`` those that several candidates read as different days, ``bad_rows`` those that no format reads,
    ``contradicting`` by format the rows that it reads, and some other candidate does not.
    """

    column: str
    written: Written
    format: str | None
    candidates: tuple[str, ...] = ()
    proof_rows: tuple[int, ...] = ()
    ambiguous_rows: tuple[int, ...] = ()
    bad_rows: tuple[int, ...] = ()
    serial_rows: tuple[int, ...] = ()
    date_rows: tuple[int, ...] = ()
    text_rows: tuple[int, ...] = ()
    two_digit_years: bool = False
    contradicting: Mapping[str, tuple[int, ...]] | None = None

    @property
    def ambiguous(self) -> bool:
        return self.format is None and len(self.candidates) > 1


def looks_dated(text: str) -> bool:
    """Tell whether a text may be a date.

    >>> looks_dated("13/02/2024"), looks_dated("2024-02-13"), looks_dated("13 Feb 2024"), looks_dated("259-915-1098")
    (True, True, True, False)
    """
    return bool(text) and text[0].isalnum() and any(read(text, form) for form in formats_of(text))


def formats_of(text: str) -> tuple[str, ...]:
    """Return the formats that a text of this outline could be written in."""
    found = _NUMERIC.fullmatch(text)
    if found:
        first, sign, _, last, time = found.groups()
        return tuple(order.format(sign) + _time_format(time) for order in _orders(first, last))
    if (len(text) == 8 and text.isdigit()) or _IN_WORDS.match(text):
        return _OTHERS
    return ()


def _orders(first: str, last: str) -> Sequence[str]:
    if len(first) == 4:
        return ("%Y{0}%m{0}%d",) if len(last) <= 2 else ()
    if len(first) > 2 or len(last) not in (2, 4):
        return ()
    if len(last) == 4:
        return tuple(order + "%Y" for order in _DAY_OR_MONTH_FIRST)
    return (*(order + "%y" for order in _DAY_OR_MONTH_FIRST), _YEAR_FIRST)


def _time_format(time: str) -> str:
    if not time:
        return ""
    return f"{time[0]}%H:%M" + (":%S" if time.count(":") == 2 else "")


@lru_cache(maxsize=200_000)
def read(text: str, form: str) -> str | None:
    """Return the day that *text* is in a format, as ISO text; None if it is none, or no year that people live in."""
    try:
        day = datetime.strptime(text, form)  # noqa: DTZ007  (days have no zone)
    except ValueError:
        return None
    return day.date().isoformat() if day.year in YEARS else None


def examine(column: Cells) -> DateReading | None:
    """Return how the dates of a column are written, None if it has no dates in it at all."""
    filled = column.filled
    kinds = column.kinds.reindex(filled.index) if column.kinds is not None else pd.Series("t", filled.index)
    dated = filled[kinds == DATE]
    whole = pd.to_numeric(filled.where(filled.str.fullmatch(r"\d{1,5}(?:\.\d+)?")), errors="coerce")
    serial = whole.between(*SERIALS) & ((kinds == NUMBER) | whole.between(10_000, SERIALS[1]))
    texts = filled[(kinds != DATE) & ~serial]
    reading = _of_texts(column.name, texts)
    rows = {"serial_rows": filled.index[serial], "date_rows": dated.index, "text_rows": texts.index}
    parts: list[Written] = ["date cells"] if len(dated) else []
    if serial.any():
        parts.append("serial numbers")
    if reading is not None:
        parts.append("text")
    if not parts:
        return None
    written: Written = parts[0] if len(parts) == 1 else "mixed"
    known = {name: _rows(index) for name, index in rows.items()}
    if reading is None:
        form = "%Y-%m-%d" if parts == ["date cells"] else None
        reading = DateReading(column.name, written, form, bad_rows=_rows(texts.index))
    return replace(reading, written=written, **known)  # type: ignore[arg-type]


def _of_texts(name: str, texts: pd.Series) -> DateReading | None:
    """Weigh the formats that could be meant. One is proven if it reads (nearly) all, and some row no other reads."""
    values = texts.unique().tolist()
    candidates = sorted({form for value in values for form in formats_of(value)})
    reads = {form: {value: day for value in values if (day := read(value, form))} for form in candidates}
    reads = {form: days for form, days in reads.items() if days}
    if _DAY in reads:  # who reads days reads them with a time of day behind them too
        reads[_DAY] |= reads.get(_MOMENT, {})
    if not reads:
        return None
    rows_read = {form: int(texts.isin(list(days)).sum()) for form, days in reads.items()}
    most = max(rows_read.values())
    contenders = [form for form in reads if _is_contender(form, reads, most, rows_read)]
    bad = _rows(texts.index[~texts.isin({value for days in reads.values() for value in days})])
    if len(contenders) == 1:
        return _proven(name, contenders[0], reads, texts, bad)
    differing = _differing(contenders, reads)
    return DateReading(
        column=name,
        written="text",
        bad_rows=bad,
        format=None,
        candidates=tuple(contenders),
        ambiguous_rows=_rows(texts.index[texts.isin(differing)]) or _rows(texts.index),
        two_digit_years=any("%y" in form for form in contenders),
        contradicting=_contradicting(contenders, reads, texts) or None,
    )


def _is_contender(form: str, reads: Mapping[str, Mapping[str, str]], most: int, rows_read: Mapping[str, int]) -> bool:
    """Tell whether a format reads some row that the best one does not, or all that it reads."""
    if rows_read[form] == most:
        return True
    best = next(other for other, count in rows_read.items() if count == most)
    return bool(set(reads[form]) - set(reads[best]))


def _proven(
    name: str, form: str, reads: Mapping[str, Mapping[str, str]], texts: pd.Series, bad: tuple[int, ...]
) -> DateReading:
    others = {value for other, days in reads.items() if other != form for value in days}
    proof = [value for value in reads[form] if value not in others]
    return DateReading(
        column=name,
        written="text",
        bad_rows=bad,
        format=form,
        candidates=(form,),
        proof_rows=_rows(texts.index[texts.isin(proof)]),
        two_digit_years="%y" in form,
    )


def _contradicting(
    forms: Sequence[str], reads: Mapping[str, Mapping[str, str]], texts: pd.Series
) -> dict[str, tuple[int, ...]]:
    """Return by format the rows that not all formats read: none if each reads what the others do."""
    shared = set.intersection(*(set(reads[form]) for form in forms))
    rows = {form: _rows(texts.index[texts.isin(set(reads[form]) - shared)]) for form in forms}
    return {form: found for form, found in rows.items() if found}


def _differing(forms: Iterable[str], reads: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Return the values that the formats read as different days."""
    days: dict[str, set[str]] = {}
    for form in forms:
        for value, day in reads[form].items():
            days.setdefault(value, set()).add(day)
    return [value for value, found in days.items() if len(found) > 1]


def _rows(index: pd.Index) -> tuple[int, ...]:
    return tuple(int(row) for row in index)
