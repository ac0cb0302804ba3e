"""What sends nothing: check and plan, as plain functions over the stages. No Prefect, so they start at once."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

from flows.confirming import confirmed, note
from flows.run import Run
from flows.running import running
from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.ingest.mended_books import read_mended
from tasks.ingest.stage import ingest_source
from tasks.journal.products import load_people, save_limits
from tasks.plan.examples import check_examples, require_examples
from tasks.plan.limits import check_freeze, check_limits, read_limits
from tasks.plan.stage import compute_plan, deletable, read_target
from tasks.settings import resolve_secret
from tasks.validate import holds_people, require_people
from tasks.validate.stage import compare_sources, merge_sources, validate_source

Saying = Callable[[str], AbstractContextManager[None]]


def quietly(_: str) -> AbstractContextManager[None]:
    return nullcontext()


def check(pipeline: Path, *, mended: Sequence[Path] = (), saying: Saying = quietly) -> Run:
    """Ingest and validate, hold the rules' examples against the rosters, and report.

    *mended* are workbooks of held rows that somebody has corrected (``tasks.ingest.mending``). Sends nothing and asks
    the target nothing. Examples that cannot be judged are in the run's ``notes``. Raises ``RejectedSource``, and
    ``BadPipeline`` if an example is not met.
    """
    with running("check", pipeline, sends=False) as run:
        run.notes += filter(None, [note(run.loaded)])
        judge(run, saying, mended)
        spec = run.loaded.pipeline
        sheets = {source.population for source in spec.sources if not holds_people(source, run.loaded.folder)}
        people = {name: verdict for name, verdict in load_people(run.folder, spec).items() if name not in sheets}
        found = check_examples(spec, people, run.as_of)
        run.notes += [str(example) for example in found if not example.failed]
        require_examples(found)
    return run


def plan(
    pipeline: Path, *, as_of: datetime | None = None, mended: Sequence[Path] = (), saying: Saying = quietly
) -> Run:
    """Make a plan and everything for its review. Sends nothing. *mended* as in ``check``.

    The plan is published even where it is over a limit or today is frozen; then ``UnsafePlan`` is raised. Raises
    ``StalePlan`` if another run was applied meanwhile, and ``BadPipeline``, once the rosters were validated, if places
    of the pipeline file wait to be confirmed.
    """
    with running("plan", pipeline, sends=False, as_of=as_of) as run:
        require_people(run.loaded.pipeline.sources, run.loaded.folder)
        with confirmed(run):
            judge(run, saying, mended)
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


def judge(run: Run, saying: Saying, mended: Sequence[Path] = ()) -> None:
    """Ingest and validate every source of a run, put those of one namespace together, hold them against the last.

    The rows of the workbooks *mended* are used in the place of those of the rosters.
    """
    corrected = read_mended(run.loaded.pipeline.sources, mended)
    for source in run.loaded.pipeline.sources:
        corrections = corrected.get(source.name, ())
        with saying(f"Reading {source.place}"):
            rows = ingest_source(source, run.loaded.folder, run.folder, resolve_secret, corrections)
        run.notes += [f"The list {source.name} is read with {one.said} in the place of its own." for one in corrections]
        with saying(f"Validating {rows} rows of {source.name}"):
            validate_source(
                source, run.loaded.pipeline.rules, run.as_of,
                run.loaded.folder, run.folder, run.settings.cache, run.rejects_name(source.name),
            )  # fmt: skip
    merge_sources(run.loaded.pipeline, run.as_of, run.folder, run.rejects_names)
    compare_sources(run.loaded.pipeline, run.journal, run.folder, run.today)


async def _read(run: Run) -> None:
    async with open_target(run.loaded.pipeline.target, resolve_secret, KeptTokens(run.settings.tokens)) as target:
        try:
            due = deletable(run.loaded.pipeline, run.journal, run.as_of)
            await read_target(target, run.folder, due)
        finally:
            run.requests += target.requests_sent
