"""Run a flow from the terminal: quiet Prefect, a progress bar, signals that end it in order, its result in words."""

import functools
import os
import subprocess
from collections.abc import Collection, Mapping
from pathlib import Path
from subprocess import DEVNULL
from types import SimpleNamespace
from typing import Any

import typer

from flows.cli import leftovers
from flows.cli.talk import say
from tasks.faults import fault_of
from tasks.model.errors import JournalLost, RosterflowError
from tasks.model.tally import TALLIES

QUIET = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
PATIENCE = {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}
"""Prefect's own 20 seconds are too few for its temporary server on a machine that is busy with other things."""

SQLITE = "sqlite+aiosqlite:///"
UNREACHABLE = "Failed to reach API"
LATE = "Timed out while attempting to connect to ephemeral"
"""How Prefect's errors begin when a server does not answer, or its temporary one not in time: they have no class."""


def run_flow(name: str, *, json: bool, strict: bool, **parameters: Any) -> None:
    """Run the flow *name*, print what came of it, and end the command with its exit code."""
    from flows.cli.outcome import finish, tell

    summary, folder, message, code = flow_outcome(name, **parameters)
    if message:
        from flows.cli.talk import complain

        complain(message)
    if not summary:
        raise typer.Exit(code)
    tell(summary, folder, json=json)
    finish(summary, strict=strict)


def flow_outcome(name: str, **parameters: Any) -> tuple[Any, Any, str, int]:
    """Run the flow *name*; return its summary and folder, what stopped it, its code.

    The folder is None if it did not begin; the summary is empty then, or if the report could not be written.
    """
    from flows.cli.talk import counting, doing

    for key, value in {**QUIET, **PATIENCE}.items():
        os.environ.setdefault(key, value)
    with doing("Starting Prefect"):
        flow = _load(name)
        _keep_server_port()
    from tasks.provision.steps import PROGRESS
    from tasks.settings import Settings

    end_leftovers(Settings().home)
    _require_database()
    _keep_server_apart(Settings().home)
    with counting("Applying") as progress:
        token = PROGRESS.set(progress)
        before = set(TALLIES)
        try:
            state = flow(**parameters, return_state=True)
        except Exception as error:  # noqa: BLE001 - whatever Prefect may come up with, the journal knows of the run
            ended = _ended_without_prefect(set(TALLIES) - before)
            if ended is None:
                raise _explained(error) from error.__cause__
            say(f"Prefect could not be told how the run ended ({fault_of(error)}).")
            return ended
        finally:
            PROGRESS.reset(token)
    return _told(state)


def _ended_without_prefect(runs: Collection[str]) -> tuple[Any, Any, str, int] | None:
    """Return how the run of this process ended, by the journal, though Prefect failed; None if it did not end."""
    from tasks.settings import Settings

    for run_id in runs:
        summary = _summary(run_id)
        if summary:
            return summary, Settings().runs / run_id, summary["run"]["message"], summary["run"]["exit_code"]
    return None


def _explained(error: Exception) -> Exception:
    """Return the error in words, where Prefect could not be reached at all; any other as it is."""
    if isinstance(error, RuntimeError) and str(error).startswith(LATE):
        return _too_late()
    if isinstance(error, RuntimeError) and str(error).startswith(UNREACHABLE):
        return RosterflowError(
            "Prefect's server does not answer.",
            remedy="Start it, or correct PREFECT_API_URL; without that, a temporary server is used. Then run the same "
            "command again.",
        )
    return error


def _too_late() -> RosterflowError:
    """Return the error of a temporary server that did not answer in time: the flow is not called before it does."""
    from prefect.settings import PREFECT_HOME, PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS

    patience_s = PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value()
    return RosterflowError(
        f"Prefect did not start within {patience_s} s.",
        remedy="Run the same command again: when this machine is less busy, if it was busy. "
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS gives it longer. If it was not, look at the folder in which "
        f"Prefect keeps its database: {PREFECT_HOME.value()}.",
    )


def _require_database() -> None:
    """Raise ``RosterflowError`` if a temporary server of Prefect is needed, and its database cannot be kept."""
    from prefect.settings import PREFECT_API_URL, PREFECT_SERVER_DATABASE_CONNECTION_URL

    from flows.cli.server_database import trouble_with

    url = str(PREFECT_SERVER_DATABASE_CONNECTION_URL.value() or "")
    if PREFECT_API_URL.value() or not url.startswith(SQLITE) or ":memory:" in url:
        return
    trouble = trouble_with(Path(url.removeprefix(SQLITE).partition("?")[0]))
    if trouble:
        raise RosterflowError(
            f"Prefect cannot start: {trouble}.",
            remedy="Make room there, or put the file right or away: Prefect makes a new one, which knows nothing of "
            "earlier flow runs. Rosterflow's own journal is another file. Then run the same command again.",
        )


def _load(name: str) -> Any:
    from flows import application, nightly

    return {"sync": nightly.sync, "apply": application.apply}[name]


def _keep_server_port() -> None:
    """Give Prefect's temporary server a port that is its own. Prefect offers no setting for this."""
    from prefect.server.api.server import SubprocessASGIServer

    from flows.cli.server_port import hold_a_port

    SubprocessASGIServer.find_available_port = lambda _: hold_a_port()  # type: ignore[assignment]


def _told(state: Any) -> tuple[Any, Any, str, int]:
    from tasks.settings import Settings

    data = state.result(raise_on_failure=False)
    if not isinstance(data, dict):  # the flow crashed: a fault of the program
        raise data if isinstance(data, BaseException) else RuntimeError(state.message)
    if data["run_id"] is None:
        return {}, None, state.message, data["exit_code"]
    summary = _summary(data["run_id"]) if state.name != JournalLost.state_name else {}
    message = summary["run"]["message"] if summary else state.message
    return summary, Settings().runs / data["run_id"], message, data["exit_code"]


def _summary(run_id: str) -> Mapping[str, Any]:
    """Return a run's summary from the journal: none where it could write no report, or the journal is lost by now."""
    from tasks.journal import Journal
    from tasks.settings import Settings

    settings = Settings()
    try:
        with Journal.open(settings.journal_place) as journal:
            return journal.run(run_id).summary
    except RosterflowError:
        return {}


def end_leftovers(home: Path) -> None:
    """End the temporary servers that killed runs of this home have left behind, and say so."""
    for pid in leftovers.end_leftovers(home):
        say(f"A Prefect server that a killed run had left behind was ended (process {pid}).")


def _keep_server_apart(home: Path) -> None:
    """Give Prefect's temporary server a session of its own, and record it, for the case that this run is killed.

    Ctrl-C reaches the whole group of the terminal. It is meant for the run, which still needs the server to end in
    order. Nor does the server hold the run's output: whoever reads that to its end would wait for the server, too.
    Prefect offers no setting for this.
    """
    from prefect.server.api import server

    own = {"start_new_session": True, "stdin": DEVNULL, "stdout": DEVNULL, "stderr": DEVNULL}
    apart = leftovers.recording(home, functools.partial(subprocess.Popen, **own))
    server.subprocess = SimpleNamespace(**vars(subprocess) | {"Popen": apart})  # type: ignore[assignment, attr-defined]
