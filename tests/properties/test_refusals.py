"""Whatever refuses a call, and with whatever body and headers: it is judged, and nothing else is raised."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tasks.connectors.goto.answers import UnfitAnswer, is_others, read_answer
from tasks.connectors.goto.faults import MAX_DETAIL, read_fault
from tasks.connectors.goto.retries import retry_after
from tasks.connectors.goto.survey import _skew
from tests.support.effort import examples

MANY = settings(max_examples=examples(60), deadline=None)

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
)
problems = st.dictionaries(st.sampled_from(["code", "value", "description"]), values, max_size=3)
faults = st.dictionaries(
    st.sampled_from(["incidentId", "errors", "Errors", "errorCode", "error", "schemas", "status"]),
    values | problems | st.lists(problems | values, max_size=3),
)
bodies = st.binary(max_size=60) | st.builds(lambda body: json.dumps(body).encode(), faults | values)
words = st.binary(max_size=20).map(lambda text: text.replace(b"\r", b"").replace(b"\n", b"").replace(b"\0", b""))
dates = st.sampled_from(
    [b"Tue, 01 Sep 2026 10:00:00 GMT", b"Tue, 01 Sep 2026 10:00:00 -0000", b"Mon, 01 Jan 0001 00:00:00 +2359",
     b"Tue, 01 Sep 99999999999999999999 10:00:00 GMT", b"Tue, 01 Sep 2026 10:00:00 +99999999999999"]
)  # fmt: skip
seconds = st.sampled_from([b"\xb2", b"7", b"9" * 400, b"-1", b"1.5", b"1e9", b"0x10", "٣".encode()])
kinds = st.sampled_from([b"", b"text/html", b"application/json; charset=base64", b"text/plain; charset=idna"]) | words


def answered(status: int, body: bytes, kind: bytes = b"", retry: bytes = b"", date: bytes = b"") -> httpx.Response:
    headers = {b"Content-Type": kind, b"Retry-After": retry, b"Date": date}
    return httpx.Response(status, content=body, headers=[(name, text) for name, text in headers.items() if text])


@MANY
@given(status=st.integers(400, 599), body=bodies, kind=kinds)
@example(status=503, body=b"[" * 100_000, kind=b"")
@example(status=400, body=b'{"errors": true}', kind=b"")
@example(status=409, body=b'{"errors": [{"code": "a.b", "value": ' + b"1" * 4000 + b"}]}", kind=b"")
@example(status=403, body=b"<html>", kind=b"text/html; charset=zlib")
def test_every_refusal_can_be_read(status: int, body: bytes, kind: bytes) -> None:
    fault = read_fault(answered(status, body, kind))
    assert fault.status == status
    assert len(fault.detail) <= MAX_DETAIL
    assert fault.label.isascii()
    assert is_others(fault, "/accounts/3001/users/7001", {"a": 1}) in (True, False)


@MANY
@given(status=st.integers(200, 399), body=bodies, kind=kinds)
def test_every_other_answer_is_believed_or_not(status: int, body: bytes, kind: bytes) -> None:
    try:
        told, why = read_answer(answered(status, body, kind), dict, may_be_empty=True), ""
    except UnfitAnswer as unfit:
        told, why = None, str(unfit)
    assert why or told is None or isinstance(told, dict)


@MANY
@given(retry=seconds | dates | words, date=dates | words)
@example(retry=b"\xb2", date=b"")
def test_every_wait_that_is_asked_for_is_a_number_of_seconds_or_none(retry: bytes, date: bytes) -> None:
    wait_s = retry_after(answered(503, b"", retry=retry, date=date))
    assert wait_s is None or wait_s >= 0


@MANY
@given(date=(dates | words).map(lambda text: text.decode("latin-1")))
def test_every_date_of_an_answer_is_compared_with_the_clock_or_not(date: str) -> None:
    ahead_s = _skew(date, datetime(2026, 9, 1, tzinfo=UTC))
    assert ahead_s is None or ahead_s == pytest.approx(ahead_s)
