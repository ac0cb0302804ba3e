"""Tests stand apart: from the user's own settings and folders, and from a second run of them on the same machine."""

import ast
import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
HOMES = ("HOME", "PREFECT_HOME", "ROSTERFLOW_HOME")
SOURCES = sorted([*(ROOT / "tests").rglob("*.py"), ROOT / "conftest.py"])
PORT_OPTIONS = {"--port", "-p"}


def environment_of_a_test(tmp_path: Path, **environ: str) -> dict[str, str]:
    """Return the environment that a test finds where pytest was started in this one."""
    probe = tmp_path / "test_probe.py"
    probe.write_text(
        "import json, os\nfrom pathlib import Path\n"
        "def test_probe():\n    Path(__file__).with_name('found.json').write_text(json.dumps(dict(os.environ)))\n",
        encoding="utf-8",
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "conftest", "-c", "pyproject.toml"]
    done = subprocess.run(
        [*command, str(probe)], cwd=ROOT, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    found: dict[str, str] = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    return found


def test_no_setting_of_the_user_reaches_a_test_and_no_test_the_users_folders(tmp_path: Path) -> None:
    theirs = {name: str(tmp_path / "users") for name in HOMES}
    further = {"PREFECT_API_URL": "http://127.0.0.1:1/api", "ROSTERFLOW_JOURNAL_URL": "sqlite:///mine.db"}

    found = environment_of_a_test(tmp_path, **theirs, **further, ROSTERFLOW_EFFORT="2")

    assert further.keys() & found.keys() == set()
    assert found["ROSTERFLOW_EFFORT"] == "2"
    homes = [Path(found[name]) for name in HOMES]
    assert [home for home in homes if home.is_relative_to(tmp_path)] == []
    assert [home for home in homes if home.parent.exists()] == [], "the folder of a run is left behind"


def test_prefect_was_not_imported_before_its_home_was_set() -> None:
    import prefect.settings

    assert prefect.settings.get_current_settings().home == Path(os.environ["PREFECT_HOME"])


@pytest.mark.parametrize("name", HOMES)
def test_this_run_has_a_home_of_its_own(name: str) -> None:
    home = Path(os.environ[name])
    assert home.is_absolute()
    assert home.parent.name.startswith("rosterflow-tests-")
    assert home.is_relative_to(tempfile.gettempdir())


def fixed_ports(tree: ast.AST) -> Iterator[tuple[int, object]]:
    """Yield line and port of what looks like a server on a port that is fixed."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            places = [word.value for word in node.keywords if word.arg == "port"]
            if called in {"bind", "create_server", "start_server", "ThreadingHTTPServer", "HTTPServer"}:
                places += [cell for value in node.args if isinstance(value, ast.Tuple) for cell in value.elts[1:]]
            if called in {"create_server", "start_server"}:
                places += node.args[2:3]
            yield from ((node.lineno, place.value) for place in places if _is_fixed(place))
        if isinstance(node, ast.List | ast.Tuple | ast.Call):
            words = node.args if isinstance(node, ast.Call) else node.elts
            for option, place in itertools.pairwise(words):
                if isinstance(option, ast.Constant) and option.value in PORT_OPTIONS and _is_fixed(place):
                    yield node.lineno, place.value


def _is_fixed(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and str(node.value).isdigit() and int(str(node.value)) > 1


@pytest.mark.parametrize(
    "code",
    [
        "listener.bind(('127.0.0.1', 8750))",
        "running(store, port=8750)",
        "run('sandbox', '--port', '8750')",
        "command = ['server', 'start', '--port', '4200']",
        "ThreadingHTTPServer(('127.0.0.1', 8000), Handler)",
        "asyncio.start_server(serve, '127.0.0.1', 5432)",
    ],
)
def test_a_fixed_port_would_be_found(code: str) -> None:
    assert list(fixed_ports(ast.parse(code)))


@pytest.mark.parametrize("code", ["listener.bind(('127.0.0.1', 0))", "running(store)", "run('--port', port)"])
def test_a_free_port_is_none_that_is_fixed(code: str) -> None:
    assert not list(fixed_ports(ast.parse(code)))


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_server_of_a_test_has_a_fixed_port(path: Path) -> None:
    assert list(fixed_ports(ast.parse(path.read_text(encoding="utf-8")))) == []
