"""Read delimited text as rows of text. A record is a row, however many lines it takes, as in a spreadsheet."""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Iterator

from tasks.ingest.files import ReadFile
from tasks.ingest.tables import Reading

DEFAULT_ENCODING = "utf-8-sig"
DEFAULT_DELIMITER = ","
DEFAULT_QUOTE = '"'
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", "^": "caret", "\x1f": "unit separator"}
SHOWN = 10


def decoded(file: ReadFile, encoding: str) -> str:
    """Return the text of *file*. Raises ``RejectedSource`` if it is not in that encoding, or evidently in another."""
    try:
        text = file.data.decode(encoding)
    except UnicodeError as exc:
        line = file.data.count(b"\n", 0, getattr(exc, "start", 0)) + 1
        raise file.rejected(f"is not {encoding} text: line {line} cannot be read", _other_encoding(file)) from exc
    if "\0" in text:
        raise file.rejected(f"is not {encoding} text: it has zero bytes in it", _other_encoding(file))
    if _is_misread_utf8(file.data, text):
        raise file.rejected(
            f"is UTF-8 text, and would be misread as {encoding}", "Set sources.encoding to utf-8-sig, or leave it out."
        )
    return text.lstrip("\ufeff")


def _is_misread_utf8(data: bytes, text: str) -> bool:
    """Tell whether bytes read one by one make sense as UTF-8: accents in a one-byte encoding hardly ever do."""
    if len(text) != len(data) or data.isascii():
        return False
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _other_encoding(file: ReadFile) -> str:
    if file.data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "It looks like UTF-32: set sources.encoding to utf-32."
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


def _parsed(file: ReadFile, lines: Iterable[str], delimiter: str, quote: str) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, quotechar=quote, strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, 1):  # noqa: B007
            yield row
    except csv.Error as exc:
        what = f"is badly quoted: row {number + 1} (up to line {reader.line_num}) cannot be told apart: {exc}"
        raise file.rejected(what, "Correct the quotation marks there, or export again.", row=number + 1) from exc


def exact_rows(file: ReadFile, reading: Reading, first: int, below: int) -> Iterator[list[str]]:
    """Yield the rows of a text as it is declared: those below the headings (rows *first* to *below*) as long as these.

    Blank lines are rows of blank cells; blank cells beyond the headings are dropped. A row that is shorter may have
    been cut off, so it is refused and not filled up. Raises ``RejectedSource``, at the end for rows of another length,
    if the text is not in the declared encoding, is badly quoted, or is evidently separated by something else.
    """
    encoding = reading.encoding or DEFAULT_ENCODING
    delimiter, quote = reading.delimiter or DEFAULT_DELIMITER, reading.quote or DEFAULT_QUOTE
    ragged: list[int] = []
    width = 0
    for number, row in enumerate(_parsed(file, _lines(file, encoding), delimiter, quote), 1):
        if first <= number <= below:
            _check_dialect(file, row, delimiter)
            width = max(width, len(row))
        if number <= below:
            yield row
        elif len(row) == width or _only_blanks_beyond(row, width):
            yield row[:width]
        else:
            if any(map(str.strip, row)):
                ragged.append(number)
            yield [""] * width
    if ragged:
        raise _uneven(file, ragged, width)


def _only_blanks_beyond(row: list[str], width: int) -> bool:
    return len(row) > width and not any(map(str.strip, row[width:]))


def _uneven(file: ReadFile, ragged: list[int], width: int) -> Exception:
    shown = ", ".join(map(str, ragged[:SHOWN])) + (f" and {len(ragged) - SHOWN} more" if ragged[SHOWN:] else "")
    return file.rejected(
        f"has {len(ragged)} rows of another length than its {width} headings: row {shown}",
        "Look there for a delimiter or a line break without quotation marks, or for a cut-off end; export again.",
        rows=ragged,
    )


def _lines(file: ReadFile, encoding: str) -> Iterable[str]:
    """Return the lines of the text; decoded bit by bit where nothing can be wrong with it, as it may be large."""
    if codecs.lookup(encoding).name in ("utf-8", "utf-8-sig") and b"\0" not in file.data and _is_utf8(file.data):
        data = io.BytesIO(file.data)
        data.seek(_marks(file.data))
        return io.TextIOWrapper(data, "utf-8", newline="")
    return io.StringIO(decoded(file, encoding), newline="")


def _marks(data: bytes) -> int:
    """Return how many bytes the marks of UTF-8 in front of a text take: one mark, or several if it was joined."""
    end = 0
    while data.startswith(codecs.BOM_UTF8, end):
        end += len(codecs.BOM_UTF8)
    return end


def _is_utf8(data: bytes) -> bool:
    """Tell whether *data* is UTF-8, without holding the text of all of it."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    view = memoryview(data)
    try:
        for start in range(0, len(view), 1 << 20):
            decoder.decode(view[start : start + (1 << 20)])
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _check_dialect(file: ReadFile, header: list[str], delimiter: str) -> None:
    """Refuse headings that are one cell when split as declared, but hold a sign that parts cells elsewhere."""
    if len(header) != 1:
        return
    for other, name in DELIMITERS.items():
        if other != delimiter and other in header[0]:
            raise file.rejected(
                f"has one column only when split at '{delimiter}', but its headings hold the sign '{name}'",
                f"Set sources.delimiter to {json.dumps(other)}.",
            )
