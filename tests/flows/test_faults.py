"""A sync under every fault of the plan: it ends right, or says truly what is left, and the next one ends right.

Whatever happens, nobody is there twice and nobody gets two mails for one change. The engine without Prefect, over HTTP,
against a sandbox whose fault plan strikes once, every third time, or by the throw of a seed; and the command itself.
"""

import json
import logging
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tasks.journal import Journal
from tasks.model.errors import CredentialsRefused
from tasks.model.operations import GOOD, IN_DOUBT, NO_ANSWER, Outcome, OutcomeStatus
from tasks.model.plan import Action, Change
from tests.support.effort import sampled
from tests.support.office import SAMPLES
from tests.support.third_month import Company, Ended, View, company_in

PATTERNS: Sequence[dict[str, Any]] = ({"at": 1}, {"every": 3}, {"share": 0.4})

READS: dict[str, Any] = {"method": "GET", "path": "/accounts/**"}
TOKENS: dict[str, Any] = {"path": "/oauth/token"}
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
    {"method": "POST", "path": "/Groups"},  # the directory, /identity/v1
    {"method": "PUT", "path": "/Groups/*"},
    {"method": "GET", "path": "/Groups"},
    {"method": "GET", "path": "/Groups/*"},
    {"method": "GET", "path": "/organizers/**"},  # the Webinar API
)
ALL_WRITES: dict[str, Any] = {"method": ["POST", "PUT", "DELETE"], "path": "/accounts/**"}
NOTHING: dict[str, Any] = {"fault": "slow", "for_s": 0}
"""Before another rule, it spares the calls that it is about."""

FAULTS: dict[str, dict[str, Any]] = {
    "too many": {"fault": "too_many"},
    "500": {"fault": "error_500"},
    "page of a proxy": {"fault": "bad_gateway_html"},
    "page of a proxy, done": {"fault": "bad_gateway_html", "done": True},
    "unavailable": {"fault": "service_unavailable", "retry_after": 0},
    "cut before": {"fault": "cut_before"},
    "cut after": {"fault": "cut_after"},
    "done, hangs, then cut": {"fault": "time_out", "for_s": 0.02, "done": True},
    "slow": {"fault": "slow", "for_s": 0.1},
    "token expired": {"fault": "token_expired"},
}


def everywhere(turn: int, what: dict[str, Any]) -> list[dict[str, Any]]:
    """Strike every kind of call, each by another pattern; of those that come once or twice in a sync, the first.

    Where all tokens end, calls that are under way at the same moment are struck too, so there it is once at a place.
    """
    once = what["fault"] == "token_expired"
    rules = [{"on": on, **(PATTERNS[0] if once else PATTERNS[(turn + place) % 3])} for place, on in enumerate(WRITES)]
    rules += [{"on": on, **PATTERNS[0]} for on in RARE]
    rules += [{"on": READS, **PATTERNS[turn % 2]}, {"on": TOKENS, "first": turn % 3 + 1}]
    return [{**rule, **what} for rule in rules]


CASES = [pytest.param(everywhere(turn, what), id=fault) for turn, (fault, what) in enumerate(FAULTS.items())]
"""The patterns go round: each fault and each kind of write sees all three."""


@dataclass(frozen=True)
class Calm:
    """The tenant and the journal's links after a sync in which nothing failed."""

    view: View
    links: dict[str, Any]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    logger = logging.getLogger("stamina")
    before = logger.level
    logger.setLevel(logging.ERROR)
    with company_in(tmp_path_factory.mktemp("company")) as made:
        yield made
    logger.setLevel(before)


@pytest.fixture(scope="module")
def calm(company: Company, tmp_path_factory: pytest.TempPathFactory) -> Calm:
    """What a sync leaves behind in which nothing fails; after it, there is nothing to do."""
    home = company.eve(tmp_path_factory.mktemp("calm") / "home")
    ended = company.sync(home)
    left = Calm(company.view(), company.links(home))
    assert sum(change.after.get("managed_groups") is not None for change in ended.changes) == 4  # roles with a limit
    assert (ended.code, company.sync(home).changes) == (0, ())
    return left


@pytest.fixture
def home(company: Company, tmp_path: Path) -> Iterator[Path]:
    """An installation on the eve of the third month; nothing fails any more when the test is over."""
    yield company.eve(tmp_path / "home")
    company.heal()


def require_true(code: int, changes: Sequence[Change], outcomes: Mapping[str, Outcome], view: View) -> None:
    """Hold what a sync reported against the tenant."""
    assert code in (0, 4, 7)
    for change in changes:
        outcome = outcomes[change.change_id]
        if outcome.status in GOOD:
            assert view.is_so(change), f"{change.action} is reported {outcome.status}, and is not so"
        else:
            assert code != 0
            in_doubt = outcome.reason.startswith((NO_ANSWER, IN_DOUBT))
            assert in_doubt or not view.is_so(change), f"{change.action} is so: {outcome.status}, {outcome.reason}"


def require_right_in_the_end(company: Company, home: Path, calm: Calm, ended: Ended) -> None:
    """Hold a sync under faults against the calm one; run it again, with nothing failing, if something was left."""
    view = company.view()
    require_true(ended.code, ended.changes, ended.outcomes, view)
    assert (ended.code == 7) == (ended.error is not None)
    require_no_mail_twice(company, view, calm)
    if ended.code != 0:
        assert company.sync(home).code == 0
        view = company.view()
    assert view.holds() == calm.view.holds()
    assert view.welcomed == calm.view.welcomed
    require_no_mail_twice(company, view, calm)
    assert company.links(home) == calm.links  # so that the next sync has nothing to do


def require_no_mail_twice(company: Company, view: View, calm: Calm) -> None:
    """Hold the outbox against the calm one: a mail of one kind for one change, whatever was sent again.

    What a newcomer did not get with the create they are given later, which is a change of its own: a mail for each
    licence, and one for the roles.
    """
    there = {user["email"].casefold() for user in company.state["users"]}
    twice = {}
    for (kind, address), number in view.mails.items():
        due = calm.view.mails[kind, address]
        if address not in there:
            held = calm.view.people[address]
            due += {"product-change": len(held["licenseKeys"]), "role-change": len(held["adminRoles"][:1])}.get(kind, 0)
        if number > due:
            twice[kind] = (number, due)
    assert not twice


# Every fault --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rules", sampled(CASES, {"cut after", "too many"}))
def test_sync_under_a_fault_ends_right_or_says_what_is_left(
    company: Company, calm: Calm, home: Path, rules: list[dict[str, Any]]
) -> None:
    company.fail(*rules)

    ended = company.sync(home)

    struck = [rule["struck"] for rule in company.heal()["rules"]]
    assert all(struck) if ended.code != 7 else any(struck)  # a sync that was stopped did not come everywhere
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize(
    "what",
    sampled(
        [
            pytest.param({"fault": "too_many", "retry_after": 0}, id="429"),
            pytest.param({"fault": "cut_before"}, id="cut"),
        ],
        {"cut"},
    ),
)
def test_reads_that_fail_now_and_then_are_read_again(
    company: Company, calm: Calm, home: Path, what: dict[str, Any]
) -> None:
    company.fail({"on": READS, "share": 0.3, **what}, seed=3)

    ended = company.sync(home)

    assert ended.code == 0
    assert company.heal()["rules"][0]["struck"] > 0
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize("done", sampled([False, True], {"True"}))
def test_write_that_we_stop_waiting_for_is_looked_up(company: Company, calm: Calm, home: Path, done: bool) -> None:
    company.fail({"on": WRITES[0], "at": 1, "fault": "time_out", "done": done})

    ended = company.sync(home, timeout_s=2.0)

    assert company.heal()["rules"][0]["struck"] == 1
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
def test_write_that_lands_after_it_was_looked_up_makes_nobody_twice(company: Company, calm: Calm, home: Path) -> None:
    company.fail(
        {"on": WRITES[0], "at": [1, 3], "fault": "slow", "for_s": 4.0},
        {"on": WRITES[1], "at": 1, "fault": "slow", "for_s": 4.0},
    )

    ended = company.sync(home, timeout_s=2.0)

    assert [rule["struck"] for rule in company.heal()["rules"]] == [2, 1]
    require_right_in_the_end(company, home, calm, ended)


# Answers that are none of GoTo's, or to another call ----------------------------------------------------------------

WRONG: dict[str, dict[str, Any]] = {
    "page": {"fault": "ok_page"},
    "stale, done": {"fault": "stale", "done": True},
    "page, done": {"fault": "ok_page", "done": True},
    "object": {"fault": "ok_object"},
    "object, done": {"fault": "ok_object", "done": True},
    "accepted": {"fault": "accepted"},
    "accepted, done": {"fault": "accepted", "done": True},
    "redirect": {"fault": "redirect"},
    "redirect, done": {"fault": "redirect", "done": True},
    "no route": {"fault": "no_route"},
    "no route, done": {"fault": "no_route", "done": True},
    "blocked": {"fault": "blocked_page"},
    "blocked, done": {"fault": "blocked_page", "done": True},
}
RARE_WRITES = [on for on in RARE if on["method"] != "GET"]
IN_EVERY_TEST = 2
"""So many of these are in 'make test'; a sync under each of the others is in 'make prove'."""


def some(cases: Mapping[str, Any]) -> list[Any]:
    return [
        pytest.param(what, id=name, marks=() if place < IN_EVERY_TEST else pytest.mark.prove)
        for place, (name, what) in enumerate(cases.items())
    ]


@pytest.mark.parametrize("what", some(WRONG))
def test_write_is_not_believed_by_a_wrong_answer(
    company: Company, calm: Calm, home: Path, what: dict[str, Any]
) -> None:
    rules = [{"on": on, **PATTERNS[1]} for on in WRITES] + [{"on": on, "first": 2} for on in RARE_WRITES]
    company.fail(*({**rule, **what} for rule in rules))

    ended = company.sync(home, patience=1000)

    struck = [rule["struck"] for rule in company.heal()["rules"]]
    assert all(struck)
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize("done", [False, pytest.param(True, marks=pytest.mark.prove)])
def test_nothing_counts_as_taken_away_because_a_gateway_has_lost_its_way(
    company: Company, calm: Calm, home: Path, done: bool
) -> None:
    """It says 404 to each call that takes something away, and to each question whether the person is there."""
    takes, looks = {"method": "DELETE", "path": "/accounts/**"}, {"method": "GET", "path": "/accounts/*/users/*"}
    company.fail({"on": takes, "fault": "no_route", "done": done}, {"on": looks, "fault": "no_route"})

    ended = company.sync(home, patience=1000)

    assert company.heal()["rules"][0]["struck"] > 0
    require_right_in_the_end(company, home, calm, ended)


def test_writes_that_are_passed_on_twice_end_as_if_they_came_once(company: Company, calm: Calm, home: Path) -> None:
    company.fail(*({"on": on, "fault": "twice"} for on in (*WRITES, *RARE_WRITES)))

    ended = company.sync(home)

    struck = [rule["struck"] for rule in company.heal()["rules"]]
    assert all(struck)
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize("done", [True, pytest.param(False, marks=pytest.mark.prove)])
def test_nobody_is_put_into_the_group_whose_key_came_for_another(
    company: Company, calm: Calm, home: Path, done: bool
) -> None:
    company.fail({"on": RARE[0], "at": 2, "fault": "stale", "done": done})
    company.call("POST", "admin/rest/v1/accounts/3001/groups", {"name": "By hand"})

    ended = company.sync(home)

    assert company.heal()["rules"][0]["struck"] == 1
    assert ended.code == 0
    people, groups, directory = company.view().holds()
    assert (people, [name for name in groups if name != "By hand"], directory) == calm.view.holds()


@pytest.mark.prove
@pytest.mark.parametrize("on", [WRITES[0], RARE[3]], ids=lambda on: f"{on['method']} {on['path']}")
def test_write_that_shows_what_it_did_is_not_believed_by_the_answer_to_the_one_before(
    company: Company, calm: Calm, home: Path, on: dict[str, Any]
) -> None:
    company.fail({"on": on, "every": 2, "fault": "stale"})

    ended = company.sync(home, patience=1000)

    assert company.heal()["rules"][0]["struck"] > 0
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize("what", [WRONG["page"], WRONG["stale, done"]], ids=["page", "stale"])
@pytest.mark.parametrize("on", [*WRITES, *RARE_WRITES], ids=lambda on: f"{on['method']} {on['path']}")
def test_write_that_always_gets_a_wrong_answer_is_reported_as_it_is(
    company: Company, calm: Calm, home: Path, on: dict[str, Any], what: dict[str, Any]
) -> None:
    company.fail({"on": on, **what})

    ended = company.sync(home, patience=1000)

    assert company.heal()["rules"][0]["struck"] > 0
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize(
    ("fault", "pattern"),
    [("ok_page", PATTERNS[0]), ("ok_object", PATTERNS[1]), ("ok_object", {}), ("redirect", PATTERNS[2]),
     ("no_route", PATTERNS[1]), ("blocked_page", PATTERNS[2]), ("stale", PATTERNS[1]), ("stale", PATTERNS[2])],
    ids=str,
)  # fmt: skip
@pytest.mark.parametrize("on", [READS, RARE[4], RARE[5], RARE[6]], ids=lambda on: str(on["path"]))
def test_read_is_not_believed_by_a_wrong_answer(
    company: Company, calm: Calm, home: Path, on: dict[str, Any], fault: str, pattern: dict[str, Any]
) -> None:
    company.fail({"on": on, **pattern, "fault": fault})

    ended = company.sync(home)

    rule = company.heal()["rules"][0]
    assert rule["struck"] > 0 or (rule["matched"] < 3 and pattern)
    require_right_in_the_end(company, home, calm, ended)


SWALLOWED = [on for on in (*WRITES, *RARE) if on["method"] not in ("GET", "POST")]
"""Writes of which a success looks like nothing: what a create answers with shows what was made."""

UNNOTICED = {Action.REVOKE, Action.REMOVE_MEMBER, Action.REMOVE_DIRECTORY_MEMBER, Action.DELETE}
"""What is not ours any more is let alone, so the next sync does not look for it (docs/operations.md)."""


@pytest.mark.prove
@pytest.mark.parametrize("on", SWALLOWED, ids=lambda on: f"{on['method']} {on['path']}")
def test_next_sync_makes_up_for_what_an_empty_success_swallowed_but_for_what_was_taken_away(
    company: Company, calm: Calm, home: Path, on: dict[str, Any]
) -> None:
    company.fail({"on": on, "fault": "ok_empty"})
    believed = company.sync(home)
    company.heal()
    view = company.view()
    good = [change for change in believed.changes if believed.outcomes[change.change_id].status in GOOD]
    untrue = [change for change in good if not view.is_so(change)]
    assert untrue

    ended = company.sync(home)

    view = company.view()
    left = {change.change_id for change in untrue if not view.is_so(change)}
    assert ended.code == 0
    assert left == {change.change_id for change in untrue if change.action in UNNOTICED}


# Roles with a limit -------------------------------------------------------------------------------------------------


@pytest.fixture
def careless(company: Company) -> Iterator[Company]:
    """The company at a platform that passes over the groups that roles are to be limited to."""
    company.control("PUT", "switches", {"managed_groups": "ignored"})
    yield company
    company.control("PUT", "switches", {"managed_groups": "honoured"})


def managers(company: Company) -> list[str]:
    """Return who may manage everybody."""
    people = company.view().people.values()
    return [one["email"] for one in people if "MANAGE_USERS" in one["adminRoles"] and not one.get("managedGroupKeys")]


ROLES: dict[str, Any] = {"method": "PUT", "path": "/accounts/*/users/*"}
LOOKS: dict[str, Any] = {"method": "GET", "path": "/accounts/*/users/*"}


@pytest.mark.prove
@pytest.mark.parametrize(
    ("what", "pattern"),
    sampled(
        [pytest.param(what, PATTERNS[turn % 3], id=fault) for turn, (fault, what) in enumerate(FAULTS.items())],
        {"cut after"},
    ),
)
def test_nobody_manages_everybody_by_a_rule_whose_limit_is_not_kept(
    careless: Company, home: Path, what: dict[str, Any], pattern: dict[str, Any]
) -> None:
    careless.fail({"on": ROLES, **pattern, **what}, {"on": LOOKS, **pattern, **what})

    ended = careless.sync(home)

    assert sum(rule["struck"] for rule in careless.heal()["rules"]) > 0
    again = careless.sync(home)
    assert (ended.code in (4, 7), again.code) == (True, 4)
    assert managers(careless) == []


@pytest.mark.prove
def test_limits_that_nobody_answers_for_are_kept_at_last(company: Company, calm: Calm, home: Path) -> None:
    company.fail({"on": ROLES, "fault": "cut_after"}, {"on": LOOKS, "every": 2, "fault": "error_500"})

    ended = company.sync(home, patience=1000)

    company.heal()
    assert managers(company) == []
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize("most", sampled([1, 7], {"7"}))
def test_creates_carry_fewer_people_where_the_platform_takes_fewer(
    company: Company, calm: Calm, home: Path, most: int
) -> None:
    company.control("PUT", "switches", {"max_users_per_create": most})
    try:
        ended = company.sync(home)
    finally:
        company.control("PUT", "switches", {"max_users_per_create": 100})

    assert ended.code == 0
    require_right_in_the_end(company, home, calm, ended)


# Faults of the tenant -----------------------------------------------------------------------------------------------


@pytest.mark.prove
@pytest.mark.parametrize(
    "on",
    sampled([pytest.param(WRITES[0], id="creates"), pytest.param(WRITES[1], id="licences")], {"licences"}),
)
def test_seats_that_are_gone_leave_people_without_a_licence_and_say_so(
    company: Company, calm: Calm, home: Path, on: dict[str, Any]
) -> None:
    company.fail({"on": {**on, "method": ["POST", "PUT"]}, "at": 1, "fault": "seats_gone"})

    ended = company.sync(home)

    short = [change for change in ended.changes if ended.outcomes[change.change_id].status == OutcomeStatus.NO_SEAT]
    assert ended.code == 4
    assert {change.action for change in short} == {Action.GRANT}
    company.heal()
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
def test_addresses_that_were_taken_elsewhere_are_named_and_created_once_they_are_free(
    company: Company, calm: Calm, home: Path
) -> None:
    company.control("PUT", "switches", {"other_account": "conflict"})
    company.fail({"on": WRITES[0], "at": 1, "fault": "address_taken"})

    ended = company.sync(home)

    company.heal()
    failed = [change for change in ended.changes if ended.outcomes[change.change_id].status == OutcomeStatus.FAILED]
    assert ended.code == 4
    assert {change.action for change in failed} == {Action.CREATE}
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
def test_people_of_another_account_are_asked_to_move_and_not_welcomed(company: Company, calm: Calm, home: Path) -> None:
    company.control("PUT", "switches", {"other_account": "pending_transfer"})
    company.fail({"on": WRITES[0], "at": 1, "fault": "address_taken"})

    ended = company.sync(home)

    company.heal()
    view = company.view()
    asked = {address for address, person in view.people.items() if person.get("pendingTransfer")}
    require_true(ended.code, ended.changes, ended.outcomes, view)
    assert ended.code == 0
    assert asked
    assert set(view.welcomed) == set(calm.view.welcomed) - asked
    assert view.holds() == calm.view.holds()
    assert company.sync(home).changes == ()


# A target that is lost ----------------------------------------------------------------------------------------------


@pytest.mark.prove
def test_tenant_that_cannot_be_read_gets_nothing_written(company: Company, calm: Calm, home: Path) -> None:
    company.fail({"on": READS, "fault": "error_500"}, {"on": ALL_WRITES, "fault": "cut_after"})

    ended = company.sync(home)

    reads, writes = company.heal()["rules"]
    assert (ended.code, ended.changes) == (7, ())
    assert (reads["struck"], writes["matched"]) == (4, 0)  # the first list, and its three repetitions
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize(
    ("what", "spared"),
    sampled(
        [
            pytest.param("cut_after", 20, id="cut after"),
            pytest.param("cut_before", 9, id="cut before"),
            pytest.param("too_many", 30, id="too many"),
        ],
        {"cut after"},
    ),
)
def test_target_that_is_lost_in_the_midst_of_writing_is_told_as_it_is(
    company: Company, calm: Calm, home: Path, what: str, spared: int
) -> None:
    company.fail({"on": ALL_WRITES, "first": spared, **NOTHING}, {"on": ALL_WRITES, "fault": what})

    ended = company.sync(home)

    assert company.heal()["rules"][1]["struck"] > 0
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize(
    ("on", "at"),
    sampled(
        [
            pytest.param(WRITES[0], 1, id="create"),
            pytest.param(WRITES[1], 3, id="seat"),
            pytest.param(READS, 7, id="read"),
        ],
        {"create"},
    ),
)
def test_credentials_that_are_revoked_in_the_midst_fail_nobody(
    company: Company, calm: Calm, home: Path, on: dict[str, Any], at: int
) -> None:
    company.fail({"on": on, "at": at, "fault": "credentials_revoked"})

    ended = company.sync(home)

    assert company.heal()["rules"][0]["struck"] == 1
    assert (ended.code, type(ended.error)) == (7, CredentialsRefused)
    assert {outcome.status for outcome in ended.outcomes.values()} <= {*GOOD, OutcomeStatus.SKIPPED}
    require_right_in_the_end(company, home, calm, ended)


@pytest.mark.prove
@pytest.mark.parametrize("reads", sampled([7, 8, 9, 10, 11], {"9"}))
def test_call_that_had_no_answer_and_cannot_be_looked_up_is_told_as_in_doubt(
    company: Company, calm: Calm, home: Path, reads: int
) -> None:
    company.fail(
        {"on": ALL_WRITES, "every": 2, "fault": "cut_after"},
        {"on": READS, "first": reads, **NOTHING},
        {"on": READS, "fault": "cut_before"},
    )

    ended = company.sync(home)

    company.heal()
    assert ended.code == 7
    assert any(outcome.reason.startswith(IN_DOUBT) for outcome in ended.outcomes.values())
    require_right_in_the_end(company, home, calm, ended)


# The command itself -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """One process of ``rosterflow sync``: its exit code, its summary, what it said, and what stood after it: the
    plan, its outcomes (a later run may go on with the same plan) and the tenant."""

    code: int
    changes: Sequence[Change]
    outcomes: Mapping[str, Outcome]
    summary: dict[str, Any]
    err: str
    view: View
    struck: list[int]


@pytest.fixture(scope="module")
def office(
    tmp_path_factory: pytest.TempPathFactory, served: Any, new_office: Callable[[Path], Any], furnish: Any
) -> Any:
    """The sample company before its first month."""
    made = new_office(tmp_path_factory.mktemp("office"))
    served.reset(json.loads((SAMPLES / "acme_tenant.json").read_text(encoding="utf-8")))
    furnish(made, served.url, "acme.yaml", "acme_staff.xlsx")
    return made


@pytest.fixture(scope="module")
def runs(served: Any, office: Any, prefect_server: Any) -> list[Run]:
    """Run the same command twice: while most creates are cut before they are done, then while some are cut after."""
    environ = {
        **os.environ,
        "ROSTERFLOW_HOME": str(office.home),
        "ROSTERFLOW_SETTLE_S": "0.2",
        "PREFECT_API_URL": prefect_server.url,
    }

    def run(*rules: dict[str, Any]) -> Run:
        served.control("PUT", "faults", list(rules))
        command = [
            sys.executable,
            "-c",
            "from flows.cli.main import app; app()",
            "sync",
            str(office.pipeline),
            "--json",
        ]
        done = subprocess.run(command, env=environ, cwd=office.folder, capture_output=True, text=True, check=False)
        struck = [rule["struck"] for rule in served.control("DELETE", "faults")["rules"]]
        people = {address.casefold(): person for address, person in served.people().items()}
        groups = sorted(group["name"] for group in served.admin("GET", "groups").json()["results"])
        mails = Counter({("welcome", address): number for address, number in served.mails_to("welcome").items()})
        view = View(people, groups, {}, mails)
        summary = json.loads(done.stdout or "{}")
        with Journal.open(office.home / "journal.db") as journal:
            plan = journal.plan(summary["run"]["plan_hash"])
            outcomes = journal.outcomes(plan.hash)
        return Run(done.returncode, plan.changes, outcomes, summary, done.stderr, view, struck)

    creates = WRITES[0]
    return [
        run({"on": creates, "first": 5, **NOTHING}, {"on": creates, "fault": "cut_before"}),
        run({"on": creates, "every": 2, "fault": "cut_after"}, {"on": TOKENS, "at": 1, "fault": "error_500"}),
    ]


@pytest.mark.prove
def test_command_that_cannot_do_all_says_truly_what_it_did(runs: list[Run]) -> None:
    first = runs[0]
    assert first.code in (4, 7), first.err  # by how many wait for an answer at once: it may be as good as lost
    assert first.struck[1] > 0
    require_true(first.code, first.changes, first.outcomes, first.view)
    statuses = Counter(str(outcome.status) for outcome in first.outcomes.values())
    assert {name: number for name, number in first.summary["outcomes"]["by_status"].items() if number} == statuses
    good = {change_id for change_id, outcome in first.outcomes.items() if outcome.status in GOOD}
    created = [one for one in first.changes if one.action == Action.CREATE and one.change_id in good]
    assert 0 < len(created) < 267
    assert len(first.view.people) == 24 + len(created)
    assert first.summary["mails"]["welcome"] == first.view.welcomed.total() == len(created)


@pytest.mark.prove
def test_same_command_under_other_faults_finishes_what_was_left(runs: list[Run]) -> None:
    last = runs[1]
    assert last.code == 0, last.err
    assert all(last.struck)
    assert len(last.view.people) == 24 + 267
    assert last.summary["outcomes"]["not_done"] == last.summary["outcomes"]["not_sent"] == 0
    assert last.view.welcomed.total() == len(last.view.welcomed) == 267
