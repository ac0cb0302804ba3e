"""Read a paged list whole, although it may move while it is read."""

from collections.abc import Awaitable, Callable
from typing import Generic

from tasks.connectors.goto.wire import Item, Page
from tasks.model.errors import TargetDown

PAGE_SIZE = 1000
"""The most that a page of GoTo's holds."""

Fetch = Callable[[int], Awaitable[Page[Item]]]


class Reading(Generic[Item]):
    """One pass over a list: the items by key, and the totals that its pages named."""

    def __init__(self) -> None:
        self.items: dict[str, Item] = {}
        self.totals: list[int | None] = []

    @property
    def total(self) -> int | None:
        return self.totals[-1]

    @property
    def steady(self) -> bool:
        """Whether the list stood still: one total all along, and that many different items."""
        return len(set(self.totals)) == 1 and self.total in (None, len(self.items))


async def read_whole(fetch: Fetch[Item], what: str) -> list[Item]:
    """Return all items of a list, one per key, the last seen of each, sorted by key.

    When somebody is added or removed in the meantime, the pages shift: an item shows twice, or never. So a list
    that moved is read once more, and if it moved again both readings are joined. Raises ``TargetDown`` if that is
    still less than the list's own total: planning on part of the accounts would create the others again.
    """
    first = await _read_once(fetch)
    if first.steady:
        return _sorted(first.items)
    second = await _read_once(fetch)
    if second.steady:
        return _sorted(second.items)
    joined = first.items | second.items
    if second.total is not None and len(joined) < second.total:
        raise TargetDown(
            f"GoTo's list of {what} is incomplete: it names {second.total}, and gave {len(joined)}.",
            remedy="Try again later; if it stays so, the paging of the Admin API has changed.",
        )
    return _sorted(joined)


async def _read_once(fetch: Fetch[Item]) -> Reading[Item]:
    """Read page after page. The next offset counts what came: ``toIndex`` is an exclusive end, and easily misread."""
    reading: Reading[Item] = Reading()
    offset = 0
    while True:
        page = await fetch(offset)
        known = len(reading.items)
        reading.items.update((item.key, item) for item in page.items)
        reading.totals.append(page.total)
        offset += len(page.items)
        nothing_new = len(reading.items) == known
        if not page.items or (offset >= page.total if page.total is not None else nothing_new):
            return reading


def _sorted(items: dict[str, Item]) -> list[Item]:
    return [items[key] for key in sorted(items)]
