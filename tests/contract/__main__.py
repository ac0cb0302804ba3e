"""Run the contract against a sandbox that is a process of its own: ``python -m tests.contract``.

``ROSTERFLOW_CONTRACT_PIPELINE`` names the pipeline file of a real account; then the facts that only reading shows are
held against that account too (``test_service.py``).
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.programs import COMMAND

HERE = Path(__file__).parent


@contextmanager
def served() -> Iterator[str]:
    """Start ``rosterflow sandbox`` on a free port and a store of its own; give its address."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = ("sandbox", "--port", "0", "--store", str(Path(folder) / "sandbox.db"))
        process = subprocess.Popen([*COMMAND, *arguments], stderr=subprocess.PIPE, text=True)
        try:
            said = process.stderr.readline() if process.stderr else ""
            found = re.search(r"http://\S+:\d+", said)
            if not found:
                raise SystemExit(f"The sandbox did not start: {said}")
            yield found[0]
        finally:
            process.terminate()
            process.wait(timeout=30)


if __name__ == "__main__":
    with served() as url:
        environ = {**os.environ, "ROSTERFLOW_CONTRACT_URL": url}
        done = subprocess.run([sys.executable, "-m", "pytest", str(HERE), *sys.argv[1:]], env=environ, check=False)
    sys.exit(done.returncode)
