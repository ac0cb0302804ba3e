"""A list that nobody has described: inspected, confirmed where a person would, checked and planned.

The lists are made in the forms of those that were met: a workbook in use for years, the import of an identity service
with ids used twice, a directory with photos and password hashes.
"""

import base64
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support.effort import sampled
from tests.support.forms import delimited

MARK = "  # please confirm"
PHOTO = b"\xff\xd8\xff\xe0\x00\x10JFIF\x00\x01" + bytes(range(200, 256)) * 4
HASH = b"{SSHA}9qGk2vXvT0c3uW7nPz5Rb1YhLm8sDfEoAjKx"


@pytest.fixture
def draft(office: Any, tenant: Any, rosterflow: Callable[..., Any]) -> Callable[..., Any]:
    """Inspect a list and write its pipeline file, pointed at the tenant; return what was said and the file."""

    def make(path: Path, *options: str) -> tuple[Any, Path]:
        target = office.folder / "drafted.yaml"
        said = rosterflow("inspect", path, "--write", target, *options)
        text = target.read_text(encoding="utf-8").replace("http://127.0.0.1:8750", tenant.url)
        target.write_text(text, encoding="utf-8")
        return said, target

    return make


def confirm(pipeline: Path) -> int:
    """Delete the marks, as somebody does who has seen to them; return how many there were."""
    text = pipeline.read_text(encoding="utf-8")
    pipeline.write_text(text.replace(MARK, ""), encoding="utf-8")
    return text.count(MARK)


def findings(said: Any) -> dict[str, int]:
    [source] = json.loads(said.out)["sources"]
    return {finding["code"]: finding["count"] for finding in source["findings"]}


def spoilt_workbook(folder: Path) -> Path:
    """Write a workbook with a title, a heading twice, dates as days and as numbers, errors, a blank row, and no ids."""
    names = ["Ada Byrne", "Bo Lind", "Cleo Ward", "Dag Orme", "Eve Holt", "Fay Rask", "Gil Moss", "Hal Voss",
             "Ida Kerr", "Jon Pike", "Ada Byrne", "Bo Lind"]  # fmt: skip
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Staff, as of last Friday"])
    sheet.append(["First Name", "Last Name", "Employee Status", "Subject", "Hire Date", "do not edit! --->", "Note",
                  "Note", "Active?"])  # fmt: skip
    for number, name in enumerate(names):
        hired = date(2001, 2, number + 1) if number % 3 else 39690 + number
        kind = ("Teacher", "Administration", "Coach")[number % 3]
        sheet.append([*name.split(), kind, f"Course {number}", hired, None, "x", "y", "YES"])
        if number == 6:
            sheet.append([None])
    sheet["D6"] = "=#REF!"
    path = folder / "staff.xlsx"
    book.save(path)
    return path


@pytest.mark.prove
def test_of_a_workbook_without_ids_and_addresses_everybody_is_held_and_the_reason_is_told(office, draft, rosterflow):
    said, pipeline = draft(spoilt_workbook(office.folder), "--domain", "acme.example")
    assert said.code == 0
    assert "about 10 people" in said.out
    assert "12 of them data, 1 blank; headings in row 2" in said.out
    assert "nobody can be provisioned from this list" in said.text
    refused = rosterflow("plan", pipeline)
    assert refused.code == 2
    assert "sources[0].lacks" in refused.err
    assert confirm(pipeline) == 2  # the kinds of staff, and that the list lacks what is needed
    checked = rosterflow("check", pipeline, "--json")
    assert (checked.code, findings(checked)["id_missing"], findings(checked)["user_name_missing"]) == (0, 12, 12)
    planned = rosterflow("plan", pipeline)
    assert planned.code == 0
    assert "12 rows are held" in planned.out


def test_rows_that_share_an_id_are_held_and_the_others_planned(office, draft, rosterflow):
    headings = ["WorkerID", "WorkerStatus", "WorkerType", "UserID", "FirstName", "LastName", "HireDate", "ManagerID"]
    people = [("Ada", "Byrne", 1), ("Bo", "Lind", 2), ("Cleo", "Ward", 2), ("Dag", "Orme", 3), ("Eve", "Holt", 4)]
    rows = [
        [str(1000 + at), "Inactive" if at == 4 else "Active", "Employee", f"EMP{1000 + at}", given, family,
         f"2013-01-{at:02}", "1001"]
        for given, family, at in people
    ]  # fmt: skip
    path = office.folder / "workers.csv"
    path.write_bytes(delimited([headings, *rows]))
    said, pipeline = draft(path, "--domain", "acme.example")
    assert "ids_shared" in said.out
    assert confirm(pipeline) == 0
    checked = json.loads(rosterflow("check", pipeline, "--json").out)["sources"][0]
    assert (checked["rows"]["valid"], checked["rows"]["held"]) == (3, 2)
    planned = rosterflow("plan", pipeline)
    assert planned.code == 3
    assert "give access to 2 people. 2 rows are held." in planned.out


def directory(folder: Path) -> Path:
    def entry(name: str, *lines: str) -> str:
        return "\n".join([f"dn: {name},dc=acme,dc=example", *lines]) + "\n"

    photo = base64.b64encode(PHOTO).decode()
    folded = "\n ".join([f"jpegPhoto:: {photo[:60]}", *re.findall(".{1,70}", photo[60:])])
    person = ("objectClass: inetOrgPerson", f"userPassword:: {base64.b64encode(HASH).decode()}")
    group = ("objectClass: Group", "groupType: 2147483650")
    path = folder / "directory.ldif"
    path.write_text(
        "\n".join(
            [
                entry("ou=people", "objectClass: organizationalUnit", "ou: people"),
                entry("cn=Ada Byrne+sn=Byrne,ou=people", *person, "cn: Ada Byrne", "sn: Byrne", "givenName: Ada",
                      "mail: ada@acme.example", "ou: Sales", "uid: ada"),
                entry("cn=Bo Lind,ou=people", *person, folded, "cn: Bo Lind", "sn: Lind", "givenName: Bo",
                      "mail: bo@acme.example", "mail: lind@acme.example", "ou: Sales", "uid: bo"),
                entry("cn=Cleo Ward,ou=people", *person, folded, "cn: Cleo Ward", "sn: Ward", "givenName: Cleo",
                      "mail: cleo@acme.example", "ou: Support", "uid: cleo", "employeeType: Captain",
                      "employeeType: Pilot"),
                entry("cn=staff,ou=people", *group, "cn: staff", "member: cn=Ada Byrne+sn=Byrne,ou=people"),
                entry("cn=crew,ou=people", *group, "cn: crew", "member: cn=Bo Lind,ou=people",
                      "member: cn=Cleo Ward,ou=people"),
            ]
        ),
        encoding="utf-8",
    )  # fmt: skip
    return path


def bytes_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every file below a folder, and what is packed in it."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            data = path.read_bytes()
            yield str(path), data
            if data.startswith(b"PK"):
                with zipfile.ZipFile(io.BytesIO(data)) as package:
                    yield from ((f"{path}/{name}", package.read(name)) for name in package.namelist())


def traces() -> list[bytes]:
    """Return parts of the photo and the hash, as they stand, in base64 from any place on, in hexadecimal, in UTF-16."""
    parts = []
    for secret in (PHOTO, HASH):
        coded = [base64.b64encode(b"\0" * shift + secret)[8:-8] for shift in range(3)]
        parts += [secret[:12], secret[8:20], secret[-12:], secret[8:20].hex().encode()]
        parts += [piece for text in coded for piece in (text[:20], text[-20:])]
    return [*parts, *(part.decode().encode("utf-16-le") for part in parts if part.isascii())]


@pytest.mark.prove
def test_a_directory_is_people_and_groups_and_leaves_no_photo_and_no_password_anywhere(office, draft, rosterflow):
    path = directory(office.folder)
    raw = path.read_bytes().replace(b"\n ", b"")
    assert any(trace in raw for trace in traces())
    said, pipeline = draft(path)
    assert said.code == 0
    assert "inetOrgPerson (LDIF): about 3 people" in said.out
    assert "Group (LDIF): 2 groups, with their members" in said.out
    assert rosterflow("plan", pipeline).code == 2
    assert confirm(pipeline) == 2  # which address, which kind of employee
    planned = rosterflow("plan", pipeline)
    assert planned.code == 3
    assert "give access to 3 people. Nothing has been sent." in planned.out
    all_said = [said, planned, rosterflow("check", pipeline, "--json"), rosterflow("inspect", path, "--json")]
    outputs = [("terminal", (one.out + one.err).encode()) for one in all_said]
    path.unlink()
    left = [*outputs, *bytes_of(office.folder)]
    assert len(left) > 20
    assert [(where, trace) for where, data in left for trace in traces() if trace in data] == []


@pytest.mark.prove
def test_a_month_that_may_be_a_day_is_refused_until_somebody_says_which(office, draft, rosterflow):
    rows = [("Employee No", "E-mail", "First name", "Surname", "Start date"),
            ("1", "ada@acme.example", "Ada", "Byrne", "02/01/2024"),
            ("2", "bo@acme.example", "Bo", "Lind", "03/04/2024")]  # fmt: skip
    path = office.folder / "staff.csv"
    path.write_bytes(delimited(rows))
    said, pipeline = draft(path)
    assert "ambiguous, %d/%m/%Y or %m/%d/%Y; nothing proves which (rows 2, 3)" in said.out
    assert rosterflow("plan", pipeline).code == 2
    confirm(pipeline)  # without a word on which is meant
    refused = rosterflow("plan", pipeline)
    assert refused.code == 6
    assert "whether day, month or year comes first" in refused.talk
    text = pipeline.read_text(encoding="utf-8")
    pipeline.write_text(text.replace("dates: ambiguous", 'dates: "%m/%d/%Y"'), encoding="utf-8")
    assert rosterflow("plan", pipeline).code == 3


@pytest.mark.prove
def test_two_people_of_one_name_stay_two(office, draft, rosterflow):
    rows = [("Employee No", "E-mail", "First name", "Surname"), ("1", "ada@acme.example", "Ada", "Byrne"),
            ("2", "ada.byrne@acme.example", "Ada", "Byrne")]  # fmt: skip
    path = office.folder / "staff.csv"
    path.write_bytes(delimited(rows))
    said, pipeline = draft(path)
    assert "about 2 people" in said.out
    assert "homonyms" in said.out
    planned = rosterflow("plan", pipeline)
    assert planned.code == 3
    assert "give access to 2 people. Nothing has been sent." in planned.out


@pytest.mark.parametrize(
    "first",
    sampled(
        [
            pytest.param("\ufeff\ufeffStaff ID", id="two"),
            pytest.param("\ufeff\ufeff \ufeffStaff ID\ufeff", id="at both ends"),
            pytest.param('\ufeff\ufeff"Staff ID"', id="quoted"),
        ],
        {"at both ends"},
    ),
)
def test_marks_of_utf8_at_the_ends_of_a_heading_are_no_part_of_it(first, draft, tmp_path, rosterflow):
    people = "A100k,ada@acme.example,Ada,Byrne\nA101k,bo@acme.example,Bo,Lind\n"
    path = tmp_path / "staff.csv"
    path.write_text(f"{first},Email,First name,Last name\n{people}", encoding="utf-8")
    _, pipeline = draft(path)
    text = pipeline.read_text(encoding="utf-8")
    confirm(pipeline)
    said = rosterflow("check", pipeline)
    assert said.code == 0, said.talk
    assert "external_id: Staff ID" in text
