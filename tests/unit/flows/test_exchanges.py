"""Who works here and is to exchange an edition that has no seat left keeps what they have, from plan to report."""

from collections.abc import Iterator
from typing import Any

import pytest

from tasks.model.operations import OutcomeStatus
from tasks.provision.reasons import GIVEN_BACK, KEPT

MOVERS = ("dag.orme@acme.example", "eve.holt@acme.example")
STANDARD, PRO = "9101", "9102"


@pytest.fixture
def tiers(office: Any, tenant: Any, sync: Any, staff: Any, declared: Any) -> Any:
    """Two editions of Webinar: Support has the standard one, Sales the other; all of them are given."""
    licences = [
        {"key": STANDARD, "description": "Webinar Standard", "products": ["G2M", "G2W"], "seats": 40},
        {"key": PRO, "description": "Webinar Pro", "products": ["G2M", "G2W"], "seats": 4},
    ]
    users = [{**user, "licenceKeys": []} for user in declared["users"]]
    tenant.reset({**declared, "licences": licences, "users": users})
    office.spec["rules"] = [
        {"name": "pro", "when": {"department": ["Sales"]}, "grant": {"products": ["G2W/Webinar Pro"]}},
        {"name": "standard", "grant": {"products": ["G2W/Webinar Standard"]}},
    ]
    office.spec["limits"] = {"revoke": {"count": "9"}}
    office.staff(staff)
    assert sync().type == "COMPLETED"
    office.staff([moved(row) for row in staff])
    return tenant


@pytest.fixture
def strike(tenant: Any) -> Iterator[Any]:
    """Let the sandbox fail by one rule."""
    yield lambda **rule: tenant.control("PUT", "faults", {"rules": [rule]})
    tenant.control("DELETE", "faults")


def moved(row: tuple[str, ...]) -> tuple[str, ...]:
    return (*row[:4], "Sales", *row[5:]) if f"{row[1]}@acme.example" in MOVERS else row


def held(tenant: Any) -> list[list[str]]:
    people = tenant.people()
    return [people[address]["licenseKeys"] for address in MOVERS]


def statuses(tenant: Any) -> set[str]:
    people = tenant.people()
    return {people[address]["status"] for address in MOVERS}


def outcomes(home: Any, run: Any) -> set[tuple[str, str]]:
    from tasks.journal import Journal

    with Journal.open(home / "journal.db") as journal:
        plan_hash = journal.run(run.run_id).plan_hash
        return {(one.status, one.reason) for one in journal.outcomes(plan_hash).values()}


def give_the_last_seats_away(tenant: Any) -> None:
    for number in (1, 2):
        body = {
            "users": [{"email": f"new{number}@acme.example", "firstName": "N", "lastName": "N"}],
            "licenseKeys": [PRO],
        }
        tenant.admin("POST", "users", body)


@pytest.mark.prove
def test_the_old_edition_stays_if_the_seats_of_the_new_one_went_after_the_plan(
    office: Any, tiers: Any, make_plan: Any, apply: Any, sync: Any, told: Any
) -> None:
    planned = make_plan()
    assert sorted(change.action for change in planned.plan.changes) == ["grant", "grant", "revoke", "revoke"]
    give_the_last_seats_away(tiers)
    sent = tiers.writes()

    ended = told(apply(planned.run_id))

    assert (ended.code, tiers.writes(), held(tiers)) == (4, sent, [[STANDARD], [STANDARD]])
    assert outcomes(office.home, ended) == {(OutcomeStatus.NO_SEAT, KEPT)}
    assert told(sync()).code == 4
    assert held(tiers) == [[STANDARD], [STANDARD]]


def test_the_old_edition_is_given_back_in_the_same_run_if_the_new_one_is_refused_all_the_same(
    office: Any, tiers: Any, staff: Any, make_plan: Any, apply: Any, told: Any, strike: Any
) -> None:
    office.staff([moved(row) if row[1] == "dag.orme" else row for row in staff])
    planned = make_plan()
    assigns = {"method": "PUT", "path": f"/accounts/*/licenses/{PRO}/users/*"}
    strike(on=assigns, first=1, fault="seats_gone")

    ended = told(apply(planned.run_id))

    assert (ended.code, held(tiers), statuses(tiers)) == (4, [[STANDARD], [STANDARD]], {"INVITED"})
    assert (OutcomeStatus.NO_SEAT, GIVEN_BACK) in outcomes(office.home, ended)
    assert ended.message == "2 changes could not be completed. No other change was confirmed."


@pytest.mark.prove
def test_who_was_left_with_nothing_by_a_run_that_was_killed_gets_the_old_edition_back(
    office: Any, tiers: Any, cut_off_after: Any, sync: Any, told: Any, staff: Any
) -> None:
    cut_off_after(2)
    assert [] in held(tiers)
    give_the_last_seats_away(tiers)
    office.spec["rules"][0]["name"] = "renamed"  # so that the plan is given up, not gone on with

    assert told(sync()).code == 4
    assert held(tiers) == [[STANDARD], [STANDARD]]
