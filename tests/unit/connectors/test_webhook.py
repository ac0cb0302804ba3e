"""Notices: who is told how a run ended, and that telling never fails a run."""

import json

import httpx
import pytest
from pydantic import SecretStr

from tasks.connectors.webhook import post_notice
from tasks.model.errors import BadPipeline

SUMMARY = {
    "headline": "The plan was stopped.",
    "run": {
        "pipeline": "acme",
        "run_id": "r1",
        "state": "blocked",
        "exit_code": 5,
        "message": "Over.",
        "plan_hash": "a",
    },
}


def test_the_hook_is_told_in_a_sentence_and_in_fields() -> None:
    got: list[httpx.Request] = []

    def hook(request: httpx.Request) -> httpx.Response:
        got.append(request)
        return httpx.Response(204)

    assert post_notice(SecretStr("https://hook.test/x"), SUMMARY, httpx.MockTransport(hook))
    told = json.loads(got[0].content)
    assert told["text"] == "acme: Over. (blocked, code 5, run r1)"
    assert (told["exit_code"], told["state"], told["run_id"]) == (5, "blocked", "r1")


def test_nothing_is_sent_to_another_machine_over_plain_http() -> None:
    """What the value of a block is, is not known before."""

    def hook(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request)

    for url in ("http://hook.test/x", "HTTP://127.0.0.1.hook.test/x"):
        with pytest.raises(BadPipeline, match="over plain http"):
            post_notice(SecretStr(url), SUMMARY, httpx.MockTransport(hook))
    taken = httpx.MockTransport(lambda request: httpx.Response(204))
    assert post_notice(SecretStr("http://127.0.0.1:8080/x"), SUMMARY, taken)


def test_a_hook_that_refuses_or_is_away_is_no_error() -> None:
    def away(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away", request=request)

    refuses = httpx.MockTransport(lambda request: httpx.Response(500))
    assert not post_notice(SecretStr("https://hook.test/x"), SUMMARY, refuses)
    assert not post_notice(SecretStr("https://hook.test/x"), SUMMARY, httpx.MockTransport(away))
    assert not post_notice(SecretStr("not a url"), SUMMARY)


def test_a_proxy_that_cannot_be_used_is_no_error_of_the_run_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    assert not post_notice(SecretStr("https://hook.test/x"), SUMMARY)
