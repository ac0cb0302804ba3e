"""docs/findings.md lists every code, with its severity, and its example is a suite that runs."""

import re
from datetime import date
from pathlib import Path

import pytest

from tasks.validate import load_suite, validate
from tasks.validate.merging import MERGE_CODES
from tasks.validate.suites import suite_names

TODAY = date(2026, 3, 1)

PROJECT = Path(__file__).parents[3]
FROM_INGEST = {
    "value_not_mapped", "bad_date", "bad_status", "cell_error", "formula_uncached",
    "value_not_in_table", "no_such_part", "not_yes_or_no", "no_local_part", "bad_phone", "no_digits",
    "secret_cell",
}  # fmt: skip


@pytest.fixture(scope="module")
def page():
    return (PROJECT / "docs" / "findings.md").read_text("utf-8")


def documented(page):
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) == len({code for code, *_ in rows})
    return {code: severity for code, severity, *_ in rows}


def test_every_code_is_on_the_page_with_its_severity(page):
    told = {(check.code, check.severity) for name in suite_names() for check in load_suite(name, PROJECT).checks}
    others = {(code, "critical") for code in FROM_INGEST} | set(dict(MERGE_CODES).items())
    assert sorted(documented(page).items()) == sorted(told | others)


def test_codes_of_reading_and_mapping_are_still_in_use():
    source = "".join(file.read_text("utf-8") for file in (PROJECT / "tasks" / "ingest").glob("*.py"))
    assert {code for code in FROM_INGEST if f'"{code}"' not in source} == set()


def test_codes_that_every_suite_has_are_named(page):
    last = page.rsplit("checked with every suite whose rows are people:", 1)[1]
    assert set(re.findall(r"`(\w+)`", last)) == {
        check.code for check in load_suite("staff", PROJECT).checks if check.always
    }


def test_example_suite_runs(page, tmp_path, make_roster, ada, headings):
    (tmp_path / "ours.json").write_text(re.search(r"```json\n(.+?)```", page, re.DOTALL)[1], "utf-8")
    suite = load_suite("ours.json", tmp_path)
    assert suite.checks[0].code == "cost_center_unknown"
    verdict = validate(make_roster(ada), suite, headings, TODAY)
    assert verdict.findings.empty
