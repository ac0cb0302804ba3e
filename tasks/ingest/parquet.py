"""Read Parquet as text: nested fields by their path, lists joined, days and times as in a workbook."""

import io
from collections.abc import Iterator
from typing import Any

from tasks.ingest.containers import Container
from tasks.ingest.files import ReadFile
from tasks.ingest.records import MAX_CELLS, joined
from tasks.ingest.sheet_process import writer
from tasks.ingest.tables import RawTable, Reading

BATCH_ROWS = 10_000
MAX_TEXT = 2 * (1 << 30)


def read_parquet(file: ReadFile, reading: Reading) -> list[RawTable]:
    """Return the table, all of it as text. Raises ``RejectedSource`` if it is damaged."""
    return [RawTable(None, list(parquet_rows(file, reading)), headed=True, container=Container.PARQUET)]


def parquet_rows(file: ReadFile, reading: Reading) -> Iterator[list[str]]:
    """Yield the names of the fields, then the rows, as text. Raises ``RejectedSource`` if it is damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    size = 0
    try:
        with pq.ParquetFile(io.BytesIO(file.data), memory_map=False) as parquet:
            cells = parquet.metadata.num_rows * parquet.metadata.num_columns
            if cells > MAX_CELLS:
                raise file.rejected(f"has {cells} cells, which no roster needs", "Check that it is the right file.")
            names = None
            for batch in parquet.iter_batches(BATCH_ROWS):
                flat = _flattened(pa.Table.from_batches([batch]))
                size += flat.nbytes
                if size > MAX_TEXT:
                    raise file.rejected("unpacks to more than a roster needs", "Check that it is the right file.")
                if names is None:
                    names = flat.column_names
                    yield list(names)
                yield from _rows(flat, reading.dates)
            if names is None:
                yield _flattened(parquet.schema_arrow.empty_table()).column_names
    except (pa.ArrowException, OSError, ValueError, TypeError, KeyError, OverflowError, MemoryError) as exc:
        reason = type(exc).__name__
        raise file.rejected("cannot be read: it is damaged, or no Parquet", "Export it again.", reason=reason) from None


def _flattened(table: Any) -> Any:
    import pyarrow as pa

    while any(pa.types.is_struct(field.type) for field in table.schema):
        table = table.flatten()
    return table


def _rows(table: Any, dates: str) -> Iterator[list[str]]:
    write = writer(dates)
    columns = [[_cell(value, write) for value in column.to_pylist()] for column in table.columns]
    return map(list, zip(*columns, strict=True))


def _cell(value: Any, write: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return _text(value)
    if isinstance(value, list | tuple):
        return joined(_cell(item, write) for item in value)
    if isinstance(value, dict):
        return joined(_cell(item, write) for item in value.values())
    return str(write(value))


def _text(value: bytes) -> str:
    """Return bytes that are text; others are no cell of a roster."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        return ""
