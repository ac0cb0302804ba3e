"""What one stage of a run leaves for the next, in the run's folder: rosters, verdicts, the target's state, limits."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields

from tasks.journal.runstore import RunFolder
from tasks.model.plan import LimitReading
from tasks.model.rosters import Roster, Verdict
from tasks.model.state import TargetState

_STATE = tuple(field.name for field in fields(TargetState))


def save_roster(folder: RunFolder, roster: Roster) -> None:
    """Leave a roster as ``<source>.raw``, ``.workers``, ``.mapping`` and ``<source>.json``."""
    name = roster.source
    folder.save_table(f"{name}.raw", roster.raw)
    folder.save_table(f"{name}.workers", roster.workers)
    folder.save_table(f"{name}.mapping", roster.findings)
    facts = {"source": name, "file": roster.file, "sheet": roster.sheet, "sha256": roster.sha256}
    folder.write_bytes(
        f"{name}.json", json.dumps(facts | {"mapped": roster.mapped, "skipped": roster.skipped}).encode()
    )


def load_roster(folder: RunFolder, source: str) -> Roster:
    """Return the roster that ``save_roster`` left. Raises ``BadUsage`` if there is none."""
    facts = json.loads(folder.path(f"{source}.json").read_bytes())
    return Roster(
        raw=folder.load_table(f"{source}.raw"),
        workers=folder.load_table(f"{source}.workers"),
        findings=folder.load_table(f"{source}.mapping"),
        **facts | {"mapped": tuple(facts["mapped"])},
    )


def save_verdict(folder: RunFolder, source: str, verdict: Verdict) -> None:
    """Leave a verdict as ``<source>.clean``, ``.held`` and ``.findings``."""
    for name, table in vars(verdict).items():
        folder.save_table(f"{source}.{name}", table)


def load_verdict(folder: RunFolder, source: str) -> Verdict:
    """Return the verdict that ``save_verdict`` left. Raises ``BadUsage`` if there is none."""
    return Verdict(*(folder.load_table(f"{source}.{name}") for name in ("clean", "held", "findings")))


def save_state(folder: RunFolder, state: TargetState) -> None:
    """Leave the target's state, a file for each of its tables."""
    for name in _STATE:
        folder.save_table(f"target.{name}", getattr(state, name))


def load_state(folder: RunFolder) -> TargetState:
    """Return the state that ``save_state`` left. Raises ``BadUsage`` if there is none."""
    return TargetState(*(folder.load_table(f"target.{name}") for name in _STATE))


def save_limits(folder: RunFolder, readings: Iterable[LimitReading]) -> None:
    """Leave what the limits read as ``limits.json``."""
    folder.write_bytes("limits.json", json.dumps([asdict(reading) for reading in readings]).encode())


def load_limits(folder: RunFolder) -> list[LimitReading]:
    """Return the readings that ``save_limits`` left, none if there are none."""
    path = folder.path("limits.json")
    return [LimitReading(**item) for item in json.loads(path.read_bytes())] if path.exists() else []
