"""The sandbox as a process of its own: ``python -m tasks.sandbox --store FILE``."""

import argparse
import sys
from pathlib import Path

from tasks.model.errors import BadUsage
from tasks.sandbox.serving import DEFAULT_PORT, serve
from tasks.sandbox.switches import Switches


def main(arguments: list[str] | None = None) -> int:
    """Serve until stopped; return the exit code."""
    options = _parser().parse_args(arguments)

    def say_where(url: str) -> None:
        if options.port_file:
            _write_whole(options.port_file, url.rsplit(":", 1)[1])
        sys.stdout.write(f"{url}\n")
        sys.stdout.flush()

    switches = Switches(requests_per_second=None) if options.no_rate_limit else None
    try:
        serve(options.store, host=options.host, port=options.port, state=options.state, switches=switches,
              faults=options.faults, on_ready=say_where)  # fmt: skip
    except BadUsage as exc:
        sys.stderr.write(f"{exc}\n")
        return exc.exit_code
    return 0


def _write_whole(path: Path, text: str) -> None:
    """Write a file that is either not there or whole, since another process waits for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    part.write_text(text)
    part.replace(path)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tasks.sandbox", description="A GoTo platform on this machine.")
    parser.add_argument("--store", type=Path, required=True, help="SQLite file; made if it is not there")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address (default: %(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="0 for a free one (default: %(default)s)")
    parser.add_argument("--state", type=Path, help="declared state (JSON) that a new store starts from")
    parser.add_argument("--faults", type=Path, help="fault plan (YAML or JSON): which calls go wrong, and how")
    parser.add_argument("--port-file", type=Path, help="file to write the port to, once calls are answered")
    parser.add_argument("--no-rate-limit", action="store_true", help="do not answer 429 at 10 calls a second")
    return parser


if __name__ == "__main__":
    sys.exit(main())
