"""Read one roster from its file to workers: the stage as a whole."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from tasks.ingest.delimited import read_text
from tasks.ingest.files import RosterFile, read_file
from tasks.ingest.mapping import map_rows
from tasks.ingest.masking import masked
from tasks.ingest.mending import Mended, mend
from tasks.ingest.sheets import Sheet, tabulate, trimmed
from tasks.ingest.workbooks import FORMULA, has_doubtful_cells, look_twice, read_sheet
from tasks.model.rosters import Roster
from tasks.model.sources import Source, headings_of


def read(source: Source, folder: Path, mended: Sequence[Mended] = ()) -> Roster:
    """See ``tasks.ingest.read_roster``."""
    file = read_file(source, folder)
    name, rows = read_sheet(file) if file.is_workbook else (None, read_text(file))
    sheet = tabulate(file, rows)
    del rows
    hidden = {} if name is None else _hidden(file, name, sheet)
    shown, headings = _with_errors_shown(sheet.raw, hidden), headings_of(sheet.columns.values())
    corrected, places, changed = mend(source, headings, file.sha256, shown, mended)
    raw = masked(source, corrected)
    uncached = {place for place, what in hidden.items() if what == FORMULA} - changed
    workers, findings = map_rows(file, name, raw, sheet.columns, uncached)
    for row, book in places.items():
        workers.loc[workers["row"] == row, "file"] = f"{file.name}, as mended in {book}"
    return Roster(
        source=source.name,
        file=file.name,
        sheet=name,
        sha256=file.sha256,
        raw=raw,
        workers=workers,
        findings=findings,
        mapped=tuple(sheet.columns),
        lacks=source.lacks,
    )


def _hidden(file: RosterFile, name: str, sheet: Sheet) -> dict[tuple[int, str], str]:
    """Return what blank cells of mapped columns really hold, by row and heading, where it is an error or a formula."""
    headings = headings_of(sheet.columns.values())
    blank = trimmed(sheet.raw[headings]).isna()
    if not blank.to_numpy().any() or not has_doubtful_cells(file):
        return {}
    by_place = {
        (int(row), sheet.positions[heading]): (int(row), heading)
        for heading in headings
        for row in blank.index[blank[heading]]
    }
    found = look_twice(file, name, by_place.keys())
    return {by_place[place]: what for place, what in found.items()}


def _with_errors_shown(raw: pd.DataFrame, hidden: dict[tuple[int, str], str]) -> pd.DataFrame:
    shown = raw.copy()
    for (row, heading), what in hidden.items():
        if what != FORMULA:
            shown.at[row, heading] = what
    return shown
