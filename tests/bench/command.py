"""The command as a person waits for it: whole processes, from the shell and back."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from flows.samples import sample
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, seconds
from tests.support import servers

PIPELINE, ROSTER, TENANT = "acme.yaml", "acme_staff.xlsx", "acme_tenant.json"
SAMPLE_URL = "http://127.0.0.1:8750"
ROSTERFLOW = Path(sys.executable).with_name("rosterflow")
CHANGES_PENDING = 3


def command(session: Session) -> list[Figure]:
    """Measure ``rosterflow plan`` on the sample, with a file never seen and with one validated before, and ``--help``.

    They are compared with what nothing can be quicker than: importing GX, importing pandas, starting Python.
    """
    with session.folder() as folder, servers.sandbox(folder, sample(TENANT), 10) as url:
        shutil.copy(sample(ROSTER), folder)
        text = sample(PIPELINE).read_text(encoding="utf-8").replace(SAMPLE_URL, url)
        (folder / PIPELINE).write_text(text, encoding="utf-8")
        return [
            _figure(session, folder, "rosterflow plan, new file", Bar(8), "import great_expectations", new=True),
            _figure(session, folder, "rosterflow plan, validated before", Bar(3), "import pandas"),
            _figure(session, folder, "rosterflow --help", Bar(0.5), "pass", words=["--help"]),
        ]


def _figure(
    session: Session, folder: Path, name: str, bar: Bar, least: str, *, words: Sequence[str] = (), new: bool = False
) -> Figure:
    home = folder / "home"

    def once() -> tuple[float, float]:
        if new:
            shutil.rmtree(home, ignore_errors=True)
        least_s = seconds(lambda: _run([sys.executable, "-c", least], home, 0))
        if words:
            return seconds(lambda: _run([str(ROSTERFLOW), *words], home, 0)), least_s
        return seconds(lambda: _run([str(ROSTERFLOW), "plan", str(folder / PIPELINE)], home, CHANGES_PENDING)), least_s

    pairs = session.times(once)
    ratios = [whole / least_s for whole, least_s in pairs]
    return Figure(name, [whole for whole, _ in pairs], "s", bar, ratios, f"python -c '{least}'")


def _run(words: Sequence[str], home: Path, code: int) -> None:
    environment = {**os.environ, "ROSTERFLOW_HOME": str(home)}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != code:
        raise AssertionError(f"{' '.join(words)} ended with {done.returncode}, not {code}: {done.stderr}")
