"""A GoTo platform on this machine: a real HTTP server with its store in one SQLite file.

It speaks the wire format of GoTo's Admin API and token endpoint, keeps an outbox of the mails that GoTo would send,
and starts from a declared state. It shares no code with the connector, so that it cannot share its misreadings.
Every reply has the header ``X-Sandbox-Basis``: what the form of the call rests on (see ``wire.Basis``).
"""

from tasks.sandbox.declared import DeclaredState, default_state, read_state
from tasks.sandbox.serving import Running, running, serve
from tasks.sandbox.switches import Switches

__all__ = ["DeclaredState", "Running", "Switches", "default_state", "read_state", "running", "serve"]
