"""The ingest stage of a run: one source in, its roster left in the run's folder."""

from pathlib import Path

from tasks.ingest import read_roster
from tasks.journal.products import save_roster
from tasks.journal.runstore import RunFolder
from tasks.model.sources import Source


def ingest_source(source: Source, base: Path, folder: RunFolder) -> int:
    """Read and map one source; return how many rows it has. Raises ``RejectedSource``."""
    roster = read_roster(source, base)
    save_roster(folder, roster)
    return roster.rows
