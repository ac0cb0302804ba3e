"""Headings: mapped ones are there, and once; others are kept apart."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.model.errors import RejectedSource
from tasks.model.rosters import Roster

Write = Callable[..., Path]
Read = Callable[..., Roster]


def test_a_lost_column_says_which_exist(write_text: Write, read: Read) -> None:
    write_text("Employee Number,Account,Dept\n1,ada,IT\n")
    with pytest.raises(RejectedSource) as caught:
        read("staff.csv")
    message = str(caught.value)
    assert "has no column 'Employee No', 'Department'; its columns: Employee Number, Account, Dept." in message
    assert "Instead of 'Employee No', did you mean 'Employee Number'?" in message
    assert caught.value.facts["columns"] == ["Employee No", "Department"]


@pytest.mark.parametrize(
    "first_row",
    [
        "1042,ada.byron@acme.example,Ada",
        "Employee No,ada.byron@acme.example,Ada",  # a heading went over into data
        "Employee No,Ada Byron,1042",
        "Employee No,Ada Byron,31.12.1815",
        "ada.byron,Ada Byron,Sales",  # nothing tells it from headings but that none is ours
    ],
)
def test_a_roster_without_headings_shows_nobody(write_text: Write, read: Read, first_row: str) -> None:
    write_text(f"{first_row}\n1043,bob.stone@acme.example,Bob\n")
    with pytest.raises(RejectedSource, match="row 1 does not look like headings") as caught:
        read("staff.csv")
    said = f"{caught.value} {caught.value.facts}".casefold()
    assert not [word for word in ("ada", "byron", "acme.example", "1042", "1815") if word in said]
    assert "'Account'" in str(caught.value)


def test_of_many_headings_the_first_are_listed(write_text: Write, read: Read) -> None:
    write_text(
        "Account,"
        + ",".join(f"Note {letter}" for letter in "abcdefghijklmnopqrstuvwxyzABCDE")
        + "\nada"
        + "," * 31
        + "\n"
    )
    with pytest.raises(RejectedSource, match=r"Note B, Note C and 2 more\."):
        read("staff.csv", columns={"external_id": "Employee No", "user_name": "Account"})


def test_headings_further_down_are_found(write_text: Write, read: Read) -> None:
    write_text("Staff list,,\n,,\nEmployee No,Account,Department\n1,ada,IT\n")
    with pytest.raises(RejectedSource, match=r"The headings are in row 3: set sources.header_row to 3"):
        read("staff.csv")
    with pytest.raises(RejectedSource, match=r"has no headings in row 2.*in row 3"):
        read("staff.csv", header_row=2)


def test_headings_are_compared_without_their_layout(write_text: Write, read: Read) -> None:
    write_text('" Employee\n No",Account ,De\u0301partement\n1,ada,IT\n')
    roster = read(
        "staff.csv", columns={"external_id": "Employee No", "user_name": "Account", "department": "D\u00e9partement"}
    )
    assert roster.raw.columns.tolist() == ["Employee No", "Account", "D\u00e9partement"]


def test_a_mapped_heading_that_stands_twice_is_refused(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department,Department\n1,ada,IT,HR\n")
    with pytest.raises(RejectedSource, match=r"mapped column 'Department' 2 times \(columns C, D\)"):
        read("staff.csv")


def test_other_headings_that_stand_twice_or_are_blank_are_kept_apart(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department,Note,Note,Note (2),,\n1,ada,IT,a,b,c,d,\n")
    raw = read("staff.csv").raw
    assert raw.columns.tolist() == [
        "Employee No", "Account", "Department", "Note", "Note (3)", "Note (2)", "(column G)",
    ]  # fmt: skip
    assert raw.iloc[0].tolist() == ["1", "ada", "IT", "a", "b", "c", "d"]


@pytest.mark.parametrize("below", ["", "\n\n", " , ,\n"])
def test_headings_with_nobody_below_are_refused(write_text: Write, read: Read, below: str) -> None:
    write_text("Employee No,Account,Department\n" + below)
    with pytest.raises(RejectedSource, match="has headings and nobody below them"):
        read("staff.csv")


def test_a_header_row_beyond_the_end_is_refused(write_text: Write, read: Read) -> None:
    write_text("Employee No,Account,Department\n1,ada,IT\n")
    with pytest.raises(RejectedSource, match=r"ends at row 2, before its row of headings \(9\)"):
        read("staff.csv", header_row=9)
