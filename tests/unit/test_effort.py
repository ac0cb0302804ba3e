"""What is exhaustive keeps a case in ``make test``, and the rest of it is in ``make prove``."""

import pytest

from tests.support.effort import sampled


def proven(params: list) -> list[str]:
    return [param.id for param in params if any(mark.name == "prove" for mark in param.marks)]


def test_the_cases_that_are_named_stay_and_the_others_are_for_make_prove() -> None:
    params = sampled([pytest.param(1, id="one"), pytest.param(2, id="two"), 3], {"two"})
    assert [param.id for param in params] == ["one", "two", "3"]
    assert [param.values for param in params] == [(1,), (2,), (3,)]
    assert proven(params) == ["one", "3"]


def test_a_case_keeps_its_marks() -> None:
    [_, slow] = sampled([1, pytest.param(2, id="slow", marks=pytest.mark.timeout(600))], {"1"})
    assert [mark.name for mark in slow.marks] == ["timeout", "prove"]


@pytest.mark.parametrize("keep", [set(), {"renamed"}, {"1", "renamed"}])
def test_no_case_is_lost_from_make_test_by_another_name(keep: set[str]) -> None:
    with pytest.raises(ValueError, match="no case is named"):
        sampled([1, 2], keep)
