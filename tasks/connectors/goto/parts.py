"""Operations of several calls. Once one of them was carried out, whatever stops the next is no proof that nothing was
done: only a fresh look tells how far it came."""

from collections.abc import Iterator
from contextlib import contextmanager

from tasks.model.errors import CredentialsRefused, RefusedByTarget, TargetDown, UncertainCall

PARTLY_DONE = "A part of it was carried out. It is looked up before it is repeated."


@contextmanager
def after_a_write(purpose: str) -> Iterator[None]:
    """Raise ``UncertainCall`` for what stops an operation that has written already; *purpose* completes "could not"."""
    try:
        yield
    except (RefusedByTarget, CredentialsRefused, TargetDown) as exc:
        what = f"GoTo could not {purpose} to the end: {exc.what}"
        raise UncertainCall(what, sent=PARTLY_DONE, remedy=exc.remedy, **exc.facts) from exc
