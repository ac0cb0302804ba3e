"""A file that was read whole, and the words of a refusal. How its bytes come here is in ``fetching``."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from tasks.ingest.containers import Container, tell
from tasks.model.errors import RejectedSource
from tasks.model.sources import Source
from tasks.model.steering import printable

MOST_SHOWN = 30


@dataclass(frozen=True)
class ReadFile:
    """A file's bytes. ``name`` is what reports call it: without its folder, and without what a URL keeps secret."""

    name: str
    data: bytes

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    @cached_property
    def container(self) -> Container:
        return tell(self.data, self.name)

    def rejected(self, what: str, remedy: str, **facts: Any) -> RejectedSource:
        """Return the error that ends a command because of this file; *what* goes on after "The file NAME"."""
        said = printable(f"The file {self.name} {what}.")
        return RejectedSource(said, remedy=printable(remedy), file=self.name, **facts)


File = TypeVar("File", bound=ReadFile)
"""The file that is taken out of another one is of the same kind: a source's, or one that is looked at."""


@dataclass(frozen=True)
class RosterFile(ReadFile):
    """A source's file."""

    source: Source

    def rejected(self, what: str, remedy: str, **facts: Any) -> RejectedSource:
        """Return the error that ends a run because of this file; *what* goes on after "The roster NAME"."""
        return rejected(self.source, self.name, what, remedy, **facts)


def rejected(source: Source, name: str, what: str, remedy: str, **facts: Any) -> RejectedSource:
    said = printable(f"The roster {name} (source {source.name}) {what}.")
    return RejectedSource(said, remedy=printable(remedy), source=source.name, file=name, **facts)


def shortened(names: Sequence[str]) -> str:
    """Return names for a message: the first of them, and how many more there are. An address is not shown."""
    shown = ["(an address)" if "@" in name else name for name in names[:MOST_SHOWN]]
    return ", ".join(shown) + (f" and {len(names) - MOST_SHOWN} more" if names[MOST_SHOWN:] else "")
