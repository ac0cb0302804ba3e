"""How many people the rules give each product to, and for how many there is no seat. Pure."""

from collections import Counter

from tasks.model.plan import WithheldReason
from tasks.plan.composing import make_plan
from tasks.plan.desired import desired_state
from tasks.plan.editions import label
from tasks.plan.world import Inputs, World


def count(inputs: Inputs) -> tuple[dict[str, int], dict[str, int]]:
    """Return, by product, how many employed people are to have it, and how many of them would get no seat.

    A product that a rule names with its edition is counted as that. Raises what ``make_plan`` raises.
    """
    people = World(inputs).people
    given = desired_state(people[people["employed"]], inputs.pipeline.rules).products
    wanted = Counter(label(code, edition) for code, edition in zip(given["product"], given["edition"], strict=True))
    short: Counter[str] = Counter()
    for item in make_plan(inputs).withheld:
        if item.reason == WithheldReason.NO_SEAT:
            short.update(item.detail.split(", "))
    return dict(sorted(wanted.items())), dict(sorted(short.items()))
