"""What no roster has in its mapped cells, and which means that the file as a whole was made wrongly."""

from collections.abc import Mapping

import pandas as pd

from tasks.ingest.files import RosterFile
from tasks.model.columns import Column
from tasks.model.errors import RejectedSource
from tasks.model.sources import headings_of

LONGEST = 32_000
"""A spreadsheet cuts a cell off after 32,767 characters; a cell near it has swallowed something."""
NAMES = ("given_name", "family_name", "display_name")
FORMULA = r"(?s)\s*(?:=\s*[A-Za-z0-9\"'(+\-@{].*|[+\-@]\s*[A-Za-z0-9+\-]+\s*[(|!].*)"
"""Text that a spreadsheet program would run: ``=HYPERLINK(...)``, ``@SUM(...)``, ``+cmd|...``; no name is one."""
BEGINS_LIKE_ONE = r"^[^A-Za-z0-9=+\-@]*[=+\-@]"
"""All that match ``FORMULA`` match this, which Arrow's RE2 can look for in whole columns."""
SHOWN = 10


def check_cells(file: RosterFile, raw: pd.DataFrame, columns: Mapping[str, Column]) -> None:
    """Refuse a roster with cells of 32 kB in mapped columns, or with formulas for people's names.

    *columns* are the source's, by attribute, as this list has them.
    """
    for heading in headings_of(columns.values()):
        rows = raw.index[raw[heading].str.len() >= LONGEST]
        if len(rows):
            raise _refused(
                file, f"has cells of {LONGEST} characters and more", heading, list(rows),
                "A quotation mark or a line break is probably missing there; correct it, or export again.",
            )  # fmt: skip
    for heading in headings_of(columns[name] for name in NAMES if name in columns):
        suspects = raw.loc[raw[heading].str.contains(BEGINS_LIKE_ONE).eq(True), heading]
        rows = suspects.index[suspects.str.fullmatch(FORMULA).eq(True)]
        if len(rows):
            raise _refused(
                file, "has formulas, as text, where names should be", heading, list(rows),
                "Look at who could have written them; replace them by the names.",
            )  # fmt: skip


def _refused(file: RosterFile, what: str, heading: str, rows: list[int], remedy: str) -> RejectedSource:
    numbers = [int(row) for row in rows]
    shown = ", ".join(map(str, numbers[:SHOWN])) + (f" and {len(rows) - SHOWN} more" if rows[SHOWN:] else "")
    return file.rejected(f"{what}: column '{heading}', row {shown}", remedy, column=heading, rows=numbers)
