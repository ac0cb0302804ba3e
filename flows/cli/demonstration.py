"""``demo``: two months in the life of an invented company, against a sandbox of its own."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from flows.cli.talk import say, show
from flows.samples import sample
from tasks.model.errors import BadUsage

if TYPE_CHECKING:
    from tasks.sandbox import Running

PIPELINE, ROSTER = "acme.yaml", "acme_staff.xlsx"
URL = "http://127.0.0.1:8750"
"""Where the sample pipeline expects the sandbox. If that port is taken, the demo takes a free one."""


@dataclass(frozen=True)
class Act:
    """One run of the demo: its title, the roster that HR sends, and the exit code that it must end with."""

    title: str
    roster: str
    code: int


ACTS = (
    Act("The first month: 300 people, some of whom have an account already.", "acme_staff.xlsx", 0),
    Act("The next month: joiners, movers and leavers.", "acme_staff_next.xlsx", 0),
    Act("The same roster once more.", "acme_staff_next.xlsx", 0),
    Act("A broken export: a third of the people is missing.", "acme_staff_truncated.xlsx", 6),
)
MAIN = 1
"""The act whose report is the one to look at."""


def demonstrate(port: int | None = None) -> None:
    """Play all acts and print where their reports are. Ends with code 1 if one did not end as it must.

    Without *port* the sandbox answers where the sample pipeline expects it, or at a free port.
    """
    from tasks.settings import Settings

    settings = Settings()
    home = settings.home / "demo"
    prefix = f"{'' if settings.journal_url is None else 'env -u ROSTERFLOW_JOURNAL_URL '}ROSTERFLOW_HOME={home}"
    _clear(home)
    with _sandbox(home / "sandbox.db", port) as sandbox:
        say(f"A GoTo sandbox answers on {sandbox.url}. Nothing leaves this machine.")
        (home / PIPELINE).write_text(
            sample(PIPELINE).read_text(encoding="utf-8").replace(URL, sandbox.url), encoding="utf-8"
        )
        pages = [_play(number, act, home) for number, act in enumerate(ACTS, 1)]
        shutil.copyfile(sample(ACTS[MAIN].roster), home / ROSTER)  # the last one cannot be gone on with
    _say_where(home, pages, sandbox.url, prefix)


def _clear(home: Path) -> None:
    """Start from nothing: the demo has a folder, a journal and a Prefect database of its own."""
    from flows.cli.prefect_run import end_leftovers

    if home.exists() and not (home / PIPELINE).exists():
        raise BadUsage(f"{home} is there and is not the demo's.", remedy="Name another folder by ROSTERFLOW_HOME.")
    end_leftovers(home)  # the folder knows of them
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True, mode=0o700)
    (home / PIPELINE).touch()
    os.environ["ROSTERFLOW_HOME"] = str(home)
    os.environ.pop("ROSTERFLOW_JOURNAL_URL", None)
    os.environ["PREFECT_HOME"] = str((home / "prefect").absolute())
    os.environ.pop("PREFECT_API_URL", None)  # the demo needs no server, and writes to nobody's


@contextmanager
def _sandbox(store: Path, port: int | None) -> Iterator["Running"]:
    """Serve the sample company at *port*; without one at the usual port, at any (0) if that is taken.

    Whether it is taken is seen by taking it: a second demo may start at the same moment.
    """
    from tasks.sandbox import running

    usual, state = int(URL.rsplit(":", 1)[1]), sample("acme_tenant.json")
    with ExitStack() as stack:
        try:
            sandbox = stack.enter_context(running(store, port=usual if port is None else port, state=state))
        except BadUsage as exc:
            if port is not None or exc.facts.get("port") != usual:
                raise
            sandbox = stack.enter_context(running(store, port=0, state=state))
        yield sandbox


def _play(number: int, act: Act, home: Path) -> Path:
    """Run one act; return its report."""
    from flows.cli.prefect_run import flow_outcome

    shutil.copyfile(sample(act.roster), home / ROSTER)
    say(f"\n{number}. {act.title}  (rosterflow sync {home / PIPELINE})")
    summary, folder, message, code = flow_outcome("sync", pipeline=str(home / PIPELINE))
    show(f"   {message or summary['headline']}")
    if code != act.code:
        say(f"This run ended with code {code}; it should have ended with {act.code}. Its report: {folder}")
        raise typer.Exit(1)
    page: Path = folder / "report.html"
    return page


def _say_where(home: Path, pages: list[Path], url: str, prefix: str) -> None:
    """Say where the reports are, and what to do next; *prefix* is what has a command find the demo's journal."""
    port = "" if url == URL else f" --port {url.rsplit(':', 1)[1]}"
    say("\nReports, one file each, for a browser:")
    for number, page in enumerate(pages, 1):
        say(f"  {number}. {page}")
    say(
        f"\nGo on yourself: change {home / ROSTER} (it is the second month's again), let the sandbox run in another "
        f"terminal, and sync:\n  rosterflow sandbox --store {home / 'sandbox.db'}{port}\n"
        f"  {prefix} rosterflow sync {home / PIPELINE}\n"
        f"Other commands (runs, report, accept) find these runs with the same {prefix.partition('=')[0]} before them."
    )
    show(f"\nThe month with joiners, movers and leavers, and the limits that held:\n{pages[MAIN]}")
