"""Who is told how a run ended."""

from types import SimpleNamespace
from typing import Any

import pytest

from flows import notices
from tasks.model.pipeline import Notice


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that got a notice."""
    got: list[str] = []
    monkeypatch.setattr(notices, "post_notice", lambda url, summary: got.append(url.get_secret_value()) is None)
    monkeypatch.setenv("OPS", "https://hook.test/ops")
    return got


def ended(state: str, *, when: str = "blocked", to: str = "${OPS}", sends: bool = True) -> Any:
    pipeline = SimpleNamespace(notify=(Notice(when=(when,), to=to),))
    return SimpleNamespace(sends=sends, summary={"run": {"state": state}}, loaded=SimpleNamespace(pipeline=pipeline))


def test_those_are_told_who_asked_for_this_end(told: list[str]) -> None:
    notices.send_notices(ended("blocked"))
    notices.send_notices(ended("partial"))
    assert told == ["https://hook.test/ops"]


def test_a_run_with_nothing_to_do_is_done(told: list[str]) -> None:
    notices.send_notices(ended("nothing_to_do", when="done"))
    assert len(told) == 1


def test_what_sends_nothing_tells_nobody(told: list[str]) -> None:
    notices.send_notices(ended("blocked", sends=False))
    assert told == []


def test_a_hook_that_is_not_set_is_no_error(told: list[str], caplog: pytest.LogCaptureFixture) -> None:
    notices.send_notices(ended("blocked", to="${NOT_SET}"))
    assert told == []
    assert "NOT_SET" in caplog.text
