"""The provision stage as Prefect tasks: one task a batch of some hundreds of calls.

A second try of a batch is safe: the journal skips what is done and looks up what is uncertain. Retries of a single
request live in the transport; Prefect repeats a batch once, for errors that are not the target's.
"""

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from prefect import get_run_logger, task
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from tasks.connectors.registry import open_target
from tasks.journal import Journal, RunStore
from tasks.model.errors import RosterflowError
from tasks.model.plan import Plan
from tasks.pipeline_file import load_pipeline
from tasks.provision import BatchResult, Runtime, begin, count_batches, finish, send_batch, settle
from tasks.settings import Settings, resolve_secret

STOPPING = threading.Event()
"""Set by a signal: calls in flight are finished and recorded, the rest is skipped."""

PROGRESS: ContextVar[Callable[[int, int], None] | None] = ContextVar("PROGRESS", default=None)
"""Told how many changes are settled, and of how many, where somebody watches."""

T = TypeVar("T")


def not_the_targets_fault(_task: "Task[..., Any]", _run: TaskRun, state: State[Any]) -> bool:
    """Whether a failed batch is worth one more try: our own errors say what they mean, and would only repeat."""
    return not isinstance(state.result(raise_on_failure=False), RosterflowError)


@task(name="begin applying")
def begin_applying(pipeline: str, run_id: str) -> int:
    """Note that the run begins to apply its plan; return how many batches there are. Raises ``StalePlan``."""

    async def work(plan: Plan, runtime: Runtime) -> int:
        begin(plan, runtime)
        return count_batches(plan, runtime)

    return _with_target(pipeline, run_id, _plan_of(run_id), work)[0]


@task(name="provision", task_run_name="provision batch {batch}", retries=1, retry_condition_fn=not_the_targets_fault)
def provision_batch(pipeline: str, run_id: str, batch: int) -> tuple[bool, int]:
    """Send one batch; return whether to go on with the next, and how many requests it took.

    Raises ``TargetError`` where going on is useless; the application is then closed.
    """

    async def work(plan: Plan, runtime: Runtime) -> BatchResult:
        result = await send_batch(plan, batch, runtime)
        if result.stopped_by is not None:
            stopped = finish(plan, runtime, result).stopped_by
            raise stopped or result.stopped_by
        return result

    result, requests = _with_target(pipeline, run_id, _plan_of(run_id), work)
    get_run_logger().info("batch %d sent, %d requests", batch, requests)
    return result.go_on, requests


@task(name="close plan")
def close_plan(pipeline: str, run_id: str) -> int:
    """Close the application of the run's plan; return how many calls the run made."""

    async def work(plan: Plan, runtime: Runtime) -> int:
        return finish(plan, runtime, BatchResult(interrupted=STOPPING.is_set())).sent

    return _with_target(pipeline, run_id, _plan_of(run_id), work)[0]


@task(name="settle")
def settle_cut_off(pipeline: str, run_id: str, cut_off: str, plan_hash: str) -> int:
    """Look up the calls that an earlier run was cut off in, send nothing, close it; return how many requests it took.

    Raises ``TargetError`` if the target cannot tell now.
    """

    async def work(plan: Plan, runtime: Runtime) -> None:
        stopped_by = (await settle(plan, runtime, cut_off)).stopped_by
        if stopped_by is not None:
            raise stopped_by

    settings = Settings()
    with Journal.open(settings.journal_url or settings.journal) as journal:
        plan = Plan.from_bytes(journal.plan_bytes(plan_hash))
    return _with_target(pipeline, run_id, plan, work)[1]


def _plan_of(run_id: str) -> Plan:
    folder = RunStore(Settings().runs).open(run_id)
    return Plan.from_bytes(folder.path("plan.jsonl").read_bytes())


def _with_target(
    pipeline: str, run_id: str, plan: Plan, work: Callable[[Plan, Runtime], Awaitable[T]]
) -> tuple[T, int]:
    """Open what a plan is applied with, do *work*, and return its result with the number of requests."""
    settings, spec = Settings(), load_pipeline(Path(pipeline), os.environ).pipeline.target

    async def at_work() -> tuple[T, int]:
        with Journal.open(settings.journal_url or settings.journal) as journal:
            async with open_target(spec, resolve_secret) as target:
                runtime = Runtime(
                    journal=journal,
                    target=target,
                    run_id=run_id,
                    clock=lambda: datetime.now(UTC),
                    settle_s=settings.settle_s,
                    notify=spec.notify_users,
                    should_stop=STOPPING.is_set,
                    on_progress=PROGRESS.get() or (lambda _done, _total: None),
                )
                result = await work(plan, runtime)
                return result, target.requests_sent

    return asyncio.run(at_work())
