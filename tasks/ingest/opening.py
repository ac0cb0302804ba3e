"""Open a file whatever it is: every table in it, or the one that a pipeline file declares."""

from tasks.ingest.containers import LABELS, REMEDIES, WORKBOOKS, Container
from tasks.ingest.delimited import read_any_text
from tasks.ingest.files import ReadFile
from tasks.ingest.tables import RawTable, Reading
from tasks.ingest.workbooks import read_sheets
from tasks.model.errors import RejectedSource


def open_tables(file: ReadFile, reading: Reading | None = None) -> list[RawTable]:
    """Return every table of *file*, told by its content; what *reading* leaves open is guessed.

    Raises ``RejectedSource`` if it is of a kind that is not read, or cannot be read.
    """
    reading = reading or Reading()
    if file.container in WORKBOOKS:
        return read_sheets(file, reading)
    if file.container == Container.DELIMITED:
        return [read_any_text(file, reading)]
    raise refused(file)


def refused(file: ReadFile) -> RejectedSource:
    """Return the refusal of a file that holds no tables, or none that are read."""
    if file.container == Container.EMPTY:
        return file.rejected("is empty: it has no bytes at all", "The export has probably failed: run it again.")
    remedy = REMEDIES.get(file.container, "Export it as a workbook or as .csv.")
    return file.rejected(f"is {LABELS[file.container]}, which is not read", remedy, container=str(file.container))
