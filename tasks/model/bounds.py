"""How far a source's file may differ from the last one that was accepted, and how fast it may grow."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from tasks.model.fields import Share, Spec


def _growth(value: Any) -> Any:
    if isinstance(value, str):
        match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*%\s*", value)
        if not match:
            raise ValueError("write a share as a percentage, for example 50%")
        return float(match[1]) / 100
    return value


Growth = Annotated[
    float, BeforeValidator(_growth), Field(ge=0, json_schema_extra={"type": "string", "examples": ["50%"]})
]
"""A share that may be more than the whole: a list can become three times as long."""


class RowBounds(Spec):
    """How many fewer, or more, rows a file may have than the last accepted one, as a share of that one's."""

    fewer: Share | None = None
    more: Growth | None = None


class Whole(Spec):
    """How far a file may differ, as a whole, from the last one that was accepted; past a bound it is refused.

    ``filled`` is by how many percentage points the filled share of a column may move, ``departments`` by what share
    the number of departments, ``moved`` what share of the people may be in another department. ``identity`` is what
    share of them may have an address that was somebody else's, or another name; ``held`` by how many percentage points
    the share of held rows may rise. ``columns`` says whether a new or a vanished column stops the run, or is only told.
    A bound that is None is not set.
    """

    rows: RowBounds = RowBounds()
    filled: Share | None = None
    departments: Share | None = None
    moved: Share | None = None
    identity: Share | None = None
    held: Share | None = None
    columns: Literal["stop", "tell"] = "stop"


DEFAULT_WHOLE = Whole(
    rows=RowBounds(fewer=0.20, more=0.50), filled=0.20, departments=0.30, moved=0.20, identity=0.05, held=0.20
)
"""What holds for a full snapshot where the pipeline says nothing."""
DEFAULT_OF_DELTAS = Whole(identity=0.05)
"""What holds for a delta. It is of any size and about anybody: only its columns stay, and people are who they were."""
