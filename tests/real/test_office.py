"""The workbooks in a real spreadsheet program: they open, nothing in them runs, and what comes back can be read."""

import csv
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.support.programs import COMMAND

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]
HEADINGS = ("Employee No", "Account", "First name", "Surname", "Department", "State", "Remarks")
HELD = (
    ("00201", "gil vale", "Gil", "Vale", "Support", "Active", "=1+1"),
    ("00202", "hal@@vale", "Hal", "Vale", "Support", "Active", '=HYPERLINK("http://127.0.0.1/")'),
    ("00203", "ivo@vale", "Ivo", "Vale", "Sales", "Active", "+4930123456"),
)
"""Rows whose address is none, with remarks that a spreadsheet program would gladly work out."""
ALL_SHEETS = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,-1"


@pytest.fixture
def convert(program: Callable[[str], str], tmp_path: Path) -> Callable[[Path, str], Path]:
    """Open a file in LibreOffice and save it in another format; return the folder of what it wrote."""
    soffice = program("soffice")

    def run(path: Path, to: str) -> Path:
        folder = tmp_path / f"converted-{path.stem}-{to.partition(':')[0]}"
        profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
        command = [soffice, profile, "--headless", "--convert-to", to, "--outdir", str(folder), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
        assert done.returncode == 0, done.stderr
        assert list(folder.iterdir()), done.stdout + done.stderr
        return folder

    return run


@pytest.fixture
def with_held(office: Any, staff: Any) -> Any:
    """The small company, three of whose rows are held."""
    office.staff([*((*row, "") for row in staff), *(_quoted(row) for row in HELD)], HEADINGS)
    return office


def _quoted(row: tuple[str, ...]) -> tuple[str, ...]:
    return tuple('"' + cell.replace('"', '""') + '"' for cell in row)


def checked(office: Any, rosterflow: Any, command: str = "check") -> Path:
    """Run a command that sends nothing; return its run's folder."""
    said = rosterflow(command, office.save(), "--json")
    assert said.code in (0, 3), said.err
    return Path(json.loads(said.out)["folder"])


def read_csv(folder: Path, sheet: str) -> list[list[str]]:
    [path] = folder.glob(f"*-{sheet}.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def test_rejects_open_with_their_ids_whole_and_no_cell_worked_out(with_held, rosterflow, convert) -> None:
    rejects = checked(with_held, rosterflow) / "rejects.xlsx"
    heading, *rows = read_csv(convert(rejects, ALL_SHEETS), "Rejects")
    assert heading[: len(HEADINGS)] == list(HEADINGS)
    assert [tuple(row[: len(HEADINGS)]) for row in rows] == list(HELD)


def test_rejects_that_were_saved_again_hold_text_and_no_formula(with_held, rosterflow, convert) -> None:
    rejects = checked(with_held, rosterflow) / "rejects.xlsx"
    sheet = openpyxl.load_workbook(convert(rejects, "xlsx") / "rejects.xlsx")["Rejects"]
    cells = [sheet.cell(row, column) for row in (2, 3, 4) for column in range(1, len(HEADINGS) + 1)]
    assert {cell.data_type for cell in cells} == {"s"}
    assert [cell.value for cell in cells] == [value for row in HELD for value in row]


def test_the_review_workbook_opens_on_every_sheet_with_ids_as_they_are(with_held, rosterflow, convert) -> None:
    review = checked(with_held, rosterflow, "plan") / "review.xlsx"
    folder = convert(review, ALL_SHEETS)
    names = openpyxl.load_workbook(review, read_only=True).sheetnames
    assert len(list(folder.glob("*.csv"))) == len(names)
    text = "".join(path.read_text(encoding="utf-8") for path in folder.glob("*.csv"))
    assert "00101" in text
    assert "ada.byrne@acme.example" in text
    assert "#NAME?" not in text
    assert "Err:" not in text


def test_rejects_mended_in_a_spreadsheet_program_and_fed_back_bring_the_people_in(
    with_held, rosterflow, convert, tenant
) -> None:
    office = with_held
    sync(office)
    assert not {"gil.vale@acme.example", "ivo.vale@acme.example"} & tenant.people().keys()
    before = tenant.people()
    rejects = office.run_folders()[-1] / "rejects.xlsx"
    book = openpyxl.load_workbook(rejects)
    for row, account in ((2, "gil.vale"), (3, "hal.vale"), (4, "ivo.vale")):
        book["Rejects"].cell(row, 2).value = account
    (office.folder / "mended").mkdir()
    book.save(office.folder / "mended" / "rejects.xlsx")
    mended = convert(office.folder / "mended" / "rejects.xlsx", "xlsx") / "rejects.xlsx"

    assert rosterflow("plan", office.save(), "--mended", mended).code == 3
    assert rosterflow("apply", "latest").code == 0

    people = tenant.people()
    assert people.keys() - before.keys() == {"gil.vale@acme.example", "hal.vale@acme.example", "ivo.vale@acme.example"}
    assert people["ivo.vale@acme.example"]["licenseKeys"] == ["9001"]
    assert {address: people[address] for address in before} == before  # nobody else is touched


def sync(office: Any) -> None:
    """Sync in a process of its own, as the nightly run does."""
    environ = {**os.environ, "PREFECT_HOME": str(office.home / "prefect")}
    environ.pop("PREFECT_API_URL", None)
    command = [*COMMAND, "sync", office.save()]
    done = subprocess.run(
        command, env=environ, cwd=office.folder, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode == 0, done.stderr
