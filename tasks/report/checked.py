"""What a check found, for other programs: per list, how many rows and people, and which rows each finding is on.

The shape is in docs/json.md. No name, no address and no cell is in it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd

from tasks.journal.products import load_roster, load_verdict
from tasks.journal.runstore import RunFolder
from tasks.model.rosters import SEVERITIES, WARNING, Roster, Verdict
from tasks.model.sources import Source


def checked(summary: Mapping[str, Any], sources: Iterable[Source], folder: RunFolder) -> dict[str, Any]:
    """Return a check's *summary* with what was found in each source in the place of its few figures."""
    found = [
        describe(source, load_roster(folder, source.name), load_verdict(folder, source.name))
        for source in sorted(sources, key=lambda source: source.name)
    ]
    return {**summary, "sources": found}


def describe(source: Source, roster: Roster, verdict: Verdict) -> dict[str, Any]:
    """Return what was found in one source."""
    held = set(verdict.held["row"].tolist())
    warned = set(verdict.findings.loc[verdict.findings["severity"] == WARNING, "row"].dropna().tolist()) - held
    return {
        "name": source.name,
        "file": roster.file,
        "sheet": roster.sheet,
        "suite": source.suite,
        "rows": {
            "read": roster.rows,
            "blank": roster.blank,
            "skipped": roster.skipped,
            "valid": roster.rows - len(held),
            "held": len(held),
            "warned": len(warned),
        },
        "workers": count_people(roster.workers),
        "findings": _findings(verdict.findings),
    }


def count_people(workers: pd.DataFrame) -> int:
    """Return how many people rows are about: by id, where there is none by address, else by name.

    A row without an id that has the address of a row with one is about the same person. Rows that name nobody count
    for nobody.
    """
    ids, addresses = workers["external_id"], workers["user_name"].str.casefold()
    names = (workers["given_name"].fillna("") + "\n" + workers["family_name"].fillna("")).str.casefold()
    names = names.where(names != "\n", workers["display_name"].str.casefold())
    both = pd.DataFrame({"id": ids, "address": addresses}).dropna().drop_duplicates("address")
    known = ids.fillna(addresses.map(dict(zip(both["address"], both["id"], strict=True))).astype("str"))
    person = ("id " + known).fillna("address " + addresses).fillna("name " + names)
    return int(person.nunique())


def _findings(findings: pd.DataFrame) -> list[dict[str, Any]]:
    """Return each code with its rows: the gravest first, then the most frequent."""
    rows = findings[["code", "severity", "row"]].drop_duplicates()
    told = [
        {"code": code, "severity": severity, "count": len(part), "rows": sorted(map(int, part["row"].dropna()))}
        for (code, severity), part in rows.groupby(["code", "severity"], sort=False)
    ]
    return sorted(told, key=lambda item: (SEVERITIES.index(item["severity"]), -item["count"], item["code"]))
