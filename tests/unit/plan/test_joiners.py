"""People who are in the roster and not in the tenant, or there and not linked yet."""

from typing import Any

import pytest

from tasks.model.errors import BadPipeline


def test_joiner_is_created_with_the_smallest_licence_that_has_the_product(case: Any, make: Any) -> None:
    case.workers = [make.worker("1")]

    assert case.steps() == [("create", "1"), ("grant", "1")]
    grant = case.change("grant")
    assert (grant.after["licence"], grant.after["product"], grant.rules) == ("9002", "G2M", ("sales",))
    assert grant.needs == (case.change("create").change_id,)
    assert {change.cause.value for change in case.plan().changes} == {"joiner"}


def test_one_seat_serves_for_two_products(case: Any, make: Any) -> None:
    case.workers = [make.worker("1")]
    case.policy(rules=[{"name": "both", "when": {}, "grant": {"products": ["G2M", "G2W"]}}])

    assert [c.after["licence"] for c in case.plan().changes if c.action == "grant"] == ["9001"]


def test_products_add_up_and_the_first_rule_sets_the_group(case: Any, make: Any) -> None:
    case.workers = [make.worker("1", department=" SALES ")]
    case.policy(
        rules=[
            {"name": "a", "when": {"department": "sales"}, "grant": {"products": "G2M", "group": "Sales"}},
            {"name": "b", "when": {}, "grant": {"products": ["G2W", "G2M"], "group": "Everybody"}},
        ]
    )

    assert case.change("grant").rules == ("a", "b")
    member = case.change("add_member")
    assert (member.after, member.rules) == ({"group": "Sales", "group_key": "5001"}, ("a",))


def test_a_group_that_is_missing_is_made_once_and_first(case: Any, make: Any) -> None:
    case.workers = [make.worker("1"), make.worker("2", row=3)]
    case.policy(rules=[{"name": "new", "when": {}, "grant": {"group": "Emea"}}])

    plan = case.plan()
    assert [c.action.value for c in plan.changes] == ["create_group", "create", "create", "add_member", "add_member"]
    group = plan.changes[0]
    assert all(group.change_id in c.needs for c in plan.changes[3:])


def test_existing_account_is_adopted_by_address_whatever_its_case(case: Any, make: Any) -> None:
    case.workers = [make.worker("1", user_name="ADA@acme.example")]
    case.accounts.append(make.account("7001", "ada"))
    case.grants = [("7001", "9001")]

    assert case.steps() == [("adopt", "1")]
    named = {"user_name": "ada@acme.example", "given_name": "Ada", "family_name": "Byron"}
    assert case.change("adopt").after == named | {"licences": []}


@pytest.mark.prove
def test_adopting_with_grants_takes_those_as_given_by_us(case: Any, make: Any) -> None:
    case.workers = [make.worker("1", department="Legal")]
    case.policy(adopt="matched+grants")
    case.accounts.append(make.account("7001", "1"))
    case.grants = [("7001", "9001")]

    assert case.steps() == [("adopt", "1")]
    assert case.change("adopt").after["licences"] == ["9001"]
    assert case.withheld() == [("revoke", "just_adopted", "1")]


def test_nothing_is_adopted_where_the_pipeline_says_none(case: Any, make: Any) -> None:
    case.workers = [make.worker("1")]
    case.policy(adopt="none")
    case.accounts.append(make.account("7001", "1"))

    assert case.steps() == []
    assert case.withheld() == [("adopt", "not_adopted", "1")]


def test_an_account_linked_to_another_worker_is_never_taken(case: Any, make: Any) -> None:
    case.workers = [make.worker("1"), make.worker("2", row=3, user_name="1@acme.example")]
    case.accounts.append(make.account("7001", "1"))
    case.links = [make.link("1", "7001")]
    case.grants = [("7001", "9002")]

    assert case.steps() == []
    assert case.withheld() == [("create", "claimed", "2")]


@pytest.mark.prove
@pytest.mark.parametrize("adopt", ["none", "matched", "matched+grants"])
def test_an_account_that_another_pipeline_has_linked_is_left_to_it(case: Any, make: Any, adopt: str) -> None:
    case.workers = [make.worker("1"), make.worker("2", row=3)]
    case.policy(adopt=adopt)
    case.accounts.append(make.account("7001", "1"))
    case.elsewhere = {"7001"}

    assert {who for _, who in case.steps()} == {"2"}
    assert case.withheld() == [("adopt", "other_pipeline", "1")]
    assert case.plan().header.orphans == 1  # the administrator's; the other is somebody's


def test_somebody_who_has_left_asks_for_nothing_of_an_account_that_another_pipeline_has(case: Any, make: Any) -> None:
    case.workers = [make.worker("1", status="inactive")]
    case.accounts.append(make.account("7001", "1"))
    case.grants = [("7001", "9002")]
    case.elsewhere = {"7001"}

    assert (case.steps(), case.withheld()) == ([], [])


def test_two_new_workers_with_one_address_are_both_held(case: Any, make: Any) -> None:
    case.workers = [make.worker("1", user_name="x@acme.example"), make.worker("2", row=3, user_name="X@acme.example")]

    assert case.steps() == []
    assert sorted(case.withheld()) == [("create", "ambiguous", "1"), ("create", "ambiguous", "2")]


def test_of_two_employments_with_one_address_the_current_one_gets_the_account(case: Any, make: Any) -> None:
    case.workers = [
        make.worker("1", user_name="x@acme.example", status="inactive"),
        make.worker("2", row=3, user_name="x@acme.example"),
    ]
    case.accounts.append(make.account("7001", "x"))
    case.grants = [("7001", "9002")]

    assert case.steps() == [("adopt", "2")]


def test_nobody_is_created_before_the_first_day(case: Any, make: Any) -> None:
    case.workers = [make.worker("1", start_date="2026-03-03"), make.worker("2", row=3, start_date="2026-03-02")]

    assert [step for step in case.steps() if step[0] == "create"] == [("create", "2")]
    assert case.withheld() == [("create", "not_started", "1")]


def test_a_product_the_tenant_does_not_have_stops_the_run(case: Any, make: Any) -> None:
    case.workers = [make.worker("1")]
    case.policy(rules=[{"name": "phones", "when": {}, "grant": {"products": "JIVE"}}])

    with pytest.raises(BadPipeline, match=r"Rule 'phones' gives JIVE.*offers G2M, G2W"):
        case.plan()


def test_without_a_seat_nobody_is_created_and_the_shortage_is_named(case: Any, make: Any) -> None:
    case.workers = [make.worker("1"), make.worker("2", row=3)]
    case.licences[1]["seats"] = 1

    assert case.steps() == [("create", "1"), ("grant", "1")]
    assert case.withheld() == [("create", "no_seat", "2")]


def test_seats_of_leavers_serve_for_joiners(case: Any, make: Any) -> None:
    case.workers = [make.worker("2", row=3)]
    case.licences[1]["seats"] = 1
    case.accounts.append(make.account("7001", "1"))
    case.grants = [("7001", "9002")]
    case.links = [make.link("1", "7001", licences=("9002",))]

    assert case.steps() == [("suspend", "1"), ("create", "2"), ("grant", "2")]
    assert case.withheld() == []


@pytest.mark.prove
def test_a_deleted_account_is_made_again_and_called_drift(case: Any, make: Any) -> None:
    case.workers = [make.worker("1")]
    case.links = [make.link("1", "7001")]

    assert case.steps() == [("create", "1"), ("grant", "1")]
    assert case.change("create").cause == "drift"


def test_a_held_row_that_could_be_anybody_stops_no_adoption_and_no_grant(case: Any, make: Any) -> None:
    case.workers = [make.worker("1")]
    case.held = [make.worker("9", row=3, external_id=None, codes="id_missing", key_usable=False)]
    case.accounts.append(make.account("7001", "1"))

    assert case.steps() == [("adopt", "1"), ("grant", "1")]
