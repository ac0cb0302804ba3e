"""What a killed run leaves running is ended by the next one of its home, and no other process is touched."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.cli import leftovers
from tasks.model.errors import BadUsage, RosterflowError
from tests.support.programs import missing

RUN = """
import subprocess, sys, time
from pathlib import Path
from flows.cli.leftovers import recording
server = recording(Path(sys.argv[1]), subprocess.Popen)(sys.argv[2:])
print(server.pid, flush=True)
if sys.stdin.readline():
    server.kill()
    server.wait()
else:
    time.sleep(60)
"""
SLEEP = ("sleep", "60")
STUBBORN = (
    sys.executable, "-c", "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)",
)  # fmt: skip


@dataclass(frozen=True)
class Started:
    """A run that has started a server: two real processes."""

    run: subprocess.Popen[str]
    server: int

    def kill(self) -> None:
        self.run.kill()
        self.run.wait()

    @property
    def serves(self) -> bool:
        return leftovers.started(self.server) is not None


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def start(home: Path) -> Iterator[Callable[..., Started]]:
    """Return a function that starts a run with a server; all are gone in the end."""
    made: list[Started] = []

    def begin(server: tuple[str, ...] = SLEEP) -> Started:
        run = subprocess.Popen(
            [sys.executable, "-c", RUN, str(home), *server], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert run.stdout is not None
        made.append(Started(run, int(run.stdout.readline())))
        return made[-1]

    yield begin
    for started in made:
        with started.run:
            started.run.kill()
        if started.serves:
            os.kill(started.server, signal.SIGKILL)


def records(home: Path) -> list[Path]:
    return list((home / leftovers.FOLDER).glob("*"))


def altered(home: Path, **facts: Any) -> None:
    """Change facts of the one record there is; ``server`` and ``run`` are changed within."""
    [record] = records(home)
    told = json.loads(record.read_text())
    for key, value in facts.items():
        told[key] = told[key] | value if isinstance(value, dict) else value
    record.write_text(json.dumps(told))


def test_the_server_of_a_killed_run_is_ended_by_the_next(start: Callable[..., Started], home: Path) -> None:
    left = start()
    left.kill()
    assert left.serves
    assert leftovers.end_leftovers(home) == [left.server]
    assert not left.serves
    assert records(home) == []
    assert leftovers.end_leftovers(home) == []


def test_the_server_of_a_run_at_work_is_left_to_it(start: Callable[..., Started], home: Path) -> None:
    at_work, left = start(), start()
    left.kill()
    assert leftovers.end_leftovers(home) == [left.server]
    assert at_work.serves
    assert len(records(home)) == 1


def test_a_run_that_was_killed_and_not_asked_after_is_gone(start: Callable[..., Started], home: Path) -> None:
    left = start()
    left.run.kill()
    os.waitid(os.P_PID, left.run.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    assert leftovers.end_leftovers(home) == [left.server]


def test_another_process_that_has_got_the_id_is_not_touched(start: Callable[..., Started], home: Path) -> None:
    left = start()
    left.kill()
    altered(home, server={"started": "1"})
    assert leftovers.end_leftovers(home) == []
    assert left.serves
    assert records(home) == []


def test_a_run_whose_id_was_given_again_is_gone(start: Callable[..., Started], home: Path) -> None:
    left = start()
    altered(home, run={"started": "1"})
    assert leftovers.end_leftovers(home) == [left.server]


def test_a_server_that_does_not_end_when_it_is_asked_is_killed(
    start: Callable[..., Started], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "PATIENCE_S", 0.5)
    left = start(STUBBORN)
    left.kill()
    deadline = time.monotonic() + 30
    while _ignored_signals(left.server) & 1 << signal.SIGTERM - 1 == 0 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert leftovers.end_leftovers(home) == [left.server]
    assert not left.serves


def _ignored_signals(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("SigIgn")).split()[1], 16)


def test_a_run_that_ends_in_order_leaves_no_record(start: Callable[..., Started], home: Path) -> None:
    ended = start()
    assert len(records(home)) == 1
    ended.run.communicate("end\n", timeout=30)
    assert ended.run.returncode == 0
    assert records(home) == []


def test_after_a_restart_of_the_machine_there_is_nothing_to_end(start: Callable[..., Started], home: Path) -> None:
    left = start()
    left.kill()
    altered(home, boot="another")
    assert leftovers.end_leftovers(home) == []
    assert left.serves
    assert records(home) == []


def test_a_record_of_another_machine_is_left_to_that(start: Callable[..., Started], home: Path) -> None:
    left = start()
    left.kill()
    altered(home, host="another", boot="another")
    assert leftovers.end_leftovers(home) == []
    assert left.serves
    assert len(records(home)) == 1


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"server": {"pid": 1}}', '{"server": 1, "run": 2}'])
def test_a_record_that_says_nothing_of_use_ends_nothing(home: Path, text: str) -> None:
    (home / leftovers.FOLDER).mkdir(parents=True)
    (home / leftovers.FOLDER / "1-1.json").write_text(text)
    assert leftovers.end_leftovers(home) == []


def test_a_server_that_cannot_be_recorded_is_ended_at_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    home.write_text("no folder")
    begun: list[subprocess.Popen[bytes]] = []

    def start_it(*args: Any) -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen(*args))
        return begun[-1]

    with pytest.raises(BadUsage, match=f"{home} is a file, and there must be a folder"):
        leftovers.recording(home, start_it)(SLEEP)
    home.unlink()
    (home / "servers").mkdir(parents=True)
    monkeypatch.setattr(leftovers, "_write", full)
    with pytest.raises(RosterflowError, match=r"could not be recorded in .*home.*Make room"):
        leftovers.recording(home, start_it)(SLEEP)
    assert begun[1].returncode == -signal.SIGKILL
    assert begun[0].returncode == -signal.SIGKILL


def test_records_are_for_their_owner_alone(start: Callable[..., Started], home: Path) -> None:
    start()
    [record] = records(home)
    assert (record.stat().st_mode & 0o777, record.parent.stat().st_mode & 0o777) == (0o600, 0o700)


def test_where_there_is_no_proc_ps_tells_the_same(start: Callable[..., Started]) -> None:
    if shutil.which("ps") is None:
        missing("ps is not there; Linux does without")
    begun = start()
    since = leftovers._from_ps(begun.server)
    assert since
    assert leftovers._from_ps(begun.server) == since
    os.kill(begun.server, signal.SIGKILL)
    deadline = time.monotonic() + 30
    while leftovers._from_ps(begun.server) is not None:
        assert time.monotonic() < deadline
