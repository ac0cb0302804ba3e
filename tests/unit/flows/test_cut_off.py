"""What becomes of an application that was cut off: gone on with, settled, or given up; never forgotten."""

import sqlite3
import zlib
from contextlib import closing

import pytest

from tasks.journal import CallResult
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


def test_apply_goes_on_with_the_very_plan_that_was_cut_off(cut_off, apply, told, journal):
    cut_off("provision_batch")
    stopped = journal.unfinished("acme")

    ended = told(apply(stopped.run_id))

    assert ended.code == 0
    assert journal.run(ended.run_id).plan_hash == stopped.plan_hash
    assert journal.unfinished("acme") is None
