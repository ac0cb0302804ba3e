"""``apply`` and ``sync``: what sends. Both run as Prefect flows."""

from typing import Annotated

import typer

from flows.cli.options import AsJson, AsOf, PipelineFile, Strict
from flows.cli.talk import say


def apply(
    plan: Annotated[
        str, typer.Argument(metavar="PLAN", help="The run that made it (id or 'latest'), its folder, or plan.jsonl.")
    ],
    json: AsJson = False,
    override: Annotated[
        str | None,
        typer.Option("--override", metavar="REASON", help="Send it though it is over a limit; recorded, good once."),
    ] = None,
) -> None:
    """Send exactly the plan that was made, nothing else.

    'latest' is the last run of 'plan', or the last sync that was blocked. Each account is looked at once more before
    it is written; one that has moved since is skipped and named.
    """
    from flows.cli.prefect_run import run_flow
    from flows.overriding import decided
    from flows.planned import planned_run

    made = planned_run(plan)
    say(f"Plan {made.plan_hash[:12]} {made.described}, for {made.pipeline}")
    number = decided(made.plan_hash, override)
    run_flow("apply", json=json, strict=False, plan=made.name, override=number)


def sync(
    pipeline: PipelineFile,
    json: AsJson = False,
    as_of: AsOf = None,
    strict: Strict = False,
    override: Annotated[
        str | None,
        typer.Option("--override", metavar="HASH", help="Send this very plan though it is over a limit; good once."),
    ] = None,
) -> None:
    """Plan, hold the plan against the limits, and send it: the whole job, unattended.

    A run that was cut off is finished by running the same command again.
    """
    from flows.cli.prefect_run import run_flow
    from flows.running import day_given

    run_flow("sync", json=json, strict=strict, pipeline=str(pipeline), as_of=day_given(as_of), override=override)


COMMANDS = (apply, sync)
