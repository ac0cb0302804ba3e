"""The report in a real browser: it draws itself from one file, without a complaint, and asks nobody for anything."""

import http.server
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]


@dataclass(frozen=True)
class Shown:
    """A page as the browser has it once its script has run, and what its console says."""

    dom: str
    console: list[str]


@pytest.fixture
def folders(demo_runs: list[Path]) -> list[Path]:
    return demo_runs


@pytest.fixture
def show(program: Callable[[str], str], tmp_path: Path) -> Callable[[Path], Shown]:
    """Show a page in Chromium, which finds no host by any name."""
    chromium = program("chromium")

    def run(page: Path) -> Shown:
        options = [
            "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
            f"--user-data-dir={tmp_path / 'profile'}", "--enable-logging=stderr", "--v=0",
            "--virtual-time-budget=3000", "--dump-dom",
        ]  # fmt: skip
        done = subprocess.run(
            [chromium, *options, page.as_uri()], capture_output=True, text=True, timeout=120, check=True
        )
        return Shown(done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line])

    return run


def test_the_report_shows_all_its_sections_without_a_complaint(
    folders: list[Path], show: Callable[[Path], Shown]
) -> None:
    shown = show(folders[1] / "report.html")
    assert shown.console == []
    for part in ("limits", "joiners", "movers", "leavers", "held", "withheld", "mails", "about"):
        assert f'<section id="{part}"' in shown.dom
    assert '<div id="search">' in shown.dom  # the script has run: it is hidden without


def test_the_report_of_a_run_that_was_stopped_shows_the_limits_that_stopped_it(folders, show) -> None:
    shown = show(folders[4] / "report.html")
    assert shown.console == []
    assert shown.dom.count('class="broken"') == 4
    assert "Blocked, nothing sent" in shown.dom


def test_the_redacted_report_shows_the_same_sections_and_nobody(
    folders: list[Path], show: Callable[[Path], Shown]
) -> None:
    full, redacted = show(folders[1] / "report.html"), show(folders[1] / "report-redacted.html")
    assert redacted.console == []
    sections = re.compile(r'<section id="[a-z]+"')
    assert sections.findall(redacted.dom) == sections.findall(full.dom)
    assert "@acme.example" in full.dom
    assert "acme.example" not in redacted.dom


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """A web server, and what it was asked for."""
    paths: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            paths.append(self.path)
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            del format, args

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", paths
        server.shutdown()


def test_the_page_asks_nobody_for_anything_even_if_somebody_smuggles_in_a_link(folders, show, asked, tmp_path) -> None:
    url, paths = asked
    page = (folders[1] / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href|action|data)=["']?(?:https?:)?//""", page)
    assert "@import" not in page
    smuggled = f'<img src="{url}/img"><link rel="stylesheet" href="{url}/css"><script src="{url}/script"></script>'
    (tmp_path / "report.html").write_text(page.replace("<main", f"{smuggled}<main"), encoding="utf-8")

    shown = show(tmp_path / "report.html")

    assert paths == []
    assert len([line for line in shown.console if "Content Security Policy" in line]) == 3
