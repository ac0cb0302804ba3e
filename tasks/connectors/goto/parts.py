"""Operations of several calls, and calls of several requests. Once a request that changes something has left, whatever
stops the rest is no proof that nothing was done: only a fresh look tells how far it came."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from tasks.connectors.goto.faults import PERHAPS_DONE
from tasks.model.errors import CredentialsRefused, RefusedByTarget, TargetDown, UncertainCall

PARTLY_DONE = "A part of it was carried out. It is looked up before it is repeated."


@dataclass
class Requests:
    """What is known of the requests of one call, or one operation.

    ``perhaps_done``: one that changes something was carried out, or may have been. ``refusal`` is the last answer that
    says of such a one that it certainly was not; ``looks`` are the refusals of reads. What is noted here is noted in
    ``outer`` too: a call is a part of an operation.
    """

    outer: "Requests | None" = None
    perhaps_done: bool = False
    refusal: RefusedByTarget | None = None
    looks: list[RefusedByTarget] = field(default_factory=list)

    def note_perhaps_done(self) -> None:
        self.perhaps_done = True
        if self.outer is not None:
            self.outer.note_perhaps_done()

    def note_refusal(self, refusal: RefusedByTarget) -> None:
        self.refusal = refusal
        if self.outer is not None:
            self.outer.note_refusal(refusal)

    def note_look(self, refusal: RefusedByTarget) -> None:
        self.looks.append(refusal)
        if self.outer is not None:
            self.outer.note_look(refusal)

    def is_of_a_look(self, refusal: RefusedByTarget) -> bool:
        """Tell whether a refusal is that of a read, or was made out of one."""
        return any(look in (refusal, refusal.__cause__) for look in self.looks)


_UNDER_WAY: ContextVar[Requests | None] = ContextVar("requests", default=None)


@contextmanager
def requests() -> Iterator[Requests]:
    """Note the requests that are made inside, and let no error say more than they allow.

    ``TargetDown``, ``CredentialsRefused`` and the refusal of a look become ``UncertainCall`` where something was or may
    have been done. Where all that had left was certainly refused, the error has that refusal as ``heard``. So an error
    without it says that nothing has left that changes anything.
    """
    noted = Requests(_UNDER_WAY.get())
    token = _UNDER_WAY.set(noted)
    try:
        yield noted
    except (TargetDown, CredentialsRefused) as lost:
        if noted.perhaps_done:
            raise _uncertain(lost) from lost
        lost.heard = noted.refusal
        raise
    except RefusedByTarget as refusal:
        if noted.perhaps_done and noted.is_of_a_look(refusal):
            raise _uncertain(refusal) from refusal
        raise
    finally:
        _UNDER_WAY.reset(token)


def _uncertain(error: TargetDown | CredentialsRefused | RefusedByTarget) -> UncertainCall:
    """Return what is to be said after a request that may have been carried out. The facts are not about that one."""
    what = f"What became of a call that was sent is not known: {error.what}"
    return UncertainCall(what, sent=PERHAPS_DONE, remedy=f"It is looked up. {error.remedy}".strip())


@contextmanager
def after_a_write(purpose: str) -> Iterator[None]:
    """Raise ``UncertainCall`` for what stops an operation that has written already; *purpose* completes "could not"."""
    try:
        yield
    except (RefusedByTarget, CredentialsRefused, TargetDown) as exc:
        what = f"GoTo could not {purpose} to the end: {exc.what}"
        raise UncertainCall(what, sent=PARTLY_DONE, remedy=exc.remedy, **exc.facts) from exc
