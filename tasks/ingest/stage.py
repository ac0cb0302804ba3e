"""The ingest stage of a run: one source in, its roster left in the run's folder."""

from collections.abc import Sequence
from pathlib import Path

from tasks.ingest import read_roster
from tasks.ingest.mending import Mended
from tasks.journal.products import save_roster
from tasks.journal.runstore import RunFolder
from tasks.model.sources import Source


def ingest_source(source: Source, base: Path, folder: RunFolder, mended: Sequence[Mended] = ()) -> int:
    """Read and map one source; return how many rows it has. Raises ``RejectedSource``.

    *mended* are rows that count in the place of its own.
    """
    roster = read_roster(source, base, mended)
    save_roster(folder, roster)
    return roster.rows
