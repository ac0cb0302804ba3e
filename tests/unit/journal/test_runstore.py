"""The run store: what a run leaves comes back as it was, and is its owner's alone."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tasks.journal import RunStore
from tasks.model.errors import BadUsage
from tasks.model.tables import ACCOUNTS, FINDINGS, LICENCES, LINKS

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path):
    return RunStore(tmp_path / "runs").create("20260331-020005-0a1b2c")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_run_is_its_owners_alone(folder):
    path = folder.write_bytes("plan.jsonl", b"{}\n")

    assert (mode(folder.root.parent), mode(folder.root), mode(path)) == (0o700, 0o700, 0o600)
    assert path.read_bytes() == b"{}\n"


def test_writing_again_replaces_the_whole_file_and_leaves_nothing_beside_it(folder):
    folder.write_bytes("plan.jsonl", b"a long first text")
    folder.write_bytes("plan.jsonl", b"short")

    assert folder.path("plan.jsonl").read_bytes() == b"short"
    assert [path.name for path in folder.root.iterdir()] == ["plan.jsonl"]


def test_a_folder_that_is_gone_is_a_plain_error(tmp_path):
    with pytest.raises(BadUsage, match="is not in"):
        RunStore(tmp_path).open("20260331-020005-0a1b2c")


def test_a_table_that_is_not_there_is_a_plain_error(folder):
    with pytest.raises(BadUsage, match="left no table accounts"):
        folder.load_table("accounts")


@pytest.mark.parametrize(
    "table",
    [
        ACCOUNTS.frame([{"account_key": "7001", "roles": ("A", "B")}, {"account_key": "7002", "roles": ()}]),
        LICENCES.frame([{"licence_key": "9001", "products": ("G2M",), "seats": 5, "enabled": True}]),
        LICENCES.frame([{"licence_key": "9001", "products": ("G2M",)}]),
        LINKS.empty(),
        FINDINGS.frame([{"source": "hr", "row": 2, "value": "NA"}, {"source": "hr", "value": "null"}]),
    ],
    ids=["tuples", "numbers", "missing", "empty", "text that looks missing"],
)
def test_a_table_comes_back_with_its_dtypes_and_tuples(folder, table):
    folder.save_table("table", table)

    pd.testing.assert_frame_equal(folder.load_table("table"), table)


def test_a_table_keeps_its_index_and_missing_objects(folder):
    index = pd.Index([2, 3, 7], name="row")
    table = pd.DataFrame({"Café No": ["1", None, "3"], "tags": [("a", ("b",)), None, np.nan]}, index=index)
    table = table.astype({"Café No": "str", "tags": object})

    folder.save_table("raw", table)
    back = folder.load_table("raw")

    assert list(back.index) == [2, 3, 7]
    assert back["Café No"].equals(table["Café No"])
    assert list(back["tags"]) == [("a", ("b",)), None, None]


# -- ids --------------------------------------------------------------------------------------------------------


def began(store: RunStore, *moments: datetime) -> list[str]:
    return [store.new(moment).root.name for moment in moments]


@pytest.mark.parametrize(
    "moments",
    [
        [NOON + timedelta(microseconds=number) for number in (1, 2, 999_999)],
        [NOON] * 3,
        [NOON, NOON - timedelta(milliseconds=3), NOON - timedelta(hours=3)],
        [NOON + timedelta(microseconds=999_999)] * 2,
    ],
    ids=["one second", "one moment", "a clock that was set back", "the end of a second"],
)
def test_ids_sort_as_the_runs_began(tmp_path, moments):
    ids = began(RunStore(tmp_path / "runs"), *moments)

    assert sorted(set(ids)) == ids


def test_an_id_sorts_between_those_of_before_that_were_random_within_their_second(tmp_path):
    store = RunStore(tmp_path / "runs")
    for old in ("20260331-115959-ffffff", "20260331-120000-fa0b1c", "20260331-120003-0a1b2c"):
        store.create(old)
        (new,) = began(store, NOON)
        assert new > old


def test_an_id_sorts_after_those_of_the_journal_whose_folders_were_deleted(tmp_path):
    folder = RunStore(tmp_path / "runs").new(NOON, after="20260331-120001-000000")

    assert folder.root.name == "20260331-120001-000001"


def test_what_is_no_run_is_passed_over_among_the_folders(tmp_path):
    (tmp_path / "runs" / "zz-notes").mkdir(parents=True)

    assert began(RunStore(tmp_path / "runs"), NOON) == ["20260331-120000-000000"]


def test_runs_that_begin_at_one_moment_have_a_folder_each(tmp_path):
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: RunStore(tmp_path / "runs").new(NOON).root, range(40)))

    assert len(set(folders)) == 40
