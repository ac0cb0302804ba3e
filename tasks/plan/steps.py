"""The plan stage as Prefect tasks: read the target, compute the plan, hold it against the limits."""

import asyncio
import os
from datetime import UTC, date, datetime
from pathlib import Path

from prefect import get_run_logger, task

from tasks.connectors.registry import open_target
from tasks.journal import Journal, RunStore
from tasks.journal.products import save_limits
from tasks.pipeline_file import load_pipeline
from tasks.plan import stage
from tasks.plan.limits import check_limits as hold_against_limits
from tasks.plan.limits import read_limits
from tasks.settings import Settings, resolve_secret


@task(name="read target")
def read_target(pipeline: str, run_id: str) -> int:
    """Read the target whole; return how many requests that took. Raises ``TargetError``."""
    spec = load_pipeline(Path(pipeline), os.environ).pipeline.target

    async def read() -> tuple[int, int]:
        async with open_target(spec, resolve_secret) as target:
            accounts = await stage.read_target(target, RunStore(Settings().runs).open(run_id))
            return accounts, target.requests_sent

    accounts, requests = asyncio.run(read())
    get_run_logger().info("%s: %d accounts", spec.name, accounts)
    return requests


@task(name="compute plan")
def compute_plan(pipeline: str, run_id: str, as_of: date) -> str:
    """Make the plan of a run and record it; return its hash. Raises ``BadPipeline``."""
    settings, loaded = Settings(), load_pipeline(Path(pipeline), os.environ)
    folder = RunStore(settings.runs).open(run_id)
    with Journal.open(settings.journal_url or settings.journal) as journal:
        plan = stage.compute_plan(
            loaded.pipeline, loaded.mapping_hash, loaded.rules_hash, journal, folder, as_of, datetime.now(UTC)
        )
    save_limits(folder, read_limits(plan, loaded.pipeline))
    get_run_logger().info("%d changes, %d withheld", len(plan.changes), len(plan.withheld))
    return plan.hash


@task(name="check limits")
def check_limits(pipeline: str, run_id: str, today: date) -> None:
    """Hold the plan of a run against the pipeline's limits and freezes. Raises ``UnsafePlan``."""
    loaded = load_pipeline(Path(pipeline), os.environ)
    plan = stage.load_plan(RunStore(Settings().runs).open(run_id))
    hold_against_limits(plan, loaded.pipeline, today)
