"""What the command says cannot steer the terminal, whatever a file is called or holds."""

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from flows.cli import talk
from tests.support.programs import missing

NASTY = "a\nb\x1b[31mred\x9b2J\u202e[bold]x[/].csv"


@pytest.mark.parametrize("speak", [talk.say, talk.show, talk.complain])
def test_nothing_that_is_said_steers_a_terminal(speak, capsys):
    speak(f"{NASTY}\n\tmore")
    said = "".join(capsys.readouterr())
    assert not set(said) & {"\x1b", "\x9b", "\u202e"}
    assert "b\ufffd[31mred\ufffd2J\ufffd[bold]x[/].csv\n" in said


def test_what_is_being_done_is_one_line(capsys):
    with talk.doing(f"Looking at {NASTY}"), talk.counting(f"Reading {NASTY}") as tell:
        tell(10, 10)
    looking, reading = capsys.readouterr().err.splitlines()
    assert looking == "Looking at a\ufffdb\ufffd[31mred\ufffd2J\ufffd[bold]x[/].csv"
    assert reading == "Reading a\ufffdb\ufffd[31mred\ufffd2J\ufffd[bold]x[/].csv: 10 of 10"


def test_a_spinner_shows_a_name_as_it_is(monkeypatch):
    terminal = Console(file=io.StringIO(), force_terminal=True, color_system=None, soft_wrap=True)
    monkeypatch.setattr(talk, "_err", terminal)
    with talk.doing("Looking at staff[bold].csv\x1b[2J"):
        pass
    assert "Looking at staff[bold].csv\ufffd[2J" in terminal.file.getvalue()


def test_inspect_and_check_say_the_name_of_a_file_without_what_steers(rosterflow, tmp_path: Path):
    path = tmp_path / "a\nb\x1b[31mred.csv"
    path.write_text("Staff ID,Email,First name,Last name\nA100k,pk@acme.example,Ada,Byrne\n", encoding="utf-8")
    said = rosterflow("inspect", path, "--write", tmp_path / "made.yaml")
    assert "\x1b" not in said.talk + said.out
    assert "b\ufffd[31mred.csv" in said.talk.splitlines()[0]
    said = rosterflow("check", tmp_path / "made.yaml")
    assert "\x1b" not in said.talk + said.out


def run_with(code: str, **streams: Any) -> "subprocess.CompletedProcess[bytes]":
    return subprocess.run([sys.executable, "-c", code], check=False, **streams)


@pytest.fixture
def unread() -> Iterator[int]:
    """The end of a pipe that nobody reads any more."""
    read, write = os.pipe()
    os.close(read)
    yield write
    os.close(write)


PROGRESS = """
from flows.cli.talk import complain, counting, doing, say
with doing("Starting"), counting("Applying") as tell:
    for done in range(100):
        tell(done, 100)
say("the end")
complain("of it")
"""


def test_nothing_is_broken_off_because_nobody_reads_the_progress(unread: int) -> None:
    assert run_with(PROGRESS, stderr=unread).returncode == 0


def test_nothing_is_broken_off_because_the_disk_under_the_progress_is_full() -> None:
    if not Path("/dev/full").exists():
        missing("there is no device that is always full")
    with Path("/dev/full").open("wb") as full:
        assert run_with(PROGRESS, stderr=full).returncode == 0


RESULT = """
import sys
from pathlib import Path
from flows.cli.outcome import finish, tell
run = {"run_id": "r1", "exit_code": 4, "message": "", "state": "partial"}
summary = {"headline": "40 people", "run": run, "sources": [], "findings": [], "whole": [], "limits": []}
tell(summary, Path(), json=JSON)
raise SystemExit(run["exit_code"])
"""


@pytest.mark.prove
@pytest.mark.parametrize("json", ["True", "False"])
def test_a_result_that_cannot_be_written_leaves_the_exit_code_as_it_is(unread: int, json: str) -> None:
    done = run_with(RESULT.replace("JSON", json), stdout=unread, stderr=subprocess.PIPE)
    assert done.returncode == 4
    assert b"Run r1 ended with code 4" in done.stderr
