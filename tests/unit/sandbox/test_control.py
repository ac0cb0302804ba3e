"""Rate limit, log of requests, switches, reset, and what every reply carries."""

from typing import Any

import httpx

from tasks.sandbox.switches import Switches
from tasks.sandbox.traffic import RateLimit


def test_every_switch_is_documented() -> None:
    assert [name for name, field in Switches.model_fields.items() if not field.description] == []


def test_ten_calls_a_second_pass_by_default() -> None:
    """Documented: 10 requests a second, counted per API."""
    moment = [0.0]
    limit, per_second = RateLimit(clock=lambda: moment[0]), Switches().requests_per_second
    assert [limit.admits("admin", per_second) for _ in range(12)] == [True] * 10 + [False] * 2
    assert limit.admits("scim", per_second)
    moment[0] = 0.999
    assert not limit.admits("admin", per_second)
    moment[0] = 1.0
    assert limit.admits("admin", per_second)


def test_call_over_the_limit_gets_429_and_an_empty_object(account: httpx.Client, control: httpx.Client) -> None:
    """Documented: 429; assumed: ``{}`` and no Retry-After."""
    control.put("switches", json={"requests_per_second": 0})
    reply = account.post("users", json={"users": []})
    assert (reply.status_code, reply.json()) == (429, {})
    assert "Retry-After" not in reply.headers
    assert reply.headers["X-Sandbox-Basis"] == "documented"
    control.put("switches", json={"retry_after": True})
    assert account.get("users").headers["Retry-After"] == "1"


def test_control_calls_and_tokens_are_not_limited(control: httpx.Client, ask_token: Any) -> None:
    """Assumed for tokens."""
    control.put("switches", json={"requests_per_second": 0})
    assert ask_token().status_code == 200
    assert control.get("health").status_code == 200


def test_log_tells_what_was_called_and_how_often(account: httpx.Client, control: httpx.Client) -> None:
    account.get("users", params={"pageSize": 5})
    account.get("users/1")
    log = control.get("requests").json()
    assert log["total"] == 3
    assert log["counts"] == {
        "GET /admin/rest/v1/accounts/{account_key}/users 200": 1,
        "GET /admin/rest/v1/accounts/{account_key}/users/{user_key} 404": 1,
        "POST /oauth/token 200": 1,
    }
    last = log["requests"][1]
    assert (last["number"], last["method"], last["path"]) == (2, "GET", "/admin/rest/v1/accounts/3001/users")
    assert (last["query"], last["status"]) == ("pageSize=5", 200)
    assert last["time"].endswith("+00:00")


def test_switches_that_are_not_named_stay(control: httpx.Client) -> None:
    control.put("switches", json={"numeric_keys": True})
    after = control.put("switches", json={"retry_after": True}).json()
    assert (after["numeric_keys"], after["retry_after"], after["requests_per_second"]) == (True, True, None)


def test_unknown_switch_is_refused_with_the_names_of_all(control: httpx.Client) -> None:
    reply = control.put("switches", json={"numeric_key": True, "retry_after": "perhaps"})
    assert reply.status_code == 422
    assert "numeric_key, retry_after" in reply.json()["error"]
    assert "token_lifetime_s" in reply.json()["error"]
    assert control.get("switches").json()["retry_after"] is False


def test_reset_begins_again_from_the_declared_state(
    account: httpx.Client, control: httpx.Client, create: Any, state: dict[str, Any], ask_token: Any
) -> None:
    create("dee@acme.example")
    smaller = {**state, "account": {"key": "3002", "name": "Other"}, "users": state["users"][:2]}
    health = control.post("reset", json=smaller).json()
    assert health == {"status": "ok", "account": {"key": "3002", "name": "Other"}, "users": 2}
    assert control.get("outbox").json()["total"] == 0
    assert control.get("requests").json() == {"total": 0, "counts": {}, "requests": []}
    assert account.get("users").status_code == 401  # tokens are gone too
    assert ask_token().json()["principal"] == "root@acme.example"


def test_reset_to_what_is_no_state_changes_nothing(control: httpx.Client) -> None:
    reply = control.post("reset", json={"account": {"key": "x"}})
    assert reply.status_code == 422
    assert control.get("health").json()["users"] == 4


def test_activating_nobody_is_refused(control: httpx.Client) -> None:
    assert control.post("users/1/activate").status_code == 404


def test_every_reply_says_what_it_rests_on(account: httpx.Client, control: httpx.Client) -> None:
    for reply in (control.get("health"), account.get("nothing/here"), account.patch("users"), account.get("users")):
        assert reply.headers["X-Sandbox-Basis"] in {"documented", "observed", "assumed"}


def test_unknown_path_and_verb_are_refused_in_the_form_of_goto(account: httpx.Client) -> None:
    """Assumed."""
    path = account.get("nothing/here")
    assert (path.status_code, path.json()["errors"][0]["code"]) == (404, "resource.not.found")
    verb = account.patch("users")
    assert (verb.status_code, verb.json()["errors"][0]["code"]) == (405, "method.not.allowed")


def test_switches_are_described_with_what_they_can_be(control: httpx.Client) -> None:
    control.put("switches", json={"empty_results": "empty"})
    told = control.get("switches", params={"describe": True}).json()
    assert set(told) == set(Switches.model_fields)
    assert told["empty_results"]["value"] == "empty"
    assert told["empty_results"]["default"] == "missing"
    assert told["empty_results"]["values"] == ["missing", "empty"]
    assert "leaves out" in told["empty_results"]["means"]
    assert told["retry_after"]["values"] == [True, False]
    assert "values" not in told["token_lifetime_s"]
