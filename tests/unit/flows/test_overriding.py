"""An override lets one plan pass the limits, once; a freeze it does not touch."""

from datetime import UTC, datetime, timedelta

import pytest

from flows.overriding import decided
from tasks.model.errors import BadUsage


@pytest.fixture
def blocked(office, sync, told, journal):
    """A plan over a limit that a sync has made, and its hash."""
    office.spec["limits"] = {"create": {"count": "0"}}
    state = told(sync())
    assert state.name == "Blocked"
    return state.run_id, journal.run(state.run_id).summary["run"]["plan_hash"]


def test_a_decision_lets_the_plan_pass_and_is_used_up(blocked, apply, told, journal, tenant):
    run_id, plan_hash = blocked
    assert told(apply(run_id)).code == 5
    number = decided(plan_hash, "Ticket 881")

    ended = told(apply(run_id, number))

    assert ended.code == 0
    assert "finn.rask@acme.example" in tenant.people()
    [decision] = journal.decisions(plan_hash)
    assert (decision.facts["reason"], decision.spent_by) == ("Ticket 881", ended.run_id)


@pytest.mark.prove
def test_an_override_is_told_with_its_reason_wherever_the_run_is(blocked, apply, told, journal, office):
    from typer.testing import CliRunner

    from flows.cli.main import app

    run_id, plan_hash = blocked

    ended = told(apply(run_id, decided(plan_hash, "Ticket 881")))

    folder = office.home / "runs" / ended.run_id
    note = "This very plan was let pass"
    assert note in (folder / "report.html").read_text()
    assert "Ticket 881" in (folder / "report.html").read_text()
    assert note in (folder / "report-redacted.html").read_text()
    assert "Ticket 881" not in (folder / "report-redacted.html").read_text()
    [decision] = journal.decisions()
    assert journal.run(ended.run_id).summary["override"]["decision_id"] == decision.decision_id
    assert journal.run(run_id).summary["override"] is None
    assert "its plan was let pass over a limit: Ticket 881" in CliRunner().invoke(app, ["runs"]).output
    assert "let pass by decision 1, good once" in CliRunner().invoke(app, ["report", ended.run_id]).output


@pytest.mark.prove
def test_a_second_decision_on_a_plan_that_was_applied_is_refused(blocked, apply, told, tenant):
    run_id, plan_hash = blocked
    assert told(apply(run_id, decided(plan_hash, "Ticket 881"))).code == 0
    sent = tenant.writes()

    with pytest.raises(BadUsage, match="nothing is left to do of this plan"):
        decided(plan_hash, "Once more")
    assert told(apply(run_id)).code == 0  # nothing is left of it that could be over a limit
    assert tenant.writes() == sent


@pytest.mark.prove
def test_a_decision_opens_no_way_for_another_run_if_its_own_did_not_begin(blocked, apply, told, office, tenant):
    from typer.testing import CliRunner

    from flows.cli.main import app

    run_id, plan_hash = blocked
    tenant.control("PUT", "faults", {"rules": [{"on": {"path": "/oauth/token"}, "fault": "credentials_revoked"}]})
    stopped = told(apply(run_id, decided(plan_hash, "Ticket 881")))
    tenant.control("DELETE", "faults")
    assert stopped.code == 7
    assert "let pass" not in CliRunner().invoke(app, ["runs"]).output

    assert told(apply(run_id)).code == 5
    office.spec["limits"] = {}
    assert told(apply(run_id)).code == 0
    assert "let pass" not in CliRunner().invoke(app, ["runs"]).output


@pytest.mark.prove
def test_each_run_of_a_plan_that_was_let_pass_says_so(blocked, apply, told, journal):
    from typer.testing import CliRunner

    from flows.cli.main import app

    run_id, plan_hash = blocked
    assert told(apply(run_id, decided(plan_hash, "Ticket 882"))).code == 0
    shown = CliRunner().invoke(app, ["runs"]).output
    assert shown.count("its plan was let pass over a limit: Ticket 882") == 1


@pytest.mark.prove
def test_a_decision_on_a_plan_within_its_limits_is_not_used_up_and_not_told(make_plan, sync, apply, told, journal):
    run = make_plan()
    ended = told(apply(run.run_id, decided(run.plan.hash, "Just in case")))

    assert ended.code == 0
    assert [one.spent_by for one in journal.decisions(run.plan.hash)] == [None]
    assert journal.run(ended.run_id).summary["override"] is None
    empty = make_plan()
    with pytest.raises(BadUsage, match="nothing is left to do"):
        decided(empty.plan.hash, "Just in case")
    assert told(sync(override=empty.plan.hash)).code == 0
    assert journal.decisions(empty.plan.hash) == []


@pytest.mark.prove
def test_a_decision_about_another_plan_is_none(blocked, apply, told, tenant):
    run_id, _ = blocked
    ended = told(apply(run_id, 99))
    assert (ended.name, ended.code, tenant.writes()) == ("Bad usage", 2, [])


def test_a_decision_needs_a_reason(blocked):
    with pytest.raises(BadUsage, match="needs a reason"):
        decided(blocked[1], " ")
    assert decided(blocked[1], None) is None


def test_a_freeze_is_not_overridden(blocked, apply, sync, told, office, tenant):
    run_id, plan_hash = blocked
    office.spec["freeze"] = ["2000-01-01..2999-12-31"]

    for ended in (told(apply(run_id, decided(plan_hash, "Ticket 881"))), told(sync(override=plan_hash))):
        assert (ended.name, ended.code) == ("Blocked", 5)
        assert "Changes are frozen" in ended.message
    assert tenant.writes() == []


@pytest.mark.prove
def test_a_sync_is_overridden_for_the_plan_that_it_names(blocked, sync, told, office, staff, journal):
    _, plan_hash = blocked
    office.staff(staff[:-1])
    assert told(sync(override=plan_hash)).code == 5
    office.staff(staff)
    assert told(sync(override=plan_hash[:11])).code == 2
    assert journal.decisions(plan_hash) == []

    ended = told(sync(override=plan_hash[:12]))

    assert ended.code == 0
    assert [one.spent_by for one in journal.decisions(plan_hash)] == [ended.run_id]


@pytest.mark.prove
def test_a_sync_that_was_cut_off_under_an_override_is_gone_on_with(blocked, cut_off, sync, told, journal):
    _, plan_hash = blocked
    cut_off("provision_batch", override=plan_hash)

    ended = told(sync())

    assert ended.code == 0
    assert journal.run(ended.run_id).plan_hash == plan_hash
    assert len(journal.decisions(plan_hash)) == 1


# Freezes ------------------------------------------------------------------------------------------------------------


@pytest.mark.prove
def test_a_freeze_is_of_the_day_on_which_it_is_sent_not_of_the_day_planned_for(make_plan, apply, told, office, tenant):
    today = datetime.now(UTC).date()
    run = make_plan(as_of=datetime.now(UTC).replace(tzinfo=None) - timedelta(days=3))
    office.spec["freeze"] = [f"{today - timedelta(days=1)}..{today + timedelta(days=1)}"]

    assert told(apply(run.run_id)).name == "Blocked"
    assert tenant.writes() == []


@pytest.mark.prove
def test_a_freeze_on_the_day_planned_for_does_not_hold_today(make_plan, apply, told, office):
    now = datetime.now(UTC)
    office.spec["freeze"] = [str(now.date() - timedelta(days=4))]
    run = make_plan(as_of=now.replace(tzinfo=None) - timedelta(days=4))

    assert told(apply(run.run_id)).code == 0
