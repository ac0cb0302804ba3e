"""Prefect's temporary servers that killed runs have left behind: recorded when they start, ended by the next run.

A server outlives a run that is killed, and holds some 200 MB. Its record is a file in the home: which process it is and
which run's it is, each by its id and the time it started, since ids are given again. Only a server whose run is gone is
ended, and only if it is still that very process (docs/decisions/0036).
"""

import atexit
import json
import os
import platform
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from shutil import which
from typing import Any

from tasks.journal.folders import make_folder
from tasks.model.errors import BadUsage, RosterflowError

FOLDER = "servers"
PATIENCE_S = 5.0
"""How long a server has to end by itself."""


@dataclass(frozen=True)
class Process:
    """A process: its id, and when it started, as the system tells it."""

    pid: int
    started: str

    @property
    def is_alive(self) -> bool:
        return started(self.pid) == self.started


def started(pid: int) -> str | None:
    """Return when a process started, as text that is only good to be compared; None if there is no such process.

    One that has ended and that its parent has not asked after yet is none. None too where the system does not tell.
    """
    if Path("/proc/self/stat").exists():
        return _from_proc(pid)
    return _from_ps(pid) if which("ps") else None


def _from_proc(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    state, *others = stat.rpartition(")")[2].split()  # the name before may have anything in it
    return None if state in ("Z", "X") else others[18]  # proc(5): field 22, in ticks since the machine started


def _from_ps(pid: int) -> str | None:
    command = ["ps", "-o", "stat=,lstart=", "-p", str(pid)]  # macOS, BSD
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.split(maxsplit=1)  # noqa: S603
    return None if len(said) < 2 or said[0].startswith("Z") else said[1].strip()


@cache
def place() -> dict[str, str]:
    """Return where process ids mean what they say: this machine, since it was started; in a container, that one."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    ids = Path("/proc/self/ns/pid")
    return {
        "host": platform.node(),
        "boot": boot.read_text(encoding="ascii").strip() if boot.exists() else "",
        "ids": str(ids.readlink()) if ids.is_symlink() else "",
    }


def recording(home: Path, start: Callable[..., "subprocess.Popen[Any]"]) -> Callable[..., "subprocess.Popen[Any]"]:
    """Return *start* as a function that also records in *home* what it has started, until that has ended in order."""

    def started_and_recorded(*args: Any, **kwargs: Any) -> "subprocess.Popen[Any]":
        since = started(os.getpid())
        process = start(*args, **kwargs)
        if since is None:  # Windows
            return process
        try:
            _record(home / FOLDER, process.pid, Process(os.getpid(), since))
        except (OSError, BadUsage) as error:  # nobody would know of it
            process.kill()
            process.wait()
            if isinstance(error, BadUsage):
                raise
            raise RosterflowError(
                f"Prefect's temporary server could not be recorded in {home / FOLDER}: "
                f"{error.strerror or type(error).__name__}.",
                remedy="Make room on that disk, or see to it that the folder is there and can be written. Then run the "
                "same command again.",
            ) from error
        return process

    return started_and_recorded


def _record(folder: Path, pid: int, owner: Process) -> None:
    since = started(pid)
    if since is None:  # it has ended already
        return
    server = Process(pid, since)
    make_folder(folder)
    record = folder.absolute() / f"{pid}-{owner.pid}.json"
    _write(record, {"server": asdict(server), "run": asdict(owner), **place()})
    atexit.register(_forget, record, server, owner)  # before Prefect's own, which ends the server: so it comes after


def _write(path: Path, facts: dict[str, Any]) -> None:
    part = path.with_suffix(".part")
    try:
        with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            json.dump(facts, file)
        part.replace(path)
    except OSError:
        part.unlink(missing_ok=True)
        raise


def _forget(record: Path, server: Process, owner: Process) -> None:
    """Remove the record of a server that has ended. A process that was forked from the run leaves it alone."""
    if os.getpid() == owner.pid and not server.is_alive:
        record.unlink(missing_ok=True)


def end_leftovers(home: Path) -> list[int]:
    """End the servers that killed runs of this home have left behind; return their process ids."""
    return [pid for record in sorted((home / FOLDER).glob("*.json")) if (pid := _see_to(record)) is not None]


def _see_to(record: Path) -> int | None:
    """End the server of a record if its run is gone, and remove the record; return its process id if it was ended."""
    try:
        facts = json.loads(record.read_text(encoding="utf-8"))
        server, owner = Process(**facts["server"]), Process(**facts["run"])
        there = {key: facts[key] for key in place()}
    except OSError:  # another run has just seen to it, or it is another user's
        return None
    except (ValueError, KeyError, TypeError):  # not ours, or of another version: it says of no process what it is
        return None
    if there != place():
        if there["host"] == place()["host"] and there["boot"] != place()["boot"]:  # gone as the machine was restarted
            record.unlink(missing_ok=True)
        return None
    if owner.is_alive:
        return None
    was_ended = _end(server)
    if not server.is_alive:
        record.unlink(missing_ok=True)
    return server.pid if was_ended else None


def _end(server: Process) -> bool:
    """End a process if it is still the one that was recorded; return whether that was needed and done.

    It is asked to end, and killed if it does not. A server of another user stays for that user's next run.
    """
    if not server.is_alive:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        with suppress(ProcessLookupError, PermissionError):
            os.kill(server.pid, number)
        until = time.monotonic() + PATIENCE_S
        while server.is_alive and time.monotonic() < until:
            time.sleep(0.05)
        if not server.is_alive:
            return True
    return False
