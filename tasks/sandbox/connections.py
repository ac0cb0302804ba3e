"""Connections that the application can drop without an answer. uvicorn itself would answer 500 for it."""

from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from tasks.sandbox.striking import CUT, Receive, Scope, Send


class DroppableConnection(H11Protocol):
    """Hands the application what drops the connection, as an extension of the scope."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        serve = self.app

        async def serve_droppable(scope: Scope, receive: Receive, send: Send) -> None:
            extensions = {**(scope.get("extensions") or {}), CUT: self._drop}
            await serve({**scope, "extensions": extensions}, receive, send)

        self.app = serve_droppable

    def _drop(self) -> None:
        self.transport.abort()
