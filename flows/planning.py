"""What sends nothing: check and plan, as plain functions over the stages. No Prefect, so they start at once."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from flows.run import Run
from flows.running import running
from tasks.connectors.registry import open_target
from tasks.ingest.stage import ingest_source
from tasks.journal.products import load_verdict, save_limits
from tasks.plan.examples import check_examples, require_examples
from tasks.plan.limits import check_freeze, check_limits, read_limits
from tasks.plan.stage import compute_plan, deletable, read_target
from tasks.settings import resolve_secret
from tasks.validate.stage import validate_source

Saying = Callable[[str], AbstractContextManager[None]]


def quietly(_: str) -> AbstractContextManager[None]:
    return nullcontext()


def check(pipeline: Path, *, saying: Saying = quietly) -> Run:
    """Ingest and validate, hold the rules' examples against the rosters, and report.

    Sends nothing and asks the target nothing. Examples that cannot be judged are in the run's ``notes``. Raises
    ``RejectedSource``, and ``BadPipeline`` if an example is not met.
    """
    with running("check", pipeline, sends=False) as run:
        judge(run, saying)
        spec = run.loaded.pipeline
        verdicts = {name: load_verdict(run.folder, name) for name in run.sources}
        found = check_examples(spec, verdicts, run.as_of)
        run.notes += [str(example) for example in found if not example.failed]
        require_examples(found)
    return run


def plan(pipeline: Path, *, as_of: datetime | None = None, saying: Saying = quietly) -> Run:
    """Make a plan and everything for its review. Sends nothing.

    The plan is published even where it is over a limit or today is frozen; then ``UnsafePlan`` is raised. Raises
    ``StalePlan`` if another run was applied meanwhile.
    """
    with running("plan", pipeline, sends=False, as_of=as_of) as run:
        judge(run, saying)
        spec = run.loaded.pipeline.target
        generation = run.journal.generation(run.pipeline_name)
        with saying(f"Reading {spec.name}"):
            asyncio.run(_read(run))
        with saying("Comparing"):
            made = compute_plan(
                run.loaded.pipeline, run.loaded.mapping_hash, run.loaded.rules_hash,
                run.journal, run.folder, run.as_of, datetime.now(UTC), generation=generation,
            )  # fmt: skip
        save_limits(run.folder, read_limits(made, run.loaded.pipeline))
        check_freeze(made, run.loaded.pipeline, run.today)
        check_limits(made, run.loaded.pipeline)
    return run


def judge(run: Run, saying: Saying) -> None:
    """Ingest and validate every source of a run."""
    for source in run.loaded.pipeline.sources:
        with saying(f"Reading {source.place}"):
            rows = ingest_source(source, run.loaded.folder, run.folder, resolve_secret)
        with saying(f"Validating {rows} rows of {source.name}"):
            validate_source(
                source, run.loaded.pipeline.rules, run.as_of,
                run.loaded.folder, run.folder, run.settings.cache, run.rejects_name(source.name),
            )  # fmt: skip


async def _read(run: Run) -> None:
    async with open_target(run.loaded.pipeline.target, resolve_secret) as target:
        try:
            due = deletable(run.loaded.pipeline, run.journal, run.as_of)
            await read_target(target, run.folder, due)
        finally:
            run.requests += target.requests_sent
