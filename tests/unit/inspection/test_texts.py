"""Encoding and delimiter, with the evidence for them."""

import pytest

from tasks.ingest.inspection.texts import decode

FRENCH = "Matricule;Prénom;Nom\nA1;Zoé;Lefèvre\nA2;François;Müller\n"
JAPANESE = "社員番号,氏名,部署\n1001,山田太郎,営業部\n1002,鈴木花子,総務部\n"


@pytest.mark.parametrize(
    ("text", "codec", "encoding", "evidence"),
    [
        (FRENCH, "utf-8", "utf-8-sig", "decode as UTF-8"),
        (FRENCH, "utf-8-sig", "utf-8-sig", "mark of UTF-8"),
        (FRENCH, "utf-16", "utf-16", "mark of UTF-16"),
        (FRENCH, "utf-16-le", "utf-16-le", "is lines of text so alone"),
        (FRENCH, "utf-32", "utf-32", "mark of UTF-32"),
        (FRENCH, "cp1252", "cp1252", "no UTF-8 (line 1)"),
        (JAPANESE, "cp932", "cp932", "Japanese"),
        (JAPANESE, "utf-8", "utf-8-sig", "decode as UTF-8"),
        ("id,name\n1,Ada\n", "ascii", "utf-8-sig", "nothing but ASCII"),
    ],
)
def test_encodings_are_told_with_their_evidence(text, codec, encoding, evidence):
    found = decode(text.encode(codec))
    assert (found.encoding, found.doubtful) == (encoding, False)
    assert evidence in found.evidence
    assert found.text.removeprefix("\ufeff") == text


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_delimiters_are_told_with_their_evidence(sign, text_file, table, staff):
    found = table(text_file(staff.table, by=sign))
    assert found.delimiter == sign
    assert any("7 columns in 5 of 5 rows" in reason for reason in found.evidence)


def test_commas_in_cells_do_not_make_a_comma_the_delimiter(text_file, table):
    assert table(text_file("No;First name;Pay\nA1;Ada;1,5\nA2;Bo;2,5\n")).delimiter == ";"


def test_a_first_line_can_say_which_delimiter_it_is(text_file, table):
    found = table(text_file("sep=|\nEmployee No|First name\nA1|Ada\n"))
    assert (found.delimiter, found.header_row) == ("|", 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_end_of_line_ends_a_row(end, text_file, table):
    text = end.join(("Employee No,First name", "A1,Ada", "A2,Bo", ""))
    assert table(text_file(text)).rows.data == 2


def test_a_workbook_has_neither_encoding_nor_delimiter(workbook, table, staff):
    found = table(workbook(staff.table))
    assert (found.container, found.encoding, found.delimiter, found.sheet) == ("xlsx", None, None, "Staff")
