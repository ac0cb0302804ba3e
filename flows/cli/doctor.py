"""``doctor``: does everything stand ready that a sync needs? Sends nothing."""

from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer

from flows.cli.options import AsJson, PipelineFile
from flows.cli.talk import doing, show, show_json

if TYPE_CHECKING:
    from tasks.doctor.lines import Line

CHECK_WIDTH, STANDING_WIDTH = 18, 8


def doctor(
    pipeline: PipelineFile,
    json: AsJson = False,
    lookups: Annotated[
        bool,
        typer.Option(
            "--lookups/--no-lookups", help="Look verification records up in DNS and on the domains' web servers."
        ),
    ] = True,
) -> None:
    """Check credentials, scopes, domains, admins, seats, clock and pace. Sends nothing.

    Each line says ok, problem and remedy, or unknown: what nobody can ask GoTo. Ends with code 0, or 2 where the
    pipeline file or the tenant's setting up needs work, or 7 where the credentials do not let us in. Advice does not
    count.
    """
    from flows.doctor import examine
    from tasks.doctor.lines import exit_code

    lines = examine(pipeline, lookups=lookups, saying=doing)
    code = exit_code(lines)
    if json:
        show_json({"exit_code": code, "lines": [line.to_json() for line in lines]})
    else:
        for text in told(lines):
            show(text)
    raise typer.Exit(code)


def told(lines: "Iterable[Line]") -> Iterable[str]:
    """Yield the lines in words, and a count of them at the end."""
    from tasks.doctor.lines import Standing, Weight

    lines = list(lines)
    for line in lines:
        advice = line.standing == Standing.PROBLEM and line.weight == Weight.ADVISES
        yield f"{'advice' if advice else line.standing:{STANDING_WIDTH}} {line.check:{CHECK_WIDTH}} {line.finding}"
        if line.remedy:
            yield f"{'':{STANDING_WIDTH}} {'':{CHECK_WIDTH}} {line.remedy}"
    grave = [line for line in lines if line.standing == Standing.PROBLEM and line.weight != Weight.ADVISES]
    counts = Counter(line.standing for line in lines)
    yield ""
    yield (
        f"{counts[Standing.OK]} ok, {_counted(len(grave), 'problem')}, "
        f"{counts[Standing.PROBLEM] - len(grave)} advised, {counts[Standing.UNKNOWN]} unknown."
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


COMMANDS = (doctor,)
