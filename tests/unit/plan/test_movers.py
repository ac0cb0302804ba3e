"""People who stay and whose attributes, products, group or role are not as they should be."""

from typing import Any

import pytest


@pytest.fixture
def linked(case: Any, make: Any) -> Any:
    """Worker 1 is linked, in Sales, and holds the licence that the rule gave."""
    case.workers = [make.worker("1")]
    case.accounts.append(make.account("7001", "1"))
    case.grants = [("7001", "9002")]
    case.links = [make.link("1", "7001", licences=("9002",))]
    return case


def test_equal_states_give_an_empty_plan(linked: Any) -> None:
    plan = linked.plan()
    assert (plan.changes, plan.withheld, plan.leaving, plan.header.unchanged) == ((), (), (), 1)


def test_changed_name_is_updated_field_by_field(linked: Any, make: Any) -> None:
    linked.workers = [make.worker("1", family_name="Byron-King")]
    update = linked.change("update")
    assert (update.before, update.after) == ({"family_name": "Byron"}, {"family_name": "Byron-King"})


def test_blank_keeps_the_targets_value(linked: Any, make: Any) -> None:
    linked.workers = [make.worker("1", given_name=None)]
    assert linked.steps() == []


def test_blank_clears_where_the_source_says_so(linked: Any, make: Any) -> None:
    columns = {"external_id": "Id", "user_name": "Mail", "department": "Dept", "given_name": "First"}
    source = {"name": "hr", "path": "staff.csv", "snapshot": "full", "columns": columns, "blanks": "clear"}
    linked.policy(sources=[source])
    linked.workers = [make.worker("1", given_name=None)]
    assert linked.change("update").after == {"given_name": None}


def test_locale_is_set_on_creation_only_unless_told_otherwise(linked: Any) -> None:
    rules = [{"name": "fr", "when": {}, "grant": {"products": "G2M", "locale": "fr_FR"}}]
    linked.policy(rules=rules)
    assert linked.steps() == []
    linked.policy(rules=rules, attributes={"locale": "always"})
    assert linked.change("update").after == {"locale": "fr_FR"}


def test_product_a_rule_gave_goes_when_no_rule_gives_it(linked: Any, make: Any) -> None:
    linked.workers = [make.worker("1", department="Legal")]
    assert linked.change("revoke").before == {"licence": "9002", "products": ["G2M"]}


def test_product_given_by_hand_stays(linked: Any, make: Any) -> None:
    linked.grants.append(("7001", "9001"))
    linked.workers = [make.worker("1", department="Legal")]
    assert [c.before["licence"] for c in linked.plan().changes] == ["9002"]


def test_product_given_by_hand_goes_where_all_are_managed(linked: Any, make: Any) -> None:
    targets = make.pipeline().model_dump(by_alias=True)["targets"]
    linked.policy(targets=[{**targets[0], "managed": "all"}])
    linked.grants.append(("7001", "9001"))
    linked.workers = [make.worker("1", department="Legal")]
    assert [c.before["licence"] for c in linked.plan().changes] == ["9001", "9002"]


def test_held_licence_that_satisfies_is_kept_though_another_is_smaller(linked: Any) -> None:
    linked.grants = [("7001", "9001")]
    linked.links[0]["licences"] = ("9001",)
    assert linked.steps() == []


@pytest.mark.prove
def test_cause_is_mover_when_the_worker_changed_and_rule_change_when_the_rules_did(linked: Any, make: Any) -> None:
    linked.grants = []
    known = linked.change("grant").worker_digest
    linked.links[0] |= {"worker_digest": known, "rules_digest": "rules"}
    assert linked.change("grant").cause == "drift"
    linked.rules_hash = "other rules"
    assert linked.change("grant").cause == "rule_change"
    linked.links[0]["worker_digest"] = "another"
    assert linked.change("grant").cause == "mover"


def test_wrong_group_is_left_for_the_right_one(linked: Any) -> None:
    linked.policy(rules=[{"name": "g", "when": {}, "grant": {"products": "G2M", "group": "Sales"}}])
    linked.groups.append({"group_key": "5002", "name": "Old", "path": ("Old",)})
    linked.accounts[1]["group_key"] = "5002"
    member = linked.change("add_member")
    assert (member.before, member.after) == (
        {"group": "Old", "group_key": "5002"},
        {"group": "Sales", "group_key": "5001"},
    )


def test_group_we_gave_is_left_when_no_rule_gives_one_and_a_manual_one_stays(linked: Any) -> None:
    linked.accounts[1]["group_key"] = "5001"
    assert linked.steps() == []
    linked.links[0]["group_key"] = "5001"
    assert linked.steps() == [("remove_member", "1")]


def test_role_given_by_a_rule_is_added_to_those_held_by_hand(linked: Any) -> None:
    linked.accounts[1]["roles"] = ("RUN_REPORTS",)
    linked.policy(rules=[{"name": "r", "when": {}, "grant": {"products": "G2M", "roles": "MANAGE_USERS"}}])
    role = linked.change("set_role")
    assert (role.before, role.after) == (
        {"roles": ["RUN_REPORTS"]},
        {"roles": ["MANAGE_USERS", "RUN_REPORTS"], "ours": ["MANAGE_USERS"]},
    )


def test_role_we_gave_goes_when_no_rule_gives_it(linked: Any) -> None:
    linked.accounts[1]["roles"] = ("MANAGE_USERS", "RUN_REPORTS")
    linked.links[0]["roles"] = ("MANAGE_USERS",)
    assert linked.change("set_role").after == {"roles": ["RUN_REPORTS"], "ours": []}


def test_disabled_rule_gives_nothing(linked: Any) -> None:
    linked.policy(rules=[{"name": "sales", "when": {}, "grant": {"products": "G2M"}, "enabled": "false"}])
    assert linked.steps() == [("revoke", "1")]


def test_exception_keeps_a_product_that_no_rule_gives(linked: Any, make: Any) -> None:
    linked.workers = [make.worker("1", department="Legal")]
    linked.policy(exceptions=[{"who": "1", "keep": "G2M", "until": "2027-01-01", "reason": "Ticket 881"}])
    assert linked.steps() == []
    assert linked.withheld() == [("revoke", "exception", "1")]


def test_an_id_used_again_for_somebody_else_does_not_hand_the_account_over(linked: Any, make: Any) -> None:
    linked.workers = [make.worker("1", user_name="bob@acme.example", given_name="Bob", family_name="Ode")]
    assert linked.steps() == []
    assert linked.withheld() == [("create", "identity", "1")]


def test_marriage_and_a_new_address_are_the_same_person(linked: Any, make: Any) -> None:
    linked.workers = [make.worker("1", user_name="ada.king@acme.example", family_name="King")]
    assert linked.steps() == [("update", "1")]


def test_protected_person_takes_no_seat(linked: Any, make: Any) -> None:
    linked.policy(protect=["role:super_user"])
    linked.accounts[1]["roles"] = ("SUPER_USER",)
    linked.accounts.append({"account_key": "7009", "user_name": "x@acme.example", "roles": ("SUPER_USER",)})
    linked.grants, linked.licences[1]["seats"] = [], 1
    linked.workers.append(make.worker("2", row=3))
    assert linked.steps() == [("create", "2"), ("grant", "2")]
    assert linked.withheld() == [("grant", "protected", "1")]


def test_product_of_a_licence_that_is_switched_off_is_not_held(linked: Any) -> None:
    linked.licences[1]["enabled"] = False
    assert linked.change("grant").after["licence"] == "9001"


def test_a_blank_that_rules_look_at_takes_nothing_away(linked: Any, make: Any) -> None:
    linked.workers = [make.worker("1", department=None)]
    assert linked.steps() == []
    assert linked.withheld() == [("revoke", "blank", "1")]


# -- links to accounts that are somebody else's by their address ---------------------------------------------------


@pytest.fixture
def exchanged(case: Any, make: Any) -> Any:
    """Two links that have got each other's account, as a wrong answer to a create would make them."""
    case.workers = [make.worker("al", given_name="Al"), make.worker("bo", 3, given_name="Bo")]
    case.accounts += [make.account("7001", "bo", given_name="Bo"), make.account("7002", "al", given_name="Al")]
    case.grants = [("7001", "9002"), ("7002", "9002")]
    names = {"family_name": "Byron", "licences": ("9002",)}
    case.links = [make.link("al", "7001", given_name="Al", **names), make.link("bo", "7002", given_name="Bo", **names)]
    return case


def test_who_is_linked_to_the_account_at_the_address_of_another_is_withheld(exchanged: Any) -> None:
    plan = exchanged.plan()

    assert plan.changes == ()
    assert [(item.external_id, item.reason) for item in plan.withheld] == [("al", "identity"), ("bo", "identity")]


@pytest.mark.prove
@pytest.mark.parametrize("absent", [True, False])
def test_leaver_who_is_linked_to_the_account_of_another_takes_nothing_from_them(exchanged: Any, absent: bool) -> None:
    exchanged.workers[0]["status"] = "inactive"
    del exchanged.workers[: int(absent)]

    plan = exchanged.plan()

    assert plan.changes == ()
    found = {(item.external_id, item.action, item.reason) for item in plan.withheld}
    assert found == {("al", "suspend", "identity"), ("bo", "create", "identity")}


@pytest.mark.prove
@pytest.mark.parametrize("known", [{"user_name": "al2@acme.example"}, {}], ids=["by the list", "by the link"])
def test_who_has_their_own_address_is_no_stranger_though_a_link_remembers_it_for_another(
    case: Any, make: Any, known: dict[str, Any]
) -> None:
    case.workers = [make.worker("al", user_name="free@acme.example"), make.worker("bo", 3)]
    case.accounts += [make.account("7001", "free"), make.account("7002", "bo")]
    case.links = [make.link("al", "7001", user_name="bo@acme.example"), make.link("bo", "7002", **known)]

    assert "identity" not in {item.reason for item in case.plan().withheld}
