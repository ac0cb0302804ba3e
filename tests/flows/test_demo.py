"""``rosterflow demo``: what somebody sees who has just cloned the project.

It starts a Prefect server of its own, so it is for ``make prove``; ``test_sync.py`` has the same months on one that
is there.
"""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.programs import COMMAND

pytestmark = pytest.mark.prove

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> "subprocess.CompletedProcess[str]":
    """The demo as it ran, from a folder of its own."""
    folder = tmp_path_factory.mktemp("demo")
    environ = {**os.environ, "ROSTERFLOW_HOME": str(folder / "home"), "COLUMNS": "80"}
    command = [*COMMAND, "demo", "--port", "0"]
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


def test_the_runs_are_two_months_a_quiet_one_and_a_broken_export_that_is_refused(page: Path) -> None:
    summaries = [json.loads(path.read_bytes()) for path in sorted(page.parents[1].glob("*/summary.json"))]
    assert [(one["run"]["exit_code"], one["run"]["state"]) for one in summaries] == [
        (0, "done"),
        (0, "done"),
        (0, "nothing_to_do"),
        (6, "failed"),
    ]
    assert [one["run"]["run_id"] for one in summaries][1] == page.parent.name


def test_names_and_addresses_are_in_the_report_and_not_in_the_terminal(demo, page: Path) -> None:
    addresses = set(re.findall(r"[a-z]+\.[a-z]+@acme\.example", page.read_text(encoding="utf-8")))
    assert addresses
    assert "@" not in demo.stdout + demo.stderr


def test_the_reports_are_numbered_as_the_acts_are(demo) -> None:
    assert re.findall(r"^  (\d)\. .*report\.html$", demo.stderr, re.MULTILINE) == ["1", "2", "3", "4"]


def test_what_the_demo_names_last_can_be_gone_on_with(demo, page: Path) -> None:
    """The list is whole again, and the words name the port that the pipeline file has."""
    home = page.parents[2]
    assert (home / "acme_staff.xlsx").read_bytes() == (SAMPLES / "acme_staff_next.xlsx").read_bytes()
    [port] = re.findall(r"api: \"http://127\.0\.0\.1:(\d+)", (home / "acme.yaml").read_text(encoding="utf-8"))
    [sandbox] = re.findall(r"^  (rosterflow sandbox .*)$", demo.stderr, re.MULTILINE)
    assert sandbox.endswith(f" --port {port}")
