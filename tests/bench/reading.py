"""Reading: a workbook to mapped and validated workers against calamine alone, and a million rows of text."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import xlsxwriter

from tasks.ingest import read_roster
from tasks.model.rosters import Roster
from tasks.model.sources import Source
from tasks.validate import load_suite, validate
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child, peak_mb, repeated, seconds
from tests.bench.validation import inside_gx
from tests.support import company

PEOPLE = 100_000
MANY_PEOPLE = 1_000_000
COLUMNS = {
    "external_id": "Employee No", "user_name": "Account", "given_name": "First", "family_name": "Last",
    "department": "Department", "division": "Division", "organization": "Company", "cost_center": "Cost centre",
    "title": "Title", "employee_type": "Type", "manager_id": "Manager", "location": "Site", "country": "Country",
    "phone": "Phone", "end_date": "Leaving",
}  # fmt: skip


def reading(session: Session) -> list[Figure]:
    """Measure a workbook of 15 columns, from file to workers, and the peak of memory over a long text file."""
    people, many = session.size(PEOPLE), session.size(MANY_PEOPLE)
    with session.folder() as folder:
        write_workbook(folder / "staff.xlsx", people)
        times = in_child(workbook_and_calamine, folder, session.repeats)
        write_text(folder / "staff.csv", many)
        took, peak = in_child(text_and_peak, folder)
    return [
        Figure(
            f"{people} × 15 cells of xlsx to workers", [one.read for one in times], "s",
            Bar(2, ratio=True), [one.read / one.alone for one in times], "calamine alone",
        ),
        Figure(
            "the same to validated workers", [one.read + one.validated for one in times], "s",
            Bar(2, ratio=True), [one.ours / one.alone for one in times], "calamine alone, GX's own time left out",
        ),
        Figure(f"{many} rows of CSV to workers", [took], "s"),
        Figure("the memory for that", [peak], "MB", Bar(2000)),
    ]  # fmt: skip


def rows(people: int) -> Iterator[list[str]]:
    """Yield headings and people."""
    yield list(COLUMNS.values())
    for number in range(people):
        yield [
            f"{number:07d}", f"user{number}@acme.example", f"First{number % 977}", f"Last{number % 4999}",
            f"Department {number % 50}", f"Division {number % 7}", "Acme", f"CC{number % 300}", "Engineer", "Employee",
            f"{number // 10:07d}", f"Site {number % 20}", "FR", f"+33 1 {number:08d}",
            "" if number % 9 else "31/12/2027",
        ]  # fmt: skip


def write_workbook(path: Path, people: int) -> None:
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Staff")
        for at, row in enumerate(rows(people)):
            for column, cell in enumerate(row):
                sheet.write_string(at, column, cell)


def write_text(path: Path, people: int) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerows(rows(people))


def source(path: Path) -> Source:
    fields = {"name": "hr", "path": str(path), "snapshot": "full", "columns": COLUMNS, "dates": "%d/%m/%Y"}
    return Source.model_validate(fields)


@dataclass(frozen=True)
class Times:
    """Seconds: of reading a workbook to workers, of validating these, of that inside GX, of calamine giving cells."""

    read: float
    validated: float
    in_gx: float
    alone: float

    @property
    def ours(self) -> float:
        """The way from the file to validated workers, without what GX takes for itself."""
        return self.read + self.validated - self.in_gx


def workbook_and_calamine(folder: Path, repeats: int) -> list[Times]:
    """Return what reading and validating a workbook takes, and calamine alone; GX has run once before."""
    from python_calamine import CalamineWorkbook

    path = folder / "staff.xlsx"
    described = source(path)
    suite = load_suite(described.suite, folder)
    headings = {attribute: column.heading for attribute, column in described.columns.items()}

    def alone() -> None:
        CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)

    with inside_gx() as inside:

        def once() -> Times:
            inside.clear()
            found: list[Roster] = []
            read = seconds(lambda: found.append(read_roster(described, folder)))
            validated = seconds(lambda: validate(found[0], suite, headings, company.TODAY))
            return Times(read, validated, sum(inside), seconds(alone))

        once()
        return list(repeated(once, repeats))


def text_and_peak(folder: Path) -> tuple[float, float]:
    """Return the seconds of reading a text file to workers, and the most memory that took, in MB."""
    took = seconds(lambda: read_roster(source(folder / "staff.csv"), folder))
    return took, peak_mb()
