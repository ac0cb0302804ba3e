"""A port for Prefect's temporary server that no other program can take before the server listens there.

Prefect draws a port, sees that it is free, and lets it go; the server takes it some seconds later. If another command's
server drew the same one meanwhile, Prefect took that server for ours, and lost it when the other command ended.
"""

import atexit
import socket
import sys


def hold_a_port() -> int:
    """Return a free port, and hold it for as long as this process lives.

    A server can listen there all the same: Linux lets two sockets have a port if both allow it (SO_REUSEADDR) and
    only one of them listens. Other systems do not; there the port is let go.
    """
    holder = socket.socket()
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    port: int = holder.getsockname()[1]
    if sys.platform == "linux":
        atexit.register(holder.close)
    else:
        holder.close()
    return port
