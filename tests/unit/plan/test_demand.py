"""How many people the rules give each product to, and for how many there is no seat."""

from typing import Any

from tasks.plan import demand


def test_a_product_is_counted_with_the_edition_that_its_rule_names(case: Any, make: Any) -> None:
    case.workers = [make.worker(f"p{number}", row=number) for number in range(2, 5)]
    case.workers[0]["department"] = "Legal"
    case.licences[0] |= {"description": "Pro", "seats": 1}
    case.policy(
        rules=[
            {"name": "pro", "when": {"department": "Sales"}, "grant": {"products": "G2W/pro"}},
            {"name": "all", "when": {}, "grant": {"products": "G2M"}},
        ]
    )
    assert demand.count(case.inputs()) == (
        {"G2M": 3, "G2W/pro": 2},
        {"G2W/pro": 1},
    )  # the other licence has meetings for all
