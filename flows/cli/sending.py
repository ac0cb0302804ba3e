"""``apply`` and ``sync``: what sends. Both run as Prefect flows."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import AsJson, AsOf, PipelineFile, Strict


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

    Each account is looked at once more before it is written; one that has moved since is skipped and named.
    """
    from flows.cli.prefect_run import run_flow

    run_flow("apply", json=json, strict=False, plan=_as_name(plan), override=override)


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


def _as_name(plan: str) -> str:
    return str(Path(plan).absolute()) if Path(plan).exists() else plan


COMMANDS = (apply, sync)
