"""Admin roles, and the groups they are limited to."""

from typing import Any

import pytest

MANAGE = {"roles": ["MANAGE_USERS"], "manages": ["Sales"]}


def rules(*grants: dict[str, Any], **facts: Any) -> list[dict[str, Any]]:
    return [{"name": f"r{number}", "when": {}, "grant": grant, **facts} for number, grant in enumerate(grants)]


@pytest.fixture
def linked(case: Any, make: Any) -> Any:
    """Ada is linked and has no role; the tenant has the groups Sales (5001) and Support (5002)."""
    case.workers = [make.worker("ada")]
    case.accounts.append(make.account("7001", "ada"))
    case.links = [make.link("ada", "7001")]
    case.groups.append({"group_key": "5002", "name": "Support", "path": ("Support",)})
    case.policy(rules=rules(MANAGE))
    return case


def holds(linked: Any, *roles: str, by_hand: tuple[str, ...] = (), groups: tuple[str, ...] = ()) -> Any:
    linked.accounts[1] |= {"roles": tuple(sorted((*roles, *by_hand))), "managed_groups": groups}
    linked.links[0]["roles"] = roles
    return linked


def test_a_role_comes_with_the_groups_that_it_is_limited_to(linked: Any) -> None:
    change = linked.change("set_role")
    assert (change.before, change.rules) == ({"roles": []}, ("r0",))
    assert change.after == {
        "roles": ["MANAGE_USERS"], "ours": ["MANAGE_USERS"], "managed_groups": ["5001"], "manages": ["Sales"],
    }  # fmt: skip


def test_equal_limits_are_no_change(linked: Any) -> None:
    assert holds(linked, "MANAGE_USERS", groups=("5001",)).steps() == []


@pytest.mark.prove
@pytest.mark.parametrize("groups", [(), ("5001", "5002"), ("5002",)])
def test_a_limit_that_is_not_as_the_rule_says_is_set_anew(linked: Any, groups: tuple[str, ...]) -> None:
    change = holds(linked, "MANAGE_USERS", groups=groups).change("set_role")
    assert change.before == {"roles": ["MANAGE_USERS"]} | ({"managed_groups": list(groups)} if groups else {})
    assert (change.after["roles"], change.after["managed_groups"]) == (["MANAGE_USERS"], ["5001"])


def test_a_limit_that_the_rule_no_longer_sets_is_lifted(linked: Any) -> None:
    linked.policy(rules=rules({"roles": ["MANAGE_USERS"]}))
    change = holds(linked, "MANAGE_USERS", groups=("5001",)).change("set_role")
    assert change.before == {"roles": ["MANAGE_USERS"], "managed_groups": ["5001"]}
    assert change.after == {"roles": ["MANAGE_USERS"], "ours": ["MANAGE_USERS"]}


def test_roles_and_their_limits_come_from_one_rule(linked: Any) -> None:
    linked.policy(rules=rules({"roles": "RUN_REPORTS"}, MANAGE))
    assert linked.change("set_role").after == {"roles": ["RUN_REPORTS"], "ours": ["RUN_REPORTS"]}


def test_a_group_that_is_not_there_is_made_first(linked: Any) -> None:
    linked.policy(rules=rules({"roles": "MANAGE_USERS", "manages": ["Sales", "Emea"], "group": "Emea"}))
    plan = linked.plan()
    assert [change.action.value for change in plan.changes] == ["create_group", "add_member", "set_role"]
    made, member, role = plan.changes
    assert (made.after, made.rules) == ({"group": "Emea"}, ("r0",))
    assert (role.after["manages"], role.after["managed_groups"]) == (["Emea", "Sales"], [None, "5001"])
    assert member.needs == role.needs == (made.change_id,)


def test_a_group_that_nobody_is_put_into_is_made_for_whom_it_limits(linked: Any) -> None:
    linked.policy(rules=rules({"roles": "MANAGE_USERS", "manages": "Emea"}))
    assert linked.steps() == [("create_group", None), ("set_role", "ada")]


def test_without_the_rule_role_and_limit_go(linked: Any) -> None:
    linked.policy(rules=rules({"group": "Sales"}))
    linked.accounts[1]["group_key"] = "5001"
    change = holds(linked, "MANAGE_USERS", groups=("5001",)).change("set_role")
    assert change.before == {"roles": ["MANAGE_USERS"], "managed_groups": ["5001"]}
    assert change.after == {"roles": [], "ours": []}


def test_a_limit_never_binds_roles_given_by_hand(linked: Any) -> None:
    holds(linked, by_hand=("RUN_REPORTS",))
    assert linked.steps() == []
    assert linked.withheld() == [("set_role", "roles_by_hand", "ada")]


def test_beside_roles_given_by_hand_what_we_gave_still_goes(linked: Any) -> None:
    holds(linked, "ADD_USERS", by_hand=("RUN_REPORTS",), groups=("5002",))
    change = linked.change("set_role")
    assert change.before == {"roles": ["ADD_USERS", "RUN_REPORTS"], "managed_groups": ["5002"]}
    assert change.after == {"roles": ["RUN_REPORTS"], "ours": [], "managed_groups": ["5002"], "manages": ["Support"]}
    assert linked.withheld() == [("set_role", "roles_by_hand", "ada")]


def test_a_role_joins_those_given_by_hand_where_the_limits_are_the_same(linked: Any) -> None:
    holds(linked, by_hand=("RUN_REPORTS",), groups=("5001",))
    assert linked.change("set_role").after["managed_groups"] == ["5001"]
    assert linked.withheld() == []


def test_an_unlimited_role_does_not_lift_the_limits_of_roles_given_by_hand(linked: Any) -> None:
    linked.policy(rules=rules({"roles": ["MANAGE_USERS"]}))
    change = holds(linked, by_hand=("RUN_REPORTS",), groups=("5002",)).change("set_role")
    assert (change.after["managed_groups"], change.after["manages"]) == (["5002"], ["Support"])


def test_a_role_that_is_there_by_hand_keeps_its_limits(linked: Any) -> None:
    assert holds(linked, by_hand=("MANAGE_USERS",)).steps() == []
    assert linked.withheld() == []


def test_somebody_new_is_made_a_manager_after_the_create(linked: Any, make: Any) -> None:
    linked.workers.append(make.worker("bo", row=3))
    created = linked.change("create", "bo")
    assert linked.change("set_role", "bo").needs == (created.change_id,)


def test_custom_roles_are_given_as_any_other(linked: Any) -> None:
    linked.policy(rules=rules({"roles": ["custom:Auditor"]}))
    assert linked.change("set_role").after["roles"] == ["custom:Auditor"]


@pytest.mark.prove
@pytest.mark.parametrize("grant", [{"products": "G2M"}, {"roles": "MANAGE_USERS", "manages": "Support"}])
def test_a_blank_cell_takes_no_role_and_narrows_none(linked: Any, grant: dict[str, Any]) -> None:
    manager = {"name": "managers", "when": {"department": "Sales"}, "grant": MANAGE}
    linked.policy(rules=[manager, *rules(grant)])
    linked.workers[0]["department"] = None
    holds(linked, "MANAGE_USERS", groups=("5001",))
    assert [step for step in linked.steps() if step[0] == "set_role"] == []
    assert linked.withheld() == [("set_role", "blank", "ada")]


@pytest.mark.prove
def test_a_blank_cell_moves_nobody_out_of_a_group(linked: Any) -> None:
    sales = {"name": "sales", "when": {"department": "Sales"}, "grant": {"group": "Sales"}}
    linked.policy(rules=[sales])
    linked.workers[0]["department"] = None
    linked.accounts[1]["group_key"] = linked.links[0]["group_key"] = "5001"
    assert (linked.steps(), linked.withheld()) == ([], [("remove_member", "blank", "ada")])
    linked.policy(rules=[sales, *rules({"group": "Support"})])
    assert (linked.steps(), linked.withheld()) == ([], [("add_member", "blank", "ada")])
