"""Links in the journal: what a carried-out change does to them, and what the end of a run does."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, bindparam, insert, or_, select, update
from sqlalchemy.engine import RowMapping

from tasks.journal.records import LinkChange
from tasks.journal.schema import links
from tasks.model.operations import GOOD, Outcome
from tasks.model.plan import Action, Plan, WithheldReason

ENDINGS = frozenset({Action.SUSPEND, Action.DELETE})
PERHAPS_LEAVING = frozenset({WithheldReason.HELD, WithheldReason.UNDECIDED, WithheldReason.NEW_ID})


def write(conn: Connection, pipeline: str, target: str, change: LinkChange) -> bool:
    """Carry *change* out. Returns False, and does nothing, if another worker's link claims the account."""
    if change.new and _claimed(conn, pipeline, target, change):
        return False
    where = _one(pipeline, target, change.source, change.external_id)
    row = conn.execute(select(links).where(where)).mappings().one_or_none()
    if row is None and not change.new:
        return True
    values = {
        **change.values,
        "licences": _licences(row, change),
        "roles": _roles(row, change),
        "directory_groups": _directory_groups(row, change),
    }
    if row is None:
        key = {"pipeline": pipeline, "target": target, "source": change.source, "external_id": change.external_id}
        conn.execute(insert(links).values({"state": "active", **key, **values}))
    else:
        conn.execute(update(links).where(where).values(values))
    return True


def _one(pipeline: str, target: str, source: str, external_id: str) -> ColumnElement[bool]:
    return and_(
        links.c.pipeline == pipeline,
        links.c.target == target,
        links.c.source == source,
        links.c.external_id == external_id,
    )


def _claimed(conn: Connection, pipeline: str, target: str, change: LinkChange) -> bool:
    ours = _one(pipeline, target, change.source, change.external_id)
    claims = select(links.c.pipeline).where(
        links.c.target == target,
        links.c.account_key == change.values["account_key"],
        links.c.state != "deleted",
        ~ours,
    )
    return conn.execute(claims).first() is not None


def _licences(row: RowMapping | None, change: LinkChange) -> list[str]:
    held = set() if row is None or change.clear else set(row["licences"])
    return sorted((held | set(change.give)) - set(change.take))


def _roles(row: RowMapping | None, change: LinkChange) -> list[str]:
    held = change.values.get("roles", [] if row is None else row["roles"])
    return sorted((set(held) | set(change.give_roles)) - set(change.take_roles))


def _directory_groups(row: RowMapping | None, change: LinkChange) -> list[str]:
    gone = change.new or change.values.get("state") == "deleted"  # another account, or none: it is in no group
    held = set() if row is None or gone else set(row["directory_groups"])
    return sorted((held | set(change.join)) - set(change.leave))


def close_run(conn: Connection, plan: Plan, outcomes: Mapping[str, Outcome]) -> bool:
    """Bring the links up to date at the end of an applied plan; tell whether any of them changed.

    Grace periods begin and end here: ``leaving_since`` is set for those who are leaving, and cleared for those who
    are back. It stays for a person whose suspension is due but was not done, and for one who cannot be judged,
    lest the grace period start again. Digests are set for everybody whose changes were all carried out.
    """
    header = plan.header
    here = and_(links.c.pipeline == header.pipeline, links.c.target == header.target)
    leaving = {(item.source, item.external_id): item.since for item in plan.leaving}
    ends = _may_still_leave(plan)
    digests = dict(_digests(plan, outcomes))
    news: dict[tuple[str, ...], list[dict[str, Any]]] = defaultdict(list)  # by what is set
    for row in conn.execute(select(links).where(here, _worth_a_look(plan, digests))).mappings().all():
        subject = (row["source"], row["external_id"])
        values = _grace(row, leaving.get(subject), ends=subject in ends) | digests.get(
            subject, {"rules_digest": header.rules_hash}
        )
        values = {name: value for name, value in values.items() if row[name] != value}
        if values:
            new = {f"new_{name}": value for name, value in values.items()}
            news[tuple(values)].append({"of_source": row["source"], "of_person": row["external_id"], **new})
    whose = (links.c.source == bindparam("of_source"), links.c.external_id == bindparam("of_person"))
    for names, rows in news.items():
        set_ = update(links).where(here, *whose).values({name: bindparam(f"new_{name}") for name in names})
        conn.execute(set_, rows)
    return bool(news)


def _worth_a_look(plan: Plan, digests: Mapping[Any, Any]) -> ColumnElement[bool]:
    """Leave aside the links that nothing can change, so that a quiet run over many people stays quick."""
    if plan.leaving or digests:
        return links.c.state.is_not(None)
    return or_(
        links.c.leaving_since.is_not(None),
        links.c.rules_digest.is_(None),
        links.c.rules_digest != plan.header.rules_hash,
    )


def _grace(row: RowMapping, since: str | None, *, ends: bool) -> dict[str, Any]:
    if row["state"] != "active" or (since is None and ends):
        return {}
    return {"leaving_since": since}


def _may_still_leave(plan: Plan) -> set[tuple[str, str]]:
    due = {change.subject for change in plan.changes if change.action in ENDINGS}
    withheld = {
        (item.source or "", item.external_id or "")
        for item in plan.withheld
        if item.action in ENDINGS or item.reason in PERHAPS_LEAVING
    }
    return due | withheld


def _digests(plan: Plan, outcomes: Mapping[str, Outcome]) -> Iterator[tuple[tuple[str, str], dict[str, Any]]]:
    """Yield the digests to set for the people whom the plan concerns; the others get the digest of the rules."""
    wanting = {(item.source or "", item.external_id or "") for item in plan.withheld if item.reason in PERHAPS_LEAVING}
    for change in plan.changes:
        found = outcomes.get(change.change_id)
        if found is None or found.status not in GOOD:
            wanting.add(change.subject)
    for change in plan.changes:
        if change.subject not in wanting:
            worker = {"worker_digest": change.worker_digest} if change.worker_digest else {}
            yield change.subject, {"rules_digest": plan.header.rules_hash, **worker}
    for subject in wanting:
        yield subject, {}
