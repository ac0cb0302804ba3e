"""Programs that tests start: Rosterflow's command in a process of its own, and others that may not be installed."""

import os
import sys
from typing import NoReturn

import pytest

COMMAND = [sys.executable, "-c", "from flows.cli.main import app; app()"]


def missing(what: str) -> NoReturn:
    """Fail where CI is set, skip elsewhere."""
    if os.environ.get("CI"):
        pytest.fail(f"{what}, and CI is set")
    pytest.skip(what)
