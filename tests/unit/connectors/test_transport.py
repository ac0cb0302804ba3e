"""What is repeated, what is not, and what an error says of the call: done, not done, or perhaps done."""

import asyncio
import pickle
import threading

import pytest

from tasks.connectors.goto.breaker import Breaker
from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall
from tasks.model.operations import NewAccount, Operation, OperationKind

USER = {"key": "7001", "email": "ada@acme.example"}
CREATE = Operation(
    "op-1", OperationKind.CREATE_ACCOUNTS, ("c1",), people=(NewAccount("c1", "ada@acme.example", "Ada", "Byron"),)
)
JOIN = Operation("op-2", OperationKind.JOIN_GROUP, ("c2",), account_key="7001", payload={"group_key": "5001"})


def read_one(target):
    return target.read_accounts(["7001"], [])


@pytest.mark.parametrize("passing", [(500, {}), (502, b"<html>bad gateway</html>"), (503, {}), (504, b""), "cut"])
def test_read_is_repeated_while_it_may_pass(goto, passing):
    goto.on("GET", "/users/7001", passing, passing, (200, USER))
    assert [state.account_key for state in goto.run(read_one)] == ["7001"]
    assert len(goto.calls("GET")) == 3


def test_read_that_keeps_failing_ends_as_target_down_within_its_attempts(goto):
    goto.on("GET", "/users/7001", (503, {"incidentId": "i-9", "errors": [{"code": "busy"}]}))
    with pytest.raises(TargetDown) as caught:
        goto.run(read_one, attempts=4)
    assert len(goto.calls("GET")) == 4
    assert (caught.value.facts["status"], caught.value.facts["code"]) == (503, "busy")
    assert caught.value.facts["incident"] == "i-9"


@pytest.mark.parametrize("reply", [(500, {}), (502, b"<html>"), (503, {}), (504, {}), (520, {}), "cut"])
def test_write_without_a_clear_answer_is_uncertain_and_sent_once(goto, reply):
    goto.on("POST", "/users", reply)
    with pytest.raises(UncertainCall, match="may or may not have been carried out"):
        goto.run(lambda target: target.perform(CREATE))
    assert len(goto.calls("POST")) == 1


def test_write_that_times_out_is_uncertain(goto):
    released = threading.Event()

    def late(request):
        released.wait(2)
        return 200, []

    goto.on("POST", "/users", late)
    try:
        with pytest.raises(UncertainCall, match="ReadTimeout"):
            goto.run(lambda target: target.perform(CREATE), timeout_s=0.1)
    finally:
        released.set()


def test_write_refused_for_pace_is_repeated(goto):
    goto.on("PUT", "/groups/5001/users/7001", (429, {}), (429, {}), (204, b""))
    goto.run(lambda target: target.perform(JOIN))
    assert len(goto.calls("PUT")) == 3


def test_write_refused_for_pace_to_the_end_was_certainly_not_done(goto):
    goto.on("PUT", "/groups/5001/users/7001", (429, {}))
    with pytest.raises(TargetDown, match=r"no more requests.*not carried out.*requests_per_second"):
        goto.run(lambda target: target.perform(JOIN))


def test_write_to_a_dead_address_was_certainly_not_sent(client, unused_url):
    async def scenario():
        async with client(unused_url) as target:
            await target.perform(JOIN)

    with pytest.raises(TargetDown, match=r"127\.0\.0\.1:\d+ cannot be reached") as caught:
        asyncio.run(scenario())
    assert caught.value.facts["host"] == "127.0.0.1"
    assert "start the sandbox with 'rosterflow sandbox --port " in caught.value.remedy


def test_write_is_repeated_when_the_connection_was_refused(goto, unused_url, client):
    """The token comes from a live server, the Admin API is dead: each try fails before anything was sent."""

    async def scenario():
        target = client(goto.url, urls={"api": unused_url, "token": f"{goto.url}/oauth/token"}, attempts=4)
        async with target:
            with pytest.raises(TargetDown):
                await target.perform(JOIN)
            return target.requests_sent

    assert asyncio.run(scenario()) == 4


def test_retry_after_is_waited_for(goto):
    goto.on("GET", "/users/7001", (429, {}, {"Retry-After": "0"}), (200, USER))
    assert len(goto.run(read_one)) == 1


def test_retry_after_as_a_date_is_measured_by_the_servers_own_clock(goto):
    late = {"Date": "Tue, 01 Sep 2026 10:00:00 GMT", "Retry-After": "Tue, 01 Sep 2026 11:00:00 GMT"}
    goto.on("GET", "/users/7001", (503, {}, late), (200, USER))
    with pytest.raises(TargetDown):
        goto.run(read_one)
    assert len(goto.calls("GET")) == 1


def test_wait_longer_than_a_run_should_sit_out_is_not_begun(goto):
    goto.on("GET", "/users/7001", (429, {}, {"Retry-After": "3600"}), (200, USER))
    with pytest.raises(TargetDown):
        goto.run(read_one)
    assert len(goto.calls("GET")) == 1


def test_refusal_keeps_status_code_and_incident_and_names_nobody(goto):
    fault = {"incidentId": "0f0f-1", "errors": [{"code": "user.name.conflict", "value": "ada@acme.example"}]}
    goto.on("POST", "/users", (409, fault))
    with pytest.raises(RefusedByTarget) as caught:
        goto.run(lambda target: target.perform(CREATE))
    facts = caught.value.facts
    assert (facts["status"], facts["code"], facts["incident"]) == (409, "user.name.conflict", "0f0f-1")
    assert facts["subjects"] == ("ada@acme.example",)
    assert "ada@" not in str(caught.value)


def test_seat_exhaustion_keeps_the_servers_code(goto):
    goto.on("POST", "/users", (409, {"errors": [{"code": "license.seats.exceeded"}]}))
    with pytest.raises(RefusedByTarget) as caught:
        goto.run(lambda target: target.perform(CREATE))
    assert caught.value.facts["code"] == "license.seats.exceeded"


def test_fault_that_is_not_json_is_kept_in_part_and_out_of_the_message(goto):
    goto.on("POST", "/users", (400, b"<html>ada@acme.example " + b"x" * 5000))
    with pytest.raises(UncertainCall) as caught:
        goto.run(lambda target: target.perform(CREATE))
    assert caught.value.facts["detail"].startswith("<html>ada")
    assert len(caught.value.facts["detail"]) == 500
    assert "ada@" not in str(caught.value)


def test_code_with_anything_but_a_code_in_it_stays_out_of_the_message(goto):
    goto.on("POST", "/users", (400, {"incidentId": {"a": 1}, "errors": [{"code": "no ada@acme.example"}, "odd"]}))
    with pytest.raises(RefusedByTarget) as caught:
        goto.run(lambda target: target.perform(CREATE))
    assert caught.value.facts["code"] is None
    assert "ada@" not in str(caught.value)


def test_success_page_of_a_proxy_is_no_answer_to_a_read(goto):
    goto.on("GET", "/users/7001", (200, b"<html>Please sign in</html>"))
    with pytest.raises(TargetDown, match="cannot be believed"):
        goto.run(read_one)


def test_success_page_of_a_proxy_leaves_a_create_uncertain(goto):
    goto.on("POST", "/users", (200, b"<html>Please sign in</html>"))
    with pytest.raises(UncertainCall):
        goto.run(lambda target: target.perform(CREATE))


def test_redirect_is_no_answer_and_not_followed(goto):
    goto.on("GET", "/users/7001", (302, b"moved", {"Location": "http://127.0.0.1:1/"}))
    with pytest.raises(TargetDown, match=r"leads elsewhere.*HTTP 302"):
        goto.run(read_one)


def test_requests_are_counted_with_the_repeated_ones(goto):
    goto.on("GET", "/users/7001", (503, {}), (429, {}), (200, USER))

    async def scenario(target):
        await read_one(target)
        return target.requests_sent

    assert goto.run(scenario) == 3


def test_errors_survive_crossing_a_process_border(goto):
    goto.on("POST", "/users", (409, {"errors": [{"code": "user.name.conflict", "value": "ada@acme.example"}]}))
    with pytest.raises(RefusedByTarget) as caught:
        goto.run(lambda target: target.perform(CREATE))
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.facts) == (str(caught.value), caught.value.facts)


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def test_circuit_opens_after_failed_calls_and_closes_after_a_rest(goto):
    clock = Clock()
    goto.on("GET", "/users/7001", (503, {}), (503, {}), (200, USER))

    async def scenario(target):
        for _ in range(2):
            with pytest.raises(TargetDown, match="HTTP 503"):
                await read_one(target)
        with pytest.raises(TargetDown, match="circuit open"):
            await read_one(target)
        assert len(goto.calls("GET")) == 2
        clock.now += 31
        return await read_one(target)

    states = goto.run(scenario, clock=clock, attempts=1, breaker=Breaker(clock, threshold=2, rest_s=30))
    assert len(states) == 1


def test_open_circuit_lets_one_call_try_and_holds_the_others():
    clock = Clock()
    breaker = Breaker(clock, threshold=1, rest_s=30)
    breaker.failed()
    clock.now += 30
    breaker.check()
    with pytest.raises(TargetDown, match="circuit open"):
        breaker.check()
    breaker.worked()
    breaker.check()
    assert not breaker.is_open


def test_refusals_do_not_open_the_circuit(goto):
    clock = Clock()
    goto.on("PUT", "/groups/5001/users/7001", (409, {"errors": [{"code": "odd"}]}))

    async def scenario(target):
        for _ in range(4):
            with pytest.raises(RefusedByTarget):
                await target.perform(JOIN)

    goto.run(scenario, breaker=Breaker(clock, threshold=2))


@pytest.mark.parametrize("answer", [(200, b"<html>"), (202, b""), (403, b"<html>"), (404, b"")])
def test_answers_that_cannot_be_believed_do_not_open_the_circuit(goto, answer):
    clock = Clock()
    goto.on("PUT", "/groups/5001/users/7001", answer)

    async def scenario(target):
        for _ in range(4):
            with pytest.raises(UncertainCall):
                await target.perform(JOIN)

    goto.run(scenario, breaker=Breaker(clock, threshold=2))


def test_uncertain_writes_open_the_circuit(goto):
    clock = Clock()
    goto.on("PUT", "/groups/5001/users/7001", (502, b""))

    async def scenario(target):
        for _ in range(2):
            with pytest.raises(UncertainCall):
                await target.perform(JOIN)
        with pytest.raises(TargetDown, match="circuit open"):
            await target.perform(JOIN)

    goto.run(scenario, breaker=Breaker(clock, threshold=2))
