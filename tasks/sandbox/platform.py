"""The platform as one value: its store, its switches, its clock, its log. Routes get at everything through it."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from tasks.model.errors import BadUsage
from tasks.sandbox import csv_import, fault_effects, history, user_sync
from tasks.sandbox.declared import DeclaredState
from tasks.sandbox.fault_plan import Fault, FaultPlan, Faults
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
        self.faults = Faults()
        self._taken = fault_effects.Taken()

    @contextmanager
    def call(self) -> Iterator[Call]:
        """Give one call its transaction: on disk when the block ends, undone if it raises.

        What became due meanwhile (a poll of the directory, the users of a CSV file) is done before, for itself.
        """
        with self._transaction() as overdue:
            csv_import.carry_out_due(overdue)
            user_sync.poll_if_due(overdue)
        with self._transaction() as call:
            yield call

    @contextmanager
    def _transaction(self) -> Iterator[Call]:
        with self.store.transaction() as db:
            now = self.clock()
            with history.noted(at=now):
                yield Call(db, now, self.switches)

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

    def set_faults(self, plan: FaultPlan) -> None:
        """Let calls go wrong by *plan* from now on. What the plan before it took is given back."""
        with self.call() as call:
            fault_effects.give_back(call, self._taken)
        self._taken = fault_effects.Taken()
        self.faults.set(plan)

    def befall(self, fault: Fault, path: str, body: bytes) -> None:
        """Do to the tenant what *fault* does to it, just before a call."""
        with self.call() as call:
            if fault == Fault.TOKEN_EXPIRED:
                fault_effects.end_tokens(call)
            elif fault == Fault.CREDENTIALS_REVOKED:
                fault_effects.revoke_credentials(call, self._taken)
            elif fault == Fault.SEATS_GONE:
                fault_effects.take_seats(call, path, body, self._taken)
            elif fault == Fault.ADDRESS_TAKEN:
                fault_effects.take_addresses(call, body, self._taken)

    def reset(self, state: DeclaredState) -> None:
        """Begin again from *state*: mails, tokens and the log of requests are gone too. Switches stay, and so
        does the fault plan, which counts from the beginning.
        """
        with self.call() as call:
            fill(call, state)
        self._taken = fault_effects.Taken()
        self.faults.begin_again()
        self.log.clear()
