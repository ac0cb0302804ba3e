"""Uses a journal in processes of its own, for tests that kill them or let them meet: ``ROLE PATH`` are its words.

Every answer is a line on stdout; where a role waits, it waits for a line on stdin.
"""

import hashlib
import os
import signal
import sys
from datetime import UTC, datetime

from tasks.journal import Attempt, Journal, RunRecord, journal_file
from tasks.model.errors import RosterflowError
from tasks.model.operations import OperationKind

PLAN = b'{"kind":"header"}\n'
HASH = hashlib.sha256(PLAN).hexdigest()
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
CALLS = 5
PEERS = 6


def answer(word: object) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def intend(journal: Journal, first: int) -> None:
    for number in range(first, first + CALLS):
        attempt = Attempt(f"op{number}", 1, "job", OperationKind.ASSIGN_LICENCE, ("c1",), "7001", {})
        journal.intend(HASH, "run", attempt, NOON)


def begin(journal: Journal, run_id: str = "run") -> None:
    journal.record_plan(HASH, PLAN, "acme", "goto", NOON)
    journal.begin_run(RunRecord(run_id, "acme", "sync", NOON))
    journal.begin_applying(run_id, HASH, NOON)


def write(path: str) -> None:
    """Write calls down, open the journal once more as a step of a flow does, wait, write more, wait."""
    with Journal.open(path) as journal:
        begin(journal)
        with Journal.open(path) as again:
            intend(again, 0)
        answer("begun")
        sys.stdin.readline()
        intend(journal, CALLS)
        answer("done")
        sys.stdin.readline()


def meet(path: str) -> None:
    """Let several processes open a journal that is not there yet, at one moment; each records a run."""
    start, go = os.pipe()
    children = []
    for number in range(PEERS):
        child = os.fork()
        if child == 0:
            os.close(go)
            os.read(start, 1)  # until the parent closes its end
            with Journal.open(path) as journal:
                journal.begin_run(RunRecord(f"run-{number}", "acme", "plan", NOON))
            os._exit(0)
        children.append(child)
    os.close(go)
    answer(sum(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0 for child in children))


def die_making(path: str, function: str) -> None:
    """Be killed in the midst of making a new journal: before its tables, or before it stands in its place."""

    def die(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    owner = {"bring_up_to_date": journal_file, "link": os}[function]
    setattr(owner, function, die)
    Journal.open(path)


def fork(path: str) -> None:
    """Use a journal in a fork of the process that has it open."""
    with Journal.open(path) as journal:
        begin(journal)
        child = os.fork()
        if child == 0:
            refused = 0
            for use in (
                lambda: journal.begin_run(RunRecord("forked", "acme", "plan", NOON)),
                lambda: Journal.open(path),
            ):
                try:
                    use()
                except RosterflowError:
                    refused += 1
            os._exit(refused)
        answer(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        sys.stdin.readline()


if __name__ == "__main__":
    {"write": write, "meet": meet, "die_making": die_making, "fork": fork}[sys.argv[1]](*sys.argv[2:])
