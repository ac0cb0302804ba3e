"""What holds of every roster: each row has one fate, a person is clean once, and row order says nothing."""

from datetime import date
from pathlib import Path

import pandas as pd
from email_validator import validate_email
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.addresses import PLAIN
from tasks.model.rosters import Roster
from tasks.model.tables import FINDINGS, WORKERS
from tasks.validate import load_suite, validate
from tasks.validate.suites import Suite
from tests.support.effort import examples

MAPPED = ("external_id", "user_name", "given_name", "family_name", "status", "department")
HEADINGS = {name: name.upper() for name in MAPPED}
CELLS = st.fixed_dictionaries(
    {
        "external_id": st.sampled_from(["1", "2", "3", None]),
        "user_name": st.sampled_from(
            ["a@acme.example", "A@ACME.example", "b@acme.example", "c@acme.example", "x", None]
        ),
        "given_name": st.sampled_from(["Ada", "ADA", "Ben"]),
        "family_name": st.sampled_from(["Byron", "Ode"]),
        "status": st.sampled_from(["active", "inactive", None]),
        "department": st.sampled_from(["Sales", None]),
    }
)
ROWS = st.lists(CELLS, min_size=1, max_size=12)
FEW = settings(max_examples=examples(3), deadline=None, suppress_health_check=[HealthCheck.too_slow])


def staff() -> Suite:
    """The staff suite without its judgement of whole columns, which small samples would fail."""
    suite = load_suite("staff", Path())
    return Suite(suite.name, suite.label, tuple(check for check in suite.checks if check.code != "column_blank"))


def roster(rows: list[dict[str, str | None]], numbers: list[int]) -> Roster:
    workers = WORKERS.frame(
        {"source": "hr", "file": "f.csv", "row": number, **row} for number, row in zip(numbers, rows, strict=True)
    )
    raw = workers[list(MAPPED)].rename(columns=HEADINGS).set_axis(pd.Index(numbers, dtype="int64"))
    return Roster("hr", "f.csv", None, "0" * 64, raw, workers, FINDINGS.empty(), MAPPED)


def judged(rows, numbers=None):
    return validate(roster(rows, numbers or list(range(2, len(rows) + 2))), staff(), HEADINGS, date(2026, 3, 1))


@FEW
@given(ROWS)
def test_each_row_has_one_fate_and_each_person_is_clean_once(rows):
    verdict = judged(rows)
    findings, clean, held = verdict.findings, verdict.clean, set(verdict.held["row"])
    aside = set(findings.loc[findings["code"] == "duplicate_row", "row"])
    assert set(clean["row"]) | held | aside == set(range(2, len(rows) + 2))
    assert not set(clean["row"]) & (held | aside)
    assert held == set(findings.loc[findings["severity"] == "critical", "row"])
    assert not findings.duplicated(list(FINDINGS.key)).any()
    assert clean["external_id"].is_unique
    assert clean[["external_id", "given_name", "family_name", "status"]].notna().all(axis=None)
    present = clean[clean["status"] == "active"]  # a leaver's address may be gone, or another's by now
    assert present["user_name"].notna().all()
    assert present["user_name"].str.casefold().is_unique


@FEW
@given(ROWS, st.randoms(use_true_random=False))
def test_verdict_does_not_depend_on_row_order(rows, random):
    numbers = list(range(2, len(rows) + 2))
    pairs = list(zip(rows, numbers, strict=True))
    random.shuffle(pairs)
    shuffled = judged([row for row, _ in pairs], [number for _, number in pairs])
    straight = judged(rows)
    assert set(shuffled.held["row"]) == set(straight.held["row"])
    assert sorted(map(tuple, shuffled.clean[list(MAPPED)].fillna("").to_numpy())) == sorted(
        map(tuple, straight.clean[list(MAPPED)].fillna("").to_numpy())
    )
    held = ["row", "codes", "key_usable"]
    pd.testing.assert_frame_equal(
        shuffled.held[held].sort_values("row", ignore_index=True),
        straight.held[held].sort_values("row", ignore_index=True),
    )


PIECES = st.text(alphabet="aZ9x-n_", min_size=1, max_size=32)


@given(st.lists(PIECES, min_size=1, max_size=3), st.lists(PIECES, min_size=1, max_size=5), st.sampled_from("+-."))
def test_address_that_looks_plain_passes_the_full_check(local, labels, sign):
    text = f"{sign.join(local)}@{'.'.join(labels)}.example"
    if PLAIN.fullmatch(text):
        validate_email(text, check_deliverability=False, test_environment=True, allow_smtputf8=False, strict=True)
