"""Measure, as ratios in one run: ``python -m tests.bench``. Medians of five; nothing here is a test."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence

from tests.bench.applying import latency, limit
from tests.bench.arithmetic import million, plan
from tests.bench.command import command
from tests.bench.figures import Figure, as_json, as_table
from tests.bench.reading import reading
from tests.bench.reported import reported
from tests.bench.session import Session, cache_folder
from tests.bench.unchanged import unchanged
from tests.bench.validation import gx

MEASURES: Mapping[str, Callable[[Session], list[Figure]]] = {
    measure.__name__: measure for measure in (unchanged, plan, million, reported, latency, limit, reading, gx, command)
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for, print one table (or JSON), and return 0 whatever the figures are."""
    options = _parser().parse_args(arguments)
    figures: list[Figure] = []
    with cache_folder() as cache:
        session = Session(cache, options.scale, options.repeats)
        for name in options.only or MEASURES:
            sys.stderr.write(f"{name} ...\n")
            figures += MEASURES[name](session)
    sys.stdout.write((as_json(figures) if options.json else as_table(figures)) + "\n")
    if options.scale != 1:
        sys.stderr.write("The bars are those of full size.\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m tests.bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=MEASURES, metavar="MEASURE", help=f"of {', '.join(MEASURES)}")
    parser.add_argument("--scale", type=float, default=1.0, help="smaller sizes: 0.01 is a hundredth")
    parser.add_argument("--repeats", type=int, default=5, help="how often, at most (default: %(default)s)")
    parser.add_argument("--json", action="store_true", help="every value of every figure, as JSON")
    return parser


if __name__ == "__main__":
    sys.exit(main())
