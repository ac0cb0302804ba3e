"""The benchmark still measures what it says. Nothing is timed here."""

import json
from pathlib import Path

import pytest

from tests.bench import session
from tests.bench.__main__ import main
from tests.bench.figures import Bar, Figure, as_table
from tests.bench.session import cache_folder


@pytest.mark.parametrize(
    ("bar", "is_met"),
    [
        (Bar(5), True),
        (Bar(2), False),
        (Bar(3, at_least=True), True),
        (Bar(2, ratio=True), False),
        (Bar(20, ratio=True, at_least=True), False),
    ],
)
def test_a_bar_is_held_against_the_median_or_the_median_of_ratios(bar: Bar, is_met: bool) -> None:
    figure = Figure("plan", [9.0, 3.0, 1.0], bar=bar, ratios=[2.5, 30.0, 1.0], against="reading")

    assert (figure.median, figure.ratio, figure.is_met) == (3.0, 2.5, is_met)


def test_a_missed_bar_is_marked_in_the_table() -> None:
    lines = as_table([Figure("quick", [1.0], bar=Bar(2)), Figure("slow", [3.0], bar=Bar(2))]).splitlines()

    assert [line[0] for line in lines] == [" ", " ", "!"]
    assert lines[2].split() == ["!", "slow", "1", "3.00", "s", "≤", "2", "s"]


def test_runs_at_once_have_a_folder_each_and_the_next_one_takes_it_over(tmp_path: Path) -> None:
    with cache_folder(tmp_path) as first, cache_folder(tmp_path) as second:
        assert first != second
        (first / "made-up").touch()
    with cache_folder(tmp_path) as next_one:
        assert (next_one, (next_one / "made-up").exists()) == (first, True)


def test_what_another_version_made_up_is_cleared_away_unless_it_is_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with cache_folder(tmp_path) as used:
        monkeypatch.setattr(session, "_version", lambda: "another")
        with cache_folder(tmp_path):
            assert used.is_dir()
    with cache_folder(tmp_path):
        assert not used.exists()


@pytest.mark.prove
def test_a_small_run_gives_every_value(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--only", "plan", "--scale", "0.002", "--repeats", "2", "--json"]) == 0

    figures = json.loads(capsys.readouterr().out)
    assert [figure["name"] for figure in figures] == ["plan of 200, unchanged", "plan of 200, 1 % changed"]
    assert [len(figure["values"]) for figure in figures] == [2, 2]
