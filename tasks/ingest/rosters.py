"""Read one roster from its file to workers: the stage as a whole."""

from pathlib import Path

import pandas as pd

from tasks.ingest.fetching import Resolve, fetch
from tasks.ingest.files import RosterFile
from tasks.ingest.grids import Grid
from tasks.ingest.mapping import map_rows
from tasks.ingest.opening import open_declared
from tasks.ingest.sheets import Sheet, tabulate, trimmed
from tasks.ingest.workbooks import FORMULA, can_be_doubted, has_doubtful_cells, look_twice
from tasks.model.rosters import Roster
from tasks.model.sources import Source


def read(source: Source, folder: Path, resolve: Resolve) -> Roster:
    """See ``tasks.ingest.read_roster``."""
    fetched = fetch(source, folder, resolve)
    file, name, cells = open_declared(fetched, resolve)
    sheet = tabulate(file, cells)
    del cells
    hidden = _hidden(file, name, sheet)
    raw = _with_errors_shown(sheet.raw, hidden)
    uncached = {place for place, what in hidden.items() if what == FORMULA}
    workers, findings = map_rows(file, name, raw, uncached)
    return Roster(
        source=source.name,
        file=file.name,
        sheet=name,
        sha256=fetched.sha256,
        raw=raw,
        workers=workers,
        findings=findings,
        mapped=tuple(source.columns),
        skipped=sheet.skipped,
    )
