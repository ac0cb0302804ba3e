"""The documented shape of inspect --json."""

import json
from pathlib import Path

from typer.testing import CliRunner

from flows.cli.main import app
from tasks.ingest.inspection.catalogue import CATALOGUE
from tasks.ingest.inspection.shape import (
    ColumnShape,
    DatesShape,
    HazardShape,
    InspectionShape,
    KeyShape,
    Part,
    Rows,
    TableShape,
    schema,
)  # fmt: skip

DOCS = Path(__file__).parents[3] / "docs"


def inspect(*words: object):
    return CliRunner().invoke(app, ["inspect", *map(str, words)])


def test_the_command_prints_the_documented_shape(text_file, staff):
    said = inspect(text_file(staff.table), "--json")
    assert said.exit_code == 0
    found = json.loads(said.stdout)
    InspectionShape.model_validate(found, strict=True)
    assert (found["format_version"], found["file"]) == (1, "staff.csv")
    [table] = found["tables"]
    assert table["rows"] == {"physical": 5, "blank": 0, "data": 4}
    assert (table["people_likely"], table["header_row"], table["delimiter"]) == (4, 1, ",")
    assert table["columns"][0] | {"evidence": ""} == {
        "name": "Employee No", "proposal": "external_id", "confidence": 0.98, "filled": 4, "distinct": 4,
        "evidence": "",
    }  # fmt: skip
    assert table["keys"][0]["column"] == "Employee No"
    assert table["dates"][0]["format"] == "%Y-%m-%d"


def test_the_schema_is_the_one_in_the_docs():
    written = json.loads((DOCS / "inspect.schema.json").read_text(encoding="utf-8"))
    assert written == schema(), "run 'make schema'"


def test_every_key_is_described():
    text = (DOCS / "json.md").read_text(encoding="utf-8")
    for part in (InspectionShape, TableShape, Rows, ColumnShape, DatesShape, KeyShape, HazardShape):
        assert issubclass(part, Part)
        missing = [name for name in part.model_fields if f"`{name}`" not in text]
        assert not missing, f"docs/json.md does not describe {missing} of {part.__name__}"


def test_every_hazard_is_in_the_docs_as_it_is_in_the_code():
    text = (DOCS / "inspect.md").read_text(encoding="utf-8")
    rows = [f"| `{code}` | {kind.means} | {kind.remedy} |" for code, kind in CATALOGUE.items()]
    told = [line for line in text.splitlines() if line.startswith("| `") and line.count("|") == 4]
    assert told == rows


def test_one_sheet_can_be_looked_at_alone(workbook, staff):
    path = workbook(staff.table, staff.table)
    assert [table["sheet"] for table in json.loads(inspect(path, "--json", "--sheet", "More").stdout)["tables"]] == [
        "More"
    ]
    refused = inspect(path, "--sheet", "Nowhere")
    assert refused.exit_code == 2
    assert "Its tables: Staff, More." in refused.stderr


def test_the_text_shows_columns_dates_keys_and_hazards_and_no_cell(text_file, staff):
    said = inspect(text_file(staff.but(3, Surname="PÃ©rez", Start_date="2021-13-28")))
    assert said.exit_code == 0
    for word in ("Employee No", "external_id", "%Y-%m-%d", "a key", "mojibake", "dates_unreadable", "about 4 people"):
        assert word in said.stdout, word
    assert "Ada" not in said.stdout
    assert "byrne" not in said.output


def test_a_file_that_is_not_there_is_a_mistake_in_the_call(tmp_path):
    said = inspect(tmp_path / "nothing.csv")
    assert said.exit_code == 2
    assert "Traceback" not in said.output


def test_a_file_without_bytes_is_refused(text_file):
    said = inspect(text_file(b""))
    assert said.exit_code == 6
    assert "Nothing was sent." in said.stderr
