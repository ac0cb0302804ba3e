"""A sync under every fault of the plan: it ends right, or says truly what is left, and the next one ends right.

Whatever happens, nobody is there twice and nobody gets two welcome mails. The engine without Prefect, over HTTP,
against a sandbox whose fault plan strikes once, every third time, or by the throw of a seed; and the command itself.
"""

import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.model.operations import GOOD, OutcomeStatus
from tasks.model.plan import Action
from tasks.provision.batch import IN_DOUBT, NO_ANSWER
from tests.flows.third_month import SAMPLES, Company, Ended, View, company_in

PATTERNS: dict[str, dict[str, Any]] = {"once": {"at": 1}, "every third": {"every": 3}, "a share": {"share": 0.4}}

PLACES: dict[str, Sequence[dict[str, Any]]] = {
    "reads": [{"method": "GET", "path": "/accounts/**"}],
    "token": [{"path": "/oauth/token"}],
    "creates": [{"method": "POST", "path": "/accounts/*/users"}],
    "licences": [{"method": ["PUT", "DELETE"], "path": "/accounts/*/licenses/*/users/*"}],
    "groups": [
        {"method": "POST", "path": "/accounts/*/groups"},
        {"method": "PUT", "path": "/accounts/*/groups/*/users/*"},
        {"method": "DELETE", "path": "/accounts/*/users/*/groups"},
    ],
    "names and roles": [{"method": "PUT", "path": "/accounts/*/users/*"}],
    "deletes": [{"method": "DELETE", "path": "/accounts/*/users/*"}],
}
WRITES = [{"method": ["POST", "PUT", "DELETE"], "path": "/accounts/**"}]

FAULTS: dict[str, dict[str, Any]] = {
    "too many": {"fault": "too_many"},
    "too many, come back": {"fault": "too_many", "retry_after": 0},
    "500": {"fault": "error_500"},
    "500, done": {"fault": "error_500", "done": True},
    "proxy's page": {"fault": "bad_gateway_html"},
    "proxy's page, done": {"fault": "bad_gateway_html", "done": True},
    "unavailable": {"fault": "service_unavailable"},
    "cut before": {"fault": "cut_before"},
    "cut after": {"fault": "cut_after"},
    "hangs, then cut": {"fault": "time_out", "for_s": 0.02},
    "done, hangs, then cut": {"fault": "time_out", "for_s": 0.02, "done": True},
    "slow": {"fault": "slow", "for_s": 0.1},
    "token expired": {"fault": "token_expired"},
}


def cases() -> list[Any]:
    """Every fault at every place; the pattern goes round, so that each fault and each place sees all three.

    A sync asks for one token, so at its place the first calls are struck.
    """
    made = []
    for row, (fault, what) in enumerate(FAULTS.items()):
        for column, (place, calls) in enumerate(PLACES.items()):
            turn = (row + column) % 3
            name = f"the first {turn + 1}" if place == "token" else list(PATTERNS)[turn]
            pattern = {"first": turn + 1} if place == "token" else PATTERNS[name]
            rules = [{"on": on, **pattern, **what} for on in calls]
            made.append(pytest.param(rules, id=f"{fault}-{place}-{name}".replace(" ", "_")))
    return made


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    logger = logging.getLogger("stamina")
    before = logger.level
    logger.setLevel(logging.ERROR)
    with company_in(tmp_path_factory.mktemp("company")) as made:
        yield made
    logger.setLevel(before)


@pytest.fixture(scope="module")
def calm(company: Company, tmp_path_factory: pytest.TempPathFactory) -> View:
    """The tenant after a sync in which nothing failed."""
    ended = company.sync(company.eve(tmp_path_factory.mktemp("calm") / "home"))
    assert ended.code == 0
    return company.view()


@pytest.fixture
def home(company: Company, tmp_path: Path) -> Iterator[Path]:
    """An installation on the eve of the third month; nothing fails any more when the test is over."""
    yield company.eve(tmp_path / "home")
    company.heal()


def struck(plan: dict[str, Any]) -> int:
    return sum(rule["struck"] for rule in plan["rules"])


def require_true(ended: Ended, view: View) -> None:
    """Hold what the sync reported against the tenant."""
    assert ended.code in (0, 4, 7)
    assert (ended.code == 7) == (ended.error is not None)
    for change in ended.changes:
        outcome = ended.outcome(change)
        if outcome.status in GOOD:
            assert view.is_so(change), f"{change.action} is reported {outcome.status}, and is not so"
        else:
            named = outcome.reason in (NO_ANSWER, IN_DOUBT)
            assert named or not view.is_so(change), f"{change.action} is so: {outcome.status}, {outcome.reason}"
    undone = [change for change in ended.changes if ended.outcome(change).status not in GOOD]
    assert bool(undone) <= (ended.code != 0)


def require_one_welcome_each(view: View, calm: View) -> None:
    assert set(view.welcomed) <= set(calm.welcomed)
    assert max(view.welcomed.values(), default=1) == 1


def finish(company: Company, home: Path, calm: View) -> None:
    """Run the same sync with nothing failing any more: it ends right."""
    ended = company.sync(home)
    view = company.view()
    assert ended.code == 0
    assert view.holds() == calm.holds()
    assert view.welcomed == calm.welcomed
    assert company.sync(home).changes == ()


# Every fault at every place -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", cases())
def test_sync_under_a_fault_ends_right_or_says_what_is_left(
    company: Company, calm: View, home: Path, rules: list[dict[str, Any]]
) -> None:
    company.fail(*rules)

    ended = company.sync(home)

    view, plan = company.view(), company.heal()
    assert struck(plan) > 0
    require_true(ended, view)
    require_one_welcome_each(view, calm)
    if ended.code == 0:
        assert view.holds() == calm.holds()
        assert view.welcomed == calm.welcomed
    finish(company, home, calm)
