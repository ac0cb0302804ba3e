"""The plan stage as Prefect tasks: read the target, compute the plan, hold it against freezes and limits."""

import asyncio
from datetime import UTC, date, datetime

from prefect import get_run_logger, task

from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.faults import discreet
from tasks.journal import Journal, RunStore
from tasks.journal.products import save_limits
from tasks.model.operations import Outcome
from tasks.model.plan import Plan
from tasks.pipeline_file import pipeline_of_run
from tasks.plan import limits, stage
from tasks.settings import Settings, resolve_secret


@task(name="read target")
@discreet
def read_target(pipeline: str, run_id: str, as_of: date) -> int:
    """Read the target whole; return how many requests that took. Raises ``TargetError``."""
    settings, loaded = Settings(), pipeline_of_run(pipeline).pipeline
    spec = loaded.target
    with Journal.open(settings.journal_place) as journal:
        due = stage.deletable(loaded, journal, as_of)

    async def read() -> tuple[int, int]:
        async with open_target(spec, resolve_secret, KeptTokens(settings.tokens)) as target:
            accounts = await stage.read_target(target, RunStore(settings.runs).open(run_id), due)
            return accounts, target.requests_sent

    accounts, requests = asyncio.run(read())
    get_run_logger().info("%s: %d accounts", spec.name, accounts)
    return requests


@task(name="compute plan")
@discreet
def compute_plan(pipeline: str, run_id: str, as_of: date) -> str:
    """Make the plan of a run and record it; return its hash. Raises ``BadPipeline``."""
    settings, loaded = Settings(), pipeline_of_run(pipeline)
    folder = RunStore(settings.runs).open(run_id)
    with Journal.open(settings.journal_place) as journal:
        plan = stage.compute_plan(
            loaded.pipeline, loaded.mapping_hash, loaded.rules_hash, journal, folder, as_of, datetime.now(UTC)
        )
    save_limits(folder, limits.read_limits(plan, loaded.pipeline))
    get_run_logger().info("%d changes, %d withheld", len(plan.changes), len(plan.withheld))
    return plan.hash


@task(name="check freeze")
@discreet
def check_freeze(pipeline: str, plan_hash: str, today: date) -> None:
    """Hold what is left to do of a plan against the pipeline's freezes. Raises ``UnsafePlan``."""
    plan, outcomes = _recorded(plan_hash)
    limits.check_freeze(plan, pipeline_of_run(pipeline).pipeline, today, outcomes)


@task(name="check limits")
@discreet
def check_limits(pipeline: str, plan_hash: str) -> None:
    """Hold what is left to do of a plan against the pipeline's limits as they are now. Raises ``UnsafePlan``."""
    plan, outcomes = _recorded(plan_hash)
    limits.check_limits(plan, pipeline_of_run(pipeline).pipeline, outcomes)


def _recorded(plan_hash: str) -> tuple[Plan, dict[str, Outcome]]:
    settings = Settings()
    with Journal.open(settings.journal_place) as journal:
        return journal.plan(plan_hash), journal.outcomes(plan_hash)
