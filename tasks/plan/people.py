"""Tie workers to accounts: by link, then by the target's external id, then by address. Pure."""

from collections.abc import Collection
from datetime import date

import pandas as pd

from tasks.model.tables import ACCOUNTS, LINKS
from tasks.plan.strangers import hold_strangers, known_of, misplaced, paired


def worker_keys(workers: pd.DataFrame) -> pd.Series:
    """Return each worker's key within its source: the external id, else the address without regard to case."""
    return workers["external_id"].fillna(workers["user_name"].str.casefold())


def keyed(workers: pd.DataFrame) -> pd.DataFrame:
    """Return WORKERS with ``key`` and ``address``, the latter without regard to case."""
    return workers.assign(key=worker_keys(workers), address=workers["user_name"].str.casefold())


def gather(clean: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Return WORKERS with ``key``, ``address``, ``employed`` and ``started``, one row per worker, sorted by key.

    A worker is employed unless the source says inactive, or the last day of work is over. A status that is missing
    says nothing. ``started`` is False before the first day of work.
    """
    people = keyed(clean)
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
    held: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return *people* with ``account_key``, ``match`` and the fields of link (``link_*``) and account (``current_*``).

    *linked* is that of ``live_links``, *held* the rows that were held (``keyed``). One row per worker. ``match`` is
    ``link``, ``external_id``, ``user_name``, missing where nobody fits, ``ambiguous`` where more than one worker or
    account fits, ``claimed`` where the account is linked to somebody else, or the row has the names of somebody beside
    whose id and address others stand (``claimed_from`` is that link's key), ``stranger`` where the linked account is
    another person's (``hold_strangers``, ``misplaced``), ``elsewhere`` where it is one of *elsewhere*: linked by
    another pipeline. The last four have no ``account_key``: never guessed.
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
    matched = hold_strangers(matched, linked, keyed(people.iloc[:0]) if held is None else held)
    lost = (matched["match"] == "link") & matched["account_key"].isin(misplaced(people, linked))
    matched.loc[lost, "match"] = "stranger"
    matched.loc[lost, "account_key"] = pd.NA
    matched = _hold_rivals(_hold_claims(matched, linked))
    facts = linked.drop(columns=["link_source", "link_external_id", *_current_names()])
    return matched.merge(facts, on="account_key", how="left").merge(_current(accounts), on="account_key", how="left")


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


def _hold_claims(people: pd.DataFrame, linked: pd.DataFrame) -> pd.DataFrame:
    """An account that is linked belongs to that worker: anybody else who fits it is set apart.

    So is a newcomer with the address by which a link knows somebody who is gone: it may be the same person under a
    new id, whose account was renamed meanwhile. And so is one with the names of somebody beside whose id and address
    other names stand. People who are gone claim nothing.
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
    named_after = _named_after(people, linked, mine)
    newcomer = people["match"].isna() & remembered.notna() & (remembered != mine)
    namesake = ~people["match"].isin(["link", "stranger", "elsewhere"]) & named_after.notna() & ~foreign & ~newcomer
    claims = (foreign | newcomer | namesake) & people["employed"]
    claimed = owned_by.where(foreign, remembered.where(newcomer, named_after))
    people["claimed_from"] = claimed.where(claims)
    people.loc[claims, "match"] = "claimed"
    people.loc[foreign & ~claims, "match"] = pd.NA
    people.loc[foreign | newcomer | claims, "account_key"] = pd.NA
    return people


def _named_after(people: pd.DataFrame, linked: pd.DataFrame, mine: pd.Series) -> pd.Series:
    """Return of each worker the link that has the same names, and beside whose id and address other ones stand.

    Where the address is another one too, the id was given to somebody else, and a namesake is not the one who had it.
    """
    strangers = people["match"] == "stranger"
    known = known_of(linked[(linked["link_source"] + "\t" + linked["link_external_id"]).isin(mine[strangers])])
    known["owner"] = known["source"] + "\t" + known["key"]
    at = known.merge(pd.DataFrame({"owner": mine[strangers], "address": people.loc[strangers, "address"]}))
    lost = known[known["owner"].isin(at["owner"])].dropna(subset=["names"])
    return paired(people).map(lost.drop_duplicates("names").set_index("names")["owner"])


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
