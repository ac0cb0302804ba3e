"""What was sent, said only with proof: by the journal, and by what this process counted itself (decision 0032)."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import TypeVar

from flows.run import Run
from tasks.journal import Journal
from tasks.model.errors import JournalLost, RosterflowError, TargetError
from tasks.model.sent import NOTHING, UNKNOWN, Sent
from tasks.model.tally import TALLIES, Tally, tally_of
from tasks.settings import Settings

GO_ON = "Run the same command again: it goes on where it stopped."
AGAIN = "run the same command"
LOOKS_UP = "It looks up what became of every call that has no answer on record."
BEYOND_READING = ("gone", "replaced", "log lost")
"""Reasons for which what can still be read of a lost journal is not what will be found in its place."""

E = TypeVar("E", bound=RosterflowError)


def sent_by(run: Run) -> Sent:
    """Return what a run has sent so far. A command that cannot send has sent nothing, whatever happened to it."""
    if not run.sends:
        return NOTHING
    tally, lost = tally_of(run.run_id), run.error
    beyond = isinstance(lost, JournalLost) and lost.facts.get("reason") in BEYOND_READING
    if not beyond:
        _count_again(run, tally)
    return Sent(tally.calls, None if beyond else _recorded(run.journal, [run.run_id]), *_earlier([tally]))


def _earlier(tallies: Sequence[Tally]) -> tuple[int, int, int]:
    """Return the calls of earlier runs, those that they perhaps made, and for how many plans."""
    plans = sum(one.earlier_plans for one in tallies)
    return sum(one.earlier for one in tallies), sum(one.earlier_perhaps for one in tallies), plans


def _count_again(run: Run, tally: Tally) -> None:
    """Note what is known by now of the calls that earlier runs had made: this run may have looked them up."""
    with suppress(Exception):  # what was noted before stands
        for plan_hash in tally.begun_before:
            made, perhaps = run.journal.made(plan_hash=plan_hash)
            own, own_perhaps = run.journal.made(plan_hash=plan_hash, run_id=run.run_id)
            tally.note_earlier(plan_hash, made - own, perhaps - own_perhaps)


def sent_by_runs(run_ids: Sequence[str]) -> Sent:
    """Return what some runs of this process have sent so far."""
    tallies = [TALLIES[run_id] for run_id in run_ids]
    counted = sum(one.calls for one in tallies)
    earlier = _earlier(tallies)
    place = Settings().journal_place
    try:
        if not Journal.is_there(place):  # to open it might make a new one
            return Sent(counted, None, *earlier)
        with Journal.open(place) as journal:
            return Sent(counted, _recorded(journal, run_ids), *earlier)
    except RosterflowError:
        return Sent(counted, None, *earlier)


def sent_since(before: Collection[str]) -> Sent:
    """Return what the runs of this process have sent that are not among *before*; nothing, if none of them began."""
    runs = [run_id for run_id in TALLIES if run_id not in before]
    if not runs:
        return NOTHING
    try:
        return sent_by_runs(runs)
    except Exception:  # noqa: BLE001 - whatever it is, it must not hide the error that is told
        return UNKNOWN


def telling(error: E, sent: Sent) -> E:
    """Let *error* say what was sent, and, where the same command goes on from there, that it does. Return it."""
    error.sent = str(sent)
    if isinstance(error, TargetError) and sent.calls and AGAIN not in error.remedy.casefold():
        error.remedy = f"{error.remedy} {GO_ON}".strip()
    if isinstance(error, JournalLost) and not sent.is_nothing and LOOKS_UP not in error.remedy:
        error.remedy = f"{error.remedy} {LOOKS_UP}".strip()
    return error


def _recorded(journal: Journal, run_ids: Sequence[str]) -> int | None:
    """Return how many calls the journal has of some runs; None if it cannot be read, or does not know one of them."""
    try:
        for run_id in run_ids:
            journal.run(run_id)  # a journal that was emptied would have no calls either
        return sum(journal.sent(run_id) for run_id in run_ids)
    except Exception:  # noqa: BLE001 - whatever is wrong with a journal, it then proves nothing
        return None
