"""Rules that test directory groups: what a blank cell, and a tenant's directory without any, take away."""

from typing import Any

import pytest

RULES = [{"name": "hosts", "when": {"directory_groups": "Hosts"}, "grant": {"products": "G2M", "group": "Sales"}}]
COLUMNS = {"external_id": "Id", "user_name": "Mail", "department": "Dept"}


def reading(make: Any, columns: dict[str, str], blanks: str = "keep") -> dict[str, Any]:
    """Return a pipeline's facts: it reads the tenant's directory, and has these columns in its roster."""
    facts = make.pipeline().model_dump(by_alias=True)
    source = {"name": "hr", "path": "staff.csv", "snapshot": "full", "columns": columns, "blanks": blanks}
    return {"rules": RULES, "sources": [source], "targets": [{**facts["targets"][0], "directory": "read"}]}


@pytest.fixture
def host(case: Any, make: Any) -> Any:
    """Ada is linked, and has the licence and the group that the rule gave; nothing says now that she is a host."""
    case.workers = [make.worker("ada")]
    case.accounts.append(make.account("7001", "ada", group_key="5001"))
    case.grants = [("7001", "9002")]
    case.links = [make.link("ada", "7001", licences=("9002",), group_key="5001")]
    case.directory = {"6001": ("Others", ["7001"]), "6002": ("Hosts", [])}
    return case


@pytest.mark.prove
def test_where_no_column_says_so_the_tenants_directory_alone_decides(host: Any, make: Any) -> None:
    host.policy(**reading(make, COLUMNS))
    assert host.steps() == [("revoke", "ada"), ("remove_member", "ada")]
    host.directory["6002"] = ("HOSTS", ["7001"])
    assert (host.steps(), host.withheld()) == ([], [])


def test_a_blank_cell_of_groups_takes_nothing_away(host: Any, make: Any) -> None:
    host.policy(**reading(make, {**COLUMNS, "directory_groups": "Groups"}))
    assert host.steps() == []
    assert host.withheld() == [("revoke", "blank", "ada"), ("remove_member", "blank", "ada")]


def test_a_blank_cell_of_groups_counts_where_blanks_clear(host: Any, make: Any) -> None:
    host.policy(**reading(make, {**COLUMNS, "directory_groups": "Groups"}, blanks="clear"))
    assert host.steps() == [("revoke", "ada"), ("remove_member", "ada")]


def test_a_cell_that_names_other_groups_takes_away(host: Any, make: Any) -> None:
    host.policy(**reading(make, {**COLUMNS, "directory_groups": "Groups"}))
    host.workers[0]["directory_groups"] = "Writers"
    assert host.steps() == [("revoke", "ada"), ("remove_member", "ada")]


def test_roster_and_tenant_add_up(host: Any, make: Any) -> None:
    host.policy(**reading(make, {**COLUMNS, "directory_groups": "Groups"}))
    host.workers[0]["directory_groups"] = "Writers"
    host.directory["6002"] = ("Hosts", ["7001"])
    assert (host.steps(), host.withheld()) == ([], [])


def test_a_group_whose_name_holds_a_semicolon_is_one_group(host: Any, make: Any) -> None:
    host.policy(**reading(make, COLUMNS))
    host.directory = {"6001": ("Writers;Hosts", ["7001"])}
    assert host.steps() == [("revoke", "ada"), ("remove_member", "ada")]
