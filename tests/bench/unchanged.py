"""A roster that asks for nothing, from its file to a recorded plan: what every quiet night costs."""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from python_calamine import CalamineWorkbook

from tasks.ingest.stage import ingest_source
from tasks.journal import Journal, RunFolder
from tasks.journal.products import save_state
from tasks.plan.stage import compute_plan
from tasks.validate.stage import validate_source
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child, peak_mb, seconds, timed
from tests.support import company

PEOPLE = 100_000
KINDS = {"csv": company.write_csv, "xlsx": company.write_xlsx}
STAGES = ("ingest", "validate", "plan")
READING = "reading the file"


class Night(NamedTuple):
    """What one run took: seconds a stage, and the memory of its process."""

    ingest: float
    validate: float
    plan: float
    peak_mb: float

    @property
    def total(self) -> float:
        return self.ingest + self.validate + self.plan


def unchanged(session: Session) -> list[Figure]:
    """Measure ingest, validation from kept findings, and plan, of everybody linked and nobody changed.

    Each repetition is a process of its own. Starting Python, reading the target and the report are not counted.
    """
    return [figure for kind in KINDS for figure in _of_kind(session, kind, session.size(PEOPLE))]


def _of_kind(session: Session, kind: str, people: int) -> list[Figure]:
    base = session.cache / f"{kind}-{people}"
    in_child(prepare, base, kind, people)
    pairs = session.times(lambda: (in_child(night, base, kind), in_child(read_alone, base / f"staff.{kind}")))
    nights, name = [one for one, _ in pairs], f"unchanged {kind}"
    totals, ratios = [one.total for one in nights], [one.total / read for one, read in pairs]
    parts = [
        Figure(f"{name}, {stage}", [getattr(one, stage) for one in nights],
               ratios=[getattr(one, stage) / read for one, read in pairs], against=READING)
        for stage in STAGES
    ]  # fmt: skip
    whole = Figure(f"{name}, file to plan", totals, bar=Bar(5), ratios=ratios, against=READING)
    return [whole, *parts, Figure(f"{name}, memory", [one.peak_mb for one in nights], "MB", Bar(500))]


def prepare(base: Path, kind: str, people: int) -> None:
    """Make a company's file, journal and state of the tenant, where they are not there; let its roster be validated."""
    loaded = company.pipeline(base, f"staff.{kind}")
    if not (base / "journal.db").exists():
        KINDS[kind](base / f"staff.{kind}", people)
        save_state(RunFolder(base), company.state(people))
        company.write_links(base / "journal.part", people, loaded)
        (base / "journal.part").rename(base / "journal.db")
    _ingest_and_validate(base, kind, [])


def _ingest_and_validate(base: Path, kind: str, times: list[float]) -> None:
    pipeline = company.pipeline(base, f"staff.{kind}").pipeline
    (source,) = pipeline.sources
    with timed(times):
        ingest_source(source, base, RunFolder(base))
    with timed(times):
        validate_source(source, pipeline.rules, company.TODAY, base, RunFolder(base), base / "cache", "rejects.xlsx")


def night(base: Path, kind: str) -> Night:
    """Run the stages as ``rosterflow plan`` does, on findings kept from an earlier run, and say what they took."""
    times: list[float] = []
    _ingest_and_validate(base, kind, times)
    loaded = company.pipeline(base, f"staff.{kind}")
    with timed(times), Journal.open(base / "journal.db") as journal:
        hashes = loaded.mapping_hash, loaded.rules_hash
        now = datetime.now(UTC)
        plan = compute_plan(loaded.pipeline, *hashes, journal, RunFolder(base), company.TODAY, now)
    company.require_quiet(plan)
    ingest, validate, planned = times
    return Night(ingest, validate, planned, peak_mb())


def read_alone(path: Path) -> float:
    """Return the seconds that it takes to read a file's cells and do nothing with them."""
    return seconds(lambda: _cells(path))


def _cells(path: Path) -> Sequence[Any]:
    if path.suffix == ".xlsx":
        return CalamineWorkbook.from_filelike(io.BytesIO(path.read_bytes())).get_sheet_by_index(0).to_python()
    return list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
