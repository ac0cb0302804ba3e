"""How a run ends, whatever ends it: report, journal, state and message agree, and say what was sent."""

from datetime import UTC, datetime

import pytest

from flows.running import running
from tasks.model.errors import BadPipeline, JournalLost, RosterflowError, TargetDown


def fail(error):
    def failing(*_, **__):
        raise error

    return failing


@pytest.mark.prove
def test_an_error_of_ours_in_the_midst_of_an_application_says_what_was_sent_and_closes_it(
    sync, told, journal, tenant, monkeypatch
):
    from flows import provisioning

    monkeypatch.setattr(provisioning, "close_plan", fail(BadPipeline("The file has an error.", remedy="Mend it.")))

    ended = told(sync())

    calls = journal.sent(ended.run_id)
    assert (ended.name, ended.code) == ("Bad pipeline", 2)
    assert calls == len(tenant.writes()) > 0
    said = f"The file has an error. {calls} calls had been made before; all of them are recorded. Mend it."
    assert ended.message == said
    run = journal.run(ended.run_id)
    assert (run.exit_code, run.summary["run"]["message"]) == (2, said)
    assert (journal.unfinished("acme"), journal.generation("acme")) == (None, 1)


@pytest.mark.prove
def test_changes_that_were_not_reached_are_skipped_then(sync, told, journal, monkeypatch):
    from flows import provisioning

    monkeypatch.setattr(provisioning, "provision_batch", fail(BadPipeline("The file has an error.")))

    ended = told(sync())

    assert ended.message == "The file has an error. Nothing was sent."
    outcomes = journal.outcomes(journal.run(ended.run_id).plan_hash)
    assert {outcome.status for outcome in outcomes.values()} == {"skipped"}


def test_a_pipeline_that_is_changed_while_it_is_applied_stops_the_run(sync, told, office, journal, monkeypatch):
    from flows import provisioning

    begin = provisioning.begin_applying

    def edited_meanwhile(*references):
        begun = begin(*references)
        office.spec["rules"][0]["grant"]["group"] = "Sales"
        office.save()
        return begun

    monkeypatch.setattr(provisioning, "begin_applying", edited_meanwhile)

    ended = told(sync())

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert journal.unfinished("acme") is None


def test_the_target_must_be_the_plans_when_it_is_applied(make_plan, apply, told, tenant, declared):
    run = make_plan()
    tenant.reset({**declared, "account": {"key": "3009", "name": "Another"}})

    ended = told(apply(run.run_id))

    assert ended.code == 7
    assert "Nothing was sent." in ended.message
    assert tenant.writes() == []


def test_a_report_that_cannot_be_written_is_how_the_run_ended(office, journal, monkeypatch):
    from flows import planning
    from flows import running as begun

    monkeypatch.setattr(begun, "write_report", fail(OSError(28, "No space left on device, said Ada Byrne")))

    with pytest.raises(RosterflowError, match=r"The report could not be written \(OSError at ") as caught:
        planning.check(office.save())

    [run] = journal.runs()
    assert (run.state, run.exit_code, caught.value.exit_code) == ("Crashed", 1, 1)
    assert run.finished_at is not None
    assert "Ada" not in str(caught.value)


def test_a_journal_that_fails_while_the_report_is_written_is_what_is_told(office, journal, monkeypatch):
    from flows import planning
    from flows import running as begun

    broken = JournalLost("The journal cannot be used any more.", remedy="Check its disk.", reason="broken")
    monkeypatch.setattr(begun, "write_report", fail(broken))

    with pytest.raises(JournalLost) as caught:
        planning.plan(office.save())

    assert str(caught.value) == "The journal cannot be used any more. Nothing was sent. Check its disk."
    assert (journal.runs()[0].state, journal.runs()[0].exit_code) == ("Journal lost", 1)


def test_what_helps_where_a_report_cannot_be_written_is_told(office, monkeypatch):
    from flows import planning
    from flows import running as begun

    monkeypatch.setattr(begun, "write_report", fail(RosterflowError("Its disk is full.", remedy="Make room.")))

    with pytest.raises(RosterflowError) as caught:
        planning.plan(office.save())

    assert str(caught.value) == "The report could not be written (Its disk is full). Nothing was sent. Make room."


def test_a_report_that_cannot_be_written_does_not_hide_what_stopped_the_run(office, journal, monkeypatch):
    from flows import running as begun

    monkeypatch.setattr(begun, "write_report", fail(OSError(28, "No space left on device")))

    with pytest.raises(TargetDown) as caught, running("sync", office.save(), sends=True):
        raise TargetDown("It cannot be reached.", remedy="Wait.")

    [run] = journal.runs()
    assert (run.state, run.exit_code) == ("Target down", 7)
    said = "It cannot be reached. Nothing was sent. Wait. The report could not be written (OSError at "
    assert str(caught.value).startswith(said)


@pytest.mark.prove
def test_a_sync_whose_report_was_lost_ends_alike_in_state_and_journal(sync, told, journal, monkeypatch):
    from flows import running as begun

    monkeypatch.setattr(begun, "write_report", fail(OSError(28, "No space left on device")))

    ended = told(sync())

    run = journal.run(ended.run_id)
    assert (ended.name, ended.code) == (run.state, run.exit_code) == ("Crashed", 1)
    assert f"{journal.sent(ended.run_id)} calls had been made before; all of them are recorded." in ended.message
    assert ended.message.endswith("Run the same command again: what is on record as done is not done again.")


def test_calls_that_a_run_has_looked_up_are_in_doubt_no_more_when_it_ends(sync, told, journal, monkeypatch, killed):
    from flows import running as begun
    from tasks.journal import Conclusion, Journal

    write = Journal.write

    def without_results(self, plan_hash, run_id, entries):
        if any(isinstance(entry, Conclusion) and entry.attempt is not None for entry in entries):
            raise killed
        return write(self, plan_hash, run_id, entries)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", without_results)
        with pytest.raises(killed):
            sync()
    stopped = journal.unfinished("acme")
    made, perhaps = journal.made(plan_hash=stopped.plan_hash)
    assert perhaps
    monkeypatch.setattr(begun, "write_report", fail(OSError(28, "No space left on device")))

    ended = told(sync())

    own, _ = journal.made(run_id=ended.run_id)
    total, in_doubt = journal.made(plan_hash=stopped.plan_hash)
    assert (in_doubt, total - own >= made) == (0, True)
    assert f"{total - own} calls had been made for it." in ended.message.replace("1 call had", "1 calls had")
    assert "perhaps" not in ended.message


@pytest.mark.prove
def test_a_page_of_prefect_that_cannot_be_written_changes_nothing(sync, told, journal, monkeypatch, caplog):
    from flows import ending

    monkeypatch.setattr(ending, "publish", fail(RuntimeError("the server is gone")))

    ended = told(sync())

    run = journal.run(ended.run_id)
    assert (ended.name, ended.code) == (run.state, run.exit_code) == ("Completed", 0)
    assert "could not be shown in Prefect" in caplog.text


@pytest.mark.prove
def test_a_blocked_run_says_where_its_report_is(office):
    from flows import planning

    office.spec["limits"] = {"create": {"count": "0"}}
    with pytest.raises(RosterflowError) as caught:
        planning.plan(office.save())
    assert caught.value.facts["report"] == str(office.run_folders()[-1] / "report.html")


@pytest.mark.parametrize(
    ("error", "state", "code"), [(KeyboardInterrupt(), "Partial", 4), (ZeroDivisionError(), "Crashed", 1)]
)
def test_a_run_that_is_broken_off_before_it_sends_is_closed(office, journal, error, state, code):
    with pytest.raises(type(error)), running("plan", office.save(), sends=False):
        raise error

    [run] = journal.runs()
    assert (run.state, run.exit_code) == (state, code)


def test_a_run_that_is_broken_off_while_it_sends_stays_open(cut_off, journal):
    cut_off("provision_batch")
    assert journal.runs()[0].finished_at is None


def test_the_day_to_plan_for_is_not_the_day_of_the_run(office):
    with running("plan", office.save(), sends=False, as_of=datetime(2026, 3, 31, 23, tzinfo=UTC)) as run:
        assert (str(run.as_of), run.today) == ("2026-03-31", datetime.now(UTC).date())


@pytest.mark.prove
@pytest.mark.parametrize("command", ["apply", "sync"])
def test_every_change_of_a_sent_plan_is_traced_to_its_row(make_plan, sync, apply, told, office, command):
    ended = told(sync() if command == "sync" else apply(make_plan().run_id))

    page = (office.home / "runs" / ended.run_id / "report.html").read_text()
    assert all(f"staff.csv, row {row}" in page for row in (3, 4, 5))


@pytest.mark.prove
def test_a_plan_whose_rows_cannot_be_traced_any_more_is_not_sent(make_plan, apply, told, tenant):
    planned = make_plan()
    planned.folder.path("origins.jsonl").write_text('{"x": [')

    ended = told(apply(planned.run_id))

    assert (ended.name, ended.code) == ("Bad usage", 2)
    assert "origins.jsonl is broken" in ended.message
    assert tenant.writes() == []


@pytest.mark.prove
def test_a_broken_profile_of_a_list_is_no_lost_journal(make_plan, apply, told, journal, office):
    planned = make_plan()
    planned.folder.path("hr.profile.json").write_text("")

    ended = told(apply(planned.run_id))

    assert ended.code == 0
    assert journal.accepted_file("acme", "hr") is None
    assert "The list of hr is not kept as the last accepted one" in ended.message


@pytest.mark.parametrize("is_planned", [False, True], ids=["sync", "apply"])
def test_a_signal_before_the_plan_is_begun_begins_nothing_and_accepts_no_list(
    make_plan, sync, apply, told, journal, tenant, monkeypatch, is_planned
):
    from tasks.provision.steps import STOPPING

    plan = make_plan().run_id if is_planned else ""
    monkeypatch.setattr(STOPPING, "is_set", lambda: True)

    ended = told(apply(plan) if is_planned else sync())

    assert (ended.name, ended.code) == ("Partial", 4)
    assert "A signal ended the run before it began to carry out its plan. Nothing was sent." in ended.message
    recorded = journal.run(ended.run_id)
    assert recorded.summary["headline"].startswith("The run could not go on, and nothing was changed.")
    assert recorded.applying_since is None
    assert journal.accepted_file("acme", "hr") is None
    assert tenant.writes() == []
