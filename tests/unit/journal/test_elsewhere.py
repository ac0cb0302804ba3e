"""A journal that lies elsewhere, named or behind a link: one whose disk is missing is missed, never begun anew."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tasks.journal import Journal, RunRecord, RunStore
from tasks.model.errors import BadUsage
from tasks.model.journal_place import JournalPlace

NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    """Another disk, as long as it is mounted."""
    (tmp_path / "disk").mkdir()
    return tmp_path / "disk"


def use(place: JournalPlace, run: bool = True) -> list[str]:
    """Open a journal, leave a run in it if wanted, and return the runs that it knows."""
    with Journal.open(place) as journal:
        if run:
            folder = RunStore(place.home / "runs").new(NOON, journal.last_run_id())
            journal.begin_run(RunRecord(folder.root.name, "acme", "plan", NOON))
        return [one.run_id for one in journal.runs()]


def named(home: Path, path: Path) -> JournalPlace:
    return JournalPlace(home, f"sqlite:///{path}")


def linked(home: Path, path: Path) -> JournalPlace:
    home.mkdir(exist_ok=True)
    (home / "journal.db").symlink_to(path)
    return JournalPlace(home)


WAYS = pytest.mark.parametrize("way", [named, linked])


@WAYS
def test_its_first_use_needs_no_further_step(home: Path, disk: Path, way) -> None:
    place = way(home, disk / "journal.db")

    assert len(use(place)) == 1
    assert len(use(place)) == 2
    assert (disk / "journal.db").is_file()
    assert json.loads((home / "journal.place").read_text())["journal"] == str(disk / "journal.db")


@WAYS
@pytest.mark.parametrize("left", ["runs", "journal.place"])
def test_one_whose_disk_is_missing_is_not_begun_anew(home: Path, disk: Path, way, left: str) -> None:
    place = way(home, disk / "journal.db")
    use(place)
    traces = [home / "runs", home / "journal.place"]
    for trace in traces:
        if trace.name != left:
            trace.rename(trace.with_name("away"))
    disk.rename(disk.with_name("unmounted"))
    disk.mkdir()  # the place where it was mounted

    with pytest.raises(BadUsage, match=rf"journal.db.* is missing.*there was one: {home / left} is of") as caught:
        use(place)
    assert "mount it" in caught.value.remedy
    assert "restore it from a backup" in caught.value.remedy
    assert list(disk.iterdir()) == []

    (home / left).rename(home / "away too")  # somebody says that a new one is meant
    assert len(use(place)) == 1


@WAYS
def test_its_disk_is_back_and_it_goes_on(home: Path, disk: Path, way) -> None:
    place = way(home, disk / "journal.db")
    use(place)
    disk.rename(disk.with_name("unmounted"))
    with pytest.raises(BadUsage):
        use(place)
    disk.with_name("unmounted").rename(disk)

    assert len(use(place)) == 2


@WAYS
@pytest.mark.parametrize("used", [False, True])
def test_the_folder_of_one_that_lies_elsewhere_is_never_made(home: Path, disk: Path, way, used: bool) -> None:
    place = way(home, disk / "further" / "on" / "journal.db")
    if used:
        (disk / "further" / "on").mkdir(parents=True)
        use(place)
    shutil.rmtree(disk)

    with pytest.raises(BadUsage, match=f"there is no folder {disk}") as caught:
        use(place)
    assert "mount it" in caught.value.remedy
    assert not disk.exists()


def test_the_traces_beside_a_link_count_too(home: Path, disk: Path) -> None:
    use(JournalPlace(home))
    (home / "journal.db").rename(disk / "lost.db")
    (home / "runs").rename(home / "away")
    place = linked(home, disk / "journal.db")

    with pytest.raises(BadUsage, match=f"there was one: {home}/journal.db.made is of that time"):
        use(place)


def test_a_home_that_has_a_journal_of_its_own_gets_no_second_one(home: Path, disk: Path) -> None:
    use(JournalPlace(home))
    place = named(home, disk / "journal.db")

    with pytest.raises(BadUsage, match=f"has one of its own: {home}/journal.db") as caught:
        use(place)
    assert "ROSTERFLOW_JOURNAL_URL" in caught.value.remedy
    assert list(disk.iterdir()) == []

    (home / "journal.db").rename(disk / "journal.db")
    assert len(use(place)) == 2
    with pytest.raises(BadUsage, match=f"that of this home is another: {disk}/journal.db"):
        use(JournalPlace(home))  # somebody has not set the variable


def test_a_journal_that_is_copied_elsewhere_by_the_means_of_sqlite_is_gone_on_with(home: Path, disk: Path) -> None:
    use(JournalPlace(home))
    with closing(sqlite3.connect(home / "journal.db")) as old, closing(sqlite3.connect(disk / "journal.db")) as new:
        old.backup(new)
    assert len(use(named(home, disk / "journal.db"))) == 2

    with pytest.raises(BadUsage, match="does not know run") as caught:
        use(JournalPlace(home))  # the one that was left behind
    assert f"{disk}/journal.db" in caught.value.what
    assert len(use(named(home, disk / "journal.db"))) == 3


def test_a_home_may_be_moved_together_with_its_journal(home: Path, disk: Path) -> None:
    use(named(home, disk / "journal.db"))
    moved, other = home.rename(home.with_name("moved")), disk.rename(disk.with_name("other"))

    assert len(use(named(moved, other / "journal.db"))) == 2
    assert json.loads((moved / "journal.place").read_text())["journal"] == str(other / "journal.db")


@pytest.mark.parametrize("name", ["journal.db", "record/journal.db"])
def test_a_home_may_be_moved_with_the_journal_in_it(home: Path, name: str) -> None:
    (home / name).parent.mkdir(parents=True)
    use(named(home, home / name))
    moved = home.rename(home.with_name("moved"))

    assert len(use(named(moved, moved / name))) == 2
    if name == "journal.db":
        assert not (moved / "journal.place").exists()


@WAYS
def test_an_older_copy_in_its_place_is_used_only_if_somebody_says_so(home: Path, disk: Path, way) -> None:
    """It may be what lies where the disk is to be mounted."""
    place = way(home, disk / "journal.db")
    use(place)
    shutil.copy(disk / "journal.db", disk / "copy.db")
    last = use(place)[0]
    (disk / "copy.db").rename(disk / "journal.db")

    with pytest.raises(
        BadUsage, match=f"does not know run {last} of this home, which was in it: it is an older"
    ) as caught:
        use(place, run=False)
    assert f"move {home}/journal.place and {home}/runs away" in str(caught.value.remedy)
    (home / "journal.place").unlink()
    with pytest.raises(BadUsage, match=f"does not know run {last} of this home."):
        use(place, run=False)
    (home / "runs").rename(home / "old")
    assert len(use(place)) == 2
    assert len(use(place)) == 3


def test_an_older_copy_may_be_put_into_the_home(home: Path) -> None:
    place = JournalPlace(home)
    use(place)
    shutil.copy(home / "journal.db", home / "copy.db")
    use(place)
    (home / "copy.db").rename(home / "journal.db")
    assert len(use(place)) == 2


def test_a_copy_that_is_put_back_into_the_home_is_gone_on_with(home: Path, disk: Path) -> None:
    use(named(home, disk / "journal.db"))
    shutil.move(disk / "journal.db", home / "journal.db")

    assert len(use(JournalPlace(home))) == 2
    assert not (home / "journal.place").exists()


def test_a_journal_of_another_home_is_not_taken_for_this_ones(home: Path, disk: Path) -> None:
    """As when the variable of one installation stands in the shell in which the other is used."""
    use(named(disk.with_name("other"), disk / "journal.db"))
    use(JournalPlace(home))
    last = use(JournalPlace(home))[0]

    with pytest.raises(BadUsage, match=f"does not know run {last} of this home, which has a journal of its") as caught:
        use(named(home, disk / "journal.db"), run=False)
    assert "unset ROSTERFLOW_JOURNAL_URL" in str(caught.value.remedy)
    assert not (home / "journal.place").exists()
    assert len(use(JournalPlace(home))) == 3
    (home / "runs").rename(home / "old")
    with pytest.raises(BadUsage, match=f"The home has a journal of its own, {home}/journal.db, beside"):
        use(named(home, disk / "journal.db"), run=False)
    (home / "journal.db").rename(home / "old.db")
    use(named(home, disk / "journal.db"))
    assert json.loads((home / "journal.place").read_text())["journal"] == str(disk / "journal.db")


def test_a_copy_that_was_gone_on_without_is_refused(home: Path, disk: Path) -> None:
    """The variable was set a night after the copy was made."""
    use(JournalPlace(home))
    with closing(sqlite3.connect(home / "journal.db")) as old, closing(sqlite3.connect(disk / "journal.db")) as new:
        old.backup(new)
    last = use(JournalPlace(home))[0]

    with pytest.raises(BadUsage, match=f"does not know run {last} of this home, which has a journal of its own"):
        use(named(home, disk / "journal.db"))
    assert len(use(JournalPlace(home))) == 3


@pytest.mark.parametrize("text", [b"", b"{", b"[1]", b'{"journal": 7}', b"\xff"])
def test_a_broken_note_of_the_place_is_a_trace_and_is_written_anew(home: Path, disk: Path, text: bytes) -> None:
    place = named(home, disk / "journal.db")
    use(place)
    shutil.rmtree(home / "runs")
    (home / "journal.place").write_bytes(text)

    (disk / "journal.db").rename(disk / "lost.db")
    (disk / "journal.db.made").unlink()
    with pytest.raises(BadUsage, match=f"there was one: {home}/journal.place is of that time"):
        use(place)

    (disk / "lost.db").rename(disk / "journal.db")
    use(place)
    assert json.loads((home / "journal.place").read_text())["journal"] == str(disk / "journal.db")


def test_a_name_that_depends_on_the_current_folder_does_not_lead_to_a_second_one(
    home: Path, disk: Path, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.chdir(disk)
    use(JournalPlace(home, "journal.db"))
    monkeypatch.chdir(tmp_path)

    with pytest.raises(BadUsage, match=f"that of this home is another: {disk}/journal.db"):
        use(JournalPlace(home, "journal.db"))


@pytest.mark.parametrize("command", [["runs"], ["report", "latest"], ["apply", "latest"]])
def test_commands_that_only_read_refuse_alike(home: Path, disk: Path, rosterflow, monkeypatch, command) -> None:
    use(named(home, disk / "journal.db"))
    for path in disk.iterdir():
        path.unlink()
    monkeypatch.setenv("ROSTERFLOW_HOME", str(home))
    monkeypatch.setenv("ROSTERFLOW_JOURNAL_URL", str(disk / "journal.db"))

    said = rosterflow(*command)

    assert said.code == 2
    assert "is missing, and there was one" in " ".join(said.talk.split())
    assert list(disk.iterdir()) == []


# -- files and links to nowhere where a folder should be ----------------------------------------------------------


def a_file(path: Path) -> None:
    path.write_text("x")


def a_link_to_nowhere(path: Path) -> None:
    path.symlink_to(path.parent / "unmounted" / "disk")


def a_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


OBSTACLES = pytest.mark.parametrize(
    ("make", "says"),
    [
        (a_file, "is a file, and there must be a folder. Move it away"),
        (a_link_to_nowhere, "is a link that leads nowhere. Mount what it leads to"),
        (a_link_to_itself, "is a link that leads nowhere. Mount what it leads to"),
    ],
)


@OBSTACLES
def test_a_home_that_is_no_folder_is_named(home: Path, make, says: str) -> None:
    make(home)
    with pytest.raises(BadUsage) as caught:
        use(JournalPlace(home))
    assert f"{home} {says}" in str(caught.value)
    assert not (home.parent / "unmounted").exists()


@OBSTACLES
def test_what_is_above_the_home_and_no_folder_is_named(home: Path, make, says: str) -> None:
    make(home)
    with pytest.raises(BadUsage) as caught:
        use(JournalPlace(home / "below"))
    assert f"{home} {says}" in str(caught.value)


@OBSTACLES
def test_a_place_for_the_runs_that_is_no_folder_is_named(home: Path, make, says: str) -> None:
    home.mkdir()
    make(home / "runs")
    with pytest.raises(BadUsage) as caught:
        RunStore(home / "runs").new(NOON)
    assert f"{home / 'runs'} {says}" in str(caught.value)


def test_a_named_journal_below_a_file_is_a_sentence(home: Path, disk: Path) -> None:
    (disk / "file").touch()
    with pytest.raises(BadUsage, match=f"{disk}/file is a file"):
        use(named(home, disk / "file" / "journal.db"))


def test_its_mark_in_the_home_is_its_owners_alone(home: Path, disk: Path) -> None:
    before = os.umask(0)
    try:
        use(named(home, disk / "journal.db"))
    finally:
        os.umask(before)
    assert (home / "journal.place").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("what", ["folder", "database"])
def test_what_lies_in_the_place_of_the_homes_journal_is_not_taken_for_it(home: Path, disk: Path, what: str) -> None:
    runs = use(JournalPlace(home))
    (home / "journal.db").rename(disk / "backup.db")
    if what == "folder":
        (home / "journal.db").mkdir()
    else:
        with closing(sqlite3.connect(home / "journal.db")) as conn:
            conn.execute("CREATE TABLE customers (name)")

    with pytest.raises(BadUsage, match=r"move it away, and restore the journal from a backup"):
        use(JournalPlace(home))
    with pytest.raises(BadUsage, match="is missing, and there was one") as missed:
        use(named(home, disk / "journal.db"))
    assert "unset" not in str(missed.value)
    assert str(home / "journal.db ") not in str(missed.value)

    (disk / "backup.db").rename(disk / "journal.db")
    assert use(named(home, disk / "journal.db"), run=False) == runs
