"""The token endpoint and bearer tokens. Each test says what its fact rests on."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

Ask = Callable[..., httpx.Response]


def test_personal_access_token_gives_a_bearer_token_for_an_hour(ask_token: Ask) -> None:
    """Documented: PAT grant, 3600 s, the fields of the reply."""
    reply = ask_token()
    body = reply.json()
    assert reply.status_code == 200
    assert reply.headers["X-Sandbox-Basis"] == "documented"
    assert sorted(body) == ["access_token", "expires_in", "principal", "refresh_token", "scope", "token_type"]
    assert (body["token_type"], body["expires_in"], body["principal"]) == ("Bearer", 3600, "root@acme.example")
    assert body["scope"] == "identity: identity:scim.org collab:"
    assert len(body["access_token"]) > 100


def test_refresh_gives_a_new_access_token_and_no_refresh_token(ask_token: Ask) -> None:
    """Documented: the reply has access_token, expires_in, scope, principal; the old refresh token stays good."""
    refresh_token = ask_token().json()["refresh_token"]
    first = ask_token(grant_type="refresh_token", refresh_token=refresh_token)
    again = ask_token(grant_type="refresh_token", refresh_token=refresh_token)
    assert sorted(first.json()) == ["access_token", "expires_in", "principal", "scope"]
    assert again.json()["access_token"] != first.json()["access_token"]


def test_refresh_token_is_replaced_when_the_switch_says_so(ask_token: Ask, control: httpx.Client) -> None:
    """Observed: clients replace the token when a new one comes."""
    control.put("switches", json={"rotate_refresh_token": True})
    old = ask_token().json()["refresh_token"]
    new = ask_token(grant_type="refresh_token", refresh_token=old).json()["refresh_token"]
    assert ask_token(grant_type="refresh_token", refresh_token=old).json() == {"error": "invalid_grant"}
    assert ask_token(grant_type="refresh_token", refresh_token=new).status_code == 200


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "personal_access_token", "pat": "wrong"}, "invalid_grant"),
        ({"grant_type": "personal_access_token"}, "invalid_request"),
        ({"grant_type": "refresh_token", "refresh_token": "wrong"}, "invalid_grant"),
        ({"grant_type": "refresh_token"}, "invalid_request"),
        ({"grant_type": "client_credentials"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_bad_grant_is_refused_in_the_form_of_the_rfc(ask_token: Ask, form: dict[str, str], error: str) -> None:
    """Assumed: RFC 6749 §5.2."""
    reply = ask_token(**form)
    assert (reply.status_code, reply.json()) == (400, {"error": error})
    assert reply.headers["X-Sandbox-Basis"] == "assumed"


@pytest.mark.parametrize("auth", [None, ("sandbox-client", "wrong"), ("wrong", "sandbox-secret")])
def test_unknown_client_is_refused(ask_token: Ask, auth: tuple[str, str] | None) -> None:
    """Assumed: 401 invalid_client."""
    reply = ask_token(auth=auth)
    assert (reply.status_code, reply.json()) == (401, {"error": "invalid_client"})


def test_client_may_stand_in_the_form(ask_token: Ask) -> None:
    """Observed: ``client_secret_post`` is advertised; RFC 6749 §2.3: one way in a request."""
    form = {"grant_type": "personal_access_token", "pat": "sandbox-pat", "client_id": "sandbox-client"}
    reply = ask_token(auth=None, **form, client_secret="sandbox-secret")
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (200, "observed")
    wrong = ask_token(auth=None, **form, client_secret="wrong")
    assert (wrong.status_code, wrong.json()) == (401, {"error": "invalid_client"})
    assert ask_token(auth=None, **form).json() == {"error": "invalid_client"}
    assert ask_token(**form, client_secret="sandbox-secret").json() == {"error": "invalid_request"}
    refresh_token = ask_token().json()["refresh_token"]
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token, "client_id": "sandbox-client"}
    assert ask_token(auth=None, **form, client_secret="sandbox-secret").status_code == 200


def test_only_scopes_of_the_client_are_granted(ask_token: Ask, control: httpx.Client, state: dict[str, Any]) -> None:
    """Documented: only scopes ticked on the OAuth client can be granted, and those of the personal token match."""
    control.post("reset", json={**state, "oauth": {"scope": "collab:  identity: support:"}})
    assert ask_token().json()["scope"] == "identity: collab:"
    control.put("switches", json={"scopes": ["identity:"]})
    assert ask_token().json()["scope"] == "identity:"


def test_an_access_token_is_no_refresh_token(ask_token: Ask) -> None:
    """Assumed."""
    access_token = ask_token().json()["access_token"]
    assert ask_token(grant_type="refresh_token", refresh_token=access_token).json() == {"error": "invalid_grant"}


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic c2FuZGJveC1jbGllbnQ6c2FuZGJveC1zZWNyZXQ="])
def test_call_without_a_good_token_is_not_authenticated(api: httpx.Client, header: str) -> None:
    """Observed: 401 with the code not.authenticated."""
    reply = api.get("me", headers={"Authorization": header})
    assert reply.status_code == 401
    assert reply.json()["errors"] == [{"code": "not.authenticated"}]
    assert len(reply.json()["incidentId"]) == 32
    assert reply.headers["X-Sandbox-Basis"] == "observed"


def test_token_without_the_scope_identity_is_not_authenticated(
    api: httpx.Client, ask_token: Ask, control: httpx.Client
) -> None:
    """Observed: a good token without ``identity:`` gets 401 not.authenticated from /me."""
    control.put("switches", json={"scopes": ["identity:scim.org"]})
    token = ask_token().json()["access_token"]
    assert api.get("me", headers={"Authorization": f"Bearer {token}"}).status_code == 401
    assert api.get("me").status_code == 200  # a token given before keeps its scopes


def test_token_over_its_time_is_not_authenticated(api: httpx.Client, ask_token: Ask, control: httpx.Client) -> None:
    """Documented: a token has a lifetime."""
    control.put("switches", json={"token_lifetime_s": 0})
    token = ask_token().json()["access_token"]
    assert api.get("me", headers={"Authorization": f"Bearer {token}"}).status_code == 401


def test_token_dies_with_the_user_it_speaks_for(account: httpx.Client, ask_token: Ask) -> None:
    """Assumed."""
    assert account.delete("users/7001").status_code == 204
    assert account.get("users").status_code == 401
    assert ask_token().json() == {"error": "invalid_grant"}


def test_me_names_the_caller_and_their_accounts(api: httpx.Client) -> None:
    """Documented: key, accountKey, email; accounts with key and name."""
    reply = api.get("me")
    body = reply.json()
    assert reply.headers["X-Sandbox-Basis"] == "documented"
    assert (body["key"], body["accountKey"], body["email"]) == ("7001", "3001", "root@acme.example")
    assert body["accounts"] == [{"key": "3001", "name": "Acme GmbH"}]


def test_another_account_is_not_found(api: httpx.Client) -> None:
    """Assumed: 404 account.not.found."""
    reply = api.get("accounts/3002/users")
    assert (reply.status_code, reply.json()["errors"]) == (404, [{"code": "account.not.found", "value": "3002"}])
