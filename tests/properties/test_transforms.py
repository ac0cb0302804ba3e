"""Transforms, whatever the cells: nothing raises, blank stays blank, rows do not know of each other."""

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ingest.transforms import step
from tasks.model.transforms import DECLARED, Default, Transform
from tests.support.effort import examples

TEXTS = st.text(st.characters(codec="utf-8"), max_size=14) | st.sampled_from(
    [
        "Lovelace, Ada",
        "a@b.example",
        "@",
        "yes",
        "NEIN",
        "0033 1 70 18 99 00",
        "123",
        "ﬃ",
        "İ",
        "ß",
        "ŉ",
        "ǆ",
        " x ",
        ",",
    ]
)
COLUMNS = st.lists(st.none() | TEXTS.map(str.strip), min_size=1, max_size=8).map(
    lambda cells: pd.Series([cell or None for cell in cells], dtype="str")
)
ENTRIES: list[Any] = [
    "trim",
    {"case": "lower"},
    {"case": "upper"},
    {"case": "title"},
    "nfc",
    "nfkc",
    "transliterate",
    {"split": {"by": ",", "take": "first"}},
    {"split": {"by": ",", "take": "last", "otherwise": "keep"}},
    {"split": {"by": " ", "take": "rest", "otherwise": "blank"}},
    {"split": {"by": "a", "take": 2}},
    {"template": "{value}@acme.example"},
    {"map": {"yes": "1", "Lovelace, Ada": "2"}},
    {"lookup": {"table": {"yes": "1"}, "otherwise": "keep"}},
    {"boolean": "active"},
    {"default": "none"},
    {"address": "acme.example"},
    {"address": {"domain": "acme.example", "instead_of": ["b.example"]}},
    {"phone": "FR"},
    {"pad": 5},
    {"replace": {"text": "a", "by": "b"}},
    "digits",
]
SAME_AGAIN = ("trim", "nfc", "nfkc", "transliterate", "digits", "case", "pad", "default", "address", "phone")
RUNS = settings(max_examples=examples(20), deadline=None)


def named(entry: Any) -> str:
    return entry if isinstance(entry, str) else next(iter(entry))


def applied(entry: Any, cells: pd.Series) -> tuple[list[str | None], list[bool]]:
    after, wrong = step(Transform.model_validate(entry).declared, pd.DataFrame(index=cells.index)).apply(cells)
    assert after.index.equals(cells.index)
    assert wrong.dtype == bool
    return [value if isinstance(value, str) else None for value in after], wrong.tolist()


def text(cells: list[str | None]) -> pd.Series:
    return pd.Series(cells, dtype="str")


def test_every_transform_is_tried() -> None:
    assert {named(entry) for entry in ENTRIES} == set(DECLARED)


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
@RUNS
@given(COLUMNS)
def test_nothing_raises_and_cells_stay_trimmed_text(entry: Any, cells: pd.Series) -> None:
    after, wrong = applied(entry, cells)
    for before, value, bad in zip(cells, after, wrong, strict=True):
        assert value is None or (value == value.strip() and value)
        assert not (bad and value is not None)
        if not isinstance(before, str):
            assert not bad
            assert value is None or isinstance(Transform.model_validate(entry).declared, Default)


@pytest.mark.parametrize("entry", ENTRIES, ids=str)
@RUNS
@given(COLUMNS, st.randoms())
def test_rows_do_not_know_of_each_other(entry: Any, cells: pd.Series, random: Any) -> None:
    order = list(range(len(cells)))
    random.shuffle(order)
    after, wrong = applied(entry, cells)
    shuffled, wrong_too = applied(entry, cells.iloc[order].reset_index(drop=True))
    assert shuffled == [after[at] for at in order]
    assert wrong_too == [wrong[at] for at in order]


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if named(entry) in SAME_AGAIN], ids=str)
@RUNS
@given(COLUMNS)
def test_done_again_it_changes_nothing(entry: Any, cells: pd.Series) -> None:
    once, _ = applied(entry, cells)
    again, wrong = applied(entry, text(once))
    assert again == once
    assert not any(wrong)


def test_what_is_said_to_change_nothing_when_done_again_is_tried() -> None:
    said = {name for name, kind in DECLARED.items() if "Done again" in (step.dispatch(kind).__doc__ or "")}
    assert said == set(SAME_AGAIN)
