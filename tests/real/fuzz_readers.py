"""Fuzz the readers with atheris: ``python -m tests.real.fuzz_readers CORPUS [libFuzzer's options]``.

What is looked for is anything but tables of text or a ``RejectedSource``. Workbooks are read by calamine in a process
of their own, too slow for this; of these, what is done in this process is tried: telling, unlocking, looking twice.
"""

import sys
import warnings
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["tasks.ingest", "openpyxl", "msoffcrypto", "json", "csv", "zipfile"]):
    from tasks.ingest import workbooks
    from tasks.ingest.containers import WORKBOOKS, Container, tell
    from tasks.ingest.files import ReadFile
    from tasks.ingest.inspection.opening import open_tables
    from tasks.ingest.opening import READERS, unwrapped
    from tasks.ingest.tables import Reading
    from tasks.model.errors import RejectedSource

READING = Reading(password="hunter2")
BLANKS = [(1, 1), (2, 2), (3, 1)]


def one_input(data: bytes) -> None:
    """Try one file."""
    try:
        container = tell(data)
        inner = unwrapped(ReadFile("staff", data), READING)
        if inner.container in WORKBOOKS:
            look_at(inner)
        elif inner.container in READERS:
            for reader in {inner.container, container} & set(READERS) - set(WORKBOOKS):
                for table in READERS[reader](inner, READING):
                    assert all(type(cell) is str for row in table.rows for cell in row)
        else:
            open_tables(inner, READING)
    except RejectedSource as exc:
        if not exc.remedy:
            raise AssertionError("a refusal says what to do") from exc


def look_at(file: ReadFile) -> None:
    if file.container == Container.XLSX and not workbooks.has_doubtful_cells(file):
        workbooks.look_twice(file, "Sheet", BLANKS)


def leave_seeds(corpus: Path) -> None:
    from tests.support.seeds import seeds

    corpus.mkdir(parents=True, exist_ok=True)
    for name, data in seeds().items():
        if name != "locked xlsx":  # trying its password takes longer than all else
            (corpus / name.replace(" ", "-")).write_bytes(data)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    leave_seeds(Path(sys.argv[1]))
    atheris.Setup(sys.argv, one_input)
    atheris.Fuzz()
