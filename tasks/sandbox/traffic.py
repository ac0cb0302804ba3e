"""What stands before the platform: the rate limit, the log of requests, the header that says what a reply rests on."""

import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tasks.sandbox.switches import Switches
from tasks.sandbox.wire import Basis

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CONTROL_PREFIX = "/sandbox/"
BASIS_HEADER = "X-Sandbox-Basis"
LIMITED_APIS = {"/admin/": "admin", "/identity/": "identity", "/G2W/": "webinar"}
"""The APIs whose calls are counted, each for itself, by the start of their paths."""


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
    """One call to the platform (control calls are not logged). ``time`` is when it came."""

    number: int
    time: str
    method: str
    path: str
    query: str
    status: int


class RequestLog:
    """The last requests, and how many there were by method, path and status; in memory, of this process alone."""

    def __init__(self, keep: int = 20_000) -> None:
        self._lock = threading.Lock()
        self._last: deque[LoggedRequest] = deque(maxlen=keep)
        self._counts: Counter[str] = Counter()
        self._total = 0

    def add(self, came: datetime, scope: Scope, status: int) -> None:
        route = getattr(scope.get("route"), "path", scope["path"])
        with self._lock:
            self._total += 1
            self._counts[f"{scope['method']} {route} {status}"] += 1
            moment, query = came.isoformat(timespec="milliseconds"), scope["query_string"].decode("ascii", "replace")
            self._last.append(LoggedRequest(self._total, moment, scope["method"], scope["path"], query, status))

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


class Traffic:
    """Wraps the application: a call over the limit gets 429, ``{}`` and (by switch) ``Retry-After``."""

    def __init__(self, app: App, platform: Watched) -> None:
        self._app = app
        self._platform = platform

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        came = self._platform.clock()

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                _add_basis(message)
                if not scope["path"].startswith(CONTROL_PREFIX):
                    self._platform.log.add(came, scope, message["status"])
            await send(message)

        if self._admits(scope["path"]):
            await self._app(scope, receive, noted)
        else:
            await self._refuse(noted)

    def _admits(self, path: str) -> bool:
        api = next((name for prefix, name in LIMITED_APIS.items() if path.startswith(prefix)), None)
        return api is None or self._platform.limit.admits(api, self._platform.switches.requests_per_second)

    async def _refuse(self, send: Send) -> None:
        headers = {"Content-Type": "application/json", "Content-Length": "2", BASIS_HEADER: Basis.DOCUMENTED}
        if self._platform.switches.retry_after:
            headers["Retry-After"] = "1"
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 429, "headers": raw})
        await send({"type": "http.response.body", "body": b"{}"})


def _add_basis(message: Message) -> None:
    name = BASIS_HEADER.lower().encode()
    if not any(header == name for header, _ in message["headers"]):
        message["headers"] = [*message["headers"], (name, Basis.ASSUMED.encode())]
