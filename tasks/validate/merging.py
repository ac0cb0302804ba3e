"""Put the files of one namespace together: one row a person, attribute by attribute. Pure (docs/decisions/0025).

What files say alike, or only one of them says, is taken. Where they differ, the pipeline's precedence decides; where
it says nothing, every row of the person is held. The order of files and of rows decides nothing.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import pandas as pd

from tasks.model.plan import Origin
from tasks.model.rosters import CRITICAL, WARNING, Verdict
from tasks.model.sources import Source
from tasks.model.tables import ALSO_IN, FINDINGS, ORIGIN, TEXT, WORKERS, YESNO
from tasks.validate.findings import merge_findings
from tasks.validate.leavers import gone

CONFLICT, ELSEWHERE, NO_ADDRESS, NOBODY = "sources_conflict", "held_elsewhere", "address_nowhere", "nobody_elsewhere"
MERGE_CODES: Mapping[str, str] = {CONFLICT: CRITICAL, ELSEWHERE: CRITICAL, NO_ADDRESS: CRITICAL, NOBODY: WARNING}
"""What putting files together can say of a row, with its severity."""

NAMES = ("given_name", "family_name")
IDENTITY = (*NAMES, "user_name")
"""Where two or more of these can be compared and all of them differ, an id stands for two people."""
MOST_PLACES = 3
_PLACE = list(ORIGIN)
_NOT_SAID = frozenset({"source", *ORIGIN, "codes", "key_usable", ALSO_IN})


@dataclass(frozen=True)
class Merged:
    """A namespace put together. ``people`` has one clean row a person, its ``source`` being the namespace.

    ``verdicts`` are those of the sources, by name, with what was found between them: rows held for it are held there
    too.
    """

    people: Verdict
    verdicts: Mapping[str, Verdict]


def merge(
    namespace: str,
    sources: Sequence[Source],
    verdicts: Mapping[str, Verdict],
    precedence: Mapping[str, Sequence[str]],
    today: date,
) -> Merged:
    """Return the files of *namespace* (*verdicts* by source) as one population.

    People are the same by ``external_id``; a row without one is whoever has its address, else somebody by that
    address. A person of whom one row is held is held in all. ``precedence`` names the deciding sources by attribute.
    """
    table = _stack(sources, verdicts, today)
    found = [
        *_contested(table, precedence),
        *_two_in_one(table),
        *_two_of_an_address(table),
        *_one_address(table),
        *_unclear(table),
    ]
    held = table["held"] | table["at"].isin([note.at for note in found])
    elsewhere = table["key"].isin(table.loc[held, "key"].dropna()) & ~held
    found += [_Note(at, _key_attribute(table, at), ELSEWHERE) for at in table.index[elsewhere]]
    held |= elsewhere
    apart = _adds_to_nobody(table)
    present = apart & table["protects"].groupby(table["key"]).transform("any").eq(True) & ~held
    left_out = apart & ~present & ~held
    notes = [
        *found,
        *(_Note(at, "external_id", NO_ADDRESS) for at in table.index[present]),
        *(_Note(at, "external_id", NOBODY) for at in table.index[left_out]),
    ]
    held |= present
    places = _places(table, notes)
    judged = {source.name: _judged(source, verdicts[source.name], table, notes, places) for source in sources}
    people = _one_row_each(table[~held & ~left_out], precedence).assign(source=namespace)
    return Merged(
        Verdict(
            WORKERS.conform(people.drop(columns=_aside(people))),
            _held(table, judged.values(), namespace),
            merge_findings([verdict.findings for verdict in judged.values()]),
        ),
        judged,
    )


@dataclass(frozen=True)
class _Note:
    """One thing found of the row *at* (its index), over *attribute*; *others* are the first of the rows that it
    concerns too, and *more* is how many there are beside those."""

    at: int
    attribute: str
    code: str
    others: tuple[int, ...] = ()
    more: int = 0
    message: str = ""
    remedy: str = ""
    doubts_key: bool = False


# All rows in one table ----------------------------------------------------------------------------------------------


def _stack(sources: Sequence[Source], verdicts: Mapping[str, Verdict], today: date) -> pd.DataFrame:
    """Return every row of all files, each with the attributes that its source maps, and with its person's ``key``.

    Beside them stand ``at`` (the index), ``order`` (the file's place, those that name addresses first), ``held``,
    ``adds`` (the source has no addresses), ``protects`` (it is a full snapshot) and ``gone``. The key of a held row
    that does not tell who it is stays missing.
    """
    ordered = sorted(sources, key=lambda source: not source.names_addresses)
    parts = [_part(order, source, verdicts[source.name], today) for order, source in enumerate(ordered)]
    table = pd.concat(parts, ignore_index=True)
    table = table.assign(at=table.index, address=table["user_name"].str.casefold())
    return table.assign(key=_keys(table))


def _part(order: int, source: Source, verdict: Verdict, today: date) -> pd.DataFrame:
    held = verdict.held.assign(held=True, usable=verdict.held["key_usable"].fillna(False).astype(bool))
    clean = verdict.clean.assign(held=False, usable=True)
    rows = pd.concat([clean, held.drop(columns=["codes", "key_usable"])], ignore_index=True)
    says = {*source.columns, *(["status"] if source.names_addresses else [])}
    silent = [name for name in rows.columns if name not in says | _NOT_SAID | {"held", "usable"}]
    rows = rows.assign(**dict.fromkeys(silent, pd.Series(float("nan"), rows.index, dtype=TEXT)))
    protects = source.snapshot == "full"
    return rows.assign(order=order, adds=not source.names_addresses, protects=protects, gone=gone(rows, today))


def _keys(table: pd.DataFrame) -> pd.Series:
    """Return whose row each one is: its id, else the one id that has its address, else the address.

    An address that was given on is the present holder's.
    """
    known = table[table["external_id"].notna() & table["address"].notna() & table["usable"]]
    given_on = known["gone"] & known["address"].isin(known.loc[~known["gone"], "address"])
    pairs = known[~given_on].drop_duplicates(["address", "external_id"])
    by_address = pairs.groupby("address")["external_id"].agg(["first", "size"])
    owner = table["address"].map(by_address["first"][by_address["size"] == 1]).astype("str")
    keys: pd.Series = table["external_id"].fillna(owner).fillna(table["address"])
    return keys


def _attributes(table: pd.DataFrame) -> list[str]:
    aside = {"held", "usable", "order", "adds", "protects", "gone", "at", "address", "key"}
    return [name for name in table.columns if name not in _NOT_SAID | aside]


def _said(rows: pd.DataFrame) -> list[str]:
    """Return the attributes of which any of *rows* says something."""
    filled = rows[_attributes(rows)].notna().any()
    return [str(name) for name in filled.index[filled]]


def _aside(table: pd.DataFrame) -> list[str]:
    kept = {*WORKERS.columns, *_attributes(table), ALSO_IN}
    return [name for name in table.columns if name not in kept]


# What is wrong between files ----------------------------------------------------------------------------------------


def _several(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of people who have more than one, whose key tells who they are."""
    known = table[table["key"].notna() & table["usable"]]
    return known[known.duplicated("key", keep=False)]


def _ranked(rows: pd.DataFrame, attribute: str, precedence: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return the rows that say anything of *attribute* and, of each person's, those of the highest source that does.

    ``value`` is what they say, as it is compared; ``rank`` is the source's place in the precedence.
    """
    order = {name: place for place, name in enumerate(precedence.get(attribute, ()))}
    said = rows.loc[rows[attribute].notna(), list(dict.fromkeys(("key", "source", "address", "held", "at", attribute)))]
    rank = said["source"].map(order).astype("float64").fillna(len(order))
    said = said.assign(rank=rank, value=said["address"] if attribute == "user_name" else said[attribute])
    return said[said["rank"] == said.groupby("key")["rank"].transform("min")]


def _contested(table: pd.DataFrame, precedence: Mapping[str, Sequence[str]]) -> Iterator[_Note]:
    rows = _several(table)
    for attribute in _said(rows):
        said = _ranked(rows, attribute, precedence)
        of_person = said.groupby("key")
        several = (of_person["source"].transform("nunique") > 1) | ~of_person["held"].transform("any")
        contested = said[(of_person["value"].transform("nunique") > 1) & several]
        for _, mine in contested.groupby("key"):
            yield from _each(
                mine,
                attribute,
                f"Another row of this person says something else of {attribute}",
                f"Correct one of them, or say under 'precedence' in the pipeline which source decides on {attribute}.",
            )


def _two_in_one(table: pd.DataFrame) -> Iterator[_Note]:
    """Find ids that stand for two people: no precedence makes one person of them."""
    rows = _several(table)
    if rows.empty:
        return
    folded = pd.DataFrame({name: rows[name].str.casefold() for name in IDENTITY})
    by_key = folded.groupby(rows["key"])
    compared = by_key.count() > 1
    differs = by_key.nunique() > 1
    two = (compared.sum(axis=1) > 1) & (differs | ~compared).all(axis=1)
    for _, mine in rows[rows["key"].isin(two.index[two])].groupby("key"):
        yield from _each(
            mine,
            "external_id",
            "Another file has this person's id for somebody with another name and address",
            "Find out whose id it is, and give every other person their own.",
            doubts_key=True,
        )


def _two_of_an_address(table: pd.DataFrame) -> Iterator[_Note]:
    """Find rows that only an address makes one person's, under names of two: it may have been given on."""
    rows = _several(table)
    rows = rows[rows["address"].notna()]
    by_address = [rows["key"], rows["address"]]
    rows = rows[rows["external_id"].isna().groupby(by_address).transform("any")]
    if rows.empty:
        return
    named = rows[list(NAMES)].apply(lambda column: column.str.casefold())
    differs = named.groupby([rows["key"], rows["address"]]).transform("nunique") > 1
    for _, mine in rows[differs.all(axis=1)].groupby(["key", "address"]):
        yield from _each(
            mine,
            "user_name",
            "Another file has this address for somebody with another name",
            "Find out whose address it is. If they are one person, write one of the names alike in both files, or give "
            "the id in both.",
            doubts_key=True,
        )


def _one_address(table: pd.DataFrame) -> Iterator[_Note]:
    """Find addresses that files give to different people of whom none has left."""
    known = table[table["address"].notna() & table["key"].notna() & table["usable"] & ~table["gone"]]
    keys = known.groupby("address")["key"].transform("nunique")
    files = known.groupby("address")["source"].transform("nunique")
    for _, mine in known[(keys > 1) & (files > 1)].groupby("address"):
        yield from _each(
            mine,
            "user_name",
            "Another file gives this address to somebody else",
            "Give each person an address of their own.",
        )


def _unclear(table: pd.DataFrame) -> Iterator[_Note]:
    """Hold whoever has the address of a held row that does not tell by its key who it is."""
    unclear = table[table["held"] & ~table["usable"] & table["address"].notna()]
    theirs = table[table["usable"] & ~table["held"] & table["address"].isin(unclear["address"])]
    yield from (_Note(at, "user_name", ELSEWHERE) for at in theirs["at"].tolist())


def _each(
    rows: pd.DataFrame, attribute: str, message: str, remedy: str, *, doubts_key: bool = False
) -> Iterator[_Note]:
    places = sorted(rows["at"].tolist())
    first = places[: MOST_PLACES + 1]  # one address may stand in thousands of rows: each names a few of the others
    for at in places:
        others = tuple(other for other in first if other != at)[:MOST_PLACES]
        yield _Note(at, attribute, CONFLICT, others, len(places) - 1 - len(others), message, remedy, doubts_key)


def _adds_to_nobody(table: pd.DataFrame) -> pd.Series:
    """Say which rows are of people whom no source with addresses has."""
    alone: pd.Series = table["adds"].groupby(table["key"]).transform("all").eq(True)
    return alone


def _key_attribute(table: pd.DataFrame, at: int) -> str:
    return "external_id" if isinstance(table.at[at, "external_id"], str) else "user_name"


# What is left: people, and rows that are held -------------------------------------------------------------------------


def _one_row_each(rows: pd.DataFrame, precedence: Mapping[str, Sequence[str]]) -> pd.DataFrame:
    """Return one row a person, with what the files say together; it stands where the person's first row does."""
    ordered = rows.sort_values(["key", "order", "row"], kind="stable")
    people = ordered[~ordered.duplicated("key")].set_index("key", drop=False)
    several = ordered[ordered.duplicated("key", keep=False)]
    if len(several):
        mine = people.index.isin(several["key"])
        keys = people.index[mine]
        together = people[mine].assign(
            **{name: _together(several, name, precedence).reindex(keys).astype("str") for name in _said(several)},
            **{ALSO_IN: _also_in(several).reindex(keys)},
        )
        people = pd.concat([people[~mine], together]).sort_index()
    people["status"] = people["status"].fillna("active")
    return people.reset_index(drop=True)


def _together(several: pd.DataFrame, attribute: str, precedence: Mapping[str, Sequence[str]]) -> pd.Series:
    """Return what the rows of each person say of an attribute, by key; of two spellings always the same one."""
    said = _ranked(several, attribute, precedence).sort_values(["key", attribute], kind="stable")
    return said.drop_duplicates("key").set_index("key")[attribute]


def _also_in(several: pd.DataFrame) -> pd.Series:
    """Return where the further rows of each person stand, by key, a line each."""
    also = several[several.duplicated("key")]
    places = pd.Series([str(_origin(row)) for row in also[_PLACE].itertuples()], also["key"].to_numpy(), dtype=TEXT)
    more = places.index.duplicated(keep=False)  # few people have more than two rows: spare the others the grouping
    joined: pd.Series = pd.concat([places[~more], places[more].groupby(level=0).agg("\n".join)])
    return joined.astype("str")


def _held(table: pd.DataFrame, judged: Iterable[Verdict], namespace: str) -> pd.DataFrame:
    """Return the held rows of all files, under the keys by which the namespace knows their people."""
    held = pd.concat([verdict.held for verdict in judged], ignore_index=True)
    keys = table.set_index(["source", "row"])["key"]
    place = pd.MultiIndex.from_frame(held[["source", "row"]])
    by_id = set(table["external_id"].dropna())
    found = pd.Series(keys.reindex(place).to_numpy(), held.index, dtype="str")
    ids = held["external_id"].fillna(found.where(found.isin(by_id)))
    return _as_held(held.assign(source=namespace, external_id=ids))


def _places(table: pd.DataFrame, notes: Iterable[_Note]) -> dict[int, Origin]:
    """Return where the rows stand that *notes* are about, by index."""
    asked = sorted({at for note in notes for at in (note.at, *note.others)})
    rows = table.loc[asked, _PLACE]
    return {at: _origin(row) for at, row in zip(asked, rows.itertuples(), strict=True)}


def _judged(
    source: Source, verdict: Verdict, table: pd.DataFrame, notes: Sequence[_Note], places: Mapping[int, Origin]
) -> Verdict:
    """Return a source's verdict with *notes* on its rows: those of them that hold a row are held."""
    mine = set(table.index[table["source"] == source.name])
    said = [note for note in notes if note.at in mine]
    if not said:
        return verdict
    rows = {at: place.row for at, place in places.items()}
    codes: dict[int, set[str]] = {}
    for note in said:
        if MERGE_CODES[note.code] == CRITICAL:
            codes.setdefault(rows[note.at], set()).add(note.code)
    doubted = {rows[note.at] for note in said if note.doubts_key}
    moved = verdict.clean[verdict.clean["row"].isin(list(codes))]
    held = pd.concat([verdict.held, moved.assign(codes="", key_usable=True)], ignore_index=True)
    joined = [
        ",".join(sorted({*filter(None, str(there).split(",")), *codes.get(int(row), set())}))
        for there, row in zip(held["codes"], held["row"], strict=True)
    ]
    usable = held["key_usable"].astype(bool) & ~held["row"].isin(doubted)
    return Verdict(
        clean=verdict.clean[~verdict.clean["row"].isin(list(codes))].reset_index(drop=True),
        held=_as_held(held.assign(codes=joined, key_usable=usable)).sort_values("row", ignore_index=True),
        findings=merge_findings([verdict.findings, FINDINGS.frame(_finding(source, note, places) for note in said)]),
    )


def _as_held(rows: pd.DataFrame) -> pd.DataFrame:
    held = WORKERS.conform(rows.drop(columns=["codes", "key_usable"]))
    beside = rows[["codes", "key_usable"]].reset_index(drop=True).astype({"codes": TEXT, "key_usable": YESNO})
    return held.assign(codes=beside["codes"], key_usable=beside["key_usable"])


def _finding(source: Source, note: _Note, places: Mapping[int, Origin]) -> dict[str, Any]:
    place = places[note.at]
    message, remedy = (note.message, note.remedy) if note.message else _WORDS[note.code]
    shown = [str(places[other]) for other in note.others]
    more = f" and {note.more} more" if note.more else ""
    heading = source.columns[note.attribute].heading if note.attribute in source.columns else None
    return {
        "source": source.name,
        "file": place.file,
        "sheet": place.sheet,
        "row": place.row,
        "column": heading,
        "attribute": note.attribute,
        "code": note.code,
        "severity": MERGE_CODES[note.code],
        "message": message + (f": {'; '.join(shown)}{more}." if shown else "."),
        "remedy": remedy,
    }


_WORDS: Mapping[str, tuple[str, str]] = {
    ELSEWHERE: (
        "A row of this person in another file is held, or cannot be told from theirs",
        "Mend the held row: it is among those of the other source.",
    ),
    NO_ADDRESS: (
        "No list with addresses has this person, and a list that says who belongs to the company does",
        "Add the person to a list that has addresses; or, if lists without them only add, say 'snapshot: delta' there.",
    ),
    NOBODY: (
        "No list with addresses has this person, so the row adds to nobody",
        "Nothing, or remove the row.",
    ),
}


def _origin(row: Any) -> Origin:
    return Origin(row.file, row.sheet if isinstance(row.sheet, str) else None, int(row.row))
