"""``inspect``: what a file is that nobody has described."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import AsJson
from flows.cli.talk import doing, say, show_json


def inspect(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The list, in whatever form.", show_default=False)],
    json: AsJson = False,
    sheet: Annotated[
        str | None, typer.Option("--sheet", metavar="NAME", help="Look at this sheet (or kind of record) alone.")
    ] = None,
    domain: Annotated[
        str | None,
        typer.Option("--domain", metavar="DOMAIN", help="The domain of the addresses, where the list has none."),
    ] = None,
    write: Annotated[
        Path | None, typer.Option("--write", metavar="PIPELINE", help="Write a pipeline file of what is proposed.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --write replace a file that is there.")] = False,
) -> None:
    """Say what a file is: encoding, sheets, headings, columns, dates, keys, and what in it is dangerous.

    Nothing is sent, and nothing is guessed: what cannot be known is marked in the pipeline file to be confirmed.
    """
    from flows.cli.inspected import tell
    from tasks.ingest.inspection import draft_pipeline, inspect_file, write_pipeline

    with doing(f"Looking at {file}"):
        found = inspect_file(file, sheet)
    made = None if write is None else draft_pipeline(found, write, domain)
    if made is not None and write is not None:
        write_pipeline(made, write, force=force)
    if json:
        show_json(found.shape().model_dump(mode="json"))
    else:
        tell(found.shape())
    if made is not None:
        say(f"Written: {write}")
        if made.unconfirmed:
            say(f"{made.unconfirmed} lines in it are marked '# please confirm'; no plan is made before they are gone.")


COMMANDS = (inspect,)
