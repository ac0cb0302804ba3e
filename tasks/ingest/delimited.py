"""Read delimited text as rows of text. A record is a row, however many lines it takes, as in a spreadsheet."""

import codecs
import csv
import io
import json

from tasks.ingest.files import RosterFile

DEFAULT_ENCODING = "utf-8-sig"
DEFAULT_DELIMITER = ","
DELIMITERS = {";": "semicolon", "\t": "tab", ",": "comma", "|": "vertical bar"}
SHOWN = 10


def read_text(file: RosterFile) -> list[list[str]]:
    """Return the rows from row 1 on; blank lines are rows without cells.

    Raises ``RejectedSource`` if the text is not in the declared encoding, is badly quoted, is evidently separated by
    something else than the declared delimiter, or has rows of another length than the headings.
    """
    delimiter = file.source.delimiter or DEFAULT_DELIMITER
    rows = _parse(file, _decode(file), delimiter)
    header = rows[file.source.header_row - 1] if len(rows) >= file.source.header_row else []
    _check_delimiter(file, header, delimiter)
    return _squared(file, rows, len(header))


def _decode(file: RosterFile) -> str:
    declared = file.source.encoding or DEFAULT_ENCODING
    try:
        text = file.data.decode(declared)
    except UnicodeError as exc:
        line = file.data.count(b"\n", 0, getattr(exc, "start", 0)) + 1
        raise file.rejected(f"is not {declared} text: line {line} cannot be read", _other_encoding(file)) from exc
    if "\0" in text:
        raise file.rejected(f"is not {declared} text: it has zero bytes in it", _other_encoding(file))
    if _is_misread_utf8(file.data, text):
        raise file.rejected(
            f"is UTF-8 text, and would be misread as {declared}", "Set sources.encoding to utf-8-sig, or leave it out."
        )
    return text.removeprefix("\ufeff")


def _is_misread_utf8(data: bytes, text: str) -> bool:
    """Tell whether bytes read one by one make sense as UTF-8: accents in a one-byte encoding hardly ever do."""
    if len(text) != len(data) or data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _other_encoding(file: RosterFile) -> str:
    if file.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "It looks like UTF-16: set sources.encoding to utf-16."
    for name in ("utf-8-sig", "cp1252"):
        try:
            text = file.data.decode(name)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return f"It can be read as {name}: if the names look right so, set sources.encoding to {name}."
    return "Ask whoever exports it for UTF-8, or set sources.encoding to what it is."


def _parse(file: RosterFile, text: str, delimiter: str) -> list[list[str]]:
    rows: list[list[str]] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        rows.extend(reader)
    except csv.Error as exc:
        what = f"is badly quoted: row {len(rows) + 1} (up to line {reader.line_num}) cannot be told apart: {exc}"
        raise file.rejected(what, "Correct the quotation marks there, or export again.", row=len(rows) + 1) from exc
    return rows


def _check_delimiter(file: RosterFile, header: list[str], delimiter: str) -> None:
    if len(header) != 1:
        return
    for other, name in DELIMITERS.items():
        if other != delimiter and other in header[0]:
            raise file.rejected(
                f"has one column only when split at '{delimiter}', but its headings hold the sign '{name}'",
                f"Set sources.delimiter to {json.dumps(other)}.",
            )


def _squared(file: RosterFile, rows: list[list[str]], width: int) -> list[list[str]]:
    """Return the rows with those below the headings brought to *width*: blank cells beyond it are dropped.

    A row that is shorter may have been cut off, so it is refused and not filled up.
    """
    if not width:
        return rows
    first = file.source.header_row
    below = rows[first:]
    ragged = [
        number
        for number, row in enumerate(below, first + 1)
        if len(row) != width and any(map(str.strip, row)) and (len(row) < width or any(map(str.strip, row[width:])))
    ]
    if ragged:
        shown = ", ".join(map(str, ragged[:SHOWN])) + (f" and {len(ragged) - SHOWN} more" if ragged[SHOWN:] else "")
        raise file.rejected(
            f"has {len(ragged)} rows of another length than its {width} headings: row {shown}",
            "Look there for a delimiter or a line break without quotation marks, or for a cut-off end; export again.",
            rows=ragged,
        )
    blank = [""] * width
    return rows[:first] + [row[:width] if len(row) >= width else blank for row in below]
