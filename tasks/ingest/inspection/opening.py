"""Open a file for inspection: every table in it, with what its cells are and why it was read so."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from xml.parsers import expat

from tasks.ingest.archives import MAX_BYTES
from tasks.ingest.cells import CellFacts, cell_facts, has_macros
from tasks.ingest.containers import WORKBOOKS, ZIP_DAMAGE, Container
from tasks.ingest.files import ReadFile
from tasks.ingest.inspection.tables import Mark, OpenedTable
from tasks.ingest.inspection.texts import open_text
from tasks.ingest.opening import READERS, promised_by, refused, unwrapped
from tasks.ingest.tables import RawTable, Reading
from tasks.model.errors import RejectedSource

OPTIONS = {
    "Set sources.member to the roster's name.": "Name one of them with --member.",
    "Correct sources.member, or the export.": "Correct --member.",
    "Set sources.password to a reference": "Name with --password-from the environment variable that has it",
    "Correct what sources.password refers to.": "Correct what that environment variable holds.",
}
"""What a pipeline file says of a file, and the command by its options."""


@dataclass(frozen=True)
class LookedAt(ReadFile):
    """A file that no pipeline describes: what to do about it is said in the command's words."""

    def rejected(self, what: str, remedy: str, **facts: Any) -> RejectedSource:
        for key, option in OPTIONS.items():
            remedy = remedy.replace(key, option)
        return super().rejected(what, remedy, **facts)


def open_all(path: Path, reading: Reading | None = None) -> list[OpenedTable]:
    """Return every table of the file at *path*. Raises ``RejectedSource`` if it is none that is read."""
    try:
        return open_tables(LookedAt(path.name, _read(path)), reading)
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise RejectedSource(
            f"The file {path.name} cannot be read: {reason}.",
            remedy="Check its path and the rights of the account.",
            file=path.name,
        ) from None


def _read(path: Path) -> bytes:
    file = LookedAt(path.name, b"")
    if not path.is_file():  # a pipe may never end, a device never does
        what = "does not exist" if not path.exists() else "is a folder" if path.is_dir() else "is no regular file"
        raise file.rejected(what, "Name the file itself.")
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        raise file.rejected(f"is larger than {MAX_BYTES >> 20} MiB", "Check that it is the right file.")
    return data


def open_tables(file: ReadFile, reading: Reading | None = None) -> list[OpenedTable]:
    """Return every table of *file*, told by its content; text as it is guessed to be written.

    Raises ``RejectedSource`` if it is of a kind that is not read, or cannot be read.
    """
    reading = reading or Reading()
    inner = unwrapped(file, reading)
    tables = list(_tables(inner, reading))
    if not (_keeps_promise(file) and _keeps_promise(inner)):
        tables = [replace(table, marks=(Mark("name_differs"), *table.marks)) for table in tables]
    return tables


def _keeps_promise(file: ReadFile) -> bool:
    """Tell whether a file is what its name says; of a workbook that is encrypted, what is inside tells."""
    promised = promised_by(file.name)
    locked = file.container == Container.ENCRYPTED_WORKBOOK and set(promised) <= set(WORKBOOKS)
    return not promised or locked or file.container in promised


def _tables(file: ReadFile, reading: Reading) -> Iterator[OpenedTable]:
    if file.container == Container.DELIMITED:
        yield open_text(file.data, file.container)
    elif file.container not in READERS:
        raise refused(file)
    else:
        tables = READERS[file.container](file, reading)
        if file.container in (Container.JSON, Container.JSONL):
            _refuse_halves(file, tables)
        yield from _sheets(file, tables) if file.container == Container.XLSX else map(_opened, tables)


def _refuse_halves(file: ReadFile, tables: list[RawTable]) -> None:
    """Refuse halves of characters, which JSON can escape and nobody can write."""
    try:
        for table in tables:
            for row in ([table.name or ""], *table.rows):
                "".join(row).encode("utf-8")
    except UnicodeEncodeError:
        raise file.rejected(
            "holds characters that are no text: halves of a pair (surrogates)", "Correct them, or export again."
        ) from None


def _sheets(file: ReadFile, tables: list[RawTable]) -> Iterator[OpenedTable]:
    try:
        facts = cell_facts(file.data)
        marks = (Mark("macros"),) if has_macros(file.data) else ()
    except (*ZIP_DAMAGE, RuntimeError, expat.ExpatError) as exc:
        raise file.rejected(
            "cannot be read: it is damaged",
            "Open it in Excel and save it again, or export it again.",
            reason=type(exc).__name__,
        ) from None
    for table in tables:
        yield _opened(table, facts.get(table.name or "", CellFacts()), marks)


def _opened(table: RawTable, facts: CellFacts | None = None, marks: tuple[Mark, ...] = ()) -> OpenedTable:
    """Return the table with what is known of its cells; of merged areas the reader of the values knows enough."""
    if facts is None and table.merged:
        facts = CellFacts(merged=tuple(((top, left), (bottom, right)) for top, left, bottom, right in table.merged))
    return OpenedTable(
        str(table.container), table.rows, table.name, hidden=table.hidden, headed=table.headed, kinds=table.kinds,
        facts=facts, marks=marks, left_out=table.left_out,
    )  # fmt: skip
