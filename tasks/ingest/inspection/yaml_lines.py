"""Lines of a pipeline file: texts as YAML reads them back, marks for what is to be confirmed, rows in a comment."""

import re
from collections.abc import Sequence

CONFIRM = "# please confirm"
SHOWN_ROWS = 5
_PLAIN = re.compile(r"[^\W\d_][\w./()+-]*(?: [\w./()+-]+)*")
_NULLS = ("null", "~", "")


def marked(text: str, *, confirm: bool) -> str:
    """Return a line, with the mark that keeps a plan from being made if it is to be confirmed."""
    return f"{text}  {CONFIRM}" if confirm else text


def rows_said(rows: Sequence[int]) -> str:
    """
    >>> rows_said([3]), rows_said([3, 4, 5, 6, 7, 8])
    ('row 3', 'rows 3, 4, 5, 6, 7 and 1 more')
    """
    shown = f"{'row' if len(rows) == 1 else 'rows'} {', '.join(map(str, rows[:SHOWN_ROWS]))}"
    return f"{shown} and {len(rows) - SHOWN_ROWS} more" if len(rows) > SHOWN_ROWS else shown


def scalar(text: str, *, flow: bool = False) -> str:
    """Return a text as YAML reads it back: plain where that is safe, else in double quotes.

    >>> scalar("First name"), scalar("Active?"), scalar("null"), scalar("0123")
    ('First name', '"Active?"', '"null"', '"0123"')
    """
    plain = _PLAIN.fullmatch(text) and text.casefold() not in _NULLS and not (flow and re.search(r"[(),]", text))
    return text if plain else f'"{"".join(map(_escaped, text))}"'


def _escaped(sign: str) -> str:
    """Return a sign as it stands in double quotes (YAML 1.2 §5.7). JSON writes some of them as two."""
    if sign in '"\\':
        return f"\\{sign}"
    if sign.isprintable():
        return sign
    return f"\\U{ord(sign):08x}" if ord(sign) > 0xFFFF else f"\\u{ord(sign):04x}"
