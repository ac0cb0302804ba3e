"""One table, its headings in row 1, as a file of every form that is read. Its row n is row n in all of them."""

import base64
import csv
import io
import json
import zipfile
from collections.abc import Callable, Sequence
from xml.sax.saxutils import escape

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq

from tests.support import binary_forms

Table = Sequence[Sequence[str]]


def _records(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table[0], row, strict=True)) for row in table[1:]]


def delimited(table: Table, by: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=by).writerows(table)
    return text.getvalue().encode(encoding)


def xlsx(table: Table) -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for number, row in enumerate(table, 1):
        for column, cell in enumerate(row, 1):
            place = sheet.cell(number, column)
            if cell:
                place.value = cell
                place.data_type = "s"  # text, whatever it looks like
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def ods(table: Table) -> bytes:
    return binary_forms.ods([[escape(cell) or None for cell in row] for row in table])


def xls(table: Table) -> bytes:
    return binary_forms.xls([[cell or None for cell in row] for row in table])


def xlsb(table: Table) -> bytes:
    return binary_forms.xlsb([[cell or None for cell in row] for row in table])


def as_json(table: Table) -> bytes:
    return json.dumps({"people": _records(table)}).encode()


def json_lines(table: Table) -> bytes:
    return "\n".join(json.dumps(record) for record in _records(table)).encode()


def xml(table: Table) -> bytes:
    people = "".join(
        f"<person>{''.join(f'<{name}>{escape(value)}</{name}>' for name, value in record.items())}</person>"
        for record in _records(table)
    )
    return f'<?xml version="1.0" encoding="utf-8"?><people>{people}</people>'.encode()


def ldif(table: Table) -> bytes:
    """Return entries whose names are attributes of theirs that nobody maps. A cell's lines are values of their own."""

    def lines(number: int, record: dict[str, str]) -> str:
        values = [(name, part) for name, cell in record.items() for part in cell.split("\n") if part]
        coded = [f"{name}:: {base64.b64encode(part.encode()).decode()}" for name, part in values]
        entry = [f"dn: documentIdentifier=d{number},dc=acme,dc=example", "objectClass: inetOrgPerson", *coded]
        return "\n".join(entry) + "\n"

    return "\n".join(lines(number, record) for number, record in enumerate(_records(table))).encode()


def parquet(table: Table) -> bytes:
    columns = {name: [row[place] or None for row in table[1:]] for place, name in enumerate(table[0])}
    buffer = io.BytesIO()
    pq.write_table(pa.table({name: pa.array(cells, pa.string()) for name, cells in columns.items()}), buffer)
    return buffer.getvalue()


def zipped(table: Table) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("staff.csv", delimited(table))
    return buffer.getvalue()


FORMS: dict[str, Callable[[Table], bytes]] = {
    "csv": delimited,
    "txt": lambda table: delimited(table, "\t", "utf-16"),
    "tsv": lambda table: delimited(table, "\t"),
    "xlsx": xlsx,
    "xls": xls,
    "xlsb": xlsb,
    "ods": ods,
    "json": as_json,
    "jsonl": json_lines,
    "xml": xml,
    "ldif": ldif,
    "parquet": parquet,
    "zip": zipped,
}
"""By the end of the file's name."""
SHEETS = ("xlsx", "xls", "xlsb", "ods")
RECORDS = ("json", "jsonl", "xml", "ldif")
