"""Files that no roster is: each is refused with words of its own and code 6, in bounded time and memory."""

import io
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr

from tasks.ingest import fetching, read_roster, sheet_process, workbooks
from tasks.ingest.containers import Container, tell
from tasks.model.errors import BadPipeline, RejectedSource
from tasks.model.rosters import Roster
from tasks.model.sources import Source
from tests.support.programs import missing
from tests.support.waiting import spent_s, wait_for

Write = Callable[..., Path]
Read = Callable[..., Roster]
HEADER = "Employee No,Account,Department\n"
PERSON = HEADER + "1,ada,IT\n"


@pytest.mark.parametrize(
    ("name", "data", "words"),
    [
        ("staff.csv", b"", "is empty: it has no bytes at all"),
        ("staff.csv", HEADER.encode(), "has headings and nobody below them"),
        ("staff.xlsx", b"%PDF-1.7\n", "is not an .xlsx workbook, as its name says; it looks like a PDF"),
        ("staff", b"%PDF-1.7\n", "is a PDF, which is not read"),
        ("staff.xls", b"<html><table><tr><td>Account</td></tr></table>", "it looks like a web page"),
        ("staff.csv", b"\n<!DOCTYPE html>\n<html>", "it looks like a web page"),
        ("staff.csv", b"-- MySQL dump 10.13\nCREATE TABLE `staff` (", "it looks like a dump of a database"),
        ("staff.sql", b"INSERT INTO staff VALUES (1);", "is a dump of a database, which is not read"),
        ("staff.csv", bytes(range(256)) * 20, "it looks like a binary file"),
        ("staff.csv", b"\0" * 5000, "it looks like a binary file"),
        ("staff.csv", b"\x1f\x8b\x08\0rest", "it looks like a packed file"),
        ("staff.csv", b"\x89PNG\r\n\x1a\n", "it looks like a picture"),
        ("staff.csv", b"SQLite format 3\0", "it looks like an SQLite database"),
        ("staff.doc", b"{\\rtf1 Account}", "is a text document or a presentation, which is not read"),
        (
            "staff.xls",
            b'<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?><Workbook xmlns="urn:x"/>',
            "it looks like an XML spreadsheet of Excel 2003",
        ),
        ("staff.csv", PERSON.replace("ada", "a\0da").encode(), "is not utf-8-sig text: it has zero bytes in it"),
        ("staff.csv", (PERSON + "2,bob\n").encode(), "has 1 rows of another length than its 3 headings: row 3"),
        ("staff.csv", (PERSON + '2,"bob,IT\n3,cy,IT\n').encode(), r"is badly quoted: row 3 \(up to line 4\)"),
        ("staff.csv", (PERSON + '2,"' + "x" * 40_000 + '",IT\n').encode(), "has cells of 32000 characters"),
        ("staff.csv", (PERSON + '2,"' + "x" * 200_000 + '",IT\n').encode(), "is badly quoted: row 3"),
        ("staff.json", b"[" * 100_000, "is nested more than 50 deep"),
        ("staff.json", b'[{"Account": ' + b'{"a": ' * 60 + b"1" + b"}" * 60 + b"}]", "is nested more than 50 deep"),
        ("staff.json", b'[{"Account": "ada"', "is no whole JSON: line 1, column 19 cannot be read"),
        ("staff.json", b'[{"a": 1, "a": 2}]', "has an object that has a key twice"),
        ("staff.json", b'{"a": 1}', "has no records in it"),
        ("staff.json", b'[{"Account": "\\ud800", "Employee No": "1", "Department": ""}]', "that are no text"),
        ("staff.jsonl", b'{"a": 1}\n{"a": 2}\n[3]\n', "is no JSON Lines: line 3 is no object"),
        (
            "staff.xml",
            b'<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;">]><r><e><a>&c;</a></e></r>',
            "has XML entities of its own",
        ),
        ("staff.xml", b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><r><e>&x;</e></r>', "has XML entities"),
        ("staff.xml", b"<r>" + b"<a>" * 60, "is nested more than 50 deep"),
        ("staff.xml", b"<r><e><Account>ada</Account></e>", "is no whole XML: line 1, column"),
        ("staff.xml", b"<r></r>", "has no records in it"),
        ("staff.xml", b'<?xml version="1.0" encoding="nonsense"?><r/>', "is XML in an encoding that cannot be read"),
        ("staff.ldif", b"dn: cn=a\nobjectClass: person\n\ngarbage\n", "LDIF: line 4 is no 'attribute: value'"),
        ("staff.ldif", b"dn: cn=a\ncn: a\ndn: cn=b\n", "is no whole LDIF: line 3 has a second 'dn:'"),
        ("staff.ldif", b"dn: cn=a\ncn:: a$b\n", "is no whole LDIF: line 2 is no base64"),
        ("staff.ldif", b"dn: cn=a\ncn: a\n\nmail: b\n", "is no whole LDIF: line 4 begins an entry without 'dn:'"),
        ("staff.ldif", b"dn: cn=a\nchangetype: delete\n", "holds changes of a directory, not its entries"),
        ("staff.ldif", b"dn: cn=a\njpegPhoto:< file:///etc/passwd\n", "refers to another file in line 2"),
        ("staff.parquet", b"PAR1garbagePAR1", "cannot be read: it is damaged, or no Parquet"),
        ("staff.zip", b"PK\x03\x04" + b"\0" * 60, "cannot be unpacked: it is damaged"),
        ("staff.zip", HEADER.encode(), "is not a zip file, as its name says; it looks like delimited text"),
        ("staff.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "Workbook\0".encode("utf-16-le"), "it is damaged"),
    ],
)  # fmt: skip
def test_what_is_no_roster_is_refused_in_words_of_its_own(
    write_text: Write, read: Read, name: str, data: bytes, words: str
) -> None:
    write_text(data, name)
    began = spent_s()
    with pytest.raises(RejectedSource, match=words) as caught:
        read(name)
    assert caught.value.exit_code == 6
    assert caught.value.remedy
    assert spent_s() - began < 10


@pytest.mark.parametrize(
    ("found", "declared", "name"),
    [
        (PERSON.encode(), "json", "staff.csv"),
        (b'[{"Account": "ada"}]', "delimited", "staff.csv"),
        (PERSON.encode(), "xlsx", "staff.csv"),
    ],
)
def test_a_declared_format_that_differs_is_refused(
    write_text: Write, read: Read, found: bytes, declared: str, name: str
) -> None:
    write_text(found, name)
    with pytest.raises(RejectedSource, match=r"as sources\.format says; it looks like"):
        read(name, format=declared)


@pytest.mark.parametrize(
    "formula",
    [
        '=HYPERLINK("http://x")',
        "=1+1",
        "@SUM(A1)",
        "+cmd|' /C calc'!A0",
        "-2+3+cmd|'/C calc'!A0",
        "=1\n+1",
        "\u3000=1+1",
    ],
)
def test_formulas_for_names_are_refused(write_text: Write, read: Read, formula: str) -> None:
    quoted = formula.replace('"', '""')
    write_text(f'Account,First\nada,Ada\nbob,"{quoted}"\n')
    columns = {"user_name": "Account", "given_name": "First"}
    with pytest.raises(
        RejectedSource, match="has formulas, as text, where names should be: column 'First', row 3"
    ) as e:
        read("staff.csv", columns=columns)
    assert "cmd" not in str(e.value) + repr(e.value.facts)


@pytest.mark.parametrize("name", ["-", "=", "+", "@home", "Ada (IT)", "-Ada", "O'Neill"])
def test_odd_names_are_no_formulas(write_text: Write, read: Read, name: str) -> None:
    write_text(f"Account,First\nada,{name}\n")
    assert read("staff.csv", columns={"user_name": "Account", "given_name": "First"}).rows == 1


def resaved(data: bytes, **parts: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, parts.get(Path(name).stem, old.read(name)))
    return buffer.getvalue()


SHEET = '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{}<sheetData>{}</sheetData></worksheet>'


def test_a_workbook_that_claims_a_million_columns_is_refused(
    write_text: Write, read: Read, workbook_bytes: bytes
) -> None:
    claim = SHEET.format('<dimension ref="A1:BDWGN1048576"/>', "").encode()
    write_text(resaved(workbook_bytes, sheet1=claim), "staff.xlsx")
    with pytest.raises(RejectedSource, match="it reaches row 1048576 and column 1000000"):
        read()


def test_a_cell_far_out_that_nothing_announces_takes_bounded_memory(
    write_text: Write, read: Read, workbook_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "MAX_MEMORY", 1 << 30)
    cells = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    write_text(resaved(workbook_bytes, sheet1=SHEET.format("", cells).encode()), "staff.xlsx")
    with pytest.raises(RejectedSource, match="takes more than 1 GiB of memory to read"):
        read()


def test_a_workbook_that_takes_too_long_is_refused(
    write_text: Write, read: Read, workbook_bytes: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workbooks, "MAX_SECONDS", 0)
    write_text(workbook_bytes, "staff.xlsx")
    with pytest.raises(RejectedSource, match="takes more than 0 s to read"):
        read()


def test_reading_ends_by_itself_where_the_run_that_asked_for_it_was_killed() -> None:
    if not Path("/proc/self/limits").exists():
        missing("the limits of a process are not told here")
    order = {"sheet": None, "everything": False, "dates": "%Y", "memory": 1 << 32, "seconds": 7}
    command = [sys.executable, "-I", sheet_process.__file__, json.dumps(order)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as reader:
        wait_for(lambda: "7 " in processor_limit(reader.pid), "the limit of processor time")
        assert reader.stdin is not None
        reader.stdin.close()


def processor_limit(pid: int) -> str:
    """Return the line of how many seconds of the processor a process may have."""
    limits = Path(f"/proc/{pid}/limits").read_text(encoding="ascii").splitlines()
    return next(line for line in limits if line.startswith("Max cpu time"))


def test_a_zip_bomb_is_refused(write_text: Write, read: Read) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("staff.csv", b"1,a\n" * (30 << 20))
    write_text(buffer.getvalue(), "staff.zip")
    with pytest.raises(RejectedSource, match="would unpack to 120 MiB, which no roster needs"):
        read("staff.zip")


def test_a_zip_file_in_a_zip_file_is_refused(write_text: Write, read: Read) -> None:
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as package:
        package.writestr("staff.csv", PERSON)
    outer = io.BytesIO()
    with zipfile.ZipFile(outer, "w") as package:
        package.writestr("staff.zip", inner.getvalue())
    write_text(outer.getvalue(), "staff.zip")
    with pytest.raises(RejectedSource, match="is a zip file in a zip file"):
        read("staff.zip")


def test_a_zip_file_encrypted_with_aes_is_told(
    write_text: Write, tmp_path: Path, make_source: Callable[..., Source]
) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("staff.csv", PERSON)
    data = buffer.getvalue()
    at = data.index(b"PK\x01\x02")
    data = data[: at + 8] + struct.pack("<HH", 1, 99) + data[at + 12 :]
    write_text(data, "staff.zip")
    with pytest.raises(RejectedSource, match="is encrypted with AES, which is not read"):
        read_roster(make_source("staff.zip", password="${PW}"), tmp_path, lambda _: SecretStr("hunter2"))


def test_a_password_that_would_take_hours_is_refused(
    write_text: Write, tmp_path: Path, make_source: Callable[..., Source]
) -> None:
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage\0".encode("utf-16-le") + b'spinCount="4000000000"'
    write_text(locked, "staff.xlsx")
    assert tell(locked) == Container.ENCRYPTED_WORKBOOK
    with pytest.raises(RejectedSource, match="says that its password takes hours to try"):
        read_roster(make_source("staff.xlsx", password="${PW}"), tmp_path, lambda _: SecretStr("hunter2"))


def test_a_file_that_grows_while_it_is_read_is_refused(
    write_text: Write, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_text(PERSON)
    bounded = fetching._bounded

    def grow(source: Source, there: Path) -> bytes:
        data = bounded(source, there)
        with path.open("a") as stream:
            stream.write("2,bob,IT\n")
        return data

    monkeypatch.setattr(fetching, "_bounded", grow)
    with pytest.raises(RejectedSource, match="changed while it was read, twice"):
        read("staff.csv")


def test_a_file_that_is_written_anew_with_the_same_size_and_time_is_noticed(
    write_text: Write, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_text(PERSON)
    bounded, names = fetching._bounded, iter(["bob", "eve", "zoe", "kim", "lea"])

    def swap(source: Source, there: Path) -> bytes:
        data = bounded(source, there)
        was = path.stat()
        path.write_text(PERSON.replace("ada", next(names)))
        os.utime(path, ns=(was.st_atime_ns, was.st_mtime_ns))
        return data

    monkeypatch.setattr(fetching, "_bounded", swap)
    with pytest.raises(RejectedSource, match="changed while it was read, twice"):
        read("staff.csv")


def test_a_file_that_was_just_finished_is_read_at_the_second_try(
    write_text: Write, read: Read, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_text(HEADER)
    monkeypatch.setattr(fetching, "PAUSE_S", 0.3)
    bounded = fetching._bounded
    writing = threading.Timer(0.1, lambda: path.write_text(PERSON + "2,bob,IT\n"))
    calls: list[int] = []

    def once(source: Source, there: Path) -> bytes:
        data = bounded(source, there)
        if not calls:
            path.write_text(PERSON)
            writing.start()
        calls.append(1)
        return data

    monkeypatch.setattr(fetching, "_bounded", once)
    assert read("staff.csv").rows == 2


def test_the_newest_file_that_fits_a_pattern_is_read(write_text: Write, read: Read, tmp_path: Path) -> None:
    for number, name in enumerate(["hr_a.csv", "hr_c.csv", "hr_b.csv", "~$hr_d.csv", "hr_e.csv.part", ".hr_f.csv"]):
        path = write_text(PERSON.replace("ada", name), name)
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    roster = read("hr_*.csv*")
    assert (roster.file, roster.workers.at[0, "user_name"]) == ("hr_b.csv", "hr_b.csv")
    for name in ("hr_a.csv", "hr_b.csv", "hr_c.csv"):
        os.utime(tmp_path / name, (1_700_000_009, 1_700_000_009))
    assert read("hr_*.csv").file == "hr_c.csv"
    assert read(str(tmp_path / "hr_[ab].csv")).file == "hr_b.csv"
    with pytest.raises(RejectedSource, match=r"does not exist: nothing in .* is called like pay_\*.csv"):
        read("pay_*.csv")


def test_a_file_that_is_called_like_a_pattern_is_read(write_text: Write, read: Read) -> None:
    write_text(PERSON, "staff[1].csv")
    write_text(PERSON, "staff1.csv")
    assert read("staff[1].csv").file == "staff[1].csv"


@pytest.mark.parametrize("pattern", ["hr**/*.csv", "**hr.csv"])
def test_a_pattern_that_is_none_is_an_error_of_the_pipeline(read: Read, pattern: str) -> None:
    with pytest.raises(BadPipeline, match=r"sources.path of hr is no pattern .* '\*\*' stands alone between slashes"):
        read(pattern)


def test_what_lies_in_hidden_folders_or_is_half_written_fits_no_pattern(
    write_text: Write, read: Read, tmp_path: Path
) -> None:
    for number, name in enumerate(
        ["out/hr.csv", ".keep/hr.csv", "out/.~tmp~/hr.csv", "out/hr.csv.PART", "out/hr.csv~"]
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        path = write_text(PERSON.replace("ada", f"user{number}"), name)
        os.utime(path, (1_700_000_000 + number, 1_700_000_000 + number))
    assert read("**/hr.csv*").workers.at[0, "user_name"] == "user0"
    assert read(".keep/hr*.csv").workers.at[0, "user_name"] == "user1"


@pytest.mark.parametrize(
    "url", ["https://hr:hunter2@[::1/staff.csv", "https://hr:hunter2@ho\u2100st/staff.csv", "s3://[x/staff.csv"]
)
def test_a_url_that_is_none_is_an_error_of_the_pipeline(read: Read, url: str) -> None:
    with pytest.raises(BadPipeline, match=r"sources.path of hr is no URL\.") as caught:
        read(url)
    assert "hunter2" not in str(caught.value) + repr(caught.value.facts)


def test_a_question_mark_in_a_key_is_part_of_the_pattern() -> None:
    assert fetching._path("s3://hr/out/hr_202?.csv") == "hr/out/hr_202?.csv"
    assert fetching._path("sftp://hr:x@files/out/hr #1.csv") == "/out/hr #1.csv"
    assert fetching._path("https://hr:x@acme.example/out?id=1#top") == "https://acme.example/out?id=1"


def test_a_server_that_closes_the_connection_is_told_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    import paramiko

    with socket.create_server(("127.0.0.1", 0)) as server:
        door = threading.Thread(target=lambda: [server.accept()[0].close() for _ in range(1)], daemon=True)
        door.start()
        with pytest.raises((OSError, EOFError, paramiko.SSHException)):
            fetching._sftp("127.0.0.1", server.getsockname()[1], "hr", "x")
        door.join(5)
    assert [record for record in caplog.records if record.name.startswith("paramiko")] == []


def test_a_zip_file_with_two_files_of_one_name_is_refused(write_text: Write, read: Read) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("staff.csv", PERSON)
        with pytest.warns(UserWarning, match="Duplicate name"):
            package.writestr("staff.csv", PERSON.replace("ada", "eve"))
    write_text(buffer.getvalue(), "staff.zip")
    with pytest.raises(RejectedSource, match=r"has two files of one name: staff\.csv"):
        read("staff.zip")


def test_no_name_in_a_zip_file_steers_a_terminal(write_text: Write, read: Read) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as package:
        package.writestr("../x\x1b[31m\n\u202ecsv.csv", PERSON)
    write_text(buffer.getvalue(), "staff.zip")
    assert read("staff.zip").file == "staff.zip/../x\ufffd[31m\ufffd\ufffdcsv.csv"
    with pytest.raises(RejectedSource, match="has no column 'Nope'") as caught:
        read("staff.zip", columns={"user_name": "Nope"})
    assert "\x1b" not in str(caught.value) + repr(caught.value.facts)


def test_no_heading_steers_a_terminal(write_text: Write, read: Read) -> None:
    write_text("\x1b[31mAccount,Department\nada,IT\n")
    with pytest.raises(RejectedSource, match=r"has no column 'Account'.*did you mean '\ufffd") as caught:
        read("staff.csv", columns={"user_name": "Account", "department": "Department"})
    assert "\x1b" not in str(caught.value)


def test_a_json_object_with_two_fields_of_one_path_is_refused(write_text: Write, read: Read) -> None:
    write_text('[{"Account": "ada", "a.b": "x", "a": {"b": "y"}}]', "staff.json")
    with pytest.raises(RejectedSource, match=r"has two fields that are called 'a\.b'"):
        read("staff.json", columns={"user_name": "Account", "department": "a.b"})
    write_text('[{"Account": "ada", "a.b": "x", "c": [{"d": "1"}, {"d": "2"}]}]', "staff.json")
    roster = read("staff.json", columns={"user_name": "Account", "department": "a.b", "crew": "c.d"})
    assert roster.workers.loc[0, ["department", "crew"]].tolist() == ["x", "1\n2"]


@pytest.mark.parametrize("odd", ["null", "5", "[]"])
def test_a_list_of_people_with_something_else_in_it_is_refused_and_no_other_list_taken(
    write_text: Write, read: Read, odd: str
) -> None:
    people = '{"people": [{"Account": "ada"}, %s], "former": [{"Account": "eve"}]}'
    write_text(people % odd, "staff.json")
    for fields in ({}, {"records": "people"}, {"records": "former"}):
        if fields == {"records": "former"}:
            assert read("staff.json", columns={"user_name": "Account"}, **fields).workers["user_name"].tolist() == [
                "eve"
            ]
            continue
        with pytest.raises(RejectedSource, match="has entries that are no objects in its list people"):
            read("staff.json", columns={"user_name": "Account"}, **fields)


def test_lists_of_people_so_deep_that_they_are_not_looked_for_are_said(write_text: Write, read: Read) -> None:
    write_text('{"a": {"b": {"c": {"d": {"e": [{"Account": "ada"}]}}}}, "former": [{"Account": "eve"}]}', "staff.json")
    with pytest.raises(RejectedSource, match=r"has records in 2 places: a\.b\.c\.d\.e, former"):
        read("staff.json", columns={"user_name": "Account"})
