"""``inspect``: what a file is that nobody has described."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.options import AsJson
from flows.cli.talk import doing, say, show_json


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The list.", show_default=False, exists=True, dir_okay=False)
    ],
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
            say(
                f"{_lines(made.unconfirmed)} marked '# please confirm': see to it and delete the mark, before you plan."
            )


def _lines(number: int) -> str:
    return "1 line in it is" if number == 1 else f"{number} lines in it are"


COMMANDS = (inspect,)
