"""The server: what survives a restart and a death, what it refuses to start on, and its process."""

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.model.errors import BadUsage
from tasks.sandbox import Switches, running, serve
from tasks.sandbox.store import Store

QUIET = Switches(requests_per_second=None)
DEE = {"users": [{"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale"}], "licenseKeys": ["9001"]}


def signed_in(url: str) -> httpx.Client:
    form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
    reply = httpx.post(f"{url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form)
    headers = {"Authorization": f"Bearer {reply.json()['access_token']}"}
    return httpx.Client(base_url=f"{url}/admin/rest/v1/accounts/3001/", headers=headers)


def wait_for(what: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it did not come about"
        time.sleep(0.02)


@contextmanager
def process(folder: Path, *options: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A sandbox in a process of its own, and its address."""
    port_file = folder / "port"
    port_file.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tasks.sandbox", "--store", str(folder / "store.db"), "--port", "0",
               "--port-file", str(port_file), "--no-rate-limit", *options]  # fmt: skip
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        wait_for(lambda: port_file.exists() or child.poll() is not None)
        yield child, f"http://127.0.0.1:{port_file.read_text()}"
    finally:
        child.kill()
        child.communicate()


def test_everything_survives_a_restart(tmp_path: Path, state: dict[str, Any]) -> None:
    with running(tmp_path / "store.db", state=state, switches=QUIET) as sandbox, signed_in(sandbox.url) as account:
        assert sandbox.account_key == "3001"
        account.post("users", json=DEE)
        account.put("users/7002", json={"lastName": "King"})
        before, token = account.get("users").json(), account.headers["Authorization"]
        outbox = httpx.get(f"{sandbox.url}/sandbox/outbox").json()
    with running(tmp_path / "store.db", switches=QUIET) as sandbox:
        users = f"{sandbox.url}/admin/rest/v1/accounts/3001/users"
        assert httpx.get(users, headers={"Authorization": token}).json() == before
        after = httpx.get(f"{sandbox.url}/sandbox/outbox").json()
        assert [(mail["kind"], mail["time"]) for mail in after["mails"]] == [
            (mail["kind"], mail["time"]) for mail in outbox["mails"]
        ]
        link = after["mails"][0]["link"]  # leads to where the sandbox is now
        assert link.startswith(sandbox.url)
        assert "ist aktiv" in httpx.post(link, data={"password": "correct horse"}).text
        assert outbox["counts"]["welcome"] == 1


def test_roles_templates_transfers_and_webinars_survive_a_restart(tmp_path: Path, state: dict[str, Any]) -> None:
    wider = {
        **state,
        "roleSets": [{"id": "4001", "name": "Help desk"}],
        "templates": [{"key": "2001", "title": "A", "subject": "B", "text": "C"}],
        "attributes": [{"key": "3101", "name": "Desk"}],
        "otherAccounts": [{"key": "3900", "name": "Globex", "users": ["dee@acme.example"]}],
        "webinars": [
            {"key": "6001", "organizer": "7002", "subject": "A", "starts": "2100-01-01T10:00Z",
             "ends": "2100-01-01T11:00Z", "coorganizers": ["7003"]},
        ],
    }  # fmt: skip
    paths = ("users", "rolesets", "templates", "attributes", "licenses", "groups")
    with running(tmp_path / "store.db", state=wider, switches=QUIET) as sandbox, signed_in(sandbox.url) as account:
        account.post("users", json=DEE)
        account.put("rolesets/4001/users?filter=key%20eq%20%227002%22")
        account.put("users/7002", json={"customAttributes": {"Desk": "1"}})
        account.put("users/7003", json={"adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5002"]})
        httpx.post(f"{sandbox.url}/sandbox/users/7002/inactive").raise_for_status()
        before = [account.get(path).json() for path in paths]
        webinars = httpx.get(f"{sandbox.url}/sandbox/webinars").json()
    with running(tmp_path / "store.db", switches=QUIET) as sandbox, signed_in(sandbox.url) as account:
        assert [account.get(path).json() for path in paths] == before
        assert httpx.get(f"{sandbox.url}/sandbox/webinars").json() == webinars
    ada, bo, dee = (before[0]["results"][place] for place in (1, 2, 4))
    assert (ada["roleSets"], ada["customAttributes"], ada["status"]) == ("4001", {"Desk": "1"}, "INACTIVE")
    assert (bo["managedGroupKeys"], dee["pendingTransfer"]) == (["5002"], True)


def test_used_store_keeps_what_it_holds_when_the_state_is_given_again(tmp_path: Path, state: dict[str, Any]) -> None:
    for total in (5, 5):
        with running(tmp_path / "store.db", state=state, switches=QUIET) as sandbox, signed_in(sandbox.url) as account:
            account.post("users", json=DEE)
            assert account.get("users").json()["total"] == total


def test_store_of_another_account_is_refused(tmp_path: Path, state: dict[str, Any]) -> None:
    with running(tmp_path / "store.db", state=state):
        pass
    other = {**state, "account": {"key": "3002", "name": "Other"}}
    with pytest.raises(BadUsage, match=r"holds account 3001, and the declared state is of account 3002"):
        running(tmp_path / "store.db", state=other).__enter__()


def test_file_that_is_no_store_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("not a database, but long enough to be looked at" * 10)
    with pytest.raises(BadUsage, match="is not a sandbox's store"):
        running(tmp_path / "notes.txt").__enter__()
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE precious (x)")
    other.close()
    before = (tmp_path / "other.db").read_bytes()
    with pytest.raises(BadUsage, match="is a database of something else"):
        running(tmp_path / "other.db").__enter__()
    assert (tmp_path / "other.db").read_bytes() == before
    with pytest.raises(BadUsage, match="cannot be opened"):
        running(tmp_path / "notes.txt" / "store.db").__enter__()


def test_store_that_is_opened_once_more_in_the_process_keeps_its_locks(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(Store(path)) as store:
        with store.transaction() as db:
            db.execute("INSERT INTO other_accounts VALUES ('1', 'Other')")
        Store(path).close()

        held = [line.split() for line in Path("/proc/locks").read_text().splitlines()]
        ours = [lock for lock in held if lock[4] == str(os.getpid()) and lock[5].endswith(f":{path.stat().st_ino}")]
        assert ours


def test_store_of_another_version_is_refused(tmp_path: Path) -> None:
    with running(tmp_path / "store.db"):
        pass
    db = sqlite3.connect(tmp_path / "store.db")
    db.execute("PRAGMA user_version = 99")
    db.close()
    with pytest.raises(BadUsage, match="another version"):
        running(tmp_path / "store.db").__enter__()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "::", "sandbox.example", ""])
def test_host_beyond_this_machine_is_refused(tmp_path: Path, host: str) -> None:
    with pytest.raises(BadUsage, match="not a loopback address"):
        serve(tmp_path / "store.db", host=host)
    assert not (tmp_path / "store.db").exists()


def test_taken_port_is_refused_before_the_store_is_made(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(BadUsage, match=f"Port {port} of 127.0.0.1 is taken by another program.*--port.*'urls'"):
            serve(tmp_path / "store.db", port=port)
    assert not (tmp_path / "store.db").exists()


def test_process_says_where_it_serves_and_ends_in_order(tmp_path: Path, state: dict[str, Any]) -> None:
    (tmp_path / "state.json").write_text(json.dumps(state))
    with process(tmp_path, "--state", str(tmp_path / "state.json")) as (child, url):
        assert httpx.get(f"{url}/sandbox/health").json()["users"] == 4
        assert httpx.get(f"{url}/sandbox/switches").json()["requests_per_second"] is None
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=20)
    assert (child.returncode, out, err) == (0, f"{url}\n", "")
    assert not (tmp_path / "store.db-wal").exists()  # the store is one file again


def test_process_that_cannot_start_says_why_in_a_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tasks.sandbox", "--store", str(tmp_path / "store.db"), "--host", "0.0.0.0"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("The sandbox serves this machine alone")


def test_what_was_answered_survives_the_death_of_the_server(tmp_path: Path, state: dict[str, Any]) -> None:
    (tmp_path / "state.json").write_text(json.dumps(state))
    with process(tmp_path, "--state", str(tmp_path / "state.json")) as (child, url):
        with signed_in(url) as account:
            created = account.post("users", json=DEE).json()
        child.send_signal(signal.SIGKILL)
    with running(tmp_path / "store.db", switches=QUIET) as sandbox, signed_in(sandbox.url) as account:
        assert account.get(f"users/{created[0]['key']}").json()["email"] == "dee@acme.example"


def test_call_is_finished_although_the_client_is_gone(account: httpx.Client, control: httpx.Client) -> None:
    """A killed client's last request is done, wholly: the caller cannot know, and must look."""
    address = (account.base_url.host, account.base_url.port or 0)
    body = json.dumps(DEE).encode()
    head = (
        f"POST {account.base_url.raw_path.decode()}users HTTP/1.1\r\nHost: sandbox\r\n"
        f"Authorization: {account.headers['Authorization']}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    with socket.create_connection(address) as connection:
        connection.sendall(head.encode() + body)
    wait_for(lambda: control.get("health").json()["users"] == 5)
    assert control.get("outbox").json()["counts"]["welcome"] == 1


def test_call_that_came_half_is_not_done(account: httpx.Client, control: httpx.Client) -> None:
    head = f"PUT {account.base_url.raw_path.decode()}users/7002 HTTP/1.1\r\nHost: sandbox\r\n"
    rest = f"Authorization: {account.headers['Authorization']}\r\nContent-Type: application/json\r\n"
    with socket.create_connection((account.base_url.host, account.base_url.port or 0)) as connection:
        connection.sendall(f'{head}{rest}Content-Length: 99\r\n\r\n{{"lastName": "King"'.encode())
    assert control.get("health").status_code == 200
    assert account.get("users/7002").json()["lastName"] == "Byron"


def test_importing_the_sandbox_loads_no_web_stack() -> None:
    code = "import sys, tasks.sandbox; print(sorted({'fastapi', 'starlette', 'uvicorn', 'pandas'} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ)
    assert ended.stdout == "[]\n"
