"""Where CI is set, a program that is missing fails its tests; elsewhere they skip."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from tasks.sandbox import running
from tests.support.office import SAMPLES
from tests.support.programs import COMMAND, missing


@pytest.fixture(scope="session")
def demo_runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The folders of the demo's runs: the first month, the next, a quiet one, one whose list was refused. And of the
    one that follows when somebody accepts that list: the limits stop it.

    Processes that test side by side share one demo: the first to ask plays it.
    """
    together = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        together = together.parent
    played = together / "demo-played"
    with FileLock(together / "demo.lock"):
        if not played.exists():
            _play(together)
            played.touch()
    return sorted((together / "demo" / "runs").iterdir())


def _play(folder: Path) -> None:
    environ = {**os.environ, "ROSTERFLOW_HOME": str(folder)}

    def run(*words: str, code: int = 0) -> None:
        done = subprocess.run([*COMMAND, *words], cwd=folder, env=environ, capture_output=True, timeout=240, text=True)
        assert done.returncode == code, done.stderr

    run("demo", "--port", "0")
    home = folder / "demo"
    environ |= {"ROSTERFLOW_HOME": str(home), "PREFECT_HOME": str(home / "prefect")}
    shutil.copyfile(SAMPLES / "acme_staff_truncated.xlsx", home / "acme_staff.xlsx")
    pipeline = home / "acme.yaml"
    text = pipeline.read_text(encoding="utf-8")
    [url] = re.findall(r'api: "(http://127\.0\.0\.1:\d+)', text)
    with running(home / "sandbox.db") as sandbox:  # the demo's port may be another's by now
        pipeline.write_text(text.replace(url, sandbox.url), encoding="utf-8")
        run("accept", "latest", "--by", "Ida Test", "--reason", "to see the limits")
        run("sync", str(pipeline), code=5)


@pytest.fixture(scope="session")
def program() -> Callable[[str], str]:
    """Return the path of a program by its name."""

    def find(name: str) -> str:
        return shutil.which(name) or missing(f"{name} is not installed")

    return find


@pytest.fixture(scope="session")
def public_file() -> Callable[[str], Path]:
    """Return the path of a public roster, from the folder that ROSTERFLOW_PUBLIC_DATA names or beside the checkout."""

    def find(name: str) -> Path:
        beside = Path(__file__).parents[3] / "shared" / "data" / "public"
        path = Path(os.environ.get("ROSTERFLOW_PUBLIC_DATA", beside)) / name
        return path if path.exists() else missing(f"the public roster {name} is not there")

    return find
