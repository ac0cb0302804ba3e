"""Real servers: S3 (moto), sftp (asyncssh), http, PostgreSQL. Each roster goes through ``rosterflow check``."""

import asyncio
import base64
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import paramiko
import pytest

from tasks.ingest import read_roster
from tasks.model.errors import RosterflowError
from tasks.pipeline_file import load_pipeline
from tasks.settings import resolve_secret
from tests.support.ports import port_for_a_server
from tests.support.programs import COMMAND

pytestmark = pytest.mark.real
PASSWORD = "geheim/mit@zeichen:1"
STAFF = "Employee No,Account,Department\n00142,ada@acme.example,IT\n1043,bob@acme.example,\n"
OLDER = "Employee No,Account,Department\n7,old@acme.example,IT\n"
PIPELINE = """version: 1
name: remote
timezone: Europe/Paris
sources:
  - name: hr
{place}
    snapshot: full
    columns: {{external_id: Employee No, user_name: Account, department: Department}}
correlate: [link, external_id]
targets:
  - {{name: goto, kind: goto, account_key: "3001", urls: {{api: "http://127.0.0.1:8750", token: "http://127.0.0.1:8750/o"}}}}
"""

Check = Callable[..., subprocess.CompletedProcess[str]]
Refused = Callable[..., None]


@pytest.fixture
def check(tmp_path: Path) -> Check:
    """Run ``rosterflow check`` on a source; no output may have the password in it."""

    def check(place: str, **environ: str) -> subprocess.CompletedProcess[str]:
        lines = "\n".join(f"    {line}" for line in place.splitlines())
        (tmp_path / "remote.yaml").write_text(PIPELINE.format(place=lines))
        known = {**os.environ, "ROSTERFLOW_HOME": str(tmp_path / "home"), "ROSTER_PW": PASSWORD, "HOME": str(tmp_path)}
        command = [*COMMAND, "check", "remote.yaml", "--json"]
        done = subprocess.run(
            command, cwd=tmp_path, env=known | environ, capture_output=True, text=True, timeout=240, check=False
        )
        kept = [path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file()]
        for secret in (PASSWORD, PASSWORD.replace("/", "%2F").replace("@", "%40").replace(":", "%3A")):
            assert secret not in done.stdout + done.stderr
            assert not [data for data in kept if secret.encode() in data]
        return done

    return check


def assert_read(done: subprocess.CompletedProcess[str], rows: int = 2) -> None:
    assert done.returncode == 0, done.stderr
    assert f'"rows": {rows}' in done.stdout.replace("\n", " ") or f"{rows} rows" in done.stderr, (
        done.stdout + done.stderr
    )


def read_source(pipeline: Path) -> None:
    read_roster(load_pipeline(pipeline, os.environ).pipeline.sources[0], pipeline.parent, resolve_secret)


@pytest.fixture
def refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Look that a source is refused in these words, and without the password. In this process: it is quicker."""

    def refused(place: str, words: str, code: int = 6, **environ: str) -> None:
        known = {"ROSTER_PW": PASSWORD, "HOME": str(tmp_path), **environ}
        for name, value in known.items():
            monkeypatch.setenv(name, value)
        lines = "\n".join(f"    {line}" for line in place.splitlines())
        (tmp_path / "remote.yaml").write_text(PIPELINE.format(place=lines))
        with pytest.raises(RosterflowError) as caught:
            read_source(tmp_path / "remote.yaml")
        said = f"{caught.value} {caught.value.facts!r}"
        assert words in said
        assert caught.value.exit_code == code
        assert PASSWORD not in said

    return refused


# http -----------------------------------------------------------------------------------------------------------------


class Reports(BaseHTTPRequestHandler):
    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        wanted = "Basic " + base64.b64encode(f"hr:{PASSWORD}".encode()).decode()
        place = self.path.partition("?")[0]
        status = 200 if self.headers.get("Authorization") == wanted or "sig=" in self.path else 401
        if place == "/absent.csv":
            status = 404
        if place == "/broken.csv":
            status = 500
        body = STAFF.encode() if status == 200 else b"<html>no</html>"
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) * (2 if place == "/cut.csv" else 1)))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def web() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Reports)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_roster_is_read_over_http(check: Check, web: str) -> None:
    assert_read(check(f'path: "http://hr:${{ROSTER_PW}}@{web}/staff.csv"'))
    assert_read(check(f'path: "http://{web}/staff.csv?v=1&sig=${{ROSTER_PW}}"'))
    assert_read(check('path: "${REPORT}"', REPORT=f"http://{web}/staff.csv?sig={PASSWORD}"))


def test_what_a_web_server_does_not_give_is_told(refused: Refused, web: str) -> None:
    user = "hr:${ROSTER_PW}@"
    refused(f'path: "http://{web}/staff.csv"', f"http://{web}/staff.csv refuses our credentials")
    refused(f'path: "http://{user}{web}/absent.csv"', f"does not exist: there is nothing at http://{web}/")
    refused(f'path: "http://{user}{web}/broken.csv"', "it answers 500")
    refused(f'path: "http://{user}{web}/cut.csv"', "cannot be fetched from")
    refused(f'path: "http://hr:x@{web}/staff.csv"', "holds a password in clear", code=2)
    refused('path: "http://127.0.0.1:1/staff.csv"', "cannot be fetched from http://127.0.0.1:1/staff.csv")


# S3 -------------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bucket() -> Iterator[dict[str, str]]:
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": "hr", "AWS_SECRET_ACCESS_KEY": PASSWORD,
        "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
    }  # fmt: skip
    fill = (
        "import boto3, os\n"
        "s3 = boto3.client('s3')\n"
        "s3.create_bucket(Bucket='acme')\n"
        f"s3.put_object(Bucket='acme', Key='out/hr_2.csv', Body={OLDER!r})\n"
        "import time; time.sleep(1.1)\n"
        f"s3.put_object(Bucket='acme', Key='out/hr_1.csv', Body={STAFF!r})\n"
    )
    subprocess.run([sys.executable, "-c", fill], env={**os.environ, **environ}, check=True, timeout=60)
    yield environ
    server.stop()


def test_a_roster_is_read_from_s3(check: Check, bucket: dict[str, str]) -> None:
    assert_read(check("path: s3://acme/out/hr_1.csv", **bucket))
    assert_read(check('path: "s3://acme/out/hr_*.csv"', **bucket))
    without = {name: value for name, value in bucket.items() if "KEY" not in name}
    assert_read(check('path: "s3://hr:${ROSTER_PW}@acme/out/hr_1.csv"', **without))


def test_what_s3_does_not_have_is_told(refused: Refused, bucket: dict[str, str]) -> None:
    refused("path: s3://acme/out/absent.csv", "does not exist: there is nothing at s3://acme/out", **bucket)
    refused('path: "s3://acme/out/pay_*.csv"', "nothing is called like s3://acme/out/pay_*.csv", **bucket)


# sftp -----------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sftp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Serve a folder with two rosters; give the port and the line for the known hosts."""
    import asyncssh

    folder = tmp_path_factory.mktemp("sftp")
    (folder / "hr_2.csv").write_text(OLDER)
    os.utime(folder / "hr_2.csv", (1_700_000_000, 1_700_000_000))
    (folder / "hr_1.csv").write_text(STAFF)
    key = asyncssh.generate_private_key("ssh-ed25519")

    connections: list[asyncssh.SSHServerConnection] = []

    class Users(asyncssh.SSHServer):
        def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
            connections.append(conn)

        def password_auth_supported(self) -> bool:
            return True

        def validate_password(self, username: str, password: str) -> bool:
            return (username, password) == ("hr", PASSWORD)

    ports: list[int] = []
    started, loop = threading.Event(), asyncio.new_event_loop()
    stop = asyncio.Event()

    async def serve() -> None:
        root = str(folder).encode()
        server = await asyncssh.create_server(
            Users,
            "127.0.0.1",
            0,
            server_host_keys=[key],
            sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=root),
        )
        ports.append(server.sockets[0].getsockname()[1])
        started.set()
        await stop.wait()
        server.close()
        for connection in connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in connections))
        await server.wait_closed()
        await asyncio.sleep(0.1)  # transports are closed in the loop's next rounds

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), daemon=True)
    thread.start()
    assert started.wait(20)
    public = key.export_public_key().decode().strip()
    yield ports[0], f"[127.0.0.1]:{ports[0]} {public}\n"
    loop.call_soon_threadsafe(stop.set)
    thread.join(10)
    loop.close()


@pytest.fixture
def known(tmp_path: Path, sftp: tuple[int, str]) -> int:
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "known_hosts").write_text(sftp[1])
    return sftp[0]


def test_a_roster_is_read_over_sftp(check: Check, known: int) -> None:
    assert_read(check(f'path: "sftp://hr:${{ROSTER_PW}}@127.0.0.1:{known}/hr_1.csv"'))
    assert_read(check(f'path: "sftp://hr:${{ROSTER_PW}}@127.0.0.1:{known}/hr_*.csv"'))


def test_what_sftp_does_not_give_is_told(refused: Refused, known: int) -> None:
    place = f"127.0.0.1:{known}"
    refused(f'path: "sftp://hr:${{OTHER}}@{place}/hr_1.csv"', "refuses our credentials", OTHER="no")
    refused(f'path: "sftp://hr:${{ROSTER_PW}}@{place}/absent.csv"', "does not exist: there is nothing at sftp")
    talking = [thread for thread in threading.enumerate() if isinstance(thread, paramiko.Transport)]
    for thread in talking:
        thread.join(5)
    assert not [thread for thread in talking if thread.is_alive()]


def test_a_server_whose_key_is_not_known_is_not_spoken_to(refused: Refused, sftp: tuple[int, str]) -> None:
    place = f'path: "sftp://hr:${{ROSTER_PW}}@127.0.0.1:{sftp[0]}/hr_1.csv"'
    refused(place, f"the key of sftp://127.0.0.1:{sftp[0]}/hr_1.csv is not known here")


# PostgreSQL -----------------------------------------------------------------------------------------------------------


def postgresql_programs() -> Path:
    """Return the folder of initdb and pg_ctl, which Debian keeps off the path."""
    from tests.support.programs import missing

    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else missing("PostgreSQL is not installed")


@contextmanager
def as_postgres() -> Iterator[list[str]]:
    """Give what goes before a command: PostgreSQL does not run as root."""
    yield ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []


@pytest.fixture(scope="module")
def postgresql() -> Iterator[int]:
    import tempfile

    programs = postgresql_programs()
    with (
        tempfile.TemporaryDirectory(prefix="rosterflow-pg-") as name,
        as_postgres() as prefix,
        port_for_a_server() as port,
    ):
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "pw").write_text(PASSWORD)
        (folder / "pw").chmod(0o644)
        data = folder / "data"

        def run(*command: str) -> None:
            subprocess.run([*prefix, *command], check=True, timeout=120, cwd=folder, stdout=subprocess.DEVNULL)

        run(str(programs / "initdb"), "-D", str(data), "-U", "hr", "-A", "scram-sha-256", f"--pwfile={folder / 'pw'}")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder}"
        run(str(programs / "pg_ctl"), "-D", str(data), "-l", str(folder / "log"), "-w", "-o", options, "start")
        try:
            fill(port)
            yield port
        finally:
            run(str(programs / "pg_ctl"), "-D", str(data), "-w", "-m", "immediate", "stop")


def fill(port: int) -> None:
    import psycopg

    with psycopg.connect(host="127.0.0.1", port=port, user="hr", password=PASSWORD, dbname="postgres") as connection:
        connection.execute("CREATE SEQUENCE drawn")
        connection.execute("CREATE TABLE staff (id text, mail text, dept text, since date)")
        connection.execute("INSERT INTO staff VALUES ('00142', 'ada@acme.example', 'IT', '2026-03-31')")
        connection.execute("INSERT INTO staff VALUES ('1043', 'bob@acme.example', NULL, NULL)")


QUERY = """query: >-
  SELECT id AS "Employee No", mail AS "Account", dept AS "Department", since::text FROM staff
  WHERE mail LIKE '%@acme.example'"""


def database(port: int, user: str = "hr:${ROSTER_PW}") -> str:
    return f'database: "postgresql+psycopg://{user}@127.0.0.1:{port}/postgres"\n'


def test_a_roster_is_read_from_postgresql(check: Check, postgresql: int) -> None:
    assert_read(check(database(postgresql) + QUERY))
    url = f"postgresql+psycopg://hr:geheim%2Fmit%40zeichen%3A1@127.0.0.1:{postgresql}/postgres"
    assert_read(check('database: "${HR_DB}"\n' + QUERY, HR_DB=url))


def test_what_postgresql_refuses_is_told(refused: Refused, postgresql: int) -> None:
    refused(database(postgresql, "hr:${NO}") + QUERY, "cannot be read from its database", NO="no")
    refused(database(1) + QUERY, "cannot be read from its database")
    absent = 'query: SELECT wage AS "Account" FROM staff'
    refused(database(postgresql) + absent, 'refuses the query: column "wage" does not exist')
    written = """query: DELETE FROM staff RETURNING mail AS "Account", id AS "Employee No", dept AS "Department" """
    refused(database(postgresql) + written, "refuses the query: syntax error")
    drawn = 'query: SELECT nextval($$drawn$$)::text AS "Account"'
    refused(database(postgresql) + drawn, "cannot be read from its database (ReadOnlySqlTransaction")


def test_a_database_that_takes_too_long_is_given_up(
    postgresql: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pydantic import SecretStr

    from tasks.ingest import database as reader
    from tasks.ingest import read_roster
    from tasks.model.errors import RejectedSource
    from tasks.model.sources import Source

    monkeypatch.setattr(reader, "ANSWER_S", 1)
    place = {
        "database": f"postgresql+psycopg://hr:${{PW}}@127.0.0.1:{postgresql}/postgres",
        "query": "SELECT pg_sleep(60)",
    }
    source = Source.model_validate({"name": "hr", "snapshot": "full", "columns": {"user_name": "a"}, **place})
    began = time.monotonic()
    with pytest.raises(RejectedSource, match="QueryCanceled"):
        read_roster(source, tmp_path, lambda _: SecretStr(PASSWORD))
    assert time.monotonic() - began < 50  # of the 60 s that it would take
