"""Desired state: what the rules give to each employed worker. Pure.

Products add up over all rules that match; group, roles and locale come from the first rule that sets them
(docs/decisions/0004). Values are compared trimmed and without regard to case.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from tasks.model.pipeline import Rule
from tasks.model.tables import LIST_ATTRIBUTES, LIST_SEPARATOR


@dataclass(frozen=True)
class Desired:
    """What the rules give.

    ``products``: one row per worker and product: ``at`` (the worker's index), ``product``, ``rank`` (number of the
    first rule that gave it), ``rules`` (tuple of all that did). ``single``: one row per worker, same index as the
    workers: ``group``, ``roles`` (tuple or None), ``locale``, and ``group_rule``, ``roles_rule``, ``locale_rule``.
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
        wanted = {" ".join(value.split()).casefold() for value in values}
        if attribute in LIST_ATTRIBUTES:
            any_ = _has_one(workers[attribute], wanted)
            if "tenant_groups" in workers:
                any_ |= _has_one(workers["tenant_groups"], wanted)
            met &= any_
        else:
            met &= workers[attribute].str.strip().str.casefold().isin(wanted)
    return met


def _has_one(cells: pd.Series, wanted: set[str]) -> pd.Series:
    """Return whether one of each cell's values is among *wanted*. There are few different cells, so those are asked."""
    met = {cell: not wanted.isdisjoint(cell.casefold().split(LIST_SEPARATOR)) for cell in cells.dropna().unique()}
    return cells.map(met).eq(True)


def desired_state(workers: pd.DataFrame, rules: Sequence[Rule]) -> Desired:
    """Return what *rules*, in order of priority, give to *workers* (all of whom are taken as employed)."""
    single = pd.DataFrame(
        {"group": None, "roles": None, "locale": None, "group_rule": None, "roles_rule": None, "locale_rule": None},
        index=workers.index,
        dtype=object,
    )
    given: list[pd.DataFrame] = []
    for rank, rule in enumerate(rules):
        if not rule.enabled:
            continue
        met = matches(rule, workers)
        at = workers.index[met]
        given += [
            pd.DataFrame({"at": at, "product": product, "rank": rank, "rule": rule.name})
            for product in rule.grant.products
        ]
        for name in ("group", "roles", "locale"):
            value = getattr(rule.grant, name)
            if value is not None:
                _set_first(single, met & single[name].isna(), name, value, rule.name)
    single["locale"] = single["locale"].where(single["locale"].notna(), workers["locale"])
    return Desired(_add_up(given), single)


def _set_first(single: pd.DataFrame, where: pd.Series, name: str, value: object, rule: str) -> None:
    cells = np.empty(int(where.sum()), dtype=object)
    for position in range(len(cells)):  # a tuple is one value here, which pandas would spread
        cells[position] = value
    single.loc[where, name] = cells
    single.loc[where, f"{name}_rule"] = rule


def _add_up(given: list[pd.DataFrame]) -> pd.DataFrame:
    if not given:
        return pd.DataFrame({"at": [], "product": [], "rank": [], "rules": []}).astype({"product": "str"})
    rows = pd.concat(given, ignore_index=True).sort_values(["at", "product", "rank"], ignore_index=True)
    first = rows.drop_duplicates(["at", "product"]).reset_index(drop=True)
    several = rows[rows.duplicated(["at", "product"], keep=False)]  # few, so the slow way is for these alone
    lists = several.groupby(["at", "product"])["rule"].agg(tuple).to_dict()
    pairs = zip(first["at"], first["product"], first["rule"], strict=True)
    rules = [lists.get((at, product), (rule,)) for at, product, rule in pairs]
    return first.drop(columns="rule").assign(rules=pd.Series(rules, index=first.index, dtype=object))
