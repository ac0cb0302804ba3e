"""Where the journal of a home is, and what tells that there was one: a new, empty one would know of nobody's account.

What tells is in two places. Beside the journal are its mark and its log. In the home are the folders of the runs and,
where the journal lies elsewhere, a note of that place: they are there when the journal's disk is not.
"""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.journal.folders import make_folder, missing_above, require_way
from tasks.journal.runstore import is_run_id
from tasks.model.errors import BadUsage
from tasks.model.journal_place import JournalPlace

BACKUP = "(docs/operations.md, Backup)"
RESTORE = f"Restore it from a backup {BACKUP}."
MARK, NOTE = ".made", "journal.place"
MARKED = """The journal beside this file is the only record of what was sent.
If it is missing or empty, restore it from a backup. Delete this file only if a new, empty journal is meant.
"""
NOTED = "The journal of this home lies there. Delete this file only if a new, empty journal is meant, or another one."
MOUNT = "If its disk is not there, mount it."
VARIABLE = "ROSTERFLOW_JOURNAL_URL"


@dataclass(frozen=True)
class Site:
    """Where the journal of a home is: *path*, all links followed, of what was *asked* for. *home* has none either."""

    home: Path
    asked: Path
    path: Path

    @property
    def own(self) -> Path:
        """Where a home has its journal unless another place is named."""
        return JournalPlace(self.home).usual

    @property
    def note(self) -> Path:
        return self.home / NOTE

    @property
    def is_elsewhere(self) -> bool:
        return self.path != self.own

    @property
    def has_own_besides(self) -> bool:
        """Whether there is a journal in the home, though another was asked for."""
        return self.is_elsewhere and self.own.is_file() and not self.own.is_symlink() and not _is_foreign(self.own)

    def beside(self, end: str) -> Path:
        return self.path.with_name(self.path.name + end)


def site_of(home: Path, asked: Path) -> Site:
    """Return where a journal is. Raises ``BadUsage`` if the home, or what leads there, is no folder."""
    require_way(home.absolute())
    return Site(Path(os.path.realpath(home)), asked.absolute(), Path(os.path.realpath(asked)))


# -- a new one --------------------------------------------------------------------------------------------------


def require_new(site: Site) -> None:
    """Raise ``BadUsage`` if the home has had a journal, or there was one at this place, or there is no folder for it.

    Only the home itself is made, if need be: that the folder of a journal elsewhere is missing may mean that its disk
    is.
    """
    traces = _traces(site)
    if traces:
        if site.path.exists():  # another process has just made it
            return
        raise _missed(site, traces)
    if site.path.parent == site.home:
        make_folder(site.home)
        return
    require_way(site.path.parent)
    folder = missing_above(site.path)
    if folder is not None:
        raise BadUsage(
            f"The journal {_named(site)} cannot be made: there is no folder {folder}.",
            remedy="If that is on another disk, mount it. If the journal is to be begun there, make the folder "
            f"{site.path.parent}; then run the command again.",
        )


def _traces(site: Site) -> list[Path]:
    """Return what is there of an earlier journal, of this place or of this home."""
    beside = [site.beside(end) for end in (MARK, "-wal")]
    own = [site.own.with_name(site.own.name + end) for end in ("", MARK, "-wal") if end or not _is_foreign(site.own)]
    files = [place for place in (*beside, *own, site.note) if place.exists() and place != site.path]
    runs = [place for place in (site.path.parent / "runs", site.home / "runs") if _has_runs(place)]
    return list(dict.fromkeys([*files, *runs]))


def _is_foreign(path: Path) -> bool:
    """Tell whether what lies there is surely no journal. A file that cannot be read may be a damaged one."""
    if not path.is_file():
        return path.exists()
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as conn:
            tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.Error:
        return False
    return bool(tables) and not {"schema_version", "runs"} <= tables


def _has_runs(folder: Path) -> bool:
    if folder.is_dir():
        return any(folder.iterdir())
    return folder.is_symlink()  # to a disk that is not there


def _missed(site: Site, traces: list[Path]) -> BadUsage:
    shown = " and ".join(str(place) for place in traces)
    anew = f"Only if a new, empty journal is meant: move {shown} away, then run the command again."
    noted = noted_place(site)
    if noted is not None and noted != site.path:
        return BadUsage(
            f"The journal {_named(site)} is missing, and that of this home is another: {noted}, as {site.note} says.",
            remedy=f"Let {VARIABLE} name that one, or move it first {BACKUP}. {anew}",
        )
    if site.own in traces and not site.own.is_symlink():
        return BadUsage(
            f"The journal {_named(site)} is missing, and the home has one of its own: {site.own}.",
            remedy=f"{MOUNT} To go on with the home's, unset {VARIABLE}. To have that elsewhere, move it there "
            f"{BACKUP}. {anew}",
        )
    folder = missing_above(site.path)
    gone = f" By now there is no folder {folder}." if folder else ""
    restore = f"{MOUNT} If it is lost, {RESTORE[0].lower()}{RESTORE[1:]}"
    return BadUsage(
        f"The journal {_named(site)} is missing, and there was one: {shown} {'are' if traces[1:] else 'is'} of that "
        f"time.{gone}",
        remedy=f"{restore if site.is_elsewhere else RESTORE} {anew}",
    )


def _named(site: Site) -> str:
    return f"{site.path} (to which {site.asked} leads)" if site.asked.is_symlink() else str(site.path)


# -- the home's -------------------------------------------------------------------------------------------------


def noted_place(site: Site) -> Path | None:
    """Return where the home has its journal as it notes; None where it notes nothing, or nothing that can be read."""
    noted = _noted(site).get("journal")
    return site.home / noted if isinstance(noted, str) else None


def require_the_homes(site: Site, knows: Callable[[str], bool]) -> None:
    """Raise ``BadUsage`` for a journal that may not be the home's. *knows* tells whether it has a run.

    It needs no proof in a home that notes no other. Elsewhere it may be an older copy, or what lies where a disk is not
    mounted; at another place than noted, or where nothing is noted, it may be another home's: then it has to know the
    home's last run.
    """
    run_id = _last_run(site)
    if run_id is not None and not knows(run_id):
        raise _not_the_homes(site, run_id)
    if run_id is None and site.has_own_besides and noted_place(site) is None:
        raise BadUsage(
            f"The home has a journal of its own, {site.own}, beside {_named(site)}.",
            remedy=f"To go on with that of the home, unset {VARIABLE}. Only if the other one is meant: move {site.own} "
            "away, then run the command again.",
        )


def _last_run(site: Site) -> str | None:
    """Return the home's last run, as far as it counts: what is noted, else, where no other place is known, by the
    folders that runs have left."""
    run = _noted(site).get("run")
    if isinstance(run, str):
        return run
    if noted_place(site) == site.path or (not site.is_elsewhere and not site.note.exists()):
        return None
    with suppress(OSError):
        return max((run.name for run in (site.home / "runs").iterdir() if is_run_id(run.name)), default=None)
    return None


def _not_the_homes(site: Site, run_id: str) -> BadUsage:
    noted, missed = noted_place(site), f"The journal {_named(site)} does not know run {run_id} of this home"
    runs = site.home / "runs"
    away = " and ".join(str(place) for place in (site.note, runs) if place.exists())
    if noted == site.path:
        return BadUsage(
            f"{missed}, which was in it: it is an older copy, or lies in the place of a disk that is not there.",
            remedy=f"{MOUNT} Only if an older copy is meant {BACKUP}: move {away} away, then run the command again.",
        )
    meant = f"Only if {site.path} is meant all the same: move"
    if noted is not None:
        return BadUsage(
            f"{missed}, whose journal is another: {noted}, as {site.note} says.",
            remedy=f"Let {VARIABLE} name that one, and mount its disk if that is not there. {meant} {away} away, "
            "then run the command again.",
        )
    if site.has_own_besides:
        return BadUsage(
            f"{missed}, which has a journal of its own: {site.own}.",
            remedy=f"To go on with that, unset {VARIABLE}. {meant} {site.own} and {runs} away, then run the command "
            "again.",
        )
    return BadUsage(
        f"{missed}.",
        remedy=f"Let {VARIABLE} name the journal of this home, and mount its disk if that is not there. {meant} {away} "
        "away, then run the command again.",
    )


def leave_marks(site: Site) -> None:
    """Leave what tells that there was a journal, should it be gone one day: beside it, and in its home."""
    mark = site.beside(MARK)
    if not mark.exists():
        _write(mark, MARKED)
    if not site.is_elsewhere:
        site.note.unlink(missing_ok=True)
    elif noted_place(site) != site.path:
        _note(site, _last_run(site))


def note_run(site: Site, run_id: str) -> None:
    """Note in the home the run that was begun last, if the journal that has it lies elsewhere."""
    if site.is_elsewhere:
        _note(site, run_id)


def _note(site: Site, run_id: str | None) -> None:
    make_folder(site.home)
    inside = site.path.is_relative_to(site.home)  # it stays true where the home is moved
    place = site.path.relative_to(site.home) if inside else site.path
    noted = {"journal": str(place), **({"run": run_id} if run_id else {}), "about": NOTED}
    _write(site.note, json.dumps(noted, indent=2) + "\n")


def _noted(site: Site) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        noted = json.loads(site.note.read_bytes())
        return noted if isinstance(noted, dict) else {}
    return {}


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all: another process may read it at this moment, and the power may fail."""
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}.part")
    with os.fdopen(os.open(part, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
