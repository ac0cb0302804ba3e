"""A sync that brings up Prefect's temporary server and is killed: the next one ends that server, and nothing else."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from flows.cli.leftovers import FOLDER, Process, started

COMMAND = [sys.executable, "-c", "from flows.cli.main import app; app()"]
START_S = 120.0

pytestmark = [pytest.mark.prove, pytest.mark.timeout(400)]


def test_the_server_of_a_sync_that_was_killed_is_ended_by_the_next(tenant: Any, office: Any) -> None:
    office.spec["targets"][0]["requests_per_second"] = 1
    command = [*COMMAND, "sync", office.save()]
    environ = {**os.environ, "PREFECT_HOME": str(office.home / "prefect")}
    environ.pop("PREFECT_API_URL", None)
    with subprocess.Popen(["sleep", "600"]) as bystander:
        out = subprocess.PIPE
        with subprocess.Popen(command, env=environ, cwd=office.folder, stdout=out, stderr=subprocess.STDOUT) as killed:
            wait_for_a_write(tenant, killed)
            killed.kill()
            killed.communicate(timeout=60)  # whoever reads what it says does not wait for the server that is left
        server = recorded(office.home)
        assert server.is_alive
        assert b"uvicorn" in Path(f"/proc/{server.pid}/cmdline").read_bytes()

        office.spec["targets"][0]["requests_per_second"] = 1000
        office.save()
        done = subprocess.run(command, env=environ, cwd=office.folder, text=True, capture_output=True, check=False)

        assert done.returncode == 0, done.stderr
        assert f"left behind was ended (process {server.pid})" in done.stderr
        assert not server.is_alive
        assert started(bystander.pid) is not None
        bystander.kill()
    assert list((office.home / FOLDER).iterdir()) == []


def wait_for_a_write(tenant: Any, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + START_S
    while not tenant.writes():
        assert process.poll() is None, "it ended before it was killed"
        assert time.monotonic() < until, "nothing was written"
        time.sleep(0.02)


def recorded(home: Path) -> Process:
    """Return the one server that has a record."""
    [record] = (home / FOLDER).iterdir()
    return Process(**json.loads(record.read_text(encoding="utf-8"))["server"])
