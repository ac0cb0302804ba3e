"""Look at a file that nobody has described: what it is, what its columns are, what in it is dangerous.

Inspection proposes and shows what it saw; where it cannot know it says so. Nothing is sent, and no cell of the file is
in what it says, but for the words of a status. pandas is imported by the first call.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr

    from tasks.ingest.inspection.examination import Inspection
    from tasks.ingest.inspection.writing import Draft

__all__ = ["draft_pipeline", "inspect_file", "write_pipeline"]


def inspect_file(
    path: Path, sheet: str | None = None, member: str | None = None, password: tuple[str, SecretStr] | None = None
) -> Inspection:
    """Return what there is to say of a file, of all its tables or the one called *sheet*.

    *member* is the file of a zip file to look at, *password* an environment variable and the password that it holds.
    Raises ``RejectedSource`` if the file cannot be read, ``BadUsage`` if it has no such table.
    """
    from tasks.ingest.inspection import examination

    lock = examination.Lock(*password) if password else None
    return examination.inspect_file(path, sheet, member, lock)


def draft_pipeline(inspection: Inspection, target: Path, domain: str | None = None) -> Draft:
    """Return the pipeline file that inspection proposes, as it is to stand at *target*. See ``writing.draft``."""
    from tasks.ingest.inspection import writing

    return writing.draft(inspection, target, domain)


def write_pipeline(made: Draft, target: Path, *, force: bool = False) -> None:
    """Write a pipeline file; one that exists is written over only by *force*. Raises ``BadUsage``."""
    from tasks.ingest.inspection import writing

    writing.write(made, target, force=force)
