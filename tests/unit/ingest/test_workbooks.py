"""Workbooks: every cell as the text a person would read, and blanks that are none found out."""

import datetime as dt
import io
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pytest
import xlsxwriter

from tasks.ingest import workbooks
from tasks.model.errors import RejectedSource
from tasks.model.rosters import Roster

HEADINGS = ("Employee No", "Account", "Department")


def test_cells_are_text_as_a_person_reads_them(write_xlsx: Callable[..., Path], read: Callable[..., Roster]) -> None:
    write_xlsx(
        HEADINGS,
        ("00142", "ada", " Sales "),
        (1042, "NA", "null"),
        (1042.0, 0.1, True),
        (123456789012, dt.date(2026, 3, 31), dt.datetime(2026, 3, 31, 14, 30)),  # noqa: DTZ001
    )
    raw = read(dates="%d/%m/%Y").raw
    assert raw.to_numpy().tolist() == [
        ["00142", "ada", " Sales "],
        ["1042", "NA", "null"],
        ["1042", "0.1", "TRUE"],
        ["123456789012", "31/03/2026", "2026-03-31 14:30:00"],
    ]
    assert raw.index.tolist() == [2, 3, 4, 5]


def test_rows_are_numbered_as_the_spreadsheet_does_and_blank_ones_left_out(
    write_xlsx: Callable[..., Path], read: Callable[..., Roster]
) -> None:
    write_xlsx(("Staff list",), (), HEADINGS, ("1", "ada", "IT"), (None, "  ", None), ("2", "bob", None))
    roster = read(header_row=3)
    assert roster.raw.index.tolist() == [4, 6]
    assert roster.workers["row"].tolist() == [4, 6]
    assert roster.workers["sheet"].tolist() == ["Staff", "Staff"]
    assert roster.workers["department"].isna().tolist() == [False, True]


def test_the_first_visible_sheet_is_read_where_none_is_named(tmp_path: Path, read: Callable[..., Roster]) -> None:
    book = openpyxl.Workbook()
    book.active.title, book.active.sheet_state = "Old", "hidden"  # type: ignore[union-attr]
    new = book.create_sheet("New")
    new.append(HEADINGS)
    new.append(("1", "ada", "IT"))
    book.save(tmp_path / "staff.xlsx")
    assert read().sheet == "New"


def test_a_cell_that_a_reader_stumbles_over_stays_out_of_the_log(
    write_cached: Callable[..., Path], read: Callable[..., Roster]
) -> None:
    path = write_cached({"C2": ("NA()", "#N/A")})  # an error, so that the second reader is asked too
    with zipfile.ZipFile(path) as package:
        parts = {name: package.read(name).decode() for name in package.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"]
    parts["xl/worksheets/sheet1.xml"] = sheet.replace(
        "</row></sheetData>", '<c r="D2"><v>ada@acme.test</v></c></row></sheetData>'
    )
    with zipfile.ZipFile(path, "w") as package:
        for name, text in parts.items():
            package.writestr(name, text)
    with pytest.raises(RejectedSource, match="is damaged") as caught:
        read()
    logged = "".join(traceback.format_exception(caught.value))
    assert "acme.test" not in logged + str(caught.value.facts)


def test_a_wrong_sheet_says_which_exist(write_xlsx: Callable[..., Path], read: Callable[..., Roster]) -> None:
    write_xlsx(HEADINGS, ("1", "ada", "IT"), also=("Notes",))
    with pytest.raises(
        RejectedSource, match=r"no sheet 'Staf'; its sheets: Staff, Notes.*Did you mean 'Staff'"
    ) as caught:
        read(sheet="Staf")
    assert caught.value.exit_code == 6


def test_an_error_cell_in_a_key_is_found(
    write_xlsx: Callable[..., Path], read: Callable[..., Roster], tmp_path: Path
) -> None:
    path = write_xlsx(HEADINGS, ("#N/A", "ada", "IT"), ("2", "bob", "#REF!"), ("3", "cy", None))
    book = openpyxl.load_workbook(path)
    assert [book["Staff"][place].data_type for place in ("A2", "C3")] == ["e", "e"]
    roster = read()
    assert roster.findings[["row", "column", "attribute", "code", "severity", "value"]].to_numpy().tolist() == [
        [2, "Employee No", "external_id", "cell_error", "critical", "#N/A"],
        [3, "Department", "department", "cell_error", "critical", "#REF!"],
    ]
    assert roster.raw.loc[2, "Employee No"] == "#N/A"
    assert roster.workers["external_id"].isna().tolist() == [True, False, False]


def test_a_formula_saved_without_its_result_is_found(
    write_xlsx: Callable[..., Path], read: Callable[..., Roster]
) -> None:
    write_xlsx(HEADINGS, ("1", '=CONCAT("a","da")', "IT"), ("2", "bob", None))
    findings = read().findings
    assert findings[["row", "column", "code", "severity"]].to_numpy().tolist() == [
        [2, "Account", "formula_uncached", "critical"]
    ]
    assert findings["value"].isna().all()


def test_a_formula_with_its_result_is_that_result(
    write_cached: Callable[..., Path], read: Callable[..., Roster]
) -> None:
    write_cached({"A3": ("=1+1042", 1043), "B3": ('="bo"&"b"', "bob"), "C3": ('=IF(A3>0,"","x")', "")})
    roster = read()
    assert roster.workers["external_id"].tolist() == ["00142", "1043"]
    assert roster.workers["user_name"].tolist() == ["ada", "bob"]
    assert roster.findings.empty


def test_a_result_that_is_blank_is_no_formula_without_a_result(
    write_cached: Callable[..., Path], read: Callable[..., Roster]
) -> None:
    write_cached({"A3": ("=2", 2), "B3": ('=""', ""), "C3": ("=NA()", "#N/A")})
    findings = read().findings
    assert findings[["row", "column", "code"]].to_numpy().tolist() == [[3, "Department", "cell_error"]]


def test_openpyxl_is_not_asked_where_nothing_is_in_doubt(
    write_xlsx: Callable[..., Path], read: Callable[..., Roster], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_xlsx(HEADINGS, ("1", "ada", None))
    monkeypatch.delattr(workbooks, "look_twice")
    assert read().findings.empty


@pytest.mark.parametrize(
    ("content", "looks_like"),
    [
        (b"Employee No,Account\n1,ada\n", "delimited text, as in a .csv file"),
        (b"<html><table></table></html>", "a web page"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "a binary file"),
        (b"%PDF-1.7", "a PDF"),
    ],
)
def test_what_is_no_workbook_is_told_by_its_content(
    write_text: Callable[..., Path], read: Callable[..., Roster], content: bytes, looks_like: str
) -> None:
    write_text(content, "staff.xlsx")
    with pytest.raises(RejectedSource, match=f"is not an .xlsx workbook, as its name says; it looks like {looks_like}"):
        read()


def test_another_zip_file_is_no_workbook(write_text: Callable[..., Path], read: Callable[..., Roster]) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("readme.txt", "hello")
    write_text(buffer.getvalue(), "staff.xlsx")
    with pytest.raises(RejectedSource, match=r"is not an .xlsx workbook, as its name says; it looks like a zip file"):
        read()


@pytest.mark.parametrize("kept", [4, 200, 0.5, 0.9])
def test_a_cut_off_workbook_is_refused(
    write_text: Callable[..., Path], read: Callable[..., Roster], workbook_bytes: bytes, kept: float
) -> None:
    write_text(workbook_bytes[: int(kept if kept >= 1 else kept * len(workbook_bytes))], "staff.xlsx")
    with pytest.raises(RejectedSource, match="it is damaged, or no workbook"):
        read()


def test_a_damaged_sheet_is_refused(
    write_text: Callable[..., Path], read: Callable[..., Roster], workbook_bytes: bytes
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook_bytes)) as whole, zipfile.ZipFile(buffer, "w") as broken:
        for name in whole.namelist():
            data = whole.read(name)
            broken.writestr(name, b"<worksheet><sheetData><row" if "worksheets/" in name else data)
    write_text(buffer.getvalue(), "staff.xlsx")
    with pytest.raises(RejectedSource):
        read()


def test_a_zip_bomb_is_refused_before_it_is_unpacked(
    write_text: Callable[..., Path], read: Callable[..., Roster], workbook_bytes: bytes
) -> None:
    buffer = io.BytesIO(workbook_bytes)
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("xl/media/large.bin", b"\0" * (110 << 20))
    write_text(buffer.getvalue(), "staff.xlsx")
    with pytest.raises(RejectedSource, match="would unpack to 110 MiB"):
        read()


def test_a_cell_far_out_is_refused_before_it_takes_all_memory(tmp_path: Path, read: Callable[..., Roster]) -> None:
    with xlsxwriter.Workbook(tmp_path / "staff.xlsx") as book:
        sheet = book.add_worksheet("Staff")
        sheet.write_row(0, 0, HEADINGS)
        sheet.write_row(1, 0, ("1", "ada", "IT"))
        sheet.write_string(1_000_000, 16_000, " ")
    with pytest.raises(RejectedSource, match="it reaches row 1000001 and column 16001"):
        read()


def test_an_empty_sheet_ends_before_its_headings(
    write_text: Callable[..., Path], read: Callable[..., Roster], workbook_bytes: bytes
) -> None:
    write_text(workbook_bytes, "staff.xlsx")
    with pytest.raises(RejectedSource, match=r"ends at row 0, before its row of headings \(1\)"):
        read()
