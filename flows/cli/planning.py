"""``check`` and ``plan``: what sends nothing."""

from flows.cli.options import AsJson, AsOf, Mended, PipelineFile, Strict
from flows.cli.talk import doing, say, show_json


def check(pipeline: PipelineFile, json: AsJson = False, strict: Strict = False, mended: Mended = None) -> None:
    """Read and validate the rosters, and try the rules' own examples. Sends nothing, asks the target nothing.

    Held rows are in rejects.xlsx: as they stood, with what is wrong and what to do.
    """
    from flows import planning
    from flows.cli.outcome import finish, present
    from tasks.report.checked import checked

    run = planning.check(pipeline, mended=mended or (), saying=doing)
    for note in run.notes:
        say(f"Note: {note}")
    if not json:
        present(run, json=False, strict=strict)
    show_json({**checked(run.summary, run.loaded.pipeline.sources, run.folder), "folder": str(run.folder.root)})
    finish(run.summary, strict=strict)


def plan(
    pipeline: PipelineFile,
    json: AsJson = False,
    as_of: AsOf = None,
    strict: Strict = False,
    mended: Mended = None,
) -> None:
    """Plan the changes and write everything for their review. Sends nothing.

    Ends with code 3 if there are changes to apply, 0 if there are none.
    """
    from flows import planning
    from flows.cli.outcome import present
    from flows.running import day_given

    run = planning.plan(pipeline, as_of=day_given(as_of), mended=mended or (), saying=doing)
    for note in run.notes:
        say(f"Note: {note}")
    present(run, json=json, strict=strict)


COMMANDS = (check, plan)
