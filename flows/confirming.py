"""Plan nothing on a guess: a pipeline file with places that somebody has yet to confirm is refused."""

from collections.abc import Iterator
from contextlib import contextmanager

from flows.run import Run
from tasks.model.errors import BadPipeline, RejectedSource
from tasks.pipeline_file import LoadedPipeline

WHAT_TO_DO = "Correct what is wrong there, delete the comment '# please confirm', and run the command again"


@contextmanager
def confirmed(run: Run) -> Iterator[None]:
    """Let the rosters be read and validated first, so that the report has their figures, then refuse.

    Raises ``BadPipeline`` if anything is unconfirmed; that goes before a refusal of the rosters, which may well be its
    consequence.
    """
    try:
        yield
    except RejectedSource as error:
        if run.loaded.unconfirmed:
            raise unconfirmed(run.loaded, f"{error.what} {error.remedy}".strip()) from error
        raise
    require_confirmed(run.loaded)


def require_confirmed(loaded: LoadedPipeline) -> None:
    """Raise ``BadPipeline`` if places of the pipeline file wait to be confirmed."""
    if loaded.unconfirmed:
        raise unconfirmed(loaded)


def unconfirmed(loaded: LoadedPipeline, besides: str = "") -> BadPipeline:
    """Return the refusal of a file with unconfirmed places; *besides*, what else stands in the way."""
    places = loaded.unconfirmed
    lines = "\n".join(f"  {loaded.path}:{str(place).removeprefix('line ')}" for place in places)
    return BadPipeline(
        f"The pipeline file {loaded.path} has {_counted(len(places))}; no plan is made before.",
        remedy="\n".join(filter(None, (f"{WHAT_TO_DO}:", lines, besides))),
        path=str(loaded.path),
        problems=[{"line": place.line, "key": place.key, "message": place.what} for place in places],
    )


def note(loaded: LoadedPipeline) -> str:
    """Return what ``check`` says of unconfirmed places, nothing if there are none."""
    if not loaded.unconfirmed:
        return ""
    places = "; ".join(map(str, loaded.unconfirmed))
    number = len(loaded.unconfirmed)
    waits = "1 place waits" if number == 1 else f"{number} places wait"
    return f"{waits} to be confirmed before a plan is made: {places}"


def _counted(number: int) -> str:
    return "1 place that waits to be confirmed" if number == 1 else f"{number} places that wait to be confirmed"
