"""The platform as one value: its store, its switches, its clock, its log. Routes get at everything through it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tasks.model.errors import BadUsage
from tasks.sandbox.declared import DeclaredState
from tasks.sandbox.seeding import fill, held_account
from tasks.sandbox.store import Store
from tasks.sandbox.switches import Switches
from tasks.sandbox.traffic import RateLimit, RequestLog
from tasks.sandbox.wire import Call


def wall_clock() -> datetime:
    return datetime.now(UTC)


class Platform:
    """A tenant that is open for calls."""

    def __init__(self, store: Store, switches: Switches, clock: Callable[[], datetime] = wall_clock) -> None:
        self.store = store
        self.switches = switches
        self.clock = clock
        self.limit = RateLimit()
        self.log = RequestLog()

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Give one call its transaction: on disk when the block ends, undone if it raises."""
        with self.store.transaction() as db:
            yield Call(db, self.clock(), self.switches)

    def open_account(self, state: DeclaredState | None, default: Callable[[], DeclaredState]) -> str:
        """Return the key of the account in the store; a new store is filled with *state*, or else the default.

        A store that was used before keeps what it holds. Raises ``BadUsage`` if that is another account than
        *state* declares.
        """
        with self.call() as call:
            held = held_account(call)
            if held is None:
                declared = state or default()
                fill(call, declared)
                return declared.account.key
        if state is not None and state.account.key != held:
            raise BadUsage(
                f"The store {self.store.path} holds account {held}, and the declared state is of account"
                f" {state.account.key}.",
                sent="The store was left as it is.",
                remedy="Name another file for the store, or remove this one.",
            )
        return held

    def reset(self, state: DeclaredState) -> None:
        """Begin again from *state*: mails, tokens and the log of requests are gone too. Switches stay."""
        with self.call() as call:
            fill(call, state)
        self.log.clear()
