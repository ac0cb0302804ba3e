"""Guess how a text file is written, where nobody has declared it. The nightly reading never guesses."""

import csv
from collections import Counter

from tasks.ingest.containers import BOMS, wide_encoding

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", "^": "caret", "\x1f": "unit separator"}
QUOTES = ('"', "'")
SAMPLED_LINES = 50
SAMPLED_BYTES = 1 << 20


def guess_encoding(data: bytes) -> str:
    """Return a codec that reads *data* whole: by its mark, else UTF-8 if it is that, else what fits it best."""
    marked = next((encoding for mark, encoding in BOMS if data.startswith(mark)), None) or wide_encoding(data)
    if marked:
        return marked
    if _fits(data, "utf-8"):
        return "utf-8-sig"
    from charset_normalizer import from_bytes

    sample = data[:SAMPLED_BYTES]
    best = from_bytes(sample, cp_isolation=["cp1252", "cp932", "cp1250", "cp1251", "cp437", "mac_roman"]).best()
    likely = best.encoding if best else "cp1252"
    fitting = (name for name in (likely, "cp1252", "cp932", "latin-1") if _fits(data, name))
    return next(fitting, "latin-1")


def _fits(data: bytes, encoding: str) -> bool:
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def guess_delimiter(text: str, quote: str = '"') -> str:
    """Return the sign that parts most of the first lines into equally many cells; a comma if none does.

    >>> guess_delimiter("a;b;c\\n1;2,5;3\\n4;5,5;6\\n")
    ';'
    """
    sample = "\n".join(text[:SAMPLED_BYTES].splitlines()[:SAMPLED_LINES])
    scores = {delimiter: _evenness(sample, delimiter, quote) for delimiter in DELIMITERS}
    best = max(scores, key=scores.__getitem__)
    return best if scores[best] > (0, 0) else ","


def guess_quote(text: str, delimiter: str) -> str:
    """Return the sign that stands at both ends of cells; a double quotation mark if in doubt."""
    lines = text[:SAMPLED_BYTES].splitlines()[:SAMPLED_LINES]
    cells = [cell for line in lines for cell in line.split(delimiter)]
    counts = {quote: sum(len(cell) > 1 and cell[0] == cell[-1] == quote for cell in cells) for quote in QUOTES}
    return "'" if counts["'"] and not counts['"'] and counts["'"] * 2 > len(cells) else '"'


def _evenness(sample: str, delimiter: str, quote: str) -> tuple[float, int]:
    """Return which share of the rows has the commonest number of cells, and that number; (0, 0) if it is one."""
    try:
        widths = [len(row) for row in csv.reader(sample.splitlines(), delimiter=delimiter, quotechar=quote) if row]
    except csv.Error:
        return 0, 0
    if not widths:
        return 0, 0
    several = Counter(width for width in widths if width > 1)
    if not several:
        return 0, 0
    width, rows = max(several.items(), key=lambda item: (item[1], item[0]))
    return round(rows / len(widths), 1), width
