"""Open a file for inspection: every table in it, with what its cells are and why it was read so."""

import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.parsers import expat

from tasks.ingest.cells import CellFacts, cell_facts, has_macros
from tasks.ingest.containers import Container
from tasks.ingest.files import ReadFile
from tasks.ingest.inspection.tables import Mark, OpenedTable
from tasks.ingest.inspection.texts import open_text
from tasks.ingest.opening import READERS, promised_by, refused, unwrapped
from tasks.ingest.tables import RawTable, Reading
from tasks.model.errors import RejectedSource


def open_all(path: Path) -> list[OpenedTable]:
    """Return every table of the file at *path*. Raises ``RejectedSource`` if it is none that is read."""
    try:
        data = path.read_bytes()
    except OSError as exc:
        reason = exc.strerror or type(exc).__name__
        raise RejectedSource(f"The file {path.name} cannot be read: {reason}.", file=path.name) from None
    return open_tables(ReadFile(path.name, data))


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
    promised = promised_by(file.name)
    return not promised or file.container in promised


def _tables(file: ReadFile, reading: Reading) -> Iterator[OpenedTable]:
    if file.container == Container.DELIMITED:
        yield open_text(file.data, file.container)
    elif file.container not in READERS:
        raise refused(file)
    else:
        tables = READERS[file.container](file, reading)
        yield from _sheets(file, tables) if file.container == Container.XLSX else map(_opened, tables)


def _sheets(file: ReadFile, tables: list[RawTable]) -> Iterator[OpenedTable]:
    try:
        facts = cell_facts(file.data)
        marks = (Mark("macros"),) if has_macros(file.data) else ()
    except (zipfile.BadZipFile, KeyError, expat.ExpatError) as exc:
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
        facts=facts, marks=marks,
    )  # fmt: skip
