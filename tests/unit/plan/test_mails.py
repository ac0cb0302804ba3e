"""Who will be written to, foreseen in people: by kind of mail and language."""

from typing import Any

import pytest

EVERYBODY = [{"name": "all", "when": {}, "grant": {"products": "G2M"}}]


def target_of(make: Any, **facts: Any) -> list[dict[str, Any]]:
    return [make.pipeline().model_dump(by_alias=True)["targets"][0] | facts]


@pytest.fixture
def joiners(case: Any, make: Any) -> Any:
    """Two newcomers, one of them with a language."""
    case.policy(rules=EVERYBODY)
    case.workers = [make.worker("1", locale="fr_FR"), make.worker("2", row=3)]
    return case


def test_newcomers_are_welcomed_in_the_language_that_the_plan_sets(joiners: Any) -> None:
    assert joiners.plan().header.mails["welcome"] == {"": 1, "fr_FR": 1}


def test_people_are_counted_not_mails(case: Any, make: Any) -> None:
    case.policy(rules=[{"name": "all", "when": {}, "grant": {"products": ["G2M", "G2T"]}}])
    case.licences = [
        {"licence_key": "9002", "products": ("G2M",), "seats": 5, "enabled": True},
        {"licence_key": "9003", "products": ("G2T",), "seats": 5, "enabled": True},
    ]
    case.workers, case.links = [make.worker("1")], [make.link("1", "7001")]
    case.accounts.append(make.account("7001", "1", locale="de_DE"))
    plan = case.plan()
    assert len([change for change in plan.changes if "get-started" in change.mail]) == 2
    assert plan.header.mails == {"get-started": {"de_DE": 1}, "product-change": {"de_DE": 1}}


def test_the_first_get_started_mail_goes_out_although_nobody_is_to_be_notified(joiners: Any, make: Any) -> None:
    joiners.policy(rules=EVERYBODY, targets=target_of(make, notify_users=False))
    assert joiners.plan().header.mails == {"get-started": {"": 1, "fr_FR": 1}}


def test_an_account_that_is_there_is_written_to_in_its_own_language(case: Any, make: Any) -> None:
    case.policy(rules=EVERYBODY)
    case.accounts.append(make.account("7001", "1", locale="it_IT"))
    case.workers, case.links = [make.worker("1", locale="fr_FR")], [make.link("1", "7001")]
    assert case.plan().header.mails["product-change"] == {"it_IT": 1}


def test_a_language_that_the_plan_changes_counts_as_changed(case: Any, make: Any) -> None:
    case.policy(rules=EVERYBODY, attributes={"locale": "always"})
    case.accounts.append(make.account("7001", "1", locale="it_IT"))
    case.workers, case.links = [make.worker("1", locale="fr_FR")], [make.link("1", "7001")]
    assert case.plan().header.mails["product-change"] == {"fr_FR": 1}


def test_leavers_are_not_written_to(case: Any, make: Any) -> None:
    case.accounts.append(make.account("7001", "1", locale="it_IT"))
    case.grants, case.links = [("7001", "9002")], [make.link("1", "7001", licences=("9002",))]
    plan = case.plan()
    assert [change.action.value for change in plan.changes] == ["suspend"]
    assert plan.header.mails == {}


def test_the_absent_who_lose_part_of_what_they_have_are_written_to_in_their_language(case: Any, make: Any) -> None:
    case.policy(
        lifecycle={"grace": "0d"},
        exceptions=[{"who": "1", "keep": "G2W", "until": "2026-06-30", "reason": "hand-over"}],
    )
    case.accounts.append(make.account("7001", "1", locale="it_IT"))
    case.grants, case.links = [("7001", "9001"), ("7001", "9002")], [make.link("1", "7001")]
    assert case.plan().header.mails == {"product-change": {"it_IT": 1}}


# -- accounts whose person has yet to move here ---------------------------------------------------------------------


def test_our_accounts_that_wait_for_their_person_are_counted_and_nobody_elses(case: Any, make: Any) -> None:
    case.policy(rules=[{"name": "nobody", "when": {"department": "Mars"}, "grant": {"products": "G2M"}}])
    case.workers = [make.worker("1"), make.worker("2", row=3)]
    case.accounts += [
        make.account("7001", "1", pending_transfer=True),
        make.account("7002", "2"),
        make.account("7003", "stranger", pending_transfer=True),
    ]
    case.links = [make.link("1", "7001"), make.link("2", "7002")]
    assert case.plan().header.moving == 1


def test_leavers_who_never_moved_are_not_counted_as_people_to_remind(case: Any, make: Any) -> None:
    case.policy(lifecycle={"grace": "0d"})
    case.accounts += [make.account(key, key, pending_transfer=True) for key in ("7001", "7002", "7003")]
    case.workers = [make.worker("1")]
    case.links = [make.link("1", "7001"), make.link("2", "7002"), make.link("3", "7003", state="suspended")]
    plan = case.plan()
    assert [change.account_key for change in plan.changes if change.action.value == "suspend"] == ["7002"]
    assert plan.header.moving == 1
