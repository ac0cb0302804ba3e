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

from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.faults import discreet
from tasks.journal import Journal
from tasks.model.errors import Interrupted, RosterflowError, StalePlan
from tasks.model.plan import Plan
from tasks.model.protection import Protection
from tasks.model.tally import tally_of
from tasks.pipeline_file import LoadedPipeline, load_pipeline, pipeline_of_run
from tasks.provision import (
    BatchResult,
    Runtime,
    begin,
    close,
    count_batches,
    finish,
    require_made_for,
    require_target,
    send_batch,
    settle,
)
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
@discreet
def begin_applying(pipeline: str, run_id: str, plan_hash: str) -> tuple[int, int]:
    """Note that the run begins to apply a plan; return how many batches there are, and the requests made.

    Raises ``StalePlan`` if it may not be applied any more, ``RefusedByTarget`` if the target is not the plan's.
    """
    loaded, plan = _as_made(pipeline, plan_hash)

    async def work(runtime: Runtime) -> int:
        await runtime.target.identify()
        begin(plan, runtime)
        return count_batches(plan, runtime)

    return _with_target(loaded, run_id, work)


@task(name="provision", task_run_name="provision batch {batch}", retries=1, retry_condition_fn=not_the_targets_fault)
@discreet
def provision_batch(pipeline: str, run_id: str, plan_hash: str, batch: int) -> tuple[bool, int]:
    """Send one batch; return whether to go on with the next, and how many requests it took.

    Raises ``TargetError`` where going on is useless; the application is then closed.
    """
    loaded, plan = _as_made(pipeline, plan_hash)

    async def work(runtime: Runtime) -> BatchResult:
        result = await send_batch(plan, batch, runtime)
        if result.stopped_by is not None:
            finish(plan, runtime, result)
            raise result.stopped_by
        return result

    result, requests = _with_target(loaded, run_id, work)
    get_run_logger().info("batch %d sent, %d requests", batch, requests)
    return result.go_on, requests


@task(name="close plan")
@discreet
def close_plan(run_id: str, plan_hash: str) -> int:
    """Close the application of a plan; return how many calls the run made."""
    with _journal() as journal:
        close(journal.plan(plan_hash), journal, run_id, datetime.now(UTC))
        return journal.sent(run_id)


@task(name="settle")
@discreet
def settle_cut_off(pipeline: str, run_id: str, plan_hash: str) -> int:
    """Look up the calls that an earlier run was cut off in, send nothing, close the application of its plan.

    Returns how many requests it took.
    Raises ``TargetError`` if the target cannot tell now, ``Interrupted`` if a signal came before it was asked.
    """

    loaded, plan = pipeline_of_run(pipeline), _recorded(plan_hash)
    require_target(plan, loaded.pipeline)

    async def work(runtime: Runtime) -> None:
        result = await settle(plan, runtime)
        if result.stopped_by is not None:
            raise result.stopped_by
        if result.interrupted:
            raise Interrupted(
                "A signal ended the run before it was looked up what became of every call of an earlier run.",
                remedy="Run the same command again: it looks that up first.",
            )

    return _with_target(loaded, run_id, work)[1]


def _journal() -> Journal:
    settings = Settings()
    return Journal.open(settings.journal_place)


def _recorded(plan_hash: str) -> Plan:
    with _journal() as journal:
        return journal.plan(plan_hash)


def _as_made(pipeline: str, plan_hash: str) -> tuple[LoadedPipeline, Plan]:
    """Return a plan with its pipeline file as the run has read it.

    Raises ``StalePlan`` if the plan was not made from that, or if the file says anything else by now.
    """
    loaded, plan = pipeline_of_run(pipeline), _recorded(plan_hash)
    require_made_for(plan, loaded.pipeline, loaded.mapping_hash, loaded.rules_hash)
    if load_pipeline(Path(pipeline), os.environ).pipeline != loaded.pipeline:
        raise StalePlan(
            "What the pipeline file says was changed while the run was at work: the file, a table that it looks up in, "
            "or a variable that it names.",
            remedy="Run the sync again, or make a new plan with 'rosterflow plan'.",
        )
    return loaded, plan


def _with_target(loaded: LoadedPipeline, run_id: str, work: Callable[[Runtime], Awaitable[T]]) -> tuple[T, int]:
    """Open what a plan is applied with, do *work*, and return its result with the number of requests."""
    settings, spec = Settings(), loaded.pipeline.target

    async def at_work() -> tuple[T, int]:
        with _journal() as journal:
            async with open_target(spec, resolve_secret, KeptTokens(settings.tokens)) as target:
                runtime = Runtime(
                    journal=journal,
                    target=target,
                    run_id=run_id,
                    clock=lambda: datetime.now(UTC),
                    settle_s=settings.settle_s,
                    notify=spec.notify_users,
                    should_stop=STOPPING.is_set,
                    on_progress=PROGRESS.get() or (lambda _done, _total: None),
                    tally=tally_of(run_id),
                    protection=Protection(loaded.pipeline.protect),
                )
                result = await work(runtime)
                return result, target.requests_sent

    return asyncio.run(at_work())
