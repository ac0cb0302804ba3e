"""A sync under every fault of the plan: it ends right, or says truly what is left, and the next one ends right.

Whatever happens, nobody is there twice and nobody gets two welcome mails. The engine without Prefect, over HTTP,
against a sandbox whose fault plan strikes once, every third time, or by the throw of a seed; and the command itself.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tasks.model.operations import GOOD
from tasks.provision.reasons import IN_DOUBT, NO_ANSWER
from tests.flows.third_month import Company, Ended, View, company_in

PATTERNS: Sequence[dict[str, Any]] = ({"at": 1}, {"every": 3}, {"share": 0.4})

READS: Sequence[dict[str, Any]] = ({"method": "GET", "path": "/accounts/**"}, {"path": "/oauth/token"})
WRITES: Sequence[dict[str, Any]] = (
    {"method": "POST", "path": "/accounts/*/users"},  # creates
    {"method": ["PUT", "DELETE"], "path": "/accounts/*/licenses/*/users/*"},
    {"method": "PUT", "path": "/accounts/*/groups/*/users/*"},
    {"method": "PUT", "path": "/accounts/*/users/*"},  # names and roles
    {"method": "DELETE", "path": "/accounts/*/users/*"},
)
RARE: Sequence[dict[str, Any]] = (
    {"method": "POST", "path": "/accounts/*/groups"},
    {"method": "DELETE", "path": "/accounts/*/users/*/groups"},
)
ALL_WRITES: dict[str, Any] = {"method": ["POST", "PUT", "DELETE"], "path": "/accounts/**"}
NOTHING: dict[str, Any] = {"fault": "slow", "for_s": 0}
"""Before another rule, it spares the calls that it is about."""

FAULTS: dict[str, dict[str, Any]] = {
    "too many": {"fault": "too_many"},
    "too many, come back": {"fault": "too_many", "retry_after": 0},
    "500": {"fault": "error_500"},
    "500, done": {"fault": "error_500", "done": True},
    "page of a proxy": {"fault": "bad_gateway_html"},
    "page of a proxy, done": {"fault": "bad_gateway_html", "done": True},
    "unavailable": {"fault": "service_unavailable", "retry_after": 0},
    "cut before": {"fault": "cut_before"},
    "cut after": {"fault": "cut_after"},
    "hangs, then cut": {"fault": "time_out", "for_s": 0.02},
    "done, hangs, then cut": {"fault": "time_out", "for_s": 0.02, "done": True},
    "slow": {"fault": "slow", "for_s": 0.1},
    "token expired": {"fault": "token_expired"},
}


def at_reads(turn: int) -> list[dict[str, Any]]:
    """Strike reads by one pattern; and, since a sync asks for one token, the first calls for it."""
    reads, tokens = READS
    return [{"on": reads, **PATTERNS[turn % 3]}, {"on": tokens, "first": turn % 3 + 1}]


def at_writes(turn: int) -> list[dict[str, Any]]:
    """Strike every kind of write, each by another pattern; of those that come once or twice the first."""
    rules = [{"on": on, **PATTERNS[(turn + place) % 3]} for place, on in enumerate(WRITES)]
    return [*rules, *({"on": on, "at": 1} for on in RARE)]


CASES = [
    pytest.param([{**rule, **what} for rule in places(turn)], id=f"{fault} at {where}")
    for turn, (fault, what) in enumerate(FAULTS.items())
    for where, places in (("reads", at_reads), ("writes", at_writes))
]
"""Every fault at every place. The patterns go round: each fault and each place sees all three."""


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


def require_true(ended: Ended, view: View) -> None:
    """Hold what the sync reported against the tenant."""
    assert ended.code in (0, 4, 7)
    assert (ended.code == 7) == (ended.error is not None)
    for change in ended.changes:
        outcome = ended.outcome(change)
        if outcome.status in GOOD:
            assert view.is_so(change), f"{change.action} is reported {outcome.status}, and is not so"
        else:
            assert ended.code != 0
            in_doubt = outcome.reason.startswith((NO_ANSWER, IN_DOUBT))
            assert in_doubt or not view.is_so(change), f"{change.action} is so: {outcome.status}, {outcome.reason}"


def require_one_welcome_each(view: View, calm: View) -> None:
    assert set(view.welcomed) <= set(calm.welcomed)
    assert max(view.welcomed.values(), default=1) == 1


def finish(company: Company, home: Path, calm: View) -> Ended:
    """Run the same sync with nothing failing any more: it ends right."""
    ended = company.sync(home)
    view = company.view()
    assert ended.code == 0
    assert view.holds() == calm.holds()
    assert view.welcomed == calm.welcomed
    return ended


# Every fault at every place -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", CASES)
def test_sync_under_a_fault_ends_right_or_says_what_is_left(
    company: Company, calm: View, home: Path, rules: list[dict[str, Any]]
) -> None:
    company.fail(*rules)

    ended = company.sync(home)

    struck = [rule["struck"] for rule in company.heal()["rules"]]
    view = company.view()
    assert min(struck) > 0
    require_true(ended, view)
    require_one_welcome_each(view, calm)
    if ended.code == 0:
        assert view.holds() == calm.holds()
        assert view.welcomed == calm.welcomed
    last = finish(company, home, calm)
    assert ended.code != 0 or last.changes == ()


# A target that is lost ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["error_500", "cut_before", "too_many"])
def test_tenant_that_cannot_be_read_gets_nothing_written(company: Company, calm: View, home: Path, what: str) -> None:
    company.fail({"on": READS[0], "fault": what})
    before = company.state

    ended = company.sync(home)

    writes = [rule["struck"] for rule in company.heal()["rules"]]
    assert (ended.code, ended.changes) == (7, ())
    assert writes == [4]  # the first list, and its three repetitions
    assert len(company.view().people) == len(before["users"])
    finish(company, home, calm)


@pytest.mark.parametrize("spared", [0, 3, 9, 20, 35])
@pytest.mark.parametrize("what", ["cut_after", "cut_before", "too_many"])
def test_target_that_is_lost_in_the_midst_of_writing_is_told_as_it_is(
    company: Company, calm: View, home: Path, what: str, spared: int
) -> None:
    company.fail({"on": ALL_WRITES, "first": spared, **NOTHING}, {"on": ALL_WRITES, "fault": what})

    ended = company.sync(home)

    company.heal()
    view = company.view()
    require_true(ended, view)
    require_one_welcome_each(view, calm)
    finish(company, home, calm)


@pytest.mark.parametrize("reads", range(4, 12))
def test_call_that_had_no_answer_and_cannot_be_looked_up_is_told_as_in_doubt(
    company: Company, calm: View, home: Path, reads: int
) -> None:
    company.fail(
        {"on": ALL_WRITES, "every": 2, "fault": "cut_after"},
        {"on": READS[0], "first": reads, **NOTHING},
        {"on": READS[0], "fault": "cut_before"},
    )

    ended = company.sync(home)

    company.heal()
    view = company.view()
    assert ended.code == 7
    require_true(ended, view)
    require_one_welcome_each(view, calm)
    finish(company, home, calm)
