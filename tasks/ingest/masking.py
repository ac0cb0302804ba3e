"""Put a mask over what is secret in a roster, before anything else is done with it. Pure.

Whatever leaves this package holds the mask: the table as it was read, and with it rejects.xlsx, findings and reports.
"""

import re

import pandas as pd

from tasks.model.secrets import LOOKS_SECRET, MASK, kind_of_heading, kind_of_value
from tasks.model.sources import Source

_NUMBERED = re.compile(r" \(\d+\)$")
"""What tells a heading from the same one before it."""


def masked(source: Source, raw: pd.DataFrame) -> pd.DataFrame:
    """Return *raw* with ``MASK`` in every filled cell of a secret column, and in cells that are secret by their shape.

    Columns are secret if the source says so (``secret``) or their heading does; ``not_secret`` clears a column of
    either suspicion. Blank cells stay blank.
    """
    return raw.assign(**{heading: _masked(source, raw[heading]) for heading in raw.columns})


def _masked(source: Source, cells: pd.Series) -> pd.Series:
    heading = str(cells.name)
    names = {heading.casefold(), _NUMBERED.sub("", heading).casefold()}  # "Memo (2)" may also be the file's own heading
    if not names.isdisjoint(map(str.casefold, source.secret)):  # an export may come to write its headings otherwise
        return cells.mask(cells.notna(), MASK)
    if not names.isdisjoint(map(str.casefold, source.not_secret)):
        return cells
    if kind_of_heading(_NUMBERED.sub("", heading)):
        return cells.mask(cells.notna(), MASK)
    suspects = cells[cells.str.contains(LOOKS_SECRET).eq(True)]
    return cells.mask(cells.isin([text for text in suspects.unique() if kind_of_value(text)]), MASK)
