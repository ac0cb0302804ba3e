"""A scripted GoTo: a real HTTP server on this machine that answers what a test tells it, and remembers what came."""

import asyncio
import json
import re
import socket
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import SecretStr

from tasks.connectors.goto import Credentials, GotoConnector, Retries, open_goto
from tasks.connectors.goto.breaker import Breaker
from tasks.connectors.kept_tokens import KeptTokens
from tasks.model.pipeline import GotoTarget

ACCOUNT = "/admin/rest/v1/accounts/3001"
CUT = "cut"
"""A reply that is none: the connection ends after the request was read."""


@dataclass
class Seen:
    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class ScriptedGoto:
    """Replies are ``(status, body)``, ``(status, body, headers)`` or functions of the request that return one, given
    one after the other; the last one stays."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    replies: list[tuple[str, re.Pattern[str], list[Any]]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def on(self, method: str, path: str, *replies: Any) -> None:
        """Answer *method* on *path* (a pattern, below the account unless it begins with ^) with *replies* in turn."""
        pattern = path if path.startswith("^") else f"^{ACCOUNT}{path}$"
        self.replies.insert(0, (method, re.compile(pattern), list(replies)))

    def answer(self, request: Seen) -> Any:
        with self.lock:
            self.seen.append(request)
            for method, pattern, replies in self.replies:
                if method == request.method and pattern.search(request.path):
                    reply = replies.pop(0) if len(replies) > 1 else replies[0]
                    return reply(request) if callable(reply) else reply
        return 404, {"incidentId": "i-0", "errors": [{"code": "path.not.scripted"}]}

    def calls(self, method: str, path: str = "") -> list[Seen]:
        return [one for one in self.seen if one.method == method and one.path.startswith(ACCOUNT + path)]

    @property
    def token_calls(self) -> list[Seen]:
        return [one for one in self.seen if one.path == "/oauth/token"]

    def open(self, **options: Any) -> GotoConnector:
        return connector(self.url, **options)

    def run(self, scenario: Callable[[GotoConnector], Awaitable[Any]], **options: Any) -> Any:
        """Open a client, await *scenario* on it, close it, and return what the scenario returned."""

        async def main() -> Any:
            async with self.open(**options) as target:
                return await scenario(target)

        return asyncio.run(main())


def connector(
    url: str,
    *,
    clock: Callable[[], float] = lambda: 1000.0,
    attempts: int = 3,
    refresh_token: str | None = None,
    kept: KeptTokens | None = None,
    breaker: Breaker | None = None,
    timeout_s: float = 5.0,
    **spec: Any,
) -> GotoConnector:
    """A client in a hurry: it does not wait between tries."""
    target = GotoTarget.model_validate(
        {
            "name": "goto",
            "kind": "goto",
            "account_key": "3001",
            "urls": {"api": url, "token": f"{url}/oauth/token"},
            "requests_per_second": 1000,
            **spec,
        }
    )
    credentials = Credentials(
        client_id=SecretStr("client-1"),
        client_secret=SecretStr("hush-secret"),
        pat=None if refresh_token else SecretStr("hush-pat"),
        refresh_token=SecretStr(refresh_token) if refresh_token else None,
    )
    retries = Retries(attempts=attempts, timeout_s=20, first_wait_s=0, longest_wait_s=0.1, jitter_s=0)
    return open_goto(target, credentials, kept=kept, clock=clock, retries=retries, breaker=breaker, timeout_s=timeout_s)


def _handler(script: ScriptedGoto) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            path, _, query = self.path.partition("?")
            length = int(self.headers.get("Content-Length") or 0)
            request = Seen(self.command, path, query, dict(self.headers), self.rfile.read(length))
            reply = script.answer(request)
            if reply == CUT:
                self.close_connection = True
                self.connection.shutdown(socket.SHUT_RDWR)
                return
            status, body, headers = (*reply, {})[:3]
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            self.send_response_only(status)
            for name, value in {"Content-Length": str(len(data)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    return Handler


class _Server(ThreadingHTTPServer):
    request_queue_size = 64  # many connections at once

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that leave before the answer are what some tests are about."""


@contextmanager
def serving(script: ScriptedGoto) -> Iterator[ScriptedGoto]:
    server = _Server(("127.0.0.1", 0), _handler(script))
    script.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield script
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
