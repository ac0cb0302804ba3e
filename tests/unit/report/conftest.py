"""A run to report on, and builders for parts of it."""

from collections.abc import Callable

import pytest

from tasks.model.plan import Change
from tasks.model.rosters import Verdict
from tests.support.reported import FACTS, LIMITS, PLAN, VERDICT, Run, all_done, change, verdict


@pytest.fixture
def run() -> Run:
    """A run in which everything was done."""
    return Run(FACTS, PLAN, LIMITS, all_done(PLAN), {"hr": VERDICT})


@pytest.fixture
def make_change() -> Callable[..., Change]:
    return change


@pytest.fixture
def make_verdict() -> Callable[..., Verdict]:
    return verdict
