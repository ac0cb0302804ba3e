"""Whatever is given to the command: a plain sentence and the exit code of its kind, never a traceback."""

import json
import os
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from tasks.ingest.inspection import bodies, opening
from tests.support.forms import xlsx


def run(*words: object) -> Any:
    said = CliRunner().invoke(app, ["inspect", *map(str, words)])
    assert "Traceback" not in said.output
    assert "nexpected" not in said.output
    return said


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("staff.csv", b"", "no bytes at all"),
        ("staff.xlsx", b"%PDF-1.4\n", "is a PDF"),
        ("staff.xls", b"<html><table><tr><td>Name</td></tr></table></html>", "is a web page"),
        ("staff.xlsx", b"PK\x03\x04[Content_Types].xml", "damaged"),
        ("staff.csv", bytes(range(256)) * 4, "is a binary file"),
        ("staff.csv", b"-- MySQL dump 10.13\nCREATE TABLE staff (id int);\n", "dump of a database"),
        ("staff.json", b"[]", "no records"),
        ("staff.json", b'{"people": [{"mail": ', "no whole JSON"),
        ("staff.xml", b"<people/>", "no records"),
        ("staff.xml", b"<people><person>", "no whole XML"),
        ("staff.ldif", b"dn: cn=Ada\n", "no whole LDIF"),
        ("staff.parquet", b"PAR1PAR1", "staff.parquet"),
        ("staff.zip", b"PK\x05\x06" + bytes(18), "nothing in it"),
    ],
)
def test_a_file_that_holds_no_list_is_refused(name, data, says, tmp_path):
    path = tmp_path / name
    path.write_bytes(data)
    said = run(path, "--write", tmp_path / "made.yaml")
    assert said.exit_code == 6
    assert says in said.stderr
    assert "Nothing was sent." in said.stderr
    assert (said.stdout, (tmp_path / "made.yaml").exists()) == ("", False)


@pytest.mark.parametrize("data", [b"\n\n\n", b"\xef\xbb\xbf", b"a", b"Employee No,E-mail\n", b'"', b" ", b"sep=;"])
def test_a_file_with_nobody_in_it_is_shown_and_gets_no_pipeline(data, tmp_path):
    path = tmp_path / "staff.csv"
    path.write_bytes(data)
    said = run(path)
    assert said.exit_code == 0
    assert "no list of people" in said.stdout
    assert "no_rows" in said.stdout
    assert run(path, "--json").exit_code == 0
    assert run(path, "--write", tmp_path / "made.yaml").exit_code == 6


def test_a_folder_and_a_file_that_is_not_there_are_mistakes_in_the_call(tmp_path):
    assert run(tmp_path).exit_code == 2
    assert run(tmp_path / "nothing.csv").exit_code == 2


def test_a_pipe_is_not_waited_for(tmp_path):
    pipe = tmp_path / "staff.csv"
    os.mkfifo(pipe)
    said = run(pipe)
    assert said.exit_code == 6
    assert "is no regular file" in said.stderr


def test_a_device_that_never_ends_is_not_read():
    assert run("/dev/zero").exit_code == 6


def test_a_file_that_may_not_be_read_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "staff.csv"
    path.write_text("Employee No\n")

    def refuse(self: Path, *_: Any) -> Any:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # the superuser of a test may read anything
    said = run(path)
    assert said.exit_code == 6
    assert "cannot be read: Permission denied" in said.stderr


def test_a_file_larger_than_any_list_is_not_read_to_its_end(tmp_path, monkeypatch):
    path = tmp_path / "staff.csv"
    path.write_text("Employee No,E-mail\n1,ada@acme.example\n")
    monkeypatch.setattr(opening, "MAX_BYTES", 20)
    said = run(path)
    assert said.exit_code == 6
    assert "is larger than" in said.stderr


SCRIPTS = [
    (("社員番号", "氏名", "メールアドレス"), ("山田 太郎", "鈴木 花子")),
    (("מספר עובד", "שם", "דואר אלקטרוני"), ("עדה", "בועז")),
    (("رقم الموظف", "الاسم", "البريد الإلكتروني"), ("عادل", "بلال")),
]


@pytest.mark.parametrize(("headings", "names"), SCRIPTS)
def test_headings_of_any_script_are_shown_and_written(headings, names, tmp_path):
    path, target = tmp_path / "staff.xlsx", tmp_path / "made.yaml"
    path.write_bytes(xlsx([headings, *([str(at), name, f"p{at}@acme.example"] for at, name in enumerate(names))]))
    said = run(path, "--write", target)
    assert said.exit_code == 0
    assert headings[2] in said.stdout
    assert f"user_name: {headings[2]}" in target.read_text(encoding="utf-8")


@pytest.mark.prove
def test_a_workbook_of_a_hundred_sheets_is_told_in_a_page(tmp_path, staff):
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for number in range(100):
        sheet = book.create_sheet(f"Team {number}")
        for row in staff.table[: 2 + number % 3]:
            sheet.append(row)
        sheet.sheet_state = "visible" if number == 4 else "hidden"
    path, target = tmp_path / "staff.xlsx", tmp_path / "made.yaml"
    book.active = 4
    book.save(path)
    said = run(path, "--write", target)
    assert said.exit_code == 0
    lines = said.stdout.splitlines()
    assert sum("Team" in line and "hidden" in line for line in lines) >= 99
    assert len(lines) < 180
    assert "Team 4 (xlsx): about 2 people" in lines
    text = target.read_text(encoding="utf-8")
    assert "of those that can be seen this one holds most.\n    sheet: Team 4  # please confirm\n" in text
    assert len(json.loads(run(path, "--json").stdout)["tables"]) == 100


@pytest.mark.prove
def test_columns_beyond_what_is_looked_at_are_told(tmp_path, monkeypatch, staff):
    monkeypatch.setattr(bodies, "MOST_COLUMNS", 70)
    path, target = tmp_path / "staff.xlsx", tmp_path / "made.yaml"
    wide = [
        [*row, *(f"{sign}{n}" for n in range(16_384 - len(row)))] for sign, row in zip("CD", staff.table, strict=False)
    ]
    path.write_bytes(xlsx(wide))
    said = run(path, "--write", target)
    assert said.exit_code == 0
    assert "many_columns" in said.stdout
    assert "and 3 more" in said.stdout
    assert "nor are 3 more columns" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize("width", ["80", "120"])
def test_no_line_is_longer_than_the_terminal(width, text_file, staff, monkeypatch):
    import flows.cli.inspected as page

    monkeypatch.setattr(page, "WIDTH", int(width))
    said = run(text_file(staff.but(3, Surname="PÃ©rez", Start_date="2021-13-28")))
    lines = said.stdout.splitlines()
    assert max(map(len, lines)) <= int(width)
    assert not [line for line in lines if line != line.rstrip()]
