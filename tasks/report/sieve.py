"""What a report that is to be passed on quotes: names of files, sheets and columns, which may be somebody's address."""

import json
import re
from collections.abc import Mapping
from typing import Any

ADDRESS = re.compile(r"[^\s@,;:<>\"'()\\/=]+@[^\s@,;:<>\"'()\\/=]+\.[^\s@,;:<>\"'()\\/=]+")
NOT_SHOWN = "(address not shown)"


def without_addresses(text: str) -> str:
    """Return *text* with a remark in the place of everything that looks like an address.

    >>> without_addresses("The roster export_ada@acme.example.csv, sheet 'bo@acme.example', row 12")
    "The roster (address not shown), sheet '(address not shown)', row 12"
    >>> without_addresses("2 rows @ 14:00, a@b")
    '2 rows @ 14:00, a@b'
    """
    return ADDRESS.sub(NOT_SHOWN, text)


def summary_without_addresses(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return a summary without them, keys and texts alike."""
    sieved: dict[str, Any] = json.loads(without_addresses(json.dumps(summary, ensure_ascii=False)))
    return sieved
