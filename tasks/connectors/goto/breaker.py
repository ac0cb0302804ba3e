"""Stop calling a target that has stopped answering."""

from collections.abc import Callable

from tasks.model.errors import TargetDown


class Breaker:
    """Open after *threshold* failed calls in a row; then every *rest_s* seconds one call may try if it is over."""

    def __init__(self, clock: Callable[[], float], *, threshold: int = 5, rest_s: float = 30.0) -> None:
        self._clock = clock
        self._threshold = threshold
        self._rest_s = rest_s
        self._failures = 0
        self._next_trial = 0.0

    @property
    def is_open(self) -> bool:
        return self._failures >= self._threshold

    def check(self) -> None:
        """Let a call through. Raises ``TargetDown`` while the circuit is open and no trial is due."""
        if not self.is_open:
            return
        now = self._clock()
        if now < self._next_trial:
            raise TargetDown(
                f"circuit open: the last {self._failures} calls to the target failed.",
                sent="This call was not sent.",
                remedy="When the target answers again, run the same command: it goes on where it stopped.",
                failures=self._failures,
            )
        self._next_trial = now + self._rest_s  # others wait while this one tries

    def worked(self) -> None:
        self._failures = 0

    def failed(self) -> None:
        self._failures += 1
        self._next_trial = self._clock() + self._rest_s
