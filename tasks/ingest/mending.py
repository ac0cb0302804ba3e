"""Put rows that somebody has corrected in the place of the same rows of the list. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from tasks.ingest.masking import masked
from tasks.model.errors import RejectedSource
from tasks.model.sources import Source

LONGEST_CELL = 32_767
"""What a workbook keeps of a cell."""
AGAIN = "Run 'rosterflow check' again and mend the workbook that it writes."


@dataclass(frozen=True)
class Mended:
    """Rows of one list as they stand in a mended workbook.

    ``file`` is the workbook's name, ``book`` the hash of its bytes, ``sha256`` the beginning of the hash of the list's
    file. ``rows`` has the list's headings as columns, text, and is indexed by the row of the list.
    """

    source: str
    file: str
    book: str
    sha256: str
    rows: pd.DataFrame

    @property
    def said(self) -> str:
        return f"{len(self.rows)} row{'' if len(self.rows) == 1 else 's'} of {self.file}"


def mend(
    source: Source, headings: Sequence[str], sha256: str, raw: pd.DataFrame, corrections: Sequence[Mended]
) -> tuple[pd.DataFrame, dict[int, str], set[tuple[int, str]]]:
    """Return *raw* with the cells of the mended rows put in, without the rows that were emptied.

    Cells are put in under those *headings* that are mapped. Also returned are the workbook that each mended row stands
    in, and the cells, by row and heading, that were changed. A cell that stands in the workbook as it was written there
    is left as it is in the list: so a mask never takes the place of what it covers. Raises ``RejectedSource`` if a
    workbook is about another file than this, or lacks one of the headings.
    """
    raw = raw.copy()
    files: dict[int, str] = {}
    changed: set[tuple[int, str]] = set()
    for one in corrections:
        if not sha256.startswith(one.sha256):
            raise not_usable(
                one.file, f"mends another export of source {source.name} than the one that is there", AGAIN
            )
        absent = [heading for heading in headings if heading not in one.rows.columns]
        if absent:
            raise not_usable(
                one.file, f"has no column {', '.join(map(repr, absent))}", "Put the heading back as it was."
            )
        if not set(one.rows.index) <= {*raw.index, *files}:
            raise not_usable(one.file, "has a Reference to a row that is not in the list", AGAIN)
        rows = one.rows[one.rows.index.isin(raw.index)]
        new, old = rows[list(headings)], raw.loc[rows.index, list(headings)]
        shown = masked(source, old).apply(lambda column: column.str.slice(0, LONGEST_CELL))
        put = ~((new == shown) | (new.isna() & shown.isna()))
        raw.loc[rows.index, list(headings)] = old.where(~put, new)
        changed |= {(int(row), heading) for heading in headings for row in put.index[put[heading]]}
        files |= dict.fromkeys(map(int, rows.index), one.file)
        own = [heading for heading in raw.columns if heading in rows.columns]
        raw = raw.drop(index=rows.index[rows[own].isna().all(axis=1)])
    return raw, files, changed


def not_usable(file: str, what: str, remedy: str) -> RejectedSource:
    """Return the refusal of a mended workbook; *what* goes on after "The mended workbook NAME"."""
    return RejectedSource(f"The mended workbook {file} {what}.", remedy=remedy, file=file)
