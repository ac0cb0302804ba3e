"""Finding and reading the file: the pipeline's folder first, each trouble in plain words."""

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tasks.ingest import fetching, read_roster
from tasks.model.errors import RejectedSource
from tasks.model.rosters import Roster
from tasks.model.sources import Source

TEXT = "Employee No,Account,Department\n1,{},IT\n"


def test_the_pipelines_folder_comes_before_the_current_one(
    tmp_path: Path, make_source: Callable[..., Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    beside, here = tmp_path / "beside", tmp_path / "here"
    beside.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    (here / "staff.csv").write_text(TEXT.format("here"))
    assert read_roster(make_source("staff.csv"), beside).workers.at[0, "user_name"] == "here"
    (beside / "staff.csv").write_text(TEXT.format("beside"))
    assert read_roster(make_source("staff.csv"), beside).workers.at[0, "user_name"] == "beside"
    assert read_roster(make_source(str(here / "staff.csv")), beside).workers.at[0, "user_name"] == "here"


def test_the_hash_is_of_the_bytes_and_the_name_without_its_folder(
    write_text: Callable[..., Path], read: Callable[..., Roster]
) -> None:
    path = write_text(TEXT.format("ada"))
    roster = read("staff.csv")
    assert roster.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (roster.source, roster.file, roster.sheet) == ("hr", "staff.csv", None)
    assert roster.mapped == ("external_id", "user_name", "department")


def test_a_missing_file_names_where_it_was_looked_for(read: Callable[..., Roster], tmp_path: Path) -> None:
    with pytest.raises(RejectedSource, match=r"does not exist: there is no .*staff.xlsx or ") as caught:
        read()
    assert str(tmp_path / "staff.xlsx") in str(caught.value)
    assert caught.value.exit_code == 6


def test_folders_links_and_pipes_are_named(read: Callable[..., Roster], tmp_path: Path) -> None:
    (tmp_path / "staff.xlsx").mkdir()
    with pytest.raises(RejectedSource, match="is a folder"):
        read()
    (tmp_path / "staff.csv").symlink_to(tmp_path / "absent.csv")
    with pytest.raises(RejectedSource, match="is a link to a file that does not exist"):
        read("staff.csv")
    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(RejectedSource, match="is no regular file"):
        read("pipe.csv")


def test_a_link_to_a_file_is_followed(
    write_text: Callable[..., Path], read: Callable[..., Roster], tmp_path: Path
) -> None:
    (tmp_path / "today.csv").symlink_to(write_text(TEXT.format("ada")))
    assert read("today.csv").rows == 1


def test_a_file_we_may_not_read_is_named(read: Callable[..., Roster]) -> None:
    with tempfile.TemporaryDirectory() as folder:  # pytest's own folders can be entered by their owner alone
        Path(folder).chmod(0o755)
        roster = Path(folder) / "staff.csv"
        roster.write_text(TEXT.format("ada"))
        roster.chmod(0)
        with as_nobody(), pytest.raises(RejectedSource, match="cannot be read: Permission denied"):
            read(str(roster))


@contextmanager
def as_nobody() -> Iterator[None]:
    """Be somebody to whom permissions apply: root may read everything."""
    was_root = os.geteuid() == 0
    if was_root:
        os.seteuid(65534)
    try:
        yield
    finally:
        if was_root:
            os.seteuid(0)


@pytest.mark.parametrize("name", ["staff.csv", "staff.xlsx"])
def test_a_file_without_bytes_is_refused(
    write_text: Callable[..., Path], read: Callable[..., Roster], name: str
) -> None:
    write_text(b"", name)
    with pytest.raises(RejectedSource, match="is empty: it has no bytes at all"):
        read(name)


def test_a_huge_file_is_refused(
    write_text: Callable[..., Path], read: Callable[..., Roster], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetching, "MAX_BYTES", 1 << 20)
    write_text(b"x" * (2 << 20))
    with pytest.raises(RejectedSource, match="is larger than 1 MiB"):
        read("staff.csv")


def test_a_file_is_told_by_its_content_and_not_by_its_name(
    write_text: Callable[..., Path], read: Callable[..., Roster]
) -> None:
    write_text(TEXT.format("ada"), "staff.export")
    assert read("staff.export").rows == 1
    write_text(TEXT.format("ada"), "staff.ods")
    with pytest.raises(RejectedSource, match=r"is not an .ods workbook, as its name says; it looks like delimited"):
        read("staff.ods")
    assert read("staff.ods", format="delimited").rows == 1
