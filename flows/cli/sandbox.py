"""``sandbox`` and ``demo``: the local GoTo platform, and the whole job against it."""

from pathlib import Path
from typing import Annotated

import typer

from flows.cli.talk import say


def sandbox(
    port: Annotated[int, typer.Option("--port", help="Port on 127.0.0.1.")] = 8750,
    store: Annotated[
        Path | None, typer.Option("--store", help="Its file; made if it is not there.", show_default="data/sandbox.db")
    ] = None,
    state: Annotated[
        Path | None,
        typer.Option("--state", help="Declared state (JSON) of a new store.", show_default="the sample company's"),
    ] = None,
    rate_limit: Annotated[
        bool, typer.Option("--rate-limit/--no-rate-limit", help="Answer 429 above 10 calls a second, as GoTo does.")
    ] = True,
    faults: Annotated[
        Path | None,
        typer.Option("--faults", help="Fault plan (YAML or JSON): which calls go wrong, and how.", show_default="none"),
    ] = None,
) -> None:
    """Serve a GoTo platform on this machine, until Ctrl-C. Its store survives a restart."""
    from flows.samples import sample
    from tasks.sandbox import Switches, serve
    from tasks.settings import Settings

    where = store or Settings().sandbox_store
    where.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    serve(
        where,
        port=port,
        state=state or sample("acme_tenant.json"),
        switches=None if rate_limit else Switches(requests_per_second=None),
        faults=faults,
        on_ready=lambda url: say(f"GoTo sandbox on {url}, its store is {where}. Ctrl-C ends it."),
    )


def demo(
    port: Annotated[
        int | None,
        typer.Option(
            "--port", help="Port on 127.0.0.1 of its sandbox; 0: any that is free.", show_default="8750, or a free one"
        ),
    ] = None,
) -> None:
    """Run the whole job on the sample company, against a sandbox of its own; say where the report is."""
    from flows.cli.demonstration import demonstrate

    demonstrate(port)


COMMANDS = (demo, sandbox)
