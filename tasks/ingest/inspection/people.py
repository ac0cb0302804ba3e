"""How many people the rows are, which stand there twice, and who is hard to tell from whom. Pure.

Nobody is merged here: two people of one name with different ids stay two, and rows that look alike are only named.
"""

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
from rapidfuzz import fuzz

from tasks.ingest.inspection import vocabulary
from tasks.ingest.inspection.columns import Proposal
from tasks.ingest.inspection.tables import Cells, People

NEIGHBOURS = 6
"""So many names that follow in the alphabet are compared with each, so that the work grows with the rows."""
ALIKE, ALIKE_ALONE = 88, 93
SHOWN = 20


@dataclass(frozen=True)
class Identity:
    """What tells people apart in a table: one text per row, by what there is; missing where a row lacks it."""

    names: pd.Series
    ids: pd.Series
    births: pd.Series
    departments: pd.Series

    @property
    def who(self) -> pd.Series:
        """Return one text per row that is equal for equal people: name with id, or with birth date, or alone."""
        return self.names.fillna("") + "\0" + self.ids.fillna("") + "\0" + self.births.fillna("")


@dataclass(frozen=True)
class Gathering:
    """``count``: people. ``duplicates``: rows that repeat an earlier one in every column. ``repeated``: rows of
    somebody who has another row that says something else. ``homonyms``: rows of people with one name and different ids
    or birth dates. ``look_alikes``: pairs of rows, at most ``SHOWN``; ``look_alike_pairs`` counts them all."""

    count: int
    duplicates: tuple[int, ...] = ()
    repeated: tuple[int, ...] = ()
    homonyms: tuple[int, ...] = ()
    look_alikes: tuple[tuple[int, int], ...] = ()
    look_alike_pairs: int = 0


def identify(people: People, proposals: Mapping[str, Proposal]) -> Identity:
    """Return what tells the people of a table apart."""
    index = people.index
    by_kind = {proposal.kind: people.column(name) for name, proposal in proposals.items() if _is_chosen(proposal)}
    names = _names(by_kind, index)
    id_column = by_kind.get("external_id") or by_kind.get(vocabulary.EMAIL) or by_kind.get(vocabulary.LOGIN)
    return Identity(
        names=names,
        ids=_text(id_column, index),
        births=_text(by_kind.get(vocabulary.BIRTH_DATE), index),
        departments=_text(by_kind.get("department"), index),
    )


def _is_chosen(proposal: Proposal) -> bool:
    return proposal.attribute is not None or proposal.kind == vocabulary.BIRTH_DATE


def _names(by_kind: Mapping[str | None, Cells], index: pd.Index) -> pd.Series:
    """Return the names as they compare: no case, no blanks too many; surname first where it stands apart."""
    parts = [by_kind[kind] for kind in ("family_name", "given_name") if kind in by_kind]
    if len(parts) < 2 and vocabulary.FULL_NAME in by_kind:
        parts = [by_kind[vocabulary.FULL_NAME]]
    joined = pd.Series("", index, dtype="str")
    for part in parts:
        joined = joined + " " + _text(part, index).fillna("")
    joined = joined.str.strip()
    return joined.mask(joined == "")


def _text(column: Cells | None, index: pd.Index) -> pd.Series:
    if column is None:
        return pd.Series(None, index, dtype="str")
    known = {value: alike(value) for value in column.values}
    return column.filled.map(known).astype("str").reindex(index)


def alike(text: str) -> str:
    """Return a text as names and ids compare: NFC, no case, single blanks."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def gather(people: People, identity: Identity) -> Gathering:
    """Count the people of a table, and name the rows that are hard to tell apart."""
    rows = people.index
    cells = pd.DataFrame({column.number: column.raw.str.strip() for column in people.columns}, index=rows)
    twice = cells.duplicated() if len(cells.columns) else pd.Series(False, rows)
    known = identity.names.notna() | identity.ids.notna()
    who = identity.who[known & ~twice]
    named = identity.names[known & ~twice].dropna()
    several = identity.ids.fillna("") + "\0" + identity.births.fillna("")
    homonymous = several.reindex(named.index).groupby(named).transform("nunique") > 1 if len(named) else named == ""
    pairs = _look_alikes(identity, named)
    return Gathering(
        count=int(identity.who[known].nunique()),
        duplicates=_rows(rows[twice]),
        repeated=_rows(who.index[who.duplicated(keep=False)]),
        homonyms=_rows(named.index[homonymous.astype(bool)]),
        look_alikes=tuple(pairs[:SHOWN]),
        look_alike_pairs=len(pairs),
    )


def _look_alikes(identity: Identity, named: pd.Series) -> list[tuple[int, int]]:
    """Return pairs of rows whose names are nearly the same, and nothing else speaks against their being one person.

    Each name meets only those near it in the alphabet, once by surname and once by its letters backwards, which finds
    differences at the end and at the start.
    """
    by_name = named.drop_duplicates()
    pairs: set[tuple[int, int]] = set()
    for key in (by_name, by_name.str[::-1]):
        ordered = by_name.loc[key.sort_values(kind="stable").index]
        for distance in range(1, NEIGHBOURS + 1):
            pairs.update(_alike_at(identity, ordered, distance))
    return sorted(pairs)


def _alike_at(identity: Identity, ordered: pd.Series, distance: int) -> Iterator[tuple[int, int]]:
    """Yield the pairs of rows that stand so far apart in the order of names and could be one person."""
    from rapidfuzz.process import cpdist

    names, rows = ordered.tolist(), ordered.index.to_numpy()
    if len(names) <= distance:
        return
    likeness = cpdist(names[:-distance], names[distance:], scorer=fuzz.ratio, score_cutoff=ALIKE)
    for place in likeness.nonzero()[0]:
        row, other = int(rows[place]), int(rows[place + distance])
        if _could_be_one(identity, row, other, float(likeness[place])):
            yield min(row, other), max(row, other)


def _could_be_one(identity: Identity, row: int, other: int, likeness: float) -> bool:
    births = _same(identity.births, row, other)
    if births is False:
        return False
    departments = _same(identity.departments, row, other)
    return likeness >= (ALIKE if births or departments else ALIKE_ALONE)


def _same(texts: pd.Series, row: int, other: int) -> bool | None:
    """Say whether two rows have the same text; None if one has none."""
    first, second = texts[row], texts[other]
    return first == second if isinstance(first, str) and isinstance(second, str) else None


def _rows(index: Sequence[int] | pd.Index) -> tuple[int, ...]:
    return tuple(int(row) for row in index)
