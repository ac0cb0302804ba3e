"""Records without rows of their own (JSON, XML, LDIF) as a table: row 1 the names of the fields, record n row n+1."""

import re
from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import fuzz, process

from tasks.ingest.containers import Container
from tasks.ingest.files import ReadFile, shortened
from tasks.ingest.tables import RawTable
from tasks.model.errors import RejectedSource

MAX_FIELDS = 2_000
MAX_DEPTH = 50
MAX_CELLS = 30_000_000
LISTED = "\n"
"""What joins the values of a list: line breaks part the values of an attribute of several, whatever its ``split``."""


def table_of(file: ReadFile, name: str | None, records: Sequence[Mapping[str, str]], container: Container) -> RawTable:
    """Return *records* as a table; its fields are in the order in which they come up.

    Raises ``RejectedSource`` if there are more fields, or cells, than a roster can have.
    """
    fields: dict[str, None] = {}
    for record in records:
        fields.update(dict.fromkeys(record))
    if len(fields) > MAX_FIELDS or len(fields) * len(records) > MAX_CELLS:
        raise file.rejected(
            f"has {len(records)} records of {len(fields)} different fields, which no roster needs",
            "Set sources.records to where the people are.",
        )
    rows = [list(fields), *([record.get(field, "") for field in fields] for record in records)]
    return RawTable(name, rows, headed=True, container=container)


def joined(values: Iterable[str]) -> str:
    """Return the values of a list as one cell."""
    return LISTED.join(value for value in values if value)


def no_such_records(file: ReadFile, wanted: str | None, there: Sequence[str]) -> RejectedSource:
    """Return the refusal of a file whose records are not where they are declared, or in several places."""
    if not there:
        return file.rejected("has no records in it", "Check the export.")
    if wanted is None:
        return file.rejected(
            f"has records in {len(there)} places: {_shown(there)}",
            "Set sources.records to the one that has the people.",
            records=list(there[:30]),
        )
    words = list(filter(_is_a_word, there))
    near = process.extractOne(wanted, words, scorer=fuzz.ratio, processor=str.lower, score_cutoff=60)
    hint = f" Did you mean '{near[0]}'?" if near else ""
    return file.rejected(
        f"has no records '{wanted}'; there are: {_shown(there)}",
        f"Correct sources.records, or the export.{hint}",
        records=list(there[:30]),
    )


def _shown(places: Sequence[str]) -> str:
    """Return places for a message. Where records stand under people's names or addresses, these are not shown."""
    words = list(filter(_is_a_word, places))
    others = len(places) - len(words)
    told = [shortened(words)] if words else []
    told += [f"{others} {'is' if others == 1 else 'are'} called by what may be somebody's name"] if others else []
    return "; ".join(told)


def _is_a_word(place: str) -> bool:
    """Whether a place is called by words as programs use them: letters and figures, without blanks or an @."""
    return re.fullmatch(r"[\w.$/:{}*-]+", place) is not None
