"""The journal: one database in which every run leaves what it meant to do, did, and learned.

It is the only record. Whatever is sent has its intent committed here before the call and its result after it, so
that a process killed at any instant leaves enough behind to go on (design: promises 4 and 7).
"""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, update

from tasks.journal.call_record import CallRecord
from tasks.journal.database import write_audit
from tasks.journal.file_record import FileRecord
from tasks.journal.locks import admins_lock, pipeline_lock
from tasks.journal.records import Decision
from tasks.journal.run_record import RunsRecord
from tasks.journal.schema import audit, decisions


class Journal(RunsRecord, CallRecord, FileRecord):
    """The record of what was planned, sent and learned. Every method is one transaction, durable when it returns.

    Its subjects are in modules of their own: ``plan_record``, ``run_record``, ``call_record``, ``file_record``; here
    are the lock, the decisions and the audit trail.
    """

    def lock(self, pipeline: str, since: datetime) -> AbstractContextManager[None]:
        """Hold *pipeline* for one run. Raises ``RunLocked`` if another run is at work."""
        return pipeline_lock(self._folder, pipeline, since)

    def lock_admins(self) -> AbstractContextManager[None]:
        """Hold the right to take the admin role from somebody. Raises ``RunLocked`` if it is held already."""
        return admins_lock(self._folder)

    def decide(self, plan_hash: str, kind: str, by: str, facts: Mapping[str, Any], at: datetime) -> int:
        """Record what a person decided about a plan; return the decision's number."""
        with self._write() as conn:
            pipeline, _ = self._home(conn, plan_hash)
            row = {"plan_hash": plan_hash, "kind": kind, "by": by, "at": at, "facts": dict(facts)}
            done = conn.execute(insert(decisions).values(row))
            number = int((done.inserted_primary_key or (0,))[0])
            write_audit(conn, at, pipeline, None, "decided", {"plan": plan_hash, "kind": kind, "decision": number})
        return number

    def decisions(self, plan_hash: str | None = None) -> list[Decision]:
        """Return what was decided about a plan, or about all plans, the oldest first."""
        query = select(decisions).order_by(decisions.c.decision_id)
        if plan_hash is not None:
            query = query.where(decisions.c.plan_hash == plan_hash)
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
