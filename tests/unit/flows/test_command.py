"""The command around the flows: what it says before it sends, and how a signal ends it."""

import json
import shutil
import signal
import threading
import traceback
from datetime import UTC, datetime
from typing import Any

import pytest
import stamina
from typer.testing import CliRunner

from tasks.journal import Journal, RunRecord
from tasks.model.errors import FaultyCheck


@pytest.fixture
def run():
    from flows.cli.main import app

    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def flow(monkeypatch) -> list[dict[str, Any]]:
    """The parameters that flows were asked for with."""
    from flows.cli import prefect_run

    asked: list[dict[str, Any]] = []
    monkeypatch.setattr(prefect_run, "run_flow", lambda name, **parameters: asked.append({"flow": name, **parameters}))
    return asked


def test_apply_says_which_plan_it_applies(run, flow, make_plan, office):
    made = make_plan()

    said = run("apply", "latest", "--json")

    assert f"Plan {made.plan.hash[:12]} of run {made.run_id}, for {office.pipeline}" in said.stderr
    assert said.stdout == ""
    [asked] = flow
    assert (asked["plan"], asked["override"]) == (made.run_id, None)


def test_a_plan_in_a_folder_elsewhere_is_not_said_to_be_of_a_run_of_its_name(run, flow, make_plan, office):
    made, copy = make_plan(), office.folder / "review"
    shutil.copytree(made.folder.root, copy)

    for place in (copy, copy / "plan.jsonl"):
        said = run("apply", str(place))
        assert f"Plan {made.plan.hash[:12]} in {copy}, for {office.pipeline}" in said.stderr.replace("\n", "")
    assert [asked["plan"] for asked in flow] == [str(copy)] * 2


def test_the_reason_of_an_override_stays_in_the_journal(run, flow, make_plan, journal):
    made = make_plan()

    run("apply", made.run_id, "--override", "Ada Byron has left")

    [decision] = journal.decisions(made.plan.hash)
    [asked] = flow
    assert (asked["override"], decision.facts["reason"]) == (decision.decision_id, "Ada Byron has left")
    assert "Ada" not in json.dumps(asked)


def test_a_plan_that_is_none_is_refused_before_anything_is_started(run, flow, office):
    said = run("apply", "latest")
    assert (said.exit_code, flow) == (2, [])
    assert "No run of 'plan' is in the journal of" in said.stderr
    assert "Nothing was sent." in said.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_command_that_sends_nothing_with_4(run, office, journal, monkeypatch, number):
    from flows import planning

    def signalled(*_):  # in this thread: another one of the process would let this one go on for a moment
        signal.pthread_kill(threading.get_ident(), number)

    monkeypatch.setattr(planning, "judge", signalled)
    before = signal.getsignal(signal.SIGTERM)
    # What is started in the background of a script is started with SIGINT ignored, these tests too.
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)

    try:
        said = run("check", office.save())
    finally:
        signal.signal(signal.SIGINT, interrupt)

    assert said.exit_code == 4
    assert "A signal ended the command. Nothing was sent." in said.stderr
    assert "Traceback" not in said.output
    [recorded] = journal.runs()
    assert (recorded.state, recorded.exit_code) == ("Partial", 4)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_fault_is_told_by_its_kind_and_place(run, office, monkeypatch):
    from flows import planning

    monkeypatch.setattr(planning, "judge", lambda *_: {}["Ada Byron"])

    said = run("check", office.save())

    assert said.exit_code == 1
    assert "An unexpected error (KeyError at flows/planning.py:" in said.stderr
    assert "Ada" not in said.output


@pytest.mark.prove
@pytest.mark.parametrize("debugging", [False, True])
def test_a_built_in_check_that_cannot_be_run_ends_with_1_and_its_traceback_is_for_those_who_debug(
    run, office, monkeypatch, debugging
):
    from tasks.validate import engine

    if debugging:
        monkeypatch.setenv("ROSTERFLOW_DEBUG", "1")
    (office.home / "cache").unlink()  # where it is known what the checks find, they are not run
    monkeypatch.setattr(engine, "_raised", lambda info: engine._InsideGX("KeyError: 'a cell'"))
    said = run("check", office.save())
    assert said.exit_code == 1
    assert "could not be run (KeyError). Nothing was sent. This is a fault of Rosterflow" in " ".join(
        said.stderr.split()
    )
    assert "a cell" not in said.stderr
    assert isinstance(said.exception, FaultyCheck if debugging else SystemExit)
    assert ("a cell" in "".join(traceback.format_exception(said.exception))) is debugging


def test_other_errors_of_prefect_stay_unexpected(run, office, monkeypatch):
    from flows.cli import prefect_run

    def sync(**_: Any) -> None:
        raise RuntimeError("something else")

    monkeypatch.setattr(prefect_run, "_load", lambda _: sync)
    said = run("sync", office.save())
    assert said.exit_code == 1
    assert "An unexpected error (RuntimeError" in said.stderr


@pytest.mark.parametrize("command", ["doctor", "plan"])
def test_retries_are_no_news(run, office, unused_url, caplog, command):
    del office.spec["targets"][0]["requests_per_second"]
    office.spec["targets"][0]["urls"] = {"api": unused_url, "token": f"{unused_url}/oauth/token"}
    with stamina.set_testing(True, attempts=2):
        said = run(command, office.save())
    assert said.exit_code == 7
    assert not [record for record in caplog.records if record.name == "stamina"]
    assert unused_url.removeprefix("http://") in said.output
    assert "rosterflow sandbox" in said.output


@pytest.mark.prove
def test_a_plan_says_for_whom_there_is_no_seat(run, office, tenant, declared):
    tenant.reset({**declared, "licences": [{**licence, "seats": 1} for licence in declared["licences"]]})
    said = run("plan", office.save())
    assert said.exit_code == 3
    assert "No seat of GoTo Meeting (G2M) is left for " in said.stdout
    assert "no account: they would hold no product." in said.stdout
    assert "review.xlsx, under 'Not in the plan'" in said.stdout
    assert "go without a seat" in said.stdout


def test_the_list_of_runs_says_why_one_was_stopped(run, office, sync, journal):
    office.spec["limits"] = {"create": {"count": "0"}}
    sync()
    said = run("runs").stdout
    assert " 5 Blocked " in said
    assert "The plan would create" in said
    assert json.loads(run("runs", "--json").stdout)[0]["reason"].startswith("The plan would create")


def test_a_run_takes_one_line_of_the_list_however_long_its_reason_is(run, office):
    path = office.save()
    office.pipeline.write_text(office.pipeline.read_text(encoding="utf-8") + "# please confirm\n", encoding="utf-8")
    assert run("plan", path).exit_code == 2
    [line] = run("runs").stdout.splitlines()
    assert "waits to be confirmed" in line


@pytest.mark.prove
def test_the_list_of_runs_says_what_is_known_of_one_without_a_report(run, office, cut_off):
    cut_off()
    assert (
        "At work, or cut off: before a sync or apply of its pipeline carries out a plan, it goes on with this one's, "
        "or gives it up." in run("runs").stdout
    )


@pytest.mark.prove
def test_a_page_in_the_folder_of_a_run_without_a_report_is_named_and_not_said_to_be_its_own(
    run, office, cut_off, journal
):
    cut_off()
    page = office.home / "runs" / journal.unfinished("acme").run_id / "report.html"
    page.write_text("made by whoever")

    said = run("report", "latest")

    assert (
        said.exit_code,
        f"There is a page in its folder all the same: {page}." in said.stderr.replace("\n", ""),
    ) == (
        2,
        True,
    )


def test_a_run_that_was_cut_off_before_it_applied_is_gone_on_with_by_nobody(run, office):
    at = datetime(2026, 3, 31, tzinfo=UTC)
    with Journal.open(office.home / "journal.db") as journal:
        journal.begin_run(RunRecord("20260331-020005-000001", "acme", "plan", at))
    assert "At work, or cut off before anything was sent." in run("runs").stdout


def test_a_setting_that_cannot_be_used_is_named_and_its_value_is_not(run, monkeypatch):
    monkeypatch.setenv("ROSTERFLOW_SETTLE_S", "s3cret")
    said = run("runs")
    assert said.exit_code == 2
    assert "ROSTERFLOW_SETTLE_S" in said.stderr
    assert "s3cret" not in said.stderr


@pytest.mark.parametrize("words", [("apply", "x" * 5000), ("report", "\udcff\udcfe"), ("apply", "\udcff\udcfe")])
def test_a_name_that_no_run_can_have_is_no_run(run, office, words):
    said = run(*words)
    assert said.exit_code == 2
    assert "The journal has no such run." in said.stderr


def test_more_runs_than_there_can_be_are_not_asked_for(run, office):
    assert run("runs", "-n", "9" * 30).exit_code == 2


def test_a_journal_in_memory_is_none(run, office, monkeypatch):
    monkeypatch.setenv("ROSTERFLOW_JOURNAL_URL", "sqlite:///:memory:")
    said = run("runs")
    assert said.exit_code == 2
    assert "keeps its journal in an SQLite file" in said.stderr


def test_a_report_is_told_by_the_journal_where_its_folder_is_gone(run, office, sync, told):
    ended = told(sync())
    shutil.rmtree(office.home / "runs" / ended.run_id)
    said = run("report", ended.run_id)
    assert said.exit_code == 0
    assert "were given access" in said.stdout
    assert "The folder of the run is not there, nor is its page" in said.stderr


@pytest.mark.parametrize("words", [["runs"], ["report", "latest"], ["check", "{pipeline}"]])
def test_a_command_that_sends_nothing_says_of_a_journal_that_fails_no_more_than_that(run, office, monkeypatch, words):
    from tasks.journal import Journal
    from tasks.journal.failures import Reason, lost

    def fail(*_, **__):
        raise lost(office.home / "journal.db", Reason.FULL)

    for name in ("runs", "find_run", "begin_run"):
        monkeypatch.setattr(Journal, name, fail)
    said = run(*(word.format(pipeline=office.save()) for word in words))
    assert said.exit_code == 1
    assert "its disk is full" in said.stderr
    assert "not known" not in said.stderr
    assert "looks up" not in said.stderr


COMMANDS = (
    ("runs",),
    ("runs", "--json"),
    ("report", "latest"),
    ("apply", "latest"),
    ("accept", "latest", "--by", "Ada", "--reason", "why"),
)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_what_only_reads_makes_no_home_where_there_is_none(run, office, words):
    shutil.rmtree(office.home)
    said = run(*words)
    assert said.exit_code == 2
    assert "put it back first" in " ".join(said.stderr.split())
    assert not office.home.exists()
