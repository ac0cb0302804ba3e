"""Delimited text: declared encoding and delimiter, records as rows, nothing misread in silence."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.model.errors import RejectedSource
from tasks.model.rosters import Roster

Write = Callable[..., Path]
Read = Callable[..., Roster]


def test_everything_is_text(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n00142,NA,null\n1.0,TRUE,\n")
    roster = read("staff.csv")
    assert roster.workers["external_id"].tolist() == ["00142", "1.0"]
    assert roster.workers["user_name"].tolist() == ["NA", "TRUE"]
    assert roster.workers["department"].tolist()[0] == "null"
    assert roster.raw["Department"].isna().tolist() == [False, True]
    assert roster.workers["sheet"].isna().all()


def test_a_record_is_a_row_however_many_lines_it_takes(write_text: Write, read: Read) -> None:
    write_text('Employee No,Account,Department\r\n1,"a\r\nda",IT\r\n\r\n2,bob,"R, D"\r\n')
    roster = read("staff.csv")
    assert roster.raw.index.tolist() == [2, 4]
    assert roster.raw["Account"].tolist() == ["a\r\nda", "bob"]
    assert roster.raw["Department"].tolist() == ["IT", "R, D"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_all_line_endings_are_read(write_text: Write, read: Read, ending: str) -> None:
    write_text(ending.join(["Employee No,Account,Department", "1,ada,IT", "2,bob,IT"]))
    assert read("staff.csv").raw.index.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("delimiter", "encoding"), [(";", "cp1252"), ("\t", "utf-16"), ("|", "utf-8-sig"), (";", "utf-8")]
)
def test_declared_delimiter_and_encoding_are_used(write_text: Write, read: Read, delimiter: str, encoding: str) -> None:
    write_text(
        delimiter.join(("Employee No", "Prénom", "Département")) + "\n1" + delimiter + "Zoé" + delimiter + "R&D\n",
        encoding=encoding,
    )
    columns = {"user_name": "Employee No", "given_name": "Prénom", "department": "Département"}
    assert (
        read("staff.csv", delimiter=delimiter, encoding=encoding, columns=columns).workers.at[0, "given_name"] == "Zoé"
    )


def test_a_byte_order_mark_is_no_part_of_the_first_heading(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n1,ada,IT\n", encoding="utf-8-sig")
    assert read("staff.csv").raw.columns[0] == "Employee No"
    assert read("staff.csv", encoding="utf-8").raw.columns[0] == "Employee No"


def test_a_wrong_encoding_names_the_line_and_one_that_fits(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n1,ada,IT\n2,zoé,IT\n", encoding="cp1252")
    with pytest.raises(
        RejectedSource, match=r"is not utf-8-sig text: line 3 cannot be read.*can be read as cp1252"
    ) as caught:
        read("staff.csv")
    assert "zo" not in str(caught.value)


def test_utf8_is_not_misread_as_a_one_byte_encoding(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n1,zoé,IT\n")
    with pytest.raises(RejectedSource, match="is UTF-8 text, and would be misread as cp1252"):
        read("staff.csv", encoding="cp1252")


def test_utf16_is_recognised(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n1,ada,IT\n", encoding="utf-16")
    with pytest.raises(RejectedSource, match="looks like UTF-16"):
        read("staff.csv")
    with pytest.raises(RejectedSource, match=r"zero bytes.*looks like UTF-16"):
        read("staff.csv", encoding="cp1252")


def test_a_wrong_delimiter_is_noticed(write_text: Write, read: Read) -> None:
    write_text("Employee No;Account;Department\n1;ada;IT\n")
    with pytest.raises(RejectedSource, match=r'Set sources.delimiter to ";"'):
        read("staff.csv")
    write_text("Employee No\tAccount\tDepartment\n1\tada\tIT\n")
    with pytest.raises(RejectedSource, match=r'Set sources.delimiter to "\\t"'):
        read("staff.csv")


def test_rows_of_another_length_are_named(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n1,ada,IT\n2,bob\n3,cy,IT,x\n\n4,dee,IT\n5,")
    with pytest.raises(RejectedSource, match="has 3 rows of another length than its 3 headings: row 3, 4, 7") as caught:
        read("staff.csv")
    assert caught.value.facts["rows"] == [3, 4, 7]


def test_many_ragged_rows_are_named_in_short(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n" + "1,ada\n" * 14)
    with pytest.raises(RejectedSource, match="row 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 4 more"):
        read("staff.csv")


def test_blank_cells_beyond_the_headings_are_dropped(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n1,ada,IT,, \n")
    assert read("staff.csv").raw.shape == (1, 3)


@pytest.mark.parametrize("text", ['1,"ada,IT\n2,bob,IT\n', '1,"ada"x,IT\n'])
def test_bad_quotes_are_refused_and_swallow_nobody(write_text: Write, read: Read, text: str) -> None:
    write_text("Employee No,Account,Department\n" + text)
    with pytest.raises(RejectedSource, match=r"is badly quoted: row 2 \(up to line \d\)"):
        read("staff.csv")


def test_a_workbook_named_csv_is_told(write_text: Write, read: Read, workbook_bytes: bytes) -> None:
    write_text(workbook_bytes)
    with pytest.raises(
        RejectedSource, match=r"is not delimited text.* as its name says; it looks like an .xlsx workbook"
    ):
        read("staff.csv")
