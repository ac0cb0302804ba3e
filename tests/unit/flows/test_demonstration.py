"""What the demo takes for itself: a port, the usual one if that is free, and a journal of its own."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.cli import demonstration
from tasks.model.errors import BadUsage
from tasks.model.journal_place import JournalPlace
from tasks.settings import Settings
from tests.support.ports import port_for_a_server, unused_port


@pytest.fixture
def usual(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """A port that stands for the one which the sample pipeline names."""
    with port_for_a_server() as port:
        monkeypatch.setattr(demonstration, "URL", f"http://127.0.0.1:{port}")
        yield port


def test_the_usual_port_is_taken_if_it_is_free(usual: int, tmp_path: Path) -> None:
    with demonstration._sandbox(tmp_path / "sandbox.db", None) as sandbox:
        assert sandbox.url == f"http://127.0.0.1:{usual}"


def test_a_port_that_is_held_though_nobody_answers_there_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with unused_port() as held:
        monkeypatch.setattr(demonstration, "URL", f"http://127.0.0.1:{held}")
        with demonstration._sandbox(tmp_path / "sandbox.db", None) as sandbox:
            assert sandbox.url != f"http://127.0.0.1:{held}"


def test_demos_that_start_at_once_have_a_port_each(usual: int, tmp_path: Path) -> None:
    urls: list[str] = []
    together = threading.Barrier(3, timeout=60)

    def play(number: int) -> None:
        together.wait()
        with demonstration._sandbox(tmp_path / f"{number}.db", None) as sandbox:
            urls.append(sandbox.url)
            together.wait()

    players = [threading.Thread(target=play, args=(number,)) for number in range(3)]
    for player in players:
        player.start()
    for player in players:
        player.join()
    assert len(set(urls)) == 3
    assert f"http://127.0.0.1:{usual}" in urls


def test_a_port_that_was_asked_for_is_not_exchanged_for_another(tmp_path: Path) -> None:
    with (
        unused_port() as held,
        pytest.raises(BadUsage, match="is taken by another program"),
        demonstration._sandbox(tmp_path / "sandbox.db", held),
    ):
        pass


@pytest.mark.parametrize(
    ("named", "prefix"),
    [("/disk/journal.db", "env -u ROSTERFLOW_JOURNAL_URL ROSTERFLOW_HOME="), (None, "ROSTERFLOW_HOME=")],
)
def test_the_demo_leaves_a_journal_elsewhere_alone_and_says_how_to_go_on_with_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], named: str | None, prefix: str
) -> None:
    home = tmp_path / "demo"
    for name, value in {"ROSTERFLOW_HOME": str(tmp_path), "PREFECT_HOME": "", "PREFECT_API_URL": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("ROSTERFLOW_JOURNAL_URL", named or "")
    if named is None:
        monkeypatch.delenv("ROSTERFLOW_JOURNAL_URL")
    seen = []
    monkeypatch.setattr(
        demonstration, "_play", lambda *_: seen.append(Settings().journal_place) or home / "report.html"
    )

    demonstration.demonstrate(0)

    assert set(seen) == {JournalPlace(home)}
    assert f"\n  {prefix}{home} rosterflow sync" in capsys.readouterr().err
