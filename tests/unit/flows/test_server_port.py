"""The port of Prefect's temporary server, between the moment that it is chosen and the one that the server listens."""

import asyncio
import socket

import pytest

from flows.cli.prefect_run import _keep_server_port


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> int:
    """The port that Prefect chooses for its server in a command of ours."""
    from prefect.server.api.server import SubprocessASGIServer

    monkeypatch.setattr(SubprocessASGIServer, "find_available_port", SubprocessASGIServer.find_available_port)
    _keep_server_port()
    server = SubprocessASGIServer(port=-1)  # not the one that Prefect keeps for itself
    del SubprocessASGIServer._instances[-1]
    return server.find_available_port()


def test_no_other_program_can_take_the_port_meanwhile(port: int) -> None:
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))


def test_the_server_can_listen_there(port: int) -> None:
    async def serve() -> int:
        server = await asyncio.start_server(lambda reader, writer: writer.close(), "127.0.0.1", port)
        async with server:
            return int(server.sockets[0].getsockname()[1])

    assert asyncio.run(serve()) == port
