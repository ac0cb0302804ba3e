"""Two pipelines of one installation that share a tenant: an account is looked after by one of them only."""

from typing import Any

from tasks.model.plan import WithheldReason


def test_accounts_of_another_pipeline_are_left_to_it_by_the_plan_and_nothing_is_sent(
    office: Any, sync: Any, make_plan: Any, tenant: Any
) -> None:
    sync()
    sent = len(tenant.writes())
    office.spec["name"] = "another"

    run = make_plan()

    people = [item for item in run.plan.withheld if item.reason == WithheldReason.OTHER_PIPELINE]
    assert people
    assert not {item.external_id for item in people} & {change.external_id for change in run.plan.changes}
    assert run.summary["withheld"]["by_reason"]["other_pipeline"] == len(people)

    assert sync().type == "COMPLETED"
    assert len(tenant.writes()) == sent
