"""The command's entry: its groups of commands, and how every one of them ends."""

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from flows.cli import accepting, doctor, history, inspection, planning, sandbox, sending
from flows.cli.talk import complain, say
from tasks.model.errors import RosterflowError
from tasks.model.sent import NOTHING, SENT_UNKNOWN, Sent
from tasks.model.tally import TALLIES

STOPPED = 4

CANNOT_SEND = (doctor, inspection, planning, accepting)
"""Modules whose commands have no way to change anything in a target."""

MAY_SEND = frozenset({"sync", "apply", "demo"})


class Commands(TyperGroup):
    """Ends each command with the exit code of what stopped it. Never a traceback for a user's mistake."""

    def invoke(self, ctx: Any) -> Any:
        logging.getLogger("stamina").setLevel(logging.ERROR)  # a retry that helps is no news
        begun = frozenset(TALLIES)  # by another command of this process, as tests have it
        try:
            with _terminated_like_interrupted():
                return super().invoke(ctx)
        except RosterflowError as error:
            sent = _what_was_sent(ctx.invoked_subcommand, begun)
            error.sent = _said(error, ctx.invoked_subcommand) if sent is None else str(sent)
            complain(str(error))
            if "report" in error.facts:
                say(f"Report: {error.facts['report']}")
            if error.exit_code == RosterflowError.exit_code and _debugging():
                raise
            raise typer.Exit(error.exit_code) from None
        except KeyboardInterrupt:  # flows see to signals themselves, once they may send something
            sent = _what_was_sent(ctx.invoked_subcommand, begun)
            complain(f"A signal ended the command. {sent or ''}".strip())
            raise typer.Exit(STOPPED) from None
        except BrokenPipeError:
            raise
        except Exception as error:
            if isinstance(error, typer.Abort) or hasattr(error, "exit_code"):  # a usage error, which knows its end
                raise
            if _debugging():
                raise
            from tasks.faults import fault_of

            sent = _what_was_sent(ctx.invoked_subcommand, begun)
            go_on = "The same command goes on from there." if sent and sent.recorded else ""
            what, report_it = f"An unexpected error ({fault_of(error)}).", "Set ROSTERFLOW_DEBUG=1 to see the traceback"
            complain(" ".join(filter(None, (what, str(sent or ""), go_on, f"{report_it}, and please report it."))))
            raise typer.Exit(1) from None


def _what_was_sent(command: str | None, before: frozenset[str]) -> Sent | None:
    """Return what is known of what a command sent; None for one that has nothing to do with sending."""
    if command in _NAMES_THAT_CANNOT_SEND:
        return NOTHING
    if command not in MAY_SEND:
        return None
    if before >= TALLIES.keys():  # none was begun: nothing heavy is imported
        return NOTHING
    from flows.sent import sent_since

    return sent_since(before)


def _said(error: RosterflowError, command: str | None) -> str:
    """Return what an error of a command that sends nothing says of it: of another run, or, if of itself, nothing."""
    return "" if command in _NAMES_THAT_TELL and error.sent == SENT_UNKNOWN else error.sent


def _debugging() -> bool:
    return bool(os.environ.get("ROSTERFLOW_DEBUG"))


@contextmanager
def _terminated_like_interrupted() -> Iterator[None]:
    """Let SIGTERM end a command as Ctrl-C does: in order, and recorded."""
    if threading.current_thread() is not threading.main_thread():  # signals are the main thread's
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Keep the accounts, seats, roles and groups of a SaaS tenant equal to what the company's rosters say.",
    epilog="Exit codes: 0 done; 2 usage or pipeline file; 3 changes pending; 4 something was not done; 5 over a limit; "
    "6 source refused; 7 target down or refusing us; 8 locked; 9 stale plan; 1 unexpected.",
)


def _version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"rosterflow {version('rosterflow')}")
        raise typer.Exit


@app.callback()
def rosterflow(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is.")
    ] = False,
) -> None:
    """Keep the accounts, seats, roles and groups of a SaaS tenant equal to what the company's rosters say."""


_NAMES_THAT_CANNOT_SEND = frozenset(command.__name__ for module in CANNOT_SEND for command in module.COMMANDS)
_NAMES_THAT_TELL = frozenset(command.__name__ for command in history.COMMANDS)

for group in (doctor, inspection, planning, accepting, sending, history, sandbox):
    for command in group.COMMANDS:
        app.command()(command)
