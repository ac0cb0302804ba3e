"""What the environment says of proxies and certificates, where it cannot be used: named, and no fault of ours."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.connectors.environment import CERTIFICATES, PROXIES
from tasks.connectors.goto.reach import certificates
from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.doctor.proofs import look_up
from tasks.model.errors import TargetDown
from tasks.model.pipeline import GotoTarget

KEPT = KeptTokens(Path("/nowhere"))
SPEC = GotoTarget.model_validate(
    {
        "name": "goto",
        "kind": "goto",
        "account_key": "3001",
        "auth": {"client_id": "${A}", "client_secret": "${A}", "pat": "${A}"},
    }
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALL_PROXY", "socks5://127.0.0.1:1080"),
        ("https_proxy", "ftp://acme.example:8080"),
        ("HTTPS_PROXY", "http://u:hush-word@[::1"),
        ("NO_PROXY", "http://[::1"),
        ("SSL_CERT_FILE", "/nowhere/of/ours.pem"),
    ],
)
def test_what_cannot_be_used_is_named_without_its_value(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    for one in (*PROXIES, *CERTIFICATES):
        monkeypatch.delenv(one, raising=False)
        monkeypatch.delenv(one.lower(), raising=False)
    monkeypatch.setenv(name, value)
    certificates.cache_clear()
    with pytest.raises(TargetDown, match=rf"Correct {name.upper()}; then") as caught:
        open_target(SPEC, lambda _: SecretStr("hush"), KEPT)
    assert value not in str(caught.value)
    assert caught.value.__suppress_context__


def test_records_are_looked_up_past_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    assert asyncio.run(look_up([])) == {}
