"""Nights on a real Prefect server with a real worker: deployed as ``deployments/`` says, ended in every way there is.

Server and worker are processes of their own, and are killed like them.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import yaml

from tasks.sandbox import Switches, running

pytestmark = [pytest.mark.real, pytest.mark.timeout(600)]
ROOT = Path(__file__).parents[2]
PREFECT = [sys.executable, "-m", "prefect"]
ENDS = {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"}
LOST_AFTER_S = 45
"""For how long nothing may be heard of a run, in these tests. Prefect sends no heartbeats closer than 30 s."""


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def wait_for(what: str, probe: Callable[[], Any], seconds: float = 180) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = probe()
        if found:
            return found
        time.sleep(0.3)
    pytest.fail(f"{what} did not come within {seconds:.0f} s")


@dataclass
class Site:
    """A Prefect server and a process worker, with all they keep in one folder."""

    folder: Path
    environ: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *words: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [*PREFECT, *words], env=self.environ, cwd=self.folder, stdout=log, stderr=log, start_new_session=True
            )

    def start_server(self) -> None:
        port = self.environ["PREFECT_API_URL"].split(":")[2].removesuffix("/api")
        self.start("server", "server", "start", "--host", "127.0.0.1", "--port", port)
        wait_for("the Prefect server", self.is_healthy)

    def start_worker(self) -> None:
        self.start("worker", "worker", "start", "--pool", "rosterflow", "--limit", "3")

    def kill(self, name: str) -> None:
        process = self.processes.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def is_healthy(self) -> bool:
        try:
            return httpx.get(f"{self.environ['PREFECT_API_URL']}/health", timeout=2).status_code == 200
        except httpx.HTTPError:
            return False

    def prefect(self, *words: str) -> str:
        done = subprocess.run(
            [*PREFECT, *words], env=self.environ, cwd=ROOT, capture_output=True, text=True, timeout=180, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        url = f"{self.environ['PREFECT_API_URL']}/{path}"

        def asked() -> httpx.Response | None:
            answer = httpx.request(method, url, json=body, timeout=30)
            return None if answer.status_code == 503 else answer  # its database is busy

        return wait_for(f"an answer of {path}", asked).raise_for_status().json()

    def begin(self, deployment: str, env: dict[str, str], **parameters: str) -> str:
        """Start a run of a deployment; return its id."""
        found = self.ask("GET", f"deployments/name/{deployment}")
        wanted = {
            "state": {"type": "SCHEDULED"},
            "parameters": found["parameters"] | parameters,
            "job_variables": {"env": found["job_variables"].get("env", {}) | env},
            "idempotency_key": uuid4().hex,
        }
        return str(self.ask("POST", f"deployments/{found['id']}/create_flow_run", wanted)["id"])

    def run(self, run_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"flow_runs/{run_id}")
        return found

    def ended(self, run_id: str) -> dict[str, Any] | None:
        """Return a run that has ended, and whose process has."""
        run = self.run(run_id)
        return run if run["state_type"] in ENDS and not processes_of(run_id) else None

    def log_of(self, run_id: str) -> str:
        """Return what Prefect's page shows as the log of a run."""
        chosen = {"logs": {"flow_run_id": {"any_": [run_id]}}, "sort": "TIMESTAMP_ASC"}
        return "\n".join(line["message"] for line in self.ask("POST", "logs/filter", chosen))

    def workers_log(self) -> str:
        return (self.folder / "worker.log").read_text(encoding="utf-8", errors="replace")


def processes_of(run_id: str) -> list[int]:
    """Return the processes that carry out a flow run: Prefect gives its id to each by the environment."""
    mark, found = f"PREFECT__FLOW_RUN_ID={run_id}".encode(), []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                environ = (folder / "environ").read_bytes()
            except OSError:  # it has ended, or is not ours
                continue
            if mark in environ.split(b"\0"):
                found.append(int(folder.name))
    return found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A server and a worker that have been told of the nights by the commands of the README."""
    folder = tmp_path_factory.mktemp("site")
    environ = {
        **os.environ,
        "PREFECT_HOME": str(folder / "prefect"),
        "PREFECT_API_URL": f"http://127.0.0.1:{free_port()}/api",
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_WORKER_QUERY_SECONDS": "2",
        "ROSTERFLOW_HOME": str(folder / "home"),
        "ROSTERFLOW_SETTLE_S": "0.2",
        "ROSTERFLOW_DIR": str(folder),
        "ROSTERFLOW_PIPELINE": str(folder / "acme.yaml"),
    }
    made = Site(folder, environ)
    try:
        made.start_server()
        made.prefect("work-pool", "create", "--type", "process", "rosterflow")
        made.prefect("--no-prompt", "deploy", "--all", "--prefect-file", "deployments/prefect.yaml")
        made.prefect("automation", "create", "--from-file", str(hastened(folder)))
        deploy_without_limit(made)
        made.start_worker()
        yield made
    finally:
        for name in list(made.processes):
            made.kill(name)


def hastened(folder: Path) -> Path:
    """Return the automation of ``deployments/``, which waits for five minutes, as one that waits for less."""
    automation = yaml.safe_load((ROOT / "deployments/lost-runs.yaml").read_text(encoding="utf-8"))
    frequency_s = int(nightly_variables()["env"]["PREFECT_FLOWS_HEARTBEAT_FREQUENCY"])
    assert automation["trigger"]["within"] >= 3 * frequency_s, "a busy machine would lose its nights"
    automation["trigger"]["within"] = LOST_AFTER_S
    path = folder / "lost-runs.yaml"
    path.write_text(yaml.safe_dump(automation), encoding="utf-8")
    return path


def nightly_variables() -> dict[str, Any]:
    deployments = yaml.safe_load((ROOT / "deployments/prefect.yaml").read_text(encoding="utf-8"))["deployments"]
    variables: dict[str, Any] = deployments[0]["work_pool"]["job_variables"]
    return variables


def deploy_without_limit(site: Site) -> None:
    """Deploy the flows once more, for runs side by side. ``faulty`` is the nightly flow with a fault in it."""
    nightly = site.ask("GET", "deployments/name/rosterflow-sync/nightly")
    (site.folder / "faulty.py").write_text(FAULTY, encoding="utf-8")
    for flow, entrypoint in (
        ("rosterflow-sync", "flows.nightly.sync"),
        ("rosterflow-sync", "faulty.sync"),
        ("rosterflow-apply", "flows.application.apply"),
    ):
        site.ask(
            "POST",
            "deployments/",
            {
                "name": entrypoint.split(".")[0],
                "flow_id": site.ask("POST", "flows/", {"name": flow})["id"],
                "entrypoint": entrypoint,
                "pull_steps": [],
                "work_pool_name": "rosterflow",
                "job_variables": nightly["job_variables"],
            },
        )


FAULTY = """
from flows import nightly

def fails(*_):
    raise KeyError("ada.byrne@acme.example")

nightly.require_people = fails
sync = nightly.sync
"""


# Every end there is -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class End:
    """How a night is to end: exit code, type and name of its state, and how its sentence begins."""

    code: int
    type: str
    name: str
    sentence: str


ENDINGS = {
    "done": End(0, "COMPLETED", "Completed", "3 people were given access."),
    "bad pipeline": End(2, "FAILED", "Bad pipeline", "Rule 'meetings' gives Telepathy, and no licence"),
    "partial": End(4, "FAILED", "Partial", "1 person was given access. 2 people go without a seat."),
    "blocked": End(5, "FAILED", "Blocked", "The plan would create 3 accounts (limit 2). Nothing was sent."),
    "refused": End(6, "FAILED", "Source refused", "The roster staff.csv (source hr) does not exist"),
    "down": End(7, "FAILED", "Target down", "The token service at 127.0.0.1:"),
    "locked": End(8, "CANCELLED", "Locked", "Another run of pipeline 'acme' is at work since"),
    "stale": End(9, "FAILED", "Stale plan", "What the pipeline file says has changed since the plan was made:"),
}
"""By exit code of the design, section 4. 3 is for plans, which send nothing and need no worker; 1 has its own test."""


@dataclass(frozen=True)
class Nights:
    """The runs by how they ended, their logs, and what the worker logged of them all."""

    runs: dict[str, dict[str, Any]]
    logs: dict[str, str]
    offices: dict[str, Any]
    worker: str


ADMIN = {"key": "7001", "email": "breakglass@acme.example", "firstName": "Break", "lastName": "Glass"}
TENANT: dict[str, Any] = {
    "account": {"key": "3001", "name": "Acme GmbH"},
    "licences": [{"key": "9001", "description": "GoTo Meeting", "products": ["G2M"], "seats": 40}],
    "users": [{**ADMIN, "adminRoles": ["SUPER_USER"], "activated": True}],
}
STAFF = "Employee No,Address,First name,Surname\n" + "".join(
    f"{number:05},{name}@acme.example,{name.title()},Byrne\n" for number, name in enumerate(("ada", "bo", "cleo"), 1)
)


def furnished(office: Any, url: str, **changes: Any) -> Any:
    """Give an installation a pipeline for three people, each of whom gets a meeting licence, changed by *changes*."""
    office.spec = {
        "version": "1",
        "name": "acme",
        "sources": [
            {
                "name": "hr",
                "path": "staff.csv",
                "snapshot": "full",
                "columns": {
                    "external_id": "Employee No",
                    "user_name": "Address",
                    "given_name": "First name",
                    "family_name": "Surname",
                },
            }
        ],
        "rules": [{"name": "meetings", "grant": {"products": ["G2M"]}}],
        "protect": ["role:SUPER_USER"],
        "targets": [
            {
                "name": "goto",
                "kind": "goto",
                "account_key": "3001",
                "urls": {"api": url, "token": f"{url}/oauth/token"},
                "requests_per_second": 1000,
            }
        ],
        **changes,
    }
    (office.folder / "staff.csv").write_text(STAFF, encoding="utf-8")
    office.save()
    return office


@pytest.fixture(scope="module")
def nights(site: Site, new_office: Callable[[Path], Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    """Let a night end in every expected way, side by side, each with an installation and a tenant of its own."""
    offices: dict[str, Any] = {}
    with ExitStack() as stack:

        def office(name: str, seats: int = 40, **changes: Any) -> Any:
            folder = tmp_path_factory.mktemp(name.replace(" ", "_"))
            [licence] = TENANT["licences"]
            tenant = {**TENANT, "licences": [{**licence, "seats": seats}]}
            quiet = Switches(requests_per_second=None)
            sandbox = stack.enter_context(running(folder / "sandbox.db", state=tenant, switches=quiet))
            offices[name] = furnished(new_office(folder), sandbox.url, **changes)
            return offices[name]

        office("done")
        office("bad pipeline", rules=[{"name": "meetings", "grant": {"products": ["Telepathy"]}}])
        office("partial", seats=1)
        office("blocked", limits={"create": {"count": "2"}})
        (office("refused").folder / "staff.csv").unlink()
        furnished(office("down"), f"http://127.0.0.1:{free_port()}")
        office("locked")
        plan = made_plan(office("stale"))
        furnished(offices["stale"], offices["stale"].spec["targets"][0]["urls"]["api"], protect=[])
        stack.enter_context(locked(offices["locked"].home))

        begun = {
            name: site.begin("rosterflow-sync/flows", home_of(made), pipeline=str(made.pipeline))
            for name, made in offices.items()
            if name != "stale"
        }
        begun["stale"] = site.begin("rosterflow-apply/flows", home_of(offices["stale"]), plan=plan)
        runs = {name: wait_for(f"the end of '{name}'", partial(site.ended, run)) for name, run in begun.items()}
        logs = {name: site.log_of(run) for name, run in begun.items()}
        yield Nights(runs, logs, offices, site.workers_log())


def home_of(office: Any) -> dict[str, str]:
    return {"ROSTERFLOW_HOME": str(office.home)}


def made_plan(office: Any) -> str:
    """Make a plan by the command; return its run."""
    command = [sys.executable, "-c", "from flows.cli.main import app; app()", "plan", str(office.pipeline), "--json"]
    environ = os.environ | home_of(office)
    done = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 3, done.stderr
    return str(json.loads(done.stdout)["run"]["run_id"])


def locked(home: Path) -> Any:
    from tasks.journal import Journal

    stack = ExitStack()
    journal = stack.enter_context(Journal.open(home / "journal.db"))
    stack.enter_context(journal.lock("acme", datetime.now(UTC)))
    return stack


@pytest.mark.parametrize("name", ENDINGS)
def test_every_end_is_a_state_with_its_name_and_its_sentence(nights: Nights, name: str) -> None:
    run, end = nights.runs[name], ENDINGS[name]
    assert (run["state_type"], run["state_name"]) == (end.type, end.name)
    assert run["state"]["message"].startswith(end.sentence)
    assert end.sentence in nights.logs[name]


def test_no_expected_end_is_a_traceback(nights: Nights) -> None:
    for log in (nights.worker, *nights.logs.values()):
        assert log
        for sign in ("Traceback", "NoneType: None", "nexpected", "TypeError", "WARNING"):
            assert sign not in log


def test_the_journal_has_the_code_that_the_state_names(nights: Nights) -> None:
    from tasks.journal import Journal

    begun = ENDINGS.keys() - {"locked"}  # that one did not begin
    for name in begun:
        with Journal.open(nights.offices[name].home / "journal.db") as journal:
            last = journal.runs(1)[0]
        assert (last.exit_code, last.state) == (ENDINGS[name].code, ENDINGS[name].name)


def test_a_fault_of_the_program_says_where_it_is_and_nothing_of_what_it_is_about(site: Site, nights: Nights) -> None:
    office = nights.offices["done"]
    before = len(site.workers_log())
    run_id = site.begin("rosterflow-sync/faulty", home_of(office), pipeline=str(office.pipeline))
    run = wait_for("the end of the fault", lambda: site.ended(run_id))
    assert (run["state_type"], run["state_name"]) == ("FAILED", "Crashed")
    assert run["state"]["message"].startswith("An unexpected error (KeyError at flows/nightly.py:")
    said = site.log_of(run_id) + site.workers_log()[before:]
    assert "Traceback" in said
    assert "KeyError at flows/nightly.py:" in said
    assert "ada.byrne" not in said


# A whole night ------------------------------------------------------------------------------------------------------


def test_a_process_worker_carries_the_nightly_run_through(site: Site) -> None:
    with running(site.folder / "sandbox.db", state=ROOT / "data/samples/acme_tenant.json") as sandbox:
        pipeline = (ROOT / "data/samples/acme.yaml").read_text().replace("http://127.0.0.1:8750", sandbox.url)
        (site.folder / "acme.yaml").write_text(pipeline)
        (site.folder / "acme_staff.xlsx").write_bytes((ROOT / "data/samples/acme_staff.xlsx").read_bytes())
        run_id = site.begin("rosterflow-sync/nightly", {})
        run = wait_for("the end of the night", lambda: site.ended(run_id))
        assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Completed"), site.log_of(run_id)
        assert httpx.get(f"{sandbox.url}/sandbox/outbox").json()["counts"]["welcome"] == 267
    artifacts = site.ask("POST", "artifacts/filter", {"flow_runs": {"id": {"any_": [run_id]}}})
    assert {item["type"] for item in artifacts} >= {"table", "markdown"}


def test_the_deployment_is_as_its_file_says(site: Site) -> None:
    deployment = site.ask("GET", "deployments/name/rosterflow-sync/nightly")
    assert deployment["entrypoint"] == "flows.nightly.sync"
    assert deployment["pull_steps"] in ([], None)
    assert deployment["global_concurrency_limit"]["limit"] == 1
    assert deployment["concurrency_options"]["collision_strategy"] == "CANCEL_NEW"
    assert deployment["job_variables"]["env"] == nightly_variables()["env"]
    schedule = deployment["schedules"][0]["schedule"]
    assert (schedule["cron"], schedule["timezone"]) == ("0 2 * * *", "Europe/Paris")


# Killed nights ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stuck:
    """An installation whose tenant answers no write, and its sandbox."""

    office: Any
    url: str

    def begin(self, site: Site) -> str:
        return site.begin("rosterflow-sync/nightly", home_of(self.office), pipeline=str(self.office.pipeline))

    def is_in_the_midst(self) -> bool:
        """Whether a write has come, which gets no answer."""
        [rule] = httpx.get(f"{self.url}/sandbox/faults").json()["rules"]
        return bool(rule["struck"])

    def go_on(self) -> None:
        httpx.delete(f"{self.url}/sandbox/faults").raise_for_status()


@pytest.fixture
def stuck(new_office: Callable[[Path], Any], tmp_path: Path) -> Iterator[Stuck]:
    calls = {"method": ["POST", "PUT"], "path": "/accounts/**"}
    faults = {"rules": [{"on": calls, "fault": "time_out", "for_s": 300}]}
    quiet = Switches(requests_per_second=None)
    with running(tmp_path / "sandbox.db", state=TENANT, switches=quiet, faults=faults) as sandbox:
        yield Stuck(furnished(new_office(tmp_path), sandbox.url), sandbox.url)


def kill_processes_of(run_id: str) -> None:
    for pid in processes_of(run_id):
        os.kill(pid, signal.SIGKILL)


def test_a_night_whose_process_is_killed_is_crashed_and_the_next_goes_on_with_it(site: Site, stuck: Stuck) -> None:
    killed = stuck.begin(site)
    wait_for("the first write", stuck.is_in_the_midst)
    other = stuck.begin(site)
    assert wait_for("the end of the other", lambda: site.ended(other))["state_name"] == "Cancelled"

    kill_processes_of(killed)
    assert wait_for("the end of the killed", lambda: site.ended(killed))["state_type"] == "CRASHED"

    stuck.go_on()
    following = stuck.begin(site)
    run = wait_for("the end of the next", lambda: site.ended(following))
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Completed"), site.log_of(following)
    assert httpx.get(f"{stuck.url}/sandbox/outbox").json()["counts"]["welcome"] == 3


def test_a_night_that_is_lost_with_all_of_the_machine_gives_its_place_to_the_next(site: Site, stuck: Stuck) -> None:
    lost = stuck.begin(site)
    wait_for("the first write", stuck.is_in_the_midst)

    for name in ("server", "worker"):
        site.kill(name)
    kill_processes_of(lost)
    site.start_server()
    assert site.run(lost)["state_type"] == "RUNNING", "nobody could have told"
    site.start_worker()

    run = wait_for("the end of the lost", lambda: site.ended(lost), LOST_AFTER_S + 60)
    assert (run["state_type"], run["state_name"]) == ("CRASHED", "Crashed")
    assert run["state"]["message"].startswith("Nothing was heard of this run")
    stuck.go_on()
    following = stuck.begin(site)
    run = wait_for("the end of the next", lambda: site.ended(following))
    assert (run["state_type"], run["state_name"]) == ("COMPLETED", "Completed"), site.log_of(following)
    assert httpx.get(f"{stuck.url}/sandbox/outbox").json()["counts"]["welcome"] == 3


def test_a_night_that_has_ended_is_not_taken_for_lost(site: Site, nights: Nights) -> None:
    for name, run in nights.runs.items():
        now, end = site.run(run["id"]), ENDINGS[name]
        assert (now["state_type"], now["state_name"]) == (end.type, end.name)


def test_a_night_that_is_cancelled_in_prefect_ends_in_order_and_as_cancelled(
    site: Site, new_office: Callable[[Path], Any], tmp_path: Path
) -> None:
    from tasks.journal import Journal

    with running(tmp_path / "sandbox.db", state=TENANT, switches=Switches(requests_per_second=None)) as sandbox:
        office = furnished(new_office(tmp_path), sandbox.url)
        office.spec["targets"][0]["requests_per_second"] = 1
        office.save()
        run_id = site.begin("rosterflow-sync/nightly", home_of(office), pipeline=str(office.pipeline))
        wait_for("the comparison", lambda: "let pass" in site.log_of(run_id))
        site.ask("POST", f"flow_runs/{run_id}/set_state", {"state": {"type": "CANCELLING"}})
        run = wait_for("the end of the cancelled", lambda: site.ended(run_id))
    assert (run["state_type"], run["state_name"]) == ("CANCELLED", "Cancelled")
    log = wait_for("the log", lambda: site.log_of(run_id))
    assert "Traceback" not in log + site.workers_log().partition(run_id)[2]
    with Journal.open(office.home / "journal.db") as journal:
        assert (journal.runs(1)[0].exit_code, journal.runs(1)[0].state) == (4, "Partial")


# What is kept -------------------------------------------------------------------------------------------------------


def test_nothing_personal_is_in_prefects_database_or_in_the_logs(site: Site, nights: Nights) -> None:
    """Comes last: of all the nights before."""
    kept = b"".join(path.read_bytes() for path in (site.folder / "prefect").glob("prefect.db*"))
    assert nights.runs["done"]["id"].encode() in kept
    for text in (kept, site.workers_log().encode(), (site.folder / "server.log").read_bytes()):
        for part in (b"acme.example", b"Byrne", b"breakglass"):
            assert part not in text
