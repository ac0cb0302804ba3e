"""What a plan promised holds when it is applied, though the tenant has moved on."""

from typing import Any

import pytest

BREAKGLASS = ("00100", "breakglass", "Break", "Glass", "Legal", "Active")
CHIEF = {
    "key": "7009", "email": "chief@acme.example", "firstName": "Chief", "lastName": "Other",
    "adminRoles": ["SUPER_USER"], "activated": True,
}  # fmt: skip


def reasons(home: Any, ended: Any) -> list[str]:
    """Return why changes of the plan that a run applied were skipped as stale."""
    from tasks.journal import Journal

    with Journal.open(home / "journal.db") as journal:
        plan_hash = journal.run(ended.run_id).plan_hash
        return [one.reason for one in journal.outcomes(plan_hash).values() if one.status == "stale"]


@pytest.fixture
def two_admins(office: Any, tenant: Any, sync: Any, staff: Any, declared: Any) -> Any:
    """The super admin behind the token is in the roster and adopted; another one is not in it."""
    tenant.reset({**declared, "users": [*declared["users"], CHIEF]})
    office.spec["protect"] = []
    office.spec["limits"] = {"set_role": {"count": "9"}}
    office.staff([BREAKGLASS, *staff])
    assert sync().type == "COMPLETED"
    return tenant


@pytest.mark.prove
def test_the_last_super_admin_stays_though_the_other_one_lost_the_role_after_the_plan(
    office: Any, two_admins: Any, staff: Any, make_plan: Any, apply: Any, told: Any
) -> None:
    office.staff(staff)
    planned = make_plan()
    assert [change.action.value for change in planned.plan.changes] == ["suspend"]
    two_admins.admin("PUT", "users/7009", {"adminRoles": ["MANAGE_USERS"]})
    sent = two_admins.writes()

    ended = told(apply(planned.run_id))

    assert (ended.code, two_admins.writes()) == (4, sent)
    assert two_admins.people()["breakglass@acme.example"]["adminRoles"] == ["SUPER_USER"]
    assert reasons(office.home, ended) == [
        "It would leave nobody as super admin now. Make somebody else super admin first."
    ]


@pytest.mark.prove
def test_two_pipelines_that_each_suspend_one_of_two_super_admins_leave_one(
    office: Any, two_admins: Any, staff: Any, make_plan: Any, apply: Any, told: Any, sync: Any
) -> None:
    acme, other = office.spec, {**office.spec, "name": "other"}
    office.spec = other
    office.staff([("00900", "chief", "Chief", "Other", "Legal", "Active")])
    assert sync().type == "COMPLETED"
    office.staff([("00901", "eve.dove", "Eve", "Dove", "None", "Active")])
    of_other = make_plan()
    office.spec = acme
    office.staff(staff)
    of_acme = make_plan()
    suspended = [[one.user_name for one in run.plan.changes if one.action == "suspend"] for run in (of_other, of_acme)]
    assert suspended == [["chief@acme.example"], ["breakglass@acme.example"]]

    office.spec = other
    first = told(apply(of_other.run_id))
    office.spec = acme
    second = told(apply(of_acme.run_id))

    assert (first.code, second.code) == (0, 4)
    roles = {address: one["adminRoles"] for address, one in two_admins.people().items() if one["adminRoles"]}
    assert roles == {"breakglass@acme.example": ["SUPER_USER"]}
    assert reasons(office.home, second) == [
        "It would leave nobody as super admin now. Make somebody else super admin first."
    ]


@pytest.mark.prove
def test_who_is_protected_by_now_keeps_licence_and_group(
    office: Any, tenant: Any, sync: Any, staff: Any, make_plan: Any, apply: Any, told: Any
) -> None:
    assert sync().type == "COMPLETED"
    moved = [(*row[:4], "Gone", row[5]) if row[1] == "bo.lind" else row for row in staff]
    office.spec["targets"][0]["managed"] = "all"
    office.staff(moved)
    planned = make_plan()
    assert {change.action.value for change in planned.plan.changes} == {"revoke", "remove_member"}
    tenant.admin("PUT", "users/7002", {"adminRoles": ["SUPER_USER"]})
    before, sent = tenant.people()["bo.lind@acme.example"], tenant.writes()

    ended = told(apply(planned.run_id))

    assert (ended.code, tenant.writes()) == (4, sent)
    assert tenant.people()["bo.lind@acme.example"] == before
    assert set(reasons(office.home, ended)) == {"The account is protected by now."}
