"""``rosterflow sync`` as a process that is killed, told to end, interrupted at the terminal, and started once more.

The engine's own test kills at many instants (``test_kill.py``); this one sees that the command around it keeps up.
Each process starts a Prefect server of its own, so all of it is for ``make prove``.
"""

import json
import os
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.programs import COMMAND

pytestmark = pytest.mark.prove

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
START_S, END_S = 120.0, 45.0


@dataclass(frozen=True)
class Life:
    """One process: its exit status, what it said, how many writes the tenant had got when it ended."""

    status: int
    out: str
    err: str
    writes: int


@dataclass(frozen=True)
class Lives:
    """What became of each process, and of the tenant in the end."""

    killed: Life
    told: Life
    interrupted: Life
    last: Life
    runs: list[dict[str, Any]]
    welcomes: Counter[str]
    people: int


def kill_all(pid: int) -> None:
    """Kill a command and what it started: Prefect's temporary server has a session of its own."""
    children = [
        int(child) for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()
    ]
    os.killpg(pid, signal.SIGKILL)
    for child in children:
        os.kill(child, signal.SIGKILL)


@pytest.fixture(scope="module")
def lives(
    tmp_path_factory: pytest.TempPathFactory, served: Any, new_office: Callable[[Path], Any], furnish: Any
) -> Lives:
    """Run the same command four times; end the first three in the midst of applying."""
    served.reset(json.loads((SAMPLES / "acme_tenant.json").read_text(encoding="utf-8")))
    office = new_office(tmp_path_factory.mktemp("lives"))
    furnish(office, served.url, "acme.yaml", "acme_staff.xlsx")
    text = office.pipeline.read_text(encoding="utf-8")
    office.pipeline.write_text(text.replace("requests_per_second: 1000", "requests_per_second: 8"), encoding="utf-8")
    environ = {
        **os.environ,
        "ROSTERFLOW_HOME": str(office.home),
        "ROSTERFLOW_SETTLE_S": "0.2",
        "PREFECT_HOME": str(office.home / "prefect"),
    }
    environ.pop("PREFECT_API_URL", None)

    def life(end: Callable[[int], None] | None = None, *, after: int = 3) -> Life:
        """Start the command; once *after* further writes are in, let *end* end it."""
        before = len(served.writes())
        command = [*COMMAND, "sync", str(office.pipeline)]
        with subprocess.Popen(
            command, env=environ, cwd=office.folder, text=True, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as process:  # fmt: skip
            try:
                if end is not None:
                    until = time.monotonic() + START_S
                    while len(served.writes()) < before + after and process.poll() is None:
                        assert time.monotonic() < until, "nothing was written"
                        time.sleep(0.02)
                    end(process.pid)
                out, err = process.communicate(timeout=END_S if end else START_S)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                out, err = process.communicate()
        return Life(process.returncode, out, err, len(served.writes()))

    killed = life(kill_all)
    told = life(lambda pid: os.kill(pid, signal.SIGTERM))
    interrupted = life(lambda pid: os.killpg(pid, signal.SIGINT))  # as a terminal does it: to all of the group
    office.pipeline.write_text(text, encoding="utf-8")  # nobody has to hit upon a moment any more
    last = life()
    listed = subprocess.run([*COMMAND, "runs", "--json"], env=environ, capture_output=True, text=True, check=True)
    runs = json.loads(listed.stdout)[::-1]
    return Lives(killed, told, interrupted, last, runs, served.mails_to("welcome"), len(served.people()))


def test_the_process_was_killed_while_it_applied(lives: Lives) -> None:
    assert lives.killed.status == -signal.SIGKILL
    assert 3 <= lives.killed.writes < lives.last.writes


def test_a_process_that_is_told_to_end_ends_in_order(lives: Lives) -> None:
    assert lives.told.status == 4, lives.told.err
    assert "Ending in order" in lives.told.err
    assert "Traceback" not in lives.told.err
    assert (lives.runs[1]["exit_code"], lives.runs[1]["state"]) == (4, "Partial")
    assert lives.told.writes < lives.last.writes


def test_a_process_that_is_interrupted_at_the_terminal_ends_in_order(lives: Lives) -> None:
    assert lives.interrupted.status == 4, lives.interrupted.err
    assert "Ending in order" in lives.interrupted.err
    assert "Traceback" not in lives.interrupted.err
    assert (lives.runs[2]["exit_code"], lives.runs[2]["state"]) == (4, "Partial")


def test_the_same_command_finishes_what_the_others_began(lives: Lives) -> None:
    assert lives.last.status == 0, lives.last.err
    assert [run["exit_code"] for run in lives.runs][-1] == 0
    assert lives.runs[0]["state"] == "Interrupted"
    assert len(lives.runs) == 4


def test_each_person_is_there_once_and_got_one_welcome_mail(lives: Lives) -> None:
    assert lives.people == 24 + 267  # the count stops where an address is there twice
    assert lives.welcomes.total() == len(lives.welcomes) == 267
