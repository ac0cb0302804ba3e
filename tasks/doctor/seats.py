"""Judge what the rules would give against what the tenant has: rosters, products, seats."""

from collections.abc import Iterator

from tasks.doctor.facts import Facts
from tasks.doctor.lines import Line, Weight, ok, problem


def judge_seats(facts: Facts) -> Iterator[Line]:
    """Yield a line for each product that the rules give, or one for what stands before counting."""
    if facts.roster_problem:
        yield problem(
            "rosters",
            facts.roster_problem,
            "Run 'rosterflow check' for every finding.",
            weight=Weight.FAILS,
        )
        return
    if facts.rules_problem:
        remedy = facts.rules_remedy or "Correct the rule, or buy the licence first, or switch it on."
        yield problem("rules", facts.rules_problem, remedy, weight=Weight.FAILS)
        return
    for product in sorted({*facts.wanted, *facts.shortages}):
        yield _seats(product, facts.wanted.get(product, 0), facts.shortages.get(product, 0))


def _seats(product: str, wanted: int, short: int) -> Line:
    if not short:
        return ok(
            "seats",
            f"{product}: the rules give it to {wanted}; a plan made now finds a seat for each who can be given it.",
        )
    return problem(
        "seats",
        f"{product}: the rules give it to {wanted}, and there is no seat for {short} of them.",
        "Buy seats, or let fewer people have it. Until then those further down the rules go without.",
        weight=Weight.FAILS,
    )
