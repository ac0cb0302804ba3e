"""Read rosters as people send them: workbooks, text, JSON, XML, LDIF, Parquet and SQL in, workers out.

pandas is imported by the first call, so that a command that only imports this package stays quick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tasks.ingest.fetching import Resolve, no_secrets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tasks.ingest.mending import Mended
    from tasks.model.rosters import Roster
    from tasks.model.sources import Source

__all__ = ["read_roster"]


def read_roster(source: Source, folder: Path, resolve: Resolve = no_secrets, mended: Sequence[Mended] = ()) -> Roster:
    """Return the roster that *source* describes, read whole, as text, and mapped to workers.

    A relative path is looked for in *folder* (the pipeline file's), then in the current one; *resolve* looks up the
    passwords that the source refers to. What one row's mapping cannot do is a finding in the roster. *mended* are rows
    to be taken in the place of its own. Raises ``RejectedSource`` where the file as a whole cannot be trusted: missing,
    unreadable, empty, of another kind than declared, a sheet or a mapped column gone, rows of unequal length.
    """
    from tasks.ingest import rosters

    return rosters.read(source, folder, resolve, mended)
