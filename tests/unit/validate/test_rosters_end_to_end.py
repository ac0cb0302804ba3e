"""From a file to a verdict and back: what ingest reads is judged, and what is rejected can be mended and read again."""

from datetime import date

import openpyxl

from tasks.ingest import read_roster
from tasks.model.sources import Source
from tasks.validate import load_suite, validate, write_rejects

TODAY = date(2026, 3, 1)


def source_of(path, columns, **more):
    return Source.model_validate({"name": "hr", "path": str(path), "snapshot": "full", "columns": columns, **more})


def headings_of(source):
    return {attribute: column.heading for attribute, column in source.columns.items()}


def test_rejects_can_be_mended_and_fed_back_with_the_same_columns(tmp_path):
    (tmp_path / "staff.csv").write_text(
        "Employee No;Name;First;Account;State;Leaving;Note\n"
        "0042;Byron;Ada;ada byron;Active;31/03/2026;=1+1\n"
        "0043;Ode;Ben;ben;Active;;\n",
        "utf-8",
    )
    columns = {
        "external_id": "Employee No",
        "user_name": {"from": "Account", "template": "{value}@acme.example"},
        "family_name": "Name",
        "given_name": "First",
        "status": {"from": "State", "map": {"Active": "active"}},
        "end_date": "Leaving",
    }
    source = source_of("staff.csv", columns, dates="%d/%m/%Y", delimiter=";")
    suite = load_suite("staff", tmp_path)
    roster = read_roster(source, tmp_path)
    verdict = validate(roster, suite, headings_of(source), TODAY)
    assert verdict.held["external_id"].tolist() == ["0042"]
    path = write_rejects(roster, verdict, tmp_path / "rejects.xlsx")

    book = openpyxl.load_workbook(path)
    assert book["Rejects"]["D2"].value == "ada byron"
    book["Rejects"]["D2"] = "ada"
    book.save(path)
    mended_source = source_of("rejects.xlsx", columns, dates="%d/%m/%Y", sheet="Rejects", snapshot="delta")
    mended = validate(read_roster(mended_source, tmp_path), suite, headings_of(mended_source), TODAY)

    assert mended.findings.empty
    wanted = ["external_id", "user_name", "given_name", "family_name", "status", "end_date"]
    assert mended.clean[wanted].to_numpy().tolist() == [
        ["0042", "ada@acme.example", "Ada", "Byron", "active", "2026-03-31"]
    ]
