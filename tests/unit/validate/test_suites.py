"""Suites are read, and refused with a sentence that says where and what."""

import json
from datetime import date
from pathlib import Path

import pytest

from tasks.model.errors import BadPipeline
from tasks.model.rosters import SEVERITIES
from tasks.validate import validate
from tasks.validate.suites import load_suite, suite_names

ALWAYS = {
    "duplicate_row", "id_conflict", "id_malformed", "id_missing", "id_shared", "roster_empty",
    "status_invalid", "status_missing", "user_name_missing", "user_name_shared", "column_blank",
    "user_name_too_long", "name_too_long", "locale_invalid",
}  # fmt: skip


def own_suite(folder: Path, *expectations: object) -> str:
    (folder / "own.json").write_text(json.dumps({"name": "own", "expectations": list(expectations)}), "utf-8")
    return "own.json"


@pytest.mark.parametrize("name", suite_names())
def test_each_check_of_our_suites_says_what_is_wrong_and_what_to_do(name):
    for check in load_suite(name, Path()).checks:
        assert check.code.replace("_", "").isalnum()
        assert check.code == check.code.lower()
        assert check.message.endswith(".")
        assert check.remedy.endswith(".")
        assert check.severity in SEVERITIES


def test_a_code_has_one_severity():
    codes = {(check.code, check.severity) for check in load_suite("staff", Path()).checks}
    assert len(codes) == len({code for code, _ in codes})


def test_own_suite_may_leave_out_code_message_and_remedy(tmp_path):
    name = own_suite(tmp_path, {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "phone"}})
    check = load_suite(name, tmp_path).checks[0]
    assert check.code == "column_values_to_be_unique"
    assert check.message == "This does not pass the check 'column values to be unique'."
    assert check.remedy == "Correct it in the source, or change expectation 1 of own.json."
    assert check.severity == "critical"


def test_checks_that_the_plan_relies_on_belong_to_every_suite(tmp_path):
    name = own_suite(tmp_path, {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "phone"}})
    assert {check.code for check in load_suite(name, tmp_path).checks[1:]} == ALWAYS


@pytest.mark.parametrize(("status", "code"), [(None, "status_missing"), ("retired", "status_invalid")])
def test_status_that_says_nothing_holds_the_row_under_any_suite(tmp_path, make_roster, ada, headings, status, code):
    suite = load_suite(own_suite(tmp_path), tmp_path)
    verdict = validate(make_roster({**ada, "status": status}), suite, headings, date(2026, 3, 1))
    assert verdict.held["codes"].tolist() == [code]


@pytest.mark.parametrize(
    ("attribute", "value", "code"),
    [
        ("given_name", "A" * 33, "name_too_long"),
        ("family_name", "B" * 33, "name_too_long"),
        ("user_name", "a" * 120 + "@acme.example", "user_name_too_long"),
        ("locale", "french", "locale_invalid"),
    ],
)
def test_what_the_target_would_refuse_holds_the_row_under_any_suite(
    tmp_path, make_roster, ada, headings, attribute, value, code
):
    suite = load_suite(own_suite(tmp_path), tmp_path)
    verdict = validate(make_roster({**ada, attribute: value}), suite, headings, date(2026, 3, 1))
    assert verdict.held["codes"].tolist() == [code]


def test_checks_of_our_own_suite_are_not_added_to_it_again():
    checks = load_suite("staff", Path()).checks
    assert [check.number for check in checks] == list(range(1, len(checks) + 1))


def test_unknown_suite_is_refused_with_those_that_exist():
    with pytest.raises(BadPipeline, match=r"no suite named stafff.*Did you mean staff\? The suites are: .*staff"):
        load_suite("stafff", Path())


def test_missing_suite_file_is_refused_with_its_path(tmp_path):
    with pytest.raises(BadPipeline, match=r"nowhere\.json cannot be read: No such file or directory"):
        load_suite("nowhere.json", tmp_path)


def test_suite_that_is_not_json_is_refused(tmp_path):
    (tmp_path / "own.json").write_text("expectations: []", "utf-8")
    with pytest.raises(BadPipeline, match=r"Suite own\.json is not JSON"):
        load_suite("own.json", tmp_path)


def test_suite_without_expectations_is_refused(tmp_path):
    (tmp_path / "own.json").write_text('{"name": "own"}', "utf-8")
    with pytest.raises(BadPipeline, match=r"Suite own\.json has no list of expectations"):
        load_suite("own.json", tmp_path)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"kwargs": {}}, r"expectation 1 \(no type\): it has no type"),
        (
            {"type": "expect_x", "severty": "info"},
            r"expectation 1 \(expect_x\): its key severty is not known\. .*Did you mean severity\?",
        ),
        (
            {"type": "expect_x", "severity": "fatal"},
            r"expectation 1 \(expect_x\): its severity is not known\. .*The severities are: critical, warning",
        ),
        ({"type": "expect_x", "kwargs": ["column"]}, r"expectation 1 \(expect_x\): kwargs and meta must be objects"),
        (
            {"type": "expect_x", "kwargs": {"column_list": "phone"}},
            r"expectation 1 \(expect_x\): column_list, meta\.needs and meta\.spared must be lists of strings",
        ),
        (
            {"type": "expect_x", "kwargs": {"column": ["phone"]}},
            r"expectation 1 \(expect_x\): column, column_A, column_B must each be a string",
        ),
        ({"type": "expect_x", "meta": {"code": 7}}, r"expectation 1 \(expect_x\): meta\.code must be a JSON string"),
        (
            {"type": "expect_x", "meta": {"min_rows": True}},
            r"expectation 1 \(expect_x\): meta\.min_rows must be a JSON whole number",
        ),
    ],
)
def test_malformed_expectation_is_refused_by_number(tmp_path, entry, said):
    name = own_suite(tmp_path, entry)
    with pytest.raises(BadPipeline, match=r"Suite own\.json, " + said):
        load_suite(name, tmp_path)


def test_suite_exported_by_gx_is_read(tmp_path):
    entry = {
        "id": "5f1e", "type": "expect_column_values_to_be_unique", "severity": "warning", "meta": {}, "notes": "n",
        "rendered_content": [], "kwargs": {"column": "phone", "result_format": "BASIC", "catch_exceptions": True},
    }  # fmt: skip
    check = load_suite(own_suite(tmp_path, entry), tmp_path).checks[0]
    assert check.kwargs == {"column": "phone"}
    assert check.severity == "warning"
