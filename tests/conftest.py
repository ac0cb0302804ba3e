"""Shared by the tests of the whole: a sandbox tenant, and an installation of Rosterflow in a folder of its own."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.support.office import SAMPLES, SANDBOX_URL, STAFF, Office, Said, pipeline_for
from tests.support.ports import unused_port
from tests.support.tenant import TENANT, Tenant


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden files anew")


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


@pytest.fixture
def unused_url() -> Iterator[str]:
    """An address at which nobody listens, and nobody else can while the test runs."""
    with unused_port() as port:
        yield f"http://127.0.0.1:{port}"
