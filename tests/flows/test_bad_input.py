"""Whatever is wrong with what it is given, the command says so, says that nothing was sent and what to do, and ends
with the exit code of its kind. Never a traceback, never a name."""

import io
import json
import re
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import stamina

from tests.support.effort import sampled

PERSONAL = ("byrne", "lind", "ward", "orme", "holt", "rask", "breakglass", "acme.example")
"""Parts of the names and addresses of everybody in the roster and the tenant."""


@pytest.fixture
def run(office, rosterflow) -> Callable[..., Any]:
    """Run the command with the pipeline file as it stands, and hold what it says against the rules for messages."""

    def run(*words: str | Path) -> Any:
        office.save()
        said = rosterflow(*words)
        assert_decent(said.out + said.err)
        return said

    return run


def assert_decent(text: str) -> None:
    assert "Traceback" not in text
    assert not [word for word in PERSONAL if word in text.lower()]


def refused(said: Any, code: int, *parts: str) -> None:
    """Hold a refusal to its form: its exit code, what happened, that nothing was sent, what to do."""
    assert said.code == code, said.err
    assert "Stopped." in said.talk
    assert "Nothing was sent." in said.talk
    for part in parts:
        assert part in said.talk


def workbook(path: Path, rows: list[tuple[str, ...]], sheet: str = "Staff") -> None:
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    book.create_sheet("Notes")
    book.save(path)


def row_of(number: str, name: str, department: str = "Support", state: str = "Active") -> tuple[str, ...]:
    return (number, name, name.title(), "Vale", department, state)


# The command line ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [("plan",), ("plan", "--nope", "acme.yaml"), ("nope",), ("runs", "-n", "0"), ("apply", "latest", "--override")],
    ids=["no pipeline", "an unknown option", "an unknown command", "a number out of range", "an option without value"],
)
def test_a_command_line_that_is_none_ends_with_2(run, words) -> None:
    said = run(*words)
    assert said.code == 2
    assert "unexpected" not in said.err


def test_a_day_that_is_none_ends_with_2(run, office) -> None:
    refused(run("plan", office.pipeline, "--as-of", "31.03.2026"), 2, "is not a day", "Write it as 2026-")


@pytest.mark.prove
def test_applying_what_is_not_there_ends_with_2(office, apply) -> None:
    ended = apply(office, "no-such-run")
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Bad usage", 2)
    assert "Nothing was sent." in ended.message


@pytest.mark.prove
def test_applying_a_run_that_made_no_plan_ends_with_2(run, office, apply, tenant) -> None:
    assert run("check", office.pipeline).code == 0
    ended = apply(office, office.run_folders()[-1].name)
    assert ended.code == 2
    assert "There is no plan in" in ended.message
    assert "rosterflow plan" in ended.message
    assert tenant.writes() == []


# The pipeline file --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["check", "plan"])
def test_a_missing_pipeline_file_ends_with_2_and_names_those_that_are_there(run, office, command) -> None:
    refused(run(command, office.folder / "acne.yaml"), 2, "There is no file", "Did you mean acme.yaml?")
    assert office.run_folders() == []


def test_sync_of_a_missing_pipeline_file_ends_with_2(office, sync) -> None:
    office.folder = office.folder / "gone"
    office.spec = {}
    ended = sync(office)
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Bad pipeline", 2)
    assert ended.folder is None
    assert "Nothing was sent." in ended.message


def test_a_pipeline_file_that_is_no_yaml_ends_with_2_and_names_the_line(run, office) -> None:
    office.spec = {}
    office.pipeline.write_text("version: 1\nname: acme\nsources: [\n  - name\n", encoding="utf-8")
    refused(run("check", office.pipeline), 2, "has 1 error", "acme.yaml:4")


def test_an_unknown_key_ends_with_2_and_suggests_the_right_one(run, office) -> None:
    office.spec["limit"] = {"suspend": {"count": "5"}}
    refused(run("check", office.pipeline), 2, "acme.yaml:", "limit", "did you mean 'limits'?")


def test_a_variable_that_is_not_set_ends_with_2_and_is_named(run, office, monkeypatch) -> None:
    monkeypatch.delenv("STAFF_CSV", raising=False)
    office.spec["sources"][0]["path"] = "${STAFF_CSV}"
    refused(run("check", office.pipeline), 2, "the environment variable STAFF_CSV is not set")


def test_a_secret_that_is_not_set_ends_with_2_and_is_named(run, office, monkeypatch, tenant) -> None:
    for name, value in {"GOTO_ID": "sandbox-client", "GOTO_SECRET": "sandbox-secret"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("GOTO_PAT", raising=False)
    secrets = {"client_id": "${GOTO_ID}", "client_secret": "${GOTO_SECRET}", "pat": "${GOTO_PAT}"}
    office.spec["targets"][0]["auth"] = secrets
    said = run("plan", office.pipeline)
    refused(said, 2, "no value for GOTO_PAT", "Set GOTO_PAT")
    assert "sandbox-secret" not in said.out + said.err


# The roster ---------------------------------------------------------------------------------------------------------


def test_a_missing_roster_ends_with_6(run, office) -> None:
    (office.folder / "staff.csv").unlink()
    refused(run("check", office.pipeline), 6, "staff.csv")


@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04 a workbook that was cut off", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<< >>\nendobj\n"],
    ids=["cut off", "a PDF"],
)
def test_a_workbook_that_is_none_ends_with_6(run, office, content) -> None:
    (office.folder / "staff.xlsx").write_bytes(content)
    office.spec["sources"][0]["path"] = "staff.xlsx"
    refused(run("check", office.pipeline), 6, "staff.xlsx")


def test_a_wrong_sheet_ends_with_6_and_names_those_that_exist(run, office) -> None:
    workbook(office.folder / "staff.xlsx", [("Employee No",), ("00101",)])
    office.spec["sources"][0] |= {"path": "staff.xlsx", "sheet": "Staf"}
    refused(run("check", office.pipeline), 6, "'Staf'", "Staff", "Notes")


def test_a_wrong_column_ends_with_6_and_names_those_that_exist(run, office) -> None:
    office.spec["sources"][0]["columns"]["department"] = "Departmant"
    refused(run("check", office.pipeline), 6, "Departmant", "Department", "Surname")


def test_an_empty_file_ends_with_6(run, office) -> None:
    (office.folder / "staff.csv").write_bytes(b"")
    refused(run("check", office.pipeline), 6, "staff.csv")


def test_headings_without_rows_end_with_6(run, office) -> None:
    office.staff([])
    refused(run("check", office.pipeline), 6, "staff.csv", "nobody below them")


def test_a_blanked_id_column_ends_with_6_and_nobody_is_taken_for_a_leaver(office, sync, tenant) -> None:
    assert sync(office).code == 0
    sent = tenant.writes()
    office.staff([("", f"person.{at}", f"Person{at}", "Vale", "Support", "Active") for at in range(6)])
    ended = sync(office)
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Source refused", 6)
    assert "Employee No" in ended.message
    assert "Nothing was sent." in ended.message
    assert_decent(ended.message)
    assert tenant.writes() == sent


HEADER = "Employee No,Account,First name,Surname,Department,State\n"
LINE = "00101,ada.byrne,Ada,Byrne,Support,Active\n"
CLAIM = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
    '<dimension ref="A1:BDWGN1048576"/><sheetData/></worksheet>'
)


def whole_workbook() -> bytes:
    buffer = io.BytesIO()
    openpyxl.Workbook().save(buffer)
    return buffer.getvalue()


def wide_workbook() -> bytes:
    """Return a workbook that claims a million columns."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole_workbook())) as old, zipfile.ZipFile(buffer, "w") as new:
        for name in old.namelist():
            new.writestr(name, CLAIM if name.endswith("sheet1.xml") else old.read(name))
    return buffer.getvalue()


def locked_workbook() -> bytes:
    from msoffcrypto.format.ooxml import OOXMLFile

    locked = io.BytesIO()
    OOXMLFile(io.BytesIO(whole_workbook())).encrypt("hunter2", locked)
    return locked.getvalue()


def zip_bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("staff.csv", bytes(120 << 20))
    return buffer.getvalue()


BAD: dict[str, tuple[str, bytes | Callable[[], bytes], str]] = {
    "zero bytes": ("staff.csv", b"", "is empty: it has no bytes at all"),
    "header only": ("staff.csv", HEADER.encode(), "has headings and nobody below them"),
    "truncated xlsx": ("staff.xlsx", lambda: whole_workbook()[:2000], "it is damaged"),
    "zip bomb": ("staff.zip", zip_bomb, "would unpack to 120 MiB"),
    "a million columns": ("staff.xlsx", wide_workbook, "has cells far outside of its table"),
    "encrypted without password": ("staff.xlsx", locked_workbook, "has a password"),
    "a PDF called .xlsx": ("staff.xlsx", b"%PDF-1.7\n", "it looks like a PDF"),
    "an HTML table called .xls": ("staff.xls", b"<html><table><tr><td>Account", "it looks like a web page"),
    "a MySQL dump": ("staff.csv", b"-- MySQL dump 10.13\nCREATE TABLE `staff` (", "it looks like a dump of a database"),
    "binary": ("staff.csv", bytes(range(256)) * 20, "it looks like a binary file"),
    "ragged rows": ("staff.csv", (HEADER + LINE + "00102,ben\n").encode(), "has 1 rows of another length"),
    "quotes never closed": ("staff.csv", (HEADER + '00101,"ada.byrne\n' + LINE).encode(), "is badly quoted"),
    "NUL bytes": ("staff.csv", (HEADER + LINE.replace("Ada", "A\0da")).encode(), "it has zero bytes in it"),
    "a cell of 32 kB": ("staff.csv", (HEADER + LINE.replace("Support", "x" * 32_768)).encode(), "has cells of 32000"),
    "a formula for a name": ("staff.csv", (HEADER + LINE.replace("Ada", "=1+1")).encode(), "has formulas, as text"),
}


TRIED = {"header only", "zip bomb", "encrypted without password", "ragged rows", "a formula for a name"}


@pytest.mark.parametrize("kind", sampled(BAD, TRIED))
def test_a_list_that_is_none_ends_with_6_and_leads_to_no_plan_and_no_operation(run, office, tenant, kind) -> None:
    name, content, words = BAD[kind]
    (office.folder / name).write_bytes(content if isinstance(content, bytes) else content())
    office.spec["sources"][0]["path"] = name
    refused(run("plan", office.pipeline), 6, name, words)
    nothing_came_of_it(office, tenant)


def test_a_list_that_changes_while_it_is_read_ends_with_6_and_leads_to_no_operation(
    run, office, tenant, monkeypatch
) -> None:
    from tasks.ingest import fetching

    bounded = fetching._bounded

    def growing(source: Any, path: Path) -> bytes:
        data: bytes = bounded(source, path)
        path.write_bytes(data + LINE.encode())
        return data

    monkeypatch.setattr(fetching, "_bounded", growing)
    refused(run("plan", office.pipeline), 6, "staff.csv", "changed while it was read, twice")
    nothing_came_of_it(office, tenant)


def nothing_came_of_it(office: Any, tenant: Any) -> None:
    assert not list(office.home.rglob("plan.jsonl"))
    with closing(sqlite3.connect(office.home / "journal.db")) as journal:
        assert journal.execute("SELECT count(*) FROM operations").fetchone() == (0,)
    assert tenant.writes() == []


# Rows that are held -------------------------------------------------------------------------------------------------


def held_rows(office: Any) -> list[tuple[Any, ...]]:
    """Return what the last run's rejects.xlsx says: row, column, code and remedy of each held row."""
    sheet = openpyxl.load_workbook(office.run_folders()[-1] / "rejects.xlsx")["Rejects"]
    heading, *rows = sheet.iter_rows(values_only=True)
    places = [heading.index(name) for name in ("Row", "Problem column", "Code", "What to do")]
    return [tuple(row[place] for place in places) for row in rows]


def test_an_id_that_different_people_share_holds_them_all(run, office) -> None:
    office.staff([*_staff(3), row_of("00200", "gil"), row_of("00200", "hal")])
    said = run("check", office.pipeline)
    assert said.code == 0
    assert "5 rows" in said.text
    assert "2 held" in said.text
    assert [(row, code) for row, _, code, _ in held_rows(office)] == [(5, "id_shared"), (6, "id_shared")]


def test_strict_makes_held_rows_an_exit_code(run, office) -> None:
    office.staff([*_staff(3), row_of("00200", "gil"), row_of("00200", "hal")])
    assert run("check", "--strict", office.pipeline).code == 4
    office.staff(_staff(3))
    assert run("check", "--strict", office.pipeline).code == 0


def test_an_address_that_is_none_holds_its_row_and_says_what_to_do(run, office) -> None:
    office.staff([*_staff(3), row_of("00200", "gil@vale")])
    assert run("check", office.pipeline).code == 0
    [(row, column, code, remedy)] = held_rows(office)
    assert (row, column, code) == (5, "Account", "user_name_invalid")
    assert remedy.startswith("Correct the address")


def _staff(count: int) -> list[tuple[str, ...]]:
    return [row_of(f"001{at:02d}", f"person{at}") for at in range(1, count + 1)]


# The target ---------------------------------------------------------------------------------------------------------


def test_a_product_that_the_tenant_does_not_have_ends_with_2_and_names_those_it_has(run, office, tenant) -> None:
    office.spec["rules"][0]["grant"]["products"] = ["G2T"]
    refused(run("plan", office.pipeline), 2, "'hosts' gives G2T", "The tenant offers G2M, G2W.")
    assert tenant.writes() == []


@pytest.mark.prove
def test_people_for_whom_there_is_no_seat_are_named_in_the_report_and_not_created(
    office, sync, tenant, declared
) -> None:
    webinar, meeting = declared["licences"]
    tenant.reset({**declared, "licences": [webinar, {**meeting, "seats": 3}]})  # one of the three is taken
    ended = sync(office)
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Partial", 4)
    assert ended.summary["withheld"]["by_reason"]["no_seat"] == 2
    without = {"eve.holt@acme.example", "finn.rask@acme.example"}
    assert tenant.people().keys() & without == set()
    assert tenant.people().keys() >= {"cleo.ward@acme.example", "dag.orme@acme.example"}
    page = (ended.folder / "report.html").read_text(encoding="utf-8")
    withheld = page[page.index('<section id="withheld"') :]
    assert all(address in withheld for address in without)


def test_a_target_that_cannot_be_reached_ends_with_7(run, office, unused_url) -> None:
    office.spec["targets"][0]["urls"] = {"api": unused_url, "token": f"{unused_url}/oauth/token"}
    with stamina.set_testing(True, attempts=2):
        refused(run("plan", office.pipeline), 7, "cannot be reached", "rosterflow sandbox")


def test_a_wrong_token_ends_with_7_and_stays_unsaid(run, office, monkeypatch) -> None:
    for name, value in {"ID": "sandbox-client", "SECRET": "sandbox-secret", "PAT": "a-wrong-token"}.items():
        monkeypatch.setenv(f"GOTO_{name}", value)
    secrets = {"client_id": "${GOTO_ID}", "client_secret": "${GOTO_SECRET}", "pat": "${GOTO_PAT}"}
    office.spec["targets"][0]["auth"] = secrets
    said = run("plan", office.pipeline)
    refused(said, 7, "refused the credentials", "Check auth.pat")
    assert "a-wrong-token" not in said.out + said.err


def test_the_key_of_another_tenant_ends_with_7_and_names_the_one_that_is_reached(run, office) -> None:
    office.spec["targets"][0]["account_key"] = "3002"
    refused(run("plan", office.pipeline), 7, "do not reach account 3002", "3001", "Check account_key")


def test_sync_to_another_tenant_sends_nothing(office, sync, tenant) -> None:
    office.spec["targets"][0]["account_key"] = "3002"
    ended = sync(office)
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Refused by target", 7)
    assert tenant.writes() == []


# Plans --------------------------------------------------------------------------------------------------------------


def planned(run, office, *options: str, code: int = 3) -> Path:
    """Make a plan and return its run's folder."""
    assert run("plan", office.pipeline, *options).code == code
    return office.run_folders()[-1]


def test_a_plan_that_was_altered_is_not_applied(run, office, apply, tenant) -> None:
    folder = planned(run, office)
    path = folder / "plan.jsonl"
    path.write_bytes(path.read_bytes().replace(b"00106", b"00107"))
    for name in (folder.name, str(path)):
        ended = apply(office, name)
        assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Stale plan", 9)
        assert "altered" in ended.message
        assert "Nothing was sent. Make a new one with 'rosterflow plan'." in ended.message
    assert tenant.writes() == []


@pytest.mark.prove
def test_a_plan_is_stale_once_another_was_applied(run, office, apply, sync, tenant, staff) -> None:
    folder = planned(run, office)
    office.staff(staff[:-1])
    assert sync(office).code == 0
    sent = tenant.writes()
    ended = apply(office, folder.name)
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Stale plan", 9)
    assert "Nothing was sent. Make a new plan with 'rosterflow plan'." in ended.message
    assert tenant.writes() == sent


@pytest.mark.prove
def test_a_plan_is_stale_once_the_rules_were_changed(run, office, apply, tenant) -> None:
    folder = planned(run, office)
    office.spec["rules"][0]["grant"]["group"] = "Sales"
    ended = apply(office, folder.name)
    assert (ended.state, ended.code) == ("Stale plan", 9)
    assert "What the pipeline file says has changed since" in ended.message
    assert tenant.writes() == []


def test_a_second_run_of_a_pipeline_is_locked_out(office, sync, tenant) -> None:
    from tasks.journal import Journal

    with Journal.open(office.home / "journal.db") as journal, journal.lock("acme", datetime.now(UTC)):
        ended = sync(office)
    assert (ended.state_type, ended.state, ended.code) == ("CANCELLED", "Locked", 8)
    assert "Another run of pipeline 'acme' is at work since" in ended.message
    assert "Nothing was sent. Wait until it has ended" in ended.message
    assert tenant.writes() == []


def test_over_a_limit_nothing_is_sent_and_the_plan_is_published(run, office, sync, tenant) -> None:
    office.spec["limits"] = {"create": {"count": "3"}}
    refused(run("plan", office.pipeline), 5, "create 5 accounts (limit 3)", "raise limits.create")
    ended = sync(office)
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Blocked", 5)
    assert "create 5 accounts (limit 3). Nothing was sent." in ended.message
    assert {path.name for path in ended.folder.iterdir()} >= {"plan.jsonl", "review.xlsx", "report.html"}
    assert ended.summary["outcomes"]["not_sent"] == ended.summary["changes"]["total"]
    assert tenant.writes() == []


@pytest.mark.prove
def test_on_a_frozen_day_nothing_is_sent_whatever_day_is_planned_for(run, office, sync, tenant) -> None:
    office.spec["freeze"] = ["2000-01-01..2998-12-31"]
    said = run("plan", office.pipeline, "--as-of", "2999-01-01")
    refused(said, 5, "frozen from 2000-01-01 to 2998-12-31", "Plan or sync again after the freeze")
    ended = sync(office, as_of=datetime(2999, 1, 1, tzinfo=UTC))
    assert (ended.state_type, ended.state, ended.code) == ("FAILED", "Blocked", 5)
    assert tenant.writes() == []


@pytest.mark.prove
def test_a_plan_made_before_a_freeze_is_not_applied_in_it(run, office, apply, tenant) -> None:
    folder = planned(run, office)
    office.spec["freeze"] = ["2000-01-01..2998-12-31"]
    ended = apply(office, folder.name)
    assert (ended.state, ended.code) == ("Blocked", 5)
    assert "Changes are frozen" in ended.message
    assert tenant.writes() == []


# The reports of runs that went wrong --------------------------------------------------------------------------------


def test_a_run_that_was_refused_is_in_the_history_with_its_report(run, office) -> None:
    office.staff([])
    assert run("check", office.pipeline).code == 6
    last = json.loads(run("runs", "--json").out)[0]
    assert (last["command"], last["state"], last["exit_code"]) == ("check", "Source refused", 6)
    assert run("report", "latest").code == 0
    assert (office.run_folders()[-1] / "report.html").exists()


# What is taken away while it sends -----------------------------------------------------------------------------------


TAKEN = sampled(
    [pytest.param("runs", "Folder lost", id="folder"), pytest.param(".", "Journal lost", id="home")], {"home"}
)


@pytest.mark.prove
@pytest.mark.parametrize(("what", "state"), TAKEN)
def test_a_run_whose_files_are_taken_away_while_it_sends_says_what_it_sent(
    prefect_server, office, tenant, what, state
) -> None:
    from flows import nightly
    from tasks.provision.steps import PROGRESS

    def watch(done: int, total: int) -> None:
        if 2 * done >= total:
            shutil.rmtree(office.home / what, ignore_errors=True)

    token = PROGRESS.set(watch)
    try:
        ended = nightly.sync(pipeline=office.save(), return_state=True)
    finally:
        PROGRESS.reset(token)

    calls = len(tenant.writes())
    assert calls > 0
    code = ended.result(raise_on_failure=False)["exit_code"]
    assert (ended.type.value, ended.name, code) == ("FAILED", state, 1)
    assert re.search(rf"\b{calls} calls? had been made before", ended.message)
    assert "Nothing was sent" not in ended.message
    shown = prefect_server.ask("GET", f"flow_runs/{ended.state_details.flow_run_id}")
    assert (shown["state_type"], shown["state_name"]) == ("FAILED", state)
    assert_decent(ended.message)
