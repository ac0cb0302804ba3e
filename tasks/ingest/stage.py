"""The ingest stage of a run: one source in, its roster left in the run's folder."""

from collections.abc import Sequence
from pathlib import Path

from tasks.ingest import read_roster
from tasks.ingest.fetching import Resolve, no_secrets
from tasks.ingest.mending import Mended
from tasks.journal.products import save_roster
from tasks.journal.runstore import RunFolder
from tasks.model.sources import Source


def ingest_source(
    source: Source, base: Path, folder: RunFolder, resolve: Resolve = no_secrets, mended: Sequence[Mended] = ()
) -> int:
    """Read and map one source; return how many rows it has. Raises ``RejectedSource``.

    *resolve* looks up what the source refers to: passwords of files, users and passwords of URLs. *mended* are rows
    that count in the place of its own.
    """
    roster = read_roster(source, base, resolve, mended)
    save_roster(folder, roster)
    return roster.rows
