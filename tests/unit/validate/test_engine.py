"""Great Expectations runs what the suite says, all of it, quietly."""

import json
import os
import traceback
from dataclasses import replace
from datetime import date

import pytest

from tasks.model.errors import BadPipeline, FaultyCheck, RejectedSource
from tasks.validate import load_suite, validate

TODAY = date(2026, 3, 1)


@pytest.fixture
def own(tmp_path):
    def load(*expectations):
        (tmp_path / "own.json").write_text(json.dumps({"name": "own", "expectations": list(expectations)}), "utf-8")
        return load_suite("own.json", tmp_path)

    return load


def test_unknown_type_is_refused_by_file_number_and_type_with_a_near_name(own, make_roster, ada, headings):
    fine = {"type": "expect_column_values_to_be_unique", "kwargs": {"column": "phone"}}
    suite = own(fine, {"type": "expect_column_values_to_be_uniqe", "kwargs": {"column": "phone"}})
    with pytest.raises(
        BadPipeline,
        match=r"Suite own\.json, expectation 2 \(expect_column_values_to_be_uniqe\): this type of expectation is not "
        r"known.*Did you mean expect_column_values_to_be_unique\b",
    ):
        validate(make_roster(ada), suite, headings, TODAY)


def test_unknown_argument_is_refused_by_name(own, make_roster, ada, headings):
    suite = own({"type": "expect_column_values_to_be_unique", "kwargs": {"column": "status", "colour": "red"}})
    with pytest.raises(BadPipeline, match=r"expectation 1 .*its arguments do not fit: colour: extra fields"):
        validate(make_roster(ada), suite, headings, TODAY)


def test_exception_inside_gx_is_an_error_that_names_the_expectation_but_no_cell(own, make_roster, ada, headings):
    suite = own({"type": "expect_column_values_to_match_regex", "kwargs": {"column": "given_name", "regex": "["}})
    with pytest.raises(BadPipeline, match=r"expectation 1 .*match_regex\): it could not be run \(\w+\)") as caught:
        validate(make_roster(ada), suite, headings, TODAY)
    assert "Ada" not in str(caught.value)


@pytest.fixture
def faulty_staff(tmp_path):
    """The staff suite with a fault in its third check."""
    suite = load_suite("staff", tmp_path)
    number, kind = 2, "expect_column_values_to_match_regex"
    check = replace(suite.checks[number], type=kind, kwargs={"column": "given_name", "regex": "["}, needs=None)
    return replace(suite, checks=(*suite.checks[:number], check, *suite.checks[number + 1 :]))


def test_a_check_of_ours_that_cannot_be_run_is_a_fault_of_the_program(faulty_staff, make_roster, ada, headings):
    with pytest.raises(
        FaultyCheck, match=r"check 3 of staff\.json \(\w+match_regex\): it could not be run \(\w+\)"
    ) as caught:
        validate(make_roster(ada), faulty_staff, headings, TODAY)
    assert caught.value.exit_code == 1
    assert "report it" in caught.value.remedy
    assert "Correct" not in str(caught.value)
    assert "Ada" not in str(caught.value)
    assert "Traceback" in str(caught.value.__cause__)  # for whoever sets ROSTERFLOW_DEBUG


def test_a_check_of_ours_in_a_suite_of_ones_own_is_no_mistake_of_its_author(own, make_roster, ada, headings):
    suite = own()
    broken = tuple(replace(check, kwargs={**check.kwargs, "colour": "red"}) for check in suite.checks)
    assert broken
    with pytest.raises(FaultyCheck, match=r"of staff\.json .*its arguments do not fit"):
        validate(make_roster(ada), replace(suite, checks=broken), headings, TODAY)


def test_failure_of_a_suite_of_ours_that_gx_pins_on_no_check_is_a_fault_of_the_program(
    make_roster, ada, headings, monkeypatch, tmp_path
):
    from expectations import gx

    monkeypatch.setattr(gx.Batch, "validate", lambda *args, **kwargs: [][1])
    with pytest.raises(FaultyCheck, match=r"staff\.json could not be run \(IndexError inside Great Expectations\)"):
        validate(make_roster(ada), load_suite("staff", tmp_path), headings, TODAY)


def test_failure_that_gx_pins_on_no_expectation_is_an_error_too(own, make_roster, ada, headings, monkeypatch):
    from expectations import gx

    monkeypatch.setattr(gx.Batch, "validate", lambda *args, **kwargs: [][1])
    with pytest.raises(
        BadPipeline, match=r"Suite own\.json could not be run \(IndexError inside Great Expectations\)"
    ) as caught:
        validate(make_roster(ada), own(), headings, TODAY)
    assert "out of range" not in "".join(traceback.format_exception(caught.value))  # GX's texts can hold cells


def test_check_of_an_attribute_that_is_not_mapped_is_skipped(own, make_roster, ada, headings):
    suite = own({"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "phone"}})
    assert validate(make_roster(ada), suite, headings, TODAY).findings.empty


def test_required_check_of_an_attribute_that_is_not_mapped_refuses_the_source(own, make_roster, ada, headings):
    suite = own(
        {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": "phone"}, "meta": {"required": True}}
    )
    with pytest.raises(RejectedSource, match=r"own\.json needs phone, to which source hr maps no column"):
        validate(make_roster(ada), suite, headings, TODAY)


def test_missing_column_refuses_the_source(own, make_roster, ada, headings):
    suite = own({"type": "expect_column_to_exist", "kwargs": {"column": "phone"}, "meta": {"message": "No phone."}})
    with pytest.raises(RejectedSource, match=r"Source hr \(staff\.csv\) cannot be trusted as a whole\. No phone\."):
        validate(make_roster(ada), suite, headings, TODAY)


def test_check_is_not_asked_of_fewer_rows_than_it_needs(own, make_roster, ada, ben, headings):
    entry = {"type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 9}, "meta": {"min_rows": 2}}
    assert validate(make_roster(ada), own(entry), headings, TODAY).findings.empty
    with pytest.raises(RejectedSource):
        validate(make_roster(ada, ben), own(entry), headings, TODAY)


def test_failed_warning_about_the_table_is_a_finding_without_a_row(own, make_roster, ada, headings):
    entry = {
        "type": "expect_table_row_count_to_be_between", "kwargs": {"min_value": 9}, "severity": "warning",
        "meta": {"code": "few_rows", "message": "There are {observed} of {rows} rows."},
    }  # fmt: skip
    verdict = validate(make_roster(ada), own(entry), headings, TODAY)
    assert verdict.findings[["code", "message"]].to_numpy().tolist() == [["few_rows", "There are 1 of 1 rows."]]
    assert verdict.findings["row"].isna().all()
    assert len(verdict.clean) == 1


def test_star_column_makes_one_check_for_each_mapped_attribute(own, make_roster, ada, headings):
    entry = {"type": "expect_column_values_to_not_match_regex", "kwargs": {"column": "*", "regex": "^(Ada|active)$"}}
    verdict = validate(make_roster(ada), own(entry), headings, TODAY)
    assert sorted(verdict.findings["column"]) == ["First name", "State"]


def test_results_belong_to_their_checks_whatever_order_gx_answers_in(own, make_roster, ada, ben, headings):
    suite = own(
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "given_name", "value_set": ["Ada"]},
         "meta": {"code": "first"}},
        {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": "given_name", "value_set": ["Ben"]},
         "meta": {"code": "second"}, "severity": "info"},
    )  # fmt: skip
    found = validate(make_roster(ada, ben), suite, headings, TODAY).findings
    assert found[["row", "code", "severity"]].to_numpy().tolist() == [[2, "second", "info"], [3, "first", "critical"]]


def test_gx_is_told_to_send_nothing():
    import expectations.gx  # noqa: F401

    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
