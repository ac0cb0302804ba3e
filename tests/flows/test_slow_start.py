"""A machine that is too busy for Prefect's temporary server to answer in time: told as that, and nothing is sent."""

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from flows.cli import server_database
from flows.cli.server_database import trouble_with
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


@pytest.mark.prove
def test_prefect_whose_database_is_broken_is_not_waited_for(tenant: Any, office: Any) -> None:
    prefect = office.home / "prefect"
    prefect.mkdir()
    (prefect / "prefect.db").write_bytes(b"no database at all" * 1000)
    environ = {**os.environ, "ROSTERFLOW_HOME": str(office.home), "PREFECT_HOME": str(prefect)}
    environ.pop("PREFECT_API_URL", None)
    command = [*COMMAND, "sync", office.save()]
    said = subprocess.run(command, env=environ, cwd=office.folder, text=True, capture_output=True, check=False)
    assert said.returncode == 1
    assert f"Prefect cannot start: its database {prefect / 'prefect.db'} cannot be used" in said.stderr
    assert "Nothing was sent." in said.stderr
    assert tenant.writes() == []


def test_prefect_whose_disk_is_full_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = tmp_path / "home" / "prefect.db"
    assert trouble_with(database) == ""
    monkeypatch.setattr(server_database, "_room", lambda _: 120_000)
    assert trouble_with(database) == f"the disk of {tmp_path}, where it keeps its database, has 120 kB left"
