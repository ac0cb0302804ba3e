"""Applying a plan over HTTP: against a server that is far away, and against one that allows ten requests a second."""

import asyncio
import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from pydantic import SecretStr

from tasks.connectors.goto import Credentials, open_goto
from tasks.connectors.goto.target import GotoConnector
from tasks.journal import Journal, RunRecord
from tasks.model.operations import GOOD, Operation, OperationKind
from tasks.model.pipeline import SANDBOX_AUTH, GotoTarget, Urls
from tasks.model.plan import Plan
from tasks.plan import make_plan
from tasks.provision import Runtime, apply_plan
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child
from tests.support import company, servers

LATENCY_S = 0.1
ALLOWED = 10
NO_LIMIT = 1000.0
USUAL = GotoTarget.model_fields["requests_per_second"].default
PEOPLE_FAR_AWAY = 400
PEOPLE_UNDER_LIMIT = 60
SEQUENTIAL_CALLS = 20


class Applied(NamedTuple):
    """What came of one application: ``seconds`` of ``calls``, those of a client that makes one after another, and
    what the server saw."""

    seconds: float
    calls: int
    seconds_one_by_one: float
    admitted_per_second: float
    refused: int


def latency(session: Session) -> list[Figure]:
    """Measure an application against a server of 100 ms latency with no limit, as a multiple of a sequential client.

    The sequential client makes the same number of calls on one connection. Some are made, the rest is multiplication.
    """
    people = session.size(PEOPLE_FAR_AWAY)
    with _tenant(session, people, None) as (folder, url), servers.slow_wire(url, LATENCY_S) as far:
        done = session.times(lambda: in_child(apply_once, folder, url, far, people, NO_LIMIT))
    name = f"apply {done[0].calls} calls, 100 ms away"
    speed_ups = [one.seconds_one_by_one / one.seconds for one in done]
    return [
        Figure(name, [one.seconds for one in done]),
        Figure(f"{name}: speed-up", speed_ups, "×", Bar(20, at_least=True)),
    ]


def limit(session: Session) -> list[Figure]:
    """Measure how much of ten requests a second an application uses, and how many are refused, as the server sees it.

    At the pace that a pipeline has unless it says otherwise, and at the very pace that the server allows.
    """
    people = session.size(PEOPLE_UNDER_LIMIT)
    with _tenant(session, people, ALLOWED) as (folder, url):
        return [figure for pace in (USUAL, float(ALLOWED)) for figure in _paced(session, folder, url, people, pace)]


def _paced(session: Session, folder: Path, url: str, people: int, pace: float) -> list[Figure]:
    done = session.times(lambda: in_child(apply_once, folder, url, url, people, pace))
    name = f"apply {done[0].calls} calls, limit {ALLOWED}/s, pace {pace:g}/s"
    shares = [100 * one.admitted_per_second / ALLOWED for one in done]
    return [
        Figure(f"{name}: of the limit", shares, "%", Bar(95, at_least=True)),
        Figure(f"{name}: refused (429)", [one.refused for one in done], "", Bar(0)),
    ]


@contextmanager
def _tenant(session: Session, people: int, requests_per_second: int | None) -> Iterator[tuple[Path, str]]:
    with session.folder() as folder:
        state = folder / "state.json"
        state.write_text(json.dumps(company.declared(people)), encoding="utf-8")
        with servers.sandbox(folder, state, requests_per_second) as url:
            yield folder, url


def apply_once(folder: Path, url: str, reached_at: str, people: int, pace: float) -> Applied:
    """Begin anew, plan the changes that everybody in the company is due, apply them, and say how that went."""
    httpx.post(f"{url}/sandbox/reset", json=json.loads((folder / "state.json").read_bytes())).raise_for_status()
    urls = Urls(api=reached_at, token=f"{reached_at}/oauth/token")
    spec = GotoTarget(name="goto", kind="goto", account_key="3001", urls=urls, requests_per_second=pace)
    journal = folder / "journal.db"
    company.write_links(journal, people, company.pipeline(folder, "staff.csv"))
    with Journal.open(journal) as opened:
        return asyncio.run(_apply(folder, url, spec, opened, people))


async def _apply(folder: Path, url: str, spec: GotoTarget, journal: Journal, people: int) -> Applied:
    secrets = {name: SecretStr(value) for name, value in SANDBOX_AUTH.items()}
    async with open_goto(spec, Credentials(**secrets)) as target:
        plan = make_plan(replace(company.inputs(folder, people, 1.0), state=await target.read(), generation=0))
        _begin(plan, journal)
        before, seen_before = target.requests_sent, _log_of(url)["total"]
        begun = time.perf_counter()
        result = await apply_plan(plan, Runtime(journal, target, "bench", _now))
        took = time.perf_counter() - begun
        calls, log = target.requests_sent - before, _log_of(url)
        if log["total"] - seen_before != calls or any(one.status not in GOOD for one in result.outcomes.values()):
            raise AssertionError("not every call was counted, or not every change was done")
        ours = [request for request in log["requests"] if request["number"] > seen_before]
        one_by_one = calls * await _seconds_a_call(target, plan)
    return Applied(took, calls, one_by_one, *_as_seen(ours))


def _begin(plan: Plan, journal: Journal) -> None:
    journal.record_plan(plan.hash, plan.to_bytes(), plan.header.pipeline, plan.header.target, _now())
    journal.begin_run(RunRecord("bench", plan.header.pipeline, "apply", _now()))


async def _seconds_a_call(target: GotoConnector, plan: Plan) -> float:
    """Return what one call takes if the next is made when it is done."""
    renamed = [change for change in plan.changes if "family_name" in change.after][:SEQUENTIAL_CALLS]
    begun = time.perf_counter()
    for change in renamed:
        call = Operation(change.change_id, OperationKind.UPDATE_ACCOUNT, (), change.account_key, payload=change.after)
        await target.perform(call)
    return (time.perf_counter() - begun) / len(renamed)


def _as_seen(requests: Sequence[dict[str, Any]]) -> tuple[float, int]:
    """Return how many requests a second the server admitted, from the first to the last, and how many it refused."""
    admitted = sorted(datetime.fromisoformat(one["time"]) for one in requests if one["status"] != 429)
    span = (admitted[-1] - admitted[0]).total_seconds()
    return (len(admitted) - 1) / span, len(requests) - len(admitted)


def _log_of(url: str) -> dict[str, Any]:
    log: dict[str, Any] = httpx.get(f"{url}/sandbox/requests").raise_for_status().json()
    return log


def _now() -> datetime:
    return datetime.now(UTC)
