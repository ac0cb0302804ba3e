"""Folder, journal or home of a run taken away while it sends: it ends in order, and what it says of itself is true."""

import json
import re
import shutil
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.model.errors import RosterflowError, TargetDown
from tasks.model.sent import NOTHING_SENT, SENT_UNKNOWN
from tests.support.effort import sampled


def take_away(what: str, office: Any) -> None:
    """Do what a clean-up script does, or somebody by mistake."""
    if what == "journal":
        for path in office.home.glob("journal.db*"):
            path.unlink()
    else:
        shutil.rmtree(office.home / "runs" if what == "folder" else office.home)


def require_true(message: str, writes: Sequence[str]) -> None:
    """Hold what is said of the calls that were made against what the tenant saw."""
    said = re.search(r"(\d+) calls? had been made before", message)
    assert (NOTHING_SENT in message) + (said is not None) + (SENT_UNKNOWN in message) == 1
    assert NOTHING_SENT not in message or not writes
    assert said is None or int(said[1]) == len(writes)


@pytest.fixture
def when(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Let something happen in the middle of an application: at a share of its changes."""
    from tasks.provision.steps import PROGRESS

    tokens = []

    def arrange(share: float, happens: Callable[[], None]) -> None:
        due = [happens]

        def watch(done: int, total: int) -> None:
            if due and done >= share * total:
                due.pop()()

        tokens.append(PROGRESS.set(watch))

    yield arrange
    for token in tokens:
        PROGRESS.reset(token)


# What is lost in the middle -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", sampled([0, 1], {"0"}))
def test_a_run_without_its_folder_sends_what_it_has_to_and_says_that_there_is_no_report(
    sync, told, office, journal, tenant, when, share
):
    when(share, lambda: take_away("folder", office))

    ended = told(sync())

    calls = len(tenant.writes())
    assert calls == journal.sent(ended.run_id) > 0
    run = journal.run(ended.run_id)
    assert (ended.name, ended.code) == (run.state, run.exit_code) == ("Folder lost", 1)
    assert "so there is no report" in ended.message
    assert f"{calls} calls had been made before; all of them are recorded." in ended.message
    assert {one.status for one in journal.outcomes(run.plan_hash).values()} <= {"done", "already", "recorded"}
    assert not (office.home / "runs").exists()


LOST = [pytest.param(what, share, id=f"{what} at {share}") for what in ("journal", "home") for share in (0, 0.5, 1)]


@pytest.mark.parametrize(("what", "share"), sampled(LOST, {"home at 0", "journal at 0.5"}))
def test_a_run_without_its_journal_says_what_its_process_has_counted(sync, told, office, tenant, when, what, share):
    when(share, lambda: take_away(what, office))

    ended = told(sync())

    assert (ended.name, ended.code) == ("Journal lost", 1)
    writes = tenant.writes()
    require_true(ended.message, writes)
    assert (NOTHING_SENT in ended.message) == (writes == [])
    assert ("as this process counted; the journal may not tell" in ended.message) == (writes != [])
    assert (share == 0) == (writes == [])  # what comes first sends nothing


@pytest.mark.prove
def test_after_the_folder_was_lost_the_same_command_finds_that_all_is_done(sync, told, office, tenant, when):
    when(0, lambda: take_away("folder", office))
    sync()
    writes = tenant.writes()

    ended = told(sync())

    assert ended.code == 0
    assert tenant.writes() == writes
    assert "nothing was sent" in ended.message


@pytest.mark.prove
def test_a_plan_that_is_deleted_from_the_folder_is_reported_from_the_journal(sync, told, office, tenant, journal, when):
    when(0, lambda: [path.unlink() for path in (office.home / "runs").glob("*/plan.jsonl")])

    ended = told(sync())

    assert ended.code == 0
    summary = journal.run(ended.run_id).summary
    assert summary["changes"]["total"] > 0
    assert "given access" in ended.message
    assert not re.search("nothing was sent", ended.message, re.IGNORECASE)
    assert len(tenant.writes()) > 0


@pytest.mark.parametrize("step", ["merge", "read_target"])
def test_a_folder_that_is_lost_before_anything_is_sent_is_told_as_that(step, sync, told, office, tenant, monkeypatch):
    """What comes next cannot be read, or what was found cannot be written."""
    from flows import nightly

    take_it = getattr(nightly, step)

    def lose(*parameters: Any) -> Any:
        take_away("folder", office)
        return take_it(*parameters)

    monkeypatch.setattr(nightly, step, lose)
    ended = told(sync())
    assert (ended.name, ended.code, tenant.writes()) == ("Folder lost", 1, [])
    assert NOTHING_SENT in ended.message


@pytest.mark.prove
def test_a_report_that_said_otherwise_is_written_again_when_the_end_cannot_be_recorded(
    sync, told, office, journal, tenant, monkeypatch
):
    from tasks.journal import Journal

    def fail(*_: Any, **__: Any) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Journal, "finish_run", fail)
    ended = told(sync())
    assert (ended.name, ended.code) == ("Journal lost", 1)
    require_true(ended.message, tenant.writes())
    page = (office.home / "runs" / ended.run_id / "report.html").read_text(encoding="utf-8")
    assert "exit code 1" in page
    assert journal.run(ended.run_id).finished_at is None


def test_the_report_of_a_run_whose_journal_failed_does_not_call_undone_what_it_does_not_know(
    sync, told, office, rosterflow, monkeypatch
):
    from tasks.journal import Conclusion, Journal
    from tasks.model.errors import JournalLost

    write = Journal.write
    full = JournalLost("Its disk is full.", remedy="Make room.", reason="full")

    def no_room(self: Any, plan_hash: str, run_id: str, entries: Any) -> Any:
        if any(isinstance(entry, Conclusion) and entry.attempt is not None for entry in entries):
            raise full
        return write(self, plan_hash, run_id, entries)

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "write", no_room)
        ended = told(sync())

    assert (ended.name, ended.code) == ("Journal lost", 1)
    summary = json.loads((office.home / "runs" / ended.run_id / "summary.json").read_text(encoding="utf-8"))
    assert "of them may have been made all the same, in whole or in part." in summary["headline"]
    said = rosterflow("report", ended.run_id)
    assert "of them may have been made all the same, in whole or in part." in f"{said.text} {said.talk}"


@pytest.mark.prove
def test_the_list_of_runs_says_what_is_recorded_of_one_that_lost_its_folder(sync, office, tenant, when, rosterflow):
    when(0, lambda: take_away("folder", office))
    sync()
    line = f"taken away while it was at work. {len(tenant.writes())} calls of it are recorded."
    assert line in rosterflow("runs").text
    said = rosterflow("report", "latest")
    assert (said.code, NOTHING_SENT in said.talk) == (2, False)
    assert f"{len(tenant.writes())} calls of it are recorded." in said.talk


# The command --------------------------------------------------------------------------------------------------------


@pytest.fixture
def command(sync: Any, office: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[[], Any]:
    """``rosterflow sync``, its flow run without a server."""
    from flows.cli import prefect_run
    from flows.cli.main import app

    monkeypatch.setattr(prefect_run, "_load", lambda _: lambda **_: sync())
    monkeypatch.setattr(prefect_run, "_keep_server_apart", lambda _: None)
    return lambda: CliRunner().invoke(app, ["sync", office.save()])


@pytest.fixture
def within(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], None]], None]:
    """Let something happen when the calls of a batch have been made."""
    from flows import provisioning

    provision = provisioning.provision_batch

    def arrange(happens: Callable[[], None]) -> None:
        def then(*parameters: Any) -> Any:
            provision(*parameters)
            happens()
            return True, 0

        monkeypatch.setattr(provisioning, "provision_batch", then)

    return arrange


@pytest.mark.prove
@pytest.mark.parametrize("what", sampled(["folder", "journal", "home"], {"journal"}))
def test_the_command_ends_as_its_run_did(command, office, tenant, within, what):
    within(lambda: take_away(what, office))
    said = command()
    assert said.exit_code == 1
    assert said.stderr.count("Stopped.") == 1
    assert len(tenant.writes()) > 0
    require_true(" ".join(said.stderr.split()), tenant.writes())


@pytest.mark.prove
def test_a_fault_in_the_middle_is_told_with_what_was_sent(command, tenant, within):
    within(lambda: {}["nobody"])
    said = command()
    assert said.exit_code == 1
    talk = " ".join(said.stderr.split())
    assert f"{len(tenant.writes())} calls had been made before; all of them are recorded. The same command" in talk
    require_true(talk, tenant.writes())


@pytest.mark.prove
def test_a_fault_is_told_truly_if_the_journal_is_lost_with_it(command, office, tenant, within):
    def strike() -> None:
        take_away("home", office)
        raise ZeroDivisionError

    within(strike)
    said = command()
    assert said.exit_code == 1
    require_true(" ".join(said.stderr.split()), tenant.writes())
    assert "goes on from there" not in said.stderr
    assert not office.home.exists()


def test_a_signal_in_the_middle_is_told_with_what_was_sent(command, tenant, within):
    def interrupt() -> None:
        raise KeyboardInterrupt

    within(interrupt)
    said = command()
    assert said.exit_code == 4
    require_true(" ".join(said.stderr.split()), tenant.writes())


@pytest.mark.prove
def test_what_a_run_that_was_cut_off_had_sent_is_told_beside_what_this_one_sent(
    cut_off, sync, told, office, tenant, staff
):
    cut_off("close_plan")
    calls = len(tenant.writes())
    office.spec["limits"] = {"create": {"count": "0"}}
    office.staff((*staff, ("00107", "gus.palm", "Gus", "Palm", "Legal", "Active")))

    ended = told(sync())

    assert (ended.name, len(tenant.writes())) == ("Blocked", calls)
    before = f"Nothing was sent by this run. A plan was begun by an earlier run: {calls} calls had been made for it."
    assert before in ended.message


# Every error, everywhere ---------------------------------------------------------------------------------------------


def _kinds(kind: type[RosterflowError] = RosterflowError) -> list[type[RosterflowError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in _kinds(child))]


PHASES = {
    "before the lock": ("flows.running", "load_pipeline"),
    "ingest": ("flows.nightly", "ingest"),
    "plan": ("flows.nightly", "compute_plan"),
    "limits": ("flows.nightly", "check_limits"),
    "begin": ("flows.provisioning", "begin_applying"),
    "apply": ("flows.provisioning", "provision_batch"),
    "close": ("flows.provisioning", "close_plan"),
    "report": ("flows.running", "write_report"),
}


@pytest.fixture
def strike(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let a phase of a run fail, when its work is done."""
    from importlib import import_module

    def arrange(phase: str, kind: type[Exception]) -> None:
        place, name = PHASES[phase]
        module = import_module(place)
        work = getattr(module, name)

        def fail(*parameters: Any, **options: Any) -> Any:
            work(*parameters, **options)
            raise kind("Something happened.")

        monkeypatch.setattr(module, name, fail)

    return arrange


def require_agreement(ended: Any, journal: Any, writes: Sequence[str]) -> None:
    require_true(ended.message, writes)
    if ended.run_id is not None:
        run = journal.run(ended.run_id)
        assert (run.state, run.exit_code) == (ended.name, ended.code)
        assert not run.summary or run.summary["run"]["message"] == ended.message
        headline = run.summary.get("headline", "")
        assert not writes or not re.search("nothing was (sent|changed)", headline, re.IGNORECASE)
        assert journal.sent(run.run_id) == len(writes)


@pytest.mark.parametrize("phase", ["before the lock", "limits", "apply"])
def test_what_an_error_says_of_what_was_sent_is_true_in_every_phase(sync, told, journal, tenant, strike, phase):
    strike(phase, TargetDown)
    require_agreement(told(sync()), journal, tenant.writes())


@pytest.mark.prove
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("kind", _kinds())
def test_what_any_error_says_of_what_was_sent_is_true_in_every_phase(sync, told, journal, tenant, strike, phase, kind):
    strike(phase, kind)
    require_agreement(told(sync()), journal, tenant.writes())
