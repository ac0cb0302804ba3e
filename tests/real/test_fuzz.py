"""Half a minute of fuzzing the readers (tests/real/fuzz_readers.py): no traceback, no hang, bounded memory."""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.programs import missing

pytestmark = pytest.mark.real
ROOT = Path(__file__).parents[2]
SECONDS = 30


def test_no_bytes_make_a_reader_stumble_or_hang(tmp_path: Path) -> None:
    if importlib.util.find_spec("atheris") is None:
        missing("atheris is not installed (it has wheels for x86_64 Linux only)")
    limits = [f"-max_total_time={SECONDS}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=20000", "-verbosity=1"]
    command = [sys.executable, "-m", "tests.real.fuzz_readers", str(tmp_path / "corpus"), *limits]
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))}
    done = subprocess.run(
        [*command, f"-artifact_prefix={tmp_path}/"], cwd=ROOT, env=environ, capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done" in done.stderr
