"""Judge a roster by its findings: which rows may be acted on, which are held. Pure."""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from tasks.model.rosters import CRITICAL, UNUSABLE_KEY_CODES, WARNING, Roster, Verdict
from tasks.model.tables import WORKERS
from tasks.validate.findings import merge_findings, with_values
from tasks.validate.leavers import gone

SET_ASIDE_CODE = "duplicate_row"
"""A row that stands in the roster again: neither acted on nor held."""

_KEY_STANDS = frozenset({"id_conflict", SET_ASIDE_CODE})
"""Findings reported on the key's column that leave no doubt who the row is about."""

_NEEDED_TO_STAY = frozenset(
    {
        *("user_name_missing", "user_name_invalid", "user_name_too_long", "name_missing", "name_too_long"),
        *("locale_invalid", "lookalike_letters", "born_in_future"),
    }
)
"""Findings on what only an account that is kept needs. HR systems clear addresses when somebody leaves."""


def judge(roster: Roster, findings: pd.DataFrame, today: date) -> Verdict:
    """Return the verdict on *roster*, given what its checks found (FINDINGS, values not needed).

    A row that says by its id that somebody has left is not held for lack of an address or a name: that would leave
    them their access.
    """
    found = _softened_for_leavers(roster, with_values(roster, findings), today)
    said = [_not_said_by_mapping(found, roster.findings), roster.findings]
    every = merge_findings(said)
    critical = every[(every["severity"] == CRITICAL) & every["row"].notna()]
    codes = _codes_by_row(critical)
    set_aside = every.loc[every["code"] == SET_ASIDE_CODE, "row"]
    rows = roster.workers["row"]
    is_held = rows.isin(codes.index)
    held = roster.workers[is_held].assign(
        codes=rows[is_held].map(codes).astype("str"), key_usable=_key_usable(roster, said)[is_held]
    )
    return Verdict(
        clean=WORKERS.conform(roster.workers[~is_held & ~rows.isin(set_aside)]),
        held=held.reset_index(drop=True),
        findings=every,
    )


def _softened_for_leavers(roster: Roster, findings: pd.DataFrame, today: date) -> pd.DataFrame:
    leavers = roster.workers.loc[gone(roster.workers, today), "row"]
    soft = findings["row"].isin(leavers) & findings["code"].isin(_NEEDED_TO_STAY) & (findings["severity"] == CRITICAL)
    return findings.assign(severity=findings["severity"].mask(soft, WARNING))


def _codes_by_row(critical: pd.DataFrame) -> pd.Series:
    """Return the codes of each row that has any, sorted, with commas between."""
    pairs = critical[["row", "code"]].drop_duplicates().sort_values(["row", "code"]).set_index("row")["code"]
    several = pairs.index.duplicated(keep=False)  # few rows have more than one: spare the others the grouping
    joined: pd.Series = pd.concat([pairs[~several], pairs[several].groupby(level="row").agg(",".join)])
    return joined.sort_index()


def _not_said_by_mapping(findings: pd.DataFrame, mapping: pd.DataFrame) -> pd.DataFrame:
    """Leave out what is said of a cell that mapping could not read: it is missing only because of that."""
    place = ["row", "attribute"]
    unread = pd.MultiIndex.from_frame(mapping.loc[mapping["severity"] == CRITICAL, place])
    return findings[~pd.MultiIndex.from_frame(findings[place]).isin(unread)]


def _key_usable(roster: Roster, said: Sequence[pd.DataFrame]) -> pd.Series:
    """Say for each row whether its key (the external id, or the address in a source without ids) tells who it is.

    Looked up in what was *said* before it is merged: one heading can feed the key and another attribute.
    """
    key = "external_id" if "external_id" in roster.mapped else "user_name"
    critical = pd.concat([part[part["severity"] == CRITICAL] for part in said], ignore_index=True)
    doubted = critical["code"].isin(UNUSABLE_KEY_CODES) | (
        (critical["attribute"] == key) & ~critical["code"].isin(_KEY_STANDS)
    )
    rows_in_doubt = roster.workers["row"].isin(critical.loc[doubted, "row"])
    usable: pd.Series = (roster.workers[key].notna() & ~rows_in_doubt).astype("boolean")
    return usable
