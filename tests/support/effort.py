"""How much of what is exhaustive is tried: a few cases in ``make test``, all of them in ``make prove``.

ROSTERFLOW_EFFORT multiplies the examples of properties; ``make prove`` sets it.
"""

import os
from collections.abc import Collection, Iterable
from typing import Any

import pytest

EFFORT = int(os.environ.get("ROSTERFLOW_EFFORT", "1"))


def examples(number: int) -> int:
    """Return how many examples a property is tried with, *number* for each unit of effort; ``make test`` tries half."""
    return number * EFFORT if EFFORT > 1 else max(number // 2, 1)


def sampled(cases: Iterable[Any], keep: Collection[str]) -> list[Any]:
    """Return *cases* as parameters: ``make test`` tries those that *keep* names, ``make prove`` the others.

    A case is named by the id of its ``pytest.param``; any other is its own name, as ``str`` writes it.

    Raises ``ValueError`` where *keep* names no case, so that a case that was renamed is not lost from ``make test``.
    """
    params = [case if hasattr(case, "marks") else pytest.param(case, id=str(case)) for case in cases]
    unknown = set(keep) - {str(param.id) for param in params}
    if unknown or not keep:
        raise ValueError(f"no case is named {sorted(unknown)}: {[param.id for param in params]}")
    return [param if param.id in keep else _proven(param) for param in params]


def _proven(param: Any) -> Any:
    return pytest.param(*param.values, id=param.id, marks=(*param.marks, pytest.mark.prove))
