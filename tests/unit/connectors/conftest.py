"""A scripted GoTo, and clients of it."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tasks.connectors.goto import GotoConnector
from tests.support.scripted_goto import ScriptedGoto, Seen, connector, serving


@pytest.fixture
def goto() -> Iterator[ScriptedGoto]:
    """A server that gives out the tokens at-1, at-2, ... and answers 404 to all that the test does not script."""
    script = ScriptedGoto()
    numbers = itertools.count(1)

    def token(request: Seen) -> Any:
        return 200, {"access_token": f"hush-at-{next(numbers)}", "token_type": "Bearer", "expires_in": 3600}

    script.on("POST", "^/oauth/token$", token)
    with serving(script):
        yield script


@pytest.fixture
def client() -> Callable[..., GotoConnector]:
    return connector
