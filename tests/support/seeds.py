"""A sound file of every form that is read, to be damaged by tests of the readers."""

import io
import json
import zipfile

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
from msoffcrypto.format.ooxml import OOXMLFile

from tests.support import binary_forms

PASSWORD = "hunter2"
ROWS: list[tuple[str | int | None, ...]] = [
    ("Employee No", "Account", "Department"),
    ("00142", "ada", "Sales"),
    (1043, "bob", None),
]
TEXT = 'Employee No,Account,Department\n00142,ada,"R\n& ""D"""\n1043,zoé,\n'
RECORDS = [{"Account": "ada", "work": {"Department": "IT"}, "tags": ["a", {"b": 1}]}, {"Account": "bob", "n": 1.50}]
XML = (
    '<?xml version="1.0" encoding="utf-8"?><!DOCTYPE r><d:r xmlns:d="urn:d"><d:e d:type="a"><d:Account>ada</d:Account>'
    "<x><y>1</y><!-- c --></x></d:e><d:e><d:Account><![CDATA[bob]]></d:Account></d:e></d:r>"
)
LDIF = (
    "version: 1\n# c\n\ndn: cn=Ada+uid=a\\,da,dc=x\nobjectClass: person\ncn: Ada\nmail:: YWRh\njpegPhoto:: /9j/4AAQ\n"
    "description: a\n  b\n\ndn: cn=G,dc=x\nobjectClass: groupOfNames\nmember: cn=Ada,dc=x\n"
)


def seeds() -> dict[str, bytes]:
    """Return the files, by a name for each form."""
    workbook = _workbook()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("staff.csv", TEXT)
    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(workbook)).encrypt(PASSWORD, locked)
    parquet = io.BytesIO()
    pq.write_table(pa.table({"Account": ["ada", "bob"], "n": [1, None], "s": [{"a": [1]}, None]}), parquet)
    return {
        "xlsx": workbook,
        "xls": binary_forms.xls(ROWS),
        "xlsb": binary_forms.xlsb(ROWS),
        "ods": binary_forms.ods(ROWS),
        "locked xlsx": locked.getvalue(),
        "locked zip": binary_forms.locked_zip("staff.csv", TEXT.encode(), PASSWORD.encode()),
        "zip": packed.getvalue(),
        "csv": TEXT.encode(),
        "utf-16": TEXT.encode("utf-16"),
        "cp1252": TEXT.encode("cp1252"),
        "json": json.dumps(RECORDS).encode(),
        "jsonl": "\n".join(map(json.dumps, RECORDS)).encode(),
        "xml": XML.encode(),
        "ldif": LDIF.encode(),
        "parquet": parquet.getvalue(),
    }


def _workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (*ROWS, ("=A2", "#N/A", True)):
        sheet.append(row)
    sheet.merge_cells("F1:G1")
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()
