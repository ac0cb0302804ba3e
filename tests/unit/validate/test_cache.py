"""Findings are kept by content: the same roster and checks never load Great Expectations twice."""

import dataclasses
import os
import subprocess
import sys
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from tasks.model.errors import RejectedSource
from tasks.validate import cache, cached_validate, load_suite, validate
from tasks.validate.cache import MOST_ENTRIES, content_key
from tests.support.effort import sampled

TODAY = date(2026, 3, 1)


@pytest.fixture
def staff():
    return load_suite("staff", Path())


@pytest.fixture
def roster(make_roster, ada, ben):
    return make_roster(
        ada, {**ben, "user_name": "nobody"}, {**ben, "external_id": "1003", "user_name": "c@acme.example"}
    )


@pytest.fixture
def counted(monkeypatch):
    """Count how often the checks are really run."""
    runs = []
    find = cache.find
    monkeypatch.setattr(cache, "find", lambda *args: runs.append(1) or find(*args))
    return runs


def entries(folder):
    return sorted(folder.glob("*.findings"))


def test_second_verdict_is_equal_and_runs_no_check(roster, staff, headings, tmp_path, counted):
    first = cached_validate(roster, staff, headings, TODAY, tmp_path / "cache")
    second = cached_validate(roster, staff, headings, TODAY, tmp_path / "cache")
    assert len(counted) == 1
    whole = validate(roster, staff, headings, TODAY)
    for table in ("clean", "held", "findings"):
        pd.testing.assert_frame_equal(getattr(first, table), getattr(whole, table))
        pd.testing.assert_frame_equal(getattr(second, table), getattr(whole, table))


def test_roster_without_findings_is_kept_too(make_roster, ada, staff, headings, tmp_path, counted):
    for _ in range(2):
        assert cached_validate(make_roster(ada), staff, headings, TODAY, tmp_path).findings.empty
    assert len(counted) == 1


def test_entry_holds_no_cell_and_is_private(roster, staff, headings, tmp_path):
    folder = tmp_path / "cache"
    cached_validate(roster, staff, headings, TODAY, folder)
    assert folder.stat().st_mode & 0o777 == 0o700
    (entry,) = entries(folder)
    assert entry.stat().st_mode & 0o777 == 0o600
    assert pd.read_parquet(__import__("io").BytesIO(entry.read_bytes()[32:]))["value"].isna().all()
    assert list(folder.iterdir()) == [entry]


DAMAGES = [
    pytest.param(lambda old: old[:-1], id="cut off"),
    pytest.param(lambda old: b"", id="emptied"),
    pytest.param(lambda old: old[:40] + b"x" + old[41:], id="altered"),
]


@pytest.mark.prove
@pytest.mark.parametrize("damage", sampled(DAMAGES, {"altered"}))
def test_damaged_entry_is_made_again(roster, staff, headings, tmp_path, counted, damage):
    cached_validate(roster, staff, headings, TODAY, tmp_path)
    (entry,) = entries(tmp_path)
    sound = entry.read_bytes()
    entry.write_bytes(damage(sound))
    assert len(cached_validate(roster, staff, headings, TODAY, tmp_path).held) == 1
    assert len(counted) == 2
    assert entry.read_bytes() == sound


def test_refused_roster_is_refused_again(make_roster, staff, headings, tmp_path):
    for _ in range(2):
        with pytest.raises(RejectedSource):
            cached_validate(make_roster(mapped=["external_id", "user_name"]), staff, headings, TODAY, tmp_path)
    assert entries(tmp_path) == []


def test_folder_that_cannot_be_written_is_done_without(roster, staff, headings, tmp_path, caplog):
    (tmp_path / "file").write_text("in the way")
    verdict = cached_validate(roster, staff, headings, TODAY, tmp_path / "file" / "cache")
    assert len(verdict.held) == 1
    assert "not kept for the next run" in caplog.text


def test_only_the_last_used_entries_are_kept(roster, staff, headings, tmp_path):
    for number in range(MOST_ENTRIES + 3):
        other = tmp_path / f"{number}.findings"
        other.write_bytes(b"")
        os.utime(other, (number, number))
    cached_validate(roster, staff, headings, TODAY, tmp_path)
    assert len(entries(tmp_path)) == MOST_ENTRIES
    assert not (tmp_path / "3.findings").exists()
    assert (tmp_path / "4.findings").exists()


def test_what_a_killed_run_was_writing_goes_a_day_later(roster, staff, headings, tmp_path):
    left, at_work = tmp_path / ".left.part", tmp_path / ".at_work.part"
    for part in (left, at_work):
        part.write_bytes(b"")
    os.utime(left, (0, 0))
    cached_validate(roster, staff, headings, TODAY, tmp_path)
    assert not left.exists()
    assert at_work.exists()


def test_key_depends_on_all_that_findings_depend_on(roster, staff, headings, make_roster, ada, ben, monkeypatch):
    key = content_key(roster, staff, headings, TODAY)
    assert content_key(dataclasses.replace(roster, raw=roster.raw.copy()), staff, headings, TODAY) == key
    workers = roster.workers.assign(given_name=["Ada", "Ben", "Bert"])
    less = dataclasses.replace(staff, checks=staff.checks[1:])
    leaves = roster.workers.assign(end_date=["2026-03-05", None, None])
    leaving = dataclasses.replace(roster, workers=leaves)
    days = [content_key(leaving, staff, headings, date(2026, 3, day)) for day in (1, 5, 6, 30)]
    assert days[0] == days[1] != days[2] == days[3]
    others = [
        content_key(roster, dataclasses.replace(staff, tested=("department",)), headings, TODAY),
        content_key(dataclasses.replace(roster, workers=workers), staff, headings, TODAY),
        content_key(dataclasses.replace(roster, workers=roster.workers.assign(row=[2, 3, 5])), staff, headings, TODAY),
        content_key(dataclasses.replace(roster, sha256="1" * 64), staff, headings, TODAY),
        content_key(dataclasses.replace(roster, source="crm"), staff, headings, TODAY),
        content_key(dataclasses.replace(roster, mapped=roster.mapped[1:]), staff, headings, TODAY),
        content_key(roster, less, headings, TODAY),
        content_key(roster, staff, {**headings, "user_name": "E-mail"}, TODAY),
    ]
    monkeypatch.setattr("importlib.metadata.version", lambda name: "0")
    others.append(content_key(roster, staff, headings, TODAY))
    assert len({key, *others}) == len(others) + 1


def test_what_was_found_before_is_read_without_loading_gx(roster, staff, headings, tmp_path):
    cached_validate(roster, staff, headings, TODAY, tmp_path)
    roster.workers.to_parquet(tmp_path / "workers.parquet")
    roster.raw.to_parquet(tmp_path / "raw.parquet")
    script = f"""
import sys
from datetime import date
from pathlib import Path
import pandas as pd
from tasks.model.rosters import Roster
from tasks.model.tables import FINDINGS, WORKERS
from tasks.validate import cached_validate, load_suite
folder = Path({str(tmp_path)!r})
workers = WORKERS.conform(pd.read_parquet(folder / "workers.parquet"))
roster = Roster("hr", "staff.csv", None, "0" * 64, pd.read_parquet(folder / "raw.parquet"), workers, FINDINGS.empty(),
                {roster.mapped!r})
verdict = cached_validate(roster, load_suite("staff", folder), {headings!r}, date(2026, 3, 1), folder)
print(len(verdict.held), verdict.findings["value"].tolist(), "great_expectations" in sys.modules)
"""
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert ran.stdout == "1 ['nobody', 'Ode', 'Ode'] False\n"
    assert ran.stderr == ""


@pytest.mark.prove
def test_checking_prints_nothing_and_leaves_nothing_behind(tmp_path):
    script = """
import pandas as pd
from expectations import gx
batch = gx.new_batch(pd.DataFrame({"a": ["1"] * 3000}, dtype="str"))
suite = gx.ExpectationSuite(name="s", expectations=[
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regex": "["}}])
assert not batch.validate(suite).success
"""
    home = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "PATH": os.environ["PATH"]}
    command = [sys.executable, "-W", "ignore", "-c", script]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, cwd=tmp_path, env=home)
    assert (ran.stdout, ran.stderr) == ("", "")
    assert list(tmp_path.iterdir()) == []
