"""What the command says: results on stdout, talk and progress on stderr. Nothing in it steers the terminal."""

import json
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, cast

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from tasks.model.errors import OutputLost
from tasks.model.steering import printable

_WITHIN_A_LINE = re.compile(r"[^\n\t]+")


class _Stderr:
    """What is said on stderr. Where nobody listens any more it gets lost: no run is broken off for that."""

    def __getattr__(self, name: str) -> Any:
        return getattr(sys.stderr, name)

    def write(self, text: str) -> int:
        return self._heard(lambda: sys.stderr.write(text))

    def flush(self) -> None:
        self._heard(sys.stderr.flush)

    def _heard(self, say: Callable[[], Any]) -> int:
        try:
            return int(say() or 0)
        except OSError:
            discard(sys.stderr)
            return 0


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise  # it is called where the error is handled; rich's own ends the program


def discard(stream: Any) -> None:
    """Let what is still written to a stream that fails go nowhere, what waits in it included."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


_err = _Console(file=cast("IO[str]", _Stderr()), highlight=False, soft_wrap=True)
_out = _Console(highlight=False, soft_wrap=True)


def say(text: str = "") -> None:
    """Say something on stderr."""
    _err.print(_lines(text), markup=False)


def show(text: str = "") -> None:
    """Print a result on stdout. Raises ``OutputLost`` if it cannot be written."""
    with _written():
        _out.print(_lines(text), markup=False)


def show_json(value: Mapping[str, Any] | list[Any]) -> None:
    """Print a result on stdout as JSON, for other programs."""
    with _written():
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=2) + "\n")
        sys.stdout.flush()


@contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        discard(sys.stdout)
        raise OutputLost(f"The result could not be written to the output ({exc.strerror}).") from exc


def complain(text: str) -> None:
    """Say on stderr what went wrong."""
    _err.print(f"[bold red]Stopped.[/] {_escape(_lines(text))}")


@contextmanager
def doing(what: str) -> Iterator[None]:
    """Say what is being done while it lasts: a spinner on a terminal, a line elsewhere."""
    what = printable(what)
    if _err.is_terminal:
        with _err.status(Text(what)):
            yield
    else:
        say(what)
        yield


@contextmanager
def counting(what: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar for work whose size is known. Yields a function of (done, total)."""
    what = printable(what)
    if not _err.is_terminal:
        yield _milestones(what)
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=_err, transient=True) as bar:
        task = bar.add_task(_escape(what), total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _milestones(what: str) -> Callable[[int, int], None]:
    """Say every tenth part: a log is no place for a bar."""
    said = -1

    def tell(done: int, total: int) -> None:
        nonlocal said
        tenth = 10 * done // total if total else 10
        if tenth > said:
            said = tenth
            say(f"{what}: {done} of {total}")

    return tell


def _lines(text: str) -> str:
    """Return text without what would steer a terminal, but for the ends of its lines and tabs."""
    return _WITHIN_A_LINE.sub(lambda part: printable(part[0]), text)


def _escape(text: str) -> str:
    return text.replace("[", r"\[")
