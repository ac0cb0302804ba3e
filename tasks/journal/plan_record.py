"""Plans by their hash, the generations of a pipeline, and the links that applied plans have left."""

import hashlib
import zlib
from datetime import datetime
from typing import TYPE_CHECKING

from sqlalchemy import Connection, insert, select, update

from tasks.journal.database import Database
from tasks.journal.journal_file import JournalFile
from tasks.journal.schema import generations, links, plans
from tasks.model.errors import BadUsage, StalePlan
from tasks.model.plan import Plan

if TYPE_CHECKING:
    import pandas as pd


class PlanRecord(Database):
    """What was planned, and where it has led."""

    def __init__(self, file: JournalFile) -> None:
        super().__init__(file)
        self._homes: dict[str, tuple[str, str]] = {}  # plan -> pipeline, target: asked at every call, never changing

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
        try:
            data = zlib.decompress(packed)
        except zlib.error as exc:
            raise _altered() from exc
        _require_unaltered(plan_hash, data)
        return data

    def plan(self, plan_hash: str) -> Plan:
        """Return a recorded plan. Raises as ``plan_bytes``, and ``StalePlan`` if another version has written it."""
        data = self.plan_bytes(plan_hash)
        plan = Plan.from_bytes(data)
        if plan.to_bytes() != data:
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

    def generation(self, pipeline: str) -> int:
        """Return how many applied runs of *pipeline* have sent or recorded something."""
        with self._read() as conn:
            return read_generation(conn, pipeline)

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
        listed = ("licences", "roles", "directory_groups")
        return LINKS.frame(dict(row) | {name: tuple(row[name]) for name in listed} for row in rows)[list(LINKS.columns)]

    def linked_elsewhere(self, pipeline: str, target: str) -> frozenset[str]:
        """Return the keys of the target's accounts that other pipelines than this one have linked."""
        query = select(links.c.account_key).where(
            links.c.pipeline != pipeline, links.c.target == target, links.c.state != "deleted"
        )
        with self._read() as conn:
            return frozenset(conn.execute(query).scalars())

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


def _require_unaltered(plan_hash: str, data: bytes) -> None:
    if hashlib.sha256(data).hexdigest() != plan_hash:
        raise _altered()


def _altered() -> StalePlan:
    return StalePlan("The plan was altered after it was made.", remedy="Make a new one with 'rosterflow plan'.")


def _unknown_plan(plan_hash: str) -> BadUsage:
    return BadUsage("The journal has no such plan.", remedy="Make one with 'rosterflow plan'.", plan_hash=plan_hash)


def read_generation(conn: Connection, pipeline: str) -> int:
    query = select(generations.c.generation).where(generations.c.pipeline == pipeline)
    return conn.execute(query).scalar_one_or_none() or 0


def put_generation(conn: Connection, pipeline: str, generation: int) -> None:
    where = generations.c.pipeline == pipeline
    if conn.execute(update(generations).where(where).values(generation=generation)).rowcount == 0:
        conn.execute(insert(generations).values(pipeline=pipeline, generation=generation))
