"""What stands before the platform: rate limit, fault plan, log of requests, the header of what a reply rests on."""

import asyncio
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tasks.sandbox import history
from tasks.sandbox.fault_plan import Fault, FaultRule, Faults
from tasks.sandbox.striking import (
    App,
    ClientGoneError,
    Message,
    Receive,
    Scope,
    Send,
    answer,
    cut,
    mute,
    read_body,
    replay,
    wait,
)
from tasks.sandbox.switches import Switches
from tasks.sandbox.wire import Basis

UNLOGGED = ("/sandbox/", "/center", "/favicon.ico")
"""Control calls, and the Admin Center page: what is no call to the platform, by the start of its path."""
BASIS_HEADER = "X-Sandbox-Basis"
TOO_MANY = {
    "object": ("application/json", b"{}"),
    "empty": ("text/plain", b""),
    "html": ("text/html", b"<html><body><h1>429 Too Many Requests</h1></body></html>"),
}
"""The body of a 429 by the switch ``rate_limit_body``: which one GoTo sends is not known."""
LIMITED_APIS = {"/admin/": "admin", "/identity/": "identity", "/G2W/": "webinar"}
"""The APIs whose calls are counted, each for itself, by the start of their paths."""
FAILING = (*LIMITED_APIS, "/oauth/")
"""Where calls can go wrong by the fault plan."""


class RateLimit:
    """Admits so many calls in any one second. A call that was refused does not count (assumed)."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._admitted: defaultdict[str, deque[float]] = defaultdict(deque)

    def admits(self, api: str, per_second: int | None) -> bool:
        """Tell whether a call to *api* may pass now, and count it if so."""
        now, moments = self._clock(), self._admitted[api]
        while moments and moments[0] <= now - 1:
            moments.popleft()
        if per_second is not None and len(moments) >= per_second:
            return False
        moments.append(now)
        return True


@dataclass(frozen=True)
class LoggedRequest:
    """One call to the platform (control calls are not logged). ``time`` is when it came.

    ``status`` is what was answered, None where nothing was; ``fault`` is the fault of the plan that struck the call.
    """

    number: int
    time: str
    method: str
    path: str
    query: str
    status: int | None
    fault: str | None


class RequestLog:
    """The last requests, and how many there were by method, path and status; in memory, of this process alone."""

    def __init__(self, keep: int = 20_000) -> None:
        self._lock = threading.Lock()
        self._last: deque[LoggedRequest] = deque(maxlen=keep)
        self._counts: Counter[str] = Counter()
        self._total = 0

    def add(self, came: datetime, scope: Scope, status: int | None, fault: str | None = None) -> None:
        route = getattr(scope.get("route"), "path", scope["path"])
        with self._lock:
            self._total += 1
            self._counts[f"{scope['method']} {route} {status or 'unanswered'}"] += 1
            moment, query = came.isoformat(timespec="milliseconds"), scope["query_string"].decode("ascii", "replace")
            self._last.append(LoggedRequest(self._total, moment, scope["method"], scope["path"], query, status, fault))

    def clear(self) -> None:
        with self._lock:
            self._last.clear()
            self._counts.clear()
            self._total = 0

    def read(self) -> dict[str, Any]:
        with self._lock:
            requests = [vars(request) for request in self._last]
            return {"total": self._total, "counts": dict(sorted(self._counts.items())), "requests": requests}


class Watched(Protocol):
    """What the traffic needs of the platform."""

    switches: Switches
    clock: Callable[[], datetime]
    limit: RateLimit
    log: RequestLog
    faults: Faults

    def befall(self, fault: Fault, path: str, body: bytes) -> None:
        """Do to the tenant what *fault* does to it, just before a call."""


class Traffic:
    """Wraps the application: a call over the limit gets 429, one that the fault plan strikes what the plan says."""

    def __init__(self, app: App, platform: Watched) -> None:
        self._app = app
        self._platform = platform
        self._released = asyncio.Event()

    def release(self) -> None:
        """End all waits of the fault plan: the server is about to stop. Called in its event loop."""
        self._released.set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path, rule = scope["path"], None
        admitted = self._admits(path)
        if admitted and path.startswith(FAILING):
            rule = self._platform.faults.strike(scope["method"], path)
        visit = _Visit(self._platform, scope, receive, send, rule.fault if rule else None)
        with history.noted(by=f"{scope['method']} {path}"):
            if not admitted:
                await self._refuse(visit.send)
            elif rule is None:
                await self._do(visit, receive, visit.send)
            else:
                await self._strike(rule, visit)

    async def _strike(self, rule: FaultRule, visit: "_Visit") -> None:
        try:
            body = await read_body(visit.receive)
        except ClientGoneError:
            visit.note(None)
            return
        match rule.fault:
            case Fault.TOO_MANY:
                await self._refuse(visit.send, rule)
            case Fault.CUT_BEFORE:
                await visit.cut()
            case Fault.CUT_AFTER:
                await self._app(visit.scope, replay(body, visit.receive), mute)
                await visit.cut()
            case Fault.TOKEN_EXPIRED | Fault.CREDENTIALS_REVOKED | Fault.SEATS_GONE | Fault.ADDRESS_TAKEN:
                await asyncio.to_thread(self._platform.befall, rule.fault, visit.scope["path"], body)
                await self._app(visit.scope, replay(body, visit.receive), visit.send)
            case Fault.TWICE:
                await self._app(visit.scope, replay(body, visit.receive), mute)
                await self._app(visit.scope, replay(body, visit.receive), visit.send)
            case Fault.STALE:
                await self._answer_stale(rule, visit, body)
            case Fault.SLOW:
                await wait(rule.for_s, self._released, None)
                await self._app(visit.scope, replay(body, visit.receive), visit.send)
            case _:
                await self._fail(rule, visit, body)

    async def _do(self, visit: "_Visit", receive: Receive, send: Send) -> None:
        """Do a call, and keep its answer where a later call may get it."""
        method, path = visit.scope["method"], visit.scope["path"]
        if not self._platform.faults.remembers(method, path):
            await self._app(visit.scope, receive, send)
            return
        answer: list[Message] = []

        async def heard(message: Message) -> None:
            answer.append(dict(message))
            await send(message)

        await self._app(visit.scope, receive, heard)
        self._platform.faults.remember(method, path, answer)

    async def _answer_stale(self, rule: FaultRule, visit: "_Visit", body: bytes) -> None:
        """Answer as the call before was answered, whether or not this one was done. The first one has its own."""
        before = self._platform.faults.last_answer(rule)
        if before is None or rule.done:
            await self._do(visit, replay(body, visit.receive), visit.send if before is None else mute)
        for message in before or ():
            await visit.send(dict(message))

    async def _fail(self, rule: FaultRule, visit: "_Visit", body: bytes) -> None:
        """Answer as a server that fails, or not at all, whether or not the call was done before."""
        if rule.done:
            await self._app(visit.scope, replay(body, visit.receive), mute)
        if rule.fault == Fault.TIME_OUT:
            visit.note(None)
            await wait(rule.for_s, self._released, visit.receive)
            await visit.cut()
        else:
            await answer(rule, visit.send)

    def _admits(self, path: str) -> bool:
        api = next((name for prefix, name in LIMITED_APIS.items() if path.startswith(prefix)), None)
        return api is None or self._platform.limit.admits(api, self._platform.switches.requests_per_second)

    async def _refuse(self, send: Send, rule: FaultRule | None = None) -> None:
        kind, body = TOO_MANY[self._platform.switches.rate_limit_body]
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), BASIS_HEADER: Basis.DOCUMENTED}
        retry_after = 1 if self._platform.switches.retry_after else None
        if rule is not None and "retry_after" in rule.model_fields_set:
            retry_after = rule.retry_after
        if retry_after is not None:
            headers["Retry-After"] = str(retry_after)
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 429, "headers": raw})
        await send({"type": "http.response.body", "body": body})


class _Visit:
    """One call: how it is heard and answered, and noted in the log, once."""

    def __init__(self, platform: Watched, scope: Scope, receive: Receive, send: Send, fault: Fault | None) -> None:
        self._platform = platform
        self.scope = scope
        self.receive = receive
        self._send = send
        self._fault = fault
        self._came = platform.clock()
        self._is_noted = scope["path"] == "/" or scope["path"].startswith(UNLOGGED)

    def note(self, status: int | None) -> None:
        if not self._is_noted:
            self._is_noted = True
            self._platform.log.add(self._came, self.scope, status, self._fault)

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            _add_basis(message)
            self.note(message["status"])
        await self._send(message)

    async def cut(self) -> None:
        """Drop the connection: the caller gets no byte."""
        self.note(None)
        await cut(self.scope, self.receive)


def _add_basis(message: Message) -> None:
    name = BASIS_HEADER.lower().encode()
    if not any(header == name for header, _ in message["headers"]):
        message["headers"] = [*message["headers"], (name, Basis.ASSUMED.encode())]
