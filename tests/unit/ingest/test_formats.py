"""Every format: the same two people come out of each, under the same rows."""

import datetime as dt
import io
import json
import sqlite3
import zipfile
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msoffcrypto.format.ooxml import OOXMLFile
from pydantic import SecretStr

from tasks.ingest import read_roster
from tasks.ingest.files import ReadFile
from tasks.ingest.inspection.opening import open_tables
from tasks.model.errors import BadPipeline, RejectedSource
from tasks.model.rosters import Roster
from tasks.model.sources import Source
from tests.support import binary_forms

Write = Callable[..., Path]
Read = Callable[..., Roster]
HEADINGS = ("Employee No", "Account", "Department")
ROWS = [HEADINGS, ("00142", "ada", "R&D"), ("1043", "bob", None)]
TEXT = "Employee No,Account,Department\n00142,ada,R&D\n1043,bob,\n"
PEOPLE = [["00142", "ada", "R&D"], ["1043", "bob", None]]


def people(roster: Roster) -> list[list[str | None]]:
    columns = roster.workers[["external_id", "user_name", "department"]]
    return columns.astype(object).where(columns.notna(), None).to_numpy().tolist()


def escaped(text: str) -> str:
    return text.replace("&", "&amp;")


@pytest.mark.parametrize(
    ("name", "make"),
    [("staff.ods", binary_forms.ods), ("staff.xls", binary_forms.xls), ("staff.xlsb", binary_forms.xlsb)],
)
def test_other_workbooks_are_read(write_text: Write, read: Read, name: str, make: Callable[..., bytes]) -> None:
    rows = [[escaped(cell) if cell and make is binary_forms.ods else cell for cell in row] for row in ROWS]
    write_text(make(rows), name)
    roster = read(name, sheet="Staff")
    assert people(roster) == PEOPLE
    assert (roster.sheet, roster.workers["row"].tolist()) == ("Staff", [2, 3])
    with pytest.raises(RejectedSource, match=r"has no sheet 'Staf'; its sheets: Staff.*Did you mean 'Staff'"):
        read(name, sheet="Staf")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "cp932", "mac_roman", "cp037"]
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_text_is_read_in_any_encoding_that_is_declared(
    write_text: Write, read: Read, encoding: str, ending: str
) -> None:
    name = "ソフィア" if encoding == "cp932" else "Zoé"
    name = "Zoe" if encoding == "cp037" else name
    text = f'Employee No|Account|Department\n00142|{name}|"R\n&D"\n'.replace("\n", ending)
    write_text(text.encode(encoding), "staff.txt")
    declared = {} if encoding.startswith("utf-8") else {"encoding": encoding}
    roster = read("staff.txt", delimiter="|", **declared)
    assert roster.workers["user_name"].tolist() == [name]
    assert roster.raw["Department"].tolist() == [f"R{ending}&D"]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [
        ("utf-8", "utf-8-sig"),
        ("utf-16", "utf-16"),
        ("utf-16-be", "utf-16-be"),
        ("utf-32", "utf-32"),
        ("cp932", "cp932"),
    ],
)
def test_an_encoding_is_guessed_where_none_is_declared(encoding: str, told: str) -> None:
    text = "社員番号;氏名;部署\n" + "1042;山田太郎は東京本社の営業部に所属しています;営業部\n" * 20
    [table] = open_tables(ReadFile("staff.csv", text.encode(encoding)))
    assert (table.encoding, table.delimiter, table.rows[1][0]) == (told, ";", "1042")
    assert table.rows[0] == ["社員番号", "氏名", "部署"]


def test_a_quotation_mark_of_ones_own_is_used(write_text: Write, read: Read) -> None:
    write_text("'Employee No','Account','Department'\n'00142','ad\"a','R,D'\n")
    roster = read("staff.csv", quote="'")
    assert roster.raw.to_numpy().tolist() == [["00142", 'ad"a', "R,D"]]


def test_headings_of_several_rows_are_joined_and_merged_ones_filled(tmp_path: Path, read: Read) -> None:
    import openpyxl

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (("Person", None, "Work"), ("No", "Account", "Department"), ("00142", "ada", "R&D")):
        sheet.append(row)
    sheet.merge_cells("A1:B1")
    book.save(tmp_path / "staff.xlsx")
    columns = {"external_id": "Person No", "user_name": "Person Account", "department": "Work Department"}
    roster = read(header_rows=2, columns=columns)
    assert people(roster) == PEOPLE[:1]
    assert roster.workers["row"].tolist() == [3]


def test_headings_of_several_lines_of_text_are_joined(write_text: Write, read: Read) -> None:
    write_text("Staff of today\nEmployee,,\nNo,Account,Department\n00142,ada,R&D\n")
    assert people(read("staff.csv", header_row=2, header_rows=2)) == PEOPLE[:1]


def test_repeated_headings_and_totals_are_left_out_and_counted(write_text: Write, read: Read) -> None:
    write_text(
        "Employee No,Account,Department\n1,ada,IT\nEmployee No,Account,Department\n2,bob,IT\nTotal,,2\n"
        "Totals Ltd,cy,IT\n"
    )
    roster = read("staff.csv", skip=["repeated_headings", "totals"])
    assert roster.workers["row"].tolist() == [2, 4, 6]
    assert roster.skipped == {"repeated_headings": 1, "totals": 1}
    assert read("staff.csv").rows == 5


NESTED = [
    {"Employee No": "00142", "Account": "ada", "work": {"Department": "R&D"}, "emails": [{"v": "a"}, {"v": "b"}]},
    {"Employee No": 1043, "Account": "bob", "work": None, "tags": ["x", None, "y"], "on": True, "pay": 0.10},
]
COLUMNS = {"external_id": "Employee No", "user_name": "Account", "department": "work.Department"}


def test_json_is_read_by_paths(write_text: Write, read: Read) -> None:
    write_text(json.dumps(NESTED).replace("0.1}", "0.10}"), "staff.json")
    roster = read("staff.json", columns=COLUMNS)
    assert people(roster) == PEOPLE
    assert roster.raw["emails.v"].tolist()[0] == "a\nb"
    assert roster.raw.loc[3, ["tags", "on", "pay"]].tolist() == ["x\ny", "true", "0.10"]


@pytest.mark.parametrize("called", ["zoe.quill@acme.example", "Zoe Quill"])
def test_keys_that_may_be_peoples_names_are_not_quoted(write_text: Write, read: Read, called: str) -> None:
    write_text(json.dumps({called: NESTED, "Ben Marsh": NESTED, "former": NESTED}), "staff.json")
    for records in (None, "Zoe Quil"):
        with pytest.raises(RejectedSource) as caught:
            read("staff.json", columns=COLUMNS, **({"records": records} if records else {}))
        said = str(caught.value).replace(f"'{records}'", "")
        assert "former; 2 are called by what may be somebody's name" in said
        assert "Marsh" not in said
        assert "uill" not in said


def test_json_says_where_its_records_are(write_text: Write, read: Read) -> None:
    write_text(json.dumps({"fields": [{"id": "1"}], "data": {"employees": NESTED}}), "staff.json")
    assert people(read("staff.json", columns=COLUMNS, records="data.employees")) == PEOPLE
    with pytest.raises(RejectedSource, match=r"has records in 2 places: fields, data.employees.*Set sources.records"):
        read("staff.json", columns=COLUMNS)
    with pytest.raises(RejectedSource, match=r"has no records 'data.employes'.*Did you mean 'data.employees'"):
        read("staff.json", columns=COLUMNS, records="data.employes")


def test_json_lines_are_read(write_text: Write, read: Read) -> None:
    lines = "\n".join(json.dumps(item) for item in NESTED)
    write_text(lines, "staff.jsonl")
    assert people(read("staff.jsonl", columns=COLUMNS)) == PEOPLE
    write_text(json.dumps(NESTED[0]) + "\n", "one.jsonl")
    assert people(read("one.jsonl", columns=COLUMNS, format="jsonl")) == PEOPLE[:1]
    write_text(lines[:-5], "cut.jsonl")
    with pytest.raises(RejectedSource, match="is no whole JSON: line 2"):
        read("cut.jsonl", columns=COLUMNS)


REPORT = """<?xml version="1.0" encoding="{encoding}"?>
<wd:Report_Data xmlns:wd="urn:com.workday.report/Staff">
  <wd:Report_Entry><wd:Worker wd:Descriptor="Ada"><wd:ID wd:type="WID">f00</wd:ID>
  <wd:ID wd:type="Employee_ID">00142</wd:ID>
  </wd:Worker><wd:Account>ada</wd:Account><wd:Org><wd:Department>R&amp;D</wd:Department></wd:Org></wd:Report_Entry>
  <wd:Report_Entry><wd:Worker><wd:ID wd:type="Employee_ID">1043</wd:ID></wd:Worker><wd:Account>bob</wd:Account>
  <wd:Group>a</wd:Group><wd:Group>b</wd:Group></wd:Report_Entry>
</wd:Report_Data>"""
XML_COLUMNS = {"external_id": "Worker.ID[Employee_ID]", "user_name": "Account", "department": "Org.Department"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "iso-8859-1"])
def test_xml_reports_are_read_without_their_namespaces(write_text: Write, read: Read, encoding: str) -> None:
    write_text(REPORT.format(encoding=encoding).encode(encoding), "staff.xml")
    roster = read("staff.xml", columns=XML_COLUMNS)
    assert people(roster) == PEOPLE
    assert roster.raw["Worker.@Descriptor"].tolist()[0] == "Ada"
    assert roster.raw["Group"].tolist()[1] == "a\nb"
    assert people(read("staff.xml", columns=XML_COLUMNS, records="Report_Data/Report_Entry")) == PEOPLE
    with pytest.raises(RejectedSource, match=r"has no records 'Report_Entri'.*Did you mean '.*Report_Entry'"):
        read("staff.xml", columns=XML_COLUMNS, records="Report_Entri")


def test_records_deep_in_an_envelope_are_found(write_text: Write, read: Read) -> None:
    body = REPORT.format(encoding="utf-8").partition("?>")[2]
    write_text(f"<Envelope><Body a='1'>{body}</Body></Envelope>", "staff.xml")
    assert people(read("staff.xml", columns=XML_COLUMNS)) == PEOPLE


LDIF = """version: 1

# people
dn: cn=Ada Lovelace+employeeNumber=00142,ou=people,dc=acme,dc=example
objectClass: top
objectClass: inetOrgPerson
cn: Ada Lovelace
mail: ada
mail: countess
departmentNumber:: UiZE
jpegPhoto:: /9j/4AAQSkZJRgABAQEA
userPassword: {SSHA}hunter2
description: a long
  line

dn: cn=Bob,ou=people,dc=acme,dc=example
objectclass: inetOrgPerson
cn: Bob
MAIL: bob
employeeNumber: 1043
blob:: //79

dn: cn=Crew,ou=groups,dc=acme,dc=example
objectClass: groupOfNames
cn: Crew
member: cn=Bob,ou=people,dc=acme,dc=example
member: cn=Ada Lovelace+employeeNumber=00142,ou=people,dc=acme,dc=example
"""
LDIF_COLUMNS = {"external_id": "employeeNumber", "user_name": "mail", "department": "departmentNumber"}


def test_ldif_gives_people_and_groups_apart_and_no_photo_and_no_password(write_text: Write, read: Read) -> None:
    groups, persons = sorted(open_tables(ReadFile("a.ldif", LDIF.encode())), key=lambda table: table.name or "")
    assert (groups.name, len(groups.rows), persons.name, len(persons.rows)) == ("groupOfNames", 2, "inetOrgPerson", 3)
    assert persons.rows[0] == [
        "dn", "objectClass", "cn", "mail", "departmentNumber", "description", "employeeNumber",
    ]  # fmt: skip
    assert groups.rows[1][-1].count("\n") == 1
    write_text(LDIF, "staff.ldif")
    roster = read("staff.ldif", columns=LDIF_COLUMNS)
    assert people(roster) == [["00142", "ada\ncountess", "R&D"], ["1043", "bob", None]]
    assert roster.raw["description"].tolist()[0] == "a long line"
    assert "hunter" not in roster.raw.to_csv()
    assert read("staff.ldif", columns={"user_name": "cn"}, records="groupofnames").rows == 1


def test_computers_are_no_people(write_text: Write, read: Read) -> None:
    write_text(
        "dn: cn=PC,dc=a\nobjectClass: user\nobjectClass: computer\ncn: PC\n\n"
        "dn: cn=Ada,dc=a\nobjectClass: person\nobjectClass: user\ncn: Ada\nmail: ada\n",
        "ad.ldif",
    )
    assert read("ad.ldif", columns={"user_name": "mail"}).rows == 1


def test_parquet_is_read_as_text(tmp_path: Path, read: Read) -> None:
    table = pa.table(
        {
            "Employee No": pa.array(["00142", "1043"]),
            "Account": ["ada", "bob"],
            "work": [{"Department": "R&D", "since": dt.date(2026, 3, 31)}, None],
            "groups": [["a", "b"], []],
            "pay": [Decimal("0.10"), None],
            "fte": [1.0, 0.5],
        }
    )
    pq.write_table(table, tmp_path / "staff.parquet")
    roster = read("staff.parquet", columns=COLUMNS | {"start_date": "work.since"}, dates="%d/%m/%Y")
    assert people(roster) == PEOPLE
    assert roster.workers["start_date"].tolist()[0] == "2026-03-31"
    assert roster.raw.loc[2, ["groups", "pay", "fte"]].tolist() == ["a\nb", "0.10", "1"]


def database(folder: Path) -> Path:
    path = folder / "hr.db"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE staff (id TEXT, account TEXT, dept TEXT, since TEXT)")
        connection.execute("INSERT INTO staff VALUES ('00142', 'ada', 'R&D', '12:30:00'), ('1043', 'bob', NULL, 'x')")
    connection.close()
    return path


QUERY = """SELECT id AS "Employee No", account AS "Account", dept AS "Department"
FROM staff WHERE since <> ':x' ORDER BY 1"""


def asked(read_into: Path, url: str, query: str = QUERY, environ: dict[str, str] | None = None) -> Roster:
    columns = {"external_id": "Employee No", "user_name": "Account", "department": "Department"}
    source = {"name": "hr", "database": url, "query": query, "snapshot": "full", "columns": columns}
    known = environ or {}
    return read_roster(Source.model_validate(source), read_into, lambda ref: SecretStr(known[ref[2:-1]]))


def test_a_database_answers_a_query(tmp_path: Path) -> None:
    url = f"sqlite:///{database(tmp_path)}"
    roster = asked(tmp_path, "${DB}", environ={"DB": url})
    assert people(roster) == PEOPLE
    assert roster.workers["row"].tolist() == [2, 3]
    again = asked(tmp_path, url)
    assert (again.sha256, again.file) == (roster.sha256, roster.file)
    assert asked(tmp_path, url, QUERY.replace("ORDER BY 1", "AND id = '1043'")).sha256 != roster.sha256


def test_a_database_is_not_written_to(tmp_path: Path) -> None:
    path = database(tmp_path)
    with pytest.raises(RejectedSource, match=r"cannot be read from its database \(OperationalError"):
        asked(tmp_path, f"sqlite:///{path}", "DELETE FROM staff")
    with pytest.raises(RejectedSource, match="cannot be read from its database"):
        asked(tmp_path, f"sqlite:///{tmp_path / 'absent.db'}")
    assert not (tmp_path / "absent.db").exists()


def test_an_error_of_the_query_is_told(tmp_path: Path) -> None:
    url = f"sqlite:///{database(tmp_path)}"
    with pytest.raises(RejectedSource, match="refuses the query: no such column: wage") as caught:
        asked(tmp_path, url, "SELECT wage FROM staff")
    assert caught.value.exit_code == 6
    with pytest.raises(RejectedSource, match="has headings and nobody below them"):
        asked(tmp_path, url, f"SELECT * FROM ({QUERY.replace('ORDER BY 1', '')}) WHERE 1 = 0")


def test_a_missing_driver_is_named_with_its_package(tmp_path: Path) -> None:
    with pytest.raises(
        BadPipeline, match=r'needs a driver that is not installed: pymysql\..*pip install "pymysql"'
    ) as e:
        asked(tmp_path, "mysql+pymysql://hr:${PW}@127.0.0.1:1/hr", environ={"PW": "hunter2"})
    assert e.value.exit_code == 2
    with pytest.raises(BadPipeline, match="needs a driver that is not installed: snowflake-sqlalchemy"):
        asked(tmp_path, "snowflake://hr@acme/hr")
    with pytest.raises(BadPipeline, match="is no URL of a database"):
        asked(tmp_path, "${DB}", environ={"DB": "hunter2"})


def test_a_database_that_is_down_is_no_word_of_its_password(tmp_path: Path) -> None:
    url = "postgresql+psycopg://hr:${PW}@127.0.0.1:1/hr"
    with pytest.raises(RejectedSource, match="cannot be read from its database") as caught:
        asked(tmp_path, url, environ={"PW": "hunter2"})
    assert "hunter" not in str(caught.value) + repr(caught.value.facts)
    assert caught.value.exit_code == 6


def zipped(*files: tuple[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as package:
        for name, data in files:
            package.writestr(name, data)
    return buffer.getvalue()


def test_the_roster_in_a_zip_file_is_read(write_text: Write, read: Read) -> None:
    write_text(zipped(("__MACOSX/._staff.csv", b"x"), ("out/staff.csv", TEXT.encode())), "staff.zip")
    roster = read("staff.zip")
    assert (people(roster), roster.file) == (PEOPLE, "staff.zip/out/staff.csv")
    write_text(zipped(("staff.csv", TEXT.encode()), ("left.csv", b"x")), "two.zip")
    with pytest.raises(RejectedSource, match=r"is a zip file with 2 files: staff.csv, left.csv.*Set sources.member"):
        read("two.zip")
    assert people(read("two.zip", member="staff.csv")) == PEOPLE
    with pytest.raises(RejectedSource, match=r"has no file 'staf.csv' in it.*Did you mean 'staff.csv'"):
        read("two.zip", member="staf.csv")


def with_password(tmp_path: Path, make_source: Callable[..., Source], name: str, password: str) -> Roster:
    source = make_source(name, password="${ROSTER_PW}")
    return read_roster(source, tmp_path, lambda ref: SecretStr({"${ROSTER_PW}": password}[ref]))


def locked_workbook(rows: Path) -> bytes:
    locked = io.BytesIO()
    with rows.open("rb") as plain:
        OOXMLFile(plain).encrypt("hunter2", locked)
    return locked.getvalue()


@pytest.mark.parametrize("kind", ["xlsx", "zip"])
def test_a_password_opens_a_workbook_and_a_zip_file(
    tmp_path: Path, write_xlsx: Write, write_text: Write, make_source: Callable[..., Source], kind: str
) -> None:
    plain = write_xlsx(*ROWS)
    data = locked_workbook(plain) if kind == "xlsx" else binary_forms.locked_zip("staff.csv", TEXT.encode(), b"hunter2")
    write_text(data, f"locked.{kind}")
    assert people(with_password(tmp_path, make_source, f"locked.{kind}", "hunter2")) == PEOPLE
    with pytest.raises(RejectedSource, match="has another password than the declared one") as caught:
        with_password(tmp_path, make_source, f"locked.{kind}", "hunter3")
    assert "hunter" not in str(caught.value)
    with pytest.raises(RejectedSource, match=r"has a password.*Set sources.password"):
        read_roster(make_source(f"locked.{kind}"), tmp_path)


def test_a_person_whose_name_sounds_like_a_total_is_not_left_out(write_text: Write, read: Read) -> None:
    """Somebody left out would count as gone, where a held row takes nothing away."""
    write_text("Name,Employee No,Account\nSuma Patel,1042,\nAda,1043,ada\nTotal,,\n")
    columns = {"display_name": "Name", "external_id": "Employee No", "user_name": "Account"}
    roster = read("staff.csv", skip=["totals"], columns=columns)
    assert roster.workers["external_id"].tolist() == ["1042", "1043"]
    assert roster.skipped == {"totals": 1}


PEOPLE_LIKE_TOTALS = (
    "suma@acme.example,Suma,Rao,IT",
    "sum.lee@acme.example,Sum,Lee,IT",
    "total@acme.example,,,",
    "suma,Suma,Rao,IT",
    "suma.rao,,,",
    ",Suma,Rao,",
    ",Sum,,IT",
    "Total,Ada,,",
)
TOTALS = ("Total: 5,,,", "Total,,,5", "Summe IT,,,5", ",Total,,5", ",,,Total", "Grand total (all),12,,5 people")


@pytest.mark.parametrize("line", PEOPLE_LIKE_TOTALS)
def test_who_could_be_a_person_is_not_left_out_as_a_total(write_text: Write, read: Read, line: str) -> None:
    write_text(f"Account,First,Last,Team\nada,Ada,Bee,IT\n{line}\n")
    columns = {"user_name": "Account", "given_name": "First", "family_name": "Last", "department": "Team"}
    assert read("staff.csv", skip=["totals"], columns=columns).rows == 2


@pytest.mark.parametrize("line", TOTALS)
def test_totals_are_left_out(write_text: Write, read: Read, line: str) -> None:
    write_text(f"Account,First,Last,Team\nada,Ada,Bee,IT\n{line}\n")
    columns = {"user_name": "Account", "given_name": "First", "family_name": "Last", "department": "Team"}
    assert read("staff.csv", skip=["totals"], columns=columns).skipped == {"totals": 1}
