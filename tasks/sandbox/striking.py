"""How a fault of the plan looks to the caller: an answer that is none of ours, a dropped connection, or a long wait."""

import asyncio
import json
import uuid
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from tasks.sandbox.fault_plan import Fault, FaultRule

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

CUT = "rosterflow.cut"
"""The extension of a scope that drops the connection: ``serving`` puts it there."""

STATUSES = {
    Fault.ERROR_500: 500, Fault.BAD_GATEWAY_HTML: 502, Fault.SERVICE_UNAVAILABLE: 503, Fault.OK_PAGE: 200,
    Fault.OK_OBJECT: 200, Fault.OK_EMPTY: 200, Fault.ACCEPTED: 202, Fault.REDIRECT: 302,
    Fault.NO_ROUTE: 404, Fault.BLOCKED_PAGE: 403,
}  # fmt: skip
SIGN_IN_PAGE = b"<html><head><title>Sign in</title></head><body><form><input name='user'></form></body></html>"
SIGN_IN_URL = b"http://sign-in.invalid/"
PAGE = b"<html><head><title>502 Bad Gateway</title></head><body><center><h1>502 Bad Gateway</h1></center></body></html>"

BLOCKED = b"<html><head><title>Blocked</title></head><body><h1>This request was blocked</h1></body></html>"


class ClientGoneError(Exception):
    """The caller went away before the call was whole: nothing is done, and nobody is there to answer."""


async def read_body(receive: Receive) -> bytes:
    """Return the body of a call. Raises ``ClientGoneError``."""
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        parts.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(parts)


def replay(body: bytes, receive: Receive) -> Receive:
    """Give a body once more, to the application. What comes after it is heard from *receive*."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return left.pop() if left else await receive()

    return again


async def mute(_: Message) -> None:
    """Send nothing: the answer is lost."""


async def answer(rule: FaultRule, send: Send) -> None:
    """Answer as a server, or a proxy before it, that fails."""
    kind, body = _content(rule.fault)
    headers = [(b"content-length", str(len(body)).encode())]
    if body:
        headers.append((b"content-type", kind))
    if rule.fault == Fault.REDIRECT:
        headers.append((b"location", SIGN_IN_URL))
    if rule.retry_after is not None:
        headers.append((b"retry-after", str(rule.retry_after).encode()))
    await send({"type": "http.response.start", "status": STATUSES[rule.fault], "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _content(fault: Fault) -> tuple[bytes, bytes]:
    """Return the type of a body, and the body."""
    match fault:
        case Fault.BAD_GATEWAY_HTML:
            return b"text/html", PAGE
        case Fault.OK_PAGE:
            return b"text/html", SIGN_IN_PAGE
        case Fault.OK_OBJECT:
            return b"application/json", b"{}"
        case Fault.BLOCKED_PAGE:
            return b"text/html", BLOCKED
        case Fault.OK_EMPTY | Fault.ACCEPTED | Fault.REDIRECT | Fault.NO_ROUTE:
            return b"", b""
        case _:
            return b"application/json", json.dumps(_fault(fault)).encode()


def _fault(fault: Fault) -> dict[str, Any]:
    code = {Fault.ERROR_500: "internal.error", Fault.SERVICE_UNAVAILABLE: "service.unavailable"}[fault]
    return {"incidentId": uuid.uuid4().hex, "errors": [{"code": code}]}


async def cut(scope: Scope, receive: Receive) -> None:
    """Drop the connection: the caller gets no byte, and sees it end."""
    scope["extensions"][CUT]()
    await _gone(receive)  # the server must know too, else it would answer 500 for us


async def wait(for_s: float | None, released: asyncio.Event, receive: Receive | None) -> None:
    """Return after *for_s* seconds (None: no end), when *released*, or, with *receive*, when the caller is gone."""
    waits = [asyncio.create_task(_until(released))]
    if receive is not None:
        waits.append(asyncio.create_task(_gone(receive)))
    try:
        await asyncio.wait(waits, timeout=for_s, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in waits:
            one.cancel()


async def _until(released: asyncio.Event) -> None:
    await released.wait()


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
