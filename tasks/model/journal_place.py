"""Where a journal is, and whose it is."""

from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class JournalPlace:
    """The journal of a home: in that folder, or where it is *named*, by a path or a URL, which may hold a password."""

    home: Path
    named: str | Path | None = field(default=None, repr=False)

    @property
    def usual(self) -> Path:
        """Where it is unless it is named."""
        return self.home / "journal.db"
