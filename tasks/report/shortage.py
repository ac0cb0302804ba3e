"""Who goes without a seat: counted by product, in a plan. Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.model.plan import Action, Plan, WithheldReason


@dataclass(frozen=True)
class Shortage:
    """``people`` go without a seat of something, ``not_created`` of them get no account; ``products`` counts them by
    product (``G2T``, ``G2W/Pro``), one person once for each."""

    people: int = 0
    not_created: int = 0
    products: Mapping[str, int] = field(default_factory=dict)


def shortage_of(plan: Plan | None) -> Shortage:
    """Return for how many people of a plan the tenant has no seat."""
    short = [item for item in (plan.withheld if plan else ()) if item.reason is WithheldReason.NO_SEAT]
    who = {(item.source, item.external_id or item.account_key or item.user_name) for item in short}
    products = Counter(product for item in short for product in item.detail.split(", ") if product)
    not_created = sum(item.action is Action.CREATE for item in short)
    return Shortage(len(who), not_created, dict(sorted(products.items())))
