"""The check-up as a Prefect task: what a sync looks at before it goes on."""

import asyncio
from datetime import UTC, datetime

from prefect import get_run_logger, task

from tasks.connectors.goto import Survey, survey
from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.doctor.stage import count_domains, facts_of, require_ready
from tasks.faults import discreet
from tasks.journal import RunStore
from tasks.journal.products import load_people
from tasks.pipeline_file import pipeline_of_run
from tasks.settings import Settings, resolve_secret


@task(name="check readiness")
@discreet
def check_ready(pipeline: str, run_id: str) -> int:
    """Look at what a sync cannot do without; return how many requests that took.

    Raises ``RefusedByTarget`` where the credentials do not let us in or may not do what is to be done, ``BadPipeline``
    where domain or organisation are not as a fed directory needs them.
    """
    settings, loaded = Settings(), pipeline_of_run(pipeline).pipeline
    folder = RunStore(settings.runs).open(run_id)
    addresses = count_domains(load_people(folder, loaded).values())

    async def ask() -> tuple[Survey, int]:
        async with open_target(loaded.target, resolve_secret, KeptTokens(settings.tokens)) as target:
            found = await survey(target, loaded.target, lambda: datetime.now(UTC))
            return found, target.requests_sent

    found, requests = asyncio.run(ask())
    if found.refusal is not None:
        raise found.refusal
    lines = require_ready(facts_of(found, loaded, addresses))
    get_run_logger().info("%d checks, ready", len(lines))
    return requests
