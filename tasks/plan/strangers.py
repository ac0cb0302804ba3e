"""Who is no longer who the link says: ids, addresses and names that got beside somebody else's. Pure."""

from collections.abc import Collection, Mapping

import pandas as pd

NAMES = ("given_name", "family_name")
FIELDS = (*NAMES, "user_name")
Key = tuple[str, str]
_WHO = ["source", "key", "address", *NAMES]


def hold_strangers(people: pd.DataFrame, linked: pd.DataFrame, held: pd.DataFrame) -> pd.DataFrame:
    """An id that stands beside somebody else's name or address must not hand over the account of whoever has it.

    That is so

    - if address and both names differ from what is known of the account;
    - if the address is that of another linked account, and a name differs too or that account's owner has a row of
      their own;
    - if a name differs, and the address too, and the one that was theirs stands in another row of the list, which had
      another;
    - if a name differs, and the new ones are just those that another linked person has lost;
    - if the first name differs, and the names that were theirs stand in one other row of the list, which had others.
      Who takes another surname may have had a namesake, and names that stand in several rows say of nobody who it is.

    Ids are used again, and cells get into the wrong row. *held* are the rows that were held (``Verdict.held``, with
    ``key`` and ``address``): they tell of nobody what is to be done, but they are rows of the list.
    """
    accounts = linked.set_index("account_key")
    by_link = people["match"] == "link"
    differs = {name: _differs(people, accounts, name) for name in FIELDS}
    named = people["given_name"].notna() & people["family_name"].notna()
    stranger = named & differs["given_name"] & differs["family_name"] & differs["user_name"]
    renamed = differs["given_name"] | differs["family_name"]
    addresses = accounts["current_user_name"].str.casefold().dropna()
    present = addresses[addresses.index.isin(people.loc[by_link, "account_key"])]
    taken = people["address"].isin(addresses) & renamed | people["address"].isin(present)
    other = by_link & (stranger | taken & differs["user_name"])
    changed = by_link & renamed
    if changed.any():
        other |= changed & _are_others(people, changed, linked, held, named, differs)
    people.loc[other, "match"] = "stranger"
    people.loc[other, "account_key"] = pd.NA
    return people


def _are_others(
    people: pd.DataFrame,
    changed: pd.Series,
    linked: pd.DataFrame,
    held: pd.DataFrame,
    named: pd.Series,
    differs: Mapping[str, pd.Series],
) -> pd.Series:
    """Tell of each worker whose name is *changed* whether somebody else has got theirs, or they somebody else's.

    *named* are those with both names.
    """
    known = known_of(linked)
    listed = pd.concat([people.loc[people["employed"], _WHO], held[_WHO]])
    alone = listed[~paired(listed).duplicated(keep=False)]
    lost = known[_among(known, list(zip(people.loc[changed, "source"], people.loc[changed, "key"], strict=True)))]
    return (
        (differs["user_name"] & _among(people, others_of(known, listed, "address")))
        | (differs["given_name"] & named & _among(people, others_of(known, alone, "names")))
        | (named & paired(people).isin(lost["names"]))
    )


def known_of(linked: pd.DataFrame) -> pd.DataFrame:
    """Return by what linked people are known: ``source``, ``key``, ``address`` and ``names`` (``paired``), two rows per
    link of ``people.live_links``: what the link has noted, and what the account has now."""
    who = linked[["link_source", "link_external_id"]].set_axis(["source", "key"], axis=1)
    return pd.concat(
        [
            who.assign(
                address=linked[f"{prefix}user_name"].str.casefold(),
                names=paired(linked[[f"{prefix}given_name", f"{prefix}family_name"]].set_axis(NAMES, axis=1)),
            )
            for prefix in ("link_", "current_")
        ],
        ignore_index=True,
    )


def paired(rows: pd.DataFrame) -> pd.Series:
    """Return first name and surname as one text without regard to case, missing where either is."""
    return rows["given_name"].str.casefold() + "\t" + rows["family_name"].str.casefold()


def others_of(known: pd.DataFrame, rows: pd.DataFrame, field: str) -> frozenset[Key]:
    """Return whom of the *known* (``known_of``) the *rows* (of ``people.keyed``) of the same source name in *field*,
    beside another key.

    A row whose own key is known by just that is nobody else's. Cells get beside others within one list: the same person
    may be in another one under a key of its own.
    """
    value = paired(rows) if field == "names" else rows[field]
    asked = rows[["source", "key"]].assign(**{field: value}).dropna(subset=[field])
    met = asked.merge(known.dropna(subset=[field]), on=["source", field], suffixes=("", "_known"))
    row = ["source", "key", field]
    own = met[met["key"] == met["key_known"]]
    others = met[~pd.MultiIndex.from_frame(met[row]).isin(pd.MultiIndex.from_frame(own[row]))]
    return frozenset(zip(others["source"], others["key_known"], strict=True))


def _among(people: pd.DataFrame, keys: Collection[Key]) -> pd.Series:
    inside = pd.MultiIndex.from_frame(people[["source", "key"]]).isin(list(keys))
    return pd.Series(inside, index=people.index)


def _differs(people: pd.DataFrame, accounts: pd.DataFrame, name: str) -> pd.Series:
    """Tell of each worker whether *name* is there, and is neither what the link knows nor what the account has now."""
    ours = people[name].str.casefold()
    differs = ours.notna()
    for known in (f"link_{name}", f"current_{name}"):
        theirs = people["account_key"].map(accounts[known]).astype("str").str.casefold()
        differs &= ours != theirs
    return differs


def misplaced(people: pd.DataFrame, linked: pd.DataFrame) -> frozenset[str]:
    """Return the linked accounts that are somebody else's by now: those that stand at somebody else's address, whose
    link may have got the wrong key, and those that were ``handed_over``.

    An address is somebody's who has it in *people* (of ``gather``), or is known by it in another link. Nobody is taken
    for somebody else at an address of their own.
    """
    links = (linked["link_source"], linked["link_external_id"])
    known = [
        pd.DataFrame({"address": address.str.casefold(), "owner": source + "\t" + key})
        for address, source, key in (
            (people["address"], people["source"], people["key"]),
            (linked["link_user_name"], *links),
        )
    ]
    at = linked["current_user_name"].str.casefold()
    current = pd.DataFrame({"address": at, "mine": links[0] + "\t" + links[1], "account_key": linked["account_key"]})
    owners = pd.concat(known).dropna().drop_duplicates()
    met = current[linked["link_user_name"].notna()].dropna().merge(owners, on="address")
    own = met.loc[met["owner"] == met["mine"], "account_key"]
    return frozenset(met["account_key"]) - frozenset(own) | handed_over(people, linked)


def handed_over(people: pd.DataFrame, linked: pd.DataFrame) -> frozenset[str]:
    """Return the linked accounts that were given to another person by hand.

    Their address and both names are now neither those that the link knows nor those of the worker's row (of
    ``gather``). Who has a new address or a new surname only is still the same person, and so is whoever has first name
    and surname in the wrong order. Where one of the three is not known, nothing is concluded.
    """
    ours = people[["source", "key", *FIELDS]].rename(columns={"source": "link_source", "key": "link_external_id"})
    both = linked.merge(ours, on=["link_source", "link_external_id"], how="left", validate="one_to_one")
    folded = {name: both[name].str.casefold() for prefix in ("", "link_", "current_") for name in _fields(prefix)}
    other = pd.Series(True, index=both.index)
    for name in FIELDS:
        now = folded[f"current_{name}"]
        alike = (name,) if name == "user_name" else NAMES
        known = pd.concat([folded[f"{prefix}{one}"] for prefix in ("", "link_") for one in alike], axis=1)
        there = folded[name].notna() | folded[f"link_{name}"].notna()
        other &= now.notna() & there & ~known.eq(now, axis=0).any(axis=1)
    return frozenset(both.loc[other, "account_key"])


def _fields(prefix: str) -> list[str]:
    return [prefix + name for name in FIELDS]
