"""What a plan promised holds when it is applied, though the tenant has moved on."""

from typing import Any


def reasons(home: Any, ended: Any) -> list[str]:
    """Return why changes of the plan that a run applied were skipped as stale."""
    from tasks.journal import Journal

    with Journal.open(home / "journal.db") as journal:
        plan_hash = journal.run(ended.run_id).plan_hash
        return [one.reason for one in journal.outcomes(plan_hash).values() if one.status == "stale"]


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
