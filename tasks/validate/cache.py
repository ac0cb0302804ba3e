"""Keep what checks found in a roster, so that the same roster with the same checks need not be checked again.

An entry holds positions and codes, no cells; those are taken from the roster when it is read back. It is named by all
that the findings depend on, so it is never wrong, only missing. Refusals are not kept.
"""

import hashlib
import importlib.metadata
import io
import logging
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from importlib.resources import files
from pathlib import Path

import pandas as pd

from tasks.model.plan import canonical
from tasks.model.rosters import Roster, Verdict
from tasks.model.tables import DATE_ATTRIBUTES, FINDINGS
from tasks.validate.leavers import GONE, TODAY, gone
from tasks.validate.suites import Suite
from tasks.validate.validation import find
from tasks.validate.verdicts import judge

MOST_ENTRIES = 50
OLD_PART_S = 24 * 3600
"""An entry that has been written for so long is that of a run that was killed."""
_LIBRARIES = (
    "rosterflow", "great-expectations", "pandas", "numpy", "pyarrow", "email-validator", "idna",
    "confusable-homoglyphs",
)  # fmt: skip
_SUFFIX = ".findings"
_log = logging.getLogger(__name__)


def cached_validate(roster: Roster, suite: Suite, headings: Mapping[str, str], today: date, cache_dir: Path) -> Verdict:
    """Return what ``validate`` returns, without Great Expectations if the same was found before.

    *cache_dir* is made if need be (mode 0700) and keeps the ``MOST_ENTRIES`` last used entries. An entry that cannot
    be read is made again; one that cannot be written is done without. What a suite asks the DNS is not kept. Raises
    what ``validate`` raises.
    """
    if suite.asks_others:
        return judge(roster, find(roster, suite, headings, today), today)
    entry = cache_dir / (content_key(roster, suite, headings, today) + _SUFFIX)
    findings = _read(entry)
    if findings is None:
        findings = find(roster, suite, headings, today)
        _write(entry, findings)
    return judge(roster, findings, today)


def content_key(roster: Roster, suite: Suite, headings: Mapping[str, str], today: date) -> str:
    """Return a digest of all that the findings depend on.

    The rows themselves are in it, not only the file's hash and the mapping's: so a change in how files are read
    is one too. The day is only if the suite asks for it and there are dates to come; else only who has left by then.
    """
    digest = hashlib.sha256()
    facts = [roster.source, roster.file, roster.sheet, roster.sha256, list(roster.mapped), roster.rows]
    versions = {name: importlib.metadata.version(name) for name in _LIBRARIES}
    day = today.isoformat() if _minds_the_day(roster, suite, today) else None
    parts = [facts, dict(headings), suite.label, suite.text, versions, sys.version_info[:2], day]
    digest.update(canonical(parts).encode())
    for package in ("expectations", "tasks.validate"):
        for module in sorted(files(package).iterdir(), key=lambda entry: entry.name):
            if module.name.endswith(".py"):
                digest.update(f"\0{package}/{module.name}\0".encode() + module.read_bytes())
    rows = roster.workers[["row", *sorted(roster.mapped)]]
    digest.update(_arrow_bytes(rows.assign(**{GONE: gone(roster.workers, today)})))
    return digest.hexdigest()


def _minds_the_day(roster: Roster, suite: Suite, today: date) -> bool:
    """Say whether another day could find something else: dates that are over stay so."""
    dates = [name for name in DATE_ATTRIBUTES if name in roster.mapped]
    if not any(TODAY in check.columns for check in suite.checks):
        return False
    return bool((roster.workers[dates].fillna("") > today.isoformat()).any(axis=None))


def _arrow_bytes(table: pd.DataFrame) -> bytes:
    import pyarrow as pa

    arrow = pa.Table.from_pandas(table, preserve_index=False).combine_chunks().replace_schema_metadata(None)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, arrow.schema) as stream:
        stream.write_table(arrow)
    return bytes(sink.getvalue())


def _read(entry: Path) -> pd.DataFrame | None:
    """Return the findings kept in *entry*, None if there are none or they are damaged. Marks the entry as used."""
    try:
        stored = entry.read_bytes()
        seal, content = stored[:32], stored[32:]
        if hashlib.sha256(content).digest() != seal:
            return None
        entry.touch()
    except OSError:
        return None
    return FINDINGS.conform(pd.read_parquet(io.BytesIO(content)))


def _write(entry: Path, findings: pd.DataFrame) -> None:
    content = findings.to_parquet(None, index=False)
    try:
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        entry.parent.chmod(0o700)
        _replace(entry, hashlib.sha256(content).digest() + content)
        _drop_old(entry.parent)
    except OSError as exc:
        _log.warning("What was found is not kept for the next run: %s (%s)", exc.strerror, entry.parent)


def _replace(path: Path, content: bytes) -> None:
    """Write a file whole or not at all, readable by its owner only."""
    handle, part = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(part).replace(path)
    except BaseException:
        Path(part).unlink(missing_ok=True)
        raise


def _drop_old(folder: Path) -> None:
    entries = [(entry.stat().st_mtime_ns, entry.name, entry) for entry in folder.glob("*" + _SUFFIX)]
    for _, _, entry in sorted(entries, reverse=True)[MOST_ENTRIES:]:
        entry.unlink(missing_ok=True)
    for part in folder.glob(".*.part"):
        with suppress(FileNotFoundError):  # it has just got its name
            if part.stat().st_mtime < time.time() - OLD_PART_S:
                part.unlink()
