"""Editions of a product: which rule's wins, which licence is of it, and how one is exchanged for another."""

from typing import Any

import pytest

from tasks.model.errors import BadPipeline

STANDARD = {"licence_key": "9101", "description": "Webinar Standard", "type": "standard", "products": ("G2M", "G2W")}
PRO = {"licence_key": "9102", "description": "Webinar Pro", "type": "pro", "products": ("G2M", "G2W")}
MEETING = {"licence_key": "9103", "description": "Meeting", "type": "standard", "products": ("G2M",)}


def rule(name: str, products: Any, department: str | None = None, **facts: Any) -> dict[str, Any]:
    return {"name": name, "when": {"department": department} if department else {}, "grant": {"products": products}} | (
        facts
    )


@pytest.fixture
def tiers(case: Any, make: Any) -> Any:
    """Two editions of Webinar; Ada is linked, in Sales, and holds the standard one, which a rule gave."""
    case.licences = [{**licence, "seats": 50, "enabled": True} for licence in (STANDARD, PRO, MEETING)]
    case.workers = [make.worker("ada")]
    case.accounts.append(make.account("7001", "ada"))
    case.grants = [("7001", "9101")]
    case.links = [make.link("ada", "7001", licences=("9101",))]
    case.policy(rules=[rule("pro", "G2W/Pro")])
    return case


def newcomer(tiers: Any, make: Any) -> Any:
    tiers.workers, tiers.links, tiers.grants = [make.worker("bo")], [], []
    tiers.accounts = tiers.accounts[:1]
    return tiers


def granted(tiers: Any, key: str | None = None) -> list[str]:
    changes = [c for c in tiers.plan().changes if c.action == "grant" and key in (None, c.external_id)]
    return [change.after["licence"] for change in changes]


@pytest.mark.prove
@pytest.mark.parametrize("edition", ["pro", "PRO", " webinar  pro "])
def test_an_edition_is_a_licences_description_or_type_whatever_its_case(tiers: Any, make: Any, edition: str) -> None:
    newcomer(tiers, make).policy(rules=[rule("pro", f"G2W/{edition.strip()}")])
    assert granted(tiers) == ["9102"]


def test_a_grant_names_the_edition_that_a_rule_asks_for_and_none_where_none_is(tiers: Any, make: Any) -> None:
    assert newcomer(tiers, make).change("grant").after["product"] == "G2W/Pro"
    tiers.policy(rules=[rule("any", "G2W")])
    assert tiers.change("grant").after["product"] == "G2W"


@pytest.mark.prove
def test_of_two_editions_the_higher_rules_wins_and_the_lower_rule_did_not_give_it(tiers: Any, make: Any) -> None:
    newcomer(tiers, make).policy(rules=[rule("a", "G2W/Pro", "Sales"), rule("b", "G2W/Standard")])
    assert granted(tiers) == ["9102"]
    assert tiers.change("grant").rules == ("a",)
    tiers.workers[0]["department"] = "Legal"
    assert granted(tiers) == ["9101"]


@pytest.mark.prove
@pytest.mark.parametrize("order", [("G2W", "G2W/Pro"), ("G2W/Pro", "G2W")])
def test_a_rule_that_names_no_edition_is_content_with_that_of_another(tiers: Any, make: Any, order: Any) -> None:
    newcomer(tiers, make).policy(rules=[rule("first", order[0]), rule("second", order[1])])
    assert granted(tiers) == ["9102"]
    assert tiers.change("grant").rules == ("first", "second")


def test_any_edition_that_is_held_will_do_where_none_is_named(tiers: Any) -> None:
    tiers.policy(rules=[rule("any", "G2W")])
    assert tiers.steps() == []


def test_the_edition_that_is_held_is_kept(tiers: Any) -> None:
    tiers.policy(rules=[rule("standard", "G2W/STANDARD")])
    assert tiers.steps() == []


def test_a_wrong_edition_that_we_gave_is_exchanged_in_one_plan(tiers: Any) -> None:
    assert tiers.steps() == [("revoke", "ada"), ("grant", "ada")]
    revoke, grant = tiers.plan().changes
    assert (revoke.before["licence"], grant.after["licence"], grant.needs) == ("9101", "9102", (revoke.change_id,))
    assert (revoke.rules, grant.rules) == (("pro",), ("pro",))


def test_an_edition_given_by_hand_stays_beside_the_right_one(tiers: Any) -> None:
    tiers.links[0]["licences"] = ()
    assert tiers.steps() == [("grant", "ada")]


def test_an_edition_given_by_hand_is_exchanged_where_all_is_managed(tiers: Any, make: Any) -> None:
    tiers.links[0]["licences"] = ()
    targets = make.pipeline().model_dump(by_alias=True)["targets"]
    tiers.policy(rules=[rule("pro", "G2W/Pro")], targets=[{**targets[0], "managed": "all"}])
    assert tiers.steps() == [("revoke", "ada"), ("grant", "ada")]


@pytest.mark.prove
def test_without_a_seat_of_the_right_edition_the_wrong_one_stays(tiers: Any) -> None:
    tiers.licences[1]["seats"] = 0
    assert tiers.steps() == []
    assert tiers.withheld() == [("grant", "no_seat", "ada")]
    assert tiers.plan().withheld[0].detail == "G2W/Pro"


def test_the_wrong_edition_goes_where_the_right_one_is_held_already(tiers: Any) -> None:
    tiers.grants.append(("7001", "9102"))
    assert tiers.steps() == [("revoke", "ada")]


def test_a_seat_that_is_given_up_serves_somebody_else_in_the_same_plan(tiers: Any, make: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro", "Sales"), rule("standard", "G2W/Standard")])
    tiers.licences[0]["seats"] = 1
    tiers.workers.append(make.worker("bo", row=3, department="Legal"))
    assert tiers.steps() == [("revoke", "ada"), ("create", "bo"), ("grant", "ada"), ("grant", "bo")]


@pytest.mark.prove
def test_a_seat_that_is_not_given_up_after_all_is_given_to_nobody(tiers: Any, make: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro", "Sales"), rule("standard", "G2W/Standard")])
    tiers.licences[0]["seats"], tiers.licences[1]["seats"] = 1, 0
    tiers.workers.append(make.worker("bo", row=3, department="Legal"))
    assert tiers.steps() == []
    assert sorted(tiers.withheld()) == [("create", "no_seat", "bo"), ("grant", "no_seat", "ada")]


def test_two_people_exchange_the_last_seats_of_two_editions(tiers: Any, make: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro", "Sales"), rule("standard", "G2W/Standard")])
    tiers.licences[0]["seats"] = tiers.licences[1]["seats"] = 1
    tiers.workers.append(make.worker("bo", row=3, department="Legal"))
    tiers.accounts.append(make.account("7002", "bo"))
    tiers.grants.append(("7002", "9102"))
    tiers.links.append(make.link("bo", "7002", licences=("9102",)))
    assert tiers.steps() == [("revoke", "ada"), ("revoke", "bo"), ("grant", "ada"), ("grant", "bo")]
    assert tiers.withheld() == []


def test_another_product_that_came_with_the_wrong_edition_comes_with_the_right_one(tiers: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro"), rule("all", "G2M")])
    assert tiers.steps() == [("revoke", "ada"), ("grant", "ada")]
    tiers.licences[1]["products"] = ("G2W",)
    assert sorted(granted(tiers)) == ["9102", "9103"]


@pytest.mark.prove
def test_the_wrong_edition_stays_for_another_product_that_has_no_seat_of_its_own(tiers: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro"), rule("all", "G2M")])
    tiers.licences[1]["products"], tiers.licences[2]["seats"] = ("G2W",), 0
    assert [(c.action.value, c.after["licence"]) for c in tiers.plan().changes] == [("grant", "9102")]
    tiers.grants.append(("7001", "9102"))
    tiers.links[0]["licences"] = ("9101", "9102")
    assert (tiers.steps(), tiers.withheld()) == ([], [])


def test_a_licence_is_never_exchanged_for_itself(tiers: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro"), rule("all", "G2M")])
    tiers.licences[1]["products"] = ("G2W",)
    del tiers.licences[2]
    tiers.grants.append(("7001", "9102"))
    tiers.links[0]["licences"] = ("9101", "9102")
    assert tiers.steps() == []


def test_an_exception_keeps_the_edition_and_the_right_one_waits(tiers: Any) -> None:
    exception = {"who": "ada", "keep": "G2W", "until": "2027-01-01", "reason": "Ticket 881"}
    tiers.policy(rules=[rule("pro", "G2W/Pro")], exceptions=[exception])
    assert tiers.steps() == []
    assert tiers.withheld() == [("revoke", "exception", "ada"), ("grant", "exception", "ada")]


def test_a_blank_cell_exchanges_nothing(tiers: Any) -> None:
    tiers.policy(rules=[rule("standard", "G2W/Standard", "Sales"), rule("pro", "G2W/Pro")])
    tiers.workers[0]["department"] = None
    assert tiers.steps() == []
    assert tiers.withheld() == [("revoke", "blank", "ada"), ("grant", "blank", "ada")]


def test_who_is_only_just_adopted_keeps_the_edition_for_this_plan(tiers: Any) -> None:
    tiers.links = []
    tiers.policy(rules=[rule("pro", "G2W/Pro")], adopt="matched+grants")
    assert tiers.steps() == [("adopt", "ada")]
    assert tiers.withheld() == [("revoke", "just_adopted", "ada"), ("grant", "just_adopted", "ada")]


def test_a_protected_person_exchanges_nothing(tiers: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro")], protect=["user:ada@acme.example"])
    assert tiers.steps() == []
    assert tiers.withheld() == [("grant", "protected", "ada")]


def test_an_edition_that_the_tenant_lacks_stops_the_run_and_names_those_it_has(tiers: Any) -> None:
    tiers.policy(rules=[rule("plus", "G2W/Plus")])
    with pytest.raises(BadPipeline) as caught:
        tiers.plan()
    assert "Rule 'plus' gives G2W/Plus, and no licence with G2W that is switched on is of that edition." in str(
        caught.value
    )
    assert "The tenant has G2W as 'Webinar Pro' or 'pro'; 'Webinar Standard' or 'standard'." in str(caught.value)


def test_a_licence_that_is_switched_off_offers_no_edition(tiers: Any) -> None:
    tiers.licences[1]["enabled"] = False
    with pytest.raises(BadPipeline, match="no licence with G2W that is switched on is of that edition"):
        tiers.plan()


def test_an_edition_of_a_rule_that_is_switched_off_is_not_asked_for(tiers: Any) -> None:
    tiers.policy(rules=[rule("plus", "G2W/Plus", enabled="false"), rule("standard", "G2W/Standard")])
    assert tiers.steps() == []


@pytest.mark.prove
def test_rows_in_any_order_give_the_same_plan(tiers: Any, make: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro", "Sales"), rule("standard", "G2W/Standard")])
    tiers.licences[1]["seats"] = 1
    for number in range(4):
        tiers.workers.append(make.worker(f"p{number}", row=3 + number))
    plan = tiers.plan()
    tiers.workers.reverse()
    tiers.licences.reverse()
    assert tiers.plan().to_bytes() == plan.to_bytes()


@pytest.fixture
def half_exchanged(tiers: Any) -> Any:
    """The standard edition was taken from Ada for the other one, which was refused: of that no seat is left."""
    tiers.grants = []
    tiers.licences[1]["seats"] = 0
    return tiers


@pytest.mark.prove
def test_who_lost_an_edition_in_an_exchange_that_failed_gets_it_back(half_exchanged: Any) -> None:
    grant = half_exchanged.change("grant")
    assert (grant.after["licence"], grant.after["product"], grant.rules) == ("9101", "G2W", ("pro",))
    assert half_exchanged.withheld() == [("grant", "no_seat", "ada")]
    half_exchanged.grants = [("7001", "9101")]
    assert half_exchanged.steps() == []


def test_the_right_edition_is_given_as_soon_as_it_has_a_seat(half_exchanged: Any) -> None:
    half_exchanged.licences[1]["seats"] = 1
    assert granted(half_exchanged) == ["9102"]
    assert half_exchanged.change("grant").before == {"licence": None, "given_up": ["9101"]}


def test_licences_that_are_all_given_again_are_no_notes_to_be_ended(tiers: Any) -> None:
    tiers.policy(rules=[rule("pro", "G2W/Pro"), rule("all", "G2M")])
    tiers.licences[1]["products"] = ("G2W",)
    tiers.grants, tiers.links[0]["licences"] = [], ("9102", "9103")
    assert [change.before for change in tiers.plan().changes] == [{"licence": None}] * 2


def test_an_edition_that_we_never_gave_is_nobodys_way_out(half_exchanged: Any) -> None:
    half_exchanged.links[0]["licences"] = ()
    assert half_exchanged.steps() == []


@pytest.mark.prove
@pytest.mark.parametrize("facts", [{"seats": 0}, {"enabled": False}, {"products": ("G2M",)}], ids=str)
def test_what_cannot_be_given_back_is_not_in_the_plan(half_exchanged: Any, facts: dict[str, Any]) -> None:
    half_exchanged.licences[0] |= facts
    assert half_exchanged.steps() == []


def test_a_seat_goes_to_whom_the_rules_give_it_before_it_is_given_back(half_exchanged: Any, make: Any) -> None:
    half_exchanged.policy(rules=[rule("pro", "G2W/Pro", "Sales"), rule("standard", "G2W/Standard")])
    half_exchanged.licences[0]["seats"] = 1
    half_exchanged.workers.append(make.worker("bo", row=3, department="Legal"))
    assert half_exchanged.steps() == [("create", "bo"), ("grant", "bo")]


def test_a_larger_licence_that_was_taken_by_hand_is_not_given_back(half_exchanged: Any) -> None:
    half_exchanged.policy(rules=[rule("all", "G2M")])
    half_exchanged.licences[2]["seats"] = 0
    assert half_exchanged.steps() == []
