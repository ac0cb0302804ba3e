"""Who may be taken for a leaver, and who must not be: a held row never takes anything from anybody. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

import pandas as pd

from tasks.model.plan import WithheldReason
from tasks.plan.strangers import Key, known_of, others_of


@dataclass(frozen=True)
class Doubt:
    """Whom held rows could be.

    ``held``: linked workers who are named by a held row; nothing about them changes. ``addressed``: those whose address
    a held row has. ``named``: those whose first name and surname a held row has beside the key of somebody of other
    names. ``claimed``: those whose address or names a row has that is under a new id. ``astray``: those whose address
    or names a row has that is under the id of another. ``undecided``: sources with a held row that tells neither by key
    nor by address who it is. The removal of an absent person is not safe there, nor is that of an absent one who is
    ``named`` or ``astray``. ``misplaced``: linked workers whose account is somebody else's by now.
    """

    held: frozenset[Key] = frozenset()
    addressed: frozenset[Key] = frozenset()
    named: frozenset[Key] = frozenset()
    claimed: frozenset[Key] = frozenset()
    astray: frozenset[Key] = frozenset()
    undecided: frozenset[str] = frozenset()
    misplaced: frozenset[Key] = frozenset()

    def about(self, source: str, key: str, *, absent: bool) -> WithheldReason | None:
        """Return why this linked worker must not lose anything, or None."""
        if (source, key) in self.held:
            return WithheldReason.HELD
        if (source, key) in self.addressed or (absent and (source in self.undecided or (source, key) in self.named)):
            return WithheldReason.UNDECIDED
        if (source, key) in self.claimed or (absent and (source, key) in self.astray):
            return WithheldReason.NEW_ID
        if (source, key) in self.misplaced:
            return WithheldReason.IDENTITY
        return None


def weigh_held_rows(held: pd.DataFrame, linked: pd.DataFrame, people: pd.DataFrame) -> Doubt:
    """Return whom the *held* rows of all sources (Verdict.held, ``people.keyed``), and the rows of *people*
    (``people.correlate``) that are under a wrong id, could be among *linked* (``people.live_links``).

    A held row whose key is usable is that person, and may be whoever the address or the names belong to. One whose key
    is not may be the owner of its address, else anybody.
    """
    named = {(source, key) for source, key in zip(held["source"], held["key"], strict=True) if pd.notna(key)}
    unclear = held[~held["key_usable"].astype(bool)]
    known = known_of(linked)
    decided = unclear["address"].isin(known["address"].dropna())
    by_address = _owners(known, unclear.loc[decided])
    certain = frozenset(named | by_address)
    keys = pd.MultiIndex.from_frame(people[["source", "key"]])
    astray = people[(people["match"] == "stranger") | keys.isin(list(certain))]
    claimed = {(source, key) for source, _, key in (text.partition("\t") for text in people["claimed_from"].dropna())}
    return Doubt(
        held=certain,
        addressed=_owners(known, held),
        named=others_of(known, held, "names"),
        claimed=frozenset(claimed),
        astray=others_of(known, astray, "address") | others_of(known, astray, "names"),
        undecided=frozenset(unclear.loc[~decided, "source"]),
    )


def _owners(known: pd.DataFrame, rows: pd.DataFrame) -> frozenset[Key]:
    met = known[known["address"].isin(rows["address"].dropna())]
    return frozenset(zip(met["source"], met["key"], strict=True))


def absent_links(linked: pd.DataFrame, people: pd.DataFrame, full_sources: Iterable[str]) -> pd.DataFrame:
    """Return the active links whose worker is in none of the rows of a full snapshot.

    A delta says nothing by silence, nor does a source that the pipeline no longer has.
    """
    present = pd.MultiIndex.from_frame(people[["source", "key"]])
    keys = pd.MultiIndex.from_frame(linked[["link_source", "link_external_id"]])
    return linked[~keys.isin(present) & linked["link_source"].isin(list(full_sources))]
