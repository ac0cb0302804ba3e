"""Who gets which seat, over all people of a plan, where some give up a licence for another edition of it. Pure.

A seat that somebody gives up can serve somebody else in the same plan, also where two people exchange the very
licences that the other one needs. So all exchanges are taken to succeed at first; whoever then finds no seat keeps
what they have, and the seats are dealt again. This ends: each round has fewer exchanges than the last.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tasks.plan.seats import SeatBook, Wishes


@dataclass(frozen=True)
class Ask:
    """What one person asks for: all that they are to have, and what of it they lack.

    ``gives_up`` are licences of the wrong edition that may be taken from them; ``missing_then`` is what they lack
    without those, and ``has`` the products that those give.
    """

    at: int
    wanted: Wishes
    missing: tuple[str, ...]
    gives_up: tuple[str, ...] = ()
    missing_then: tuple[str, ...] = ()
    has: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Allotment:
    """What one person gets: licences, each with the missing products it serves for; those without a seat; and whether
    what they give up is taken from them."""

    taken: Mapping[str, tuple[str, ...]]
    without_seat: tuple[str, ...] = ()
    exchanged: bool = False


def allot(asks: Sequence[Ask], seats: SeatBook) -> dict[int, Allotment]:
    """Deal the seats that are free in *seats* to *asks*, in their order, and note them there.

    Nobody gives up a licence unless every product that they hold by it comes with another one; a licence is never
    exchanged for itself.
    """
    keeping: set[int] = set()
    while True:
        book = seats.copy()
        exchanging = {ask.at for ask in asks if ask.gives_up} - keeping
        for ask in asks:
            for licence in ask.gives_up if ask.at in exchanging else ():
                book.free(licence)
        dealt = {ask.at: _deal(ask, book, exchange=ask.at in exchanging) for ask in asks}
        failed = {at for at in exchanging if not dealt[at].exchanged}
        if not failed:
            seats.used = book.used
            return dealt
        keeping |= failed


def _deal(ask: Ask, book: SeatBook, *, exchange: bool) -> Allotment:
    if not exchange:
        taken, without_seat = book.take(ask.wanted, ask.missing)
        return Allotment(taken, tuple(without_seat))
    taken, without_seat = book.take(ask.wanted, ask.missing_then, but=ask.gives_up)
    if ask.has.intersection(without_seat):
        for licence in taken:
            book.free(licence)
        return Allotment({}, tuple(without_seat))
    return Allotment(taken, tuple(without_seat), exchanged=True)
