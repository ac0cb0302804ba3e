"""What one stage of a run leaves for the next, in the run's folder: rosters, verdicts, the target's state, limits."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any
from zipfile import is_zipfile

from tasks.journal.runstore import RunFolder
from tasks.model.errors import BadUsage
from tasks.model.pipeline import Pipeline, shares
from tasks.model.plan import LimitReading
from tasks.model.rosters import Roster, Verdict
from tasks.model.state import TargetState
from tasks.model.wholes import Comparison, FileProfile

TOGETHER = "namespace"
LIMITS = "limits.json"
VERDICT = (".clean.parquet", ".held.parquet", ".findings.parquet")
TOLD = (*VERDICT, ".whole.json", ".xlsx")
"""How the names of files end that are a part of what a report tells."""
_STATE = tuple(field.name for field in fields(TargetState))


def save_roster(folder: RunFolder, roster: Roster) -> None:
    """Leave a roster as ``<source>.raw``, ``.workers``, ``.mapping`` and ``<source>.json``."""
    name = roster.source
    folder.save_table(f"{name}.raw", roster.raw)
    folder.save_table(f"{name}.workers", roster.workers)
    folder.save_table(f"{name}.mapping", roster.findings)
    facts = {"source": name, "file": roster.file, "sheet": roster.sheet, "sha256": roster.sha256}
    kept = ("mapped", "lacks", "skipped", "blank", "mended")
    listed = {fact: getattr(roster, fact) for fact in kept}
    folder.write_bytes(f"{name}.json", json.dumps(facts | listed).encode())


def load_roster(folder: RunFolder, source: str) -> Roster:
    """Return the roster that ``save_roster`` left. Raises ``BadUsage`` if there is none."""
    tables: dict[str, Any] = {
        "raw": folder.load_table(f"{source}.raw"),
        "workers": folder.load_table(f"{source}.workers"),
        "findings": folder.load_table(f"{source}.mapping"),
    }
    return folder.load_json(
        f"{source}.json",
        lambda facts: Roster(**tables, **facts | {name: tuple(facts[name]) for name in ("mapped", "lacks", "mended")}),
    )


def load_skipped(folder: RunFolder, source: str) -> dict[str, int]:
    """Return how many rows of a source were left out as the pipeline says, by reason; without its other rows.

    Nothing, where the run has read no roster: an ``apply`` sends what an earlier run has planned.
    """
    name = f"{source}.json"
    return folder.load_json(name, lambda facts: dict(facts["skipped"])) if folder.path(name).exists() else {}


def save_verdict(folder: RunFolder, source: str, verdict: Verdict) -> None:
    """Leave a verdict as ``<source>.clean``, ``.held`` and ``.findings``."""
    for name, table in vars(verdict).items():
        folder.save_table(f"{source}.{name}", table)


def load_verdict(folder: RunFolder, source: str) -> Verdict:
    """Return the verdict that ``save_verdict`` left. Raises ``BadUsage`` if there is none."""
    return Verdict(*(folder.load_table(f"{source}.{name}") for name in ("clean", "held", "findings")))


def save_people(folder: RunFolder, namespace: str, people: Verdict) -> None:
    """Leave the people of a namespace whose files were put together as ``namespace.<name>.clean`` and so on."""
    save_verdict(folder, f"{TOGETHER}.{namespace}", people)


def load_people(folder: RunFolder, pipeline: Pipeline) -> dict[str, Verdict]:
    """Return the people of every namespace of *pipeline*. Raises ``BadUsage`` if those of one are not there."""
    return {
        namespace: load_verdict(folder, f"{TOGETHER}.{namespace}" if shares(namespace, sources) else namespace)
        for namespace, sources in pipeline.namespaces.items()
    }


def load_joined(folder: RunFolder, pipeline: Pipeline) -> dict[str, Verdict]:
    """Return the people of those namespaces whose files were put together, as far as the run came to that."""
    names = [name for name, sources in pipeline.namespaces.items() if shares(name, sources)]
    found = [name for name in names if folder.path(f"{TOGETHER}.{name}.findings.parquet").exists()]
    return {name: load_verdict(folder, f"{TOGETHER}.{name}") for name in found}


def save_profile(folder: RunFolder, profile: FileProfile) -> None:
    """Leave what a source's file was like as ``<source>.profile.json``."""
    folder.write_bytes(f"{profile.source}.profile.json", json.dumps(profile.to_json()).encode())


def load_profile(folder: RunFolder, source: str) -> FileProfile | None:
    """Return the profile that ``save_profile`` left, None if there is none."""
    name = f"{source}.profile.json"
    return folder.load_json(name, FileProfile.from_json) if folder.path(name).exists() else None


def save_comparison(folder: RunFolder, comparison: Comparison) -> None:
    """Leave how a source's file differs from the last accepted one as ``<source>.whole.json``."""
    folder.write_bytes(f"{comparison.source}.whole.json", json.dumps(comparison.to_json()).encode())


def load_comparisons(folder: RunFolder, sources: Iterable[str]) -> list[Comparison]:
    """Return the comparisons that ``save_comparison`` left, of *sources* in their order."""
    names = [f"{source}.whole.json" for source in sources]
    return [folder.load_json(name, Comparison.from_json) for name in names if folder.path(name).exists()]


def can_be_told(folder: RunFolder, name: str) -> bool:
    """Tell whether a file that a run left can be read, and, if a report is written from it, holds what it must."""
    try:
        if name.endswith(VERDICT):
            folder.load_table(name.removesuffix(".parquet"))
        elif name.endswith(".profile.json"):
            folder.load_json(name, FileProfile.from_json)
        elif name.endswith(".whole.json"):
            folder.load_json(name, Comparison.from_json)
        elif name.endswith(".xlsx"):
            return is_zipfile(folder.path(name))
    except BadUsage:
        return False
    return folder.path(name).is_file()


def save_state(folder: RunFolder, state: TargetState) -> None:
    """Leave the target's state, a file for each of its tables."""
    for name in _STATE:
        folder.save_table(f"target.{name}", getattr(state, name))


def load_state(folder: RunFolder) -> TargetState:
    """Return the state that ``save_state`` left. Raises ``BadUsage`` if there is none."""
    return TargetState(*(folder.load_table(f"target.{name}") for name in _STATE))


def save_limits(folder: RunFolder, readings: Iterable[LimitReading]) -> None:
    """Leave what the limits read as ``limits.json``."""
    folder.write_bytes(LIMITS, json.dumps([asdict(reading) for reading in readings]).encode())


def load_limits(folder: RunFolder) -> list[LimitReading]:
    """Return the readings that ``save_limits`` left, none if there are none."""
    if not folder.path(LIMITS).exists():
        return []
    return folder.load_json(LIMITS, lambda items: [LimitReading(**item) for item in items])
