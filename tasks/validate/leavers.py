"""Tell who has left, and what day it is, to checks that have to know. Pure."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

GONE = "gone"
"""The column of ``gone`` beside a worker's attributes, for the checks that have to know."""
TODAY = "today"
"""The column that has the day of the run, in every row."""
MARKS = (GONE, TODAY)


def gone(workers: pd.DataFrame, today: date) -> pd.Series:
    """Say of each row whether it tells, by an id, of somebody who has left: inactive, or past the last day of work.

    An address names nobody here: when somebody leaves it is cleared, or given to the next.
    """
    over = workers["end_date"].notna() & (workers["end_date"].fillna("") < today.isoformat())  # ISO dates sort as text
    left: pd.Series = ((workers["status"] == "inactive") | over) & workers["external_id"].notna()
    return left.astype(bool)


def marked(workers: pd.DataFrame, attributes: Sequence[str], today: date) -> pd.DataFrame:
    """Return *attributes* of *workers* with the columns of ``MARKS`` beside them."""
    day = pd.Series(today.isoformat(), workers.index, dtype="str")
    return workers[list(attributes)].assign(**{GONE: gone(workers, today), TODAY: day})
