"""How often, and how long apart, a request that is safe to repeat is repeated."""

from dataclasses import dataclass
from email.utils import parsedate_to_datetime

import httpx
import stamina

from tasks.model.errors import RosterflowError


@dataclass(frozen=True)
class Retries:
    """The budget of one call: ``timeout_s`` ends it; a ``Retry-After`` above ``longest_wait_s`` is not waited for."""

    attempts: int = 5
    timeout_s: float = 45.0
    first_wait_s: float = 0.25
    longest_wait_s: float = 15.0
    jitter_s: float = 1.0

    def caller(self) -> stamina.AsyncRetryingCaller:
        return stamina.AsyncRetryingCaller(
            attempts=self.attempts,
            timeout=self.timeout_s,
            wait_initial=self.first_wait_s,
            wait_max=self.longest_wait_s,
            wait_jitter=self.jitter_s,
        )


class Passing(Exception):
    """A try failed in a way that may pass. *error* is what the caller gets if it does not."""

    def __init__(self, error: RosterflowError, wait_s: float | None = None) -> None:
        super().__init__(type(error).__name__)  # what retry instrumentation logs
        self.error = error
        self.wait_s = wait_s


def next_try(exc: Exception) -> bool | float:
    """Tell stamina whether to try again: no, after the usual backoff, or after the seconds the server asked for."""
    if not isinstance(exc, Passing):
        return False
    return True if exc.wait_s is None else exc.wait_s


def retry_after(response: httpx.Response) -> float | None:
    """Return the seconds that ``Retry-After`` asks for, or None (RFC 9110 §10.2.3).

    A date is measured against the answer's own ``Date``, so that our clock does not matter.
    """
    asked = response.headers.get("Retry-After", "").strip()
    if asked.isascii() and asked.isdigit():
        return float(asked)
    try:
        wait = parsedate_to_datetime(asked) - parsedate_to_datetime(response.headers.get("Date", ""))
    except (TypeError, ValueError, OverflowError):
        return None
    return max(wait.total_seconds(), 0.0)
