"""Compare the single-valued things: attributes, group. Pure, on tables; a result only for those who differ."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from tasks.model.errors import BadPipeline
from tasks.model.pipeline import Pipeline
from tasks.plan.world import text

ATTRIBUTES = ("user_name", "given_name", "family_name", "locale")


@dataclass(frozen=True)
class Difference:
    """What is to become of one person's attributes, group or role, and the rules that say so."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]
    rules: tuple[str, ...] = ()


def attribute_differences(pipeline: Pipeline, staying: pd.DataFrame, single: pd.DataFrame) -> dict[int, Difference]:
    """Return, by index, the accounts that differ in an attribute kept up ``always``, over those attributes.

    A blank keeps the target's value, unless the source says ``blanks: clear``. An address is never cleared, and
    compares without regard to case.
    """
    clearing = [name for name in pipeline.namespaces if not pipeline.keeps_blanks(name)]
    found: dict[int, tuple[dict[str, Any], dict[str, Any]]] = {}
    for name in ATTRIBUTES:
        if policy(pipeline, name) != "always":
            continue
        desired = single["locale"].astype("str") if name == "locale" else staying[name]
        current = staying[f"current_{name}"]
        same = desired.str.casefold() == current.str.casefold() if name == "user_name" else desired == current
        differs = desired.notna() & ~same
        if name != "user_name":
            differs |= staying["source"].isin(clearing) & desired.isna() & current.notna()
        for at in staying.index[differs & staying["account_key"].notna()]:
            before, after = found.setdefault(at, ({}, {}))
            before[name], after[name] = text(current[at]), text(desired[at])
    return {
        at: Difference(before, after, _rules(single.at[at, "locale_rule"]) if "locale" in after else ())
        for at, (before, after) in found.items()
    }


def policy(pipeline: Pipeline, name: str) -> str:
    """Return how an attribute is kept: ``always``, ``on_create`` or ``never``."""
    return {str(key): str(value) for key, value in pipeline.attributes.items()}.get(name, "on_create")


def group_keys(pipeline: Pipeline, groups: pd.DataFrame) -> dict[str, str]:
    """Return name to key of the groups that rules name and that are there; of two alike, the one at the top level.

    These are the groups that people are put into, and those that roles are limited to.

    Raises ``BadPipeline`` if a name fits several groups, none of which stands alone at the top.
    """
    found: dict[str, str] = {}
    for name in sorted(rules_naming_groups(pipeline)):
        fitting = groups[groups["name"] == name]
        if len(fitting) > 1:
            count = len(fitting)
            fitting = fitting[fitting["path"].map(len) <= 1]
            if len(fitting) != 1:
                raise BadPipeline(
                    f"The tenant has {count} groups named '{name}', and none of them alone is at the top level.",
                    remedy="Give the group that is meant a name of its own.",
                )
        if len(fitting):
            found[name] = str(fitting["group_key"].iloc[0])
    return found


def rules_naming_groups(pipeline: Pipeline) -> dict[str, list[str]]:
    """Return user groups by name to the rules, of those switched on, that put people there or limit roles to it."""
    found: dict[str, list[str]] = {}
    for rule in pipeline.rules:
        for name in dict.fromkeys((rule.grant.group, *(rule.grant.manages or ()))) if rule.enabled else ():
            if name:
                found.setdefault(name, []).append(rule.name)
    return found


def group_differences(
    staying: pd.DataFrame, single: pd.DataFrame, groups: pd.DataFrame, keys: Mapping[str, str]
) -> dict[int, Difference]:
    """Return, by index, who is not in the group they should be in: before and after as ``{group, group_key}``.

    A group that a rule sets wins over one given by hand, since an account has one group. Where no rule sets one,
    only the group that we gave is left.
    """
    name_of = dict(zip(groups["group_key"], groups["name"], strict=True))
    desired_key = single["group"].map(keys)
    current = staying["current_group_key"]
    to_join = single["group"].notna() & (desired_key.isna() | (desired_key != current))
    to_leave = single["group"].isna() & current.notna() & (current == staying["link_group_key"])
    found: dict[int, Difference] = {}
    for at in staying.index[to_join | to_leave]:
        before, name = text(current[at]), text(single.at[at, "group"])
        found[at] = Difference(
            {"group": name_of.get(before or ""), "group_key": before},
            {"group": name, "group_key": keys.get(name or "")},
            _rules(single.at[at, "group_rule"]),
        )
    return found


def _rules(name: Any) -> tuple[str, ...]:
    return (name,) if isinstance(name, str) else ()
