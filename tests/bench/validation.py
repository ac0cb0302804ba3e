"""Validation of a big roster, against the time that Great Expectations itself takes for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pandas as pd

from tasks.ingest import read_roster
from tasks.validate import load_suite, validate
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child, repeated, seconds
from tests.support import company

PEOPLE = 100_000


def gx(session: Session) -> list[Figure]:
    """Measure validation with the staff suite, as a multiple of the time spent inside GX's own ``validate``.

    GX is loaded, and has run once, before the clock is started.
    """
    people = session.size(PEOPLE)
    rosters = {"": company.roster(people), ", 3 % at fault": company.with_faults(company.roster(people))}
    return [_figure(session, f"validate {people} rows{kind}", roster) for kind, roster in rosters.items()]


def _figure(session: Session, name: str, roster: pd.DataFrame) -> Figure:
    with session.folder() as folder:
        roster.to_csv(folder / "staff.csv", index=False)
        pairs = in_child(validate_and_watch, folder, session.repeats)
    ratios = [whole / inside for whole, inside in pairs]
    return Figure(name, [whole for whole, _ in pairs], "s", Bar(2, ratio=True), ratios, "inside GX")


def validate_and_watch(folder: Path, repeats: int) -> list[tuple[float, float]]:
    """Return, for each repetition, the seconds of validating a roster and those of them spent inside GX."""
    (source,) = company.pipeline(folder, "staff.csv").pipeline.sources
    roster, suite = read_roster(source, folder), load_suite(source.suite, folder)
    headings = {attribute: column.heading for attribute, column in source.columns.items()}
    with inside_gx() as inside:

        def once() -> tuple[float, float]:
            inside.clear()
            whole = seconds(lambda: validate(roster, suite, headings, company.TODAY))
            return whole, sum(inside)

        once()
        return list(repeated(once, repeats))


@contextmanager
def inside_gx() -> Iterator[list[float]]:
    """Give a list to which each call of GX's own ``validate`` appends the seconds that it took."""
    from expectations.gx import Batch

    inside: list[float] = []
    gx_validate = Batch.validate

    def watched(*arguments: Any, **named: Any) -> Any:
        answer: list[Any] = []
        inside.append(seconds(lambda: answer.append(gx_validate(*arguments, **named))))
        return answer[0]

    with patch.object(Batch, "validate", watched):
        yield inside
