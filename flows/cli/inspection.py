"""``inspect``: what a file is that nobody has described."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import AsJson
from flows.cli.talk import doing, say, show_json

if TYPE_CHECKING:
    from tasks.ingest.inspection.examination import Inspection


def inspect(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The list.", show_default=False, exists=True, dir_okay=False)
    ],
    json: AsJson = False,
    sheet: Annotated[
        str | None, typer.Option("--sheet", metavar="NAME", help="Look at this sheet (or kind of record) alone.")
    ] = None,
    member: Annotated[
        str | None, typer.Option("--member", metavar="NAME", help="Look at this file of a zip file.")
    ] = None,
    password_from: Annotated[
        str | None,
        typer.Option("--password-from", metavar="VARIABLE", help="The environment variable that has its password."),
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
    from tasks.ingest.inspection import inspect_file
    from tasks.settings import resolve_secret

    password = None if password_from is None else (password_from, resolve_secret(f"${{{password_from}}}"))
    with doing(f"Looking at {file}"):
        found = inspect_file(file, sheet, member, password)
    if json:
        show_json(found.shape().model_dump(mode="json"))
    else:
        tell(found.shape())
    if write is not None:
        _write(found, write, domain, force=force)
    elif found.lists and not json:
        say("Next:    --write PIPELINE makes a pipeline file of what is proposed.")


def _write(found: "Inspection", target: Path, domain: str | None, *, force: bool) -> None:
    from tasks.ingest.inspection import draft_pipeline, write_pipeline

    made = draft_pipeline(found, target, domain)
    write_pipeline(made, target, force=force)
    say(f"Written: {target}")
    if made.unconfirmed:
        say(
            f"Next:    {_lines(made.unconfirmed)} marked '# please confirm': see to it and delete the mark, before "
            "you plan."
        )
    say(f"Next:    Is the list sound? rosterflow check {target}")


def _lines(number: int) -> str:
    return "1 line in it is" if number == 1 else f"{number} lines in it are"


COMMANDS = (inspect,)
