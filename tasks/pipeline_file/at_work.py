"""The pipeline file of the run at work: read once, whatever is saved in its place meanwhile."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from tasks.pipeline_file.reader import LoadedPipeline, load_pipeline

_AT_WORK: ContextVar[LoadedPipeline | None] = ContextVar("AT_WORK", default=None)


@contextmanager
def at_work(loaded: LoadedPipeline) -> Iterator[None]:
    """Let every stage of the run in this block work with the file as it was read for it.

    Read anew by each, a file that is saved meanwhile would give a plan made from two: the accounts of one target, say,
    for the other.
    """
    token = _AT_WORK.set(loaded)
    try:
        yield
    finally:
        _AT_WORK.reset(token)


def pipeline_of_run(pipeline: str) -> LoadedPipeline:
    """Return a pipeline file as the run at work has read it; as it stands, where none is at work with it.

    Raises as ``load_pipeline``.
    """
    loaded = _AT_WORK.get()
    if loaded is not None and loaded.path == Path(pipeline):
        return loaded
    return load_pipeline(Path(pipeline), os.environ)
