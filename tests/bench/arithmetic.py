"""The plan as arithmetic on tables that are in memory: no file is read, nothing is written."""

from pathlib import Path

import pandas as pd

from tasks.journal import RunFolder
from tasks.plan import make_plan
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child, repeated, seconds
from tests.support import company

PEOPLE = 100_000
MANY_PEOPLE = 1_000_000
SHARE_CHANGED = 0.01
BOTH_SIDES = ("workers", "accounts", "grants")


def plan(session: Session) -> list[Figure]:
    """Measure the plan of linked workers of whom nobody, or one in a hundred, has changed."""
    people = session.size(PEOPLE)
    return [
        _figure(session, f"plan of {people}, unchanged", people, 0),
        _figure(session, f"plan of {people}, 1 % changed", people, SHARE_CHANGED),
    ]


def million(session: Session) -> list[Figure]:
    """Measure the plan of a million users with three grants each, one in a hundred changed, against reading them."""
    people = session.size(MANY_PEOPLE)
    return [_figure(session, f"plan of {people}, 1 % changed", people, SHARE_CHANGED, Bar(3, ratio=True))]


def _figure(session: Session, name: str, people: int, share: float, bar: Bar | None = None) -> Figure:
    with session.folder() as folder:
        pairs = in_child(plan_and_read, folder, people, share, session.repeats)
    ratios = [planned / read for planned, read in pairs]
    return Figure(name, [planned for planned, _ in pairs], "s", bar, ratios, "reading both sides from parquet")


def plan_and_read(folder: Path, people: int, share: float, repeats: int) -> list[tuple[float, float]]:
    """Return the seconds of making the plan and of reading both sides, workers here, accounts and grants there."""
    inputs = company.inputs(folder, people, share)
    run = RunFolder(folder)
    tables = (inputs.verdicts["hr"].clean, inputs.state.accounts, inputs.state.grants)
    paths = [run.save_table(name, table) for name, table in zip(BOTH_SIDES, tables, strict=True)]
    if not share:
        company.require_quiet(make_plan(inputs))

    def once() -> tuple[float, float]:
        return seconds(lambda: make_plan(inputs)), seconds(lambda: [pd.read_parquet(path) for path in paths])

    return list(repeated(once, repeats))
