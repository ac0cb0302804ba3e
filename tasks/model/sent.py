"""What was sent, as far as it is known, in words. The one place where it is said that nothing was."""

from dataclasses import dataclass

NOTHING_SENT = "Nothing was sent."
NOTHING_SENT_YET = "Nothing has been sent."
NOTHING_IN_SHORT = "nothing sent"
SENT_UNKNOWN = "Whether anything was sent is not known."


@dataclass(frozen=True)
class Sent:
    """How many calls that change something a run made, and who knows it. A call that had no answer counts.

    ``recorded`` is what the journal has of them, None if it cannot tell. ``counted`` is what this process counted
    itself, None if the run was not its own. ``earlier`` are the calls that had been made for plans that were begun
    before and not completed, and that this run took up or looked up; they are no calls of this run. ``earlier_perhaps``
    are those of which it is not known whether they were made. ``earlier_plans`` is how many plans those are,
    where that was counted.
    """

    counted: int | None = None
    recorded: int | None = None
    earlier: int = 0
    earlier_perhaps: int = 0
    earlier_plans: int = 0

    @property
    def calls(self) -> int | None:
        """The number of calls, None if nobody knows. Whoever knows of more is believed: the other lost some."""
        return max((known for known in (self.counted, self.recorded) if known is not None), default=None)

    @property
    def is_nothing(self) -> bool:
        """Whether it is known that this run sent nothing."""
        return self.calls == 0

    @property
    def nothing(self) -> str:
        """The part of a sentence that says so; to be used only where it is so."""
        of_whom = " by this run" if self._of_earlier() else ""
        return f"{NOTHING_SENT[:1].lower()}{NOTHING_SENT[1:-1]}{of_whom}"

    def __str__(self) -> str:
        """Say what was sent before this moment.

        >>> str(Sent(counted=0, recorded=0)), str(Sent())
        ('Nothing was sent.', 'Whether anything was sent is not known.')
        >>> str(Sent(counted=3, recorded=3))
        '3 calls had been made before; all of them are recorded.'
        >>> str(Sent(counted=3))
        '3 calls had been made before, as this process counted; the journal may not tell of them.'
        >>> str(Sent(counted=3, recorded=2))
        '3 calls had been made before; the journal has 2 of them.'
        >>> str(Sent(counted=0, recorded=0, earlier=1))
        'Nothing was sent by this run. A plan was begun by an earlier run: 1 call had been made for it.'
        >>> str(Sent(counted=0, recorded=0, earlier=3, earlier_perhaps=5)).partition(": ")[2]
        '3 calls had been made for it, and perhaps 5 more.'
        >>> str(Sent(counted=0, recorded=0, earlier=14, earlier_plans=2)).partition("run. ")[2]
        '2 plans were begun by earlier runs: 14 calls had been made for them.'
        """
        return " ".join(filter(None, (self._of_this_run(), self._of_earlier())))

    def _of_this_run(self) -> str:
        if self.calls is None:
            return SENT_UNKNOWN
        if self.calls == 0:
            return f"{self.nothing[:1].upper()}{self.nothing[1:]}."
        made = f"{_calls(self.calls)} had been made before"
        if self.recorded is None:
            return f"{made}, as this process counted; the journal may not tell of {_them(self.calls)}."
        if self.recorded == 0:
            return f"{made}; {'it is' if self.calls == 1 else 'they are'} not recorded."
        if self.recorded < self.calls:
            return f"{made}; the journal has {self.recorded} of them."
        return f"{made}; {'it is' if self.calls == 1 else 'all of them are'} recorded."

    def _of_earlier(self) -> str:
        if not (self.earlier or self.earlier_perhaps):
            return ""
        more = f", and perhaps {self.earlier_perhaps} more" if self.earlier_perhaps else ""
        several = f"{self.earlier_plans} plans were begun by earlier runs"
        plans, them = (several, "them") if self.earlier_plans > 1 else ("A plan was begun by an earlier run", "it")
        return f"{plans}: {_calls(self.earlier)} had been made for {them}{more}."


UNKNOWN = Sent()
NOTHING = Sent(counted=0, recorded=0)
"""For what cannot send, by the way it is made, and for what never began."""


def _calls(number: int) -> str:
    return "1 call" if number == 1 else f"{number or 'no'} calls"


def _them(number: int) -> str:
    return "it" if number == 1 else "them"
