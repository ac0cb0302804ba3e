"""What becomes of an application that was cut off: gone on with, settled, or given up; never forgotten."""

import json
import re
import sqlite3
import zlib
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from tasks.journal import CallResult, Intent, Journal
from tasks.model.errors import JournalLost
from tests.support.effort import sampled


def test_a_sync_that_was_cut_off_is_gone_on_with(cut_off, sync, told, journal, tenant):
    cut_off("close_plan")
    stopped = journal.unfinished("acme")
    sent, mails = tenant.writes(), tenant.mails()

    ended = told(sync())

    assert ended.code == 0
    assert journal.run(ended.run_id).plan_hash == stopped.plan_hash
    assert (tenant.writes(), tenant.mails()) == (sent, mails)
    assert (journal.unfinished("acme"), journal.run(stopped.run_id).state) == (None, "Interrupted")


@pytest.mark.prove
@pytest.mark.parametrize(
    ("policy", "message"),
    sampled(
        [
            pytest.param({"freeze": ["2000-01-01..2999-12-31"]}, "Changes are frozen", id="freeze"),
            pytest.param({"limits": {"create": {"count": "0"}}}, "create 5 accounts (limit 0)", id="limit"),
        ],
        {"limit"},
    ),
)
def test_limits_and_freezes_of_today_hold_for_it_too(cut_off, sync, told, office, tenant, policy, message):
    cut_off("provision_batch")
    office.spec.update(policy)

    ended = told(sync())

    assert (ended.name, ended.code) == ("Blocked", 5)
    assert message in ended.message
    assert tenant.writes() == []
    office.spec.update({"freeze": [], "limits": {}})
    assert told(sync()).code == 0


@pytest.mark.prove
@pytest.mark.parametrize("gone", sampled(["plan.jsonl", "the folder"], {"the folder"}))
def test_its_plan_comes_from_the_journal(cut_off, sync, told, journal, office, gone):
    import shutil

    cut_off("provision_batch")
    stopped = journal.unfinished("acme")
    folder = office.home / "runs" / stopped.run_id
    shutil.rmtree(folder) if gone == "the folder" else (folder / gone).unlink()

    ended = told(sync())

    assert ended.code == 0
    assert (office.home / "runs" / ended.run_id / "plan.jsonl").read_bytes() == journal.plan_bytes(stopped.plan_hash)


def test_one_that_the_rosters_have_overtaken_is_settled_and_a_new_plan_made(
    cut_off, sync, told, journal, office, staff
):
    cut_off("close_plan")
    stopped = journal.unfinished("acme")
    office.staff(staff[:-1])

    ended = told(sync())

    assert ended.code == 0
    assert journal.run(ended.run_id).plan_hash != stopped.plan_hash
    assert (journal.unfinished("acme"), journal.run(stopped.run_id).state) == (None, "Interrupted")


@pytest.mark.prove
def test_one_that_is_no_longer_admitted_does_not_stand_in_the_way_for_ever(cut_off, sync, told, journal):
    cut_off("provision_batch")
    stopped = journal.unfinished("acme")
    with closing(sqlite3.connect(journal._folder / "journal.db")) as conn:  # as if another had been applied since
        conn.execute("INSERT INTO generations VALUES ('acme', 7)")
        conn.commit()

    ended = told(sync())

    assert ended.code == 0
    assert journal.run(ended.run_id).plan_hash != stopped.plan_hash
    assert journal.unfinished("acme") is None


@pytest.mark.prove
def test_one_whose_plan_cannot_be_read_is_given_up(cut_off, sync, told, journal):
    cut_off("close_plan")
    stopped = journal.unfinished("acme")
    with closing(sqlite3.connect(journal._folder / "journal.db")) as conn:
        altered = (zlib.compress(b'{"kind":"header","format_version":99}\n'), stopped.plan_hash)
        conn.execute("UPDATE plans SET data = ? WHERE plan_hash = ?", altered)
        conn.commit()

    ended = told(sync())

    assert ended.code == 0
    assert (journal.unfinished("acme"), journal.run(stopped.run_id).state) == (None, "Interrupted")
    assert "given up" in [entry["event"] for entry in journal.audit()]


@pytest.mark.prove
def test_one_that_was_for_another_tenant_is_given_up(cut_off, sync, told, journal, office, tenant):
    from datetime import UTC, datetime

    from tasks.journal import Attempt
    from tasks.model.operations import OperationKind

    cut_off("provision_batch")
    stopped = journal.unfinished("acme")
    attempt = Attempt("op", 1, "job", OperationKind.LEAVE_GROUPS, ("c1",), "7002")
    journal.intend(stopped.plan_hash, stopped.run_id, attempt, datetime.now(UTC))
    api = tenant.url.replace("127.0.0.1", "localhost")
    office.spec["targets"][0]["urls"] = {"api": api, "token": f"{api}/oauth/token"}

    ended = told(sync())

    assert ended.code == 0, ended.message
    assert [call.result for call in journal.calls(stopped.plan_hash)] == [CallResult.UNKNOWN]
    assert journal.unfinished("acme") is None


@pytest.mark.prove
def test_apply_sees_to_a_cut_off_sync_first(make_plan, cut_off, sync, apply, told, journal, office, staff, tenant):
    office.staff(staff[:-1])
    planned = make_plan()
    office.staff(staff)
    cut_off("close_plan")
    stopped = journal.unfinished("acme")
    sent = tenant.writes()

    ended = told(apply(planned.run_id))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert tenant.writes() == sent
    assert (journal.unfinished("acme"), journal.run(stopped.run_id).state) == (None, "Interrupted")
    assert told(sync()).code == 0


@pytest.mark.prove
def test_apply_goes_on_with_the_very_plan_that_was_cut_off(cut_off, apply, told, journal):
    cut_off("provision_batch")
    stopped = journal.unfinished("acme")

    ended = told(apply(stopped.run_id))

    assert ended.code == 0
    assert journal.run(ended.run_id).plan_hash == stopped.plan_hash
    assert journal.unfinished("acme") is None


@pytest.fixture
def apply_cut_off(make_plan, apply, killed_before, journal):
    """An apply that was cut off before it sent anything; its record."""
    from flows import provisioning

    planned = make_plan()
    with killed_before(provisioning, "provision_batch"):
        apply(planned.run_id)
    return journal.unfinished("acme")


def test_the_command_of_a_plan_that_cannot_be_gone_on_with_gives_it_up(
    apply_cut_off, make_plan, apply, told, journal, office
):
    office.spec["rules"][0]["when"] = {"department": ["Sales", "Marketing"]}
    step = json.loads(make_plan().folder.path("summary.json").read_text())["run"]["next_steps"][0]
    command = f"rosterflow apply {apply_cut_off.run_id}"
    assert f"Run that command again: {command}, then make a new plan" in step

    ended = told(apply(command.split()[-1]))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert "a table that it looks up in" in ended.message
    assert (journal.unfinished("acme"), journal.run(apply_cut_off.run_id).state) == (None, "Interrupted")
    assert told(apply(make_plan().run_id)).code == 0


@pytest.mark.prove
def test_who_gives_up_a_run_that_had_gone_through_its_plan_sends_nothing_else_by_that(
    make_plan, apply, killed_before, told, journal, office, staff, tenant
):
    from flows import running

    planned = make_plan()
    with killed_before(running, "_report_or_say"):
        apply(planned.run_id)
    stopped, sent = journal.unfinished("acme"), tenant.writes()
    office.staff(staff[:-1])
    newer = make_plan().run_id

    ended = told(apply(newer))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert "What an earlier run had begun is settled now, and this plan was made before that." in ended.message
    assert (tenant.writes(), journal.unfinished("acme")) == (sent, None)
    assert journal.run(stopped.run_id).state == "Interrupted"


@pytest.mark.prove
@pytest.mark.parametrize("command", ["sync", "apply"])
def test_a_signal_before_the_calls_of_another_run_are_looked_up_settles_nothing(
    cut_off, make_plan, sync, apply, told, journal, office, staff, monkeypatch, command
):
    from tasks.provision.steps import STOPPING

    cut_off("close_plan")
    stopped = journal.unfinished("acme")
    with closing(sqlite3.connect(office.home / "journal.db")) as conn:  # as if the last answers had been lost
        conn.execute("UPDATE operations SET result = NULL, concluded_at = NULL")
        conn.execute("DELETE FROM outcomes")
        conn.commit()
    office.staff(staff[:-1])
    planned = make_plan().run_id
    monkeypatch.setattr(STOPPING, "is_set", lambda: True)

    ended = told(sync() if command == "sync" else apply(planned))

    assert (ended.name, ended.code) == ("Partial", 4)
    assert (
        "A signal ended the run before it was looked up what became of every call of an earlier run." in ended.message
    )
    assert journal.in_doubt(stopped.plan_hash) != set()
    monkeypatch.undo()
    assert journal.unfinished("acme").run_id == stopped.run_id


@pytest.mark.prove
def test_a_plan_whose_own_run_settled_what_was_cut_off_does_not_speak_of_another_run(
    apply_cut_off, make_plan, apply, told, journal, office
):
    import shutil

    office.spec["rules"][0]["when"] = {"department": ["Sales", "Marketing"]}
    for run_id in runs_of_its_plan(journal, apply_cut_off):
        shutil.rmtree(office.home / "runs" / run_id)
    newer = make_plan()
    step = json.loads(newer.folder.path("summary.json").read_text())["run"]["next_steps"][0]
    assert f"give it up with 'rosterflow apply {newer.run_id}', then make a new plan" in step

    ended = told(apply(newer.run_id))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert "What an earlier run had begun is settled now, and this plan was made before that." in ended.message
    assert "Another run" not in ended.message
    assert journal.unfinished("acme") is None


# -- what it had done is told ------------------------------------------------------------------------------------


@pytest.fixture
def overtaken(cut_off_after, journal, office, staff):
    """A run that was cut off after its first result, and whose list has changed since; its record."""
    cut_off_after(1)
    office.staff(staff[:-1])
    return journal.unfinished("acme")


def test_what_a_plan_had_done_that_is_given_up_is_told_by_its_own_run_and_by_the_next(
    overtaken, sync, told, journal, office
):
    ended = told(sync())

    own = journal.run(overtaken.run_id)
    summary = json.loads((office.home / "runs" / overtaken.run_id / "summary.json").read_text())
    assert own.summary == summary
    assert (own.state, summary["run"]["state"], summary["run"]["exit_code"]) == ("Interrupted", "cut_off", None)
    done = summary["people"]["done"]["given_access"]
    assert done
    assert summary["mails"]["welcome"] == done
    assert summary["headline"].startswith(f"The run was cut off, and its plan given up. {done} people were given acc")
    assert f"The plan of run {overtaken.run_id} had not been completed, and is given up. By it, {done} people" in (
        ended.message
    )
    assert "perhaps" not in ended.message
    page = (office.home / "runs" / overtaken.run_id / "report.html").read_text()
    assert "Cut off" in page
    assert "bo.lind@acme.example" in page


@pytest.mark.prove
def test_mails_of_all_runs_that_were_cut_off_in_a_plan_are_told_by_the_one_report_of_it(
    cut_off_after, cut_off, sync, told, journal, office, staff, tenant
):
    cut_off_after(1)
    sent = tenant.mails()
    cut_off("provision_batch")
    last = journal.unfinished("acme")
    office.staff(staff[:-1])

    told(sync())

    assert sum(journal.run(last.run_id).summary["mails"].values()) == sum(sent.values()) > 0


@pytest.mark.prove
@pytest.mark.parametrize("has_report", [True, False])
def test_a_run_that_was_killed_with_its_report_written_has_ended_as_that_says(
    sync, told, journal, tenant, office, has_report
):
    ended = told(sync())
    summary, mails = journal.run(ended.run_id).summary, tenant.mails()
    with closing(sqlite3.connect(journal._folder / "journal.db")) as conn:  # as if it had been killed after that
        conn.execute("UPDATE runs SET finished_at = NULL, exit_code = NULL, state = 'running', summary = '{}'")
        conn.commit()
    if not has_report:
        (office.home / "runs" / ended.run_id / "review.xlsx").unlink()  # the last that is written

    again = told(sync())

    first, second = journal.run(ended.run_id), journal.run(again.run_id)
    assert (first.state, first.exit_code) == (("Completed", 0) if has_report else ("Interrupted", None))
    assert first.summary == (summary if has_report else {})
    assert sum(second.summary["mails"].values()) == (0 if has_report else sum(mails.values()))
    assert tenant.mails() == mails


@pytest.mark.prove
@pytest.mark.parametrize("is_given_up", [True, False])
def test_a_run_that_could_not_record_its_end_has_ended_as_its_report_says(
    sync, told, journal, office, staff, tenant, monkeypatch, is_given_up
):
    def locked(*_: object) -> None:
        raise JournalLost("The journal cannot be written: another program has locked it.", remedy="End that program.")

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "finish_run", locked)
        if is_given_up:
            patch.setattr(Journal, "applied", locked)
        ended = told(sync())
    assert (ended.name, ended.code) == ("Journal lost", 1)
    page, sent = office.home / "runs" / ended.run_id / "report.html", tenant.mails()
    before = page.read_bytes()
    if is_given_up:
        office.staff(staff[:-1])

    again = told(sync())

    first, second = journal.run(ended.run_id), journal.run(again.run_id)
    assert (again.code, first.state, first.exit_code) == (0, "Journal lost", 1)
    assert "another program has locked it" in first.summary["run"]["message"]
    assert "cut off" not in second.summary["headline"]
    assert page.read_bytes() == before
    assert sum(first.summary["mails"].values()) == sum(sent.values()) > 0
    assert sum(second.summary["mails"].values()) == sum(tenant.mails().values()) - sum(sent.values())


@pytest.mark.prove
@pytest.mark.parametrize("is_given_up", [True, False])
def test_mails_that_a_report_told_are_not_told_again_where_an_older_copy_of_the_journal_is_put_back(
    sync, told, office, staff, tenant, monkeypatch, is_given_up
):
    write, place, copied = Journal.write, office.home / "journal.db", []

    def copying(self, plan_hash, run_id, entries):
        recorded = write(self, plan_hash, run_id, entries)
        copied.extend(one for one in entries if isinstance(one, Intent))
        if len(copied) >= 3 and not (office.folder / "copy.db").exists():
            with closing(sqlite3.connect(place)) as conn, closing(sqlite3.connect(office.folder / "copy.db")) as copy:
                conn.backup(copy)
        return recorded

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", copying)
        first = told(sync())
    sent = tenant.mails()
    for name in ("journal.db-wal", "journal.db-shm"):
        (office.home / name).unlink(missing_ok=True)
    (office.folder / "copy.db").replace(place)
    if is_given_up:
        office.staff(staff[:-1])

    second = told(sync())

    assert (first.code, second.code) == (0, 0)
    with Journal.open(place) as journal:
        one, other = (journal.run(ended.run_id) for ended in (first, second))
    assert one.state == "Completed"
    assert sum(one.summary["mails"].values()) == sum(sent.values()) > 0
    assert sum(other.summary["mails"].values()) == sum(tenant.mails().values()) - sum(sent.values())


@pytest.mark.prove
def test_mails_of_a_run_that_was_cut_off_are_not_told_by_one_that_fails_as_it_begins(
    cut_off_after, sync, told, journal, tenant, monkeypatch
):
    from tasks.connectors.goto.target import GotoConnector
    from tasks.model.errors import TargetDown

    async def down(_: object) -> None:
        raise TargetDown("It is down.")

    cut_off_after(3)
    with monkeypatch.context() as patch:
        patch.setattr(GotoConnector, "identify", down)
        failed = told(sync())
    ended = told(sync())

    assert (failed.code, ended.code) == (7, 0)
    mails = [sum(journal.run(one.run_id).summary["mails"].values()) for one in (failed, ended)]
    assert mails == [0, sum(tenant.mails().values())]


@pytest.mark.prove
def test_mails_of_calls_that_are_found_made_are_told_though_nothing_more_is_sent(cut_off, sync, told, journal, tenant):
    cut_off("close_plan")
    sent = tenant.mails()
    with closing(sqlite3.connect(journal._folder / "journal.db")) as conn:  # as if all answers had been lost
        conn.execute("UPDATE operations SET result = NULL, concluded_at = NULL")
        conn.execute("DELETE FROM outcomes")
        conn.execute("DELETE FROM links")
        conn.commit()

    ended = told(sync())

    assert tenant.mails() == sent
    assert sum(journal.run(ended.run_id).summary["mails"].values()) == sum(sent.values()) > 0


@pytest.mark.prove
def test_mails_of_calls_that_were_found_made_after_the_report_of_their_run_are_told_by_who_found_them(
    overtaken, sync, told, journal, tenant
):
    sent = sum(tenant.mails().values())
    with closing(sqlite3.connect(journal._folder / "journal.db")) as conn:  # as if the answer had been lost
        conn.execute("UPDATE operations SET result = NULL, concluded_at = NULL")
        conn.execute("DELETE FROM outcomes")
        conn.execute("DELETE FROM links")
        conn.commit()
    journal.finish_run(overtaken.run_id, 7, "Target down", {"mails": {}}, overtaken.started_at)

    ended = told(sync())

    assert journal.run(overtaken.run_id).summary == {"mails": {}}
    assert sum(journal.run(ended.run_id).summary["mails"].values()) == sum(tenant.mails().values()) > sent


@pytest.mark.prove
def test_a_plan_that_was_given_up_is_not_carried_out_any_more(overtaken, sync, apply, told, office, tenant):
    office.spec["limits"] = {"create": {"count": "0"}, "update": {"count": "0"}, "suspend": {"count": "0"}}
    told(sync())
    office.spec["limits"] = {}
    sent = tenant.writes()

    ended = told(apply(overtaken.run_id))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert tenant.writes() == sent


@pytest.mark.prove
def test_its_report_agrees_with_the_tenant(overtaken, sync, told, journal, tenant):
    before = set(tenant.people())
    told(sync())
    outcomes = journal.outcomes(overtaken.plan_hash)
    plan = journal.plan(overtaken.plan_hash)
    made = {
        one.user_name for one in plan.changes if one.action == "create" and outcomes[one.change_id].status == "done"
    }
    assert made
    assert made <= before


def test_the_mails_of_a_plan_that_was_given_up_are_told_once(overtaken, sync, apply, told, journal, tenant):
    sent = sum(tenant.mails().values())
    with closing(sqlite3.connect(journal._folder / "journal.db")) as conn:  # as if the answers had been lost
        conn.execute("UPDATE operations SET result = NULL, concluded_at = NULL")
        conn.execute("DELETE FROM outcomes")
        conn.execute("DELETE FROM links")
        conn.commit()
    told(sync())
    assert sum(journal.run(overtaken.run_id).summary["mails"].values()) == sent > 0

    for _ in range(2):
        again = told(apply(overtaken.run_id))
        assert (again.code, journal.run(again.run_id).summary["mails"]) == (9, {})


def runs_of_its_plan(journal, cut_off):
    """The run that made the plan, and the one that was cut off in applying it."""
    made = [run for run in journal.runs() if run.summary.get("run", {}).get("plan_hash") == cut_off.plan_hash]
    return [*(run.run_id for run in made), cut_off.run_id]


def first_step(planned):
    return json.loads(planned.folder.path("summary.json").read_text())["run"]["next_steps"][0]


TROUBLES = {
    "its plan": ("plan.jsonl", "{}"),
    "what names its pipeline": ("run.json", "{"),
    "where its people stand": ("origins.jsonl", "{"),
    "the name of its pipeline": ("run.json", '{"pipeline": "/nowhere/old.yaml"}'),
    "a pipeline of another name": ("run.json", '{"pipeline": "OTHER"}'),
}


@pytest.mark.prove
@pytest.mark.parametrize("trouble", sampled(list(TROUBLES), {"what names its pipeline"}))
def test_a_command_that_cannot_settle_what_was_cut_off_is_not_advised(
    apply_cut_off, make_plan, apply, told, journal, office, trouble
):
    office.spec["rules"][0]["when"] = {"department": ["Sales", "Marketing"]}
    name, text = TROUBLES[trouble]
    other = office.folder / "other.yaml"
    office.save()
    other.write_text(office.pipeline.read_text().replace("acme", "emca", 1))
    text = text.replace("OTHER", str(other))
    planned, applied = runs_of_its_plan(journal, apply_cut_off)
    (office.home / "runs" / applied / name).write_text(text)
    assert f"See to it with 'rosterflow apply {planned}'" in first_step(make_plan())
    (office.home / "runs" / planned / name).write_text(text)
    newer = make_plan()
    step = first_step(newer)
    assert f"give it up with 'rosterflow apply {newer.run_id}', then make a new plan" in step

    assert told(apply(newer.run_id)).code == 9
    assert journal.unfinished("acme") is None
    assert told(apply(make_plan().run_id)).code == 0


@pytest.mark.prove
@pytest.mark.parametrize("days", [2, -20])
def test_a_plan_that_cannot_be_applied_today_is_not_advised_for_giving_up_what_was_cut_off(
    apply_cut_off, make_plan, journal, office, days
):
    office.spec["rules"][0]["when"] = {"department": ["Sales", "Marketing"]}
    for run_id in runs_of_its_plan(journal, apply_cut_off):
        (office.home / "runs" / run_id / "run.json").write_text("{")

    step = first_step(make_plan(datetime.now(UTC) + timedelta(days=days)))

    assert "give it up by applying a plan for today, then make a new plan" in step


@pytest.mark.prove
def test_a_plan_that_waits_for_its_day_is_not_given_up(make_plan, apply, told, journal, killed_before, monkeypatch):
    from datetime import UTC, datetime, timedelta

    from flows import planned, provisioning

    run = make_plan(as_of=datetime.now(UTC) + timedelta(days=3))
    with monkeypatch.context() as patch:
        patch.setattr(planned, "require_recent", lambda *_: None)  # as on that day
        with killed_before(provisioning, "provision_batch"):
            apply(run.run_id)
    stopped = journal.unfinished("acme")

    ended = told(apply(stopped.run_id))

    assert ended.code == 9
    assert "Apply it on that day" in ended.message
    assert journal.unfinished("acme").run_id == stopped.run_id


def test_a_run_that_was_killed_when_all_was_done_is_not_said_to_have_left_its_plan(
    sync, told, journal, office, staff, killed_before
):
    from flows import running

    with killed_before(running, "write_report"):
        sync()
    stopped = journal.unfinished("acme")
    office.staff(staff[:-1])

    ended = told(sync())

    told_so = (
        f"Run {stopped.run_id} was cut off after it had gone through its plan, before it could report. By its plan,"
    )
    assert told_so in ended.message
    headline = journal.run(stopped.run_id).summary["headline"]
    assert headline.startswith("The run was cut off, before it could report.")
    assert "given up" not in f"{ended.message} {headline}"


def test_a_run_that_was_killed_in_its_last_call_is_not_said_to_have_gone_through_its_plan(
    sync, told, journal, office, staff, killed_before
):
    """The call is found done, but by the run that gives the plan up."""
    from tasks.provision.batch import Batch

    office.staff(staff[:-1])
    assert told(sync()).code == 0
    office.staff(staff)
    with killed_before(Batch, "conclude"):
        sync()
    stopped = journal.unfinished("acme")
    office.staff(staff[:-1])

    ended = told(sync())

    assert f"The plan of run {stopped.run_id} had not been completed, and is given up. By it, 1 person" in ended.message
    assert journal.run(stopped.run_id).summary["headline"].startswith("The run was cut off, and its plan given up.")


def test_a_run_without_a_change_that_was_killed_after_its_report_has_ended_as_that_says(
    sync, told, journal, office, staff, killed_before
):
    assert told(sync()).code == 0
    with killed_before(Journal, "finish_run"):
        sync()
    stopped = journal.unfinished("acme")
    office.staff(staff[:-1])

    assert "was cut off" not in told(sync()).message
    found = journal.run(stopped.run_id)
    assert (found.exit_code, found.state, found.summary["run"]["state"]) == (0, "Completed", "nothing_to_do")


@pytest.mark.prove
def test_a_plan_over_a_limit_says_first_that_another_run_was_cut_off(apply_cut_off, make_plan, office):
    from tasks.model.errors import UnsafePlan

    office.spec["limits"] = {"create": {"count": "0"}}
    with pytest.raises(UnsafePlan):
        make_plan()
    steps = json.loads((office.run_folders()[-1] / "summary.json").read_text(encoding="utf-8"))["run"]["next_steps"]
    assert f"rosterflow apply {apply_cut_off.run_id}, then make a new plan" in steps[0]
    assert "--override" not in " ".join(steps)


@pytest.mark.prove
def test_it_counts_as_cut_off_until_all_is_told(overtaken, sync, told, journal, office, killed_before):

    with killed_before(Journal, "supersede"):
        sync()
    assert journal.unfinished("acme").run_id == overtaken.run_id

    ended = told(sync())

    assert f"The plan of run {overtaken.run_id} had not been completed" in ended.message
    assert journal.run(overtaken.run_id).summary["run"]["state"] == "cut_off"


@pytest.mark.prove
@pytest.mark.parametrize("trouble", ["the folder is gone", "its tables are broken"])
def test_whatever_is_wrong_with_its_folder_the_journal_tells_it(overtaken, sync, told, journal, office, trouble):
    import shutil

    folder = office.home / "runs" / overtaken.run_id
    if trouble == "the folder is gone":
        shutil.rmtree(folder)
    else:
        (folder / "hr.findings.parquet").write_bytes(b"no table")

    assert told(sync()).code == 0

    assert folder.is_dir() == (trouble != "the folder is gone")
    assert journal.run(overtaken.run_id).summary["people"]["done"]["given_access"]


@pytest.mark.prove
def test_of_calls_that_cannot_be_looked_up_any_more_nothing_is_said_to_be_undone(
    cut_off, sync, told, journal, office, tenant
):
    from datetime import UTC, datetime

    from tasks.journal import Attempt
    from tasks.model.operations import OperationKind

    cut_off("provision_batch")
    stopped = journal.unfinished("acme")
    change = journal.plan(stopped.plan_hash).changes[0]
    attempt = Attempt("op", 1, "job", OperationKind.CREATE_ACCOUNTS, (change.change_id,))
    journal.intend(stopped.plan_hash, stopped.run_id, attempt, datetime.now(UTC))
    api = tenant.url.replace("127.0.0.1", "localhost")
    office.spec["targets"][0]["urls"] = {"api": api, "token": f"{api}/oauth/token"}

    ended = told(sync())

    assert "1 of them may have been made all the same" in ended.message
    assert "1 of them may have been made all the same" in journal.run(stopped.run_id).summary["headline"]


@pytest.mark.prove
def test_a_plan_that_cannot_be_read_is_told_by_its_calls(overtaken, sync, told, journal):
    with closing(sqlite3.connect(journal._folder / "journal.db")) as conn:
        altered = (zlib.compress(b'{"kind":"header","format_version":99}\n'), overtaken.plan_hash)
        conn.execute("UPDATE plans SET data = ? WHERE plan_hash = ?", altered)
        conn.commit()

    message = told(sync()).message

    assert re.search(
        rf"The plan of run {overtaken.run_id} .* given up: this version cannot read it\. \d call.* made for it", message
    )


# -- the other half ----------------------------------------------------------------------------------------------


@pytest.mark.prove
@pytest.mark.parametrize("again", ["sync", "apply"])
def test_a_plan_that_is_half_done_is_limited_and_told_by_its_other_half(
    cut_off_after, sync, apply, told, journal, office, tenant, again
):
    cut_off_after(1)
    stopped = journal.unfinished("acme")
    sent, mails = tenant.writes(), len(tenant.mails())
    office.spec["limits"] = {"mail": {"count": "0"}}

    ended = told(sync() if again == "sync" else apply(stopped.run_id))

    plan, outcomes = journal.plan(stopped.plan_hash), journal.outcomes(stopped.plan_hash)
    left = [one for one in plan.changes if one.change_id not in outcomes]
    due = sum(len(one.mail) for one in left)
    assert 0 < due < sum(len(one.mail) for one in plan.changes)
    assert (ended.name, ended.code) == ("Blocked", 5)
    assert f"What is left of the plan, as far as is known, would send up to {due} mails (limit 0)" in ended.message
    summary = journal.run(ended.run_id).summary
    assert sum(summary["mails"].values()) == due
    assert set(summary["mailed"]) == set(summary["mails"])
    assert summary["headline"].startswith("The plan was stopped. What is left of it would ")
    assert "Nothing was sent by this run. A plan was begun by an earlier run" in summary["headline"]
    [limit] = [one for one in summary["limits"] if one["name"] == "mail"]
    assert limit["count"] == due
    assert (tenant.writes(), len(tenant.mails())) == (sent, mails)


@pytest.mark.prove
def test_the_workbook_of_a_run_that_goes_on_has_what_it_had_to_do(cut_off_after, sync, told, journal, office):
    import openpyxl

    cut_off_after(1)
    stopped = journal.unfinished("acme")
    left = len(journal.plan(stopped.plan_hash).changes) - len(journal.outcomes(stopped.plan_hash))

    ended = told(sync())

    book = openpyxl.load_workbook(office.home / "runs" / ended.run_id / "review.xlsx")
    assert book["Changes"].max_row - 1 == left
    assert book["Summary"]["A2"].value.startswith("What is left of this plan would ")
    assert ended.message.startswith("Together with an earlier run of this plan, ")


def test_report_tells_what_was_done_by_the_plan_of_a_run_without_a_report(overtaken, office):
    from typer.testing import CliRunner

    from flows.cli.main import app

    said = CliRunner().invoke(app, ["report", overtaken.run_id])

    assert "has no report of run" in said.output or "has no report of run" in str(said.exception)
    assert "By its plan, " in f"{said.output} {said.exception}"


@pytest.mark.prove
def test_report_says_of_changes_whose_call_is_in_doubt_that_they_may_have_been_made(cut_off, journal, capsys):
    from datetime import UTC, datetime

    from flows.cli.history import report
    from tasks.journal import Attempt
    from tasks.model.errors import BadUsage
    from tasks.model.operations import OperationKind

    cut_off("provision_batch")
    stopped = journal.unfinished("acme")
    change = journal.plan(stopped.plan_hash).changes[0]
    attempt = Attempt("op", 1, "job", OperationKind.CREATE_ACCOUNTS, (change.change_id,))
    journal.intend(stopped.plan_hash, stopped.run_id, attempt, datetime.now(UTC))

    with pytest.raises(BadUsage, match=r"are not completed yet; 1 of them may have been made all the same"):
        report(stopped.run_id)


@pytest.mark.prove
def test_the_mails_of_a_run_that_was_cut_off_are_told_by_the_one_that_goes_on(cut_off, sync, told, journal, tenant):
    cut_off("close_plan")
    sent = sum(tenant.mails().values())
    assert sent

    first = journal.run(told(sync()).run_id)
    again = journal.run(told(sync()).run_id)

    assert sum(first.summary["mails"].values()) == sent
    assert again.summary["mails"] == {}


@pytest.mark.prove
def test_the_report_of_a_run_that_was_cut_off_under_an_override_says_so(cut_off, sync, told, journal, office, staff):
    office.spec["limits"] = {"create": {"count": "0"}}
    plan_hash = journal.run(told(sync()).run_id).summary["run"]["plan_hash"]
    cut_off("close_plan", override=plan_hash)
    stopped = journal.unfinished("acme")
    office.staff(staff[:-1])

    told(sync())

    assert journal.run(stopped.run_id).summary["override"]["decision_id"] == 1
    assert "let pass" in (office.home / "runs" / stopped.run_id / "report.html").read_text()


@pytest.mark.prove
def test_a_call_in_doubt_counts_as_that_though_an_earlier_run_had_left_its_change_undone(cut_off, journal, told):
    from datetime import UTC, datetime

    from flows.cli.history import report
    from tasks.journal import Attempt, Settled
    from tasks.model.errors import BadUsage
    from tasks.model.operations import IN_DOUBT, OperationKind, Outcome, OutcomeStatus
    from tasks.provision import conclude_rest

    cut_off("provision_batch")
    stopped = journal.unfinished("acme")
    plan, now = journal.plan(stopped.plan_hash), datetime.now(UTC)
    change = plan.changes[0].change_id
    undone = Settled(Outcome(change, OutcomeStatus.SKIPPED, "The run was stopped before this was done."))
    journal.conclude(plan.hash, stopped.run_id, now, settled=[undone])
    journal.intend(plan.hash, stopped.run_id, Attempt("op", 1, "job", OperationKind.CREATE_ACCOUNTS, (change,)), now)

    with pytest.raises(BadUsage, match="1 of them may have been made all the same"):
        report(stopped.run_id)
    conclude_rest(plan, journal, "the run that closes the plan", now)
    assert journal.outcomes(plan.hash)[change].reason == IN_DOUBT
