"""Reading: a workbook to mapped workers against calamine alone, and the memory that a million rows of text take."""

import csv
from collections.abc import Iterator
from pathlib import Path

import xlsxwriter

from tasks.ingest import read_roster
from tasks.model.sources import Source
from tests.bench.figures import Bar, Figure
from tests.bench.session import Session, in_child, peak_mb, repeated, seconds

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
        pairs = in_child(workbook_and_calamine, folder, session.repeats)
        write_text(folder / "staff.csv", many)
        took, peak = in_child(text_and_peak, folder)
    ratios = [whole / alone for whole, alone in pairs]
    return [
        Figure(
            f"{people} × 15 cells of xlsx to workers", [whole for whole, _ in pairs], "s",
            Bar(2, ratio=True), ratios, "calamine alone",
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


def workbook_and_calamine(folder: Path, repeats: int) -> list[tuple[float, float]]:
    """Return the seconds of reading a workbook to workers, and of calamine giving its cells."""
    from python_calamine import CalamineWorkbook

    path = folder / "staff.xlsx"
    read_roster(source(path), folder)

    def alone() -> None:
        CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python(skip_empty_area=False)

    def once() -> tuple[float, float]:
        return seconds(lambda: read_roster(source(path), folder)), seconds(alone)

    return list(repeated(once, repeats))


def text_and_peak(folder: Path) -> tuple[float, float]:
    """Return the seconds of reading a text file to workers, and the most memory that took, in MB."""
    took = seconds(lambda: read_roster(source(folder / "staff.csv"), folder))
    return took, peak_mb()
