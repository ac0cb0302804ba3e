"""How many calls this process made for each of its runs: what is known of them when the journal is lost."""

Key = tuple[str, int]
"""An attempt at a call: the operation's id, and its number."""


class Tally:
    """Counts the calls of one run that reached the target, or may have, as the journal does.

    ``earlier`` are the calls that had been made for plans that were begun before and not completed, and that this run
    goes on with or gives up; ``earlier_perhaps`` are those of which it is not known.
    """

    def __init__(self) -> None:
        self.calls = 0
        self._earlier: dict[str, tuple[int, int]] = {}
        self._open: set[Key] = set()  # calls of this process of which it does not know yet what became of them

    def begin(self, key: Key) -> None:
        """Count a call, just before it is made."""
        self.calls += 1
        self._open.add(key)

    def settle(self, key: Key, *, made: bool) -> None:
        """Note that it is known what became of a call; one that certainly was not made counts no more."""
        if key in self._open:
            self._open.remove(key)
            self.calls -= not made

    def note_earlier(self, plan_hash: str, made: int, perhaps: int) -> None:
        """Note the calls that earlier runs made for a plan, and perhaps made."""
        self._earlier[plan_hash] = (made, perhaps)

    @property
    def begun_before(self) -> tuple[str, ...]:
        """The plans for which earlier runs had made calls."""
        return tuple(self._earlier)

    @property
    def earlier_plans(self) -> int:
        """How many plans those are, leaving aside the ones for which certainly no call was made."""
        return sum(made + perhaps > 0 for made, perhaps in self._earlier.values())

    @property
    def earlier(self) -> int:
        return sum(made for made, _ in self._earlier.values())

    @property
    def earlier_perhaps(self) -> int:
        return sum(perhaps for _, perhaps in self._earlier.values())


TALLIES: dict[str, Tally] = {}
"""By run: those that this process has begun and that may send."""


def tally_of(run_id: str) -> Tally:
    """Return the count of a run of this process, a new one at first."""
    return TALLIES.setdefault(run_id, Tally())
