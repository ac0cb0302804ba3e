"""Whether an answer can be believed: one that GoTo gives to such a call, and about what was asked.

A proxy between may answer in GoTo's place, or hand over the answer to another call (docs/decisions/0033).
"""

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

import httpx

from tasks.connectors.goto.faults import UNREADABLE, Fault

BODY_STATUSES = frozenset({200, 201})
"""What an answer with a body comes with."""

EMPTY_STATUSES = frozenset({200, 201, 204, 205})
"""What an empty answer to a write comes with. GoTo's own is not known (fact C11)."""

NOT_TO_BE_BELIEVED = {
    202: "it says that the call was taken, not that it was carried out",
    203: "it was changed on its way",
    206: "it is a part only, and no part was asked for",
}
_NAMES_SOMETHING = re.compile(r"[^@\s]+@[^@\s]+|\d{4,}")
"""An address or a key, of the values that a refusal names."""


class OtherAnswer(ValueError):
    """An answer is about something else than was asked: it belongs to another call."""


class UnfitAnswer(Exception):
    """An answer cannot be believed. The text completes "the answer cannot be believed:"; ``is_others`` tells that it
    is an answer of GoTo's, to another call."""

    def __init__(self, why: str, *, is_others: bool = False) -> None:
        super().__init__(why)
        self.is_others = is_others


def require_same(asked: str, told: str) -> None:
    """Raise ``OtherAnswer`` unless an answer names what was asked for. Upper and lower case are alike."""
    if asked.strip().casefold() != told.strip().casefold():
        raise OtherAnswer("about something else")


def read_answer(response: httpx.Response, parse: Callable[[Any], Any] | None, *, may_be_empty: bool) -> Any:
    """Return what *parse* makes of an answer that is no refusal; None for an empty one, where it may be.

    Raises ``UnfitAnswer`` for one that proves nothing: a redirect, a page, a body where none belongs (*parse* is
    None), or one that *parse* refuses.
    """
    status, body = response.status_code, response.content.strip()
    if 300 <= status < 400:
        raise UnfitAnswer("it leads elsewhere, as to a sign-in page")
    if status in NOT_TO_BE_BELIEVED:
        raise UnfitAnswer(NOT_TO_BE_BELIEVED[status])
    if not body:
        if may_be_empty and status in EMPTY_STATUSES:
            return None
        raise UnfitAnswer("it is empty")
    if parse is None:
        raise UnfitAnswer("it has a body where none belongs")
    if status not in BODY_STATUSES or not _is_data(response):
        raise UnfitAnswer("it is of a kind that GoTo does not send")
    try:
        return parse(json.loads(body))
    except OtherAnswer as exc:
        raise UnfitAnswer("it is about something else than was asked", is_others=True) from exc
    except UNREADABLE as exc:
        # Not chained: a decoding error keeps the document, and with it what it says of people.
        raise UnfitAnswer(f"it cannot be read ({type(exc).__name__})") from None


def _is_data(response: httpx.Response) -> bool:
    """Tell data from pages by the content type, where there is one. A bare key may come as plain text."""
    kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    return kind in ("", "text/plain") or kind.endswith(("/json", "+json"))


def is_others(fault: Fault, path: str, body: Any) -> bool:
    """Tell whether a refusal names addresses or keys, and none of them is in the call: it is about another one.

    Only "not there" and "in use" name what the call is about; a refusal for want of rights may name the caller.
    """
    if fault.status not in (404, 409):
        return False
    named = [subject.casefold() for subject in fault.subjects if _NAMES_SOMETHING.fullmatch(subject)]
    if not named:
        return False
    asked = f"{unquote(path)} {json.dumps(body, ensure_ascii=False)}".casefold()
    return not any(subject in asked for subject in named)
