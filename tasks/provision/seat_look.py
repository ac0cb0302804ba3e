"""The look before an exchange: does what is to come have a seat, counting what the rest of the plan frees and takes?"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

from tasks.model.plan import Change
from tasks.provision.exchanges import Exchange, Tells, seats_to_come
from tasks.provision.readings import Readings


class SeatLook:
    """The seats that are left for the exchanges of a plan, as read at most a minute ago; first come, first served."""

    def __init__(
        self,
        readings: Readings,
        changes: Sequence[Change],
        exchanges: Mapping[str, Exchange],
        is_settled: Tells,
        is_good: Tells,
    ) -> None:
        self._readings = readings
        self._changes = changes
        self._exchanges = exchanges
        self._is_settled = is_settled
        self._is_good = is_good
        self._passed: set[str] = set()  # the changes of exchanges that were let pass
        self._read_at: datetime | None = None
        self._left: Counter[str] = Counter()
        self._lock = asyncio.Lock()

    async def lets_pass(self, exchange: Exchange) -> bool:
        """Tell whether all that an exchange gives has a seat, and if so keep those seats for it.

        One of which a licence was taken already goes on in any case. A licence whose seats are not known has enough.
        """
        async with self._lock:
            if self._is_begun(exchange):
                return True
            await self._count()
            wanted = Counter(grant.after["licence"] for grant in exchange.gets)
            if all(self._left[licence] >= seats for licence, seats in wanted.items() if licence in self._left):
                self._passed.update(change.change_id for change in exchange.changes)
                self._left.subtract(wanted)
                return True
            self._left.subtract(revoke.before["licence"] for revoke in exchange.gives_up)  # it was counted as free
            return False

    async def _count(self) -> None:
        read_at, free = await self._readings.seats()
        if read_at != self._read_at:
            begun = {change_id for change_id, exchange in self._exchanges.items() if self._is_begun(exchange)}
            to_come = seats_to_come(self._changes, self._exchanges, begun, self._is_settled, self._is_good)
            self._left = Counter({licence: seats + to_come[licence] for licence, seats in free.items()})
            self._read_at = read_at

    def _is_begun(self, exchange: Exchange) -> bool:
        taken = any(self._is_good(revoke.change_id) for revoke in exchange.gives_up)
        return taken or any(change.change_id in self._passed for change in exchange.changes)
