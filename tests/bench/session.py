"""How things are measured: sizes, repetitions, processes of their own, and where made-up data is kept."""

import hashlib
import itertools
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from filelock import FileLock, Timeout

from tasks import journal, model
from tests.support import company

T = TypeVar("T")
ENOUGH_S = 40
"""A measure that has taken this long is not repeated again; the table says how often it was."""


@dataclass(frozen=True)
class Session:
    """One run of the benchmark. *scale* shrinks every size; the bars are those of scale 1."""

    cache: Path
    scale: float = 1.0
    repeats: int = 5

    def size(self, full: int) -> int:
        return max(20, round(full * self.scale))

    def times(self, measure: Callable[[], T]) -> list[T]:
        """Return what *measure* gives, each time anew."""
        return list(repeated(measure, self.repeats))

    @contextmanager
    def folder(self) -> Iterator[Path]:
        """Give an empty folder that goes away after."""
        with tempfile.TemporaryDirectory(dir=self.cache, prefix="run-") as name:
            yield Path(name)


def repeated(measure: Callable[[], T], repeats: int) -> Iterator[T]:
    """Yield what *measure* gives, *repeats* times, or fewer where that takes too long."""
    begun = time.perf_counter()
    for number in range(repeats):
        if number and time.perf_counter() - begun > ENOUGH_S:
            return
        yield measure()


def in_child(function: Callable[..., T], *arguments: Any) -> T:
    """Return what a function of a module gives in a fresh process, whose memory is its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


@contextmanager
def timed(into: list[float]) -> Iterator[None]:
    """Append to *into* the seconds that the block takes."""
    begun = time.perf_counter()
    yield
    into.append(time.perf_counter() - begun)


def seconds(work: Callable[[], Any]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def peak_mb() -> float:
    """Return the most memory that this process has had at once, in MB."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6  # Linux counts in KiB


@contextmanager
def cache_folder(root: Path | None = None) -> Iterator[Path]:
    """Give a folder of made-up data that is kept for the next run, and is nobody else's meanwhile.

    It is this user's first one of this version that no other run has; those of other versions are cleared away,
    unless a run has them.
    """
    root = root or Path(tempfile.gettempdir()) / f"rosterflow-bench-{os.getuid()}"
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    version = _version()
    for old in sorted(path for path in root.iterdir() if path.is_dir() and not path.name.startswith(f"{version}-")):
        with suppress(Timeout), FileLock(root / f"{old.name}.lock", timeout=0):
            shutil.rmtree(old, ignore_errors=True)
    for number in itertools.count(1):
        folder = root / f"{version}-{number}"
        lock = FileLock(root / f"{folder.name}.lock", timeout=0)
        with suppress(Timeout):
            lock.acquire()
            break
    try:
        folder.mkdir(exist_ok=True, mode=0o700)
        yield folder
    finally:
        lock.release()


def _version() -> str:
    """Return a digest of the modules that say what made-up data is and how it is kept."""
    kept_by = sorted(module for package in (journal, model) for module in Path(package.__path__[0]).glob("*.py"))
    sources = [Path(company.__file__), *kept_by]
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:12]
