"""Tables that are broken in the folder of a plan: it is carried out all the same, and the report says what it lacks."""

import json
import shutil
from pathlib import Path

import pytest

from flows.cli.outcome import tell
from tests.support.effort import sampled

TABLES = ["hr.clean.parquet", "hr.findings.parquet", "hr.held.parquet"]


def empty(path: Path) -> None:
    path.write_bytes(b"")


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def summary_of(office, run_id: str) -> dict:
    return json.loads((office.home / "runs" / run_id / "summary.json").read_text())


CASES = [pytest.param(name, break_, id=f"{name} {break_.__name__}") for name in TABLES for break_ in (empty, a_folder)]


@pytest.mark.parametrize(("name", "break_"), sampled(CASES, {"hr.clean.parquet empty", "hr.findings.parquet a_folder"}))
def test_a_plan_with_a_broken_table_is_carried_out_and_the_report_names_it(
    make_plan, apply, told, office, journal, tenant, name, break_, capsys
):
    planned = make_plan()
    break_(planned.folder.path(name))

    ended = told(apply(planned.run_id))

    assert (ended.name, ended.code) == ("Completed", 0)
    assert journal.sent(ended.run_id) == len(tenant.writes()) > 0
    assert f"{name} in the folder of run {planned.run_id} cannot be read, so the report lacks" in ended.message
    assert ended.message.count("cannot be read") == 1
    page = (office.home / "runs" / ended.run_id / "report.html").read_text()
    assert "cannot be read, so the report lacks" in page
    assert "bo.lind@acme.example" in page
    summary = summary_of(office, ended.run_id)
    assert [source["warned"] for source in summary["sources"]] == [None]
    tell(summary, office.home, json=False)
    assert "with a warning" not in capsys.readouterr().out
    assert (office.home / "runs" / ended.run_id / "review.xlsx").is_file()

    again = told(apply(planned.run_id))
    assert (again.name, again.code) == ("Completed", 0)
    assert journal.sent(again.run_id) == 0


ELSE = ["hr.whole.json", "hr.profile.json", "target.accounts.parquet", "hr.raw.parquet"]


@pytest.mark.prove
@pytest.mark.parametrize("name", sampled(ELSE, {"hr.whole.json"}))
@pytest.mark.parametrize("break_", [empty, Path.unlink], ids=["empty", "gone"])
def test_what_else_is_broken_there_does_not_stop_it(make_plan, apply, told, office, name, break_):
    planned = make_plan()
    break_(planned.folder.path(name))

    ended = told(apply(planned.run_id))

    assert (ended.name, ended.code) == ("Completed", 0)
    assert (office.home / "runs" / ended.run_id / "report.html").is_file()
    assert (name in ended.message) == (name == "hr.whole.json")


@pytest.mark.prove
def test_a_plan_that_is_stopped_before_it_is_sent_has_its_report_too(make_plan, apply, told, office, tenant):
    planned = make_plan()
    empty(planned.folder.path("hr.clean.parquet"))
    office.spec["limits"] = {"create": {"count": "0"}}

    ended = told(apply(planned.run_id))

    assert (ended.name, ended.code, tenant.writes()) == ("Blocked", 5, [])
    assert "hr.clean.parquet in the folder of run" in summary_of(office, ended.run_id)["headline"]


@pytest.mark.prove
def test_a_sync_that_goes_on_does_not_put_broken_tables_over_its_own(cut_off, sync, told, office, journal):
    cut_off("provision_batch")
    folder = office.home / "runs" / journal.unfinished("acme").run_id
    for pattern in ("*.parquet", "*.json"):
        for path in folder.glob(pattern):
            empty(path)

    ended = told(sync())

    assert (ended.name, ended.code) == ("Completed", 0)
    assert "cannot be read" not in ended.message
    page = (office.home / "runs" / ended.run_id / "report.html").read_text()
    assert "Bo Lind" in page


@pytest.mark.prove
@pytest.mark.parametrize("lost", sampled(["folder", "origins.jsonl"], {"folder"}))
def test_a_sync_that_goes_on_says_what_was_lost_of_the_run_before(cut_off, sync, told, office, journal, lost):
    cut_off("provision_batch")
    stopped = journal.unfinished("acme").run_id
    folder = office.home / "runs" / stopped
    if lost == "folder":
        shutil.rmtree(folder)
    else:
        (folder / lost).unlink()

    ended = told(sync())

    assert (ended.name, ended.code) == ("Completed", 0)
    said = f"origins.jsonl in the folder of run {stopped} cannot be read, so the report lacks what it tells."
    assert said in ended.message


@pytest.mark.prove
def test_a_plan_whose_tables_were_lost_says_so(make_plan, apply, told, office):
    planned = make_plan()
    planned.folder.path("hr.findings.parquet").unlink()

    ended = told(apply(planned.run_id))

    assert (ended.name, ended.code) == ("Completed", 0)
    assert f"hr.findings.parquet in the folder of run {planned.run_id} cannot be read" in ended.message


@pytest.mark.prove
def test_the_report_of_a_run_that_was_cut_off_is_written_without_its_broken_tables(
    cut_off_after, sync, told, office, staff, journal
):
    cut_off_after(1)
    stopped = journal.unfinished("acme").run_id
    folder = office.home / "runs" / stopped
    for name in ("hr.clean.parquet", "origins.jsonl"):
        empty(folder / name)
    office.staff(staff[:-1])

    ended = told(sync())

    assert ended.code == 0
    assert f"hr.clean.parquet in the folder of run {stopped} cannot be read" in summary_of(office, stopped)["headline"]
    assert (folder / "report.html").is_file()
    assert journal.run(stopped).summary == summary_of(office, stopped)
