"""A roster that asks for nothing, from its file to a recorded plan: what every quiet night costs."""

import csv
import io
import os
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from python_calamine import CalamineWorkbook
from sqlalchemy import create_engine, insert

from tasks.ingest.stage import ingest_source
from tasks.journal import Journal, RunFolder, RunStore
from tasks.journal.products import save_state
from tasks.journal.schema import links as links_table
from tasks.plan.stage import compute_plan
from tasks.validate.stage import validate_source
from tests.bench import company
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child, peak_mb, seconds, timed

PEOPLE = 100_000
KINDS = ("csv", "xlsx")


class Night(NamedTuple):
    """What one run took: seconds a stage, and the memory of its process."""

    ingest: float
    validate: float
    plan: float
    peak_mb: float

    @property
    def seconds(self) -> float:
        return self.ingest + self.validate + self.plan


def unchanged(session: Session) -> list[Figure]:
    """Measure ingest, validation from kept findings, and plan, of everybody linked and nobody changed.

    Each repetition is a process of its own; starting Python, reading the target and the report are not counted.
    """
    people = session.size(PEOPLE)
    base = session.cache / f"company-{people}"
    if not (base / "ready").exists():
        in_child(make, base, people)
    return [figure for kind in KINDS for figure in _figures(session, base, kind)]


def _figures(session: Session, base: Path, kind: str) -> list[Figure]:
    pairs = session.times(lambda: (in_child(night, base, kind), in_child(only_read, base, kind)))
    nights, reads = [one for one, _ in pairs], [read for _, read in pairs]
    name = f"unchanged roster, {kind}"
    ratios = [one.seconds / read for one, read in pairs]
    return [
        Figure(f"{name}: file to plan", [one.seconds for one in nights], "s", Bar(5), ratios, "only reading the file"),
        *(Figure(f"{name}: of that, {stage}", [getattr(one, stage) for one in nights],
                 ratios=[getattr(one, stage) / read for one, read in zip(nights, reads, strict=True)],
                 against="only reading the file") for stage in ("ingest", "validate", "plan")),
        Figure(f"{name}: memory", [one.peak_mb for one in nights], "MB", Bar(500)),
    ]  # fmt: skip


def make(base: Path, people: int) -> None:
    """Make the files, the journal, the tenant's state and the kept findings of a company."""
    base.mkdir(parents=True, exist_ok=True)
    company.write_csv(base / "staff.csv", people)
    company.write_xlsx(base / "staff.xlsx", people)
    save_state(_folder(base), company.state(people))
    for kind in KINDS:
        loaded = company.pipeline(base, f"staff.{kind}")
        journal = _journal(base, kind)
        journal.unlink(missing_ok=True)
        Journal.open(journal).close()
        rows = company.links(people, loaded.rules_hash).astype(object)
        rows = rows.where(rows.notna(), None).assign(pipeline=loaded.pipeline.name, target="goto")
        engine = create_engine(f"sqlite:///{journal}")
        with engine.begin() as conn:
            conn.execute(insert(links_table), rows.to_dict("records"))
        engine.dispose()
    (base / "ready").touch()


def night(base: Path, kind: str) -> Night:
    """Run the stages as ``rosterflow plan`` does, on findings kept from an earlier run, and say what they took."""
    loaded, folder = company.pipeline(base, f"staff.{kind}"), _folder(base)
    (source,) = loaded.pipeline.sources
    judge = partial(validate_source, source, base, folder, base / "cache", "rejects.xlsx")
    if not (base / f"{kind}-validated").exists():
        in_child(first_night, base, kind)
    times: list[float] = []
    with timed(times):
        ingest_source(source, base, folder)
    with timed(times):
        counts = judge()
    with timed(times), Journal.open(_journal(base, kind)) as journal:
        plan = compute_plan(
            loaded.pipeline, loaded.mapping_hash, loaded.rules_hash, journal, folder, company.TODAY, datetime.now(UTC)
        )
    if plan.changes or counts.held or plan.header.unchanged != counts.clean:
        raise AssertionError("the roster was to ask for nothing")
    return Night(*times, peak_mb())
