"""Desired state: what the rules give to each employed worker. Pure.

Products add up over all rules that match; of two editions of a product the higher rule's wins. Group, roles, locale
and templates come from the first rule that sets them (docs/decisions/0004, 0013). Values are compared trimmed and
without regard to case.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.model.pipeline import Rule
from tasks.model.tables import LIST_ATTRIBUTES, LIST_SEPARATOR
from tasks.plan.editions import fold, split_product

SINGLE = ("group", "roles", "locale", "welcome_template", "settings_template")
"""What only one rule can decide for a person. ``manages`` goes with the roles of the same rule."""


@dataclass(frozen=True)
class Desired:
    """What the rules give.

    ``products``: one row per worker and product: ``at`` (the worker's index), ``product`` (its code), ``edition`` (as
    the rule that decides it spells it, missing where any will do), ``rank`` (number of the first rule that gave it),
    ``rules`` (tuple of all that did; a rule whose edition another one beat did not). ``single``: one row per worker,
    same index as the workers: for each of ``SINGLE`` the value and ``NAME_rule``, the rule that set it, and
    ``manages`` (tuple or None).
    """

    products: pd.DataFrame
    single: pd.DataFrame


def matches(rule: Rule, workers: pd.DataFrame) -> pd.Series:
    """Return whether each worker meets every condition of *rule*. An empty ``when`` is met by everybody.

    An attribute of several values is met if one of them is among those wanted; a worker is in the directory groups
    that the roster names, and in those of the tenant (``tenant_groups``) where the plan has read them.
    """
    met = pd.Series(True, index=workers.index)
    for attribute, values in rule.when.items():
        wanted = {fold(value) for value in values}
        if attribute in LIST_ATTRIBUTES:
            any_ = _has_one(workers[attribute], wanted)
            if "tenant_groups" in workers:
                any_ |= _has_one(workers["tenant_groups"], wanted)
            met &= any_
        else:
            cells = workers[attribute]
            met &= cells.isin([value for value in cells.dropna().unique() if fold(value) in wanted])
    return met


def _has_one(cells: pd.Series, wanted: set[str]) -> pd.Series:
    """Return whether one of each cell's values is among *wanted*. There are few different cells, so those are asked."""
    met = {cell: not wanted.isdisjoint(cell.casefold().split(LIST_SEPARATOR)) for cell in cells.dropna().unique()}
    return cells.map(met).eq(True)


def desired_state(workers: pd.DataFrame, rules: Sequence[Rule]) -> Desired:
    """Return what *rules*, in order of priority, give to *workers* (all of whom are taken as employed)."""
    first = {name: np.full(len(workers), NOBODY) for name in SINGLE}
    given: list[pd.DataFrame] = []
    for rank, rule in enumerate(rules):
        if not rule.enabled:
            continue
        met = matches(rule, workers)
        given += [_giving(workers.index[met], product, rank) for product in rule.grant.products]
        for name, decided in first.items():
            if getattr(rule.grant, name) is not None:
                decided[met.to_numpy(dtype=bool) & (decided == NOBODY)] = rank
    single = pd.DataFrame(_decisions(rules, first), index=workers.index, dtype=object)
    single["locale"] = single["locale"].where(single["locale"].notna(), workers["locale"])
    return Desired(_add_up(given, [rule.name for rule in rules]), single)


NOBODY = -1
"""The rank of no rule: it picks the last of a list, which is None."""


def _decisions(rules: Sequence[Rule], first: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return for each single-valued thing the values that the rules of these ranks set, and their names."""
    columns: dict[str, np.ndarray] = {}
    names = _lookup([rule.name for rule in rules])
    for name, ranks in first.items():
        columns[name] = _lookup([getattr(rule.grant, name) for rule in rules])[ranks]
        columns[f"{name}_rule"] = names[ranks]
    columns["manages"] = _lookup([rule.grant.manages for rule in rules])[first["roles"]]
    return columns


def _lookup(values: Sequence[object]) -> np.ndarray:
    found = np.empty(len(values) + 1, dtype=object)  # a tuple is one value here, which numpy would spread
    for place, value in enumerate(values):
        found[place] = value
    return found


def _giving(at: pd.Index, product: str, rank: int) -> pd.DataFrame:
    code, edition = split_product(product)
    rows = pd.DataFrame({"at": at, "product": code, "edition": edition, "rank": rank})
    return rows.astype({"product": "str", "edition": "str"})


def _add_up(given: list[pd.DataFrame], names: Sequence[str]) -> pd.DataFrame:
    if not given:
        nothing: dict[str, list[object]] = {"at": [], "product": [], "edition": [], "rank": [], "rules": []}
        return pd.DataFrame(nothing).astype({"product": "str", "edition": "str"})
    rows = pd.concat(given, ignore_index=True).sort_values(["at", "product", "rank"], kind="stable", ignore_index=True)
    if rows["edition"].notna().any():
        rows = _decide_editions(rows)
    again = rows.duplicated(["at", "product"]).to_numpy()
    first = rows[~again].reset_index(drop=True)
    return first.assign(rules=pd.Series(_rules(rows["rank"].to_numpy(), again, names), index=first.index, dtype=object))


def _rules(ranks: np.ndarray, again: np.ndarray, names: Sequence[str]) -> np.ndarray:
    """Return for each run of *ranks* (rules that gave one person one product) the names of the rules.

    *again* says which of them carry on the run before them.
    """
    found: np.ndarray = _lookup([(name,) for name in names])[ranks[~again]]
    runs: dict[int, list[int]] = {}
    run = np.cumsum(~again) - 1
    for number, rank in zip(run[again].tolist(), ranks[again].tolist(), strict=True):
        runs.setdefault(number, []).append(rank)
    for number, others in runs.items():
        found[number] = tuple(dict.fromkeys((*found[number], *(names[rank] for rank in others))))
    return found


def _decide_editions(rows: pd.DataFrame) -> pd.DataFrame:
    """Return *rows* (sorted by rank) less those whose edition is beaten, all with the edition that is decided.

    A rule that names no edition does not compete: whatever edition another rule gives is what it asks for.
    """
    named = rows[rows["edition"].notna()].drop_duplicates(["at", "product"])
    decided = rows[["at", "product"]].merge(named[["at", "product", "edition"]], on=["at", "product"], how="left")
    spellings = {spelling: fold(spelling) for spelling in rows["edition"].dropna().unique()}
    competes = rows["edition"].notna()
    beaten = competes & (rows["edition"].map(spellings) != decided["edition"].map(spellings))
    return rows.assign(edition=decided["edition"])[~beaten]
