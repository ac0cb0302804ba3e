"""The examples in the pipeline file: which fail, which cannot be judged, and how that is told."""

from datetime import date
from typing import Any

import pytest

from tasks.model.errors import BadPipeline
from tasks.model.rosters import Verdict
from tasks.model.tables import FINDINGS, WORKERS
from tasks.plan.examples import check_examples, require_examples

TODAY = date(2026, 3, 2)
SALES, ALL = {"department": "Sales"}, dict[str, str]()


@pytest.fixture
def check(make: Any) -> Any:
    """Hold rules against a roster of Ada (Sales) and Bo (Legal); return what is said of each example."""

    def check(*rules: Any, held: list[dict[str, Any]] | None = None, more: Any = (), columns: Any = None) -> list[str]:
        named = [{"name": f"r{number}", **rule} for number, rule in enumerate(rules)]
        pipeline = make.pipeline(rules=named)
        if columns:
            source = pipeline.sources[0].model_copy(update={"columns": {**pipeline.sources[0].columns, **columns}})
            pipeline = pipeline.model_copy(update={"sources": (source,)})
        people = [make.worker("ada"), make.worker("bo", row=3, department="Legal"), *more]
        verdict = Verdict(WORKERS.frame(people), WORKERS.frame(held or []), FINDINGS.empty())
        return [str(example) for example in check_examples(pipeline, {"hr": verdict}, TODAY)]

    return check


def rule(when: dict[str, str], products: Any, expect: dict[str, Any], **facts: Any) -> dict[str, Any]:
    return {"when": when, "grant": {"products": products}, "expect": expect, **facts}


def test_examples_that_are_met_are_not_spoken_of(check: Any) -> None:
    assert check(rule(SALES, ["G2W", "G2M"], {"ada": ["G2M", "G2W"], "bo": []})) == []


def test_an_example_that_is_not_met_says_what_was_expected_and_what_came(check: Any) -> None:
    assert check(rule(SALES, "G2W", {"ada": [], "bo": "G2W"})) == [
        "rule 'r0', ada: expected nothing, got G2W",
        "rule 'r0', bo: expected G2W, got nothing",
    ]


def test_a_person_is_named_by_id_or_by_address_whatever_its_case(check: Any) -> None:
    assert check(rule(SALES, "G2W", {"ADA@acme.example": "G2W", "bo@acme.example": []})) == []
    assert check(rule(SALES, "G2W", {"ADA": "G2W"})) == [
        "rule 'r0', ADA: not checked, there is no such person in the rosters"
    ]


def test_what_a_rule_above_gives_as_well_is_still_given_by_this_one(check: Any) -> None:
    assert check(rule(SALES, "G2W", {"ada": "G2W"}), rule(ALL, "G2W", {"ada": "G2W", "bo": "G2W"})) == []


def test_an_edition_that_a_rule_above_beats_is_not_given(check: Any) -> None:
    above, below = rule(SALES, "G2W/Pro", {"ada": "G2W/pro"}), rule(ALL, ["G2W/Standard", "G2M"], {"ada": "G2M"})
    assert check(above, below) == []
    below["expect"] = {"ada": ["G2W/Standard", "G2M"]}
    assert check(above, below) == ["rule 'r1', ada: expected G2W/Standard, G2M, got G2M"]


def test_a_product_without_an_edition_is_given_whatever_edition_another_rule_names(check: Any) -> None:
    assert check(rule(ALL, "G2W/Pro", {}), rule(SALES, "G2W", {"ada": "G2W"})) == []


def test_who_has_left_gets_nothing(check: Any, make: Any) -> None:
    gone = make.worker("cy", row=4, end_date="2026-03-01")
    assert check(rule(SALES, "G2W", {"cy": []}), more=[gone]) == []
    assert check(rule(SALES, "G2W", {"cy": "G2W"}), more=[gone]) == [
        "rule 'r0', cy: expected G2W, got nothing (has left)"
    ]


def test_nobody_fails_an_example_for_a_held_row_or_for_being_absent(check: Any, make: Any) -> None:
    said = check(rule(SALES, "G2W", {"cy": "G2W", "dee": "G2W"}), held=[make.worker("cy")])
    assert said == [
        "rule 'r0', cy: not checked, the row is held",
        "rule 'r0', dee: not checked, there is no such person in the rosters",
    ]


def test_somebody_who_could_be_two_people_is_not_judged(check: Any, make: Any) -> None:
    twice = make.worker("x", row=4, user_name="ada@acme.example")
    assert check(rule(SALES, "G2W", {"ada@acme.example": "G2W"}), more=[twice]) == [
        "rule 'r0', ada@acme.example: not checked, more than one person of the rosters is meant"
    ]


def test_a_rule_that_is_switched_off_is_not_judged(check: Any) -> None:
    said = check(rule(SALES, "G2W", {"ada": "G2W"}, enabled="false"))
    assert said == ["rule 'r0', ada: not checked, the rule is switched off"]


@pytest.mark.parametrize("above", [True, False])
def test_groups_that_no_roster_names_leave_an_example_open(check: Any, above: bool) -> None:
    hosts = rule({"directory_groups": "Hosts"}, "G2W/Pro", {})
    example = {"expect": {"ada": "G2W/Standard"}}
    rules = [hosts, rule(ALL, "G2W/Standard", {}) | example] if above else [hosts | {"expect": {"ada": "G2W/Pro"}}]
    (said,) = check(*rules)
    assert said.endswith("ada: not checked, it depends on groups that only the tenant's directory knows")


def test_groups_of_the_roster_are_those_that_count(check: Any, make: Any) -> None:
    from tasks.model.sources import Column

    groups = {"directory_groups": Column.model_validate("Groups")}
    host = make.worker("cy", row=4, directory_groups="Hosts\nOthers")
    hosts = rule({"directory_groups": "hosts"}, "G2W", {"cy": "G2W", "ada": []})
    assert check(hosts, more=[host], columns=groups) == []


def test_failed_examples_stop_with_all_of_them_named(make: Any) -> None:
    pipeline = make.pipeline(rules=[{"name": "a b", **rule(SALES, "G2W", {"0042": "G2W", "x@y.example": "G2W"})}])
    people = [make.worker("0042", department="Legal"), make.worker("7", row=3, user_name="X@y.example", department="")]
    verdict = Verdict(WORKERS.frame(people), WORKERS.frame([]), FINDINGS.empty())
    with pytest.raises(BadPipeline) as caught:
        require_examples(check_examples(pipeline, {"hr": verdict}, TODAY))
    assert str(caught.value) == (
        "2 examples in the rules are not met by the rosters. Correct the rule or its 'expect':\n"
        "  rule 'a b', 0042: expected G2W, got nothing\n"
        "  rule 'a b', x@y.example: expected G2W, got nothing"
    )
    assert caught.value.exit_code == 2
    assert caught.value.facts["examples"][0] == {"rule": "a b", "who": "0042", "expected": ["G2W"], "got": []}


def test_open_examples_stop_nothing(make: Any) -> None:
    pipeline = make.pipeline(rules=[{"name": "a", **rule(SALES, "G2W", {"nobody": "G2W"})}])
    empty = Verdict(WORKERS.frame([]), WORKERS.frame([]), FINDINGS.empty())
    found = check_examples(pipeline, {"hr": empty}, TODAY)
    require_examples(found)
    assert [example.failed for example in found] == [False]
