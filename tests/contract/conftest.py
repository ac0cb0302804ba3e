"""A sandbox for the contract: it runs in this process, or, where ``ROSTERFLOW_CONTRACT_URL`` says so, anywhere else on
this machine."""

import os
from collections.abc import Iterator

import httpx
import pytest

from tasks.sandbox import Switches, running
from tests.support.sandbox import STATE, Sandbox


@pytest.fixture(scope="session")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    elsewhere = os.environ.get("ROSTERFLOW_CONTRACT_URL")
    if elsewhere:
        with httpx.Client(trust_env=False) as http:
            yield Sandbox(elsewhere.rstrip("/"), http)
        return
    store = tmp_path_factory.mktemp("sandbox") / "sandbox.db"
    with running(store, state=STATE) as server, httpx.Client(trust_env=False) as http:
        yield Sandbox(server.url, http)


@pytest.fixture
def sandbox(_served: Sandbox) -> Sandbox:
    """The sandbox as new: the state above, no mails, every switch at its default, but no limit of requests."""
    _served.control("POST", "reset", STATE)
    _served.switch(**{**Switches().model_dump(mode="json"), "requests_per_second": None})
    return _served
