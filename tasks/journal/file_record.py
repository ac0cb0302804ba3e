"""Files as wholes: the last one of each source that was accepted, and who let one pass that differs from it."""

import os
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from tasks.journal.database import Database, write_audit
from tasks.journal.schema import keys, permits, plans, profiles
from tasks.model.wholes import Baseline, FileProfile, Permit

HASHING = "profiles"
KEY_BYTES = 32


class FileRecord(Database):
    """Which file of each source was accepted last, and the decisions on those that differ too much."""

    def hashing_key(self) -> bytes:
        """Return the key with which ids are hashed in profiles; it is made at the first call, and never leaves here."""
        query = select(keys.c.value).where(keys.c.name == HASHING)
        with self._read() as conn:
            known = conn.execute(query).scalar_one_or_none()
        if known is not None:
            return bytes(known)
        with self._write() as conn:
            if conn.execute(query).first() is None:  # another process may have been quicker
                conn.execute(insert(keys).values(name=HASHING, value=os.urandom(KEY_BYTES)))
            return bytes(conn.execute(query).scalar_one())

    def accepted_file(self, pipeline: str, source: str) -> tuple[Baseline, FileProfile] | None:
        """Return the last file of a source that was accepted, None if there was none."""
        query = select(profiles).where(profiles.c.pipeline == pipeline, profiles.c.source == source)
        with self._read() as conn:
            row = conn.execute(query).mappings().one_or_none()
        if row is None:
            return None
        profile = FileProfile.from_json(row["facts"], bytes(row["marks"]))
        at = row["accepted_at"].isoformat(timespec="seconds")
        return Baseline(row["run_id"], at, profile.file, profile.sha256, profile.rows), profile

    def accept_file(self, plan_hash: str, profile: FileProfile, run_id: str, at: datetime) -> None:
        """Keep *profile* as that of the last accepted file, in the place of the one before: a plan carries it out.

        A permit for this very file, against the one before, is used up with it. What the file says is carried out now,
        whether or not that changes anything, so the generation moves when the plan is closed: every older one is stale.
        """
        values = {"run_id": run_id, "accepted_at": at, "facts": profile.figures(), "marks": profile.marks}
        with self._write() as conn:
            pipeline = conn.execute(select(plans.c.pipeline).where(plans.c.plan_hash == plan_hash)).scalar_one()
            this = (profiles.c.pipeline == pipeline, profiles.c.source == profile.source)
            before = conn.execute(select(profiles.c.sha256).where(*this)).scalar_one_or_none()
            if before is None:
                row = {"pipeline": pipeline, "source": profile.source, "sha256": profile.sha256, **values}
                conn.execute(insert(profiles).values(row))
            else:
                conn.execute(update(profiles).where(*this).values(sha256=profile.sha256, **values))
            conn.execute(update(plans).where(plans.c.plan_hash == plan_hash).values(touched=True))
            spent = _spend(conn, pipeline, profile, before, run_id)
            facts = {"source": profile.source, "sha256": profile.sha256, "rows": profile.rows, "permits": spent}
            write_audit(conn, at, pipeline, run_id, "file accepted", facts)

    def permit_file(self, permit: Permit, at: datetime) -> int:
        """Record a decision that a file may pass; return its number, in the place of that of *permit*."""
        names = ("pipeline", "source", "sha256", "baseline", "run_id", "by", "reason", "until")
        row: dict[str, Any] = {name: getattr(permit, name) for name in names}
        with self._write() as conn:
            done = conn.execute(insert(permits).values(at=at, **row))
            number = int((done.inserted_primary_key or (0,))[0])
            facts = {"source": permit.source, "sha256": permit.sha256, "permit": number, "until": permit.until}
            write_audit(conn, at, permit.pipeline, permit.run_id, "file permitted", facts)
        return number

    def permits(self, pipeline: str | None = None) -> list[Permit]:
        """Return the decisions on files, those of one pipeline or all, the oldest first."""
        query = select(permits).order_by(permits.c.permit_id)
        if pipeline is not None:
            query = query.where(permits.c.pipeline == pipeline)
        with self._read() as conn:
            rows = conn.execute(query).mappings().all()
        return [Permit(**{**row, "at": row["at"].isoformat(timespec="seconds")}) for row in rows]


def _spend(conn: Connection, pipeline: str, profile: FileProfile, before: str | None, run_id: str) -> list[int]:
    this = (
        permits.c.pipeline == pipeline,
        permits.c.source == profile.source,
        permits.c.sha256 == profile.sha256,
        permits.c.baseline == (before or ""),
        permits.c.spent_by.is_(None),
    )
    found = list(conn.execute(select(permits.c.permit_id).where(*this)).scalars())
    conn.execute(update(permits).where(*this).values(spent_by=run_id))
    return found
