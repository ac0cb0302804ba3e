"""Find a source's file, read its bytes once, and tell what kind of file it is."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tasks.model.errors import RejectedSource
from tasks.model.sources import Source

MAX_BYTES = 200 * (1 << 20)
MOST_SHOWN = 30
WORKBOOKS = (".xlsx", ".xlsm")
DELIMITED = (".csv", ".tsv", ".txt")

SIGNATURES = (
    (b"PK\x03\x04", "a workbook or another zip file"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old .xls workbook, or one with a password"),
    (b"%PDF-", "a PDF"),
)


@dataclass(frozen=True)
class RosterFile:
    """A source's file, read whole. ``name`` is what reports call it, without the folder."""

    source: Source
    path: Path
    data: bytes

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def is_workbook(self) -> bool:
        return self.path.suffix.lower() in WORKBOOKS

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.data).hexdigest()

    def rejected(self, what: str, remedy: str, **facts: Any) -> RejectedSource:
        """Return the error that ends a run because of this file; *what* goes on after "The roster NAME"."""
        return rejected(self.source, self.name, what, remedy, **facts)


def rejected(source: Source, name: str, what: str, remedy: str, **facts: Any) -> RejectedSource:
    return RejectedSource(
        f"The roster {name} (source {source.name}) {what}.", remedy=remedy, source=source.name, file=name, **facts
    )


def shortened(names: Sequence[str]) -> str:
    """Return names for a message: the first of them, and how many more there are."""
    return ", ".join(names[:MOST_SHOWN]) + (f" and {len(names) - MOST_SHOWN} more" if names[MOST_SHOWN:] else "")


def read_file(source: Source, folder: Path) -> RosterFile:
    """Read the bytes of *source*'s file, once. Raises ``RejectedSource`` if there is nothing readable."""
    path = _locate(source, folder)
    if path.suffix.lower() not in (*WORKBOOKS, *DELIMITED):
        kinds = ", ".join((*WORKBOOKS, *DELIMITED))
        raise rejected(source, path.name, "is of a kind that is not read", f"Kinds that are read: {kinds}.")
    data = _read(source, path)
    if not data:
        remedy = "The export has probably failed: run it again."
        raise rejected(source, path.name, "is empty: it has no bytes at all", remedy)
    file = RosterFile(source, path, data)
    _check_kind(file)
    return file


def _locate(source: Source, folder: Path) -> Path:
    """Return where the file is: an absolute path as it stands, else in *folder*, else in the current folder."""
    wanted = Path(source.path)
    tried = [wanted] if wanted.is_absolute() else list(dict.fromkeys([folder.absolute() / wanted, Path.cwd() / wanted]))
    for path in tried:
        if os.path.lexists(path):
            return path
    places = " or ".join(str(path) for path in tried)
    raise rejected(source, wanted.name, f"does not exist: there is no {places}", "Check sources.path and the export.")


def _read(source: Source, path: Path) -> bytes:
    try:
        if path.is_dir():
            raise rejected(source, path.name, "is a folder", "Let sources.path name a file.")
        if not path.exists():
            raise rejected(source, path.name, "is a link to a file that does not exist", "Check the export.")
        if not path.is_file():
            raise rejected(source, path.name, "is no regular file", "Let sources.path name a file.")
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise rejected(source, path.name, f"cannot be read: {reason}", "Check the rights of the account.") from exc
    if len(data) > MAX_BYTES:
        raise rejected(source, path.name, f"is larger than {MAX_BYTES >> 20} MiB", "Check that it is the right file.")
    return data


def _check_kind(file: RosterFile) -> None:
    """Refuse a file whose first bytes are those of another kind than its name says."""
    found = next((kind for signature, kind in SIGNATURES if file.data.startswith(signature)), None)
    if file.is_workbook and found != SIGNATURES[0][1]:
        looks = found or ("a web page" if _is_markup(file.data) else "text, as in a .csv file")
        raise file.rejected(
            f"is no .xlsx workbook; it looks like {looks}",
            "Save it as an Excel workbook (.xlsx, without a password), or name it for what it is.",
        )
    if not file.is_workbook and found:
        raise file.rejected(f"is no text file; it looks like {found}", "Name it for what it is, or export it as .csv.")


def _is_markup(data: bytes) -> bool:
    return data[:200].lstrip(b"\xef\xbb\xbf \r\n\t")[:1] == b"<"
