"""``check --json``: its shape is the one in docs/json.md, and its figures are those of the rows."""

import json
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tasks.model.tables import WORKERS
from tasks.report.checked import count_people

PAGE = Path(__file__).parents[3] / "docs" / "json.md"
CSV = """\
Employee No,Account,First name,Surname,Department,State
1,ada,Ada,Byron,Sales,Active
2,ben,Ben,Ode,IT,Active
3,cy cy,Cy,Low,IT,Active

4,dag,Dag,Orme,IT,Active
4,dag,Dag,Orme,IT,Active
5,eve,Eve,Holt,IT,Active
6,finn,Finn,Rask,IT,Active
"""


def section() -> str:
    return PAGE.read_text("utf-8").partition("## check\n")[2].partition("\n## ")[0]


def shape(value: object) -> object:
    """Return the keys and kinds of a JSON value, of a list those of its first item."""
    if isinstance(value, dict):
        return {key: shape(item) for key, item in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


@pytest.fixture
def checked(office):
    def run(text: str):
        from flows.cli.main import app

        (office.folder / "staff.csv").write_text(text, "utf-8")
        said = CliRunner().invoke(app, ["check", office.save(), "--json"])
        assert said.exit_code == 0, said.output
        return json.loads(said.stdout)

    return run


def test_the_result_is_the_one_in_the_documentation(checked):
    example = json.loads(re.search(r"```json\n(.+?)```", section(), re.DOTALL)[1])
    found = checked(CSV)
    assert {key: found[key] for key in example} == example
    assert {"run", "findings", "folder"} <= found.keys()


def test_every_key_of_a_source_is_documented(checked):
    named = {part.split(".")[-1].removesuffix("[]") for part in re.findall(r"`([\w.\[\]]+)`", section())}
    [source] = checked(CSV)["sources"]
    assert {*source, *source["rows"], *source["findings"][0]} - {"rows", "findings"} <= named


@pytest.mark.prove
def test_all_rows_of_a_finding_are_named_and_no_cell(checked):
    people = "".join(f"{n},no body,N{n},Nought,IT,Active\n" for n in range(10, 60))
    found = checked(CSV + people)
    [wrong] = [item for item in found["sources"][0]["findings"] if item["code"] == "user_name_invalid"]
    assert (wrong["count"], wrong["rows"]) == (51, [4, *range(10, 60)])
    assert found["sources"][0]["workers"] == 56
    assert not re.search(r"no body|Nought|Byron", json.dumps(found))


@pytest.mark.prove
def test_headings_in_two_rows_are_no_blank_row(office, checked):
    office.spec["sources"][0]["header_rows"] = 2
    [source] = checked(CSV.replace("\n", "\n,,,,,\n", 1))["sources"]
    assert (source["rows"]["read"], source["rows"]["blank"]) == (7, 1)


SKIPPING = """\
Employee No,Account,First name,Surname,Department,State
1,ada,Ada,Byron,Sales,Active
Employee No,Account,First name,Surname,Department,State

2,ben,Ben,Ode,IT,Active
Employee No,Account,First name,Surname,Department,State

Total,,2,,,
"""


@pytest.mark.prove
def test_rows_left_out_as_declared_are_counted_by_reason_and_are_not_blank(office, checked):
    office.spec["sources"][0]["skip"] = ["repeated_headings", "totals"]
    [source] = checked(SKIPPING)["sources"]
    assert source["rows"] == {
        "read": 2, "blank": 2, "skipped": {"repeated_headings": 2, "totals": 1}, "valid": 2, "held": 0, "warned": 0,
    }  # fmt: skip


def test_the_terminal_says_which_rows_were_left_out(office, rosterflow):
    office.spec["sources"][0]["skip"] = ["repeated_headings", "totals"]
    (office.folder / "staff.csv").write_text(SKIPPING, "utf-8")
    said = rosterflow("check", office.save())
    assert (
        "hr: 2 rows, 2 valid (0 with a warning), 0 held; left out: 2 rows of headings and 1 row of totals" in said.out
    )


@pytest.mark.parametrize(
    ("rows", "people"),
    [
        ([{"external_id": "1"}, {"external_id": "1", "given_name": "Ada"}, {"external_id": "2"}], 2),
        ([{"user_name": "a@acme.example"}, {"user_name": "A@acme.example"}], 1),
        ([{"external_id": "1", "user_name": "a@acme.example"}, {"user_name": "a@acme.example"}], 1),
        ([{"given_name": "Jason", "family_name": "Bourne"}] * 2 + [{"given_name": "Ada"}], 2),
        ([{"display_name": "Ada Byron"}, {"display_name": "ada byron"}], 1),
        ([{"department": "IT"}, {}], 0),
        ([{"external_id": str(n), "given_name": "Ada", "family_name": "Byron"} for n in range(3)], 3),
    ],
)
def test_people_are_told_apart_by_id_else_address_else_name(rows, people):
    workers = WORKERS.frame({"source": "hr", "file": "f", "row": at, **row} for at, row in enumerate(rows, 2))
    assert count_people(workers) == people
