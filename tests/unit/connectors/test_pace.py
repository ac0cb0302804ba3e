"""Requests go out evenly, so that a server that counts a sliding second never sees too many."""

import asyncio
import selectors

import pytest

from tasks.connectors.goto.transport import pace


class Skipping(selectors.SelectSelector):
    """Instead of waiting, puts the clock forward; as with any clock, a little passes at each look."""

    now = 0.0

    def select(self, timeout=None):
        self.now += max(timeout or 0.0, 1e-6)
        return super().select(0)


def departures(requests_per_second, count):
    """Return when *count* requests leave that all want to leave at once, on a clock of our own."""
    selector = Skipping()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now
    limiter, times = pace(requests_per_second), []

    async def leave():
        await limiter.acquire()
        times.append(loop.time())

    async def everybody():
        await asyncio.gather(*(leave() for _ in range(count)))

    try:
        loop.run_until_complete(everybody())
    finally:
        loop.close()
    return times


@pytest.mark.parametrize(("rate", "allowed"), [(9, 10), (0.5, 1), (45, 50), (90, 100), (450, 500)])
def test_no_second_holds_more_than_the_server_allows(rate, allowed):
    times = departures(rate, int(rate * 2) + 2)
    busiest = max(sum(start <= time < start + 1 for time in times) for start in times)
    assert busiest <= allowed


@pytest.mark.parametrize("rate", [9, 90])
def test_pace_uses_the_rate(rate):
    times = departures(rate, rate * 10 + 1)
    assert times[-1] <= 10 / 0.95
