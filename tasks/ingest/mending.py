"""Take rows that somebody has corrected in a workbook of held rows in the place of the same rows of the list.

Which row of which file a line is about stands in its cell "Reference": the source, the beginning of the file's hash,
the row. So a workbook mends the very export that it came from, and no other.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tasks.ingest.days import own_formats
from tasks.ingest.fetching import no_secrets
from tasks.ingest.masking import masked
from tasks.model.errors import RejectedSource
from tasks.model.rosters import REFERENCE, REJECTS
from tasks.model.sources import Source

_GIVEN = re.compile(r" \(\d+\)$|^\(column [A-Z]+\)$")
"""Names that reading gave to columns whose headings stand there twice, or are blank."""
LONGEST_CELL = 32_767
"""What a workbook keeps of a cell."""
NOT_WORKED_OUT = "#VALUE!"
_AGAIN = "Run 'rosterflow check' again and mend the workbook that it writes."


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
        return f"{len(self.rows)} rows of {self.file}"


def read_mended(sources: Iterable[Source], paths: Iterable[Path]) -> Mapping[str, list[Mended]]:
    """Return what the workbooks at *paths* mend, by source, in their order: of two that mend a row the later counts.

    Raises ``RejectedSource`` if one cannot be read, or is no workbook of held rows of these sources.
    """
    known = {source.name: source for source in sources}
    found: dict[str, list[Mended]] = {}
    for path in paths:
        first = _read(next(iter(known.values())), path, ())
        name, _ = _references(path.name, first)
        if name not in known:
            raise _refused(path.name, f"mends a source named {name}, which this pipeline does not have", "")
        headings = [heading for heading in first.columns if heading != REFERENCE and not _GIVEN.search(heading)]
        rows = _read(known[name], path, headings)
        book = hashlib.sha256(path.read_bytes()).hexdigest()
        found.setdefault(name, []).append(Mended(name, path.name, book, *_references(path.name, rows)[1]))
    return found


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
            raise _refused(one.file, f"mends another export of source {source.name} than the one that is there", _AGAIN)
        absent = [heading for heading in headings if heading not in one.rows.columns]
        if absent:
            raise _refused(one.file, f"has no column {', '.join(map(repr, absent))}", "Put the heading back as it was.")
        if not set(one.rows.index) <= {*raw.index, *files}:
            raise _refused(one.file, "has a Reference to a row that is not in the list", _AGAIN)
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


def _read(source: Source, path: Path, headings: Collection[str]) -> pd.DataFrame:
    """Return the sheet of held rows of a workbook, as text. A formula that was not worked out is an error's text."""
    from tasks.ingest.rosters import read  # which reads mended rows, too

    own = own_formats(source.found(headings))
    columns = {
        f"column_{number}": {"from": heading, "dates": own.get(heading)} for number, heading in enumerate(headings)
    }
    reading = Source.model_validate(
        {
            "name": source.name,
            "path": str(path.absolute()),
            "sheet": REJECTS,
            "snapshot": "delta",
            "dates": source.dates,
            "secret": source.secret,
            "not_secret": source.not_secret,
            "columns": {"user_name": {"from": REFERENCE}, **columns},
        }
    )
    roster = read(reading, path.parent, no_secrets)
    raw = roster.raw.copy()
    for row, heading in roster.findings.loc[
        roster.findings["code"] == "formula_uncached", ["row", "column"]
    ].to_numpy():
        raw.at[row, heading] = NOT_WORKED_OUT
    return raw


def _references(file: str, raw: pd.DataFrame) -> tuple[str, tuple[str, pd.DataFrame]]:
    """Return the source that a workbook's lines are of, the beginning of its file's hash, and the lines by row."""
    parts = raw[REFERENCE].str.strip().str.extract(r"^([a-z0-9][a-z0-9_-]*):([0-9a-f]{12,64}):([0-9]{1,9})$")
    bad = parts.isna().any(axis=1)
    if bad.any():
        row = int(bad.index[bad][0])
        raise _refused(
            file,
            f"has no Reference, or a damaged one, in row {row}",
            "Put it back as it was, or take the row out. Whoever is not in the list yet is entered in the list itself.",
        )
    if parts[2].duplicated().any() or len(parts[[0, 1]].drop_duplicates()) > 1:
        raise _refused(
            file,
            "has the same Reference in several rows, or rows of several lists",
            "Keep one row for each Reference, and one workbook for each list.",
        )
    name, sha256 = parts.iloc[0, 0], parts.iloc[0, 1]
    rows = raw.drop(columns=REFERENCE).set_axis(parts[2].astype("int64"), axis="index").rename_axis("row")
    return str(name), (str(sha256), rows)


def _refused(file: str, what: str, remedy: str) -> RejectedSource:
    return RejectedSource(f"The mended workbook {file} {what}.", remedy=remedy, file=file)
