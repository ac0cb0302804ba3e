"""Serve the platform on this machine: for the command until it is stopped, for tests and the demo as a block."""

import errno
import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from tasks.model.errors import BadUsage
from tasks.sandbox.declared import DeclaredState, default_state, read_state
from tasks.sandbox.fault_plan import FaultPlan, read_fault_plan
from tasks.sandbox.platform import Platform
from tasks.sandbox.store import Store
from tasks.sandbox.switches import Switches

if TYPE_CHECKING:
    import uvicorn

State = Path | Mapping[str, Any] | DeclaredState
Plan = Path | Mapping[str, Any] | FaultPlan
DEFAULT_PORT = 8750
START_S = 30
GRACE_S = 5


@dataclass(frozen=True)
class Running:
    """A sandbox that answers calls."""

    url: str
    account_key: str


def serve(
    store: Path,
    *,
    host: str = "127.0.0.1",
    port: int = DEFAULT_PORT,
    state: State | None = None,
    switches: Switches | None = None,
    faults: Plan | None = None,
    on_ready: Callable[[str], None] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM. *on_ready* is given the address as soon as calls are answered.

    A new store starts from *state* (the default one without), a used store keeps what it holds. Calls go wrong by the
    plan *faults*. Raises ``BadUsage`` if the host is not this machine's own, the port is taken, or store, state or
    plan cannot be used.
    """
    with _bound(host, port) as listener, _opened(store, state, switches, faults) as (platform, _):
        _server(platform, lambda: on_ready(_url(listener)) if on_ready else None).run(sockets=[listener])


@contextmanager
def running(
    store: Path,
    port: int = 0,
    *,
    state: State | None = None,
    switches: Switches | None = None,
    faults: Plan | None = None,
) -> Iterator[Running]:
    """Give a sandbox that serves from a thread of this process while the block lasts, by default on a free port.

    Raises as ``serve`` does.
    """
    with _bound("127.0.0.1", port) as listener, _opened(store, state, switches, faults) as (platform, account_key):
        url, is_ready = _url(listener), threading.Event()
        server = _server(platform, is_ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="sandbox", daemon=True)
        thread.start()
        try:
            if not is_ready.wait(timeout=START_S):
                raise BadUsage(f"The sandbox did not answer within {START_S} s of its start.", sent="")
            yield Running(url, account_key)
        finally:
            server.should_exit = True
            thread.join()


@contextmanager
def _opened(
    store: Path, state: State | None, switches: Switches | None, faults: Plan | None
) -> Iterator[tuple[Platform, str]]:
    declared = None if state is None else read_state(state)
    plan = read_fault_plan(faults)
    platform = Platform(Store(store), switches or Switches())
    platform.faults.set(plan)
    try:
        yield platform, platform.open_account(declared, default_state)
    finally:
        platform.store.close()


@contextmanager
def _bound(host: str, port: int) -> Iterator[socket.socket]:
    """Give a listening socket. It is bound before the store is opened, so that a taken port changes nothing."""
    address = "127.0.0.1" if host == "localhost" else host
    _require_loopback(address)
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    # Only where the protocol is named does asyncio switch off Nagle's algorithm, which costs 40 ms a reply.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    with listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((address, port))
            listener.listen(256)
        except OSError as exc:
            why = "is taken by another program" if exc.errno == errno.EADDRINUSE else f"cannot be used ({exc.strerror})"
            raise BadUsage(
                f"Port {port} of {address} {why}.",
                sent="The sandbox was not started.",
                remedy="Stop that program (it may be a sandbox already), or choose another port with --port; "
                "'urls' in the pipeline file must then name that port.",
                port=port,
            ) from exc
        yield listener


def _require_loopback(address: str) -> None:
    try:
        is_local = ipaddress.ip_address(address).is_loopback
    except ValueError:
        is_local = False
    if not is_local:
        raise BadUsage(
            f"The sandbox serves this machine alone, and {address} is not a loopback address.",
            sent="The sandbox was not started.",
            remedy="Its credentials are public: use 127.0.0.1, ::1 or localhost.",
        )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _server(platform: Platform, on_ready: Callable[[], None]) -> "uvicorn.Server":
    import uvicorn  # only a sandbox that starts needs the web stack

    from tasks.sandbox.app import build_app
    from tasks.sandbox.connections import DroppableConnection

    app = build_app(platform)

    class Server(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            on_ready()

        async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
            app.release()
            await super().shutdown(sockets)

        def handle_exit(self, sig: int, frame: FrameType | None) -> None:  # noqa: ARG002 (the signature is uvicorn's)
            self.should_exit = True  # and not, as uvicorn has it, raise the signal again once all is shut down

    config = uvicorn.Config(
        app, http=DroppableConnection, ws="none", loop="asyncio", lifespan="on",
        log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_S,
    )  # fmt: skip
    return Server(config)
