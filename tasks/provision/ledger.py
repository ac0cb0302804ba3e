"""The journal as the calls of one application write into it: many at once, each waiting until its own is on disk."""

import asyncio

from tasks.journal import Conclusion, Intent, Journal
from tasks.model.operations import Outcome

Entry = Intent | Conclusion


class Ledger:
    """Commits all that waits in one transaction: on disk, one takes as long as twenty.

    The first to come commits for those who come while it lets them: until a round of the event loop brings nobody new.
    """

    def __init__(self, journal: Journal, plan_hash: str, run_id: str) -> None:
        self._journal = journal
        self._plan_hash = plan_hash
        self._run_id = run_id
        self._waiting: list[tuple[Entry, asyncio.Future[list[Outcome]]]] = []

    async def write(self, entry: Entry) -> list[Outcome]:
        """Write one entry down and return, once it is on disk, the outcomes that it recorded.

        Raises ``StalePlan`` if the plan is not the one that the run applies.
        """
        done: asyncio.Future[list[Outcome]] = asyncio.get_running_loop().create_future()
        self._waiting.append((entry, done))
        if len(self._waiting) == 1:
            await self._commit()
        return await done

    async def _commit(self) -> None:
        seen = 0
        while seen < len(self._waiting):
            seen = len(self._waiting)
            await asyncio.sleep(0)
        together, self._waiting = self._waiting, []
        try:
            recorded = self._journal.write(self._plan_hash, self._run_id, [entry for entry, _ in together])
        except BaseException as exc:  # noqa: BLE001 (whoever waits raises it)
            for _, done in together:
                done.set_exception(exc)
            return
        for (_, done), outcomes in zip(together, recorded, strict=True):
            done.set_result(outcomes)
