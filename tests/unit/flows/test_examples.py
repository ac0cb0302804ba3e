"""The rules' own examples: ``check`` holds them against the rosters, and says what it could not judge."""

from typing import Any

import pytest


@pytest.fixture
def check(office: Any, rosterflow: Any) -> Any:
    """Run ``check`` on a pipeline whose rule for Sales carries these examples."""

    def check(expect: dict[str, list[str]], *options: str) -> Any:
        office.spec["rules"][0]["expect"] = expect
        return rosterflow("check", office.save(), *options)

    return check


def someone(staff: Any, department: str) -> str:
    return str(next(row[0] for row in staff if department in row))


def test_examples_that_are_met_are_not_spoken_of(check: Any, staff: Any) -> None:
    said = check({someone(staff, "Sales"): ["G2W"], someone(staff, "Support"): []})
    assert (said.code, "Note:" in said.talk) == (0, False)


def test_an_example_that_is_not_met_ends_check_with_2_and_is_named(check: Any, staff: Any, tenant: Any) -> None:
    who = someone(staff, "Support")
    said = check({who: ["G2W"]})
    assert said.code == 2
    assert f"rule 'hosts', {who}: expected G2W, got nothing" in said.talk
    assert "Nothing was sent." in said.talk


def test_an_example_that_cannot_be_judged_is_a_note_beside_the_result(check: Any) -> None:
    said = check({"0000": ["G2W"]}, "--json")
    assert said.code == 0
    assert "Note: rule 'hosts', 0000: not checked, there is no such person in the rosters" in said.talk
    assert "Note" not in said.out


@pytest.mark.prove
def test_a_plan_is_made_whatever_the_examples_say(check: Any, staff: Any, office: Any, rosterflow: Any) -> None:
    assert check({someone(staff, "Support"): ["G2W"]}).code == 2
    assert rosterflow("plan", office.save()).code == 3
