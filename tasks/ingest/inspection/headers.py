"""Find the headings of a table: below title rows, merged over several columns, in two rows. Pure."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from tasks.ingest.inspection.dates import looks_dated
from tasks.ingest.inspection.headings import meaning
from tasks.ingest.inspection.values import is_address, is_number
from tasks.model.sources import clean_heading

SEARCHED = 40
LONGEST = 80
"""No heading is longer; what is, is a sentence."""
BODY_SAMPLE = 200

Merged = Sequence[tuple[tuple[int, int], tuple[int, int]]]
Rows = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Headings:
    """Where a table's headings are. ``row`` is the first row of them (from 1), None where none could be found;
    ``rows`` how many there are. ``names`` has one text for each column, ``""`` where a column has none."""

    row: int | None
    rows: int
    names: tuple[str, ...]
    sure: bool = True

    @property
    def last(self) -> int:
        """The last row of the headings, 0 where there are none."""
        return 0 if self.row is None else self.row + self.rows - 1


def find(rows: Rows, merged: Merged = (), *, headed: bool = False) -> Headings:
    """Return the headings of a table, given all of its rows from row 1 on.

    The best of the first rows is taken: names of columns that are known in eight languages, cells that are labels
    (no address, number or date), as many as the table is wide, over values of another form.
    """
    width = max((len(row) for row in rows), default=0)
    if headed and rows:
        return Headings(1, 1, _cleaned(rows[0], width))
    scores = {at: score for at in range(min(SEARCHED, len(rows))) if (score := _score(rows, at)) is not None}
    if not scores:
        return Headings(None, 0, ("",) * width, sure=False)
    best = max(scores, key=lambda at: (scores[at].total, -at))
    if not scores[best].is_believable:
        return Headings(None, 0, ("",) * width, sure=False)
    first, names = best, _cleaned(rows[best], width)
    for upper in (best, best - 1):
        joined = _joined(rows, upper, merged, width) if 0 <= upper < len(rows) - 1 else None
        if joined is not None:
            return Headings(upper + 1, 2, joined, sure=scores[best].known > 0)
    return Headings(first + 1, 1, names, sure=scores[best].known > 0)


def _cleaned(row: Sequence[str], width: int) -> tuple[str, ...]:
    return tuple(clean_heading(cell) for cell in [*row, *[""] * (width - len(row))])


@dataclass(frozen=True)
class _Score:
    """How much a row is like headings. ``known`` counts names of columns, ``contrast`` (0 to 1) how many of its cells
    stand over values of another form, ``recurs`` whether a cell stands again below itself, as values do."""

    known: int
    filled: int
    distinct: float
    width: float
    contrast: float
    recurs: bool

    @property
    def total(self) -> float:
        return 3 * self.known / self.filled + self.width + self.distinct + self.contrast - self.recurs

    @property
    def is_believable(self) -> bool:
        return self.known >= max(1, self.filled // 5) or self.contrast > 0 or not self.recurs


def is_label(cell: str) -> bool:
    """Tell whether a cell can be a heading: short, with a letter in it, no address and no date."""
    text = cell.strip()
    return (
        len(text) <= LONGEST
        and any(map(str.isalpha, text))
        and not is_address(text)
        and not is_number(text)
        and not looks_dated(text)
    )


def _score(rows: Rows, at: int) -> _Score | None:
    """Return how much row *at* is like headings, None if it is not at all."""
    cells = {place: cell.strip() for place, cell in enumerate(rows[at]) if cell.strip()}
    body = [row for row in rows[at + 1 : at + 1 + BODY_SAMPLE] if any(map(str.strip, row))]
    typical = median([sum(bool(cell.strip()) for cell in row) for row in body]) if body else len(cells)
    labels = sum(map(is_label, cells.values()))
    if not cells or labels < 0.8 * len(cells) or len(cells) < 0.5 * typical:
        return None
    below = {place: [row[place].strip() for row in body if place < len(row) and row[place].strip()] for place in cells}
    return _Score(
        known=sum(meaning(cell) is not None for cell in cells.values()),
        filled=len(cells),
        distinct=len({cell.casefold() for cell in cells.values()}) / len(cells),
        width=min(1.0, len(cells) / typical) if typical else 1.0,
        contrast=sum(_differs(cell, below[place]) for place, cell in cells.items()) / len(cells),
        recurs=any(cell in below[place] and meaning(cell) is None for place, cell in cells.items()),
    )


def _differs(heading: str, values: Sequence[str]) -> bool:
    return bool(values) and is_label(heading) and sum(map(is_label, values)) < 0.3 * len(values)


def _joined(rows: Rows, upper: int, merged: Merged, width: int) -> tuple[str, ...] | None:
    """Return the headings of two rows joined, None if row *upper* and the one below it are not headings together.

    They are where each has headings in columns in which the other has none, or where only both tell columns apart
    that the lower row calls alike.
    """
    above, below = _cleaned(rows[upper], width), _cleaned(rows[upper + 1], width)
    if not all(is_label(cell) for cell in (*above, *below) if cell) or not any(above) or not any(below):
        return None
    spread = _spread(above, below, upper + 1, merged)
    names = tuple(clean_heading(f"{over} {under}") for over, under in zip(spread, below, strict=True))
    complete = any(over and not under for over, under in zip(above, below, strict=True)) and any(
        under and not over for over, under in zip(above, below, strict=True)
    )
    known = sum(meaning(cell) is not None for cell in below if cell)
    if complete and known * 2 >= sum(map(bool, below)):
        return names
    apart = _repeated(below) and not _repeated(names) and any(first[0] == upper + 1 for first, _ in merged)
    apart = apart and not any(_is_title(cell) for cell in above if cell)
    return names if apart and known else None


def _is_title(cell: str) -> bool:
    """Tell whether a cell is part of a title rather than a heading of headings."""
    return cell.endswith(":") or any(map(str.isdigit, cell)) or len(cell.split()) > 4


def _repeated(names: Sequence[str]) -> bool:
    return any(count > 1 for name, count in Counter(names).items() if name)


def _spread(above: Sequence[str], below: Sequence[str], row: int, merged: Merged) -> list[str]:
    """Return the upper headings, each over all the columns that it stands for."""
    spread = list(above)
    if merged:
        for (first_row, first), (last_row, last) in merged:
            if first_row <= row <= last_row and first <= len(spread):
                for place in range(first, min(last, len(spread))):
                    spread[place] = spread[first - 1]
        return spread
    for place in range(1, len(spread)):
        if not spread[place] and below[place] and below[place - 1]:
            spread[place] = spread[place - 1]
    return spread
