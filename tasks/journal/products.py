"""What one stage of a run leaves for the next, in the run's folder: rosters, verdicts, the target's state, limits."""

import json
from collections.abc import Iterable
from dataclasses import asdict, fields

from tasks.journal.runstore import RunFolder
from tasks.model.pipeline import Pipeline, shares
from tasks.model.plan import LimitReading
from tasks.model.rosters import Roster, Verdict
from tasks.model.state import TargetState
from tasks.model.wholes import Comparison, FileProfile

TOGETHER = "namespace"
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
    facts = json.loads(folder.path(f"{source}.json").read_bytes())
    return Roster(
        raw=folder.load_table(f"{source}.raw"),
        workers=folder.load_table(f"{source}.workers"),
        findings=folder.load_table(f"{source}.mapping"),
        **facts | {name: tuple(facts[name]) for name in ("mapped", "lacks", "mended")},
    )


def load_skipped(folder: RunFolder, source: str) -> dict[str, int]:
    """Return how many rows of a source were left out as the pipeline says, by reason; without its other rows.

    Nothing, where the run has read no roster: an ``apply`` sends what an earlier run has planned.
    """
    path = folder.path(f"{source}.json")
    found: dict[str, int] = json.loads(path.read_bytes())["skipped"] if path.exists() else {}
    return found


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
    path = folder.path(f"{source}.profile.json")
    return FileProfile.from_json(json.loads(path.read_bytes())) if path.exists() else None


def save_comparison(folder: RunFolder, comparison: Comparison) -> None:
    """Leave how a source's file differs from the last accepted one as ``<source>.whole.json``."""
    folder.write_bytes(f"{comparison.source}.whole.json", json.dumps(comparison.to_json()).encode())


def load_comparisons(folder: RunFolder, sources: Iterable[str]) -> list[Comparison]:
    """Return the comparisons that ``save_comparison`` left, of *sources* in their order."""
    paths = [folder.path(f"{source}.whole.json") for source in sources]
    return [Comparison.from_json(json.loads(path.read_bytes())) for path in paths if path.exists()]


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
