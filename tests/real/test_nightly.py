"""The nightly deployment on a real Prefect server: registered, picked up by a worker, carried to the sandbox."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.sandbox import running
from tests.support.ports import port_for_a_server

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect"]


def wait_for(what: str, probe: Any, seconds: float = 120) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.5)
    pytest.fail(f"{what} did not come within {seconds:.0f} s")


@pytest.fixture
def port() -> Iterator[int]:
    with port_for_a_server() as held:
        yield held


@pytest.fixture
def server(tmp_path: Path, port: int) -> Iterator[dict[str, str]]:
    """A Prefect server of its own; yields the environment to reach it."""
    environ = {
        **os.environ,
        "PREFECT_HOME": str(tmp_path / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{port}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "ROSTERFLOW_HOME": str(tmp_path / "home"),
        "ROSTERFLOW_DIR": str(tmp_path),
        "ROSTERFLOW_PIPELINE": str(tmp_path / "acme.yaml"),
    }
    command = [*PREFECT, "server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with (tmp_path / "server.log").open("wb") as log:
        process = subprocess.Popen(command, env=environ, stdout=log, stderr=log, start_new_session=True)
    try:
        wait_for("the Prefect server", lambda: healthy(environ["PREFECT_API_URL"]))
        yield environ
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def healthy(url: str) -> bool:
    try:
        return httpx.get(f"{url}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


def prefect(environ: dict[str, str], *arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [*PREFECT, *arguments], env=environ, cwd=cwd, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_a_process_worker_carries_the_nightly_run_through(server: dict[str, str], tmp_path: Path) -> None:
    with running(tmp_path / "sandbox.db", state=ROOT / "data/samples/acme_tenant.json") as sandbox:
        pipeline = (ROOT / "data/samples/acme.yaml").read_text().replace("http://127.0.0.1:8750", sandbox.url)
        (tmp_path / "acme.yaml").write_text(pipeline)
        (tmp_path / "acme_staff.xlsx").write_bytes((ROOT / "data/samples/acme_staff.xlsx").read_bytes())
        prefect(server, "work-pool", "create", "--type", "process", "rosterflow", cwd=tmp_path)
        file = str(ROOT / "deployments/prefect.yaml")
        prefect(server, "--no-prompt", "deploy", "--all", "--prefect-file", file, cwd=ROOT)
        run_id = start_run(server)
        worker = [*PREFECT, "worker", "start", "--pool", "rosterflow", "--run-once"]
        done = subprocess.run(
            worker, env=server, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
        )
        run = wait_for("the end of the run", lambda: ended(server, run_id))
        assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Completed"), done.stdout + done.stderr
        mails = httpx.get(f"{sandbox.url}/sandbox/outbox").json()["counts"]
        assert mails["welcome"] == 267
    assert_nothing_personal_is_stored(server, run)


def start_run(environ: dict[str, str]) -> str:
    """Start a run of the deployment, after seeing that it is what prefect.yaml says."""
    url = environ["PREFECT_API_URL"]
    deployment = httpx.get(f"{url}/deployments/name/rosterflow-sync/nightly").json()
    assert deployment["entrypoint"] == "flows.nightly.sync"
    assert deployment["pull_steps"] in ([], None)
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    schedule = deployment["schedules"][0]["schedule"]
    assert (schedule["cron"], schedule["timezone"]) == ("0 2 * * *", "Europe/Paris")
    state = {"state": {"type": "SCHEDULED"}}
    return str(httpx.post(f"{url}/deployments/{deployment['id']}/create_flow_run", json=state).json()["id"])


def ended(environ: dict[str, str], run_id: str) -> dict[str, Any] | None:
    run: dict[str, Any] = httpx.get(f"{environ['PREFECT_API_URL']}/flow_runs/{run_id}").json()
    return run if run["state_type"] in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else None


def assert_nothing_personal_is_stored(environ: dict[str, str], run: dict[str, Any]) -> None:
    """No name and no address is in Prefect's database, and the run's figures are shown as artifacts."""
    url = environ["PREFECT_API_URL"]
    artifacts = httpx.post(f"{url}/artifacts/filter", json={"flow_runs": {"id": {"any_": [run["id"]]}}}).json()
    assert {item["type"] for item in artifacts} >= {"table", "markdown"}
    logs = httpx.post(f"{url}/logs/filter", json={}).json()
    everything = json.dumps([run, artifacts, logs])
    assert "acme.example" not in everything
    database = Path(environ["PREFECT_HOME"]) / "prefect.db"
    assert b"acme.example" not in database.read_bytes()
