"""People who are gone, and everything that must not be taken for that."""

from datetime import date
from typing import Any

import pytest

from tasks.model.errors import RejectedSource


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
    assert sorted(linked.withheld()) == [("create", "claimed", "77"), ("suspend", "new_id", "1")]


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


# -- doubt --------------------------------------------------------------------------------------------------------


def test_held_newcomer_with_a_leavers_address_stops_the_removal(linked: Any, make: Any) -> None:
    linked.held = [make.worker("77", row=4, user_name="1@acme.example", family_name=None)]
    assert linked.steps() == []
    assert linked.withheld() == [("suspend", "undecided", "1")]


def test_newcomer_with_the_address_of_a_renamed_account_is_not_created_twice(linked: Any, make: Any) -> None:
    linked.accounts[1]["user_name"] = "ada.king@acme.example"
    linked.workers.append(make.worker("77", row=4, user_name="1@acme.example"))
    assert linked.steps() == []
    assert sorted(linked.withheld()) == [("create", "claimed", "77"), ("suspend", "new_id", "1")]


def test_an_address_that_a_colleague_gave_up_is_free_for_a_newcomer(linked: Any, make: Any) -> None:
    linked.accounts[1]["user_name"] = "ada.king@acme.example"
    linked.workers += [
        make.worker("1", user_name="ada.king@acme.example"),
        make.worker("77", row=4, user_name="1@acme.example"),
    ]
    assert ("create", "77") in linked.steps()
    assert linked.withheld() == []


def test_a_person_who_is_gone_claims_nobodys_account(linked: Any, make: Any) -> None:
    linked.workers = [
        make.worker("2", row=3),
        make.worker("1"),
        make.worker("77", row=4, user_name="1@acme.example", status="inactive"),
    ]
    assert linked.steps() == []
    assert linked.withheld() == []


def test_most_of_the_people_gone_is_no_snapshot(case: Any, make: Any) -> None:
    for number in range(40):
        name = f"{number:02}"
        case.accounts.append(make.account(f"71{name}", name))
        case.links.append(make.link(name, f"71{name}"))
        if number < 19:
            case.workers.append(make.worker(name, row=number + 2))
    with pytest.raises(RejectedSource, match=r"lacks 21 of the 40 people"):
        case.plan()


def few(case: Any, make: Any, count: int) -> None:
    for number in range(count):
        case.accounts.append(make.account(f"710{number}", f"0{number}"))
        case.links.append(make.link(f"0{number}", f"710{number}"))


@pytest.mark.parametrize("count", [3, 15])
def test_a_list_in_which_nobody_of_three_or_more_is_found_is_no_snapshot(case: Any, make: Any, count: int) -> None:
    few(case, make, count)
    case.workers = [make.worker(f"N{number}", row=number + 2) for number in range(count)]
    with pytest.raises(RejectedSource, match=rf"lacks {count} of the {count} people"):
        case.plan()


def test_of_few_people_most_may_leave_at_once(case: Any, make: Any) -> None:
    few(case, make, 4)
    case.workers = [make.worker("00")]
    assert len(case.plan().leaving) + len(case.steps()) >= 3


def test_of_two_people_both_may_leave_at_once(case: Any, make: Any) -> None:
    few(case, make, 2)
    case.workers = [make.worker("N")]
    assert case.plan()


def test_who_is_in_a_held_row_is_found(case: Any, make: Any) -> None:
    few(case, make, 3)
    case.held = [make.worker(f"0{number}", row=number + 2, family_name=None) for number in range(3)]
    assert case.steps() == []


# -- nobody goes without a word -----------------------------------------------------------------------------------


def delta(linked: Any, make: Any, **policy: Any) -> None:
    columns = {"external_id": "Id", "user_name": "Mail", "department": "Dept"}
    source = {"name": "hr", "path": "staff.csv", "snapshot": "delta", "columns": columns}
    linked.policy(sources=[source], **policy)


def test_a_delta_says_once_that_somebody_left_and_it_is_remembered(linked: Any, make: Any) -> None:
    delta(linked, make, lifecycle={"grace": "14d"})
    linked.workers = [make.worker("1", status="inactive")]
    assert linked.plan().leaving[0].due == "2026-03-16"

    linked.workers, linked.links[0]["leaving_since"] = [], "2026-03-02"
    assert [item.external_id for item in linked.plan().leaving] == ["1"]
    linked.as_of = date(2026, 3, 16)
    assert linked.steps() == [("suspend", "1")]


def test_a_last_day_that_a_delta_named_once_is_remembered(linked: Any, make: Any) -> None:
    delta(linked, make, lifecycle={"grace": "0d"})
    linked.workers = [make.worker("1", end_date="2026-05-31")]
    assert [(item.since, item.due) for item in linked.plan().leaving] == [("2026-06-01", "2026-06-01")]

    linked.workers, linked.links[0]["leaving_since"] = [], "2026-06-01"
    linked.as_of = date(2026, 5, 31)
    assert linked.steps() == []
    linked.as_of = date(2026, 6, 1)
    assert linked.steps() == [("suspend", "1")]


def test_products_given_back_by_hand_to_somebody_suspended_are_taken_again(linked: Any) -> None:
    linked.links[0] |= {"state": "suspended", "suspended_on": "2026-01-01", "licences": ()}
    suspend = linked.change("suspend", "1")
    assert (suspend.cause, suspend.before["licences"]) == ("drift", ["9001", "9002"])


def test_people_of_a_source_that_is_gone_are_named(linked: Any, make: Any) -> None:
    linked.links[0]["source"] = "contractors"
    assert linked.steps() == []
    assert linked.withheld() == [("suspend", "no_source", "1")]


def test_leaver_whose_account_is_not_adopted_is_named(case: Any, make: Any) -> None:
    case.policy(adopt="none")
    case.workers = [make.worker("1", status="inactive")]
    case.accounts.append(make.account("7001", "1"))
    case.grants = [("7001", "9001")]
    assert case.withheld() == [("adopt", "not_adopted", "1")]


@pytest.mark.prove
def test_nothing_is_taken_in_the_plan_that_adopts(case: Any, make: Any) -> None:
    case.workers = [make.worker("1", status="inactive")]
    case.accounts.append(make.account("7001", "1"))
    case.grants = [("7001", "9001")]
    assert case.steps() == [("adopt", "1")]
    assert case.withheld() == [("suspend", "just_adopted", "1")]


@pytest.mark.prove
def test_inactive_with_a_last_day_to_come_works_until_then(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("1", status="inactive", end_date="2026-03-02"))
    assert linked.steps() == []
    linked.as_of = date(2026, 3, 3)
    assert linked.steps() == [("suspend", "1")]


def test_rehired_person_is_not_let_in_before_the_first_day(linked: Any, make: Any) -> None:
    linked.grants = [("7002", "9002")]
    linked.links[0] |= {"state": "suspended", "suspended_on": "2026-01-01", "licences": ()}
    linked.workers.append(make.worker("1", start_date="2026-09-01"))
    assert linked.steps() == []
    assert linked.withheld() == [("create", "not_started", "1")]


def test_missing_status_is_never_taken_for_leaving(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("1", status=None))
    assert linked.steps() == []


def test_an_exception_keeps_its_product_and_nothing_else(linked: Any) -> None:
    linked.accounts[1]["roles"] = ("RUN_REPORTS",)
    linked.grants[0] = ("7001", "9003")
    linked.licences.append({"licence_key": "9003", "products": ("G2T",), "seats": 5, "enabled": True})
    linked.policy(
        lifecycle={"grace": "0d"},
        exceptions=[{"who": "1@acme.example", "keep": "G2T", "until": "2026-06-30", "reason": "hand-over"}],
    )
    assert sorted(linked.steps()) == [("revoke", "1"), ("set_role", "1")]
    assert linked.change("revoke").before["licence"] == "9002"
    assert linked.withheld() == [("suspend", "exception", "1")]


def test_account_used_again_by_hand_is_not_deleted(linked: Any) -> None:
    linked.links[0] |= {"state": "suspended", "suspended_on": "2025-01-01", "licences": ()}
    linked.policy(lifecycle={"grace": "0d", "delete": "30d"})
    assert linked.steps() == [("suspend", "1")]


def test_admin_who_cannot_sign_in_does_not_count_as_one(linked: Any) -> None:
    linked.accounts[0]["status"] = "SUSPENDED"
    linked.accounts[1]["roles"] = ("SUPER_USER",)
    assert linked.withheld() == [("suspend", "last_admin", "1")]


def test_seats_of_a_suspend_that_is_withheld_are_not_given_away(linked: Any, make: Any) -> None:
    linked.accounts = [row for row in linked.accounts if row["account_key"] != "7000"]
    linked.accounts[0]["roles"] = ("SUPER_USER",)
    linked.licences[1]["seats"] = 2
    linked.workers.append(make.worker("9", row=9))
    assert linked.steps() == []
    assert ("create", "no_seat", "9") in linked.withheld()


def test_held_row_that_could_be_anybody_stops_nobody_who_has_a_row_of_their_own(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("1", status="inactive"))
    linked.held = [
        make.worker("9", row=9, external_id=None, user_name="new@acme.example", codes="id_missing", key_usable=False)
    ]
    assert linked.steps() == [("suspend", "1")]


OURS = {"given_name": "Ada", "family_name": "Byron"}
NOT_OURS = {"user_name": "zoe.new@acme.example", "given_name": "Zoe", "family_name": "New"}


@pytest.fixture
def handed_over(linked: Any) -> Any:
    """The account of worker 1, who is gone, was given to somebody else by hand."""
    linked.links[0] |= OURS
    linked.accounts[-2] |= NOT_OURS
    return linked


def test_an_account_that_was_handed_over_by_hand_is_left_to_whoever_has_it(handed_over: Any) -> None:
    assert (handed_over.steps(), handed_over.withheld()) == ([], [("suspend", "identity", "1")])


def test_an_account_that_was_handed_over_is_not_deleted(handed_over: Any) -> None:
    handed_over.policy(lifecycle={"grace": "0d", "delete": "30d"})
    handed_over.grants = [("7002", "9002")]
    handed_over.links[0] |= {"state": "suspended", "suspended_on": "2026-01-01"}
    assert (handed_over.steps(), handed_over.withheld()) == ([], [("delete", "identity", "1")])


@pytest.mark.prove
@pytest.mark.parametrize("status", ["active", "inactive"])
def test_an_account_that_is_neither_the_rows_nor_the_links_is_left_alone(
    handed_over: Any, make: Any, status: str
) -> None:
    handed_over.workers.append(make.worker("1", status=status, department="Legal"))
    assert handed_over.steps() == []
    assert handed_over.withheld() == [("create" if status == "active" else "suspend", "identity", "1")]


@pytest.mark.prove
def test_an_exception_strips_no_account_that_was_handed_over(handed_over: Any) -> None:
    handed_over.policy(exceptions=[{"who": "1", "keep": ["G2W"], "until": "2026-12-31", "reason": "hand-over"}])
    assert (handed_over.steps(), handed_over.withheld()) == ([], [("suspend", "identity", "1")])


@pytest.mark.prove
@pytest.mark.parametrize(
    "renamed",
    [
        {"user_name": "ada.king@acme.example"},
        {"family_name": "King"},
        {"user_name": "ada.king@acme.example", "family_name": "King"},
        {"given_name": "Augusta", "family_name": "King"},
        {"user_name": "byron@acme.example", "given_name": "Byron", "family_name": "Ada"},
        {"user_name": "1@acme.example".upper(), "given_name": "Zoe", "family_name": "New"},
    ],
    ids=["address", "surname", "address and surname", "both names", "names in the other order", "address in capitals"],
)
def test_who_was_only_renamed_is_a_leaver_like_any_other(linked: Any, renamed: dict[str, str]) -> None:
    linked.links[0] |= OURS
    linked.accounts[-2] |= renamed
    assert linked.steps() == [("suspend", "1")]


def test_of_somebody_whose_names_nobody_noted_nothing_is_concluded(linked: Any) -> None:
    linked.accounts[-2] |= NOT_OURS
    assert linked.steps() == [("suspend", "1")]


@pytest.mark.prove
def test_an_adoption_notes_names_and_address_as_the_account_has_them(linked: Any, make: Any) -> None:
    linked.links = linked.links[1:]
    linked.workers.append(make.worker("1"))
    named = {name: linked.change("adopt", "1").after[name] for name in ("user_name", *OURS)}
    assert named == {"user_name": "1@acme.example", **OURS}


def test_a_last_day_in_the_year_9999_is_none(linked: Any, make: Any) -> None:
    linked.policy(lifecycle={"grace": "0d"})
    linked.workers.append(make.worker("1", status="inactive", end_date="9999-12-31"))
    assert [change.action.value for change in linked.plan().changes] == ["suspend"]


def test_a_list_of_changes_with_a_last_day_in_the_year_9999_tells_of_no_leaver(linked: Any, make: Any) -> None:
    delta(linked, make, lifecycle={"grace": "14d"})
    linked.workers.append(make.worker("1", end_date="9999-12-31"))
    assert linked.plan().leaving == ()


def test_a_grace_beyond_the_last_day_there_is_ends_on_that(linked: Any, make: Any) -> None:
    linked.policy(lifecycle={"grace": "9999999d"})
    linked.workers.append(make.worker("1", status="inactive"))
    assert [one.due for one in linked.plan().leaving] == ["9999-12-31"]
