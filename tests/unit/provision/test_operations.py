"""Which calls a plan takes, and in which order."""

import pytest

from tasks.connectors.base import Capabilities
from tasks.model.plan import Action
from tasks.provision import batches, compile_jobs
from tests.support.plans import PlanBuilder
from tests.support.target import MEETING, WEBINAR

MANY = Capabilities(create_batch=20)


def payloads(job):
    return [(str(one.kind), dict(one.payload)) for one in job.operations]


def test_a_suspend_is_one_call_a_licence_and_one_for_the_roles():
    builder = PlanBuilder()
    builder.suspend("7001", [WEBINAR, MEETING], ["MANAGE_USERS"])

    (job,) = compile_jobs(builder.plan(), MANY)

    assert payloads(job) == [
        ("unassign_licence", {"licence_key": MEETING}),
        ("unassign_licence", {"licence_key": WEBINAR}),
        ("set_roles", {"roles": [], "managed_groups": None}),
    ]


def test_a_suspend_of_a_person_without_a_role_leaves_roles_alone():
    builder = PlanBuilder()
    builder.suspend("7001", [MEETING])

    (job,) = compile_jobs(builder.plan(), MANY)

    assert payloads(job) == [("unassign_licence", {"licence_key": MEETING})]


def test_every_other_change_is_one_call():
    builder = PlanBuilder()
    builder.update("1", {"family_name": "Old"}, {"family_name": "New"})
    builder.grant("2", MEETING, key="2")
    builder.revoke("3", MEETING)
    builder.roles("4", [], ["MANAGE_USERS"], key="4")
    builder.join("5", "Sales", "5001", key="5")
    builder.leave("6", "Sales", "5001")
    builder.group("Support")
    builder.delete("7")

    calls = {job.change.action: payloads(job) for job in compile_jobs(builder.plan(), MANY)}

    assert calls == {
        Action.CREATE_GROUP: [("create_group", {"name": "Support"})],
        Action.REVOKE: [("unassign_licence", {"licence_key": MEETING})],
        Action.REMOVE_MEMBER: [("leave_groups", {})],
        Action.DELETE: [("delete_account", {})],
        Action.UPDATE: [("update_account", {"family_name": "New"})],
        Action.GRANT: [("assign_licence", {"licence_key": MEETING})],
        Action.ADD_MEMBER: [("join_group", {"group_key": "5001"})],
        Action.SET_ROLE: [("set_roles", {"roles": ["MANAGE_USERS"], "managed_groups": None})],
    }


def test_adopting_and_reactivating_send_nothing():
    builder = PlanBuilder()
    builder.adopt("1")
    builder.reactivate("2")

    assert [job.operations for job in compile_jobs(builder.plan(), MANY)] == [(), ()]


def test_only_people_who_get_the_same_share_a_create():
    builder = PlanBuilder()
    for person, licence in (("1", MEETING), ("2", WEBINAR), ("3", MEETING)):
        builder.grant(person, licence, needs=[builder.create(person)])

    jobs = compile_jobs(builder.plan(), MANY)

    assert [[one.create.external_id for one in job.newcomers] for job in jobs] == [["1", "3"], ["2"]]


def test_only_people_of_the_same_templates_share_a_create():
    builder = PlanBuilder()
    for person, template in (("1", "t1"), ("2", "t2"), ("3", "t1")):
        builder.create(person, welcome_template=template)
    builder.create("4", welcome_template="t1", settings_template="s1")
    builder.create("5")

    jobs = compile_jobs(builder.plan(), MANY)

    shared = [[one.create.external_id for one in job.newcomers] for job in jobs]
    assert sorted(shared) == [["1", "3"], ["2"], ["4"], ["5"]]


def test_a_role_that_is_limited_or_the_tenants_own_does_not_travel_with_the_create():
    builder = PlanBuilder()
    for person in ("1", "2", "3"):
        builder.create(person)
    builder.roles("1", [], ["MANAGE_USERS"])
    builder.roles("2", [], ["ADD_USERS", "custom:Helpdesk"])
    builder.limited("3", ["MANAGE_USERS"], {"Sales": "5001"})

    jobs = compile_jobs(builder.plan(), MANY)

    folded = {one.create.external_id: len(one.extras) for job in jobs for one in job.newcomers}
    assert folded == {"1": 1, "2": 0, "3": 0}
    alone = {job.change.external_id: payloads(job) for job in jobs if job.change is not None}
    assert alone == {
        "2": [("set_roles", {"roles": ["ADD_USERS", "custom:Helpdesk"], "managed_groups": None})],
        "3": [
            (
                "set_roles",
                {
                    "roles": ["MANAGE_USERS"],
                    "managed_groups": ["5001"],
                    "fallback": {"roles": [], "managed_groups": []},
                },
            )
        ],
    }


@pytest.mark.parametrize(
    ("before", "groups", "fallback"),
    [
        (["ADD_USERS"], [], ["ADD_USERS"]),
        (["ADD_USERS", "MANAGE_USERS"], [], ["ADD_USERS"]),  # ours, left without its limit by an earlier call
        (["ADD_USERS", "MANAGE_USERS"], ["5002"], ["ADD_USERS", "MANAGE_USERS"]),
    ],
)
def test_where_a_limit_is_not_kept_nothing_of_ours_stays_without_one(before, groups, fallback):
    builder = PlanBuilder()
    was = {"roles": before, **({"managed_groups": groups} if groups else {})}
    after = {"roles": ["ADD_USERS", "MANAGE_USERS"], "ours": ["MANAGE_USERS"]}
    limit = {"managed_groups": ["5001"], "manages": ["Sales"]}
    builder.add(Action.SET_ROLE, "1", was, after | limit, key="1")

    [(_, payload)] = payloads(compile_jobs(builder.plan(), MANY)[0])

    assert payload["fallback"] == {"roles": fallback, "managed_groups": groups}


def test_a_limit_that_is_lifted_is_asked_for_as_none_at_all():
    builder = PlanBuilder()
    before = {"roles": ["MANAGE_USERS"], "managed_groups": ["5001"]}
    after = {"roles": ["MANAGE_USERS"], "ours": ["MANAGE_USERS"]}
    builder.add(Action.SET_ROLE, "1", before, after, key="1")

    (job,) = compile_jobs(builder.plan(), MANY)

    assert payloads(job) == [("set_roles", {"roles": ["MANAGE_USERS"], "managed_groups": []})]


def test_jobs_are_in_order_of_phase():
    builder = PlanBuilder()
    builder.grant("1", MEETING, key="1")
    builder.create("2")
    builder.suspend("3", [MEETING])
    builder.revoke("4", MEETING)

    phases = [job.phase for job in compile_jobs(builder.plan(), MANY)]

    assert phases == sorted(phases)


def test_equal_plans_give_equal_jobs_and_another_plan_other_ids():
    one, other = PlanBuilder(), PlanBuilder()
    one.suspend("1", [MEETING])
    one.create("2")
    other.create("2")
    other.suspend("1", [MEETING])

    assert compile_jobs(one.plan(), MANY) == compile_jobs(other.plan(), MANY)
    later = compile_jobs(one.plan(generation=1), MANY)
    assert {job.job_id for job in later}.isdisjoint(job.job_id for job in compile_jobs(one.plan(), MANY))


def test_a_batch_never_cuts_through_a_job():
    builder = PlanBuilder()
    for person in ("1", "2", "3"):
        builder.suspend(person, [MEETING, WEBINAR])

    jobs = compile_jobs(builder.plan(), MANY)

    assert [len(batch) for batch in batches(jobs, size=3)] == [1, 1, 1]
    assert [len(batch) for batch in batches(jobs, size=4)] == [2, 1]
    assert batches((), size=4) == []
