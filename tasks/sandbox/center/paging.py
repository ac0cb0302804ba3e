"""Long lists, a page at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar
from urllib.parse import urlencode

PAGE = 50

T = TypeVar("T")


@dataclass(frozen=True)
class Part(Generic[T]):
    """One page of a list: what stands there, how much there is in all, and which page of how many this is."""

    items: Sequence[T]
    total: int
    page: int

    @property
    def pages(self) -> int:
        return pages_of(self.total)

    @property
    def first(self) -> int:
        """The number of the first item in the whole list, counted from 1."""
        return (self.page - 1) * PAGE + 1

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1


def pages_of(total: int) -> int:
    """Return how many pages a list has: one at least.

    >>> pages_of(0), pages_of(50), pages_of(51)
    (1, 1, 2)
    """
    return max(-(-total // PAGE), 1)


def asked(text: str | None, total: int) -> int:
    """Return the page that is asked for, the nearest one that there is.

    >>> asked("2", 70), asked("9", 70), asked("-1", 70), asked("x", 70), asked(None, 70)
    (2, 2, 1, 1, 1)
    """
    whole = text is not None and text.isascii() and text.isdigit() and len(text) < 8
    return min(max(int(text or 1) if whole else 1, 1), pages_of(total))


def link(query: Mapping[str, str], **changes: str | int) -> str:
    """Return a query with *changes*, ready for an address. What is blank is left out, and so is page 1.

    >>> link({"status": "ACTIVE", "page": "3"}, page=1, search="a&b")
    '?status=ACTIVE&search=a%26b'
    """
    named = {name: str(value) for name, value in {**query, **changes}.items()}
    return "?" + urlencode({name: value for name, value in named.items() if value and (name, value) != ("page", "1")})
