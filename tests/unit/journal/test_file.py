"""The journal's file in company: other processes, other opens in the same one, and hands that delete or replace it."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.journal import Journal, RunRecord
from tasks.model.errors import JournalLost
from tests.unit.journal.journal_driver import CALLS, HASH, PEERS

DRIVER = Path(__file__).with_name("journal_driver.py")
COMMAND = [sys.executable, "-c", "from flows.cli.main import app; app()"]
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "journal.db"


@contextmanager
def driver(*words: str | Path) -> Iterator["subprocess.Popen[str]"]:
    """Start the driver; what it waits for is written to its stdin. It is killed at the end."""
    command = [sys.executable, str(DRIVER), *map(str, words)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def answer(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def go_on(process: "subprocess.Popen[str]") -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def locks(path: Path, pid: int) -> int:
    """Return how many locks the operating system has of a process on a file."""
    inode = path.stat().st_ino
    held = (line.split() for line in Path("/proc/locks").read_text().splitlines())
    return sum(line[1] == "POSIX" and line[4] == str(pid) and line[5].endswith(f":{inode}") for line in held)


# -- company ----------------------------------------------------------------------------------------------------


def test_its_locks_stay_when_the_process_opens_and_closes_it_again(path: Path) -> None:
    with Journal.open(path) as journal:
        journal.begin_run(RunRecord("run", "acme", "sync", NOON))
        for _ in range(2):
            with Journal.open(path) as again:
                again.runs()
            assert locks(path, os.getpid()) > 0
            assert locks(path.with_name("journal.db-shm"), os.getpid()) > 0


def test_another_command_in_the_home_leaves_the_log_of_a_running_one(path: Path) -> None:
    log = path.with_name("journal.db-wal")
    environ = {**os.environ, "ROSTERFLOW_HOME": str(path.parent)}
    with driver("write", path) as process:
        assert answer(process) == "begun"
        before = log.stat().st_ino
        subprocess.run([*COMMAND, "runs"], env=environ, check=True, capture_output=True)
        assert log.exists()
        assert log.stat().st_ino == before
        go_on(process)
        assert answer(process) == "done"
        process.send_signal(signal.SIGKILL)
        process.wait()

    with Journal.open(path) as journal:
        assert len(journal.calls(HASH)) == 2 * CALLS


def test_processes_that_make_it_at_one_moment_share_one(path: Path) -> None:
    with driver("meet", path) as process:
        assert answer(process) == str(PEERS)

    with Journal.open(path) as journal:
        assert sorted(run.run_id for run in journal.runs()) == [f"run-{number}" for number in range(PEERS)]


def test_a_fork_of_a_process_that_has_it_open_cannot_use_it(path: Path) -> None:
    with driver("fork", path) as process:
        assert answer(process) == "2"
        assert locks(path, process.pid) > 0
        assert path.with_name("journal.db-wal").exists()


@pytest.mark.parametrize("function", ["bring_up_to_date", "link"])
def test_process_that_is_killed_while_it_makes_one_leaves_the_place_free(path: Path, function: str) -> None:
    with driver("die_making", path, function) as process:
        assert process.wait() == -signal.SIGKILL
    assert not path.exists()

    with Journal.open(path) as journal:
        assert journal.runs() == []


def test_it_is_closed_when_the_last_of_its_users_closes_it(path: Path) -> None:
    first, second = Journal.open(path), Journal.open(path)
    first.close()
    first.close()
    second.begin_run(RunRecord("run", "acme", "sync", NOON))
    second.close()

    assert locks(path, os.getpid()) == 0
    assert not path.with_name("journal.db-wal").exists()


def test_it_is_readable_by_its_owner_alone_whatever_the_umask(path: Path) -> None:
    before = os.umask(0)
    try:
        with Journal.open(path):
            modes = {one.name: stat.S_IMODE(one.stat().st_mode) for one in path.parent.iterdir()}
    finally:
        os.umask(before)

    assert modes == dict.fromkeys(("journal.db", "journal.db-wal", "journal.db-shm", "journal.db.made"), 0o600)


# -- hands ------------------------------------------------------------------------------------------------------


def deleted(path: Path) -> None:
    path.unlink()


def moved(path: Path) -> None:
    path.parent.rename(path.parent.with_name("elsewhere"))


def without_log(path: Path) -> None:
    path.with_name("journal.db-wal").unlink()


def replaced(path: Path) -> None:
    copy = path.with_name("copy.db")
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)
    copy.rename(path)


@pytest.mark.parametrize(
    ("hand", "reason"), [(deleted, "gone"), (moved, "gone"), (without_log, "log lost"), (replaced, "replaced")]
)
def test_nothing_is_written_into_one_that_was_deleted_or_replaced_at_work(path: Path, hand, reason: str) -> None:
    with Journal.open(path) as journal:
        journal.begin_run(RunRecord("run", "acme", "sync", NOON))
        hand(path)

        for use in (lambda: journal.begin_run(RunRecord("late", "acme", "sync", NOON)), lambda: Journal.open(path)):
            with pytest.raises(JournalLost, match=f"The journal {path} (was|lost its write-ahead log)") as caught:
                use()
            assert caught.value.facts["reason"] == reason
        assert [run.run_id for run in journal.runs()] == ["run"]  # what this process wrote it can still tell


def test_what_was_written_into_one_that_was_deleted_meanwhile_is_not_believed(path: Path) -> None:
    with Journal.open(path) as journal, pytest.raises(JournalLost, match="was deleted"), journal._write():
        path.unlink()
