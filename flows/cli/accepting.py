"""``accept``: let a list pass that differs too much from the last one. Sends nothing."""

from dataclasses import asdict
from typing import Annotated

import typer

from flows.cli.options import AsJson
from flows.cli.talk import say, show, show_json


def accept(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run that refused the list: its id, or 'latest'.")],
    by: Annotated[str, typer.Option("--by", metavar="NAME", help="Who decides; recorded.")],
    reason: Annotated[str, typer.Option("--reason", metavar="TEXT", help="Why; recorded.")],
    until: Annotated[
        str | None,
        typer.Option("--until", metavar="DAY", help="Last day on which it may be used.", show_default="in 7 days"),
    ] = None,
    source: Annotated[
        str | None, typer.Option("--source", help="Of several lists this one only.", show_default="all")
    ] = None,
    json: AsJson = False,
) -> None:
    """Accept, once, a list that was refused for being too unlike the last one.

    The decision is for that very file. It is used up when a sync or apply carries it out, and the list is then the one
    that the next is held against.
    """
    from flows.accepting import accept as decide

    permits = decide(run, by, reason, until, source)
    if json:
        show_json([asdict(permit) for permit in permits])
        return
    for permit in permits:
        show(
            f"The list of {permit.source} that run {permit.run_id} refused may pass, once, until {permit.until} "
            f"(decision {permit.permit_id})."
        )
    say("Now run the command again.")


COMMANDS = (accept,)
