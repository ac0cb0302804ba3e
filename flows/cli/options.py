"""Arguments and options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

PipelineFile = Annotated[Path, typer.Argument(metavar="PIPELINE", help="The pipeline file (YAML).", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")]
AsOf = Annotated[
    str | None,
    typer.Option("--as-of", metavar="DAY", help="Plan for this day (2026-03-31), not today.", show_default=False),
]
Strict = Annotated[
    bool,
    typer.Option("--strict", help="End with code 4 instead of 0 if a row is held, or a person waits for a decision."),
]
Mended = Annotated[
    list[Path] | None,
    typer.Option(
        "--mended",
        metavar="FILE",
        help="A rejects.xlsx that was corrected: its rows count in the place of the list's. More than once is fine.",
        show_default=False,
    ),
]
