"""Read workbooks of held rows that somebody has mended.

Which row of which file a line is about stands in its cell "Reference": the source, the beginning of the file's hash,
the row. So a workbook mends the very export that it came from, and no other.
"""

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

import pandas as pd

from tasks.ingest.days import own_formats
from tasks.ingest.fetching import no_secrets
from tasks.ingest.mending import AGAIN, Mended, not_usable
from tasks.ingest.rosters import read
from tasks.model.errors import BadUsage, RejectedSource
from tasks.model.rosters import REFERENCE, REJECTS
from tasks.model.sources import Source

_GIVEN = re.compile(r" \(\d+\)$|^\(column [A-Z]+\)$")
"""Names that reading gave to columns whose headings stand there twice, or are blank."""
NOT_WORKED_OUT = "#VALUE!"


def read_mended(sources: Iterable[Source], paths: Iterable[Path]) -> Mapping[str, list[Mended]]:
    """Return what the workbooks at *paths* mend, by source, in their order: of two that mend a row the later counts.

    Raises ``BadUsage`` if one is not there, ``RejectedSource`` if it cannot be read, or is no workbook of held rows of
    these sources.
    """
    known = {source.name: source for source in sources}
    found: dict[str, list[Mended]] = {}
    for path in paths:
        if not path.is_file():
            raise BadUsage(f"There is no workbook {path}.", remedy="Name the one that 'rosterflow check' has written.")
        first = _read(next(iter(known.values())), path, ())
        name, _ = _references(path.name, first)
        if name not in known:
            raise not_usable(path.name, f"mends a source named {name}, which this pipeline does not have", "")
        headings = [heading for heading in first.columns if heading != REFERENCE and not _GIVEN.search(heading)]
        rows = _read(known[name], path, headings)
        book = hashlib.sha256(path.read_bytes()).hexdigest()
        found.setdefault(name, []).append(Mended(name, path.name, book, *_references(path.name, rows)[1]))
    return found


def _read(source: Source, path: Path, headings: Collection[str]) -> pd.DataFrame:
    """Return the sheet of held rows of a workbook, as text. A formula that was not worked out is an error's text."""
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
    try:
        roster = read(reading, path.parent, no_secrets)
    except RejectedSource as error:  # which speaks of a roster, and of keys of the pipeline file
        raise not_usable(path.name, "is no workbook of held rows, or is damaged", AGAIN) from error
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
        raise not_usable(
            file,
            f"has no Reference, or a damaged one, in row {row}",
            "Put it back as it was, or take the row out. Whoever is not in the list yet is entered in the list itself.",
        )
    if parts[2].duplicated().any() or len(parts[[0, 1]].drop_duplicates()) > 1:
        raise not_usable(
            file,
            "has the same Reference in several rows, or rows of several lists",
            "Keep one row for each Reference, and one workbook for each list.",
        )
    name, sha256 = parts.iloc[0, 0], parts.iloc[0, 1]
    rows = raw.drop(columns=REFERENCE).set_axis(parts[2].astype("int64"), axis="index").rename_axis("row")
    return str(name), (str(sha256), rows)
