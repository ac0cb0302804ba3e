"""Files of forms that no library at hand writes, made byte by byte: .xls, .xlsb, .ods, a zip file with a password."""

import io
import struct
import zipfile
import zlib
from collections.abc import Sequence

Rows = Sequence[Sequence[object]]


def ods(rows: Rows, name: str = "Staff") -> bytes:
    """Return an OpenDocument spreadsheet."""

    def cell(value: object) -> str:
        if value is None:
            return "<table:table-cell/>"
        if isinstance(value, int | float):
            kind = f'office:value-type="float" office:value="{value}"'
            return f"<table:table-cell {kind}><text:p>{value}</text:p></table:table-cell>"
        return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'

    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    spaces = " ".join(
        f'xmlns:{prefix}="urn:oasis:names:tc:opendocument:xmlns:{prefix}:1.0"' for prefix in ("office", "table", "text")
    )
    content = (
        f'<?xml version="1.0"?><office:document-content {spaces} office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="{name}">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    manifest = (
        '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/></manifest:manifest>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("mimetype", kind)
        package.writestr("content.xml", content)
        package.writestr("META-INF/manifest.xml", manifest)
    return buffer.getvalue()


def xls(rows: Rows, name: str = "Staff") -> bytes:
    """Return a workbook in BIFF8 (MS-XLS) inside of an OLE file (MS-CFB)."""

    def record(kind: int, body: bytes) -> bytes:
        return struct.pack("<HH", kind, len(body)) + body

    def bof(kind: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, kind, 0x0DBB, 0x07CC, 0, 6))

    def cell(row: int, column: int, value: object) -> bytes:
        if value is None:
            return b""
        if isinstance(value, int | float):
            return record(0x0203, struct.pack("<HHHd", row, column, 0, value))
        text = str(value).encode("utf-16-le")
        return record(0x0204, struct.pack("<HHHHB", row, column, 0, len(text) // 2, 1) + text)

    eof = record(0x000A, b"")
    cells = b"".join(cell(at, column, value) for at, row in enumerate(rows) for column, value in enumerate(row))
    sheet = bof(0x0010) + cells + eof
    title = struct.pack("<BB", len(name), 0) + name.encode("latin-1")
    start = len(bof(5)) + 4 + 6 + len(title) + len(eof)
    book = bof(0x0005) + record(0x0085, struct.pack("<IBB", start, 0, 0) + title) + eof + sheet
    return ole("Workbook", book)


def ole(name: str, stream: bytes) -> bytes:
    """Return an OLE file with one stream."""
    stream = stream.ljust(4096, b"\0")
    stream += b"\0" * (-len(stream) % 512)
    sectors = len(stream) // 512
    fat = [0xFFFFFFFD, 0xFFFFFFFE, *range(3, sectors + 2), 0xFFFFFFFE]
    fat += [0xFFFFFFFF] * (128 - len(fat))
    assert len(fat) == 128, "one sector of the table is enough for a test"

    def entry(title: str, kind: int, child: int, start: int, size: int) -> bytes:
        text = title.encode("utf-16-le") + b"\0\0"
        return (
            text.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(text) if title else 0, kind, 1, 0xFFFFFFFF, 0xFFFFFFFF, child)
            + b"\0" * 36
            + struct.pack("<IQ", start, size)
        )

    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0)
    header += struct.pack("<I", 0) + struct.pack("<I", 0xFFFFFFFF) * 108
    directory = entry("Root Entry", 5, 1, 0xFFFFFFFE, 0) + entry(name, 2, 0xFFFFFFFF, 2, len(stream))
    directory += entry("", 0, 0xFFFFFFFF, 0, 0) * 2
    return header + struct.pack("<128I", *fat) + directory + stream


def xlsb(rows: Rows, name: str = "Staff") -> bytes:
    """Return a binary workbook (MS-XLSB)."""

    def record(kind: int, body: bytes = b"") -> bytes:
        head = bytes([kind]) if kind < 128 else bytes([kind & 0x7F | 0x80, kind >> 7])
        size, length = len(body), b""
        while True:
            length += bytes([size & 0x7F | (0x80 if size > 0x7F else 0)])
            size >>= 7
            if not size:
                return head + length + body

    def wide(text: str) -> bytes:
        coded = text.encode("utf-16-le")
        return struct.pack("<I", len(coded) // 2) + coded

    def cell(column: int, value: object) -> bytes:
        at = struct.pack("<II", column, 0)
        if value is None:
            return record(1, at)
        if isinstance(value, int | float):
            return record(5, at + struct.pack("<d", value))
        return record(6, at + wide(str(value)))

    body = b"".join(
        record(0, struct.pack("<IIHHBI", at, 0, 300, 0, 0, 0)) + b"".join(cell(n, value) for n, value in enumerate(row))
        for at, row in enumerate(rows)
    )
    width = max(map(len, rows), default=1)
    sheet = record(129) + record(148, struct.pack("<4I", 0, len(rows) - 1, 0, width - 1))
    sheet += record(145) + body + record(146) + record(130)
    book = record(131) + record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide(name)) + record(144)
    relation = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.bin"/></Relationships>'
    )
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("xl/workbook.bin", book + record(132))
        package.writestr("xl/_rels/workbook.bin.rels", relation)
        package.writestr("xl/worksheets/sheet1.bin", sheet)
    return buffer.getvalue()


def locked_zip(name: str, data: bytes, password: bytes) -> bytes:
    """Return a zip file whose one file is encrypted as PKZIP does (APPNOTE 6.1)."""
    table = []
    for start in range(256):
        number = start
        for _ in range(8):
            number = number >> 1 ^ 0xEDB88320 if number & 1 else number >> 1
        table.append(number)
    keys = [0x12345678, 0x23456789, 0x34567890]

    def mix(byte: int) -> None:
        keys[0] = keys[0] >> 8 ^ table[(keys[0] ^ byte) & 255]
        keys[1] = (keys[1] + (keys[0] & 255)) * 134775813 + 1 & 0xFFFFFFFF
        keys[2] = keys[2] >> 8 ^ table[(keys[2] ^ keys[1] >> 24) & 255]

    for byte in password:
        mix(byte)
    crc = zlib.crc32(data)
    out = bytearray()
    for byte in b"\0" * 11 + bytes([crc >> 24]) + data:
        half = keys[2] & 0xFFFF | 2
        out.append(byte ^ (half * (half ^ 1) >> 8 & 255))
        mix(byte)
    title = name.encode()
    facts = struct.pack("<HHHHHIIIHH", 20, 1, 0, 0, 33, crc, len(out), len(data), len(title), 0)
    local = b"PK\x03\x04" + facts + title + bytes(out)
    central = b"PK\x01\x02" + struct.pack("<H", 20) + facts + struct.pack("<HHHII", 0, 0, 0, 0, 0) + title
    return local + central + b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central), len(local), 0)
