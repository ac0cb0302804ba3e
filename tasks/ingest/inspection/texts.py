"""Read delimited text that nobody has described: encoding and delimiter with the evidence for them, and what is wrong.

Nothing here refuses a file for a mistake in it: that is what inspection is to show.
"""

import codecs
import csv
import io
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass

from tasks.ingest.containers import wide_encoding
from tasks.ingest.delimited import DELIMITERS
from tasks.ingest.inspection.code_pages import MOSTLY, STRANGE_FROM, is_icelandic, strangeness
from tasks.ingest.inspection.tables import Mark, OpenedTable

BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig", "UTF-8"),
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
SAMPLED_ROWS, SAMPLED_BYTES = 500, 1 << 20
EVEN = 0.8
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?")
_WESTERN = frozenset("áàâäãåæçéèêëíìîïñóòôöõøœßúùûüýÿšžÁÀÂÄÃÅÆÇÉÈÊËÍÌÎÏÑÓÒÔÖÕØŒÚÙÛÜÝŠŽ€£°§«»’‘“”–—…·ºª¿¡©®²³¹´ \u00a0")
_OF_ICELAND = frozenset("ðþÐÞ")


@dataclass(frozen=True)
class Decoded:
    """A text, its encoding as a pipeline names it, what speaks for that, and whether it is in doubt."""

    text: str
    encoding: str
    evidence: str
    doubtful: bool = False


def decode(data: bytes) -> Decoded:
    """Decode text by its mark, else as UTF-8 if it is that, else as what its letters make most sense in."""
    for mark, encoding, name in BOMS:
        if data.startswith(mark):
            text = data.decode(encoding, errors="replace")
            return Decoded(text, encoding, f"it begins with the mark of {name}", "\ufffd" in text)
    wide = wide_encoding(data)
    if wide:
        return Decoded(data.decode(wide, errors="replace"), wide, "it has no mark, and is lines of text so alone")
    if data.isascii():
        return Decoded(data.decode("ascii"), "utf-8-sig", "it has nothing but ASCII, which reads the same in all")
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as exc:
        return _of_one_byte(data, exc.start)
    letters = sum(not letter.isascii() for letter in text)
    return Decoded(text, "utf-8-sig", f"its {letters} letters beyond ASCII decode as UTF-8, which is no accident")


def _of_one_byte(data: bytes, first: int) -> Decoded:
    line = data.count(b"\n", 0, first) + 1
    not_utf8 = f"it is no UTF-8 (line {line})"
    text = _decoded(data, "cp932")
    if text is not None and _is_japanese(text):
        return Decoded(text, "cp932", f"{not_utf8}, and its signs are Japanese in cp932 (Shift JIS)")
    text = _decoded(data, "cp1252")
    if text is not None and _is_western(text):
        strange = strangeness(text)
        western = f"{not_utf8}, and its letters are Western European in cp1252 (Windows)"
        if strange < STRANGE_FROM:
            return Decoded(text, "cp1252", western)
        if strange <= MOSTLY:
            return Decoded(
                text, "cp1252", f"{western}, but some could be another's, in another code page", doubtful=True
            )
    from charset_normalizer import from_bytes

    best = from_bytes(data[:SAMPLED_BYTES]).best()
    for encoding in (best.encoding if best else "cp1252", "cp1252", "latin-1"):
        text = _decoded(data, encoding)
        if text is not None:
            return Decoded(text, encoding, f"{not_utf8}, and is most like {encoding}", doubtful=True)
    raise AssertionError("latin-1 decodes anything")


def _decoded(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError):
        return None


def _is_japanese(text: str) -> bool:
    """Tell whether signs stand among their like: a Western text read as Shift JIS has a sign here and there, in words
    of Latin letters."""
    runs = re.findall(r"[^\x00-\x7f]+", text)
    signs = "".join(runs)
    among_latin = len(re.findall(r"[A-Za-z][^\x00-\x7f]|[^\x00-\x7f][A-Za-z]", text))
    kana_or_kanji = sum(
        unicodedata.name(sign, "").startswith(("HIRAGANA", "KATAKANA", "CJK", "FULLWIDTH")) for sign in signs
    )
    return (
        bool(runs)
        and len(signs) >= 1.8 * len(runs)
        and among_latin <= 0.1 * len(signs)
        and kana_or_kanji > 0.8 * len(signs)
    )


def _is_western(text: str) -> bool:
    signs = [sign for sign in text if not sign.isascii()]
    known = _WESTERN | _OF_ICELAND if is_icelandic(text) else _WESTERN
    return sum(sign in known for sign in signs) >= 0.97 * len(signs)


def open_text(data: bytes, container: str) -> OpenedTable:
    """Return the rows of delimited text, ragged where it is ragged."""
    decoded = decode(data)
    text = decoded.text.lstrip("\ufeff")
    marks = [] if "\0" not in text else [_zero_bytes(text)]
    text = text.replace("\0", "")
    delimiter, why = find_delimiter(text)
    quote = _quote(text, delimiter)
    rows, broken = _parse(text, delimiter, quote)
    if broken is not None:
        marks.append(Mark("quote_open", broken, rows=(broken,)))
    elif _is_cut_off(text, rows):
        marks.append(Mark("cut_off", len(rows), rows=(len(rows),)))
    evidence = (f"encoding {decoded.encoding}: {decoded.evidence}", f"delimiter {_named(delimiter)}: {why}")
    doubts = ("encoding",) if decoded.doubtful else ()
    return OpenedTable(
        container, rows, encoding=decoded.encoding, delimiter=delimiter, quote=quote, evidence=evidence,
        doubts=doubts, marks=tuple(marks),
    )  # fmt: skip


def _zero_bytes(text: str) -> Mark:
    lines = tuple(number for number, line in enumerate(text.split("\n"), 1) if "\0" in line)
    return Mark("zero_bytes", lines[0], count=len(lines), rows=lines)


def _named(delimiter: str) -> str:
    return DELIMITERS.get(delimiter, repr(delimiter))


def find_delimiter(text: str) -> tuple[str, str]:
    """Return the sign that parts the rows, and why.

    >>> find_delimiter("id;name\\n1;Byrne, Ada\\n2;Lind, Bo\\n")
    (';', '2 columns in 3 of 3 rows')
    """
    declared = _SEPARATOR_LINE.match(text)
    if declared:
        return declared[1], "the first line says so (sep=)"
    sample = text[:SAMPLED_BYTES]
    read = {sign: _widths(sample, sign) for sign in DELIMITERS}
    scores = {sign: _evenness(widths) for sign, widths in read.items()}
    best = max(scores, key=lambda sign: scores[sign])
    width = scores[best][1]
    if width < 2:
        return ",", "no sign parts the rows: it has one column"
    widths = read[best]
    return best, f"{width} columns in {widths.count(width)} of {len(widths)} rows"


def _widths(sample: str, delimiter: str) -> list[int]:
    reader = csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    widths: list[int] = []
    try:
        for row in reader:
            if any(map(str.strip, row)):
                widths.append(len(row))
            if len(widths) >= SAMPLED_ROWS:
                break
    except csv.Error:  # a cell beyond csv's limit: what came before it must do
        pass
    return widths


def _evenness(widths: list[int]) -> tuple[float, int]:
    """Return which share of the rows has the commonest number of cells above one (in tenths), and that number."""
    several = Counter(width for width in widths if width > 1)
    if not several:
        return 0.0, 0
    width, rows = max(several.items(), key=lambda item: (item[1], item[0]))
    return round(rows / len(widths), 1), width


def _quote(text: str, delimiter: str) -> str:
    cells = [cell for line in text[:SAMPLED_BYTES].splitlines()[:SAMPLED_ROWS] for cell in line.split(delimiter)]
    counts = {sign: sum(len(cell) > 1 and cell[0] == cell[-1] == sign for cell in cells) for sign in "\"'"}
    return "'" if counts["'"] and not counts['"'] and counts["'"] * 2 > len(cells) else '"'


def _parse(text: str, delimiter: str, quote: str) -> tuple[list[list[str]], int | None]:
    """Return the rows, and the row with a quotation mark that is never closed (None: there is none)."""
    before = csv.field_size_limit(max(len(text), 131_072))
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote))
        strict = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote, strict=True)
        number = 0
        try:
            for number, _ in enumerate(strict, 1):  # noqa: B007
                pass
        except csv.Error as exc:
            return rows, number + 1 if "end of data" in str(exc) else None
        return rows, None
    finally:
        csv.field_size_limit(before)


def _is_cut_off(text: str, rows: list[list[str]]) -> bool:
    """Tell whether the text ends in the midst of a row: no line break behind it, and fewer cells than those before."""
    if not rows or text.endswith(("\n", "\r")):
        return False
    widths = Counter(len(row) for row in rows[:-1] if any(row))
    return bool(widths) and len(rows) > 2 and len(rows[-1]) < widths.most_common(1)[0][0]


def printable(text: str) -> str:
    """Return a text with ``?`` for each sign that would end a line, be obeyed by a terminal, or cannot be printed."""
    return "".join(sign if sign.isprintable() else "?" for sign in text)
