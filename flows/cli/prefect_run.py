"""Run a flow from the terminal: quiet Prefect, a progress bar, signals that end it in order, its result in words."""

import functools
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from subprocess import DEVNULL
from types import SimpleNamespace
from typing import Any

import typer

from flows.cli import leftovers
from flows.cli.talk import say
from tasks.model.errors import JournalLost, RosterflowError

QUIET = {
    "PREFECT_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_LOGGING_LEVEL": "CRITICAL",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
}
PATIENCE = {"PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120"}
"""Prefect's own 20 seconds are too few for its temporary server on a machine that is busy with other things."""

LATE = "Timed out while attempting to connect to ephemeral"
"""How Prefect's error begins when its temporary server does not answer in time; it has no class of its own."""


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
    _keep_server_apart(Settings().home)
    with counting("Applying") as progress:
        token = PROGRESS.set(progress)
        try:
            state = flow(**parameters, return_state=True)
        except RuntimeError as error:
            if not str(error).startswith(LATE):
                raise
            raise _too_late() from None
        finally:
            PROGRESS.reset(token)
    return _told(state)


def _too_late() -> RosterflowError:
    """Return the error of a temporary server that did not answer in time: the flow is not called before it does."""
    from prefect.settings import PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS

    patience_s = PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS.value()
    return RosterflowError(
        f"Prefect did not start within {patience_s} s.",
        remedy="Run the same command again, when this machine is less busy. "
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS gives it longer.",
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
        with Journal.open(settings.journal_url or settings.journal) as journal:
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
