"""The access token: how it is asked for, when it is renewed, and that it is never shown."""

import asyncio
import base64
import logging
from urllib.parse import parse_qs

import pytest
from pydantic import SecretStr

from tasks.connectors.goto import Credentials
from tasks.model.errors import CredentialsRefused, RefusedByTarget, TargetDown, UncertainCall
from tasks.model.operations import Operation, OperationKind

USER = {"key": "7001", "email": "ada@acme.example"}
JOIN = Operation("op-2", OperationKind.JOIN_GROUP, ("c2",), account_key="7001", payload={"group_key": "5001"})


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def user_asked_for(request):
    return 200, {**USER, "key": request.path.rpartition("/")[2]}


def read_one(target):
    return target.read_accounts(["7001"], [])


def form(call):
    return {name: values[0] for name, values in parse_qs(call.body.decode()).items()}


def bearers(goto):
    return [call.headers["Authorization"] for call in goto.calls("GET")]


def test_personal_access_token_is_exchanged_with_the_clients_basic_auth(goto):
    goto.on("GET", "/users/7001", (200, USER))
    goto.run(read_one)
    [call] = goto.token_calls
    assert form(call) == {"grant_type": "personal_access_token", "pat": "hush-pat"}
    assert call.headers["Authorization"] == "Basic " + base64.b64encode(b"client-1:hush-secret").decode()
    assert call.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert call.headers["Accept"] == "application/json"
    assert bearers(goto) == ["Bearer hush-at-1"]


def test_one_token_serves_many_calls_at_once(goto):
    goto.on("GET", "/users", (200, {"results": [], "total": 100_000}))
    goto.on("GET", "/users/.*", user_asked_for)
    goto.run(lambda target: target.read_accounts([str(7000 + n) for n in range(30)], []))
    assert len(goto.token_calls) == 1


def test_token_is_renewed_five_minutes_before_it_ends(goto):
    clock = Clock()
    goto.on("GET", "/users/7001", (200, USER))

    async def scenario(target):
        await read_one(target)
        clock.now += 3600 - 301
        await read_one(target)
        clock.now += 2
        await read_one(target)

    goto.run(scenario, clock=clock)
    assert bearers(goto) == ["Bearer hush-at-1", "Bearer hush-at-1", "Bearer hush-at-2"]


def test_short_lived_token_is_used_for_half_its_life(goto):
    clock = Clock()
    goto.on("POST", "^/oauth/token$", (200, {"access_token": "hush-at-1", "expires_in": 60}))
    goto.on("GET", "/users/7001", (200, USER))

    async def scenario(target):
        for _ in range(3):
            await read_one(target)
            clock.now += 16

    goto.run(scenario, clock=clock)
    assert len(goto.token_calls) == 2


@pytest.mark.parametrize("status", [401, 403])
def test_refused_token_is_renewed_once_in_the_middle_of_a_read_or_a_write(goto, status):
    goto.on("GET", "/users/7001", (status, {"errors": [{"code": "not.authenticated"}]}), (200, USER))
    goto.on("PUT", "/groups/5001/users/7001", (status, {"errors": [{"code": "not.authenticated"}]}), (204, b""))

    async def scenario(target):
        await read_one(target)
        await target.perform(JOIN)

    goto.run(scenario)
    assert bearers(goto) == ["Bearer hush-at-1", "Bearer hush-at-2"]
    assert len(goto.calls("PUT")) == 2
    assert len(goto.token_calls) == 3


@pytest.mark.parametrize("status", [401, 403])
def test_write_that_something_else_than_goto_refuses_is_not_repeated(goto, status):
    """It may have been carried out, and the second answer would be about a thing that is done already."""
    goto.on("PUT", "/groups/5001/users/7001", (status, b"<html>Blocked</html>"), (204, b""))
    with pytest.raises(UncertainCall):
        goto.run(lambda target: target.perform(JOIN))
    assert (len(goto.calls("PUT")), len(goto.token_calls)) == (1, 1)


def test_many_calls_refused_at_once_renew_the_token_once(goto):
    def refuse_the_first_token(request):
        return (401, b"") if request.headers["Authorization"].endswith("at-1") else user_asked_for(request)

    goto.on("GET", "/users", (200, {"results": [], "total": 100_000}))
    goto.on("GET", "/users/.*", refuse_the_first_token)
    goto.run(lambda target: target.read_accounts([str(7000 + n) for n in range(30)], []))
    assert len(goto.token_calls) == 2


def test_lasting_refusal_says_that_a_scope_or_role_is_missing(goto):
    goto.on("GET", "^/admin/rest/v1/me$", (401, {"errors": [{"code": "not.authenticated"}]}))
    with pytest.raises(RefusedByTarget, match=r"scope or role is missing.*'identity:'") as caught:
        goto.run(lambda target: target.identify())
    assert caught.value.facts["code"] == "not.authenticated"
    assert len(goto.token_calls) == 2


def test_refusal_that_a_new_token_did_not_change_costs_no_further_tokens(goto):
    goto.on("PUT", "/groups/5001/users/7001", (403, {"errors": [{"code": "user.locked"}]}))

    async def scenario(target):
        for _ in range(5):
            with pytest.raises(RefusedByTarget):
                await target.perform(JOIN)

    goto.run(scenario)
    assert len(goto.token_calls) == 2
    assert len(goto.calls("PUT")) == 6


def test_refresh_token_is_kept_when_none_comes_back(goto):
    clock = Clock()
    goto.on("GET", "/users/7001", (200, USER))

    async def scenario(target):
        await read_one(target)
        clock.now += 3600
        await read_one(target)

    goto.run(scenario, clock=clock, refresh_token="hush-rt-1")
    assert [form(call)["refresh_token"] for call in goto.token_calls] == ["hush-rt-1", "hush-rt-1"]
    assert form(goto.token_calls[0])["grant_type"] == "refresh_token"


def test_refresh_token_is_replaced_when_another_comes_back(goto):
    clock = Clock()
    answer = {"access_token": "hush-at-1", "expires_in": 3600, "refresh_token": "hush-rt-2"}
    goto.on("POST", "^/oauth/token$", (200, answer))
    goto.on("GET", "/users/7001", (200, USER))

    async def scenario(target):
        await read_one(target)
        clock.now += 3600
        await read_one(target)

    goto.run(scenario, clock=clock, refresh_token="hush-rt-1")
    assert [form(call)["refresh_token"] for call in goto.token_calls] == ["hush-rt-1", "hush-rt-2"]


@pytest.mark.parametrize(
    ("status", "error", "named"),
    [
        (401, "invalid_client", "auth.client_id and auth.client_secret"),
        (400, "invalid_grant", "auth.pat"),
        (400, "unsupported_grant_type", "Personal Access Token"),
        (400, "invalid_request", "auth.client_id, auth.client_secret and auth.pat"),
    ],
)
def test_refused_credentials_name_what_to_check(goto, status, error, named):
    goto.on("POST", "^/oauth/token$", (status, {"error": error, "error_description": "hush-pat is not known"}))
    with pytest.raises(CredentialsRefused, match=error) as caught:
        goto.run(read_one)
    assert named in str(caught.value)
    assert "hush" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"), [(404, "not_found"), (403, "forbidden"), (404, "invalid_client"), (405, "invalid_request")]
)
def test_refusal_of_a_gateway_says_nothing_of_the_credentials(goto, status, error):
    goto.on("POST", "^/oauth/token$", (status, {"error": error}))
    with pytest.raises(TargetDown, match="not of its form"):
        goto.run(read_one)


def test_refused_credentials_are_not_asked_with_again(goto):
    goto.on("POST", "^/oauth/token$", (400, {"error": "invalid_grant"}))

    async def scenario(target):
        for _ in range(3):
            with pytest.raises(CredentialsRefused, match="invalid_grant"):
                await target.perform(JOIN)

    goto.run(scenario)
    assert len(goto.token_calls) == 1


def test_token_service_is_tried_again_when_it_is_busy(goto):
    token = {"access_token": "hush-at-1", "expires_in": 3600}
    goto.on("POST", "^/oauth/token$", (503, b""), (429, b"", {"Retry-After": "0"}), (200, token))
    goto.on("GET", "/users/7001", (200, USER))
    assert len(goto.run(read_one)) == 1


def test_write_without_a_token_was_certainly_not_done(goto):
    goto.on("POST", "^/oauth/token$", (503, b""))
    with pytest.raises(TargetDown, match="token service"):
        goto.run(lambda target: target.perform(JOIN))
    assert goto.calls("PUT") == []


@pytest.mark.parametrize("answer", [b"<html>", {"error": "odd"}, []])
def test_token_answer_without_a_token_is_a_target_down(goto, answer):
    goto.on("POST", "^/oauth/token$", (200, answer))
    with pytest.raises(TargetDown, match="without a token"):
        goto.run(read_one)


def test_no_secret_and_no_address_shows_in_logs_or_in_any_repr(goto, caplog):
    caplog.set_level(logging.DEBUG)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
    goto.on("GET", "/users", (200, {"results": [], "total": 0}))
    goto.on("GET", "/users/7001", (401, b""), (503, b""), (200, USER))
    shown = []

    async def scenario(target):
        await target.read_accounts(["7001"], ["ada@acme.example"])
        token = await target._transport._tokens.current()
        shown.extend(repr(thing) for thing in (target, vars(target), vars(target._transport)))
        shown.extend(repr(thing) for thing in (token, vars(target._transport._tokens)))

    goto.run(scenario, refresh_token="hush-rt-1")
    assert any(record.name == "httpx" for record in caplog.records)
    for text in [caplog.text, *shown, *(repr(record.__dict__) for record in caplog.records)]:
        assert "hush" not in text
        assert "acme.example" not in text
        assert "Bearer" not in text


def test_no_secret_shows_in_errors(goto):
    goto.on("GET", "/users/7001", "cut")
    with pytest.raises(TargetDown) as caught:
        goto.run(read_one)
    chain, error = [], caught.value
    while error is not None:
        chain.append(repr(error) + str(error) + repr(vars(error)))
        error = error.__cause__
    assert len(chain) > 1  # the cause is kept
    assert "hush" not in "".join(chain)


def test_credentials_hide_what_they_hold():
    credentials = Credentials(SecretStr("hush-1"), SecretStr("hush-2"), pat=SecretStr("hush-3"))
    assert "hush" not in repr(credentials) + str(credentials)


def test_waiting_for_a_token_can_be_cancelled_without_harm(goto):
    goto.on("GET", "/users/7001", (200, USER))

    async def scenario(target):
        first = asyncio.create_task(read_one(target))
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        return await read_one(target)

    assert len(goto.run(scenario)) == 1
