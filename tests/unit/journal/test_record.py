"""The journal: what it keeps, what it refuses, and who may read it."""

import asyncio
import hashlib
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tasks.journal import REREAD, Attempt, CallResult, Journal, LinkChange, RunRecord, Settled
from tasks.journal.schema import bring_up_to_date
from tasks.journal.schema import links as links_table
from tasks.model.errors import BadUsage, RunLocked, StalePlan
from tasks.model.operations import OperationKind, Outcome, OutcomeStatus

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
PLAN = b'{"kind":"header"}\n'
HASH = hashlib.sha256(PLAN).hexdigest()
DONE, FAILED = OutcomeStatus.DONE, OutcomeStatus.FAILED


@pytest.fixture
def journal(tmp_path: Path):
    with Journal.open(tmp_path / "home" / "journal.db") as journal:
        journal.record_plan(HASH, PLAN, "acme", "goto", NOON)
        yield journal


def begin(journal: Journal, run_id: str, *, minutes: int = 0, applying: bool = True) -> None:
    at = NOON + timedelta(minutes=minutes)
    journal.begin_run(RunRecord(run_id, "acme", "sync", at))
    if applying:
        journal.begin_applying(run_id, HASH, at)


def attempt(number: int = 1) -> Attempt:
    return Attempt("op", number, "job", OperationKind.ASSIGN_LICENCE, ("c1",), "7001", {"licence_key": "9001"})


def link(person: str, key: str, **values) -> Settled:
    change = LinkChange("hr", person, {"account_key": key, "user_name": "ada@acme.example", **values}, new=True)
    return Settled(Outcome(f"adopt {person}", DONE), change)


def settle(journal: Journal, run_id: str, change: str) -> None:
    journal.conclude(HASH, run_id, NOON, settled=[Settled(Outcome(change, DONE))])


def test_what_runs_without_a_report_did_is_told_by_the_next_one_that_has_one_and_by_no_other(journal):
    begin(journal, "1 killed")
    settle(journal, "1 killed", "c1")
    begin(journal, "2 stopped", minutes=1)
    settle(journal, "2 stopped", "c2")
    assert journal.settled_untold("2 stopped", HASH) == {"c1"}
    journal.finish_run("2 stopped", 7, "Target down", {"mails": {}}, NOON)
    begin(journal, "3 killed", minutes=2)
    settle(journal, "3 killed", "c3")
    begin(journal, "4 blocked", minutes=3, applying=False)
    journal.finish_run("4 blocked", 5, "Blocked", {"mails": {}}, NOON)
    begin(journal, "5", minutes=4)

    assert journal.settled_untold("5", HASH) == {"c3"}


def test_what_a_run_found_out_that_was_killed_before_it_applied_the_plan_is_nobody_elses(journal):
    begin(journal, "1 killed")
    settle(journal, "1 killed", "c1")
    begin(journal, "2 killed too", minutes=1)
    settle(journal, "2 killed too", "c2")
    begin(journal, "3 gave it up, and was killed", minutes=2, applying=False)
    settle(journal, "3 gave it up, and was killed", "c3")

    assert journal.settled_by_others("2 killed too", HASH) == {"c1"}
    assert journal.settled_untold("2 killed too", HASH) == {"c1", "c3"}


# -- the file ---------------------------------------------------------------------------------------------------


def test_nobody_else_can_read_it(journal, tmp_path):
    files = [path for path in (tmp_path / "home").iterdir() if path.name.startswith("journal.db")]

    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert len(files) == 4  # with the write-ahead log, its index, and the mark that there is a journal


def test_what_is_committed_is_on_the_disk(journal):
    with journal._engine.connect() as conn:
        assert conn.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert conn.execute(text("PRAGMA synchronous")).scalar_one() == 2


def test_it_opens_by_url_as_by_path(journal, tmp_path):
    with Journal.open(f"sqlite:///{tmp_path}/home/journal.db") as same:
        assert same.plan_bytes(HASH) == PLAN


def test_a_newer_journal_is_refused(journal, tmp_path):
    journal.close()
    with closing(sqlite3.connect(tmp_path / "home" / "journal.db")) as conn:
        conn.execute("UPDATE schema_version SET version = 99")
        conn.commit()

    with pytest.raises(BadUsage, match="schema version 99"):
        Journal.open(tmp_path / "home" / "journal.db")


def test_a_file_that_is_no_journal_is_refused(tmp_path):
    (tmp_path / "roster.csv").write_text("Employee No,Surname\n" * 500)

    with pytest.raises(BadUsage, match="cannot be used"):
        Journal.open(tmp_path / "roster.csv")


def test_another_database_is_refused_by_name():
    with pytest.raises(BadUsage, match="SQLite"):
        Journal.open("postgresql://db.test/journal")


def test_an_older_journal_is_led_through_every_version_in_order():
    engine = create_engine("sqlite://")
    steps = {2: ["ALTER TABLE runs ADD COLUMN host TEXT"], 3: ["UPDATE runs SET host = 'here'"]}
    with engine.begin() as conn:
        bring_up_to_date(conn, {}, 1)
        bring_up_to_date(conn, steps, 3)
        bring_up_to_date(conn, steps, 3)

        assert conn.execute(text("SELECT version FROM schema_version")).scalar_one() == 3
        assert conn.execute(text("SELECT host FROM runs")).all() == []
    engine.dispose()


FIRST_LINKS = """
    CREATE TABLE links (
        pipeline TEXT NOT NULL, target TEXT NOT NULL, source TEXT NOT NULL, external_id TEXT NOT NULL,
        account_key TEXT NOT NULL, user_name TEXT, given_name TEXT, family_name TEXT, state TEXT NOT NULL,
        leaving_since TEXT, suspended_on TEXT, licences JSON NOT NULL, group_key TEXT, roles JSON NOT NULL,
        worker_digest TEXT, rules_digest TEXT, PRIMARY KEY (pipeline, target, source, external_id))
"""
"""The links as the first version of the journal had them: without directory groups."""


def test_a_journal_of_the_first_version_opens_with_nobody_in_a_directory_group(journal, tmp_path):
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7001", group_key="5001")])
    journal.close()
    columns = ", ".join(column.name for column in links_table.columns if column.name != "directory_groups")
    with closing(sqlite3.connect(tmp_path / "home" / "journal.db")) as conn:
        conn.execute("ALTER TABLE links RENAME TO newer")
        conn.execute(FIRST_LINKS)
        conn.execute(f"INSERT INTO links ({columns}) SELECT {columns} FROM newer")
        conn.execute("DROP TABLE newer")
        conn.execute("UPDATE schema_version SET version = 1")
        conn.commit()

    with Journal.open(tmp_path / "home" / "journal.db") as led:
        (row,) = led.links("acme", "goto").to_dict("records")
        assert (row["group_key"], row["directory_groups"]) == ("5001", ())
        led.conclude(HASH, "run", NOON, settled=[Settled(None, LinkChange("hr", "1", join=("6001",)))])
        assert led.links("acme", "goto")["directory_groups"].tolist() == [("6001",)]


# -- plans ------------------------------------------------------------------------------------------------------


def test_a_plan_comes_back_byte_for_byte(journal):
    journal.record_plan(HASH, PLAN, "acme", "goto", NOON)

    assert journal.plan_bytes(HASH) == PLAN


def test_a_plan_that_does_not_have_its_hash_is_not_kept(journal):
    with pytest.raises(StalePlan):
        journal.record_plan("0" * 64, PLAN, "acme", "goto", NOON)


def test_an_unknown_plan_is_a_plain_error(journal):
    with pytest.raises(BadUsage, match="no such plan"):
        journal.plan_bytes("0" * 64)


# -- runs -------------------------------------------------------------------------------------------------------


def test_runs_are_listed_newest_first_and_found_by_their_beginning(journal):
    begin(journal, "20260331-120000-aaaaaa")
    begin(journal, "20260331-120100-bbbbbb", minutes=1)

    assert [run.run_id[-6:] for run in journal.runs()] == ["bbbbbb", "aaaaaa"]
    assert journal.find_run("latest").run_id.endswith("bbbbbb")
    assert journal.find_run("20260331-1200").run_id.endswith("aaaaaa")
    with pytest.raises(BadUsage, match="More than one"):
        journal.find_run("2026")
    with pytest.raises(BadUsage, match="no such run"):
        journal.find_run("1999_")


def test_runs_are_in_the_order_of_their_ids_also_where_the_clock_was_set_back(journal):
    begin(journal, "20260331-120000-000000")
    begin(journal, "20260331-120000-000001", minutes=-60)

    assert journal.find_run("latest").run_id == journal.last_run_id() == "20260331-120000-000001"
    assert journal.unfinished("acme").run_id == "20260331-120000-000001"


def test_attempts_of_one_call_are_in_their_order_also_where_the_clock_was_set_back(journal):
    begin(journal, "run")
    journal.intend(HASH, "run", attempt(1), NOON)
    journal.intend(HASH, "run", attempt(2), NOON - timedelta(minutes=60))

    assert [call.attempt.attempt for call in journal.calls(HASH)] == [1, 2]


def test_a_finished_run_tells_how_it_ended(journal):
    begin(journal, "run")
    journal.finish_run("run", 4, "Partial", {"done": 3}, NOON)

    run = journal.run("run")
    assert (run.exit_code, run.state, run.summary, run.finished_at) == (4, "Partial", {"done": 3}, NOON)
    assert journal.unfinished("acme") is None


def test_a_run_that_began_to_apply_and_was_cut_off_is_unfinished(journal):
    begin(journal, "planning", applying=False)
    assert journal.unfinished("acme") is None

    begin(journal, "cut off", minutes=1)
    assert journal.unfinished("acme").run_id == "cut off"
    assert journal.unfinished("other") is None


def test_the_run_that_finishes_a_plan_closes_those_that_were_cut_off_in_it(journal):
    begin(journal, "cut off")
    begin(journal, "second", minutes=1)
    journal.finish_run("second", 0, "Completed", {}, NOON)

    assert journal.unfinished("acme") is None
    assert journal.run("cut off").state == "Interrupted"


def test_a_run_that_ended_in_doubt_about_a_call_is_taken_up_again(journal):
    begin(journal, "in doubt")
    journal.intend(HASH, "in doubt", attempt(), NOON)
    journal.finish_run("in doubt", 7, "Target down", {}, NOON)
    assert journal.unfinished("acme").run_id == "in doubt"

    journal.conclude(HASH, "in doubt", NOON, attempt=attempt(), result=CallResult.DONE)
    assert journal.unfinished("acme") is None
    assert journal.run("in doubt").state == "Target down"


def test_closing_a_run_that_was_cut_off_closes_the_others_that_were_cut_off_in_its_plan(journal):
    begin(journal, "cut off")
    begin(journal, "cut off too", minutes=1)
    journal.supersede("cut off too", "third", NOON)

    assert journal.unfinished("acme") is None
    assert [run.state for run in journal.runs()] == ["Interrupted", "Interrupted"]


def test_a_plan_that_is_given_up_is_closed_with_its_calls_and_moves_the_generation(journal):
    begin(journal, "first, in doubt")
    journal.intend(HASH, "first, in doubt", attempt(), NOON)
    journal.finish_run("first, in doubt", 7, "Target down", {}, NOON)
    begin(journal, "later, cut off", minutes=1)

    journal.give_up("later, cut off", "third", NOON)

    assert journal.unfinished("acme") is None
    assert [(run.run_id, run.state) for run in journal.runs()] == [
        ("later, cut off", "Interrupted"), ("first, in doubt", "Target down"),
    ]  # fmt: skip
    assert [call.result for call in journal.calls(HASH)] == [CallResult.UNKNOWN]
    assert (journal.generation("acme"), journal.generation_after(HASH)) == (1, None)
    assert journal.audit()[-1]["event"] == "given up"


def test_giving_up_a_plan_that_sent_nothing_moves_no_generation(journal):
    begin(journal, "cut off")
    journal.give_up("cut off", "second", NOON)

    assert (journal.unfinished("acme"), journal.generation("acme")) == (None, 0)


def test_runs_can_be_asked_for_by_command(journal):
    begin(journal, "sync")
    journal.begin_run(RunRecord("plan", "acme", "plan", NOON))

    assert [run.run_id for run in journal.runs(commands=["plan"])] == ["plan"]
    assert len(journal.runs(limit=None)) == 2


def test_the_audit_trail_tells_the_story_of_a_run(journal):
    begin(journal, "cut off")
    begin(journal, "second", minutes=1)
    journal.decide(HASH, "override", "it-admin", {"limit": "suspend"}, NOON)
    journal.finish_run("second", 0, "Completed", {}, NOON)

    events = [entry["event"] for entry in journal.audit()]
    assert events == [
        "run started", "applying", "run started", "applying", "decided", "run finished", "run interrupted",
    ]  # fmt: skip


def test_a_decision_is_used_up_by_one_run(journal):
    number = journal.decide(HASH, "override", "it-admin", {"limit": "suspend"}, NOON)

    assert journal.spend(number, "first")
    assert journal.spend(number, "first")
    assert not journal.spend(number, "second")
    assert not journal.spend(number + 1, "second")
    assert [decision.spent_by for decision in journal.decisions(HASH)] == ["first"]


# -- operations, outcomes, links --------------------------------------------------------------------------------


def test_an_intent_without_a_result_is_open(journal):
    begin(journal, "run")
    journal.intend(HASH, "run", attempt(), NOON)

    (call,) = journal.calls(HASH)
    assert (call.attempt, call.result, call.is_open) == (attempt(), None, True)
    assert journal.sent("run") == 1


@pytest.mark.parametrize("run_id", ["another plan's", "planning", "none"])
def test_a_call_of_a_plan_that_its_run_does_not_apply_is_not_made(journal, run_id):
    other = b'{"kind":"other"}\n'
    journal.record_plan(hashlib.sha256(other).hexdigest(), other, "acme", "goto", NOON)
    begin(journal, "planning", applying=False)
    journal.begin_run(RunRecord("another plan's", "acme", "sync", NOON))
    journal.begin_applying("another plan's", hashlib.sha256(other).hexdigest(), NOON)

    with pytest.raises(StalePlan, match="not the one that this run applies"):
        journal.intend(HASH, run_id, attempt(), NOON)
    assert journal.calls(HASH) == []


def test_a_result_its_outcomes_and_its_links_are_one_transaction(journal):
    begin(journal, "run")
    journal.intend(HASH, "run", attempt(), NOON)
    broken = LinkChange("hr", "1", {"no such column": "x", "account_key": "7001"}, new=True)

    with pytest.raises(Exception, match="no such column"):
        journal.conclude(
            HASH, "run", NOON, attempt=attempt(), result=CallResult.DONE,
            settled=[Settled(Outcome("c1", DONE), broken)],
        )  # fmt: skip

    assert journal.calls(HASH)[0].is_open
    assert journal.outcomes(HASH) == {}


def test_calls_that_never_reached_the_target_do_not_count_as_sent(journal):
    begin(journal, "run")
    for number, result in enumerate([CallResult.DONE, CallResult.NOT_SENT, CallResult.UNCERTAIN], start=1):
        journal.intend(HASH, "run", attempt(number), NOON)
        journal.conclude(HASH, "run", NOON, attempt=attempt(number), result=result)

    assert journal.sent("run") == 2


def test_a_call_that_was_looked_up_and_not_found_done_may_have_been_made_all_the_same(journal):
    begin(journal, "run")
    journal.intend(HASH, "run", attempt(), NOON)
    assert (journal.sent("run"), journal.made(run_id="run")) == (1, (0, 1))
    journal.conclude(HASH, "run", NOON, attempt=attempt(), result=CallResult.NOT_SENT, reply=REREAD)

    assert (journal.sent("run"), journal.made(run_id="run")) == (1, (0, 1))


def test_a_call_that_is_never_to_be_looked_up_may_have_been_made(journal):
    begin(journal, "run")
    journal.intend(HASH, "run", attempt(), NOON)
    journal.conclude(HASH, "run", NOON, attempt=attempt(), result=CallResult.UNKNOWN)

    assert (journal.sent("run"), journal.made(run_id="run")) == (1, (0, 1))


def test_calls_can_be_asked_for_by_job(journal):
    begin(journal, "run")
    journal.intend(HASH, "run", attempt(), NOON)

    assert len(journal.calls(HASH, ["job"])) == 1
    assert journal.calls(HASH, ["other"]) == []


def test_an_outcome_is_replaced_by_a_later_one(journal):
    refused = Outcome("c1", FAILED, "The target refused it.", "user.not.found", "0f0f", "7001")
    journal.conclude(HASH, "run", NOON, settled=[Settled(refused)])
    assert journal.outcomes(HASH) == {"c1": refused}

    journal.conclude(HASH, "run", NOON, settled=[Settled(Outcome("c1", DONE))])
    assert journal.outcomes(HASH)["c1"].status == DONE


def test_links_gather_what_we_gave(journal):
    given = [
        link("1", "7001"),
        Settled(None, LinkChange("hr", "1", {"group_key": "5001"}, give=("9002", "9001"))),
        Settled(None, LinkChange("hr", "1", take=("9002",))),
        Settled(None, LinkChange("hr", "nobody", give=("9001",))),
    ]
    journal.conclude(HASH, "run", NOON, settled=given)

    (row,) = journal.links("acme", "goto").to_dict("records")
    assert (row["external_id"], row["account_key"], row["state"]) == ("1", "7001", "active")
    assert (row["licences"], row["roles"], row["group_key"]) == (("9001",), (), "5001")
    assert row["leaving_since"] != row["leaving_since"]  # missing
    assert journal.linked_account("acme", "goto", "hr", "1") == "7001"
    assert journal.links("other", "goto").empty


def directory_groups(journal: Journal, *changes: LinkChange) -> tuple[str, ...]:
    journal.conclude(HASH, "run", NOON, settled=[Settled(None, change) for change in changes])
    (row,) = journal.links("acme", "goto").to_dict("records")
    return row["directory_groups"]


def test_links_gather_the_directory_groups_that_we_put_somebody_in(journal):
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7001")])
    first, second = (LinkChange("hr", "1", join=(key,)) for key in ("6002", "6001"))

    assert directory_groups(journal, first, second) == ("6001", "6002")
    assert directory_groups(journal, LinkChange("hr", "1", leave=("6002", "6009"))) == ("6001",)


def test_a_suspension_forgets_the_licences_and_not_the_directory_groups(journal):
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7001")])
    directory_groups(journal, LinkChange("hr", "1", give=("9001",), join=("6001",)))

    assert directory_groups(journal, LinkChange("hr", "1", {"state": "suspended"}, clear=True)) == ("6001",)
    (row,) = journal.links("acme", "goto").to_dict("records")
    assert row["licences"] == ()


def test_nobody_is_in_a_directory_group_with_an_account_that_was_deleted_or_made_anew(journal):
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7001")])
    directory_groups(journal, LinkChange("hr", "1", join=("6001",)))
    assert directory_groups(journal, LinkChange("hr", "1", {"state": "deleted"}, clear=True)) == ()

    directory_groups(journal, LinkChange("hr", "1", {"state": "active"}, join=("6001",)))
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7002")])
    assert directory_groups(journal) == ()


def test_a_second_claim_to_an_account_is_held_also_from_another_pipeline(journal):
    other = b'{"kind":"other"}\n'
    other_hash = hashlib.sha256(other).hexdigest()
    journal.record_plan(other_hash, other, "other", "goto", NOON)
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7001")])

    (ours,) = journal.conclude(HASH, "run", NOON, settled=[link("2", "7001")])
    (theirs,) = journal.conclude(other_hash, "run", NOON, settled=[link("1", "7001")])

    assert [ours.status, theirs.status] == [FAILED, FAILED]
    assert ours.reason == "The account is looked after already, for another person or by another pipeline."
    assert len(journal.links("acme", "goto")) == 1
    assert journal.links("other", "goto").empty


def test_the_key_of_a_deleted_account_can_be_linked_again(journal):
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7001", state="deleted"), link("2", "7001")])

    assert journal.linked_account("acme", "goto", "hr", "1") is None
    assert journal.linked_account("acme", "goto", "hr", "2") == "7001"


def test_accounts_that_other_pipelines_have_linked_are_known_but_not_deleted_ones(journal):
    journal.conclude(HASH, "run", NOON, settled=[link("1", "7001"), link("2", "7002", state="deleted")])

    assert journal.linked_elsewhere("other", "goto") == {"7001"}
    assert journal.linked_elsewhere("acme", "goto") == frozenset()
    assert journal.linked_elsewhere("other", "another tenant") == frozenset()


def test_a_time_without_a_zone_is_refused(journal):
    with pytest.raises(Exception, match="needs its zone"):
        journal.begin_run(RunRecord("run", "acme", "sync", datetime(2026, 3, 31)))  # noqa: DTZ001


# -- the lock ---------------------------------------------------------------------------------------------------


def test_a_second_run_is_told_since_when_and_by_which_process_it_is_locked_out(journal):
    with journal.lock("acme", NOON), pytest.raises(RunLocked) as caught, journal.lock("acme", NOON):
        pass

    assert caught.value.exit_code == 8
    assert "2026-03-31T12:00:00+00:00 (process " in str(caught.value)


def test_other_pipelines_are_not_locked_and_a_lock_is_freed_at_its_end(journal):
    with journal.lock("acme", NOON), journal.lock("other", NOON):
        pass
    with journal.lock("acme", NOON):
        pass


HOLD = """
import sys
from datetime import UTC, datetime
from tasks.journal import Journal
with Journal.open(sys.argv[1]) as journal, journal.lock("acme", datetime(2026, 1, 1, tzinfo=UTC)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_killed_process_frees_its_lock(journal, tmp_path):
    command = [sys.executable, "-c", HOLD, str(tmp_path / "home" / "journal.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(RunLocked, match=f"process {process.pid}"), journal.lock("acme", NOON):
            pass
        process.kill()

    with journal.lock("acme", NOON):
        pass


def test_two_writers_wait_for_each_other(journal, tmp_path):
    async def write_together() -> None:
        with Journal.open(tmp_path / "home" / "journal.db") as second:

            def settle(one: Journal, start: int) -> None:
                for number in range(start, start + 20):
                    one.conclude(HASH, "run", NOON, settled=[Settled(Outcome(f"c{number}", DONE))])

            await asyncio.gather(asyncio.to_thread(settle, journal, 0), asyncio.to_thread(settle, second, 100))

    asyncio.run(write_together())

    assert len(journal.outcomes(HASH)) == 40
