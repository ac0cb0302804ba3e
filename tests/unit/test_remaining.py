"""What is left to do of a plan of which a part has been carried out."""

from dataclasses import replace

import pytest

from tasks.model.operations import IN_DOUBT, NO_ANSWER, Outcome, OutcomeStatus
from tasks.model.plan import Action, Cause, Change, Header, Plan
from tasks.model.remaining import UNTOLD, remaining


def change(name: str, action: Action = Action.UPDATE, who: str = "1", **facts: object) -> Change:
    whole = Change(name, action, Cause.JOINER, "hr", who, "7001", None)
    return replace(whole, **facts)  # type: ignore[arg-type]


def plan_of(*changes: Change, mails: dict[str, dict[str, int]] | None = None) -> Plan:
    header = Header("acme", "goto:1", "2026-03-31", 0, (), "m", "r", mails=mails or {})
    return Plan(header, changes)


def ended(status: OutcomeStatus, *names: str, reason: str = "") -> dict[str, Outcome]:
    return {name: Outcome(name, status, reason) for name in names}


def left(plan: Plan, outcomes: dict[str, Outcome]) -> list[str]:
    return [one.change_id for one in remaining(plan, outcomes).changes]


def test_of_a_plan_that_was_not_begun_all_is_left() -> None:
    plan = plan_of(change("a"))
    assert remaining(plan, {}) is plan


@pytest.mark.parametrize("status", sorted(set(OutcomeStatus) - {OutcomeStatus.SKIPPED}))
def test_what_ended_for_good_is_not_left(status: OutcomeStatus) -> None:
    assert left(plan_of(change("a"), change("b")), ended(status, "a")) == ["b"]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(OutcomeStatus.SKIPPED, ""), (OutcomeStatus.SKIPPED, IN_DOUBT), (OutcomeStatus.FAILED, NO_ANSWER)],
)
def test_what_is_tried_again_is_left(status: OutcomeStatus, reason: str) -> None:
    plan = plan_of(change("a"), change("b"))
    assert remaining(plan, ended(status, "a", reason=reason)) is plan


def test_what_needs_a_change_that_failed_is_not_left_however_far_it_is_from_it() -> None:
    plan = plan_of(change("c", needs=("b",)), change("b", needs=("a",)), change("a"), change("d"))
    assert left(plan, ended(OutcomeStatus.FAILED, "a")) == ["d"]


def test_it_keeps_the_name_of_the_whole() -> None:
    plan = plan_of(change("a"), change("b"))
    assert remaining(plan, ended(OutcomeStatus.DONE, "a")).hash == plan.hash


def test_mails_are_those_of_what_is_left_by_language_as_far_as_the_plan_tells() -> None:
    mail = ("welcome",)
    made = [change(f"made {who}", Action.CREATE, who, mail=mail) for who in "12"]
    french = change("french", Action.CREATE, "3", after={"locale": "fr_FR"}, mail=mail)
    known = [change(f"known {who}", who=who, mail=("product-change", "welcome")) for who in "45"]
    plan = plan_of(*made, french, *known, mails={"welcome": {"": 2, "fr_FR": 1, "de_DE": 2}, "product-change": {"": 2}})

    rest = remaining(plan, ended(OutcomeStatus.DONE, "made 1"))

    assert rest.header.mails == {"product-change": {"": 2}, "welcome": {"": 1, "fr_FR": 1, UNTOLD: 2}}
