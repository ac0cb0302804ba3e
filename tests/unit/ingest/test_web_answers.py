"""A file from a web server is a whole answer that succeeded: a page in its place, or a part of it, is none."""

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from tasks.ingest.fetching import fetch
from tasks.model.errors import BadPipeline, RejectedSource
from tasks.model.rosters import Roster

Read = Callable[..., Roster]
PERSON = b"Employee No,Account,Department\n1,ada,IT\n"
PAGE = b"<!DOCTYPE html>\n<html><body><form>Please sign in</form></body></html>"


@pytest.fixture
def serve() -> Iterator[Callable[..., str]]:
    """Answer every request alike, and return the URL of a file there. *short* bytes of the body are kept back."""
    servers: list[tuple[ThreadingHTTPServer, threading.Thread]] = []

    def start(
        status: int, body: bytes, name: str = "staff.csv", *, short: int = 0, kind: str = "text/csv", **headers: str
    ) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response_only(302 if headers.get("Location") and self.path != "/sign-in" else status)
                for key, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
                    self.send_header(key, value)
                self.end_headers()
                self.wfile.write(body[: len(body) - short])

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        servers.append((server, thread))
        return f"http://127.0.0.1:{server.server_address[1]}/{name}"

    yield start
    for server, thread in servers:
        server.shutdown()
        thread.join()
        server.server_close()


def test_whole_file_is_read_whatever_the_server_calls_it(serve: Callable[..., str], read: Read) -> None:
    assert len(read(serve(200, PERSON, kind="text/html")).workers) == 1


@pytest.mark.parametrize("status", [201, 202, 203, 206, 207])
def test_answer_that_is_not_a_whole_file_is_refused(serve: Callable[..., str], read: Read, status: int) -> None:
    with pytest.raises(RejectedSource, match=f"cannot be fetched from .*: it answers {status}") as caught:
        read(serve(status, PERSON))
    assert caught.value.exit_code == 6


@pytest.mark.parametrize("name", ["staff.csv", "staff.xlsx", "staff.json"])
@pytest.mark.parametrize("headers", [{}, {"Location": "/sign-in"}], ids=["at once", "elsewhere"])
def test_sign_in_page_is_no_file(serve: Callable[..., str], read: Read, name: str, headers: dict[str, str]) -> None:
    with pytest.raises(RejectedSource, match="it looks like a web page"):
        read(serve(200, PAGE, name, kind="text/html", **headers))


def test_file_that_ends_before_its_length_is_refused(serve: Callable[..., str], read: Read) -> None:
    with pytest.raises(RejectedSource, match="cannot be fetched"):
        read(serve(200, PERSON + b"2,bo,IT\n", short=8))


@pytest.mark.parametrize(
    "place",
    ["${BASE}/${NAME}?token=${TOKEN}", "http://${HOST}/${NAME}?token=${TOKEN}", "${URL}", "${URL}?token=${TOKEN}"],
)
def test_a_variable_may_be_any_part_of_a_url(
    serve: Callable[..., str], make_source: Any, tmp_path: Path, place: str
) -> None:
    url = serve(200, PERSON)
    base, _, name = url.rpartition("/")
    values = {"BASE": base, "HOST": base.partition("://")[2], "NAME": name, "URL": url, "TOKEN": "s3cr3t/?#@"}
    found = fetch(make_source(place), tmp_path, lambda reference: SecretStr(values[reference[2:-1]]))
    assert found.data == PERSON


def test_a_place_that_is_no_url_with_its_variables_is_an_error_without_their_values(
    make_source: Any, tmp_path: Path
) -> None:
    with pytest.raises(BadPipeline, match="is no URL, once its variables are filled in") as caught:
        fetch(
            make_source("staff.csv?of=${URL}"), tmp_path, lambda _: SecretStr("https://hr:hunter2@acme.example/a.csv")
        )
    assert "hunter2" not in str(caught.value) + repr(caught.value.facts)
