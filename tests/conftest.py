"""Shared by the tests of the whole: a sandbox tenant, and an installation of Rosterflow in a folder of its own."""

import json
import os
import shutil
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

SAMPLES = Path(__file__).parents[1] / "data" / "samples"
SANDBOX_URL = "http://127.0.0.1:8750"
"""Where the sample pipelines expect the sandbox."""

HEADINGS = ("Employee No", "Account", "First name", "Surname", "Department", "State")
STAFF = (
    ("00101", "ada.byrne", "Ada", "Byrne", "Sales", "Active"),
    ("00102", "bo.lind", "Bo", "Lind", "Sales", "Active"),
    ("00103", "cleo.ward", "Cleo", "Ward", "Support", "Active"),
    ("00104", "dag.orme", "Dag", "Orme", "Support", "Active"),
    ("00105", "eve.holt", "Eve", "Holt", "Support", "Active"),
    ("00106", "finn.rask", "Finn", "Rask", "Legal", "Active"),
)
TENANT: Mapping[str, Any] = {
    "account": {"key": "3001", "name": "Acme GmbH"},
    "licences": [
        {"key": "9001", "description": "GoTo Webinar", "products": ["G2W", "G2M"], "seats": 40},
        {"key": "9002", "description": "GoTo Meeting", "products": ["G2M"], "seats": 40},
    ],
    "groups": [{"key": "5001", "name": "Revenue"}],
    "users": [
        {"key": "7001", "email": "breakglass@acme.example", "firstName": "Break", "lastName": "Glass",
         "adminRoles": ["SUPER_USER"], "activated": True},
        {"key": "7002", "email": "bo.lind@acme.example", "firstName": "Bo", "lastName": "Lind",
         "licenceKeys": ["9002"], "activated": True},
    ],
}  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


@dataclass
class Tenant:
    """A sandbox: its control calls, and its people as an admin sees them."""

    url: str
    http: httpx.Client

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.http.request(method, f"{self.url}/sandbox/{path}", json=body).raise_for_status().json()

    def reset(self, state: Mapping[str, Any] = TENANT) -> None:
        self.control("POST", "reset", dict(state))

    def writes(self) -> list[str]:
        """Return the calls so far that change something, oldest first: ``POST /admin/...``."""
        calls = self.control("GET", "requests")["requests"]
        return [f"{call['method']} {call['path']}" for call in calls if _changes_something(call)]

    def mails(self) -> Counter[str]:
        """Count the mails in the outbox by kind."""
        return Counter(mail["kind"] for mail in self.control("GET", "outbox")["mails"])

    def mails_to(self, kind: str) -> Counter[str]:
        """Count the mails of one kind by address."""
        return Counter(mail["address"] for mail in self.control("GET", "outbox")["mails"] if mail["kind"] == kind)

    def admin(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Do what an admin does by hand."""
        form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
        token = self.http.post(f"{self.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form)
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        url = f"{self.url}/admin/rest/v1/accounts/3001/{path}"
        return self.http.request(method, url, json=body, headers=headers).raise_for_status()

    def people(self) -> dict[str, dict[str, Any]]:
        """Return every user of the tenant by address, as the Admin API has them."""
        users = self.admin("GET", "users?pageSize=1000").json()["results"]
        found = {user["email"]: user for user in users}
        assert len(found) == len(users), "an address stands in the tenant twice"
        return found


def _changes_something(call: Mapping[str, str]) -> bool:
    return call["method"] != "GET" and call["path"].startswith("/admin/")


@dataclass
class Office:
    """An installation: a folder with one pipeline file and its rosters. Its data are in ``home``."""

    folder: Path
    home: Path
    spec: dict[str, Any] = field(default_factory=dict)

    @property
    def pipeline(self) -> Path:
        return self.folder / "acme.yaml"

    def save(self) -> str:
        """Write the pipeline file, JSON being YAML too, and return its path."""
        if self.spec:
            self.pipeline.write_text(json.dumps(self.spec, indent=2), encoding="utf-8")
        return str(self.pipeline)

    def staff(self, rows: Sequence[Sequence[str]] = STAFF, headings: Sequence[str] = HEADINGS) -> None:
        """Write the roster."""
        lines = [",".join(row) for row in (headings, *rows)]
        (self.folder / "staff.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")

    def run_folders(self) -> list[Path]:
        """Return the folders of all runs, oldest first."""
        runs = self.home / "runs"
        return sorted(runs.iterdir()) if runs.is_dir() else []


def pipeline_for(url: str) -> dict[str, Any]:
    """Return the pipeline of ``STAFF`` and ``TENANT``."""
    return {
        "version": "1",
        "name": "acme",
        "sources": [
            {
                "name": "hr",
                "path": "staff.csv",
                "snapshot": "full",
                "columns": {
                    "external_id": "Employee No",
                    "user_name": {"from": "Account", "template": "{value}@acme.example"},
                    "given_name": "First name",
                    "family_name": "Surname",
                    "department": "Department",
                    "status": {"from": "State", "map": {"Active": "active", "Inactive": "inactive"}},
                },
            }
        ],
        "rules": [
            {"name": "hosts", "when": {"department": ["Sales"]}, "grant": {"products": ["G2W"], "group": "Revenue"}},
            {"name": "meetings", "when": {"department": ["Support", "Legal"]}, "grant": {"products": ["G2M"]}},
        ],
        "lifecycle": {"grace": "0d"},
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
    }


@pytest.fixture
def staff() -> Sequence[Sequence[str]]:
    """The rows of the roster that ``office`` begins with."""
    return STAFF


@pytest.fixture
def declared() -> Mapping[str, Any]:
    """The state that ``tenant`` begins with."""
    return TENANT


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tenant]:
    """One sandbox for all; ``tenant`` gives it as new."""
    from tasks.sandbox import Switches, running

    store = tmp_path_factory.mktemp("sandbox") / "sandbox.db"
    quiet = Switches(requests_per_second=None)
    with running(store, state=TENANT, switches=quiet) as server, httpx.Client(trust_env=False) as http:
        yield Tenant(server.url, http)


@pytest.fixture
def tenant(served: Tenant) -> Tenant:
    """The tenant of ``TENANT`` as it was declared: no mail sent, no call made."""
    served.reset()
    return served


@pytest.fixture(scope="session")
def findings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of findings that all installations of all workers share: Great Expectations is asked once per roster."""
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "findings"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def new_office(findings: Path) -> Callable[[Path], Office]:
    """Return a function that makes an installation in a folder."""

    def make(folder: Path) -> Office:
        home = folder / "home"
        home.mkdir(parents=True)
        (home / "cache").symlink_to(findings)
        return Office(folder, home)

    return make


@pytest.fixture
def office(
    tmp_path: Path, tenant: Tenant, new_office: Callable[[Path], Office], monkeypatch: pytest.MonkeyPatch
) -> Office:
    """A new installation with the pipeline and roster of a small company, pointed at ``tenant``."""
    made = new_office(tmp_path)
    made.spec = pipeline_for(tenant.url)
    made.staff()
    monkeypatch.setenv("ROSTERFLOW_HOME", str(made.home))
    monkeypatch.setenv("ROSTERFLOW_SETTLE_S", "0.1")
    return made


@dataclass(frozen=True)
class Said:
    """What a command said and how it ended; ``text`` and ``talk`` are one line each."""

    code: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return " ".join(self.out.split())

    @property
    def talk(self) -> str:
        return " ".join(self.err.split())


@pytest.fixture
def rosterflow() -> Callable[..., Said]:
    """Run the command in this process, as a terminal would."""
    from typer.testing import CliRunner

    from flows.cli.main import app

    def run(*words: str | Path) -> Said:
        done = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
        return Said(done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture(scope="session")
def furnish() -> Callable[..., None]:
    """Return a function that gives an installation one of the sample pipelines, with its rosters."""

    def give(office: Office, url: str, pipeline: str = "acme.yaml", *rosters: str) -> None:
        text = (SAMPLES / pipeline).read_text(encoding="utf-8").replace(SANDBOX_URL, url)
        office.pipeline.write_text(text + "    requests_per_second: 1000\n", encoding="utf-8")
        for name in rosters:
            shutil.copy(SAMPLES / name, office.folder / name)

    return give
