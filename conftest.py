"""What holds for every test of the checkout: it runs in an environment of its own, and leaves none behind.

Prefect reads its settings when it is imported, which collecting does, so this is done before: no fixture could.
"""

import gc
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

FOR_TESTS = {
    "ROSTERFLOW_EFFORT", "ROSTERFLOW_CONTRACT_URL", "ROSTERFLOW_CONTRACT_PIPELINE", "ROSTERFLOW_PICTURES",
    "ROSTERFLOW_PUBLIC_DATA", "ROSTERFLOW_COMPANY", "ROSTERFLOW_COMPANY_SEED",
}  # fmt: skip
"""What is said to the tests by the environment."""

REAL_ACCOUNT = "ROSTERFLOW_CONTRACT_PIPELINE"
"""Names an account of GoTo's to read: then the user's settings and secrets stay, and tokens are kept where they are."""

OF_THE_USER = ("ROSTERFLOW_", "PREFECT_", "XDG_")
_kept = pytest.StashKey[tuple[Path, Mapping[str, str]]]()


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Set the environment apart, in each process that tests: home, Prefect's home, Rosterflow's home."""
    folder = Path(tempfile.mkdtemp(prefix="rosterflow-tests-"))
    config.stash[_kept] = folder, dict(os.environ)
    if REAL_ACCOUNT not in os.environ:
        for name in list(_of_the_user(os.environ)):
            del os.environ[name]
        os.environ["ROSTERFLOW_HOME"] = str(folder / "data")
        os.environ["PREFECT_HOME"] = str(folder / "prefect")
        os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    (folder / "home").mkdir()
    os.environ["HOME"] = str(folder / "home")


def pytest_collection_finish() -> None:
    """Leave out of garbage collection what was imported by now: going through it again and again takes an eighth."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    folder, environ = config.stash[_kept]
    os.environ.clear()
    os.environ.update(environ)
    shutil.rmtree(folder, ignore_errors=True)  # a process that was killed may still write


def _of_the_user(environ: Mapping[str, str]) -> Iterator[str]:
    return (name for name in environ if name.startswith(OF_THE_USER) and name not in FOR_TESTS)
