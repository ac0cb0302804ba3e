"""rejects.xlsx: rows as they stood, what is wrong with them, and a way back."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from tasks.validate import load_suite, rejects, validate, write_rejects

TODAY = date(2026, 3, 1)

EXPLAINED = ["Row", "Problem column", "Value", "Code", "What is wrong", "What to do", "Reference"]


@pytest.fixture
def workbook(make_roster, headings, tmp_path):
    def write(*rows, **more):
        roster = make_roster(*rows, **more)
        verdict = validate(roster, load_suite("staff", Path()), headings, TODAY)
        return openpyxl.load_workbook(write_rejects(roster, verdict, tmp_path / "rejects.xlsx"))

    return write


def lines(sheet):
    return [list(line) for line in sheet.iter_rows(values_only=True)]


def test_held_row_stands_as_it_stood_with_what_is_wrong(workbook, ada, ben):
    book = workbook(ada, {**ben, "external_id": "0042", "user_name": "ben at acme"})
    header, line = lines(book["Rejects"])
    assert header == ["Employee No", "Surname", "First name", "State", "Mail", *EXPLAINED]
    assert line[:5] == ["0042", "Ode", "Ben", "active", "ben at acme"]
    assert line[5:] == [
        3, "Mail", "ben at acme", "user_name_invalid", "This is not a mail address.",
        "Correct the address: letters without accents, one @, a domain with a dot.", f"hr:{'0' * 16}:3",
    ]  # fmt: skip


def test_several_problems_of_a_row_stand_below_each_other(workbook, ada):
    book = workbook({**ada, "given_name": None, "locale": "french"})
    line = lines(book["Rejects"])[1]
    *told, reference = line[-6:]
    assert told[:3] == ["First name\nLanguage", "(blank)\nfrench", "name_missing\nlocale_invalid"]
    assert [text.count("\n") for text in told] == [1] * 5
    assert "\n" not in reference


def test_problem_cells_are_coloured_even_if_blank_and_others_are_not(workbook, ada):
    sheet = workbook({**ada, "given_name": None, "user_name": "nobody"})["Rejects"]
    coloured = {sheet.cell(1, cell.column).value for cell in sheet[2] if cell.fill.fgColor.rgb == "FFFBD5D5"}
    assert coloured == {"First name", "Mail"}


def held_with(ada, texts):
    """Return a row for each of *texts*, which stands in the column Department; each is held for its address."""
    return [
        {**ada, "external_id": str(at), "given_name": f"A{at}", "user_name": f"nobody {at}", "department": text}
        for at, text in enumerate(texts)
    ]


def test_cells_are_text_and_cannot_run_as_formulas(workbook, ada):
    texts = ["=1+1", "+49 30 1234", "-5", "@SUM(A1)", "\t=1", "0042", "1E5", "2026-03-01"]
    sheet = workbook(*held_with(ada, texts))["Rejects"]
    cells = [sheet.cell(row, 1) for row in range(2, 2 + len(texts))]
    assert [(cell.value, cell.data_type, cell.number_format) for cell in cells] == [(text, "s", "@") for text in texts]
    assert [cell.quotePrefix for cell in cells] == [text.startswith(("=", "+", "-", "@", "\t")) for text in texts]


def test_odd_texts_come_back_as_they_were(workbook, ada, tmp_path):
    texts = [
        "_x0041_",
        "a\x01b",
        "a\nb",
        "<&>\"'",
        "\u4e2d\u6587 \U0001f600",
        "http://acme.example",
        " lead",
        "#N/A",
        "<r>x</r>",
        "<r><t>&</r>",
    ]
    workbook(*held_with(ada, texts))
    rows = CalamineWorkbook.from_path(tmp_path / "rejects.xlsx").get_sheet_by_name("Rejects").to_python()
    assert [row[0] for row in rows[1:]] == texts


def test_cell_longer_than_a_spreadsheet_takes_is_cut(workbook, ada):
    sheet = workbook({**ada, "user_name": "nobody", "department": "x" * 40_000})["Rejects"]
    assert len(sheet.cell(2, 1).value) == 32_767


def test_header_is_frozen_and_filtered(workbook, ada):
    sheet = workbook({**ada, "user_name": "nobody"})["Rejects"]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:L2"
    assert sheet.column_dimensions["K"].width > 40


def test_warnings_stand_on_a_sheet_of_their_own(workbook, ada):
    book = workbook(ada, ada)
    assert lines(book["Rejects"])[1:] == []
    assert lines(book["Warnings"])[1:] == [
        [3, "(whole row)", None, "duplicate_row", "warning", "The same row stands here more than once.",
         "Nothing: one of them is used. Remove the others to be rid of this warning."]
    ]  # fmt: skip


def test_read_me_says_how_to_feed_the_file_back_without_making_leavers(workbook, ada):
    text = "\n".join(str(line[0]) for line in lines(workbook({**ada, "user_name": "nobody"})["Read me"]))
    assert text.startswith("1 of 1 rows of staff.csv are held")
    for part in ("rosterflow plan PIPELINE --mended rejects.xlsx", "rosterflow check PIPELINE --mended rejects.xlsx"):
        assert part in text
    assert "snapshot" not in text
    assert "whoever has no other row in the list then counts as having left" in text


def test_source_headings_like_ours_are_told_apart(make_roster, ada, headings, tmp_path):
    names = {"Mail": "Value", "State": "row"}
    read = make_roster({**ada, "user_name": "nobody"})
    roster = replace(read, raw=read.raw.rename(columns=names))
    renamed = {attribute: names.get(heading, heading) for attribute, heading in headings.items()}
    verdict = validate(roster, load_suite("staff", Path()), renamed, TODAY)
    header, line = lines(openpyxl.load_workbook(write_rejects(roster, verdict, tmp_path / "r.xlsx"))["Rejects"])
    assert header[3:8] == ["row", "Value", "Row (check)", "Problem column", "Value (check)"]
    assert line[4:8] == ["nobody", 2, "Value", "nobody"]


@pytest.mark.prove
def test_mended_file_has_the_same_columns_for_the_same_mapping(workbook, make_roster, ada, headings):
    sheet = workbook({**ada, "user_name": "nobody"})["Rejects"]
    sheet.cell(2, [cell.value for cell in sheet[1]].index("Mail") + 1).value = "ada@acme.example"
    header, line = lines(sheet)
    told = dict(zip(header, line, strict=True))
    mended = {attribute: told[heading] for attribute, heading in headings.items() if heading in told}
    verdict = validate(make_roster(mended), load_suite("staff", Path()), headings, TODAY)
    assert verdict.findings.empty
    assert verdict.clean["user_name"].tolist() == ["ada@acme.example"]


def test_rows_beyond_what_a_sheet_holds_go_to_a_further_sheet(workbook, ada, monkeypatch):
    monkeypatch.setattr(rejects, "_MOST_ROWS", 2)
    people = [{**ada, "external_id": str(n), "user_name": f"nobody {n}", "given_name": f"A{n}"} for n in range(5)]
    book = workbook(*people)
    assert book.sheetnames == ["Rejects", "Rejects 2", "Rejects 3", "Warnings", "Read me"]
    assert [book[name].max_row for name in book.sheetnames[:3]] == [3, 3, 2]


def test_file_is_private_whole_and_the_same_for_the_same_input(workbook, ada, tmp_path):
    path = tmp_path / "rejects.xlsx"
    workbook({**ada, "user_name": "nobody"})
    first = path.read_bytes()
    workbook({**ada, "user_name": "nobody"})
    assert path.read_bytes() == first
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert not any("externalLink" in name for name in ZipFile(path).namelist())
