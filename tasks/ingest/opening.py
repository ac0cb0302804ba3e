"""Open a file: what it is wrapped in, what it is, and the table of it that a pipeline file declares."""

from collections.abc import Callable
from pathlib import PurePosixPath

from tasks.ingest import archives, protected
from tasks.ingest.containers import LABELS, READABLE, REMEDIES, WORKBOOKS, Container
from tasks.ingest.files import File, ReadFile
from tasks.ingest.parquet import read_parquet
from tasks.ingest.records import no_such_records
from tasks.ingest.records_json import read_json, read_json_lines
from tasks.ingest.records_ldif import is_people, read_ldif
from tasks.ingest.records_xml import read_xml
from tasks.ingest.tables import RawTable, Reading
from tasks.ingest.workbooks import read_sheets
from tasks.model.errors import RejectedSource

READERS: dict[Container, Callable[[ReadFile, Reading], list[RawTable]]] = {
    **dict.fromkeys(WORKBOOKS, read_sheets),
    Container.JSON: read_json,
    Container.JSONL: read_json_lines,
    Container.XML: read_xml,
    Container.LDIF: read_ldif,
    Container.PARQUET: read_parquet,
}
NAMED = {
    ".xlsx": (Container.XLSX,), ".xlsm": (Container.XLSX,), ".xls": (Container.XLS,), ".xlsb": (Container.XLSB,),
    ".ods": (Container.ODS,), ".csv": (Container.DELIMITED,), ".tsv": (Container.DELIMITED,),
    ".tab": (Container.DELIMITED,), ".txt": (Container.DELIMITED,), ".json": (Container.JSON, Container.JSONL),
    ".jsonl": (Container.JSONL, Container.JSON), ".ndjson": (Container.JSONL, Container.JSON),
    ".xml": (Container.XML,), ".ldif": (Container.LDIF,), ".ldf": (Container.LDIF,), ".parquet": (Container.PARQUET,),
}  # fmt: skip
"""What a name promises. It is no evidence, but a file that breaks its promise is refused where none is declared."""


def check_wrapping(file: ReadFile, declared: str | None) -> None:
    """Refuse a zip file that is called a workbook or text, and what is called a zip file and is none."""
    suffix = PurePosixPath(file.name).suffix.lower()
    is_zip, promises_zip = file.container == Container.ZIP, suffix == ".zip"
    breaks_promise = suffix in NAMED if is_zip else promises_zip
    if declared or file.container == Container.EMPTY or not breaks_promise:
        return
    promised = Container.ZIP if promises_zip else NAMED[suffix][0]
    raise file.rejected(
        f"is not {LABELS[promised]}, as its name says; it looks like {LABELS[file.container]}",
        REMEDIES.get(file.container, "Look at the export, or set sources.format to what is in it if that is meant."),
        container=str(file.container),
    )


def unwrapped(file: File, reading: Reading) -> File:
    """Return the file that a zip file or a password wraps. Raises ``RejectedSource`` if it cannot be had."""
    if file.container == Container.ZIP:
        file = archives.unpacked(file, reading.member, reading.password)
        if file.container == Container.ZIP:
            raise file.rejected("is a zip file in a zip file", "Pack the roster itself.")
    if protected.has_password(file):
        file = protected.unlocked(file, reading.password)
    return file


def promised_by(name: str) -> tuple[Container, ...]:
    """Return what a file may be by its name; nothing where the name does not say."""
    return NAMED.get(PurePosixPath(name).suffix.lower(), ())


def checked(file: ReadFile, declared: str | None) -> Container:
    """Return how *file* is to be read. Raises ``RejectedSource`` if it is not what is declared, or its name promises.

    A file of JSON Lines with one line is JSON too, and is read as what is wanted.
    """
    found = file.container
    promised = (Container(declared),) if declared else promised_by(file.name)
    if found == Container.EMPTY or (found not in READABLE and not promised):
        raise refused(file)
    if declared == Container.JSONL and found == Container.JSON:
        return Container.JSONL
    if not promised or found in promised:
        return found
    says = "sources.format says" if declared else "its name says"
    remedy = REMEDIES.get(found) or (
        f"Set sources.format to {found} if that is meant; else look at the export." if found in READABLE else ""
    )
    raise file.rejected(
        f"is not {LABELS[promised[0]]}, as {says}; it looks like {LABELS[found]}",
        remedy or "Check that it is the right file.",
        container=str(found),
        promised=[str(item) for item in promised],
    )


def declared_table(file: ReadFile, container: Container, reading: Reading) -> RawTable:
    """Return the one table of JSON, XML or LDIF that is declared; where nothing is, the only one (of people).

    Raises ``RejectedSource`` if there are several.
    """
    tables = READERS[container](file, reading)
    if container == Container.LDIF and reading.records is None:
        tables = [table for table in tables if is_people(table.name)] or tables
    if len(tables) > 1:
        raise no_such_records(file, None, [table.name or "" for table in tables])
    return tables[0]


def refused(file: ReadFile) -> RejectedSource:
    """Return the refusal of a file that holds no tables, or none that are read."""
    if file.container == Container.EMPTY:
        return file.rejected("is empty: it has no bytes at all", "The export has probably failed: run it again.")
    remedy = REMEDIES.get(file.container, "Export it as a workbook or as .csv.")
    return file.rejected(f"is {LABELS[file.container]}, which is not read", remedy, container=str(file.container))
