"""Rosters from a few rows, and the people in them."""

from collections.abc import Callable

import pytest

from tasks.model.rosters import Roster
from tests.support import rosters


@pytest.fixture(scope="session")
def make_roster() -> Callable[..., Roster]:
    return rosters.make_roster


@pytest.fixture(scope="session")
def headings() -> dict[str, str]:
    return dict(rosters.HEADINGS)


@pytest.fixture
def ada() -> dict[str, str]:
    return dict(rosters.ADA)


@pytest.fixture
def ben() -> dict[str, str]:
    return dict(rosters.BEN)
