"""Read one roster from its file to workers: the stage as a whole."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from tasks.ingest.containers import WORKBOOKS, Container
from tasks.ingest.database import ask
from tasks.ingest.days import format_to_read, with_days_written, with_headings_written
from tasks.ingest.delimited import exact_rows
from tasks.ingest.fetching import Resolve, fetch
from tasks.ingest.files import RosterFile
from tasks.ingest.grids import Grid, grid, grid_of_columns
from tasks.ingest.hazards import check_cells
from tasks.ingest.mapping import map_rows
from tasks.ingest.masking import masked
from tasks.ingest.mending import Mended, mend
from tasks.ingest.opening import check_wrapping, checked, declared_table, unwrapped
from tasks.ingest.parquet import parquet_rows
from tasks.ingest.sheets import Sheet, last_heading_row, tabulate, trimmed
from tasks.ingest.tables import Reading
from tasks.ingest.workbooks import FORMULA, can_be_doubted, has_doubtful_cells, look_twice, read_sheet
from tasks.model.rosters import Roster
from tasks.model.sources import Source, headings_of


@dataclass(frozen=True)
class _Opened:
    """A source's cells: the file they are from, unpacked and without its password, and the sheet, if it has any."""

    file: RosterFile
    sheet: str | None
    cells: Grid
    sha256: str


def read(source: Source, folder: Path, resolve: Resolve, mended: Sequence[Mended] = ()) -> Roster:
    """See ``tasks.ingest.read_roster``."""
    opened = _asked(source, resolve) if source.database else _opened(source, folder, resolve)
    file, name, sha256 = opened.file, opened.sheet, opened.sha256
    sheet = tabulate(file, with_headings_written(opened.cells, source.dates))
    del opened
    hidden = {} if name is None or not can_be_doubted(file) else _hidden(file, name, sheet)
    shown = with_days_written(_with_errors_shown(sheet.raw, hidden), source, sheet.columns)
    headings = headings_of(sheet.columns.values())
    corrected, places, changed = mend(source, headings, sha256, shown, mended)
    raw = masked(source, corrected)
    check_cells(file, raw, sheet.columns)
    uncached = {place for place, what in hidden.items() if what == FORMULA} - changed
    workers, findings = map_rows(file, name, raw, sheet.columns, uncached)
    for row, book in places.items():
        workers.loc[workers["row"] == row, "file"] = f"{file.name}, as mended in {book}"
    return Roster(
        source=source.name,
        file=file.name,
        sheet=name,
        sha256=sha256,
        raw=raw,
        workers=workers,
        findings=findings,
        mapped=tuple(sheet.columns),
        lacks=source.lacks,
        skipped=sheet.skipped,
        mended=tuple(one.book for one in mended),
        blank=sheet.blank,
    )


def _asked(source: Source, resolve: Resolve) -> _Opened:
    file, answer = ask(source, resolve)
    cells = grid(file, answer, 1, 1)
    return _Opened(file, None, cells, answer.sha256)


def _opened(source: Source, folder: Path, resolve: Resolve) -> _Opened:
    fetched = fetch(source, folder, resolve)
    reading = _reading(source, resolve)
    check_wrapping(fetched, source.format)
    file = unwrapped(fetched, reading)
    container = checked(file, source.format)
    first, below = source.header_row, last_heading_row(source)
    if container in WORKBOOKS:
        sheet = read_sheet(file, reading)
        return _Opened(file, sheet.name, grid_of_columns(sheet.columns, below, sheet.merged), fetched.sha256)
    if container == Container.DELIMITED:
        return _Opened(file, None, grid(file, exact_rows(file, reading, first, below), first, below), fetched.sha256)
    rows: Iterable[list[str]]
    if container == Container.PARQUET:
        name, rows = None, parquet_rows(file, reading)
    else:
        table = declared_table(file, container, reading)
        name, rows = table.name, table.rows
    return _Opened(file, name, grid(file, rows, 1, 1), fetched.sha256)


def _reading(source: Source, resolve: Resolve) -> Reading:
    password = resolve(source.password).get_secret_value() if source.password else None
    given = source.model_dump(include={"sheet", "delimiter", "quote", "encoding", "records", "member"})
    return Reading(**given, password=password, dates=format_to_read(source))


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
    errors = {place: what for place, what in hidden.items() if what != FORMULA}
    if not errors:
        return raw
    shown = raw.copy()
    for (row, heading), what in errors.items():
        shown.at[row, heading] = what
    return shown
