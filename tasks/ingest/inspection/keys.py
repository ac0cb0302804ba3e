"""Which columns could be the key of a person, and why others could not. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from tasks.ingest.inspection import vocabulary
from tasks.ingest.inspection.columns import Proposal
from tasks.ingest.inspection.people import Identity
from tasks.ingest.inspection.tables import Cells, People
from tasks.ingest.inspection.values import few_words

KEY_KINDS = ("external_id", vocabulary.EMAIL, vocabulary.LOGIN)
NO_KEYS = (
    *("start_date", "end_date", "phone", "given_name", "family_name", "title", "manager_id", vocabulary.FULL_NAME),
    *(vocabulary.BIRTH_DATE, vocabulary.SECRET, vocabulary.MANAGER_NAME, vocabulary.OTHER),
)
"""Kinds that may well be different in every row, and are no keys: they change, or others may have them too."""
MOST, LONGEST, UNIQUE_SHARE = 8, 64, 0.98
SHOWN = 20


@dataclass(frozen=True)
class Key:
    """A column that could be the key. ``conflicting_ids`` are its values that rows of different people have,
    ``conflicting_rows`` how many rows those are, ``rows`` the first of them."""

    column: str
    unique: bool
    filled: int
    distinct: int
    conflicting_ids: int
    conflicting_rows: int
    rows: tuple[int, ...]
    why: str


def find_keys(people: People, proposals: Mapping[str, Proposal], identity: Identity) -> list[Key]:
    """Return the columns that are keys by what they are called, and those in which every row is different."""
    named = [column for column in people.columns if proposals[column.name].kind in KEY_KINDS]
    others = [column for column in people.columns if column not in named and _may_be_key(column, proposals, people)]
    order = {kind: place for place, kind in enumerate(KEY_KINDS)}
    named.sort(key=lambda column: order[str(proposals[column.name].kind)])
    return [_key(column, people, identity) for column in [*named, *others][:MOST]]


def _may_be_key(column: Cells, proposals: Mapping[str, Proposal], people: People) -> bool:
    filled = len(column.filled)
    return (
        proposals[column.name].kind not in NO_KEYS
        and filled >= max(2, UNIQUE_SHARE * len(people.index))
        and len(column.values) >= UNIQUE_SHARE * filled
        and not few_words(column)
        and int(column.filled.str.len().max()) <= LONGEST
    )


def _key(column: Cells, people: People, identity: Identity) -> Key:
    shared = column.filled[column.filled.duplicated(keep=False)]
    names = identity.names.reindex(shared.index).fillna("")
    conflicting = shared[names.groupby(shared).transform("nunique") > 1] if len(shared) else shared
    rows, ids = len(conflicting), int(conflicting.nunique())
    filled, distinct = len(column.filled), len(column.values)
    return Key(
        column=column.name,
        unique=distinct == filled == len(people.index) and filled > 0,
        filled=filled,
        distinct=distinct,
        conflicting_ids=ids,
        conflicting_rows=rows,
        rows=_first(conflicting.index),
        why=_reason(len(people.index), filled, distinct, ids, rows, len(shared)),
    )


def _reason(total: int, filled: int, distinct: int, ids: int, rows: int, shared: int) -> str:
    if not filled:
        return "it is blank from top to bottom"
    if distinct == filled == total:
        return "it is filled in every row, and no two are alike"
    parts = []
    if filled < total:
        parts.append(f"it is blank in {total - filled} of {total} rows")
    if ids:
        parts.append(f"{ids} of its {distinct} values are shared by different people ({rows} rows)")
    if shared - rows:
        parts.append(f"{shared - rows} rows repeat a value for the same person")
    return "; ".join(parts)


def _first(index: pd.Index | Sequence[int]) -> tuple[int, ...]:
    return tuple(int(row) for row in index[:SHOWN])
