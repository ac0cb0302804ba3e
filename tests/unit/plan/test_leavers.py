"""People who are gone, and everything that must not be taken for that."""

from datetime import date
from typing import Any

import pytest


@pytest.fixture
def linked(case: Any, make: Any) -> Any:
    """Workers 1 and 2 are linked and hold a seat each; only 2 is in the roster."""
    case.workers = [make.worker("2", row=3)]
    case.accounts += [make.account("7001", "1"), make.account("7002", "2")]
    case.grants = [("7001", "9001"), ("7001", "9002"), ("7002", "9002")]
    case.links = [make.link("1", "7001", licences=("9002",)), make.link("2", "7002", licences=("9002",))]
    return case


def test_absent_person_is_suspended_and_loses_manual_products_too(linked: Any) -> None:
    suspend = linked.change("suspend", "1")
    assert suspend.before == {"licences": ["9001", "9002"], "products": ["G2M", "G2W"], "roles": []}
    assert (suspend.cause, linked.steps()) == ("leaver", [("suspend", "1")])


def test_leaver_is_suspended_not_deleted(linked: Any) -> None:
    assert "delete" not in {action for action, _ in linked.steps()}


def test_absence_from_a_delta_means_nothing(linked: Any, make: Any) -> None:
    columns = {"external_id": "Id", "user_name": "Mail", "department": "Dept"}
    source = {"name": "hr", "path": "staff.csv", "snapshot": "delta", "columns": columns}
    linked.policy(sources=[source])

    assert linked.steps() == []


def test_grace_runs_from_the_first_run_without_the_person(linked: Any) -> None:
    linked.policy(lifecycle={"grace": "14d"})
    first = linked.plan()
    assert (first.changes, first.leaving[0].due) == ((), "2026-03-16")

    linked.links[0]["leaving_since"] = "2026-03-02"
    linked.as_of = date(2026, 3, 15)
    assert linked.steps() == []
    linked.as_of = date(2026, 3, 16)
    assert linked.steps() == [("suspend", "1")]


def test_the_end_date_is_the_last_day_of_work(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("1", end_date="2026-03-02"))
    assert linked.steps() == []
    linked.as_of = date(2026, 3, 3)
    assert linked.steps() == [("suspend", "1")]


def test_grace_runs_from_a_stated_last_day(linked: Any, make: Any) -> None:
    linked.policy(lifecycle={"grace": "14d"})
    linked.workers.append(make.worker("1", end_date="2026-02-10"))
    assert linked.steps() == [("suspend", "1")]


def test_inactive_person_is_a_leaver(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("1", status="inactive"))
    assert linked.steps() == [("suspend", "1")]


def test_held_row_with_a_key_keeps_that_person(linked: Any, make: Any) -> None:
    linked.held = [make.worker("1", user_name=None)]
    assert linked.steps() == []
    assert linked.withheld() == [("suspend", "held", "1")]


def test_held_row_with_only_an_address_keeps_its_owner(linked: Any, make: Any) -> None:
    linked.held = [make.worker("1", external_id=None, codes="id_missing", key_usable=False)]
    assert linked.withheld() == [("suspend", "held", "1")]


def test_held_row_that_could_be_anybody_stops_every_removal(linked: Any, make: Any) -> None:
    linked.held = [
        make.worker("9", external_id=None, user_name="new@acme.example", codes="id_missing", key_usable=False)
    ]
    assert linked.steps() == []
    assert linked.withheld() == [("suspend", "undecided", "1")]


def test_new_id_with_a_leavers_address_stops_the_removal(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("77", row=4, user_name="1@acme.example"))
    assert linked.steps() == []
    assert sorted(linked.withheld()) == [("create", "claimed", "77"), ("suspend", "undecided", "1")]


def test_accounts_without_a_link_are_never_touched(case: Any, make: Any) -> None:
    case.accounts.append(make.account("7005", "somebody"))
    case.grants = [("7005", "9001")]
    case.workers = []
    case.held = []
    plan = case.plan()
    assert (plan.changes, plan.header.orphans) == ((), 2)


def test_protected_account_is_left_alone_and_named(linked: Any) -> None:
    linked.policy(protect=["user:1@acme.example"])
    assert linked.steps() == []
    assert linked.withheld() == [("suspend", "protected", "1")]


def test_the_last_super_admin_is_never_suspended(linked: Any) -> None:
    linked.accounts = [row for row in linked.accounts if row["account_key"] != "7000"]
    linked.accounts[0]["roles"] = ("SUPER_USER",)
    assert linked.steps() == []
    assert linked.withheld() == [("suspend", "last_admin", "1")]


def test_an_admin_may_go_while_another_stays(linked: Any) -> None:
    linked.accounts[1]["roles"] = ("SUPER_USER",)
    assert linked.steps() == [("suspend", "1")]


def test_an_exception_keeps_a_leavers_product_until_its_day(linked: Any) -> None:
    linked.policy(
        lifecycle={"grace": "0d"},
        exceptions=[{"who": "1", "keep": "G2W", "until": "2026-03-02", "reason": "hand-over"}],
    )
    assert linked.withheld() == [("suspend", "exception", "1")]
    linked.as_of = date(2026, 3, 3)
    assert linked.steps() == [("suspend", "1")]


def test_suspended_person_who_returns_is_reactivated_with_products(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("1"))
    linked.grants = [("7002", "9002")]
    linked.links[0] |= {"state": "suspended", "suspended_on": "2026-01-01", "licences": ()}
    assert linked.steps() == [("reactivate", "1"), ("grant", "1")]


def test_suspended_person_is_not_suspended_again(linked: Any) -> None:
    linked.grants = [("7002", "9002")]
    linked.links[0] |= {"state": "suspended", "suspended_on": "2026-01-01", "licences": ()}
    assert linked.steps() == []


def test_deletion_comes_only_if_configured_and_long_after_the_suspend(linked: Any) -> None:
    linked.grants = [("7002", "9002")]
    linked.links[0] |= {"state": "suspended", "suspended_on": "2026-02-01", "licences": ()}
    linked.policy(lifecycle={"grace": "0d", "delete": "30d"})
    assert linked.steps() == []
    linked.as_of = date(2026, 3, 3)
    assert linked.steps() == [("delete", "1")]


def test_leavers_are_only_reported_where_the_pipeline_says_so(linked: Any) -> None:
    linked.policy(lifecycle={"grace": "0d", "leavers": "report"})
    assert linked.withheld() == [("suspend", "report_only", "1")]


def test_inactive_row_without_an_address_is_enough_to_leave(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("1", status="inactive", user_name=None, given_name=None))
    assert linked.steps() == [("suspend", "1")]
    assert linked.plan().to_bytes()
