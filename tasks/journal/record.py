"""The journal: one database in which every run leaves what it meant to do, did, and learned.

It is the only record. Whatever is sent has its intent committed here before the call and its result after it, so
that a process killed at any instant leaves enough behind to go on (design: promises 4 and 7).
"""

import hashlib
import json
import os
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Engine, create_engine, event, func, insert, make_url, select, update
from sqlalchemy.exc import DatabaseError

from tasks.journal import links as linking
from tasks.journal.locks import pipeline_lock
from tasks.journal.records import Attempt, Call, CallResult, Decision, RunRecord, Settled
from tasks.journal.schema import (
    audit,
    bring_up_to_date,
    decisions,
    generations,
    links,
    operations,
    outcomes,
    plans,
    runs,
)
from tasks.model.errors import BadUsage, StalePlan
from tasks.model.operations import OperationKind, Outcome, OutcomeStatus
from tasks.model.plan import Plan

if TYPE_CHECKING:
    import pandas as pd

BUSY_TIMEOUT_MS = 30_000
CLAIMED = "The account is linked to another person."


class Journal:
    """The record of what was planned, sent and learned. Every method is one transaction, durable when it returns."""

    def __init__(self, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._folder = folder
        self._homes: dict[str, tuple[str, str]] = {}  # plan -> pipeline, target

    @classmethod
    def open(cls, where: str | Path) -> "Journal":
        """Open the journal at a path or ``sqlite:///`` URL, making it if need be.

        Raises ``BadUsage`` if it is not a journal, is newer than this program, or is kept in another database.
        """
        path = _path_of(where)
        journal = cls(_sqlite(path), path.parent)
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))  # SQLite gives its side files the same mode
            journal._bring_up_to_date()
        except (OSError, DatabaseError) as exc:
            raise BadUsage(
                f"The journal {path} cannot be used: {exc.__cause__ or exc}.",
                remedy="Name another file, or restore this one from a backup.",
            ) from exc
        return journal

    def _bring_up_to_date(self) -> None:
        try:
            with self._write() as conn:
                bring_up_to_date(conn)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._engine.dispose()

    def __enter__(self) -> "Journal":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def lock(self, pipeline: str, since: datetime) -> AbstractContextManager[None]:
        """Hold *pipeline* for one run. Raises ``RunLocked`` if another run is at work."""
        return pipeline_lock(self._folder, pipeline, since)

    @contextmanager
    def _write(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(writes=True) as conn, conn.begin():
            yield conn

    @contextmanager
    def _read(self) -> Iterator[Connection]:
        with self._engine.connect() as conn:
            yield conn

    # -- plans --------------------------------------------------------------------------------------------------

    def record_plan(self, plan_hash: str, data: bytes, pipeline: str, target: str, at: datetime) -> None:
        """Keep a plan under its hash. The same plan again changes nothing.

        Raises ``StalePlan`` if *data* does not have that hash.
        """
        _require_unaltered(plan_hash, data)
        with self._write() as conn:
            if conn.execute(select(plans.c.plan_hash).where(plans.c.plan_hash == plan_hash)).first() is None:
                row = {"plan_hash": plan_hash, "pipeline": pipeline, "target": target, "made_at": at, "touched": False}
                conn.execute(insert(plans).values(data=zlib.compress(data), **row))

    def plan_bytes(self, plan_hash: str) -> bytes:
        """Return a plan as it was recorded. Raises ``BadUsage`` if there is none, ``StalePlan`` if it was altered."""
        with self._read() as conn:
            packed = conn.execute(select(plans.c.data).where(plans.c.plan_hash == plan_hash)).scalar_one_or_none()
        if packed is None:
            raise _unknown_plan(plan_hash)
        data = zlib.decompress(packed)
        _require_unaltered(plan_hash, data)
        return data

    def plan(self, plan_hash: str) -> Plan:
        """Return a recorded plan. Raises as ``plan_bytes``, and ``StalePlan`` if another version has written it."""
        plan = Plan.from_bytes(self.plan_bytes(plan_hash))
        if plan.hash != plan_hash:
            raise StalePlan("The plan was made by another version.", remedy="Make a new one with 'rosterflow plan'.")
        return plan

    def _home(self, conn: Connection, plan_hash: str) -> tuple[str, str]:
        if plan_hash not in self._homes:
            query = select(plans.c.pipeline, plans.c.target).where(plans.c.plan_hash == plan_hash)
            row = conn.execute(query).one_or_none()
            if row is None:
                raise _unknown_plan(plan_hash)
            self._homes[plan_hash] = (row.pipeline, row.target)
        return self._homes[plan_hash]

    # -- generations and links ----------------------------------------------------------------------------------

    def generation(self, pipeline: str) -> int:
        """Return how many applied runs of *pipeline* have sent or recorded something."""
        with self._read() as conn:
            return _generation(conn, pipeline)

    def generation_after(self, plan_hash: str) -> int | None:
        """Return the generation that applying this plan last led to, None if it led to none."""
        with self._read() as conn:
            query = select(plans.c.generation_after).where(plans.c.plan_hash == plan_hash)
            return conn.execute(query).scalar_one_or_none()

    def links(self, pipeline: str, target: str) -> "pd.DataFrame":
        """Return the links as ``tables.LINKS``, sorted by source and worker key."""
        from tasks.model.tables import LINKS  # pandas takes a second to import, and most commands need no table

        query = select(links).where(links.c.pipeline == pipeline, links.c.target == target)
        with self._read() as conn:
            rows = conn.execute(query.order_by(links.c.source, links.c.external_id)).mappings().all()
        return LINKS.frame(
            dict(row) | {"licences": tuple(row["licences"]), "roles": tuple(row["roles"])} for row in rows
        )[list(LINKS.columns)]

    def linked_account(self, pipeline: str, target: str, source: str, external_id: str) -> str | None:
        """Return the key of the account that this worker is linked to, None if there is none or it was deleted."""
        query = select(links.c.account_key).where(
            links.c.pipeline == pipeline,
            links.c.target == target,
            links.c.source == source,
            links.c.external_id == external_id,
            links.c.state != "deleted",
        )
        with self._read() as conn:
            return conn.execute(query).scalar_one_or_none()

    # -- runs ---------------------------------------------------------------------------------------------------

    def begin_run(self, record: RunRecord) -> None:
        with self._write() as conn:
            conn.execute(insert(runs).values(asdict(record)))
            _audit(conn, record.started_at, record.pipeline, record.run_id, "run started", {"command": record.command})

    def begin_applying(self, run_id: str, plan_hash: str, at: datetime) -> None:
        """Note that from here on the run sends what the plan says."""
        with self._write() as conn:
            pipeline, _ = self._home(conn, plan_hash)
            conn.execute(update(runs).where(runs.c.run_id == run_id).values(plan_hash=plan_hash, applying_since=at))
            _audit(conn, at, pipeline, run_id, "applying", {"plan": plan_hash})

    def finish_run(self, run_id: str, exit_code: int, state: str, summary: Mapping[str, Any], at: datetime) -> None:
        """Close a run. Runs that began to apply the same plan and were cut off are closed with it."""
        with self._write() as conn:
            run = conn.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one()
            ended = {"exit_code": exit_code, "state": state, "finished_at": at}
            conn.execute(update(runs).where(runs.c.run_id == run_id).values(summary=dict(summary), **ended))
            _audit(conn, at, run["pipeline"], run_id, "run finished", {"exit_code": exit_code, "state": state})
            if run["applying_since"] is not None:
                _supersede_all(conn, run["pipeline"], run["plan_hash"], run_id, at)

    def supersede(self, run_id: str, by: str, at: datetime) -> None:
        """Close a run that was cut off, and all others cut off in its plan: *by* has settled it without going on."""
        with self._write() as conn:
            run = conn.execute(select(runs).where(runs.c.run_id == run_id)).mappings().one()
            _supersede_all(conn, run["pipeline"], run["plan_hash"], by, at)

    def give_up(self, plan_hash: str, by: str, at: datetime) -> None:
        """Close a plan that cannot be gone on with and whose open calls cannot be looked up any more.

        The generation moves if anything was sent or recorded, so that the plan is never applied again.
        """
        with self._write() as conn:
            pipeline, _ = self._home(conn, plan_hash)
            this = operations.c.plan_hash == plan_hash
            conn.execute(update(operations).where(this, _is_open()).values(result=CallResult.UNKNOWN, concluded_at=at))
            if conn.execute(select(plans.c.touched).where(plans.c.plan_hash == plan_hash)).scalar_one():
                _set_generation(conn, pipeline, _generation(conn, pipeline) + 1)
                untouched = {"touched": False, "generation_after": None}
                conn.execute(update(plans).where(plans.c.plan_hash == plan_hash).values(untouched))
            _supersede_all(conn, pipeline, plan_hash, by, at)
            _audit(conn, at, pipeline, by, "given up", {"plan": plan_hash})

    def run(self, run_id: str) -> RunRecord:
        """Return one run. Raises ``BadUsage`` if there is none of that id."""
        found = self._runs(runs.c.run_id == run_id)
        if not found:
            raise BadUsage("There is no such run.", remedy="'rosterflow runs' lists them.", run_id=run_id)
        return found[0]

    def runs(self, limit: int | None = 20, *, commands: Sequence[str] = ()) -> list[RunRecord]:
        """Return the last runs, newest first: all of them without *limit*, those of some *commands* only."""
        return self._runs(*([runs.c.command.in_(commands)] if commands else []), limit=limit)

    def find_run(self, name: str) -> RunRecord:
        """Return the run whose id begins with *name*, or the ``latest``. Raises ``BadUsage`` if not just one does."""
        found = self.runs(1) if name == "latest" else self._runs(runs.c.run_id.startswith(name, autoescape=True))
        if len(found) == 1:
            return found[0]
        what = "More than one run begins like that." if found else "There is no such run."
        raise BadUsage(what, remedy="'rosterflow runs' lists them.", run_id=name)

    def unfinished(self, pipeline: str) -> RunRecord | None:
        """Return the last run that began to apply a plan and was cut off, or that ended without knowing what became of
        a call, if there is one.

        A run that is at work looks the same: ask while holding the lock.
        """
        plan_open = select(operations.c.plan_hash).where(_is_open())
        in_doubt = runs.c.finished_at.is_(None) | runs.c.plan_hash.in_(plan_open)
        found = self._runs(runs.c.pipeline == pipeline, runs.c.applying_since.is_not(None), in_doubt, limit=1)
        return found[0] if found else None

    def _runs(self, *where: ColumnElement[bool], limit: int | None = None) -> list[RunRecord]:
        query = select(runs).where(*where).order_by(runs.c.started_at.desc(), runs.c.run_id.desc()).limit(limit)
        with self._read() as conn:
            return [RunRecord(**row) for row in conn.execute(query).mappings()]

    # -- operations and outcomes --------------------------------------------------------------------------------

    def intend(self, plan_hash: str, run_id: str, attempt: Attempt, at: datetime) -> None:
        """Write down a call that is about to be made.

        Raises ``StalePlan`` if it is of another plan than the one that the run has begun to apply.
        """
        with self._write() as conn:
            begun = select(runs.c.plan_hash).where(runs.c.run_id == run_id, runs.c.applying_since.is_not(None))
            if conn.execute(begun).scalar_one_or_none() != plan_hash:
                raise StalePlan(
                    "The plan is not the one that this run applies.", remedy="Make a new one with 'rosterflow plan'."
                )
            row = asdict(attempt) | {"change_ids": list(attempt.change_ids), "payload": dict(attempt.payload)}
            conn.execute(insert(operations).values(plan_hash=plan_hash, run_id=run_id, intended_at=at, reply={}, **row))
            _touch(conn, plan_hash)

    def conclude(
        self,
        plan_hash: str,
        run_id: str,
        at: datetime,
        *,
        attempt: Attempt | None = None,
        result: CallResult | None = None,
        reply: Mapping[str, Any] | None = None,
        code: str | None = None,
        incident: str | None = None,
        settled: Sequence[Settled] = (),
    ) -> list[Outcome]:
        """Write down what came of a call, of its changes and of their links, all in one transaction.

        Without *attempt*, nothing was called. Returns the outcomes as they were recorded: a new link to an account
        that another worker's link claims is not made, and its outcome is a failure.
        """
        with self._write() as conn:
            pipeline, target = self._home(conn, plan_hash)
            if attempt is not None:
                known = {"result": result, "reply": dict(reply or {}), "code": code, "incident": incident}
                conn.execute(
                    update(operations)
                    .where(operations.c.op_id == attempt.op_id, operations.c.attempt == attempt.attempt)
                    .values(concluded_at=at, **known)
                )
            recorded = []
            for item in settled:
                unclaimed = item.link is None or linking.write(conn, pipeline, target, item.link)
                if item.outcome is not None:
                    recorded.append(item.outcome if unclaimed else _claimed(item.outcome))
                    _put_outcome(conn, plan_hash, run_id, recorded[-1], at)
            _touch(conn, plan_hash)
        return recorded

    def calls(self, plan_hash: str, job_ids: Sequence[str] | None = None) -> list[Call]:
        """Return the attempts made for a plan, or for some of its jobs, in the order in which they were made."""
        where = [operations.c.plan_hash == plan_hash]
        if job_ids is not None:
            where.append(operations.c.job_id.in_(job_ids))
        query = select(operations).where(*where)
        query = query.order_by(operations.c.intended_at, operations.c.op_id, operations.c.attempt)
        with self._read() as conn:
            return [_call(row) for row in conn.execute(query).mappings()]

    def sent(self, run_id: str) -> int:
        """Return how many calls a run made that reached the target, or may have."""
        query = select(func.count()).where(
            operations.c.run_id == run_id,
            operations.c.result.is_distinct_from(CallResult.NOT_SENT),
        )
        with self._read() as conn:
            return conn.execute(query).scalar_one()

    def outcomes(self, plan_hash: str) -> dict[str, Outcome]:
        """Return what became of a plan's changes so far, by change."""
        query = select(outcomes).where(outcomes.c.plan_hash == plan_hash).order_by(outcomes.c.change_id)
        with self._read() as conn:
            return {row["change_id"]: _outcome(row) for row in conn.execute(query).mappings()}

    def applied(self, plan: Plan, at: datetime, run_id: str) -> int:
        """Close the application of *plan*: grace periods, digests, generation. Returns the generation.

        The generation moves if anything was sent or recorded since it last moved, and only then.
        """
        known = self.outcomes(plan.hash)
        with self._write() as conn:
            this = plans.c.plan_hash == plan.hash
            touched = conn.execute(select(plans.c.touched).where(this)).scalar_one()
            changed = linking.close_run(conn, plan, known)
            generation = _generation(conn, plan.header.pipeline)
            if not (touched or changed):
                return generation
            _set_generation(conn, plan.header.pipeline, generation + 1)
            conn.execute(update(plans).where(this).values(touched=False, generation_after=generation + 1))
            facts = {"plan": plan.hash, "generation": generation + 1}
            _audit(conn, at, plan.header.pipeline, run_id, "applied", facts)
        return generation + 1

    # -- decisions and audit ------------------------------------------------------------------------------------

    def decide(self, plan_hash: str, kind: str, by: str, facts: Mapping[str, Any], at: datetime) -> int:
        """Record what a person decided about a plan; return the decision's number."""
        with self._write() as conn:
            pipeline, _ = self._home(conn, plan_hash)
            row = {"plan_hash": plan_hash, "kind": kind, "by": by, "at": at, "facts": dict(facts)}
            done = conn.execute(insert(decisions).values(row))
            number = int((done.inserted_primary_key or (0,))[0])
            _audit(conn, at, pipeline, None, "decided", {"plan": plan_hash, "kind": kind, "decision": number})
        return number

    def decisions(self, plan_hash: str) -> list[Decision]:
        query = select(decisions).where(decisions.c.plan_hash == plan_hash).order_by(decisions.c.decision_id)
        with self._read() as conn:
            return [Decision(**row) for row in conn.execute(query).mappings()]

    def spend(self, decision_id: int, run_id: str) -> bool:
        """Use a decision up for one run. False if another run has used it; the same run may ask again."""
        this = decisions.c.decision_id == decision_id
        with self._write() as conn:
            conn.execute(update(decisions).where(this, decisions.c.spent_by.is_(None)).values(spent_by=run_id))
            return conn.execute(select(decisions.c.spent_by).where(this)).scalar_one_or_none() == run_id

    def audit(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Return the last entries of the audit trail, oldest first. Entries are only ever added."""
        query = select(audit).order_by(audit.c.entry.desc()).limit(limit)
        with self._read() as conn:
            return [dict(row) for row in conn.execute(query).mappings()][::-1]


def _path_of(where: str | Path) -> Path:
    if isinstance(where, str) and "://" in where:
        url = make_url(where)
        if url.get_backend_name() != "sqlite" or not url.database:
            raise BadUsage(
                "This version of Rosterflow keeps its journal in an SQLite file.",
                remedy="Give a path, or sqlite:///path.",
            )
        return Path(url.database).absolute()
    return Path(where).absolute()


def _sqlite(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", json_serializer=_compact)

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: object) -> None:
        connection.isolation_level = None  # transactions begin where we say, below
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", "journal_mode=WAL", "synchronous=FULL"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begun(conn: Connection) -> None:
        # A write lock from the start: a reader that turns writer is refused at once when another wrote meanwhile.
        conn.exec_driver_sql("BEGIN IMMEDIATE" if conn.get_execution_options().get("writes") else "BEGIN")

    return engine


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _require_unaltered(plan_hash: str, data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() != plan_hash:
        raise StalePlan("The plan was altered after it was made.", remedy="Make a new one with 'rosterflow plan'.")


def _unknown_plan(plan_hash: str) -> BadUsage:
    return BadUsage("The journal has no such plan.", remedy="Make one with 'rosterflow plan'.", plan_hash=plan_hash)


def _generation(conn: Connection, pipeline: str) -> int:
    query = select(generations.c.generation).where(generations.c.pipeline == pipeline)
    return conn.execute(query).scalar_one_or_none() or 0


def _set_generation(conn: Connection, pipeline: str, generation: int) -> None:
    where = generations.c.pipeline == pipeline
    if conn.execute(update(generations).where(where).values(generation=generation)).rowcount == 0:
        conn.execute(insert(generations).values(pipeline=pipeline, generation=generation))


def _touch(conn: Connection, plan_hash: str) -> None:
    conn.execute(update(plans).where(plans.c.plan_hash == plan_hash).values(touched=True))


def _put_outcome(conn: Connection, plan_hash: str, run_id: str, outcome: Outcome, at: datetime) -> None:
    values = asdict(outcome) | {"run_id": run_id, "at": at}
    where = (outcomes.c.plan_hash == plan_hash, outcomes.c.change_id == outcome.change_id)
    if conn.execute(update(outcomes).where(*where).values(values)).rowcount == 0:
        conn.execute(insert(outcomes).values(plan_hash=plan_hash, **values))


def _claimed(outcome: Outcome) -> Outcome:
    return replace(outcome, status=OutcomeStatus.FAILED, reason=CLAIMED)


def _cut_off(pipeline: str) -> tuple[ColumnElement[bool], ...]:
    return (runs.c.pipeline == pipeline, runs.c.applying_since.is_not(None), runs.c.finished_at.is_(None))


def _is_open() -> ColumnElement[bool]:
    return operations.c.result.is_(None) | (operations.c.result == CallResult.UNCERTAIN)


def _supersede_all(conn: Connection, pipeline: str, plan_hash: str, by: str, at: datetime) -> None:
    """Close the runs that were cut off in a plan."""
    query = select(runs.c.run_id).where(runs.c.plan_hash == plan_hash, *_cut_off(pipeline))
    for run_id in conn.execute(query).scalars().all():
        conn.execute(update(runs).where(runs.c.run_id == run_id).values(state="Interrupted", finished_at=at))
        _audit(conn, at, pipeline, run_id, "run interrupted", {"taken_up_by": by})


def _audit(
    conn: Connection, at: datetime, pipeline: str, run_id: str | None, what: str, facts: Mapping[str, Any]
) -> None:
    conn.execute(insert(audit).values(at=at, pipeline=pipeline, run_id=run_id, event=what, facts=dict(facts)))


def _call(row: Mapping[Any, Any]) -> Call:
    attempt = Attempt(
        op_id=row["op_id"],
        attempt=row["attempt"],
        job_id=row["job_id"],
        kind=OperationKind(row["kind"]),
        change_ids=tuple(row["change_ids"]),
        account_key=row["account_key"],
        payload=row["payload"],
    )
    result = None if row["result"] is None else CallResult(row["result"])
    rest = {name: row[name] for name in ("run_id", "reply", "code", "incident", "intended_at", "concluded_at")}
    return Call(attempt=attempt, result=result, **rest)


def _outcome(row: Mapping[Any, Any]) -> Outcome:
    names = ("change_id", "reason", "code", "incident", "account_key")
    return Outcome(status=OutcomeStatus(row["status"]), **{name: row[name] for name in names})
