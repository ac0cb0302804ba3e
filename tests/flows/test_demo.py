"""``rosterflow demo``: what somebody sees who has just cloned the project."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """The demo as it ran, from a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    environ = {**os.environ, "ROSTERFLOW_HOME": str(folder / "home"), "COLUMNS": "80"}
    command = [sys.executable, "-c", "from flows.cli.main import app; app()", "demo"]
    return subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, timeout=240, check=False)


@pytest.fixture(scope="module")
def page(demo: "subprocess.CompletedProcess[str]") -> Path:
    """The report that the demo names last."""
    return Path(demo.stdout.splitlines()[-1])


def test_the_demo_ends_well_and_its_last_line_is_the_path_of_a_report(demo, page: Path) -> None:
    assert demo.returncode == 0, demo.stderr
    assert "Traceback" not in demo.stderr
    assert page.is_absolute()
    assert page.is_file()


def test_the_report_shows_joiners_movers_leavers_a_held_row_and_limits_that_hold(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    for part in ("joiners", "movers", "leavers", "held", "limits"):
        assert f'<section id="{part}"' in text
    limits = text[text.index('<section id="limits"') : text.index('<section id="people"')]
    assert limits.count('class="holds"') >= 4
    assert 'class="broken"' not in limits


def test_the_runs_are_two_months_a_quiet_one_and_one_that_a_limit_stops(page: Path) -> None:
    summaries = [json.loads(path.read_bytes()) for path in sorted(page.parents[1].glob("*/summary.json"))]
    assert [(one["run"]["exit_code"], one["run"]["state"]) for one in summaries] == [
        (0, "done"),
        (0, "done"),
        (0, "nothing_to_do"),
        (5, "blocked"),
    ]
    assert [one["run"]["run_id"] for one in summaries][1] == page.parent.name


def test_names_and_addresses_are_in_the_report_and_not_in_the_terminal(demo, page: Path) -> None:
    addresses = set(re.findall(r"[a-z]+\.[a-z]+@acme\.example", page.read_text(encoding="utf-8")))
    assert addresses
    assert "@" not in demo.stdout + demo.stderr
