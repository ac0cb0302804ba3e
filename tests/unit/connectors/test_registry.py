"""From a pipeline's target to a client, with the right secrets and only where they may go."""

import asyncio
from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import credentials_of, open_target
from tasks.model.errors import BadPipeline
from tasks.model.pipeline import Auth, GotoTarget

SANDBOX = {"api": "http://127.0.0.1:8750", "token": "http://127.0.0.1:8750/oauth/token"}
KEPT = KeptTokens(Path("/nowhere"))
AUTH = {"client_id": "${GOTO_ID}", "client_secret": "${GOTO_SECRET}", "pat": "${GOTO_PAT}"}


def resolve(ref):
    return SecretStr(f"value of {ref}")


def never(ref):
    raise AssertionError("no secret is needed")


def make_spec(**fields):
    return GotoTarget.model_validate({"name": "goto", "kind": "goto", "account_key": "3001", **fields})


def test_secrets_are_resolved_and_only_the_given_grant():
    credentials = credentials_of(Auth.model_validate(AUTH), resolve)
    assert credentials.client_secret.get_secret_value() == "value of ${GOTO_SECRET}"
    assert credentials.pat.get_secret_value() == "value of ${GOTO_PAT}"
    assert credentials.refresh_token is None


def test_sandbox_needs_no_secret():
    target = open_target(make_spec(urls=SANDBOX), never, KEPT)
    assert target.name == "goto"
    asyncio.run(target.aclose())


def test_sandbox_credentials_go_to_this_machine_only():
    with pytest.raises(BadPipeline, match=r"targets\.goto\.urls\.token leads to authentication\.logmeininc\.com"):
        open_target(make_spec(urls={"api": "http://127.0.0.1:8750"}), never, KEPT)


def test_secrets_are_not_sent_in_clear():
    with pytest.raises(BadPipeline, match=r"urls\.api must begin with https"):
        open_target(make_spec(auth=AUTH, urls={"api": "http://api.acme.example"}), resolve, KEPT)


def test_goto_itself_is_the_default():
    target = open_target(make_spec(auth=AUTH), resolve, KEPT)
    assert target._transport._base_url == "https://api.getgo.com/admin/rest/v1"
    asyncio.run(target.aclose())


@pytest.mark.parametrize("url", ["not a url", "api.acme.example", "https://x:port", "ftp://127.0.0.1"])
def test_what_is_no_url_is_refused_before_anything_is_sent(url):
    with pytest.raises(BadPipeline):
        open_target(make_spec(auth=AUTH, urls={"api": url}), resolve, KEPT)
