"""Tie workers to accounts: by link, then by the target's external id, then by address. Pure."""

from collections.abc import Collection
from datetime import date

import pandas as pd

from tasks.model.tables import ACCOUNTS, LINKS

NAMES = ("given_name", "family_name")
FIELDS = (*NAMES, "user_name")


def worker_keys(workers: pd.DataFrame) -> pd.Series:
    """Return each worker's key within its source: the external id, else the address without regard to case."""
    return workers["external_id"].fillna(workers["user_name"].str.casefold())


def gather(clean: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return WORKERS with ``key``, ``address``, ``employed`` and ``started``, one row per worker, sorted by key.

    A worker is employed unless the source says inactive, or the last day of work is over. A status that is missing
    says nothing. ``started`` is False before the first day of work.
    """
    people = clean.assign(key=worker_keys(clean), address=clean["user_name"].str.casefold())
    today = as_of.isoformat()  # ISO dates sort as text
    over = people["end_date"].notna() & (people["end_date"].fillna(today) < today)
    people["employed"] = (people["status"] != "inactive") & ~over
    people["started"] = ~(people["start_date"].fillna(today) > today)
    return people.sort_values(["source", "key"], ignore_index=True)


def live_links(links: pd.DataFrame, accounts: pd.DataFrame) -> pd.DataFrame:
    """Return the links whose account is still in the target, one row per link, with the account's fields.

    A link to an account that is gone says nothing about today's tenant: its worker is correlated afresh.
    """
    known = links[(links["state"] != "deleted") & links["account_key"].isin(accounts["account_key"])]
    renamed = known.rename(columns=_prefixed(LINKS.columns, "link_", keep=("account_key",)))
    return renamed.merge(_current(accounts), on="account_key", how="left", validate="one_to_one")


def correlate(
    people: pd.DataFrame,
    accounts: pd.DataFrame,
    linked: pd.DataFrame,
    order: tuple[str, ...],
    elsewhere: Collection[str] = (),
) -> pd.DataFrame:
    """Return *people* with ``account_key``, ``match`` and the fields of link (``link_*``) and account (``current_*``).

    *linked* is that of ``live_links``. One row per worker. ``match`` is ``link``, ``external_id``, ``user_name``,
    missing where nobody fits, ``ambiguous`` where more than one worker or account fits, ``claimed`` where the account
    is linked to somebody else (``claimed_from`` is that link's key), ``stranger`` where the linked account is another
    person's by name and address, by the address of another linked account, by the names of somebody else, or by the
    address that it has now (``misplaced``),
    ``elsewhere`` where it is one of *elsewhere*: linked by another pipeline. The last four have no ``account_key``:
    never guessed.
    """
    by_link = linked[["link_source", "link_external_id", "account_key"]].rename(
        columns={"link_source": "source", "link_external_id": "key"}
    )
    matched = people.merge(by_link, on=["source", "key"], how="left", validate="many_to_one")
    matched["match"] = pd.Series("link", index=matched.index, dtype="str").where(matched["account_key"].notna())
    if "link" not in order:
        matched[["account_key", "match"]] = pd.NA
    for method in order:
        if method != "link":
            matched = _by_field(matched, accounts, method)
    theirs = matched["account_key"].isin(list(elsewhere))
    matched.loc[theirs, "match"] = "elsewhere"
    matched.loc[theirs, "account_key"] = pd.NA
    matched = _hold_strangers(matched, linked)
    lost = (matched["match"] == "link") & matched["account_key"].isin(misplaced(people, linked))
    matched.loc[lost, "match"] = "stranger"
    matched.loc[lost, "account_key"] = pd.NA
    matched = _hold_rivals(_hold_claims(matched, linked))
    facts = linked.drop(columns=["link_source", "link_external_id", *_current_names()])
    return matched.merge(facts, on="account_key", how="left").merge(_current(accounts), on="account_key", how="left")


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


def _by_field(people: pd.DataFrame, accounts: pd.DataFrame, method: str) -> pd.DataFrame:
    theirs = accounts["user_name"].str.casefold() if method == "user_name" else accounts["external_id"]
    ours = people["address"] if method == "user_name" else people["external_id"]
    candidates = pd.DataFrame({"field": theirs, "found": accounts["account_key"]}).dropna()
    counts = candidates.groupby("field")["found"].agg(["first", "size"])
    unmatched = people["match"].isna()
    found = ours.map(counts["first"]).where(unmatched)
    several = unmatched & (ours.map(counts["size"]).fillna(0) > 1)
    hit = found.notna() & ~several
    people.loc[hit, "account_key"] = found[hit]
    people.loc[hit, "match"] = method
    people.loc[several, "match"] = "ambiguous"
    return people


def _hold_strangers(people: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """An id that stands beside somebody else's name or address must not hand over the account of whoever has it.

    That is so if all of them differ from what is known of the account; if the address is that of another linked account
    and a name differs too, or that account's owner has a row of their own; and if the names are just those that another
    linked person has lost. Ids are used again, and cells get into the wrong row.
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
    other |= _has_lost_names(people, accounts, by_link & named & renamed)
    people.loc[other, "match"] = "stranger"
    people.loc[other, "account_key"] = pd.NA
    return people


def _has_lost_names(people: pd.DataFrame, accounts: pd.DataFrame, renamed: pd.Series) -> pd.Series:
    """Tell of each worker whether they are *renamed* to first name and surname of somebody else who is renamed."""
    changed = people[renamed]
    theirs = accounts.loc[changed["account_key"]]
    lost = {
        pair
        for known in ("link_", "current_")
        for pair in _pairs(theirs[f"{known}given_name"], theirs[f"{known}family_name"])
    }
    now = pd.Series(_pairs(changed["given_name"], changed["family_name"]), index=changed.index, dtype="object")
    return renamed & now.isin(lost).reindex(people.index, fill_value=False)


def _pairs(given: pd.Series, family: pd.Series) -> list[tuple[str, str]]:
    return [(str(one).casefold(), str(other).casefold()) for one, other in zip(given, family, strict=True)]


def _differs(people: pd.DataFrame, accounts: pd.DataFrame, name: str) -> pd.Series:
    """Tell of each worker whether *name* is there, and is neither what the link knows nor what the account has now."""
    ours = people[name].str.casefold()
    differs = ours.notna()
    for known in (f"link_{name}", f"current_{name}"):
        theirs = people["account_key"].map(accounts[known]).astype("str").str.casefold()
        differs &= ours != theirs
    return differs


def _hold_claims(people: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """An account that is linked belongs to that worker: anybody else who fits it is set apart.

    So is a newcomer with the address by which a link knows somebody who is gone: it may be the same person under a
    new id, whose account was renamed meanwhile. People who are gone claim nothing.
    """
    keys = linked["link_source"] + "\t" + linked["link_external_id"]
    owner = pd.Series(keys.to_numpy(), index=linked["account_key"])
    mine = people["source"] + "\t" + people["key"]
    owned_by = people["account_key"].map(owner)
    foreign = owned_by.notna() & (people["match"] != "link") & (owned_by != mine)
    staff = set(mine[people["employed"]])
    former = linked.assign(owner=keys, address=linked["link_user_name"].str.casefold())
    former = former[~former["owner"].isin(staff)].dropna(subset=["address"]).drop_duplicates("address")
    remembered = people["address"].map(former.set_index("address")["owner"])
    newcomer = people["match"].isna() & remembered.notna() & (remembered != mine)
    claims = (foreign | newcomer) & people["employed"]
    people["claimed_from"] = owned_by.where(foreign, remembered).where(claims)
    people.loc[claims, "match"] = "claimed"
    people.loc[foreign & ~claims, "match"] = pd.NA
    people.loc[foreign | newcomer, "account_key"] = pd.NA
    return people


def _hold_rivals(people: pd.DataFrame) -> pd.DataFrame:
    """Of several workers who fit one place (an account, or an address yet to be created), none is guessed.

    Where just one of them is employed, the place is theirs: the others are earlier employments.
    """
    free = ~people["match"].isin(["link", "claimed", "ambiguous", "stranger", "elsewhere"])
    place = people["account_key"].fillna("address " + people["address"])
    present = (people["employed"] & free).groupby(place).transform("sum")
    rivals = free.groupby(place).transform("sum") > 1
    guess = free & rivals & ((present > 1) | (present == 0) & people["account_key"].notna())
    earlier = free & rivals & (present == 1) & ~people["employed"]
    people.loc[guess, "match"] = "ambiguous"
    people.loc[earlier, "match"] = pd.NA
    people.loc[guess | earlier, "account_key"] = pd.NA
    return people


def _prefixed(names: object, prefix: str, keep: tuple[str, ...] = ()) -> dict[str, str]:
    return {name: prefix + name for name in names if name not in keep}  # type: ignore[attr-defined]


def _current(accounts: pd.DataFrame) -> pd.DataFrame:
    return accounts.rename(columns=_prefixed(ACCOUNTS.columns, "current_", keep=("account_key",)))


def _current_names() -> list[str]:
    return list(_prefixed(ACCOUNTS.columns, "current_", keep=("account_key",)).values())
