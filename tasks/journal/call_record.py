"""Calls, written down before they are made and after; what became of each change; how an application is closed."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, bindparam, delete, func, insert, select, update

from tasks.journal import links as linking
from tasks.journal.database import write_audit
from tasks.journal.plan_record import PlanRecord, put_generation, read_generation
from tasks.journal.records import Attempt, Call, CallResult, Conclusion, Intent, Settled
from tasks.journal.schema import operations, outcomes, plans, runs
from tasks.model.errors import StalePlan
from tasks.model.operations import (
    GOOD,
    IN_DOUBT,
    PERHAPS_UNDONE,
    OperationKind,
    Outcome,
    OutcomeStatus,
    is_final,
    is_in_doubt,
)
from tasks.model.plan import Action, Plan

CLAIMED = "The account is looked after already, for another person or by another pipeline."


class CallRecord(PlanRecord):
    """What was sent, and what came of it."""

    def intend(self, plan_hash: str, run_id: str, attempt: Attempt, at: datetime) -> None:
        """Write down a call that is about to be made.

        Raises ``StalePlan`` if it is of another plan than the one that the run has begun to apply.
        """
        self.write(plan_hash, run_id, [Intent(attempt, at)])

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
        conclusion = Conclusion(at, attempt, result, reply, code, incident, settled)
        return self.write(plan_hash, run_id, [conclusion])[0]

    def write(self, plan_hash: str, run_id: str, entries: Sequence[Intent | Conclusion]) -> list[list[Outcome]]:
        """Write down many of these, all in one transaction, in their order; return the outcomes recorded by each.

        Raises as ``intend``; nothing of it is then written.
        """
        with self._write() as conn:
            if any(isinstance(entry, Intent) for entry in entries):
                _require_begun(conn, plan_hash, run_id)
            recorded = [
                _put_intent(conn, plan_hash, run_id, entry)
                if isinstance(entry, Intent)
                else self._put_conclusion(conn, plan_hash, run_id, entry)
                for entry in entries
            ]
            _touch(conn, plan_hash)
        return recorded

    def _put_conclusion(self, conn: Connection, plan_hash: str, run_id: str, entry: Conclusion) -> list[Outcome]:
        pipeline, target = self._home(conn, plan_hash)
        if entry.attempt is not None:
            known = {"result": entry.result, "reply": dict(entry.reply or {})}
            this = (operations.c.op_id == entry.attempt.op_id, operations.c.attempt == entry.attempt.attempt)
            facts = {"code": entry.code, "incident": entry.incident, "concluded_at": entry.at}
            conn.execute(update(operations).where(*this).values(known | facts))
        recorded: list[Outcome] = []
        seen: list[Outcome] = []
        for item in entry.settled:
            unclaimed = item.link is None or linking.write(conn, pipeline, target, item.link)
            if item.outcome is not None:
                outcome = item.outcome if unclaimed else _claimed(item.outcome)
                (seen if item.seen else recorded).append(outcome)
        _put_outcomes(conn, plan_hash, run_id, recorded, entry.at)
        _put_seen(conn, plan_hash, seen)
        return recorded + seen

    def calls(self, plan_hash: str, job_ids: Sequence[str] | None = None) -> list[Call]:
        """Return the attempts made for a plan, or for some of its jobs: those of one call in their order."""
        where = [operations.c.plan_hash == plan_hash]
        if job_ids is not None:
            where.append(operations.c.job_id.in_(job_ids))
        query = select(operations).where(*where)
        # A clock that was set back must not make a later attempt the earlier one.
        query = query.order_by(operations.c.attempt, operations.c.intended_at, operations.c.op_id)
        with self._read() as conn:
            return [_call(row) for row in conn.execute(query).mappings()]

    def sent(self, run_id: str) -> int:
        """Return how many calls a run made that reached the target, or may have: all but those that never left."""
        query = select(func.count()).where(operations.c.run_id == run_id, ~_never_left())
        with self._read() as conn:
            return conn.execute(query).scalar_one()

    def made(self, *, plan_hash: str | None = None, run_id: str | None = None) -> tuple[int, int]:
        """Return how many calls were made for a plan, by a run, or by that for this; and of how many more is unknown.

        Those are written down and have no answer on record: the process may have been killed before it made them. To
        look them up tells only of those that are found done.
        """
        wanted = ((operations.c.plan_hash, plan_hash), (operations.c.run_id, run_id))
        mine = [column == value for column, value in wanted if value is not None]
        query = select(func.count().filter(~_never_left() & ~_perhaps()), func.count().filter(_perhaps())).where(*mine)
        with self._read() as conn:
            made, perhaps = conn.execute(query).one()
        return made, perhaps

    def in_doubt(self, plan_hash: str) -> set[str]:
        """Return the changes of a plan with a call of which it is not known whether it was done."""
        return {change_id for _, change_id in self._open(plan_hash)}

    def being_given_back(self, plan: Plan) -> frozenset[str]:
        """Return the revokes of a plan that a call was to undo of which it is not known whether it was done."""
        given = {change_id for kind, change_id in self._open(plan.hash) if kind == OperationKind.ASSIGN_LICENCE}
        revokes = (one.change_id for one in plan.changes if one.action == Action.REVOKE)
        return frozenset(given.intersection(revokes)) if given else frozenset()

    def _open(self, plan_hash: str) -> list[tuple[str, str]]:
        """Return the calls of a plan that nobody heard of since: their kind, with each of their changes."""
        query = select(operations.c.kind, operations.c.change_ids).where(operations.c.plan_hash == plan_hash, is_open())
        with self._read() as conn:
            return [(kind, change_id) for kind, ids in conn.execute(query) for change_id in ids]

    def outcomes(self, plan_hash: str) -> dict[str, Outcome]:
        """Return what became of a plan's changes so far, by change."""
        query = select(outcomes).where(outcomes.c.plan_hash == plan_hash).order_by(outcomes.c.change_id)
        with self._read() as conn:
            return {row["change_id"]: _outcome(row) for row in conn.execute(query).mappings()}

    def outcomes_and_doubts(self, plan: Plan) -> dict[str, Outcome]:
        """Return what became of a plan's changes so far, and of which of them nobody knows whether they were made.

        A run that could not come to its end has left no outcome of those: their calls have no answer on record. Nor
        is it known of what was taken whether it still is, while the call that gives it back has none.
        """
        found = self.outcomes(plan.hash)
        open_ = {key for key in self.in_doubt(plan.hash) if key not in found or not _is_told(found[key])}
        undone = {key for key in self.being_given_back(plan) if key in found and found[key].status in GOOD}
        doubts = {key: Outcome(key, OutcomeStatus.SKIPPED, IN_DOUBT) for key in open_}
        perhaps = {key: replace(found[key], status=OutcomeStatus.SKIPPED, reason=PERHAPS_UNDONE) for key in undone}
        return found | doubts | perhaps

    def begun_by(self, plan_hash: str) -> list[str]:
        """Return the runs that began to apply a plan, oldest first."""
        with self._read() as conn:
            return sorted(str(run_id) for (run_id,) in conn.execute(_appliers(plan_hash)))

    def settled_by(self, run_id: str, plan_hash: str) -> frozenset[str]:
        """Return the changes of a plan whose outcome this run has recorded; those of the others an earlier one has."""
        query = select(outcomes.c.change_id).where(outcomes.c.plan_hash == plan_hash, outcomes.c.run_id == run_id)
        with self._read() as conn:
            return frozenset(conn.execute(query).scalars())

    def settled_by_others(self, run_id: str, plan_hash: str) -> frozenset[str]:
        """Return the changes of a plan whose outcome was recorded by another run that applied the plan."""
        query = select(outcomes.c.change_id).where(outcomes.c.plan_hash == plan_hash, outcomes.c.run_id != run_id)
        with self._read() as conn:
            return frozenset(conn.execute(query.where(outcomes.c.run_id.in_(_appliers(plan_hash)))).scalars())

    def settled_in_applying(self, plan_hash: str) -> frozenset[str]:
        """Return the changes of a plan whose outcome a run recorded that applied it, not one that gave it up."""
        query = select(outcomes.c.change_id).where(outcomes.c.plan_hash == plan_hash)
        with self._read() as conn:
            return frozenset(conn.execute(query.where(outcomes.c.run_id.in_(_appliers(plan_hash)))).scalars())

    def settled_untold(self, run_id: str, plan_hash: str) -> frozenset[str]:
        """Return the changes of a plan whose outcome was recorded by another run than this, and is in no report.

        A run that applied the plan and has a report has told of what all runs before it recorded. Ids sort as the runs
        began.
        """
        told = _appliers(plan_hash).where(runs.c.run_id != run_id).add_columns(runs.c.summary)
        query = select(outcomes.c.change_id, outcomes.c.run_id).where(outcomes.c.plan_hash == plan_hash)
        with self._read() as conn:
            last = max((row.run_id for row in conn.execute(told) if row.summary), default="")
            by = conn.execute(query.where(outcomes.c.run_id != run_id, outcomes.c.run_id > last)).all()
        return frozenset(row.change_id for row in by)

    def applied(self, plan: Plan, at: datetime, run_id: str) -> int:
        """Close the application of *plan*: grace periods, digests, generation. Returns the generation.

        The generation moves if anything was sent or recorded since it last moved, and only then.
        """
        known = self.outcomes(plan.hash)
        with self._write() as conn:
            this = plans.c.plan_hash == plan.hash
            touched = conn.execute(select(plans.c.touched).where(this)).scalar_one()
            changed = linking.close_run(conn, plan, known)
            generation = read_generation(conn, plan.header.pipeline)
            if not (touched or changed):
                return generation
            put_generation(conn, plan.header.pipeline, generation + 1)
            conn.execute(update(plans).where(this).values(touched=False, generation_after=generation + 1))
            facts = {"plan": plan.hash, "generation": generation + 1}
            write_audit(conn, at, plan.header.pipeline, run_id, "applied", facts)
        return generation + 1


def _appliers(plan_hash: str) -> Select[tuple[str]]:
    """The ids of the runs that began to apply a plan."""
    return select(runs.c.run_id).where(runs.c.plan_hash == plan_hash, runs.c.applying_since.is_not(None))


def is_open() -> ColumnElement[bool]:
    """The calls of which nobody has heard, or looked up, what became."""
    return operations.c.result.is_(None) | (operations.c.result == CallResult.UNCERTAIN)


def _never_left() -> ColumnElement[bool]:
    """The calls that certainly did not reach the target. One that was looked up and not found done may have."""
    return (_result() == CallResult.NOT_SENT) & ~_looked_up()


def _perhaps() -> ColumnElement[bool]:
    """The calls of which nothing tells whether they were ever made."""
    return _result().in_(["", CallResult.UNKNOWN]) | ((_result() == CallResult.NOT_SENT) & _looked_up())


def _result() -> ColumnElement[str]:
    return func.coalesce(operations.c.result, "")


def _looked_up() -> ColumnElement[bool]:
    return func.coalesce(operations.c.reply["reread"].as_boolean().is_(True), False)


def _require_begun(conn: Connection, plan_hash: str, run_id: str) -> None:
    begun = select(runs.c.plan_hash).where(runs.c.run_id == run_id, runs.c.applying_since.is_not(None))
    if conn.execute(begun).scalar_one_or_none() != plan_hash:
        raise StalePlan(
            "The plan is not the one that this run applies.", remedy="Make a new one with 'rosterflow plan'."
        )


def _put_intent(conn: Connection, plan_hash: str, run_id: str, entry: Intent) -> list[Outcome]:
    row = asdict(entry.attempt)
    row |= {"change_ids": list(entry.attempt.change_ids), "payload": dict(entry.attempt.payload)}
    values = {"plan_hash": plan_hash, "run_id": run_id, "intended_at": entry.at, "reply": {}}
    conn.execute(insert(operations).values(values | row))
    return []


def _touch(conn: Connection, plan_hash: str) -> None:
    conn.execute(update(plans).where(plans.c.plan_hash == plan_hash).values(touched=True))


def _put_outcomes(conn: Connection, plan_hash: str, run_id: str, found: Sequence[Outcome], at: datetime) -> None:
    """Put outcomes in the place of those that were known: two statements, however many there are."""
    rows = {one.change_id: vars(one) | {"plan_hash": plan_hash, "run_id": run_id, "at": at} for one in found}
    if rows:
        this = (outcomes.c.plan_hash == plan_hash, outcomes.c.change_id == bindparam("of"))
        conn.execute(delete(outcomes).where(*this), [{"of": change_id} for change_id in rows])
        conn.execute(insert(outcomes), list(rows.values()))


def _put_seen(conn: Connection, plan_hash: str, found: Sequence[Outcome]) -> None:
    """Put what a look has told into outcomes that were recorded before; by whom and when they came stays."""
    if found:
        this = (outcomes.c.plan_hash == plan_hash, outcomes.c.change_id == bindparam("of"))
        told = ("status", "reason", "account_key")
        rows = [{"of": one.change_id, **{f"new_{name}": getattr(one, name) for name in told}} for one in found]
        conn.execute(update(outcomes).where(*this).values({name: bindparam(f"new_{name}") for name in told}), rows)


def _is_told(outcome: Outcome) -> bool:
    return is_final(outcome) or is_in_doubt(outcome)


def _claimed(outcome: Outcome) -> Outcome:
    return replace(outcome, status=OutcomeStatus.FAILED, reason=CLAIMED)


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
