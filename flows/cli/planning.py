"""``check`` and ``plan``: what sends nothing."""

from flows.cli.options import AsJson, AsOf, PipelineFile, Strict
from flows.cli.talk import doing, say


def check(pipeline: PipelineFile, json: AsJson = False, strict: Strict = False) -> None:
    """Read and validate the rosters, and try the rules' own examples. Sends nothing, asks the target nothing.

    Held rows are in rejects.xlsx: as they stood, with what is wrong and what to do.
    """
    from flows import planning
    from flows.cli.outcome import present

    run = planning.check(pipeline, saying=doing)
    for note in run.notes:
        say(f"Note: {note}")
    present(run, json=json, strict=strict)


def plan(
    pipeline: PipelineFile,
    json: AsJson = False,
    as_of: AsOf = None,
    strict: Strict = False,
) -> None:
    """Plan the changes and write everything for their review. Sends nothing.

    Ends with code 3 if there are changes to apply, 0 if there are none.
    """
    from flows import planning
    from flows.cli.outcome import present
    from flows.running import day_given

    present(planning.plan(pipeline, as_of=day_given(as_of), saying=doing), json=json, strict=strict)


COMMANDS = (check, plan)
