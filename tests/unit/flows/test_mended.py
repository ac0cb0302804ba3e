"""Held rows that somebody mended: given back they are used, for the export that they came from and no other."""

import json
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from tasks.model.errors import BadUsage, RejectedSource
from tests.support.effort import sampled

HEADINGS = ("Employee No", "Account", "First name", "Surname", "Department", "State", "Password")
MASK = "•••"
HASH = "{SSHA}5en6G6MezRroT3XKqkdPOmY/BfQ8VIkLaaaa"


@pytest.fixture
def run():
    from flows.cli.main import app

    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture
def roster(office: Any, staff: Any) -> Any:
    """Write the company's roster with further rows; every row has a password."""

    def write(*further: tuple[str, ...]) -> None:
        office.staff([(*row, f"pw-{row[0]}") for row in (*staff, *further)], HEADINGS)
        office.save()

    return write


@pytest.fixture
def held(roster: Any) -> None:
    """Three rows are held: an address that is none, a department that is a secret, and an id that is there already."""
    roster(
        ("00201", "gil vale", "Gil", "Vale", "Support", "Active"),
        ("00202", "hal.vale", "Hal", "Vale", HASH, "Active"),
        ("00106", "ivo.vale", "Ivo", "Vale", "Sales", "Active"),
    )


def rejects(office: Any) -> Any:
    return office.run_folders()[-1] / "rejects.xlsx"


def mend(office: Any, cells: dict[str, Any], name: str = "back.xlsx") -> Any:
    """Change cells of the last workbook of held rows; return where the mended one is."""
    book = openpyxl.load_workbook(rejects(office))
    for place, value in cells.items():
        book["Rejects"][place] = value
    path = office.folder / name
    book.save(path)
    return path


def codes(said: Any) -> dict[str, list[int]]:
    [source] = json.loads(said.stdout)["sources"]
    return {finding["code"]: finding["rows"] for finding in source["findings"]}


@pytest.mark.prove
def test_mended_rows_close_their_findings_and_are_planned_by(run, office, held):
    first = run("check", office.pipeline, "--json")
    assert codes(first) == {"id_shared": [7, 10], "secret_cell": [9], "user_name_invalid": [8]}
    sheet = openpyxl.load_workbook(rejects(office))["Rejects"]
    assert [row[0].value for row in sheet.iter_rows(min_row=2)] == ["00106", "00201", "00202", "00106"]
    mended = mend(office, {"B3": "gil.vale", "E4": "Support", "A5": "00203"})

    again = run("check", office.pipeline, "--mended", mended, "--json")
    assert (again.exit_code, codes(again)) == (0, {})
    assert "The list hr is read with 4 rows of back.xlsx in the place of its own." in again.stderr

    planned = run("plan", office.pipeline, "--mended", mended, "--json")
    assert planned.exit_code == 3
    clean = office.run_folders()[-1] / "hr.clean.parquet"
    import pandas as pd

    workers = pd.read_parquet(clean).set_index("external_id")
    assert workers.loc["00203", "user_name"] == "ivo.vale@acme.example"
    assert workers.loc["00203", "file"] == "staff.csv, as mended in back.xlsx"
    assert workers.loc["00101", "file"] == "staff.csv"


@pytest.mark.prove
def test_what_was_not_mended_or_was_deleted_stays_held_as_it_was(run, office, held):
    run("check", office.pipeline)
    mended = mend(office, {"B3": "gil.vale"})
    book = openpyxl.load_workbook(mended)
    book["Rejects"].delete_rows(5)
    book.save(mended)
    said = run("check", office.pipeline, "--mended", mended, "--json")
    assert codes(said) == {"id_shared": [7, 10], "secret_cell": [9]}


def test_a_secret_is_never_shown_and_its_mask_is_never_data(run, office, held):
    run("check", office.pipeline)
    for path in office.run_folders()[-1].iterdir():
        data = path.read_bytes()
        assert HASH.encode() not in data
        assert b"pw-00101" not in data
    values = [[cell.value for cell in row] for row in openpyxl.load_workbook(rejects(office))["Rejects"].iter_rows()]
    assert {row[6] for row in values[1:]} == {MASK}
    mended = mend(office, {"B3": MASK, "E4": MASK})
    said = run("check", office.pipeline, "--mended", mended, "--json")
    assert codes(said)["secret_cell"] == [8, 9]


@pytest.mark.prove
def test_a_row_that_is_emptied_is_left_out(run, office, held):
    run("check", office.pipeline)
    mended = mend(office, {f"{column}5": None for column in "ABCDEFG"})
    said = run("check", office.pipeline, "--mended", mended, "--json")
    assert codes(said) == {"secret_cell": [9], "user_name_invalid": [8]}
    assert json.loads(said.stdout)["sources"][0]["rows"] == {
        "read": 8, "blank": 0, "skipped": {}, "valid": 6, "held": 2, "warned": 0,
    }  # fmt: skip


@pytest.mark.prove
def test_a_second_round_goes_on_from_the_first(run, office, held):
    run("check", office.pipeline)
    first = mend(office, {"B3": "gil.vale"}, "first.xlsx")
    run("check", office.pipeline, "--mended", first)
    rows = [[cell.value for cell in row] for row in openpyxl.load_workbook(rejects(office))["Rejects"].iter_rows()]
    assert [row[0] for row in rows[1:]] == ["00106", "00202", "00106"]
    second = mend(office, {"E3": "Support", "A4": "00203"}, "second.xlsx")
    said = run("check", office.pipeline, "--mended", first, "--mended", second, "--json")
    assert codes(said) == {}


def test_the_workbook_of_another_export_is_refused(run, office, held, roster):
    run("check", office.pipeline)
    mended = mend(office, {"B3": "gil.vale"})
    roster(("00201", "gil vale", "Gil", "Vale", "Support", "Active"))
    said = run("plan", office.pipeline, "--mended", mended)
    assert said.exit_code == 6
    assert "mends another export of source hr than the one that is there. Nothing was sent." in said.stderr


OTHER = {f"N{row}": "other" for row in (2, 3, 4, 5)}
UNMATCHED = [
    pytest.param({"N2": None}, "has no Reference, or a damaged one, in row 2", id="none"),
    pytest.param({"N2": "hr:12"}, "has no Reference, or a damaged one, in row 2", id="damaged"),
    pytest.param({"N2": "N3"}, "has the same Reference in several rows", id="twice"),
    pytest.param({"N2": "99"}, "has a Reference to a row that is not in the list", id="no row"),
    pytest.param(OTHER, "mends a source named other, which this pipeline does not have", id="another source"),
    pytest.param({"B1": "Konto"}, "has no column 'Account'", id="no column"),
]


@pytest.mark.prove
@pytest.mark.parametrize(("cells", "message"), sampled(UNMATCHED, {"damaged", "no row"}))
def test_a_workbook_that_cannot_be_matched_is_refused(run, office, held, cells, message):
    run("check", office.pipeline)
    sheet = openpyxl.load_workbook(rejects(office))["Rejects"]
    assert sheet["N1"].value == "Reference"
    source, sha256, _ = sheet["N2"].value.split(":")
    given = {"N3": sheet["N3"].value, "99": f"{source}:{sha256}:99"}
    for row in (2, 3, 4, 5):
        if cells.get(f"N{row}") == "other":
            cells = {**cells, f"N{row}": sheet[f"N{row}"].value.replace("hr:", "other:")}
    mended = mend(office, {place: given.get(value, value) for place, value in cells.items()})
    said = run("check", office.pipeline, "--mended", mended)
    assert said.exit_code == 6
    assert message in said.stderr


def test_a_person_who_is_held_keeps_what_they_have_until_the_row_is_mended(run, office, roster, sync, tenant):
    roster()
    sync()
    before = tenant.people()
    assert before["ada.byrne@acme.example"]["licenseKeys"] == ["9001"]
    lines = (
        (office.folder / "staff.csv").read_text("utf-8").replace("ada.byrne,Ada,Byrne,Sales", "ada byrne,Ada,,Legal")
    )
    (office.folder / "staff.csv").write_text(lines, "utf-8")

    sync()
    assert tenant.people() == before

    mended = mend(office, {"B2": "ada.byrne", "D2": "Byrne"})
    said = run("plan", office.pipeline, "--mended", mended, "--json")
    summary = json.loads(said.stdout)
    assert summary["changes"]["by_action"]["remove_member"] == 1
    assert summary["sources"][0]["held"] == 0


def test_no_workbook_at_all_is_a_mistake_of_the_command(office, held):
    from flows import planning

    with pytest.raises(BadUsage, match=r"There is no workbook .*nowhere\.xlsx"):
        planning.check(office.pipeline, mended=[office.folder / "nowhere.xlsx"])


def test_another_file_in_the_place_of_a_workbook_is_not_told_as_a_roster(office, held):
    from flows import planning

    (office.folder / "other.xlsx").write_text("no workbook")
    with pytest.raises(RejectedSource, match=r"The mended workbook other\.xlsx is no workbook of held rows"):
        planning.check(office.pipeline, mended=[office.folder / "other.xlsx"])
