"""Files of the home that are broken, emptied, gone or somebody else's: each is one sentence with a way out."""

import json
import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tasks.journal import Journal, RunFolder, RunRecord, RunStore, journal_file
from tasks.journal.locks import pipeline_lock
from tasks.journal.products import load_comparisons, load_limits, load_profile, load_roster, load_skipped
from tasks.model.errors import BadUsage, JournalLost, RosterflowError, RunLocked, StalePlan

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is; there is none."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home" / "journal.db"


def sql(*statements: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        with closing(sqlite3.connect(path, isolation_level=None)) as conn:
            for statement in statements:
                conn.execute(statement)

    return make


def used(*statements: str) -> Callable[[Path], None]:
    """A journal of ours, to which something was done."""

    def make(path: Path) -> None:
        with Journal.open(path) as journal:
            journal.begin_run(RunRecord("run", "acme", "plan", NOON))
        sql(*statements)(path)

    return make


def cut(path: Path) -> None:
    used()(path)
    os.truncate(path, path.stat().st_size // 2)


OF_ANOTHER = "it is the database of another program"
BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "of 0 bytes": (lambda path: path.touch(), "it is empty, and a journal never is"),
    "emptied": (lambda path: (used()(path), os.truncate(path, 0)), "it is empty, and a journal never is"),
    "no database": (lambda path: path.write_text("Employee No,Surname\n" * 500), "file is not a database"),
    "a folder": (lambda path: path.mkdir(), "it is a folder"),
    "no file": (lambda path: os.mkfifo(path), "it is no file"),
    "without a table": (sql("CREATE TABLE x (y)", "DROP TABLE x"), "it is a database without any table"),
    "of another program": (sql("CREATE TABLE customers (name)"), OF_ANOTHER),
    "of another program, with versions": (sql("CREATE TABLE schema_version (applied TEXT)"), OF_ANOTHER),
    "of another program, with runs": (sql("CREATE TABLE schema_version (id)", "CREATE TABLE runs (id)"), OF_ANOTHER),
    "of schema 0": (used("UPDATE schema_version SET version = 0"), "its schema version is one that no Rosterflow"),
    "of no schema": (used("DELETE FROM schema_version"), "its schema version is one that no Rosterflow"),
    "of a word": (used("UPDATE schema_version SET version = 'new'"), "its schema version is one that no Rosterflow"),
    "of a later schema": (used("UPDATE schema_version SET version = 99"), "it has schema version 99"),
    "without links": (used("DROP TABLE links"), "its table links is missing or lacks a column"),
    "without a column": (used("ALTER TABLE runs DROP COLUMN summary"), "its table runs is missing or lacks a column"),
    "cut in two": (cut, "database disk image is malformed"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_journal_that_cannot_be_used_is_a_sentence_and_is_left_as_it_is(
    path: Path, monkeypatch, rosterflow, name: str
) -> None:
    make, why = BAD[name]
    make(path)
    size = path.stat().st_size
    monkeypatch.setenv("ROSTERFLOW_HOME", str(path.parent))

    said = rosterflow("runs")

    assert said.code == 2
    assert f"The journal {path} cannot be used: {why}" in said.talk
    assert "unexpected" not in said.talk
    assert path.stat().st_size == size


def test_a_disk_that_has_no_room_for_a_new_journal_is_a_sentence(path: Path, monkeypatch) -> None:
    def connect(part: Path) -> sqlite3.Connection:
        conn = sqlite3.connect(part, isolation_level=None)
        conn.execute("PRAGMA max_page_count = 2")
        return conn

    monkeypatch.setattr(journal_file, "_connect", connect)

    with pytest.raises(BadUsage, match=r"cannot be used: database or disk is full. Make room"):
        Journal.open(path)
    assert list(path.parent.iterdir()) == []


def test_a_journal_that_may_not_be_written_is_a_sentence(path: Path, monkeypatch) -> None:
    used()(path)
    monkeypatch.setattr(journal_file.os, "access", lambda place, _: place != path)  # root may do everything

    with pytest.raises(BadUsage, match="it may not be read and written"):
        Journal.open(path)


@pytest.mark.parametrize("left", ["journal.db.made", "journal.db-wal", "runs"])
def test_a_missing_journal_where_there_was_one_is_not_silently_a_new_one(path: Path, left: str) -> None:
    trace = path.with_name(left)
    (trace / "20260331-120000-000000").mkdir(parents=True) if left == "runs" else trace.touch()

    with pytest.raises(BadUsage, match=f"is missing, and there was one: {trace} is of that time") as caught:
        Journal.open(path)
    assert "Restore it from a backup" in caught.value.remedy
    assert not path.exists()

    trace.rename(path.parent.parent / "away")  # somebody says that a new one is meant
    Journal.open(path).close()


def test_a_journal_that_was_deleted_after_its_first_use_is_missed(path: Path) -> None:
    used()(path)
    path.unlink()

    with pytest.raises(BadUsage, match="is missing, and there was one"):
        Journal.open(path)


# -- at work ----------------------------------------------------------------------------------------------------


def begin(journal: Journal, run_id: str, **facts: Any) -> None:
    journal.begin_run(RunRecord(run_id, "acme", "plan", NOON, **facts))


def test_a_full_disk_is_a_sentence_and_what_was_written_before_stays(path: Path) -> None:
    with Journal.open(path) as journal:
        begin(journal, "first")
        with journal._engine.connect() as conn:
            conn.exec_driver_sql("PRAGMA max_page_count = 1")

        with pytest.raises(JournalLost, match="its disk is full") as caught:
            begin(journal, "second", summary={"text": "x" * 100_000})

        assert (caught.value.facts["reason"], caught.value.exit_code) == ("full", 1)
        assert "Make room on that disk. Then run the same command again" in str(caught.value)
        assert [run.run_id for run in journal.runs()] == ["first"]


def test_a_journal_that_another_program_holds_is_a_sentence(path: Path, monkeypatch) -> None:
    monkeypatch.setattr(journal_file, "BUSY_TIMEOUT_MS", 10)
    with Journal.open(path) as journal, closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        with pytest.raises(JournalLost, match="another program has locked it") as caught:
            begin(journal, "run")
        assert caught.value.facts["reason"] == "busy"


@pytest.mark.parametrize("broken", ["summary = '{'", "started_at = 'noon'", "started_at = 7"])
def test_a_cell_that_is_broken_is_a_sentence(path: Path, broken: str) -> None:
    used(f"UPDATE runs SET {broken}")(path)

    with Journal.open(path) as journal, pytest.raises(JournalLost, match="cannot be used any more") as caught:
        journal.runs()
    assert caught.value.facts["reason"] == "broken"


def test_a_row_that_is_gone_is_a_sentence(path: Path) -> None:
    with Journal.open(path) as journal, pytest.raises(JournalLost, match="a row is missing"):
        journal.finish_run("run", 0, "Completed", {}, NOON)


def test_a_plan_that_was_altered_in_the_journal_is_refused(path: Path) -> None:
    with Journal.open(path) as journal:
        with closing(sqlite3.connect(path, isolation_level=None)) as other:
            other.execute("INSERT INTO plans VALUES ('abc', 'acme', 'goto', x'00', '2026-03-31', 0, NULL)")

        with pytest.raises(StalePlan, match="altered"):
            journal.plan_bytes("abc")


# -- the folder of a run ----------------------------------------------------------------------------------------

TEXTS = {
    "empty": b"",
    "cut off": b'{"pipeline": "/x", "rows',
    "a list": b"[1, 2]",
    "a number": b"7",
    "bytes": b"\xff\x00",
}
LOADS: dict[str, Callable[[RunFolder], Any]] = {
    "hr.json": lambda folder: load_skipped(folder, "hr"),
    "hr.profile.json": lambda folder: load_profile(folder, "hr"),
    "hr.whole.json": lambda folder: load_comparisons(folder, ["hr"]),
    "limits.json": load_limits,
    "hr.raw.parquet": lambda folder: load_roster(folder, "hr"),
    "hr.findings.parquet": lambda folder: folder.load_table("hr.findings"),
}


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("name", LOADS)
def test_a_broken_file_of_a_run_is_named(tmp_path: Path, name: str, text: str) -> None:
    folder = RunStore(tmp_path / "runs").new(NOON)
    folder.write_bytes(name, TEXTS[text])

    with pytest.raises(BadUsage, match=f"{folder.path(name)} is broken") as caught:
        LOADS[name](folder)
    assert "run check, plan or sync once more" in caught.value.remedy


def test_a_table_that_another_program_has_written_is_named(tmp_path: Path) -> None:
    folder = RunStore(tmp_path / "runs").new(NOON)
    pd.DataFrame({"a": [1]}).to_parquet(folder.path("hr.raw.parquet"))

    with pytest.raises(BadUsage, match="is broken"):
        folder.load_table("hr.raw")


@pytest.mark.prove
@pytest.mark.parametrize("text", TEXTS)
def test_a_plan_with_a_broken_run_json_is_a_sentence(office, rosterflow, text: str) -> None:
    office.save()
    assert rosterflow("plan", office.pipeline).code == 3
    about = office.run_folders()[-1] / "run.json"
    about.write_bytes(TEXTS[text])

    said = rosterflow("apply", "latest")

    assert said.code == 2
    assert f"{about} is broken" in said.talk


def test_a_file_of_a_run_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    folder = RunStore(tmp_path / "runs").new(NOON)
    folder.root.rmdir()

    with pytest.raises(RosterflowError, match=r"limits.json could not be written: No such file or directory"):
        folder.write_bytes("limits.json", b"[]")


def test_a_run_store_that_is_a_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "runs").touch()

    with pytest.raises(BadUsage, match=f"{tmp_path}/runs is a file, and there must be a folder. Move it away"):
        RunStore(tmp_path / "runs").new(NOON)


# -- the lock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("note", ["", "[", "[1]", '{"since": 1}', json.dumps({"pid": "x", "since": "now"})])
def test_a_broken_note_of_who_holds_the_lock_does_not_hide_that_it_is_held(tmp_path: Path, note: str) -> None:
    with pipeline_lock(tmp_path, "acme", NOON):
        (tmp_path / "acme.holder.json").write_text(note)
        with pytest.raises(RunLocked, match="at this moment"), pipeline_lock(tmp_path, "acme", NOON):
            pass


def test_a_lock_that_cannot_be_taken_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "acme.lock").mkdir()

    with pytest.raises(BadUsage, match="cannot be taken"), pipeline_lock(tmp_path, "acme", NOON):
        pass
