"""A table as it was found in a file, before anybody says where its headings are or what its columns mean."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.ingest.containers import Container


@dataclass(frozen=True)
class RawTable:
    """One sheet of a workbook, or one kind of record of JSON, XML, LDIF or Parquet.

    ``rows`` begin with row 1, as a spreadsheet numbers them; all cells are text, a blank one is ``""``. Where records
    have no rows of their own (JSON, XML, LDIF, Parquet), row 1 holds the names of the fields and record n is row n+1.
    ``name`` is the sheet, or the kind of record. ``headed``: the first row are certainly names of fields. ``merged``
    are a sheet's merged areas: first row, first column, last row, last column, from 1. ``kinds`` has a letter for each
    cell of a sheet (``sheet_process.KINDS``), one text each row; None: all are text. ``left_out`` are the fields
    that are never kept (passwords, photos), with the rows that had them.
    """

    name: str | None
    rows: list[list[str]]
    hidden: bool = False
    headed: bool = False
    container: Container = Container.XLSX
    merged: tuple[tuple[int, int, int, int], ...] = ()
    kinds: list[str] | None = None
    left_out: Mapping[str, tuple[int, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """How a file is to be read, as a pipeline file declares it. What is None is told by the content, or the default.

    ``password`` is the password itself: a ``Reading`` is never logged or shown.
    """

    sheet: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    encoding: str | None = None
    records: str | None = None
    member: str | None = None
    password: str | None = None
    dates: str = "%Y-%m-%d"

    def __repr__(self) -> str:
        return "Reading(…)"
