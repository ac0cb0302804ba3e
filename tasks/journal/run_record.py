"""Runs: begun, applying, finished, cut off, given up."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import ColumnElement, Connection, insert, select, update

from tasks.journal.call_record import is_open
from tasks.journal.database import write_audit
from tasks.journal.plan_record import PlanRecord, put_generation, read_generation
from tasks.journal.records import INTERRUPTED, CallResult, RunRecord
from tasks.journal.schema import operations, plans, runs
from tasks.model.errors import BadUsage


class RunsRecord(PlanRecord):
    """Which command did what, when, and how it ended."""

    def begin_run(self, record: RunRecord) -> None:
        with self._write() as conn:
            conn.execute(insert(runs).values(asdict(record)))
            write_audit(
                conn, record.started_at, record.pipeline, record.run_id, "run started", {"command": record.command}
            )
        self._note_run(record.run_id)

    def begin_applying(self, run_id: str, plan_hash: str, at: datetime) -> None:
        """Note that from here on the run sends what the plan says."""
        with self._write() as conn:
            pipeline, _ = self._home(conn, plan_hash)
            conn.execute(update(runs).where(runs.c.run_id == run_id).values(plan_hash=plan_hash, applying_since=at))
            write_audit(conn, at, pipeline, run_id, "applying", {"plan": plan_hash})

    def finish_run(self, run_id: str, exit_code: int, state: str, summary: Mapping[str, Any], at: datetime) -> None:
        """Close a run. Runs that began to apply the same plan and were cut off are closed with it."""
        with self._write() as conn:
            run = conn.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one()
            ended = {"exit_code": exit_code, "state": state, "finished_at": at}
            conn.execute(update(runs).where(runs.c.run_id == run_id).values(summary=dict(summary), **ended))
            write_audit(conn, at, run["pipeline"], run_id, "run finished", {"exit_code": exit_code, "state": state})
            if run["applying_since"] is not None:
                _supersede_all(conn, run["pipeline"], run["plan_hash"], run_id, at)

    def supersede(self, run_id: str, by: str, at: datetime, summary: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Close a run that was cut off, and all others cut off in its plan: *by* has settled it without going on.

        The plan is given up with it: it is not to be applied again. *summary* is what its report says in numbers.
        """
        with self._write() as conn:
            run = conn.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one()
            conn.execute(update(plans).where(plans.c.plan_hash == run["plan_hash"]).values(generation_after=None))
            _put_summary(conn, run_id, summary)
            _supersede_all(conn, run["pipeline"], run["plan_hash"], by, at)

    def give_up(self, run_id: str, by: str, at: datetime, summary: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Close a run as ``supersede`` does, whose open calls cannot be looked up any more, and its plan for good.

        The generation moves if anything was sent or recorded, so that the plan is never applied again.
        """
        with self._write() as conn:
            plan_hash = conn.execute(select(runs.c.plan_hash).where(runs.c.run_id == run_id)).scalar_one()
            pipeline, _ = self._home(conn, plan_hash)
            this = operations.c.plan_hash == plan_hash
            conn.execute(update(operations).where(this, is_open()).values(result=CallResult.UNKNOWN, concluded_at=at))
            if conn.execute(select(plans.c.touched).where(plans.c.plan_hash == plan_hash)).scalar_one():
                put_generation(conn, pipeline, read_generation(conn, pipeline) + 1)
                untouched = {"touched": False, "generation_after": None}
                conn.execute(update(plans).where(plans.c.plan_hash == plan_hash).values(untouched))
            _put_summary(conn, run_id, summary)
            _supersede_all(conn, pipeline, plan_hash, by, at)
            write_audit(conn, at, pipeline, by, "given up", {"plan": plan_hash})

    def run(self, run_id: str) -> RunRecord:
        """Return one run. Raises ``BadUsage`` if there is none of that id."""
        found = self._runs(runs.c.run_id == run_id)
        if not found:
            raise BadUsage("The journal has no such run.", remedy="'rosterflow runs' lists them.", run_id=run_id)
        return found[0]

    def runs(self, limit: int | None = 20, *, commands: Sequence[str] = ()) -> list[RunRecord]:
        """Return the last runs, newest first: all of them without *limit*, those of some *commands* only."""
        return self._runs(*([runs.c.command.in_(commands)] if commands else []), limit=limit)

    def find_run(self, name: str) -> RunRecord:
        """Return the run whose id begins with *name*, or the ``latest``. Raises ``BadUsage`` if not just one does."""
        name = name.encode(errors="replace").decode()  # a terminal may give what is no text
        found = self.runs(1) if name == "latest" else self._runs(runs.c.run_id.startswith(name, autoescape=True))
        if len(found) == 1:
            return found[0]
        what = "More than one run begins like that." if found else "The journal has no such run."
        raise BadUsage(what, remedy="'rosterflow runs' lists them.", run_id=name)

    def last_run_id(self) -> str | None:
        """Return the greatest of the ids that runs have had, None if there was no run."""
        query = select(runs.c.run_id).where(runs.c.run_id.like("________-______-______"))
        with self._read() as conn:
            return conn.execute(query.order_by(runs.c.run_id.desc()).limit(1)).scalar_one_or_none()

    def run_ids(self) -> set[str]:
        """Return the ids of all runs."""
        with self._read() as conn:
            return set(conn.execute(select(runs.c.run_id)).scalars())

    def unfinished(self, pipeline: str) -> RunRecord | None:
        """Return the last run that began to apply a plan and was cut off, or that ended without knowing what became of
        a call, if there is one.

        A run that is at work looks the same: ask while holding the lock.
        """
        plan_open = select(operations.c.plan_hash).where(is_open())
        in_doubt = runs.c.finished_at.is_(None) | runs.c.plan_hash.in_(plan_open)
        found = self._runs(runs.c.pipeline == pipeline, runs.c.applying_since.is_not(None), in_doubt, limit=1)
        return found[0] if found else None

    def _runs(self, *where: ColumnElement[bool], limit: int | None = None) -> list[RunRecord]:
        # Ids sort as the runs began, also where the clock was set back meanwhile.
        query = select(runs).where(*where).order_by(runs.c.run_id.desc()).limit(limit)
        with self._read() as conn:
            return [RunRecord(**row) for row in conn.execute(query).mappings()]


def _cut_off(pipeline: str) -> tuple[ColumnElement[bool], ...]:
    return (runs.c.pipeline == pipeline, runs.c.applying_since.is_not(None), runs.c.finished_at.is_(None))


def _put_summary(conn: Connection, run_id: str, summary: Mapping[str, Any]) -> None:
    """Keep the summary of a run that was cut off; one that has ended has said itself what it knew."""
    cut_off = runs.c.finished_at.is_(None) | (runs.c.state == INTERRUPTED)
    if summary:
        conn.execute(update(runs).where(runs.c.run_id == run_id, cut_off).values(summary=dict(summary)))


def _supersede_all(conn: Connection, pipeline: str, plan_hash: str, by: str, at: datetime) -> None:
    """Close the runs that were cut off in a plan."""
    query = select(runs.c.run_id).where(runs.c.plan_hash == plan_hash, *_cut_off(pipeline))
    for run_id in conn.execute(query).scalars().all():
        conn.execute(update(runs).where(runs.c.run_id == run_id).values(state=INTERRUPTED, finished_at=at))
        write_audit(conn, at, pipeline, run_id, "run interrupted", {"taken_up_by": by})
