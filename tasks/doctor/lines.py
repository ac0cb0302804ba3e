"""One line of a check-up: what was looked at, how it stands, and what to do about it."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class Standing(StrEnum):
    """How a thing stands. ``unknown`` is for what nobody can ask GoTo: it is no problem, and no all-clear."""

    OK = "ok"
    PROBLEM = "problem"
    UNKNOWN = "unknown"


class Weight(StrEnum):
    """What a problem stops: a sync from the start, the check-up only, or nothing."""

    BLOCKS = "blocks"
    FAILS = "fails"
    ADVISES = "advises"


SETTING_UP, CREDENTIALS = 2, 7
REACH = "reach"
"""The check that fails where the target is not reached, or what answers is not the target."""


@dataclass(frozen=True)
class Line:
    """What one check found: a sentence, and the remedy where there is one. No personal data in either.

    ``exit_code`` is what a problem ends a command with: 2 where the pipeline file or the tenant's setting up is at
    fault, 7 for credentials and reach.
    """

    check: str
    standing: Standing
    finding: str
    remedy: str = ""
    weight: Weight = Weight.ADVISES
    exit_code: int = SETTING_UP

    @property
    def blocks(self) -> bool:
        """Tell whether a sync is to stop before it sends anything."""
        return self.standing == Standing.PROBLEM and self.weight == Weight.BLOCKS

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def ok(check: str, finding: str) -> Line:
    return Line(check, Standing.OK, finding)


def problem(
    check: str, finding: str, remedy: str, *, weight: Weight = Weight.BLOCKS, exit_code: int = SETTING_UP
) -> Line:
    return Line(check, Standing.PROBLEM, finding, remedy, weight, exit_code)


def unknown(check: str, finding: str, remedy: str = "") -> Line:
    return Line(check, Standing.UNKNOWN, finding, remedy)


def exit_code(lines: Iterable[Line]) -> int:
    """Return what a check-up ends with: 7 if credentials or reach are at fault, else 2 for any other problem, else 0.

    Advice does not make it fail.
    """
    grave = [line for line in lines if line.standing == Standing.PROBLEM and line.weight != Weight.ADVISES]
    return max((line.exit_code for line in grave), default=0)
