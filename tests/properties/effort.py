"""How many examples a property is tried with. ROSTERFLOW_EFFORT multiplies them (``make prove``)."""

import os

EFFORT = int(os.environ.get("ROSTERFLOW_EFFORT", "1"))


def examples(number: int) -> int:
    return number * EFFORT
