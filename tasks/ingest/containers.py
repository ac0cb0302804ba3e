"""Tell what a file is by its content, never by its name: people call anything ``.xls``."""

import codecs
import io
import lzma
import re
import struct
import zipfile
import zlib
from enum import StrEnum

LOOKED_AT = 1 << 16
ZIP_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, KeyError, IndexError),
    *(ValueError, NotImplementedError, OverflowError),
)
"""What reading a damaged zip file raises. (``RuntimeError``, which it raises for passwords, is apart.)"""


class Container(StrEnum):
    """What holds the tables. The value is what ``sources.format`` calls it."""

    XLSX = "xlsx"
    XLS = "xls"
    XLSB = "xlsb"
    ODS = "ods"
    DELIMITED = "delimited"
    JSON = "json"
    JSONL = "jsonl"
    XML = "xml"
    LDIF = "ldif"
    PARQUET = "parquet"
    ZIP = "zip"
    # what is recognised to be refused with a reason
    EMPTY = "empty"
    PDF = "pdf"
    HTML = "html"
    XML_SPREADSHEET = "xml_spreadsheet"
    ENCRYPTED_WORKBOOK = "encrypted_workbook"
    DOCUMENT = "document"
    SQL_DUMP = "sql_dump"
    SQLITE = "sqlite"
    PACKED = "packed"
    PICTURE = "picture"
    BINARY = "binary"


READABLE = (
    *(Container.XLSX, Container.XLS, Container.XLSB, Container.ODS, Container.DELIMITED),
    *(Container.JSON, Container.JSONL, Container.XML, Container.LDIF, Container.PARQUET),
)
WORKBOOKS = (Container.XLSX, Container.XLS, Container.XLSB, Container.ODS)

LABELS = {
    Container.XLSX: "an .xlsx workbook",
    Container.XLS: "an old .xls workbook",
    Container.XLSB: "an .xlsb workbook",
    Container.ODS: "an .ods workbook",
    Container.DELIMITED: "delimited text, as in a .csv file",
    Container.JSON: "JSON",
    Container.JSONL: "JSON Lines",
    Container.XML: "XML",
    Container.LDIF: "LDIF",
    Container.PARQUET: "Parquet",
    Container.ZIP: "a zip file",
    Container.EMPTY: "empty",
    Container.PDF: "a PDF",
    Container.HTML: "a web page",
    Container.XML_SPREADSHEET: "an XML spreadsheet of Excel 2003",
    Container.ENCRYPTED_WORKBOOK: "a workbook with a password",
    Container.DOCUMENT: "a text document or a presentation",
    Container.SQL_DUMP: "a dump of a database",
    Container.SQLITE: "an SQLite database",
    Container.PACKED: "a packed file",
    Container.PICTURE: "a picture",
    Container.BINARY: "a binary file",
}

REMEDIES = {
    Container.PDF: "A PDF has no rows that could be read: ask for the list as a workbook or as .csv.",
    Container.HTML: "Open it in a spreadsheet program and save it as .xlsx, or have it exported so.",
    Container.XML_SPREADSHEET: "Open it in Excel and save it as an Excel workbook (.xlsx).",
    Container.ENCRYPTED_WORKBOOK: "Set sources.password to a reference, or save the workbook without a password.",
    Container.DOCUMENT: "Copy the table to a workbook, or have the list exported as .xlsx or .csv.",
    Container.SQL_DUMP: "Let sources.database and sources.query read the database itself, or export the table as .csv.",
    Container.SQLITE: "Name it in sources.database (sqlite:///file.db), with a query in sources.query.",
    Container.PACKED: "Unpack it, or have it packed as .zip.",
    Container.PICTURE: "Ask for the list as a workbook or as .csv.",
    Container.BINARY: "Check that it is the right file.",
}

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
SIGNATURES = (
    (b"%PDF-", Container.PDF),
    (b"SQLite format 3\0", Container.SQLITE),
    (b"PAR1", Container.PARQUET),
    (b"\x1f\x8b", Container.PACKED),
    (b"7z\xbc\xaf\x27\x1c", Container.PACKED),
    (b"Rar!\x1a\x07", Container.PACKED),
    (b"BZh", Container.PACKED),
    (b"\xfd7zXZ\0", Container.PACKED),
    (b"\x28\xb5\x2f\xfd", Container.PACKED),
    (b"{\\rtf", Container.DOCUMENT),
    (b"\x89PNG\r\n\x1a\n", Container.PICTURE),
    (b"\xff\xd8\xff", Container.PICTURE),
    (b"GIF8", Container.PICTURE),
    (b"\x7fELF", Container.BINARY),
    (b"MZ\x90\0", Container.BINARY),
)
ZIP_SIGNATURES = (b"PK\x03\x04", b"PK\x05\x06", b"PK\x07\x08")
ODS_TYPE = b"application/vnd.oasis.opendocument.spreadsheet"

HTML_STARTS = re.compile(r"<(?:!doctype\s+html|html|head|body|table|meta|style|div|center)\b", re.IGNORECASE)
XML_PROLOGUE = re.compile(
    r"(?:<\?xml\b[^>]*\?>|<!--.*?-->|<!DOCTYPE\b[^>\[]*(?:\[.*?\]\s*)?>|<\?[^>]*\?>|\s)+", re.DOTALL
)
XML_STARTS = re.compile(r"<[A-Za-z_][\w.:-]*(?=[\s/>])")
EXCEL_2003 = ("urn:schemas-microsoft-com:office:spreadsheet", '<?mso-application progid="Excel.Sheet"?>')
JSON_STARTS = re.compile(r"""[\[{]\s*(?:["\[{\]}]|-?\d|true\b|false\b|null\b|$)""")
LDIF_STARTS = re.compile(r"(?:#[^\n]*\n(?: [^\n]*\n)*|\s*\n)*(?:version:\s*\d|dn::?\s)", re.IGNORECASE)
SQL_STARTS = re.compile(
    r"(?:-- (?:MySQL|MariaDB|PostgreSQL database|phpMyAdmin)|/\*!\d{5}|/\*M!|(?:--[^\n]*\n|\s)*"
    r"(?:CREATE\s+(?:TABLE|DATABASE)|INSERT\s+INTO|DROP\s+TABLE|SET\s+SQL_MODE|BEGIN\s+TRANSACTION|PRAGMA\s)\b)",
    re.IGNORECASE,
)
BOMS = (
    (b"\xff\xfe\0\0", "utf-32"),
    (b"\0\0\xfe\xff", "utf-32"),
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)
WIDE = ("utf-32-be", "utf-32-le", "utf-16-be", "utf-16-le")
CONTROLS = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")


def tell(data: bytes, name: str = "") -> Container:  # noqa: ARG001  (a name is no evidence, and callers have one)
    """Return what *data* is. Nothing of it is read further than needed, and nothing raises."""
    if not data:
        return Container.EMPTY
    if data.startswith(ZIP_SIGNATURES):
        return _tell_zip(data)
    if data.startswith(OLE):
        return _tell_ole(data)
    found = next((container for signature, container in SIGNATURES if data.startswith(signature)), None)
    return found or _tell_text(data)


def wide_encoding(data: bytes) -> str | None:
    """Return the encoding of several bytes a character that *data* is evidently in, by its mark or its zero bytes.

    >>> wide_encoding("a,b".encode("utf-16")), wide_encoding("a,b\\n".encode("utf-16-be")), wide_encoding(b"a,b")
    ('utf-16', 'utf-16-be', None)
    """
    marked = next((encoding for mark, encoding in BOMS if data.startswith(mark)), None)
    if marked:
        return None if marked == "utf-8-sig" else marked
    sample = data[:4096]
    if b"\0" not in sample:
        return None
    return next((encoding for encoding in WIDE if _is_text(sample, encoding)), None)


def _is_text(sample: bytes, encoding: str) -> bool:
    """Tell whether *sample* is lines of text in an encoding: read wrongly, its line breaks are no characters."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return False
    lines = re.split(r"[\r\n]+", text)
    return len(lines) > 1 and all(line.replace("\t", " ").isprintable() for line in lines)


def _tell_zip(data: bytes) -> Container:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as package:
            names = set(package.namelist())
            if "xl/workbook.xml" in names:
                return Container.XLSX
            if "xl/workbook.bin" in names:
                return Container.XLSB
            if "mimetype" in names and "content.xml" in names:
                return _tell_open_document(package)
    except (*ZIP_DAMAGE, RuntimeError):
        return _tell_broken_zip(data)
    if names & {"word/document.xml", "ppt/presentation.xml"}:
        return Container.DOCUMENT
    return Container.ZIP


def _tell_open_document(package: zipfile.ZipFile) -> Container:
    with package.open("mimetype") as part:
        if not part.read(200).startswith(ODS_TYPE):
            return Container.DOCUMENT
    with package.open("META-INF/manifest.xml") as part:
        encrypted = b"encryption-data" in part.read(1 << 20)
    return Container.ENCRYPTED_WORKBOOK if encrypted else Container.ODS


def _tell_broken_zip(data: bytes) -> Container:
    """Tell a cut-off workbook from a cut-off zip file by the names of its first parts."""
    start = data[:LOOKED_AT]
    if ODS_TYPE in start:
        return Container.ODS
    if b"xl/workbook.bin" in data:
        return Container.XLSB
    if any(mark in start for mark in (b"xl/", b"[Content_Types].xml", b"docProps/", b"_rels/")) or len(data) < 40:
        return Container.XLSX
    return Container.ZIP


def _tell_ole(data: bytes) -> Container:
    """Tell by the names in the directory of an OLE file (MS-CFB §2.6), which are UTF-16."""

    def has(name: str) -> bool:
        return f"{name}\0".encode("utf-16-le") in data

    if has("EncryptedPackage"):
        return Container.ENCRYPTED_WORKBOOK
    if has("Workbook") or has("Book"):
        return Container.XLS
    return Container.DOCUMENT if has("WordDocument") or has("PowerPoint Document") else Container.BINARY


def _tell_text(data: bytes) -> Container:
    wide = wide_encoding(data)
    sample = data[:LOOKED_AT]
    if wide is None and _is_binary(data):
        return Container.BINARY
    text = sample.decode(wide or "utf-8-sig", errors="replace").lstrip("\ufeff")
    start = text.lstrip()
    if start.startswith("<"):
        return _tell_markup(start)
    if JSON_STARTS.match(start):
        return _tell_json(start)
    if LDIF_STARTS.match(start):
        return Container.LDIF
    return Container.SQL_DUMP if SQL_STARTS.match(start) else Container.DELIMITED


def _is_binary(data: bytes) -> bool:
    """Tell whether *data* has more control characters than a text that got some by mistake."""
    sample = data[:LOOKED_AT]
    controls = len(CONTROLS.findall(sample)) + sample.count(b"\0")
    return controls > max(4, len(sample) // 50)


def _tell_markup(start: str) -> Container:
    if any(mark in start[:2000] for mark in EXCEL_2003):
        return Container.XML_SPREADSHEET
    declared = start.startswith("<?xml")
    prologue = XML_PROLOGUE.match(start)
    rest = start[prologue.end() :] if prologue else start
    if HTML_STARTS.match(start) or HTML_STARTS.match(rest):
        return Container.HTML
    return Container.XML if declared or XML_STARTS.match(rest) or start.startswith("<!") else Container.DELIMITED


def _tell_json(start: str) -> Container:
    """Tell JSON Lines by a first line that is an object of its own with another line behind it."""
    if not start.startswith("{"):
        return Container.JSON
    first, _, others = start.partition("\n")
    complete = first.rstrip().endswith("}") and others.lstrip().startswith("{")
    return Container.JSONL if complete else Container.JSON
