"""Tell whether the people of a file are still who they were: shifted columns give everybody another one's id. Pure.

What a file says of a person is held against the last accepted file and against the links, as keyed hashes
(docs/decisions/0034).
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from tasks.model.bounds import Whole
from tasks.model.plan import SMALLEST_BASE
from tasks.model.wholes import FileProfile, WholeReading, fewer

HASH_BYTES = 8
NOTHING = bytes(HASH_BYTES)
FEWEST = 3
"""Fewer people than this never stop a run: two who were mixed up are no shifted column."""
_PERSON = np.dtype([("who", ">u8"), ("address", ">u8"), ("given", ">u8"), ("family", ">u8")])

Key = tuple[str, int]
Facts = tuple[int, int, int]
"""Address, first name and surname of a person, hashed; 0 where it is not known."""


def hashed(key: bytes, text: str) -> bytes:
    return hashlib.blake2b(text.encode(), key=key, digest_size=HASH_BYTES).digest()


def plain(text: str) -> str:
    """Return a name without what is no part of who somebody is: case, accents and how they are encoded, blanks.

    >>> plain("José  Müller") == plain("jose muller")
    True
    """
    if text.isascii():
        return " ".join(text.casefold().split())
    bare = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(bare.casefold().split())


def marks_of(ids: pd.Series, people: pd.DataFrame, key: bytes) -> list[bytes]:
    """Return 32 bytes a person (``FileProfile.people``), sorted. *ids* are by the index of *people*."""
    columns = [
        ids,
        *(people[name].map(plain, na_action="ignore") for name in ("user_name", "given_name", "family_name")),
    ]
    known: dict[str, bytes] = {}

    def mark(value: object) -> bytes:
        if not isinstance(value, str):
            return NOTHING
        if value not in known:
            known[value] = hashed(key, value)
        return known[value]

    return sorted(b"".join(map(mark, row)) for row in zip(*columns, strict=True))


@dataclass(frozen=True)
class LinkedPeople:
    """The people whom the journal has linked, whatever source they are from: what they are known by, hashed."""

    facts: Mapping[Key, Facts] = field(default_factory=dict)
    owners: Mapping[int, frozenset[Key]] = field(default_factory=dict)

    @classmethod
    def of(cls, links: pd.DataFrame, key: bytes) -> "LinkedPeople":
        """Return them as ``LINKS`` has them; *key* is that of the profiles. Deleted accounts are nobody's."""
        live = links[links["state"] != "deleted"]
        facts: dict[Key, Facts] = {}
        for source, part in live.groupby("source", sort=False):
            facts |= {(str(source), who): rest for who, rest in _read(b"".join(marks_of_links(part, key)))}
        owners: dict[int, set[Key]] = {}
        for person, (address, _, _) in facts.items():
            if address:
                owners.setdefault(address, set()).add(person)
        return cls(facts, {address: frozenset(found) for address, found in owners.items()})


def marks_of_links(links: pd.DataFrame, key: bytes) -> list[bytes]:
    return marks_of(links["external_id"], links, key)


def compare_people(
    before: FileProfile | None, now: FileProfile, bounds: Whole, links: LinkedPeople, population: str
) -> list[WholeReading]:
    """Return how many of the people who are known have the address of somebody else, and how many another name.

    Empty where nobody is known. Who has id and address as in the last accepted file is not counted, nor is who has
    the address of their own link, or of the names who has those of it. A name is another if first name or surname
    differs from that in the last accepted file; where the person was not in it, if both differ from those of the link.
    """
    was = dict(_read(before.people)) if before else {}
    owned = _owners(was)
    known = addresses = names = 0
    for who, facts in _read(now.people):
        address, last, link = facts[0], was.get(who), links.facts.get((population, who))
        linked, owner = links.owners.get(address, frozenset()), owned.get(address, who)
        known += bool(last or link or linked or owner != who)
        same = (last is not None and last[0] == address) or (population, who) in linked
        addresses += not same and (owner != who or bool(linked))
        names += _differ(facts, last, link)
    return [_reading("user_name", known, addresses, bounds), _reading("name", known, names, bounds)] if known else []


def _read(people: bytes) -> Iterator[tuple[int, Facts]]:
    for who, address, given, family in np.frombuffer(people, dtype=_PERSON).tolist():
        yield who, (address, given, family)


def _owners(people: Mapping[int, Facts]) -> dict[int, int]:
    """Return who has each address, those of several left out."""
    owners: dict[int, int] = {}
    several: set[int] = {0}
    for who, (address, _, _) in people.items():
        if owners.setdefault(address, who) != who:
            several.add(address)
    return {address: who for address, who in owners.items() if address not in several}


def _differ(now: Facts, last: Facts | None, link: Facts | None) -> bool:
    if last is not None:
        return any(_other(now[1:], last[1:])) and not (link and now[1:] == link[1:])
    return link is not None and all(_other(now[1:], link[1:]))


def _other(now: Iterable[int], before: Iterable[int]) -> list[bool]:
    """Tell of each name whether it is another one; a name that is missing on either side is not."""
    return [bool(here and there) and here != there for here, there in zip(now, before, strict=True)]


def _reading(subject: str, known: int, found: int, bounds: Whole) -> WholeReading:
    share = round(found / max(known, SMALLEST_BASE), 6)
    broken = bounds.identity is not None and found >= FEWEST and share > bounds.identity
    return WholeReading("identity", subject, known, found, share, bounds.identity, broken, fewer(known))
