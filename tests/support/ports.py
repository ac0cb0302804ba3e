"""Ports of this machine: one that nobody listens at, and one for a server that must be told its number."""

import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def unused_port() -> Iterator[int]:
    """Give a port at which nobody listens: it is held, so that nobody else can begin to."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield holder.getsockname()[1]


@contextmanager
def port_for_a_server() -> Iterator[int]:
    """Give a port for a server that cannot choose one by itself (port 0) and say which.

    It is held meanwhile, so that nobody else is given it. The server can listen there all the same: Linux lets a
    second socket have a port of which the first one does not listen, if both allow it (SO_REUSEADDR). Other systems
    do not; there it is let go.
    """
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind(("127.0.0.1", 0))
        port = holder.getsockname()[1]
        if sys.platform != "linux":
            holder.close()
        yield port
