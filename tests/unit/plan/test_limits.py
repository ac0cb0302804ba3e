"""What a run may do unattended: over a limit, the whole plan is refused."""

from datetime import date
from typing import Any, get_args

import pytest

from tasks.model.errors import UnsafePlan
from tasks.model.operations import Outcome, OutcomeStatus
from tasks.model.pipeline import LimitName
from tasks.model.plan import Action, Plan
from tasks.plan import check_freeze, check_limits, read_limits

TODAY = date(2026, 3, 2)


@pytest.fixture
def leavers(case: Any, make: Any) -> Any:
    """Give *staff* linked people with a licence each, of whom the first *gone* are absent."""

    def build(staff: int, gone: int, **policy: Any) -> tuple[Plan, Any]:
        case.policy(**policy)
        for number in range(staff):
            key, name = f"71{number:03}", f"{number:03}"
            case.accounts.append(make.account(key, name))
            case.grants.append((key, "9001"))
            case.links.append(make.link(name, key, licences=("9001",)))
            if number >= gone:
                case.workers.append(make.worker(name, row=number + 2))
        case.licences[0]["seats"] = None
        return case.plan(), case.pipeline

    return build


def reading(plan: Plan, pipeline: Any, name: str, subject: str = "") -> Any:
    return next(item for item in read_limits(plan, pipeline) if (item.name, item.subject) == (name, subject))


def test_every_action_can_have_a_limit_and_so_can_renames_and_mail() -> None:
    assert set(get_args(LimitName)) == {*(action.value for action in Action), "rename", "mail"}


def test_share_is_of_managed_active_accounts(leavers: Any) -> None:
    plan, pipeline = leavers(40, 2)
    found = reading(plan, pipeline, "suspend")
    assert (found.count, found.base, found.share, found.broken) == (2, 40, 0.05, False)


def test_one_over_the_share_is_refused(leavers: Any) -> None:
    plan, pipeline = leavers(40, 3)
    message = r"would .*suspend 3 of 40 accounts \(8%, limit 5%\).*raise limits\.suspend"
    with pytest.raises(UnsafePlan, match=message) as caught:
        check_limits(plan, pipeline)
    assert caught.value.exit_code == 5


def test_a_small_tenant_counts_as_twenty(leavers: Any) -> None:
    plan, pipeline = leavers(3, 1)
    found = reading(plan, pipeline, "suspend")
    assert (found.count, found.base, found.share, found.broken) == (1, 3, 0.05, False)


def test_of_a_plan_that_is_half_done_the_other_half_counts(leavers: Any) -> None:
    plan, pipeline = leavers(40, 3)
    suspends = [change.change_id for change in plan.changes if change.action == Action.SUSPEND]
    done = {key: Outcome(key, OutcomeStatus.DONE) for key in suspends}

    check_limits(plan, pipeline, {suspends[0]: done[suspends[0]]})
    _, pipeline = leavers(0, 0, limits={"suspend": {"count": "1"}})
    with pytest.raises(UnsafePlan, match=r"What is left of the plan, as far as is known, would suspend 2 of"):
        check_limits(plan, pipeline, {suspends[0]: done[suspends[0]]})
    check_limits(plan, pipeline, done)


def test_count_alone_breaks_a_limit(leavers: Any) -> None:
    plan, pipeline = leavers(40, 2, limits={"suspend": {"count": "1"}})
    assert reading(plan, pipeline, "suspend").broken


def test_products_of_the_suspended_count_as_revokes_each(leavers: Any) -> None:
    plan, pipeline = leavers(10, 3, limits={"suspend": {"share": "100%"}})
    assert (reading(plan, pipeline, "revoke", "G2W").count, reading(plan, pipeline, "revoke", "G2M").count) == (3, 3)
    with pytest.raises(UnsafePlan, match=r"take G2M away from 3 of 10 accounts \(15%, counted as of 20, limit 10%\)"):
        check_limits(plan, pipeline)


def test_deleting_needs_a_limit_of_its_own(leavers: Any) -> None:
    _, pipeline = leavers(1, 0)
    assert pipeline.limit("delete").count == 0


def test_nothing_is_changed_on_a_frozen_day(leavers: Any) -> None:
    plan, pipeline = leavers(40, 1, freeze=["2026-03-01..2026-03-02"])
    with pytest.raises(UnsafePlan, match=r"frozen from 2026-03-01 to 2026-03-02\."):
        check_freeze(plan, pipeline, TODAY)
    check_freeze(plan, pipeline, date(2026, 3, 3))


def test_a_plan_without_changes_passes_a_freeze(leavers: Any) -> None:
    plan, pipeline = leavers(2, 0, freeze=["2026-03-02"])
    assert plan.changes == ()
    check_freeze(plan, pipeline, TODAY)


def test_the_base_is_of_people_who_are_ours(case: Any, make: Any) -> None:
    case.accounts += [make.account("7001", "1"), make.account("7002", "2")]
    case.links = [make.link("1", "7001")]
    case.workers = [make.worker("1", department="Legal"), make.worker("2", row=3, status="inactive")]
    header = case.plan().header
    assert (header.base["accounts"], header.orphans, header.unchanged) == (1, 2, 1)


def test_default_of_one_bound_stands_where_only_the_other_is_given(leavers: Any) -> None:
    plan, pipeline = leavers(40, 3, limits={"suspend": {"count": "90"}})
    assert reading(plan, pipeline, "suspend").broken


def test_changed_sign_in_addresses_are_bounded(case: Any, make: Any) -> None:
    case.policy(attributes={"user_name": "always"})
    for number in range(40):
        case.accounts.append(make.account(f"71{number:02}", f"{number:02}"))
        case.links.append(make.link(f"{number:02}", f"71{number:02}"))
        case.workers.append(make.worker(f"{number:02}", row=number + 2, user_name=f"n{number:02}@acme.example"))
    found = reading(case.plan(), case.pipeline, "rename")
    assert (found.count, found.base, found.broken) == (40, 40, True)


def test_moving_somebody_out_of_a_group_counts_as_taking_out(case: Any, make: Any) -> None:
    case.policy(rules=[{"name": "g", "when": {}, "grant": {"group": "Sales"}}])
    case.groups.append({"group_key": "5002", "name": "Old", "path": ("Old",)})
    case.accounts.append(make.account("7001", "1", group_key="5002"))
    case.links, case.workers = [make.link("1", "7001")], [make.worker("1")]
    assert reading(case.plan(), case.pipeline, "remove_member").count == 1


def test_a_licence_without_products_counts_as_itself(case: Any, make: Any) -> None:
    targets = make.pipeline().model_dump(by_alias=True)["targets"]
    case.policy(targets=[{**targets[0], "managed": "all"}], limits={"revoke": {"count": "0"}})
    case.licences.append({"licence_key": "9009", "products": (), "seats": None, "enabled": True})
    case.accounts.append(make.account("7001", "1"))
    case.grants = [("7001", "9002"), ("7001", "9009")]
    case.links, case.workers = [make.link("1", "7001")], [make.worker("1")]
    assert reading(case.plan(), case.pipeline, "revoke").broken
