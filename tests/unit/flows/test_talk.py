"""What the command says cannot steer the terminal, whatever a file is called or holds."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from flows.cli import talk

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
