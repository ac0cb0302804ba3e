"""A company planned with all its reports, as ``rosterflow plan`` does it: from the roster's file to the last page.

At three sizes, so that what grows faster than the people shows: then the ratio is more than that of the sizes.
"""

import json
import os
import shutil
import time
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from flows import planning
from tasks.model.state import TargetState
from tasks.plan import Inputs
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child, peak_mb
from tests.support import company, servers

SIZES = (1_000, 5_000, 20_000)
BAR_S = 20

SITUATIONS = ("joiners", "movers", "updates")
"""Everybody is new; one in a hundred has changed and one has left; everybody has changed."""


class Planned(NamedTuple):
    """What one run of ``plan`` took: seconds, and the memory of its process."""

    seconds: float
    peak_mb: float


def reported(session: Session) -> list[Figure]:
    """Measure ``plan`` of a company that is all new to the tenant: a file never seen, everybody created, with products
    and a group. Starting Python is not counted; loading Great Expectations is."""
    by_size = {people: _of_size(session, people) for people in map(session.size, SIZES)}
    least, most = by_size[min(by_size)], max(by_size)
    figures = []
    for people, runs in by_size.items():
        name, bar = f"{people} people planned with all reports", Bar(BAR_S) if people == most else None
        ratios = [one.seconds / few.seconds for one, few in zip(runs, least, strict=False)]
        figures.append(Figure(name, [one.seconds for one in runs], "s", bar, ratios, f"{min(by_size)} people"))
        figures.append(Figure(f"{name}, memory", [one.peak_mb for one in runs], "MB"))
    return figures


def _of_size(session: Session, people: int) -> list[Planned]:
    with session.folder() as folder:
        state = company.declared(people)
        (folder / "state.json").write_text(json.dumps({**state, "users": state["users"][:1]}), encoding="utf-8")
        company.write_csv(folder / "staff.csv", people)
        with servers.sandbox(folder, folder / "state.json", None) as url:
            return session.times(lambda: in_child(plan_once, folder, url, people))


def plan_once(folder: Path, url: str, people: int) -> Planned:
    """Plan in a home of its own, and say what that took."""
    shutil.rmtree(folder / "home", ignore_errors=True)
    os.environ["ROSTERFLOW_HOME"] = str(folder / "home")
    company.pipeline(folder, "staff.csv", url)
    begun = time.perf_counter()
    run = planning.plan(folder / "bench.yaml")
    took = time.perf_counter() - begun
    created = run.summary["changes"]["by_action"]["create"]
    if created != people or not run.folder.path("review.xlsx").exists():
        raise AssertionError(f"{created} of {people} people were planned, or there is no review")
    return Planned(took, peak_mb())


def inputs(folder: Path, situation: str, people: int) -> Inputs:
    """Return what the plan of a company in a *situation* is made from, its applications being none so far."""
    share = {"joiners": 0.0, "movers": 0.01, "updates": 1.0}[situation]
    asked = replace(company.inputs(folder, people, share), generation=0)
    if situation == "joiners":
        there = asked.state
        nobody = TargetState(there.accounts.iloc[:0], there.grants.iloc[:0], there.groups, there.licences)
        return replace(asked, state=nobody, links=asked.links.iloc[:0])
    if situation == "movers":
        verdict = asked.verdicts["hr"]
        stay = verdict.clean.index % LEAVER != LEAVER - 1
        return replace(asked, verdicts={"hr": replace(verdict, clean=verdict.clean[stay].reset_index(drop=True))})
    return asked


LEAVER = 100
"""One in so many has left."""
