"""Lists that are only looked at leave nothing behind, not even where the process was killed."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows.scratch import LOCK, PREFIX, scratch

LOOK = """
import sys, time
from pathlib import Path
from flows.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "hr.parquet").write_text("names")
    print(folder, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def look(tmp_path: Path) -> Iterator[Callable[[], tuple[subprocess.Popen[str], Path]]]:
    """Return a function that starts a process which looks at lists; it gives the process and its folder."""
    made: list[subprocess.Popen[str]] = []

    def begin() -> tuple[subprocess.Popen[str], Path]:
        command = [sys.executable, "-c", LOOK, str(tmp_path)]
        made.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        assert made[-1].stdout is not None
        folder = Path(made[-1].stdout.readline().strip())
        os.utime(folder, (0, 0))
        return made[-1], folder

    yield begin
    for process in made:
        with process:
            process.kill()


def test_the_folder_is_gone_in_the_end(tmp_path: Path) -> None:
    with scratch(tmp_path) as folder:
        (folder / "hr.parquet").write_text("names")
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(tmp_path.iterdir()) == []


def test_the_folder_of_a_killed_process_goes_and_that_of_a_living_one_stays(tmp_path: Path, look: Callable) -> None:
    killed, left = look()
    _, at_work = look()
    killed.kill()
    killed.wait()
    with scratch(tmp_path) as ours:
        assert set(tmp_path.iterdir()) == {at_work, ours}
    assert not left.exists()
    assert (at_work / "hr.parquet").exists()


def test_what_is_not_such_a_folder_is_not_touched(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / LOCK).touch()
    (tmp_path / f"{PREFIX}link").symlink_to(kept)
    (tmp_path / f"{PREFIX}file").touch()
    (tmp_path / f"{PREFIX}plain").mkdir()
    (tmp_path / "rosterflow-mine").mkdir()
    for path in tmp_path.iterdir():
        os.utime(path, (0, 0))
    before = set(tmp_path.rglob("*"))
    with scratch(tmp_path):
        assert before <= set(tmp_path.rglob("*"))
    assert set(tmp_path.rglob("*")) == before
