"""A machine that is too busy for Prefect's temporary server to answer in time: told as that, and nothing is sent."""

import os
import subprocess
from typing import Any

import pytest

from tests.support.programs import COMMAND


@pytest.mark.timeout(120)
@pytest.mark.prove
def test_prefect_that_does_not_start_in_time_is_told_as_that(tenant: Any, office: Any) -> None:
    environ = {
        **os.environ,
        "ROSTERFLOW_HOME": str(office.home),
        "PREFECT_HOME": str(office.home / "prefect"),
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "1",
    }
    environ.pop("PREFECT_API_URL", None)
    command = [*COMMAND, "sync", office.save()]
    said = subprocess.run(command, env=environ, cwd=office.folder, text=True, capture_output=True, check=False)
    assert said.returncode == 1
    assert "Prefect did not start within 1 s. Nothing was sent. Run the same command again" in said.stderr
    assert "unexpected" not in said.stderr
    assert "Traceback" not in said.stderr
    assert tenant.writes() == []
    assert list((office.home / "servers").iterdir()) == []  # the server was ended
