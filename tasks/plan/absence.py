"""Who may be taken for a leaver, and who must not be: a held row never takes anything from anybody. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd

from tasks.model.plan import WithheldReason
from tasks.plan.people import worker_keys

Key = tuple[str, str]


@dataclass(frozen=True)
class Doubt:
    """Whom held rows could be.

    ``held``: linked workers who are named by a held row; nothing about them changes. ``addressed``: those whose address
    a held row has. ``claimed``: those whose address a new id carries. ``undecided``: sources with a held row that tells
    neither by key nor by address who it is; no removal of an absent person is safe there. A person with a row of their
    own is not in it. ``misplaced``: linked workers whose account is somebody else's by now.
    """

    held: frozenset[Key] = frozenset()
    addressed: frozenset[Key] = frozenset()
    claimed: frozenset[Key] = frozenset()
    undecided: frozenset[str] = frozenset()
    misplaced: frozenset[Key] = frozenset()

    def about(self, source: str, key: str, *, absent: bool) -> WithheldReason | None:
        """Return why this linked worker must not lose anything, or None."""
        if (source, key) in self.held:
            return WithheldReason.HELD
        if (source, key) in self.addressed or (absent and source in self.undecided):
            return WithheldReason.UNDECIDED
        if (source, key) in self.claimed:
            return WithheldReason.NEW_ID
        if (source, key) in self.misplaced:
            return WithheldReason.IDENTITY
        return None


def weigh_held_rows(held: pd.DataFrame, linked: pd.DataFrame, claimed_from: Iterable[str]) -> Doubt:
    """Return whom the held rows of all sources (Verdict.held) could be among *linked* (``people.live_links``).

    A row whose key is usable is that person, and may be whoever the address belongs to. One whose key is not may be
    the owner of its address, else anybody.
    """
    rows = held.assign(key=worker_keys(held), address=held["user_name"].str.casefold())
    named = {(source, key) for source, key in zip(rows["source"], rows["key"], strict=True) if pd.notna(key)}
    unclear = rows[~rows["key_usable"].astype(bool)]
    owners = _owners_by_address(linked) if len(rows) else {}
    decided = unclear["address"].isin(list(owners))
    by_address = {owner for address in unclear.loc[decided, "address"] for owner in owners[address]}
    claimed = {(source, key) for source, _, key in (text.partition("\t") for text in claimed_from)}
    addressed = {owner for address in rows["address"].dropna() for owner in owners.get(address, ())}
    return Doubt(
        held=frozenset(named | by_address),
        addressed=frozenset(addressed),
        claimed=frozenset(claimed),
        undecided=frozenset(unclear.loc[~decided, "source"]),
    )


def _owners_by_address(linked: pd.DataFrame) -> Mapping[str, set[Key]]:
    owners: dict[str, set[Key]] = {}
    for column in ("link_user_name", "current_user_name"):
        known = linked[linked[column].notna()]
        for address, source, key in zip(
            known[column].str.casefold(), known["link_source"], known["link_external_id"], strict=True
        ):
            owners.setdefault(address, set()).add((source, key))
    return owners


def absent_links(linked: pd.DataFrame, people: pd.DataFrame, full_sources: Iterable[str]) -> pd.DataFrame:
    """Return the active links whose worker is in none of the rows of a full snapshot.

    A delta says nothing by silence, nor does a source that the pipeline no longer has.
    """
    present = pd.MultiIndex.from_frame(people[["source", "key"]])
    keys = pd.MultiIndex.from_frame(linked[["link_source", "link_external_id"]])
    return linked[~keys.isin(present) & linked["link_source"].isin(list(full_sources))]
