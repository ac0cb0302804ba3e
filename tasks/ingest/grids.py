"""Rows of cells as columns of text, built in batches so that a million rows never stand in memory as Python lists."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from tasks.ingest.files import ReadFile

BATCH_ROWS = 20_000
SEARCHED_FOR_HEADINGS = 30


@dataclass(frozen=True)
class Grid:
    """A table's cells. ``top`` has the first rows, headings among them, as they are; ``columns`` the cells below the
    headings, one series per heading cell, indexed by the row's number, blank cells missing.

    ``merged`` are merged areas as in ``tables.RawTable``.
    """

    top: list[list[str]]
    columns: list[pd.Series]
    rows: int
    merged: tuple[tuple[int, int, int, int], ...] = ()


def grid(
    file: ReadFile,
    rows: Iterable[Sequence[str]],
    first: int,
    below: int,
) -> Grid:
    """Return *rows* (from row 1 on) as a grid whose headings are rows *first* to *below*.

    Rows below the headings must be as long as the longest row of headings. Raises
    ``RejectedSource`` if a cell is no text that can be written.
    """
    feed = iter(rows)
    top = [list(row) for row in islice(feed, below)]
    width = max(map(len, top[first - 1 :]), default=0)
    peeked = [list(row) for row in islice(feed, max(0, SEARCHED_FOR_HEADINGS - below))]
    arrays: list[list[pa.Array]] = [[] for _ in range(width)]
    count = 0
    try:
        for batch in _batches(peeked, feed):
            count += len(batch)
            for chunks, cells in zip(arrays, zip(*batch, strict=True), strict=True):
                chunks.append(_blanks_missing(pa.array(cells, pa.large_string())))
    except UnicodeEncodeError:
        raise file.rejected(
            "holds characters that are no text: halves of a pair (surrogates)", "Correct them, or export again."
        ) from None
    index = pd.RangeIndex(below + 1, below + 1 + count, name="row")
    columns = [_series(chunks, index) for chunks in arrays]
    return Grid([*top, *peeked], columns, len(top) + count)


def grid_of_columns(
    columns: Sequence[pa.Array], below: int, merged: tuple[tuple[int, int, int, int], ...] = ()
) -> Grid:
    """Return the columns of a sheet (from row 1 on) as a grid whose headings end in row *below*."""
    rows = len(columns[0]) if columns else 0
    shown = [column.slice(0, max(below, SEARCHED_FOR_HEADINGS)).to_pylist() for column in columns]
    index = pd.RangeIndex(below + 1, max(below, rows) + 1, name="row")
    cells = [_series([_blanks_missing(column.slice(below))], index) for column in columns]
    return Grid([list(row) for row in zip(*shown, strict=True)], cells, rows, merged)


def _batches(first: list[list[str]], others: Iterator[Sequence[str]]) -> Iterator[Sequence[Sequence[str]]]:
    if first:
        yield first
    while batch := list(islice(others, BATCH_ROWS)):
        yield batch


def _blanks_missing(cells: pa.Array) -> pa.Array:
    return pc.if_else(pc.equal(cells, ""), pa.scalar(None, pa.large_string()), cells)


def _series(chunks: list[pa.Array], index: pd.Index) -> pd.Series:
    whole = pa.chunked_array(chunks, pa.large_string())
    dtype = pd.StringDtype("pyarrow", na_value=float("nan"))
    return pd.Series(pd.arrays.ArrowStringArray(whole, dtype=dtype), index)  # type: ignore[call-arg]
