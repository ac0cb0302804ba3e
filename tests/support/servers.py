"""Servers to measure against, each in a process of its own: a sandbox, and a wire that takes its time."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from tasks.sandbox import Switches, serve


@contextmanager
def sandbox(folder: Path, state: Path, requests_per_second: int | None) -> Iterator[str]:
    """Give the address of a sandbox that starts from a declared state (JSON); None for no limit."""
    with _process(_serve_sandbox, folder / "sandbox.db", state, requests_per_second) as url:
        yield url


@contextmanager
def slow_wire(url: str, latency_s: float) -> Iterator[str]:
    """Give an address behind which *url* answers, every request arriving *latency_s* after it was sent."""
    with _process(_serve_wire, int(url.rsplit(":", 1)[1]), latency_s) as slow:
        yield slow


@contextmanager
def _process(server: Callable[..., None], *arguments: Any) -> Iterator[str]:
    """Run *server* in a process; it sends its address once it answers."""
    context = get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=server, args=(*arguments, sender))
    process.start()
    sender.close()
    try:
        yield receiver.recv()
    finally:
        process.terminate()
        process.join()


def _serve_sandbox(store: Path, state: Path, requests_per_second: int | None, ready: Connection) -> None:
    serve(store, port=0, state=state, switches=Switches(requests_per_second=requests_per_second), on_ready=ready.send)


def _serve_wire(port: int, latency_s: float, ready: Connection) -> None:
    asyncio.run(_wire(port, latency_s, ready))


async def _wire(port: int, latency_s: float, ready: Connection) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(_carry(reader, onward, latency_s), _carry(there, writer, 0))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    ready.send(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    await server.serve_forever()


async def _carry(source: asyncio.StreamReader, to: asyncio.StreamWriter, latency_s: float) -> None:
    """Pass bytes on in their order, each piece *latency_s* after it came, until the sender hangs up."""
    loop = asyncio.get_running_loop()
    while piece := await source.read(1 << 16):
        loop.call_later(latency_s, to.write, piece)
    loop.call_later(latency_s, to.close)
