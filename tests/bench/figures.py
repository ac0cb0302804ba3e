"""What a measure gives: figures, each with its repetitions, its bar, and what it is compared with in the same run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(frozen=True)
class Bar:
    """What a figure has to keep: its median, or the median of its ratios where *ratio* is set."""

    limit: float
    ratio: bool = False
    at_least: bool = False

    def is_met(self, figure: "Figure") -> bool:
        reached = figure.ratio if self.ratio else figure.median
        if reached is None:
            return False
        return reached >= self.limit if self.at_least else reached <= self.limit


@dataclass(frozen=True)
class Figure:
    """One thing measured. *values* has one entry a repetition; *ratios*, likewise, says how many times *against*."""

    name: str
    values: Sequence[float]
    unit: str = "s"
    bar: Bar | None = None
    ratios: Sequence[float] = ()
    against: str = ""

    @property
    def median(self) -> float:
        return median(self.values)

    @property
    def ratio(self) -> float | None:
        return median(self.ratios) if self.ratios else None

    @property
    def is_met(self) -> bool | None:
        return None if self.bar is None else self.bar.is_met(self)

    def to_record(self) -> dict[str, Any]:
        bar = None if self.bar is None else {**vars(self.bar), "met": self.is_met}
        return {
            "name": self.name, "median": self.median, "unit": self.unit, "values": list(self.values), "bar": bar,
            "ratio": self.ratio, "against": self.against,
        }  # fmt: skip


def as_json(figures: Sequence[Figure]) -> str:
    return json.dumps([figure.to_record() for figure in figures], ensure_ascii=False, indent=2)


def as_table(figures: Sequence[Figure]) -> str:
    """Return the figures as lines of text, columns aligned; ``!`` marks a bar that is missed."""
    rows = [("", "what", "n", "median", "bar", "ratio", ""), *(_cells(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    right = (2, 3, 5)
    lines = []
    for row in rows:
        cells = [cell.rjust(widths[at]) if at in right else cell.ljust(widths[at]) for at, cell in enumerate(row)]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    ratio = "" if figure.ratio is None else f"{_digits(figure.ratio)} ×"
    mark = "!" if figure.is_met is False else ""
    value = f"{_digits(figure.median)} {figure.unit}"
    return mark, figure.name, str(len(figure.values)), value, _bar(figure), ratio, figure.against


def _bar(figure: Figure) -> str:
    if figure.bar is None:
        return ""
    sign, unit = "≥" if figure.bar.at_least else "≤", "×" if figure.bar.ratio else figure.unit
    return f"{sign} {figure.bar.limit:g} {unit}"


def _digits(value: float) -> str:
    """Return a number with three figures that matter.

    >>> _digits(0.01234), _digits(1.2345), _digits(12.345), _digits(1234.5), _digits(0)
    ('0.0123', '1.23', '12.3', '1234', '0')
    """
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:#.3g}"
