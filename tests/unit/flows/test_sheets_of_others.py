"""Lists whose rows are not people: check judges them, and nothing is planned by them."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from tasks.model.errors import BadPipeline

SHEETS = {
    "role_sheet": ("Person,Role\n1001,MANAGE_USERS\n1001,Boss\n", {"external_id": "Person", "role": "Role"}),
    "groups": ("Person,Group\n1001,Revenue\n1001,EMEA\n", {"external_id": "Person", "group": "Group"}),
    "migration_map": (
        "Old,New\nada@old.example,ada@acme.example\nben@old.example,ben@acme.example\n",
        {"user_name": "Old", "new_address": "New"},
    ),
}
FOUND = {"role_sheet": [("role_unknown", [3])], "groups": [], "migration_map": []}


@pytest.fixture
def office_of(office: Any) -> Any:
    def write(suite: str) -> Any:
        text, columns = SHEETS[suite]
        (office.folder / "staff.csv").write_text(text, "utf-8")
        office.spec["sources"][0] |= {"suite": suite, "columns": columns}
        office.spec["rules"] = []
        office.save()
        return office

    return write


@pytest.mark.parametrize("suite", SHEETS)
def test_check_judges_them(office_of, suite):
    from flows.cli.main import app

    said = CliRunner().invoke(app, ["check", str(office_of(suite).pipeline), "--json"])
    assert said.exit_code == 0, said.output
    [source] = json.loads(said.stdout)["sources"]
    assert source["rows"] == {"read": 2, "blank": 0, "skipped": {}, "valid": 2, "held": 0, "warned": len(FOUND[suite])}
    assert [(item["code"], item["rows"]) for item in source["findings"]] == FOUND[suite]


@pytest.mark.parametrize("suite", SHEETS)
def test_no_plan_is_made_by_them(office_of, suite, sync, told):
    from flows import planning

    with pytest.raises(BadPipeline, match="rows are not people yet: hr"):
        planning.plan(office_of(suite).pipeline)
    assert told(sync()).code == 2
