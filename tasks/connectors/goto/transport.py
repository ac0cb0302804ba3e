"""Requests to one of GoTo's APIs: paced, authorised, repeated where that is safe, and judged."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from aiolimiter import AsyncLimiter

from tasks.connectors.goto.answers import UnfitAnswer, is_others, read_answer
from tasks.connectors.goto.breaker import Breaker
from tasks.connectors.goto.faults import (
    ADMIN,
    CALL_NOT_DONE,
    PERHAPS_DONE,
    Fault,
    Right,
    failing,
    is_answered,
    not_own,
    read_fault,
    refused,
    unbelievable,
)
from tasks.connectors.goto.parts import Requests, requests
from tasks.connectors.goto.reach import place, remedy_for
from tasks.connectors.goto.retries import Passing, Retries, next_try, retry_after
from tasks.connectors.goto.tokens import Token, TokenSource
from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall

T = TypeVar("T")

PASSING_STATUSES = frozenset({408, 500, 502, 503, 504})
NOT_IMPLEMENTED = 501
"""The one failure of a server that says of itself that nothing was done."""

REFUSES_THE_CALLER = frozenset({401, 403, 405, NOT_IMPLEMENTED})
"""Refusals of who asks, or how: whatever was asked for, none of it was done."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
BURST_S = 0.02


@dataclass(frozen=True)
class Call:
    """One call. *purpose* completes "GoTo refused to ..."; *parse* makes the result of the decoded answer.

    Without *parse* no body belongs to the answer. *may_be_empty*: an empty one says that the call was carried out.
    """

    method: str
    path: str
    purpose: str
    parse: Callable[[Any], Any] | None = None
    body: Any = None
    may_be_empty: bool = False

    @property
    def safe(self) -> bool:
        return self.method == "GET"


def pace(requests_per_second: float) -> AsyncLimiter:
    """Return a limiter that lets requests go evenly, so that no window of a second holds more than one above the rate.

    A server counts a sliding second: a burst of a second's worth, and the steady rate behind it, would be nearly
    twice what it allows. Only above 50 a second, where timers are too coarse, do a few leave together.
    """
    burst = max(1.0, requests_per_second * BURST_S)
    return AsyncLimiter(burst, burst / requests_per_second)


class Transport:
    """Sends calls to one API. ``requests_sent`` counts every request to it, repeated ones too, but none for tokens;
    ``too_many`` those that were refused as too many; ``server_date`` is the ``Date`` of the last answer
    that no cache gave."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        base_url: str,
        tokens: TokenSource,
        *,
        requests_per_second: float,
        connections: int,
        retries: Retries,
        breaker: Breaker,
        right: Right = ADMIN,
    ) -> None:
        _hide_queries_in_logs()
        self._limiter = pace(requests_per_second)
        self._in_flight = asyncio.Semaphore(connections)  # so that paced requests never queue for a connection
        self._http = http
        self._base_url = base_url
        self._tokens = tokens
        self._retries = retries
        self._breaker = breaker
        self._no_right: set[_Refused] = set()
        self._right = right
        self.requests_sent = 0
        self.too_many = 0
        self.server_date: str | None = None

    async def get(self, path: str, purpose: str, parse: Callable[[Any], T]) -> T:
        """Read; repeated while it fails in a way that may pass. Raises ``TargetDown``, ``RefusedByTarget``."""
        answer: T = await self._call(Call("GET", path, purpose, parse))
        return answer

    async def write(
        self, method: str, path: str, purpose: str, *, body: Any = None, check: Callable[[Any], None] | None = None
    ) -> None:
        """Write; an empty success will do. Repeated only if it certainly did not happen.

        A body is believed only where *check* knows what belongs there, and does not raise. Raises ``TargetDown`` and
        ``RefusedByTarget`` (not done), ``UncertainCall`` (perhaps done).
        """
        await self._call(Call(method, path, purpose, check, body, may_be_empty=True))

    async def post(self, path: str, purpose: str, parse: Callable[[Any], T], *, body: Any) -> T:
        """Create, and return what *parse* makes of the answer. Repeated, and raises, as ``write``."""
        answer: T = await self._call(Call("POST", path, purpose, parse, body))
        return answer

    async def _call(self, call: Call) -> Any:
        with requests() as noted:
            return await self._make(call, noted)

    async def _make(self, call: Call, noted: Requests) -> Any:
        self._breaker.check()
        try:
            answer = await self._retries.caller()(next_try, self._try, call, noted)
        except Passing as passing:
            self._breaker.failed()
            raise passing.error from passing.__cause__
        except (TargetDown, UncertainCall) as error:
            # What cannot be believed is an answer all the same: it is looked into, and the circuit stays closed.
            (self._breaker.worked if is_answered(error) else self._breaker.failed)()
            raise
        except RefusedByTarget as refusal:
            if call.safe:
                noted.note_look(refusal)
            self._breaker.worked()
            raise
        self._breaker.worked()
        return answer

    async def _try(self, call: Call, noted: Requests) -> Any:
        token = await self._tokens.current()
        response = await self._send(call, token, noted)
        if response.status_code in (401, 403):
            response = await self._once_more(call, token, response, noted)
        if "Age" not in response.headers:  # one from a cache tells another time
            self.server_date = response.headers.get("Date", self.server_date)
        if response.status_code < 400:
            return _answer(call, response)
        raise self._failure(call, response, token)

    async def _once_more(self, call: Call, token: Token, response: httpx.Response, noted: Requests) -> httpx.Response:
        """Repeat a call with a new token: at GoTo 401 and 403 alike may mean that the old one has ended.

        A refusal that a new token did not change is about rights, and the same one is taken at its word from then on.
        A write is not repeated where something else than GoTo refuses: it may have been carried out.
        """
        if _refusal(token, response) in self._no_right or not (call.safe or read_fault(response).is_own):
            return response
        fresh = await self._tokens.renew(token)
        again = await self._send(call, fresh, noted)
        if again.status_code in (401, 403):
            self._no_right.add(_refusal(fresh, again))
        return again

    async def _send(self, call: Call, token: Token, noted: Requests) -> httpx.Response:
        request = self._http.build_request(
            call.method,
            self._base_url + call.path,
            json=call.body,
            headers={"Authorization": f"Bearer {token.value.get_secret_value()}"},
        )
        async with self._in_flight:
            await self._limiter.acquire()
            self.requests_sent += 1
            try:
                response = await self._http.send(request)
            except NEVER_SENT as exc:
                raise Passing(_unreachable(request.url, str(exc) or type(exc).__name__)) from exc
            except httpx.RequestError as exc:
                if not call.safe:
                    noted.note_perhaps_done()
                raise _unanswered(call, request.url.host, type(exc).__name__) from exc
        if not call.safe:
            self._note(call, token, response, noted)
        return response

    def _note(self, call: Call, token: Token, response: httpx.Response, noted: Requests) -> None:
        """Note of a request that changes something whether its answer shows that it certainly did not."""
        if response.status_code >= 400 and _proves_not_done(call, fault := read_fault(response)):
            noted.note_refusal(refused(call.purpose, fault, self._right, token.scopes))
        else:
            noted.note_perhaps_done()

    def _failure(self, call: Call, response: httpx.Response, token: Token) -> Exception:
        fault = read_fault(response)
        wait_s = retry_after(response)
        if fault.status == 429:
            self.too_many += 1
            return self._passing(_too_fast(call, fault), wait_s)
        if is_others(fault, call.path, call.body):
            return _unbelievable(call, UnfitAnswer("it is about something else than was asked", is_others=True), fault)
        if fault.status == NOT_IMPLEMENTED or (fault.status < 500 and fault.status not in PASSING_STATUSES):
            if not fault.is_own:
                return not_own(call.purpose, fault, self._right, token.scopes, safe=call.safe)
            return refused(call.purpose, fault, self._right, token.scopes)
        error = failing(call.purpose, fault, safe=call.safe)
        if call.safe and fault.status in PASSING_STATUSES:
            return self._passing(error, wait_s)
        return error

    def _passing(self, error: TargetDown | UncertainCall, wait_s: float | None) -> Exception:
        """A failure to try again, unless the server asks for a longer wait than a run should sit out."""
        return error if wait_s is not None and wait_s > self._retries.longest_wait_s else Passing(error, wait_s)


def _proves_not_done(call: Call, fault: Fault) -> bool:
    """Tell whether a refusal shows that a write was not done, even if something between has passed it on twice.

    That a thing is in use, gone, or used up is what the second of the two would be told as well.
    """
    if fault.status == 429:
        return True
    return fault.is_own and fault.status in REFUSES_THE_CALLER and not is_others(fault, call.path, call.body)


def _answer(call: Call, response: httpx.Response) -> Any:
    try:
        return read_answer(response, call.parse, may_be_empty=call.may_be_empty)
    except UnfitAnswer as unfit:
        raise _unbelievable(call, unfit, Fault(response.status_code)) from None


def _unbelievable(call: Call, unfit: UnfitAnswer, fault: Fault) -> Exception:
    """Return the error for an answer that proves nothing. The answer to another read may be followed by our own."""
    error = unbelievable(call.purpose, str(unfit), fault, safe=call.safe)
    return Passing(error) if call.safe and unfit.is_others else error


def _unreachable(url: httpx.URL, cause: str) -> TargetDown:
    return TargetDown(
        f"{place(url)} cannot be reached ({cause}).",
        sent="This call was not sent.",
        remedy=remedy_for(url, "urls.api"),
        host=url.host,
    )


def _unanswered(call: Call, host: str, cause: str) -> Exception:
    what = f"{host} did not answer the call to {call.purpose} ({cause})."
    if call.safe:
        return Passing(TargetDown(what, sent=CALL_NOT_DONE, remedy="Try again later.", host=host))
    return UncertainCall(what, sent=PERHAPS_DONE, remedy="It is looked up before it is repeated.", host=host)


def _too_fast(call: Call, fault: Fault) -> TargetDown:
    return TargetDown(
        f"GoTo allows no more requests for now; it did not {call.purpose} ({fault.label}).",
        sent=CALL_NOT_DONE,
        remedy="Lower requests_per_second of the target, or see what else uses the same OAuth client.",
        **fault.facts,
    )


_Refused = tuple[int, int, str | None, bool]
"""What was refused to whom: the token's number, status, code, and whether GoTo itself said so."""


def _refusal(token: Token, response: httpx.Response) -> _Refused:
    fault = read_fault(response)
    return token.number, fault.status, fault.code, fault.is_own


def _hide_queries_in_logs() -> None:
    """Keep addresses out of httpx's own log lines: filters put them into the query of a URL. Done once, and for all."""
    logging.getLogger("httpx").addFilter(_without_query)


def _without_query(record: logging.LogRecord) -> bool:
    if isinstance(record.args, tuple):
        record.args = tuple(arg.copy_with(query=None) if isinstance(arg, httpx.URL) else arg for arg in record.args)
    return True
