"""A company planned with all its reports, as ``rosterflow plan`` does it: from the roster's file to the last page.

At three sizes, so that what grows faster than the people shows: then a person costs more at the largest.
"""

from dataclasses import replace
from pathlib import Path

from tasks.model.state import TargetState
from tasks.plan import Inputs
from tests.bench import company

SITUATIONS = ("joiners", "movers", "updates")
"""Everybody is new; one in a hundred has changed and one has left; everybody has changed."""


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
