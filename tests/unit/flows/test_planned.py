"""Which plan a name means, and what is refused as one."""

import shutil
import sqlite3
import threading
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from flows.planned import planned_run
from tasks.model.errors import BadUsage, RejectedSource, StalePlan


def test_a_run_its_folder_and_its_plan_mean_the_same(make_plan, office):
    run = make_plan()

    found = [planned_run(name) for name in (run.run_id, run.run_id[:15], str(run.folder.root))]
    found.append(planned_run(str(run.folder.path("plan.jsonl"))))

    assert {(one.run_id, one.plan_hash, one.name) for one in found} == {(run.run_id, run.plan.hash, run.run_id)}
    assert found[0].pipeline == str(office.pipeline)


@pytest.mark.prove
def test_a_folder_that_was_moved_is_named_by_its_path(make_plan, tmp_path):
    run = make_plan()
    shutil.copytree(run.folder.root, tmp_path / "sent by mail")

    assert planned_run(str(tmp_path / "sent by mail")).name == str(tmp_path / "sent by mail")


@pytest.mark.prove
def test_an_edited_copy_is_not_taken_for_the_plan_beside_it(make_plan):
    run = make_plan()
    copy = run.folder.path("plan-mine.jsonl")
    copy.write_bytes(run.folder.path("plan.jsonl").read_bytes())

    with pytest.raises(BadUsage, match=r"plan-mine\.jsonl is not a plan that can be applied: only plan\.jsonl is"):
        planned_run(str(copy))


def test_latest_is_the_last_plan_whatever_was_run_since(make_plan, office):
    from flows import planning

    run = make_plan()
    planning.check(office.pipeline)

    assert planned_run("latest").run_id == run.run_id


@pytest.mark.prove
def test_latest_may_be_a_sync_that_was_blocked_but_none_that_was_sent(make_plan, sync, office, told):
    planned = make_plan()
    office.spec["limits"] = {"create": {"count": "0"}}
    blocked = told(sync())
    assert (blocked.name, planned_run("latest").run_id) == ("Blocked", blocked.run_id)

    office.spec["limits"] = {}
    assert told(sync()).code == 0
    newer = make_plan()
    assert newer.run_id > blocked.run_id > planned.run_id
    assert planned_run("latest").run_id == newer.run_id


def test_latest_is_no_older_plan_where_the_last_one_has_lost_its_folder(make_plan, office):
    make_plan()
    last = make_plan()
    shutil.rmtree(last.folder.root)

    with pytest.raises(BadUsage, match=f"The folder of run {last.run_id} is not in"):
        planned_run("latest")


@pytest.mark.prove
def test_a_plan_beside_which_its_pipeline_is_not_named_is_not_said_to_be_missing(make_plan):
    run = make_plan()
    run.folder.path("run.json").unlink()

    with pytest.raises(BadUsage, match=r"run\.json is not there, which names the pipeline file"):
        planned_run(run.run_id)


@pytest.mark.prove
def test_the_report_of_a_plan_says_that_it_was_begun_since(make_plan, apply, told, rosterflow):
    run = make_plan()
    assert "begun since" not in rosterflow("report", run.run_id).text

    ended = told(apply(run.run_id))

    assert f"Its plan was begun since, by run {ended.run_id}:" in rosterflow("report", run.run_id).text


def test_latest_is_no_older_plan_where_the_last_list_was_refused(make_plan, office):
    make_plan()
    office.staff([])
    with pytest.raises(RejectedSource):
        make_plan()

    with pytest.raises(BadUsage, match=r"The last run of 'plan', .*, has no plan in its folder"):
        planned_run("latest")


def test_latest_is_no_older_plan_where_the_journal_was_put_back_from_before_the_last(make_plan, office):
    first, place, copy = make_plan(), office.home / "journal.db", office.folder / "copy.db"
    with closing(sqlite3.connect(place)) as conn, closing(sqlite3.connect(copy)) as kept:
        conn.backup(kept)
    second = make_plan()
    for end in ("-wal", "-shm"):
        Path(f"{place}{end}").unlink(missing_ok=True)
    copy.replace(place)

    with pytest.raises(BadUsage, match=f"does not know run {second.run_id}, which left a plan"):
        planned_run("latest")
    assert planned_run(first.run_id).run_id == first.run_id


def test_without_a_plan_there_is_no_latest(office):
    with pytest.raises(BadUsage, match=r"No run of 'plan' is in the journal of .*\. Make one with"):
        planned_run("latest")


@pytest.mark.parametrize(("days", "message"), [(-8, "8 days ago"), (1, "is yet to come")])
def test_a_plan_of_another_time_is_not_applied(make_plan, apply, tenant, told, days, message):
    day = datetime.now(ZoneInfo("UTC")) + timedelta(days=days)
    run = make_plan(as_of=day.replace(tzinfo=None))

    ended = told(apply(run.run_id))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert message in ended.message
    assert tenant.writes() == []


@pytest.mark.prove
def test_a_plan_of_last_week_is_applied(make_plan, apply, told):
    run = make_plan(as_of=datetime.now(ZoneInfo("UTC")).replace(tzinfo=None) - timedelta(days=7))

    assert told(apply(run.run_id)).code == 0


@pytest.mark.prove
def test_what_is_applied_is_what_was_recorded_whatever_becomes_of_the_file(make_plan, apply, told, tenant, monkeypatch):
    from flows import application

    run = make_plan()
    path = run.folder.path("plan.jsonl")
    recorded = path.read_bytes()
    look = planned_run(run.run_id)
    monkeypatch.setattr(application, "planned_run", lambda name: look)
    path.write_bytes(recorded.replace(b"9002", b"9001"))

    ended = told(apply(run.run_id))

    assert ended.code == 0
    assert (run.folder.root.parent / ended.run_id / "plan.jsonl").read_bytes() == recorded
    assert tenant.people()["finn.rask@acme.example"]["licenseKeys"] == ["9002"]


@pytest.mark.prove
def test_a_plan_for_another_target_is_not_applied(make_plan, apply, told, office, tenant):
    run = make_plan()
    office.spec["targets"][0]["urls"] = {"api": "http://localhost:1", "token": "http://localhost:1/oauth/token"}

    ended = told(apply(run.run_id))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert "made for another target" in ended.message


@pytest.mark.prove
def test_a_plan_in_the_making_is_stale_once_another_run_was_applied(make_plan, sync, office, journal, monkeypatch):
    from flows import planning

    read = planning.read_target

    async def overtaken(target, folder, due):
        accounts = await read(target, folder)
        monkeypatch.setattr(planning, "read_target", read)
        other = threading.Thread(target=sync)
        other.start()
        other.join()
        return accounts

    monkeypatch.setattr(planning, "read_target", overtaken)
    with pytest.raises(StalePlan, match="Another run was applied while the plan was made"):
        make_plan()
    [stale] = journal.runs(commands=["plan"])
    assert (stale.state, stale.exit_code) == ("Stale plan", 9)
    assert not (office.home / "runs" / stale.run_id / "plan.jsonl").exists()


@pytest.mark.prove
def test_a_plan_is_overtaken_by_a_sync_of_a_newer_list_also_if_that_had_nothing_to_change(
    make_plan, sync, apply, office, staff, tenant, told
):
    assert told(sync()).code == 0
    office.staff(staff[:-1])
    of_a_broken_list = make_plan()
    assert of_a_broken_list.summary["changes"]["total"]
    office.staff([*staff[1:], staff[0]])  # the same people in another file
    newer = told(sync())
    assert (newer.code, "Nothing needed to be changed" in newer.message) == (0, True)
    sent = tenant.writes()

    ended = told(apply(of_a_broken_list.run_id))

    assert (ended.name, ended.code) == ("Stale plan", 9)
    assert "another run has carried one out, if only its list" in ended.message
    assert tenant.writes() == sent


@pytest.mark.prove
def test_a_plan_is_overtaken_too_by_a_sync_of_the_list_that_was_accepted_before_it(
    make_plan, sync, apply, office, staff, tenant, told
):
    assert told(sync()).code == 0
    office.staff(staff[:-1])
    of_a_broken_list = make_plan()
    office.staff(staff)  # put back, byte for byte
    assert told(sync()).code == 0
    sent = tenant.writes()

    assert told(apply(of_a_broken_list.run_id)).name == "Stale plan"
    assert tenant.writes() == sent


@pytest.mark.prove
def test_a_plan_without_changes_may_be_applied_whatever_was_done_since(make_plan, sync, apply, told):
    assert told(sync()).code == 0
    planned = make_plan()
    assert told(sync()).code == 0

    assert told(apply(planned.run_id)).code == 0


@pytest.mark.prove
def test_a_plan_with_nothing_left_to_do_does_not_bring_its_old_list_back(
    make_plan, sync, apply, office, staff, told, journal
):
    first = make_plan()
    assert told(apply(first.run_id)).code == 0
    office.staff([*staff[1:], staff[0]])
    newer = told(sync())

    assert told(apply(first.run_id)).code == 0

    assert journal.accepted_file("acme", "hr")[0].run_id == newer.run_id


@pytest.mark.prove
def test_a_plan_that_is_done_and_overtaken_does_not_turn_back_the_clocks_of_grace(
    make_plan, sync, apply, office, staff, told, journal
):
    def clocks():
        links = journal.links("acme", tenant_name).dropna(subset=["leaving_since"])
        return set(links["external_id"])

    office.spec["lifecycle"] = {"grace": "5d"}
    first = told(sync())
    assert first.code == 0
    tenant_name = journal.plan(journal.run(first.run_id).plan_hash).header.target
    office.staff([*staff[:1], *staff[2:]])
    without_bo = make_plan()
    assert told(apply(without_bo.run_id)).code == 0
    assert clocks() == {"00102"}
    office.staff(staff)
    assert told(sync()).code == 0
    assert clocks() == set()

    ended = told(apply(without_bo.run_id))

    assert ended.code == 0
    assert clocks() == set()
