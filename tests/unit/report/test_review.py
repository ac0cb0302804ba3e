"""The workbook: one row per change, text that stays text, and the same bytes for the same plan."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tasks.model.plan import MAKES_A_GROUP, Action, Cause, LimitReading
from tasks.report import review, words, write_review


@pytest.fixture
def book(run: Any, tmp_path: Path) -> openpyxl.Workbook:
    path = tmp_path / "review.xlsx"
    write_review(run.plan, run.limits, run.verdicts, path)
    return openpyxl.load_workbook(path)


def rows(sheet: Worksheet) -> list[dict[str, Any]]:
    first, *others = sheet.iter_rows(values_only=True)
    return [{k: v for k, v in zip(first, row, strict=True) if v is not None} for row in others]


def test_sheets_are_those_a_reviewer_looks_for(book):
    assert book.sheetnames == ["Summary", "Changes", "Not in the plan", "Held rows", "Leaving"]
    assert book.active.title == "Changes"


def test_one_row_per_change_people_together(book, run):
    changes = rows(book["Changes"])
    assert sorted(row["Change id"] for row in changes) == sorted(change.change_id for change in run.plan.changes)
    assert [row.get("Id") for row in changes] == [
        None, "1042", "1042", "1042", "1042", "1017", "1017", "1009", "1023", "1031",
    ]  # fmt: skip


def test_change_says_who_what_why_and_from_where(book):
    changes = {row["Change id"]: row for row in rows(book["Changes"])}
    assert changes["update-1017"] == {
        "Name": "Lena Meyer-Roth", "Address": "lena.meyer@acme.example", "Id": "1017", "What": "Update details",
        "Field": "Surname", "Before": "Meyer", "After": "Meyer-Roth", "Why": "Changed in the roster",
        "File": "acme_staff.xlsx", "Sheet": "Staff", "Row": 17, "Change id": "update-1017",
    }  # fmt: skip
    assert changes["grant-1042-G2W"]["Field"] == "GoTo Webinar (G2W)"
    assert changes["grant-1042-G2W"]["Rules"] == "webinar hosts"
    assert changes["create-1042"]["Mail"] == "Welcome"
    assert changes["suspend-1009"]["After"] == "to be suspended, loses GoTo Meeting (G2M) and Super admin (SUPER_USER)"


def test_note_is_blank_and_asks_for_no_decision_that_nobody_would_read(book):
    sheet = book["Changes"]
    assert [row[0].value for row in sheet.iter_rows()] == ["Note"] + [None] * (sheet.max_row - 1)
    assert not sheet.data_validations.dataValidation


def test_summary_says_what_would_happen_and_which_limit_breaks(run, tmp_path):
    limits = [*run.limits, LimitReading("suspend", "", 112, 240, 50, 0.05)]
    write_review(run.plan, limits, run.verdicts, tmp_path / "review.xlsx")
    text = [c.value for row in openpyxl.load_workbook(tmp_path / "review.xlsx")["Summary"] for c in row if c.value]
    assert any(str(value).startswith("This plan would give access to 1 person, update 2, suspend 1") for value in text)
    assert text[text.index("Accounts suspended") + 3] == "Over the limit"
    assert run.plan.hash in text


def test_plan_hash_is_a_property_of_the_document(book, run):
    assert book.custom_doc_props[review.PLAN_PROPERTY].value == run.plan.hash


def test_other_sheets_say_what_to_do(book):
    (held, shared), (_, no_seat), (leaving,) = (
        rows(book[name]) for name in ("Held rows", "Not in the plan", "Leaving")
    )
    assert (held["Column"], held["Value"], held["Code"]) == ("E-mail", "eve.quill(at)acme", "address_malformed")
    assert (held["Row"], shared["Row"]) == (77, 80)
    assert no_seat["What was due"] == "Grant product: GoTo Training (G2T)"
    assert no_seat["Why not"] == "No free seat"
    assert (leaving["Address"], leaving["To be suspended on"]) == ("rosa.lind@acme.example", "2026-04-07")


def test_headings_stay_in_sight_and_can_be_filtered(book):
    for name in book.sheetnames[1:]:
        assert book[name].freeze_panes is not None
        assert book[name].auto_filter.ref is not None


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_text_that_looks_like_a_formula_stays_text(run, make_change, tmp_path, start):
    hostile = f"{start}HYPERLINK(1)"
    change = make_change(
        Action.UPDATE, Cause.MOVER, "1017 lena.meyer", before={"family_name": hostile}, after={"family_name": "Meyer"}
    )
    write_review(replace(run.plan, changes=(change,)), [], run.verdicts, tmp_path / "review.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "review.xlsx")["Changes"]
    (cell,) = (cell for cell in sheet[2] if cell.value and "HYPERLINK" in str(cell.value))
    assert (cell.data_type, cell.quotePrefix) == ("s", True)
    with ZipFile(tmp_path / "review.xlsx") as parts:
        assert not [name for name in parts.namelist() if b"<f>" in parts.read(name)]


def test_text_that_looks_like_the_workbooks_own_markup_stays_text(run, make_change, tmp_path):
    hostile = "<r>Ada</r>"
    named = make_change(
        Action.UPDATE, Cause.MOVER, "1017 lena", before={"family_name": "B"}, after={"family_name": hostile}
    )
    write_review(replace(run.plan, changes=(named,)), (), run.verdicts, tmp_path / "review.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "review.xlsx")["Changes"]
    assert hostile in [cell.value for cell in sheet[2]]


def test_numbers_of_people_stay_text(book):
    cells = [cell for (cell,) in book["Changes"].iter_rows(min_row=2, min_col=4, max_col=4) if cell.value]
    assert {cell.data_type for cell in cells} == {"s"}


def test_equal_plans_give_equal_bytes(run, tmp_path):
    one, two = tmp_path / "one.xlsx", tmp_path / "two.xlsx"
    write_review(run.plan, run.limits, run.verdicts, one)
    write_review(replace(run.plan, changes=run.plan.changes[::-1]), run.limits[::-1], run.verdicts, two)
    assert one.read_bytes() == two.read_bytes()


def test_large_plan_is_written_in_bounded_memory_with_the_same_content(run, book, tmp_path, monkeypatch):
    monkeypatch.setattr(review, "LARGE_PLAN", 3)
    write_review(run.plan, run.limits, run.verdicts, tmp_path / "large.xlsx")
    large = openpyxl.load_workbook(tmp_path / "large.xlsx")
    assert {name: rows(large[name]) for name in book.sheetnames[1:]} == {
        name: rows(book[name]) for name in book.sheetnames[1:]
    }


def test_plan_without_changes_has_a_workbook(run, tmp_path):
    write_review(replace(run.plan, changes=(), withheld=(), leaving=()), [], {}, tmp_path / "review.xlsx")
    assert rows(openpyxl.load_workbook(tmp_path / "review.xlsx")["Changes"]) in ([], [{}])


# What only some plans have ------------------------------------------------------------------------------------------


@pytest.fixture
def further(run, make_change, tmp_path):
    """The workbook of a plan with an edition, a limited role, a template, and every change to a directory."""
    who = "1042 ada.byron"
    changes = (
        make_change(Action.CREATE_DIRECTORY_GROUP, Cause.JOINER, name="Hosts", before={"directory_group": None},
                    after={"directory_group": "Hosts"}),
        make_change(Action.CREATE, Cause.JOINER, who, after={"given_name": "Ada", "welcome_template": "8001"}),
        make_change(Action.GRANT, Cause.JOINER, who, before={"licence": None},
                    after={"licence": "9002", "product": "G2W/Pro"}),
        make_change(Action.SET_ROLE, Cause.JOINER, who, before={"roles": []},
                    after={"roles": ["MANAGE_USERS"], "managed_groups": ["5001"], "manages": ["Sales"]}),
        make_change(Action.ADD_DIRECTORY_MEMBER, Cause.JOINER, who, before={"directory_group": None},
                    after={"directory_group": "Hosts", "group_key": None}),
        make_change(Action.REMOVE_DIRECTORY_MEMBER, Cause.LEAVER, "1009 otto.kern", after={"directory_group": None},
                    before={"directory_group": "Old hosts", "group_key": "6001"}),
    )  # fmt: skip
    header = replace(run.plan.header, mails={"welcome": {"en_US": 1}}, moving=2)
    write_review(replace(run.plan, header=header, changes=changes), run.limits, run.verdicts, tmp_path / "further.xlsx")
    return openpyxl.load_workbook(tmp_path / "further.xlsx")


def test_editions_managed_groups_templates_and_directory_groups_have_columns_where_there_are_any(further):
    found = {
        heading: [row[heading] for row in rows(further["Changes"]) if heading in row]
        for heading in ("Edition", "Groups managed", "Template", "Directory group")
    }
    assert found == {
        "Edition": ["Pro"], "Groups managed": ["Sales"], "Template": ["welcome 8001"],
        "Directory group": ["Hosts", "Hosts", "Old hosts"],
    }  # fmt: skip


def test_plans_without_any_of_them_have_no_such_columns(book):
    headings = [cell.value for cell in book["Changes"][1]]
    assert headings[:9] == ["Note", "Name", "Address", "Id", "What", "Field", "Before", "After", "Why"]


def test_every_action_can_be_reviewed(run, make_change, tmp_path):
    sides = {
        "licences": [],
        "products": [],
        "roles": [],
        "group": "Sales",
        "directory_group": "Hosts",
        "product": "G2M",
    }
    changes = tuple(
        make_change(action, Cause.DRIFT, name=action.value, before=sides, after=sides)
        if action in MAKES_A_GROUP
        else make_change(action, Cause.DRIFT, "1042 ada.byron", before=sides, after=sides)
        for action in Action
    )
    write_review(replace(run.plan, changes=changes), [], run.verdicts, tmp_path / "all.xlsx")
    whats = [row["What"] for row in rows(openpyxl.load_workbook(tmp_path / "all.xlsx")["Changes"])]
    assert sorted(set(whats)) == sorted(words.ORDERS.values())


def test_summary_foretells_mails_and_who_has_still_to_move_here(further):
    text = [cell.value for row in further["Summary"] for cell in row if cell.value]
    assert text[text.index("Welcome") + 1] == "1 person will get a welcome mail (in English)."
    assert text[text.index("Moving here") + 1].startswith("2 people are asked to move here from another account")
