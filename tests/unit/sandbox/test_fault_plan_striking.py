"""The fault plan at work: what a caller gets, what was done all the same, and what the log says of it."""

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.model.errors import BadUsage
from tasks.sandbox import Running, running
from tests.support.waiting import PATIENCE_S, wait_for

CREATES = {"method": "POST", "path": "/accounts/*/users"}


@pytest.fixture
def plan(control: httpx.Client) -> Iterator[Callable[..., None]]:
    """Let calls go wrong by these rules, until the test is over."""

    def put(*rules: dict[str, Any], seed: int = 0) -> None:
        control.put("faults", json={"seed": seed, "rules": rules}).raise_for_status()

    yield put
    control.delete("faults").raise_for_status()


@pytest.fixture
def log(control: httpx.Client) -> Callable[[], list[tuple[str, int | None, str | None]]]:
    """The calls so far: method, status, fault. Those for tokens are left out."""

    def read() -> list[tuple[str, int | None, str | None]]:
        calls = control.get("requests").json()["requests"]
        return [(call["method"], call["status"], call["fault"]) for call in calls if "oauth" not in call["path"]]

    return read


@pytest.fixture
def users(control: httpx.Client) -> Callable[[], int]:
    return lambda: int(control.get("health").json()["users"])


def raw(account: httpx.Client, method: str, path: str, body: bytes = b"") -> socket.socket:
    """Send a whole call over a connection of its own, and leave that open."""
    connection = socket.create_connection((account.base_url.host, account.base_url.port or 0), timeout=PATIENCE_S)
    head = (
        f"{method} {account.base_url.raw_path.decode()}{path} HTTP/1.1\r\nHost: sandbox\r\n"
        f"Authorization: {account.headers['Authorization']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def heard(connection: socket.socket) -> bytes:
    """Return all that comes until the other side ends the connection."""
    with closing(connection):
        return b"".join(iter(lambda: connection.recv(4096), b""))


DEE = json.dumps(
    {"users": [{"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale"}], "licenseKeys": ["9001"]}
).encode()


# Connections that are dropped ---------------------------------------------------------------------------------------


def test_cut_before_drops_the_connection_without_a_byte_and_does_nothing(plan, account, users, mails, log) -> None:
    plan({"on": CREATES, "at": 1, "fault": "cut_before"})
    assert heard(raw(account, "POST", "users", DEE)) == b""
    assert (users(), mails()) == (4, [])
    assert log() == [("POST", None, "cut_before")]
    assert account.post("users", content=DEE, headers={"Content-Type": "application/json"}).status_code == 200


def test_cut_after_drops_the_connection_without_a_byte_when_the_call_was_done(plan, account, users, mails, log) -> None:
    plan({"on": CREATES, "at": 1, "fault": "cut_after"})
    assert heard(raw(account, "POST", "users", DEE)) == b""
    assert users() == 5
    assert [kind for kind, _ in mails()] == ["welcome", "get-started"]
    assert log() == [("POST", None, "cut_after")]


@pytest.mark.parametrize("fault", ["cut_before", "cut_after"])
def test_call_that_was_cut_ends_for_an_ordinary_client_as_a_lost_connection(plan, account, fault) -> None:
    plan({"at": 2, "fault": fault})
    assert account.get("users").status_code == 200  # the connection is one that was used before
    with pytest.raises(httpx.RemoteProtocolError, match="Server disconnected without sending a response"):
        account.get("users")
    assert account.get("users").status_code == 200


def test_big_body_is_read_before_the_connection_is_cut(plan, account, users) -> None:
    plan({"on": CREATES, "fault": "cut_after"})
    people = [{"email": f"p{number}@acme.example", "firstName": "Pat", "lastName": "x" * 30} for number in range(100)]
    assert heard(raw(account, "POST", "users", json.dumps({"users": people, "pad": " " * 300_000}).encode())) == b""
    assert users() == 4  # refused for the unknown field: what is cut is the answer, whatever it is
    assert heard(raw(account, "POST", "users", json.dumps({"users": people}).encode())) == b""
    assert users() == 104


def test_caller_who_leaves_before_the_call_is_whole_is_not_struck_again(plan, account, users, log) -> None:
    plan({"on": CREATES, "fault": "cut_after"})
    connection = raw(account, "POST", "users", DEE[:-1])  # of this, a length is announced that is all of it
    connection.close()
    half = socket.create_connection((account.base_url.host, account.base_url.port or 0))
    head = f"POST {account.base_url.raw_path.decode()}users HTTP/1.1\r\nHost: sandbox\r\nContent-Length: 999\r\n\r\n"
    half.sendall(head.encode() + DEE)
    wait_for(lambda: len(log()) == 1)
    half.close()
    wait_for(lambda: len(log()) == 2)
    assert log()[1] == ("POST", None, "cut_after")
    assert users() == 4


# Answers of a server that fails -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status", "kind"),
    [
        ("error_500", 500, "application/json"),
        ("bad_gateway_html", 502, "text/html"),
        ("service_unavailable", 503, "application/json"),
    ],
)
@pytest.mark.parametrize("done", [False, True])
def test_server_that_fails_may_or_may_not_have_done_the_call(
    plan, create, users, log, fault, status, kind, done
) -> None:
    plan({"on": CREATES, "at": 1, "fault": fault, "done": done})
    reply = create("dee@acme.example")
    assert (reply.status_code, reply.headers["Content-Type"]) == (status, kind)
    assert reply.headers["X-Sandbox-Basis"] == "assumed"
    assert reply.text.startswith("<html>" if kind == "text/html" else '{"incidentId": ')
    assert users() == 4 + done
    assert log() == [("POST", status, fault)]
    assert create("eli@acme.example").status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "kind", "text"),
    [
        ("ok_page", 200, "text/html", "<html>"),
        ("ok_object", 200, "application/json", "{}"),
        ("ok_empty", 200, None, ""),
        ("accepted", 202, None, ""),
        ("redirect", 302, None, ""),
        ("no_route", 404, None, ""),
        ("blocked_page", 403, "text/html", "<html>"),
    ],
)
@pytest.mark.parametrize("done", [False, True])
def test_proxy_that_answers_for_the_server_may_or_may_not_have_passed_the_call_on(
    plan, create, users, log, fault, status, kind, text, done
) -> None:
    plan({"on": CREATES, "at": 1, "fault": fault, "done": done})
    reply = create("dee@acme.example")
    assert (reply.status_code, reply.headers.get("Content-Type")) == (status, kind)
    assert reply.text.startswith(text)
    assert (reply.text == "") == (kind is None)
    assert ("Location" in reply.headers) == (fault == "redirect")
    assert users() == 4 + done
    assert log() == [("POST", status, fault)]


def test_call_that_is_passed_on_twice_gets_the_second_answer(plan, create, users, log) -> None:
    plan({"on": CREATES, "at": 1, "fault": "twice"})
    reply = create("dee@acme.example")
    assert (reply.status_code, users()) == (409, 5)
    assert log()[0] == ("POST", 409, "twice")


@pytest.mark.parametrize("done", [False, True])
def test_stale_answer_is_that_of_the_call_before_which_the_rule_is_about(
    plan, account, create, users, log, done
) -> None:
    plan({"on": CREATES, "at": [1, 3], "fault": "stale", "done": done})
    own = [create(f"{name}@acme.example").json() for name in ("dee", "eli")]
    account.get("users")
    stale = create("fay@acme.example").json()
    assert [reply[0]["email"] for reply in own] == ["dee@acme.example", "eli@acme.example"]
    assert stale == own[1]
    assert users() == 6 + done
    assert log()[-1] == ("POST", 200, "stale")
    assert create("gil@acme.example").json()[0]["email"] == "gil@acme.example"


def test_every_answer_can_come_one_call_late(plan, create, users) -> None:
    plan({"on": CREATES, "fault": "stale", "done": True})
    replies = [create(f"{name}@acme.example").json()[0]["email"] for name in ("dee", "eli", "fay")]
    assert replies == ["dee@acme.example", "dee@acme.example", "eli@acme.example"]
    assert users() == 7


def test_stale_answer_is_none_of_an_earlier_plan(plan, create) -> None:
    for name in ("dee", "eli"):
        plan({"on": CREATES, "fault": "stale", "done": True})
        assert create(f"{name}@acme.example").json()[0]["email"] == f"{name}@acme.example"


@pytest.mark.parametrize(("asked", "header"), [({"retry_after": 7}, "7"), ({"retry_after": None}, None), ({}, "1")])
def test_too_many_says_when_to_come_again_as_told_or_else_as_switched(
    plan, account, control, log, asked, header
) -> None:
    control.put("switches", json={"retry_after": True})
    plan({"first": 1, "fault": "too_many", **asked})
    reply = account.get("users")
    assert (reply.status_code, reply.json(), reply.headers.get("Retry-After")) == (429, {}, header)
    assert log() == [("GET", 429, "too_many")]


def test_service_that_is_unavailable_may_say_for_how_long(plan, account) -> None:
    plan({"at": 1, "fault": "service_unavailable", "retry_after": 3})
    assert account.get("users").headers["Retry-After"] == "3"


def test_token_endpoint_can_fail_too(plan, ask_token) -> None:
    plan({"on": {"path": "/oauth/token"}, "first": 1, "fault": "service_unavailable"})
    assert [ask_token().status_code for _ in range(2)] == [503, 200]


# Waits --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("done", [False, True])
def test_call_that_times_out_gets_no_answer_and_in_the_end_no_connection(plan, account, users, log, done) -> None:
    plan({"on": CREATES, "fault": "time_out", "for_s": 0.05, "done": done})
    assert heard(raw(account, "POST", "users", DEE)) == b""
    assert users() == 4 + done
    assert log() == [("POST", None, "time_out")]


def test_call_without_an_end_waits_until_the_caller_gives_up(plan, account, log) -> None:
    plan({"at": 1, "fault": "time_out"})
    with pytest.raises(httpx.ReadTimeout):
        account.get("users", timeout=0.2)
    assert log() == [("GET", None, "time_out")]
    assert account.get("users").status_code == 200


def test_slow_call_is_done_and_answered(plan, create, log) -> None:
    plan({"on": CREATES, "fault": "slow", "for_s": 0.05})
    assert create("dee@acme.example").status_code == 200
    assert log() == [("POST", 200, "slow")]


def test_slow_call_is_done_although_nobody_waits_any_more(plan, account, users) -> None:
    plan({"on": CREATES, "fault": "slow", "for_s": 0.3})
    raw(account, "POST", "users", DEE).close()
    assert users() == 4
    wait_for(lambda: users() == 5)


def test_sandbox_ends_at_once_though_callers_still_wait(tmp_path: Path, state: dict[str, Any]) -> None:
    answers = []
    with running(tmp_path / "store.db", state=state, faults={"rules": [{"fault": "time_out"}]}) as sandbox:

        def ask() -> None:
            try:
                httpx.get(f"{sandbox.url}/admin/rest/v1/me", timeout=PATIENCE_S)
            except httpx.RemoteProtocolError as exc:
                answers.append(str(exc))

        caller = threading.Thread(target=ask)
        caller.start()
        wait_for(lambda: httpx.get(f"{sandbox.url}/sandbox/requests").json()["total"] == 1)
    caller.join(PATIENCE_S)
    assert answers == ["Server disconnected without sending a response."]


# What happens to the tenant -----------------------------------------------------------------------------------------


def test_all_tokens_end_just_before_the_call(plan, account, ask_token, log) -> None:
    plan({"on": {"path": "/accounts/**"}, "at": 2, "fault": "token_expired"})
    other = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
    assert account.get("users", headers=other).status_code == 200
    reply = account.get("users")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (401, "not.authenticated")
    assert account.get("users", headers=other).status_code == 401
    fresh = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
    assert account.get("users", headers=fresh).status_code == 200
    assert log()[1] == ("GET", 401, "token_expired")


def test_revoked_credentials_get_no_token_until_the_plan_is_withdrawn(plan, account, ask_token, control, log) -> None:
    refresh = {"grant_type": "refresh_token", "refresh_token": ask_token().json()["refresh_token"]}
    plan({"on": {"path": "/accounts/**"}, "at": 2, "fault": "credentials_revoked"})
    assert account.get("users").status_code == 200
    assert account.get("users").status_code == 401
    for form in ({}, refresh):
        reply = ask_token(**form)
        assert (reply.status_code, reply.json()) == (400, {"error": "invalid_grant"})
    assert log()[1] == ("GET", 401, "credentials_revoked")
    control.delete("faults")
    assert [ask_token(**form).status_code for form in ({}, refresh)] == [200, 200]


def seats(account: httpx.Client) -> dict[str, int | None]:
    return {licence["key"]: licence["seats"] for licence in account.get("licenses").json()["results"]}


def test_seats_of_the_licence_in_the_call_shrink_to_those_in_use_until_the_plan_is_withdrawn(
    plan, account, control, log
) -> None:
    before = seats(account)
    plan({"on": {"method": "PUT", "path": "/accounts/*/licenses/**"}, "at": [1, 3], "fault": "seats_gone"})
    reply = account.put("licenses/9003/users/7002")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (409, "license.seats.exceeded")
    assert log()[-1] == ("PUT", 409, "seats_gone")
    assert seats(account) == {**before, "9003": 1}
    assert account.put("licenses/9001/users/7002").status_code == 204
    assert account.put("licenses/9001/users/7003").status_code == 409
    assert seats(account) == {**before, "9003": 1, "9001": 1}
    control.delete("faults")
    assert seats(account) == before
    assert account.put("licenses/9001/users/7003").status_code == 204


def test_seats_of_the_licences_that_a_create_brings_are_gone_before_it(plan, account, create) -> None:
    plan({"on": CREATES, "at": 1, "fault": "seats_gone"})
    reply = create("dee@acme.example", licenseKeys=["9002"])
    assert (reply.status_code, reply.json()["errors"][0]["value"]) == (409, "9002")
    assert seats(account)["9002"] == 1
    assert seats(account)["9001"] == 3
    assert create("dee@acme.example", licenseKeys=["9001"]).status_code == 200


def test_after_a_reset_no_seats_of_before_are_given_back(plan, account, control, state, ask_token) -> None:
    plan({"on": CREATES, "at": 1, "fault": "seats_gone"})
    account.post("users", content=DEE, headers={"Content-Type": "application/json"})
    assert seats(account)["9001"] == 0
    (licence, *others), users = state["licences"], [{**user, "licenceKeys": []} for user in state["users"]]
    control.post("reset", json={**state, "licences": [{**licence, "seats": 0}, *others], "users": users})
    control.delete("faults")
    account.headers["Authorization"] = f"Bearer {ask_token().json()['access_token']}"
    assert seats(account)["9001"] == 0


@pytest.mark.parametrize("way", ["pending_transfer", "conflict"])
def test_addresses_of_a_create_live_in_another_account_until_the_plan_is_withdrawn(
    plan, control, create, mails, log, way
) -> None:
    control.put("switches", json={"other_account": way}).raise_for_status()
    plan({"on": CREATES, "at": 1, "fault": "address_taken"})
    answered = create("dee@acme.example", params={"allOrNothing": "false"}).json()
    assert ["key" in entry for entry in answered] == [way == "pending_transfer"]
    assert mails() == ([("transfer", "dee@acme.example")] if way == "pending_transfer" else [])
    assert log()[-1] == ("POST", 200, "address_taken")
    control.delete("faults")
    assert create("eli@acme.example").status_code == 200
    if way == "conflict":
        assert create("dee@acme.example").status_code == 200
    assert control.get("outbox").json()["counts"]["welcome"] == (2 if way == "conflict" else 1)


# Control calls ------------------------------------------------------------------------------------------------------


def test_plan_is_shown_with_what_it_struck_and_goes_with_its_last_counts(plan, account, control) -> None:
    plan({"on": {"method": "GET"}, "every": 2, "fault": "error_500"}, seed=3)
    rule = {"on": {"method": ["GET"]}, "every": 2, "fault": "error_500"}
    assert control.get("faults").json() == {"seed": 3, "rules": [{**rule, "matched": 0, "struck": 0}]}
    assert [account.get("users").status_code for _ in range(3)] == [200, 500, 200]
    last = {"seed": 3, "rules": [{**rule, "matched": 3, "struck": 1}]}
    assert control.get("faults").json() == last
    assert control.delete("faults").json() == last
    assert control.get("faults").json() == {"seed": 0, "rules": []}
    assert [account.get("users").status_code for _ in range(3)] == [200, 200, 200]


def test_plan_that_was_shown_can_be_given_again_without_the_counts(plan, control) -> None:
    plan({"on": {"method": "GET", "path": "/me"}, "share": 0.5, "fault": "slow", "for_s": 1})
    shown = control.get("faults").json()
    rules = [{key: value for key, value in rule.items() if key not in ("matched", "struck")} for rule in shown["rules"]]
    assert control.put("faults", json={**shown, "rules": rules}).json() == shown


def test_rules_may_stand_alone_in_a_control_call(control, account) -> None:
    assert control.put("faults", json=[{"at": 1, "fault": "error_500"}]).status_code == 200
    assert account.get("users").status_code == 500
    control.delete("faults")


def test_bad_plan_is_refused_by_its_place_and_the_old_one_stays(plan, control, account) -> None:
    plan({"fault": "error_500"})
    reply = control.put("faults", json={"rules": [{"fault": "cut_after"}, {"fault": "cut", "at": "x"}]})
    assert reply.status_code == 422
    assert (
        "rules[1].at[0]: this should be a valid integer; rules[1].fault: this should be 'too_" in reply.json()["error"]
    )
    assert account.get("users").status_code == 500


def test_control_calls_are_never_struck_and_reset_begins_the_counting_again(plan, control, account, state) -> None:
    plan({"at": 1, "fault": "error_500"})
    control.get("outbox").raise_for_status()
    control.post("reset", json=state).raise_for_status()
    for _ in range(2):
        assert account.get("users").status_code == 500
        assert account.get("users").status_code == 401  # the reset took the token, which does not matter here
        control.post("reset", json=state).raise_for_status()


def test_call_over_the_rate_limit_does_not_reach_the_plan(plan, control, account, log) -> None:
    plan({"at": 1, "fault": "error_500"})
    control.put("switches", json={"requests_per_second": 0})
    assert account.get("users").status_code == 429
    control.put("switches", json={"requests_per_second": None})
    assert account.get("users").status_code == 500
    assert log() == [("GET", 429, None), ("GET", 500, "error_500")]


def test_log_counts_calls_without_an_answer_by_that(plan, account, control) -> None:
    plan({"on": CREATES, "fault": "cut_after"})
    assert heard(raw(account, "POST", "users", DEE)) == b""
    counts = control.get("requests").json()["counts"]
    assert counts["POST /admin/rest/v1/accounts/{account_key}/users unanswered"] == 1


# From a file --------------------------------------------------------------------------------------------------------


def test_sandbox_starts_with_the_plan_of_a_file(tmp_path: Path, state: dict[str, Any]) -> None:
    (tmp_path / "faults.yaml").write_text("- {on: {path: /oauth/token}, at: 1, fault: bad_gateway_html}\n")
    with running(tmp_path / "store.db", state=state, faults=tmp_path / "faults.yaml") as sandbox:
        assert [httpx.post(f"{sandbox.url}/oauth/token").status_code for _ in range(2)] == [502, 400]


def test_sandbox_does_not_start_on_a_bad_plan(tmp_path: Path, state: dict[str, Any]) -> None:
    (tmp_path / "faults.yaml").write_text("- fault: nonsense\n")
    with pytest.raises(BadUsage, match=r"line 1, rules\[0\].fault: this should be"):
        running(tmp_path / "store.db", state=state, faults=tmp_path / "faults.yaml").__enter__()
    assert not (tmp_path / "store.db").exists()


@pytest.mark.parametrize(
    "command",
    [["-m", "tasks.sandbox"], ["-c", "from flows.cli.main import app; app()", "sandbox"]],
    ids=["own", "ours"],
)
def test_commands_refuse_a_bad_plan_with_a_sentence_and_code_2(tmp_path: Path, command: list[str]) -> None:
    (tmp_path / "faults.yaml").write_text("- fault: cut_after\n  at: 1\n- fault: nonsense\n")
    options = ["--store", str(tmp_path / "store.db"), "--port", "0", "--faults", str(tmp_path / "faults.yaml")]
    ended = subprocess.run([sys.executable, *command, *options], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    told = " ".join(ended.stderr.split())
    assert "line 3, rules[1].fault: this should be 'too_many'," in told
    assert "Traceback" not in told
    assert not (tmp_path / "store.db").exists()


def test_server_used_by_all_has_no_plan_left(server: Running) -> None:
    assert httpx.get(f"{server.url}/sandbox/faults").json() == {"seed": 0, "rules": []}
