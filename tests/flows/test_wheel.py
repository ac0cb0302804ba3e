"""The wheel: all that the program needs is in it, and it works away from its checkout."""

import os
import subprocess
import sys
import zipfile
from importlib.metadata import distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLES = {
    path.name for path in (ROOT / "data" / "samples").iterdir() if path.suffix in {".yaml", ".csv", ".xlsx", ".json"}
}
OURS = {"flows", "tasks", "expectations"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from the checkout without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True, timeout=120)
    [path] = folder.glob("*.whl")
    return path


def test_the_wheel_holds_every_module_and_every_file_that_they_read(wheel: Path) -> None:
    inside = set(zipfile.ZipFile(wheel).namelist())
    sources = {
        path.relative_to(ROOT).as_posix()
        for package in OURS
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert sources - inside == set()
    assert {f"flows/samples/{name}" for name in SAMPLES} - inside == set()
    assert inside >= {
        "expectations/staff.json",
        "tasks/report/report.html.j2",
        "tasks/report/report.css",
        "tasks/report/report.js",
        "tasks/sandbox/default_state.json",
    }


def test_the_wheel_holds_nothing_else(wheel: Path) -> None:
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == OURS


def test_nobody_else_in_the_environment_has_packages_of_these_names() -> None:
    rivals = {
        distribution.metadata["Name"]
        for distribution in distributions()
        for path in distribution.files or ()
        if path.parts[0].removesuffix(".py") in OURS
    }
    assert rivals <= {"rosterflow"}


@pytest.mark.prove
def test_the_installed_wheel_checks_the_sample_that_it_brings(wheel: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install = ["install", "--quiet", "--no-deps", "--no-index", "--disable-pip-version-check", "--target", str(site)]
    subprocess.run([sys.executable, "-m", "pip", *install, str(wheel)], check=True, capture_output=True, timeout=120)
    program = "import flows, sys; sys.stderr.write(flows.__file__); from flows.cli.main import app; app()"
    environ = {**os.environ, "PYTHONPATH": str(site), "ROSTERFLOW_HOME": str(tmp_path / "home")}
    pipeline = site / "flows" / "samples" / "acme.yaml"

    done = subprocess.run(
        [sys.executable, "-c", program, "check", str(pipeline)],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert str(site) in done.stderr
    assert "300 rows" in done.stdout
    assert "1 held" in done.stdout
