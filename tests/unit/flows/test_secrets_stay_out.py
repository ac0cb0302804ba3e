"""Where a secret may stand, its value leaves no trace: in nothing that a run leaves, says or logs, however it ends."""

import logging
import sqlite3
import zipfile
from pathlib import Path
from typing import Any

import pytest

MARKER = "s3cr3t-m4rk3r-9f2c"
PLACES: dict[str, dict[str, Any]] = {
    "the password of a URL": {"path": "http://hr:${MARKED}@127.0.0.1:1/staff.csv"},
    "the user of a URL": {"path": "http://${MARKED}@127.0.0.1:1/staff.csv"},
    "the query of a URL": {"path": "http://127.0.0.1:1/staff.csv?sig=${MARKED}"},
    "a whole URL": {"path": "${MARKED_URL}"},
    "the password of a zip file": {"path": "staff.zip", "password": "${MARKED}"},
    "the query of a database": {"database": "sqlite:///${FOLDER}/hr.db?password=${MARKED}", "query": "SELECT 1"},
    "the path of a database": {"database": "sqlite:///${FOLDER}/${MARKED}.db", "query": "SELECT 1"},
    "a whole database": {"database": "${MARKED}", "query": "SELECT 1"},
    "the host of a database": {"database": "postgresql+psycopg://u:p${MARKED}@${MARKED}/hr", "query": "SELECT 1"},
}  # fmt: skip


@pytest.fixture
def leaves_no_trace(office, monkeypatch, rosterflow, caplog):
    """Run a command and see that the marker is nowhere."""
    monkeypatch.setenv("MARKED", MARKER)
    monkeypatch.setenv("MARKED_URL", f"http://hr:{MARKER}@127.0.0.1:1/staff.csv")
    monkeypatch.setenv("FOLDER", str(office.folder))
    with zipfile.ZipFile(office.folder / "staff.zip", "w") as packed:
        packed.write(office.folder / "staff.csv", "staff.csv")
    sqlite3.connect(office.folder / "hr.db").close()

    def run(*words: str) -> int:
        caplog.set_level(logging.DEBUG)
        said = rosterflow(*words, office.save())
        code: int = said.code
        told = said.out + said.err + caplog.text
        assert MARKER not in told, told
        for path in filter(Path.is_file, office.home.rglob("*")):
            assert MARKER.encode() not in path.read_bytes(), path
        return code

    return run


def use(office: Any, place: dict[str, Any]) -> None:
    source = {name: value for name, value in office.spec["sources"][0].items() if name != "path"}
    office.spec["sources"][0] = {**source, **place}


@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in PLACES.items()])
def test_of_a_source(office, leaves_no_trace, place) -> None:
    use(office, place)
    assert leaves_no_trace("check", "--json") in (0, 2, 6)


@pytest.mark.prove
@pytest.mark.parametrize("command", ["plan", "doctor"])
@pytest.mark.parametrize("place", [pytest.param(place, id=name) for name, place in PLACES.items()])
def test_of_a_source_whatever_the_command(office, leaves_no_trace, place, command) -> None:
    use(office, place)
    assert leaves_no_trace(command) in (0, 2, 3, 6)


@pytest.mark.parametrize("name", ["client_id", "client_secret", "pat"])
def test_of_a_target(office, leaves_no_trace, monkeypatch, name) -> None:
    for variable, value in (("CLIENT", "sandbox-client"), ("SECRET", "sandbox-secret"), ("TOKEN", "sandbox-pat")):
        monkeypatch.setenv(variable, value)
    auth = {"client_id": "${CLIENT}", "client_secret": "${SECRET}", "pat": "${TOKEN}"}
    office.spec["targets"][0]["auth"] = {**auth, name: "${MARKED}"}
    assert leaves_no_trace("plan") == 7


def test_of_a_notice(office, sync, monkeypatch, caplog, tenant) -> None:
    monkeypatch.setenv("HOOK", f"{tenant.url}/{MARKER}")
    office.spec["notify"] = [{"when": ["done", "failed"], "to": "${HOOK}"}]
    caplog.set_level(logging.DEBUG)
    sync()
    assert MARKER not in caplog.text
    for path in filter(Path.is_file, office.home.rglob("*")):
        assert MARKER.encode() not in path.read_bytes(), path


def test_a_variable_that_is_refused_ends_with_code_2_and_leaves_nothing(office, leaves_no_trace) -> None:
    auth = {"client_id": "${MARKED}", "client_secret": "${MARKED}", "pat": "${MARKED}"}
    office.spec["targets"][0]["auth"] = auth
    office.spec["rules"][0]["grant"]["group"] = "team ${MARKED}"
    assert leaves_no_trace("plan") == 2
    assert office.run_folders() == []
