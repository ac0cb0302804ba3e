"""The platform's own User Sync. Documented: rules over directory groups, their order, the main switch, failures by
cause with a retry. Assumed, with a switch each: what is taken away, how products and roles of several rules go
together, when it looks."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running, Switches, directory_groups, user_sync
from tasks.sandbox.declared import read_state
from tasks.sandbox.directory_groups import Member
from tasks.sandbox.platform import Platform, wall_clock
from tasks.sandbox.store import Store
from tasks.sandbox.sync_rules import Rule

HOSTS = {"directory_group": "Hosts", "products": ["G2W"]}


@pytest.fixture
def declared(state: dict[str, Any]) -> dict[str, Any]:
    """Ada (7002) has a meeting seat, Bo (7003) a phone, Cy (7004) nothing; nobody is in a directory group yet."""
    organisation = {
        "name": "Acme",
        "domains": [{"domain": "acme.example"}],
        "admins": [{"user": "7001"}],
        "groups": [{"key": "6001", "name": "Hosts"}, {"key": "6002", "name": "Speakers"}],
    }
    return {
        **state,
        "organisation": organisation,
        "templates": [{"key": "2001", "title": "Hosts", "subject": "For hosts", "text": "Go to {link}, {name}"}],
        "settingsTemplates": [{"key": "2101", "name": "Webinar settings"}],
        "roleSets": [{"id": "4001", "name": "Coach"}],
        "otherAccounts": [{"key": "3009", "name": "Elsewhere", "users": ["eve@acme.example"]}],
    }


@pytest.fixture
def tenant(
    server: Running, control: httpx.Client, declared: dict[str, Any], ask_token: Callable[..., httpx.Response]
) -> Iterator["Tenant"]:
    control.put("switches", json={"directory_polling_minutes": 0}).raise_for_status()
    control.post("reset", json=declared).raise_for_status()
    headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
    with httpx.Client(base_url=server.url, headers=headers, verify=False, trust_env=False) as http:
        yield Tenant(http, control)


class Tenant:
    """A tenant whose directory and User Sync can be set, and whose users can be looked at."""

    def __init__(self, http: httpx.Client, control: httpx.Client) -> None:
        self.http = http
        self.control = control

    def fill(self, group_key: str, *user_keys: str) -> None:
        """Make these the members of a directory group."""
        name = {"6001": "Hosts", "6002": "Speakers"}[group_key]
        body = {"displayName": name, "members": [{"type": "user", "value": key} for key in user_keys]}
        self.http.put(f"/identity/v1/Groups/{group_key}", json=body).raise_for_status()

    def rule(self, *rules: dict[str, Any], on: bool = True) -> httpx.Response:
        return self.control.put("user-sync", json={"on": on, "rules": rules})

    def switch(self, **switches: Any) -> None:
        self.control.put("switches", json=switches).raise_for_status()

    def user(self, key: str) -> dict[str, Any]:
        found: dict[str, Any] = self.http.get(f"/admin/rest/v1/accounts/3001/users/{key}").json()
        return found

    def licences(self, key: str) -> list[str]:
        return list(self.user(key)["licenseKeys"])

    def change(self, key: str, **fields: Any) -> None:
        self.http.put(f"/admin/rest/v1/accounts/3001/users/{key}", json=fields).raise_for_status()

    def failures(self) -> dict[str, list[tuple[str, str]]]:
        failures = self.control.get("user-sync").json()["failures"]
        return {one["cause"]: [(user["key"], user["wanted"]) for user in one["users"]] for one in failures}

    def settings_of(self, key: str) -> str:
        return str(self.control.get(f"users/{key}").json()["settingsTemplateKey"])

    def new_user(self, address: str) -> str:
        body = {"userName": address, "name": {"givenName": "Dee", "familyName": "Dale"}}
        return str(self.http.post("/identity/v1/Users", json=body).json()["id"])


def test_who_is_in_the_group_of_a_rule_gets_what_it_gives(tenant: Tenant) -> None:
    tenant.rule({**HOSTS, "role": "MANAGE_USERS", "group": "Support"})
    tenant.fill("6001", "7004")
    cy = tenant.user("7004")
    assert (cy["licenseKeys"], cy["adminRoles"], cy["groupName"]) == (["9001"], ["MANAGE_USERS"], "Support")
    assert tenant.licences("7002") == ["9002"]


def test_users_of_groups_within_the_group_count(tenant: Tenant) -> None:
    tenant.rule(HOSTS)
    tenant.fill("6002", "7004")
    tenant.http.patch("/identity/v1/Groups/6001", json={"members": [{"type": "group", "value": "6002"}]})
    assert tenant.licences("7004") == ["9001"]


@pytest.mark.parametrize("change", [{"on": False}, {"rules": [{**HOSTS, "enabled": False}]}])
def test_off_nothing_is_given(tenant: Tenant, change: dict[str, Any]) -> None:
    tenant.rule(HOSTS)
    tenant.control.put("user-sync", json=change)
    tenant.fill("6001", "7004")
    assert tenant.licences("7004") == []


def test_a_person_of_the_directory_is_welcomed_when_they_first_get_something(
    tenant: Tenant, mails: Callable[[], list[tuple[str, str]]]
) -> None:
    """Assumed; that a rule chooses the welcome mail is documented."""
    tenant.rule({**HOSTS, "language": "fr_FR"})
    key = tenant.new_user("dee@acme.example")
    assert mails() == []
    tenant.fill("6001", key, "7002")
    assert mails() == [
        ("product-change", "ada@acme.example"),
        ("get-started", "ada@acme.example"),
        ("get-started", "dee@acme.example"),
        ("welcome", "dee@acme.example"),
    ]
    assert {mail["language"] for mail in tenant.control.get("outbox").json()["mails"][2:]} == {"fr_FR"}
    assert tenant.user(key)["inviteCount"] == 1


def test_a_rule_chooses_the_welcome_mail_and_the_settings(tenant: Tenant) -> None:
    """Documented: both are parts of a rule."""
    tenant.rule({**HOSTS, "template": "hosts", "settings_template": "Webinar settings"})
    key = tenant.new_user("dee@acme.example")
    tenant.fill("6001", key)
    [mail] = [mail for mail in tenant.control.get("outbox").json()["mails"] if mail["kind"] == "welcome"]
    assert (mail["subject"], mail["templateKey"]) == ("For hosts", "2001")
    shown = tenant.control.get("user-sync").json()["rules"][0]
    assert (shown["template"], shown["settings_template"]) == ("Hosts", "Webinar settings")
    assert tenant.settings_of(key) == "2101"


def test_a_manager_may_be_limited_to_groups_by_a_rule(tenant: Tenant) -> None:
    """Documented: chosen privileges, chosen groups."""
    tenant.rule({"directory_group": "Hosts", "role": "MANAGE_USERS", "manages": ["Support", "Sales"]})
    tenant.fill("6001", "7004")
    assert tenant.user("7004")["managedGroupKeys"] == ["5003", "5001"]
    tenant.rule({"directory_group": "Hosts", "role": "MANAGE_USERS", "manages": ["Sales"]})
    assert tenant.user("7004")["managedGroupKeys"] == ["5001"]
    tenant.fill("6001")
    assert (tenant.user("7004")["adminRoles"], tenant.user("7004").get("managedGroupKeys")) == ([], None)


def test_who_lives_in_another_account_is_told_as_such_until_they_moved(tenant: Tenant) -> None:
    """Documented: the cause. That the directory makes them nonetheless is assumed, and by switch a conflict."""
    tenant.rule(HOSTS)
    key = tenant.new_user("eve@acme.example")
    tenant.fill("6001", key)
    assert tenant.failures() == {"existing_accounts": [(key, "G2W")]}
    assert tenant.licences(key) == []
    tenant.control.post(f"users/{key}/transfer", json={"accept": True}).raise_for_status()
    assert tenant.control.post("user-sync/retry").json()["failures"] == []
    assert tenant.licences(key) == ["9001"]


def test_by_switch_an_address_of_another_account_is_in_use(tenant: Tenant) -> None:
    tenant.switch(other_account="conflict")
    body = {"userName": "eve@acme.example"}
    assert tenant.http.post("/identity/v1/Users", json=body).status_code == 409
    assert tenant.http.patch("/identity/v1/Users/7004", json=body).status_code == 409


def test_by_switch_a_person_of_the_directory_is_welcomed_at_once(
    tenant: Tenant, mails: Callable[[], list[tuple[str, str]]]
) -> None:
    tenant.switch(directory_welcome="create")
    tenant.new_user("dee@acme.example")
    assert mails() == [("welcome", "dee@acme.example")]


def test_what_a_rule_gave_is_taken_away_again_and_nothing_else(tenant: Tenant) -> None:
    tenant.rule({**HOSTS, "role": "MANAGE_USERS", "group": "Support"})
    tenant.change("7002", adminRoles=["RUN_REPORTS"])
    tenant.fill("6001", "7002")
    assert (tenant.licences("7002"), tenant.user("7002")["groupName"]) == (["9001", "9002"], "Support")
    tenant.fill("6001")
    ada = tenant.user("7002")
    assert (ada["licenseKeys"], ada["adminRoles"], ada.get("groupName")) == (["9002"], ["RUN_REPORTS"], None)


def test_a_product_that_somebody_has_already_is_not_given_twice_nor_taken(tenant: Tenant) -> None:
    tenant.rule({"directory_group": "Hosts", "products": ["G2M"]})
    tenant.fill("6001", "7002", "7004")
    assert (tenant.licences("7002"), tenant.licences("7004")) == (["9002"], ["9002"])
    tenant.fill("6001")
    assert (tenant.licences("7002"), tenant.licences("7004")) == (["9002"], [])


def test_one_seat_serves_two_products(tenant: Tenant) -> None:
    tenant.rule({"directory_group": "Hosts", "products": ["G2M", "G2W"]})
    tenant.fill("6001", "7004")
    assert tenant.licences("7004") == ["9001"]


def test_who_is_suspended_loses_a_custom_role_too(tenant: Tenant) -> None:
    tenant.switch(user_sync_unmatched="suspend")
    tenant.rule(HOSTS)
    tenant.fill("6001", "7004")
    url, query = "/admin/rest/v1/accounts/3001/rolesets/4001/users", "?filter=key%20eq%20%227004%22"
    tenant.http.put(url + query).raise_for_status()
    tenant.fill("6001")
    assert (tenant.user("7004")["status"], tenant.user("7004").get("roleSets")) == ("SUSPENDED", None)


@pytest.mark.parametrize(("switch", "left"), [("keep", ["9001", "9003"]), ("suspend", [])])
def test_what_is_taken_from_those_who_meet_no_rule_is_a_switch(tenant: Tenant, switch: str, left: list[str]) -> None:
    tenant.switch(user_sync_unmatched=switch)
    tenant.rule(HOSTS)
    tenant.fill("6001", "7003")
    tenant.fill("6001")
    assert tenant.licences("7003") == left


def test_a_rule_that_is_changed_or_deleted_takes_and_gives_anew(tenant: Tenant) -> None:
    tenant.rule(HOSTS)
    tenant.fill("6001", "7004")
    tenant.rule({"directory_group": "Hosts", "products": ["G2C"]})
    assert tenant.licences("7004") == ["9003"]
    tenant.rule()
    assert tenant.user("7004")["status"] == "SUSPENDED"


def test_a_rule_follows_a_directory_group_that_is_renamed(tenant: Tenant) -> None:
    tenant.rule(HOSTS)
    tenant.http.patch("/identity/v1/Groups/6001", json={"displayName": "Webinar hosts"})
    assert tenant.control.get("user-sync").json()["rules"][0]["directory_group"] == "Webinar hosts"
    tenant.http.patch("/identity/v1/Groups/6001", json={"members": [{"type": "user", "value": "7004"}]})
    assert tenant.licences("7004") == ["9001"]


@pytest.mark.parametrize(
    ("switches", "licences", "roles"),
    [
        ({}, ["9001", "9003"], ["MANAGE_USERS"]),
        ({"user_sync_products": "highest"}, ["9001"], ["MANAGE_USERS"]),
        ({"user_sync_roles": "union"}, ["9001", "9003"], ["MANAGE_USERS", "ADD_USERS"]),
    ],
)
def test_rules_that_meet_together(
    tenant: Tenant, switches: dict[str, Any], licences: list[str], roles: list[str]
) -> None:
    tenant.switch(**switches)
    tenant.rule(
        {**HOSTS, "role": "MANAGE_USERS", "group": "Sales"},
        {"directory_group": "Speakers", "products": ["G2C"], "role": "ADD_USERS", "group": "Support"},
    )
    tenant.fill("6002", "7004")
    tenant.fill("6001", "7004")
    cy = tenant.user("7004")
    assert (cy["licenseKeys"], cy["adminRoles"], cy["groupName"]) == (licences, roles, "Sales")


def test_of_two_editions_the_higher_rule_decides(tenant: Tenant) -> None:
    tenant.rule(
        {"directory_group": "Hosts", "products": ["G2M/goto meeting"]},
        {"directory_group": "Hosts", "products": ["G2M/GoTo Webinar"]},
    )
    tenant.fill("6001", "7004")
    assert tenant.licences("7004") == ["9002"]


def test_out_of_licences_is_told_with_the_users_and_can_be_retried(tenant: Tenant) -> None:
    tenant.rule({**HOSTS, "role": "MANAGE_USERS"})
    extra = [tenant.new_user(f"p{number}@acme.example") for number in range(4)]
    tenant.fill("6001", *extra)
    assert tenant.failures() == {"out_of_licences": [(extra[3], "G2W")]}
    assert tenant.user(extra[3])["adminRoles"] == ["MANAGE_USERS"]  # what there is, is given
    tenant.change(extra[0], licenseKeys=[])
    tenant.http.delete(f"/admin/rest/v1/accounts/3001/users/{extra[0]}").raise_for_status()
    assert tenant.control.post("user-sync/retry").json()["failures"] == []
    assert tenant.licences(extra[3]) == ["9001"]


def test_seats_that_come_free_in_a_run_are_there_for_the_others(tenant: Tenant) -> None:
    tenant.rule(HOSTS)
    extra = [tenant.new_user(f"p{number}@acme.example") for number in range(3)]
    tenant.fill("6001", *extra)
    tenant.fill("6001", "7004", *extra[:2])
    assert tenant.failures() == {}
    assert (tenant.licences("7004"), tenant.licences(extra[2])) == (["9001"], [])


def test_a_licence_that_has_ended_has_no_seats(tenant: Tenant) -> None:
    tenant.rule({"directory_group": "Hosts", "products": ["G2T"]})
    tenant.fill("6001", "7004")
    assert tenant.failures() == {"out_of_licences": [("7004", "G2T")]}


def test_who_keeps_another_product_frees_the_seat_in_the_same_run(tenant: Tenant) -> None:
    tenant.rule(HOSTS, {"directory_group": "Speakers", "products": ["G2C"]})
    extra = [tenant.new_user(f"p{number}@acme.example") for number in range(3)]
    tenant.fill("6002", extra[2])
    tenant.fill("6001", *extra)
    tenant.fill("6001", "7004", *extra[:2])
    assert tenant.failures() == {}
    assert (tenant.licences("7004"), tenant.licences(extra[2])) == (["9001"], ["9003"])


def test_nothing_is_remembered_of_who_was_deleted(tenant: Tenant) -> None:
    tenant.rule(HOSTS)
    tenant.fill("6001", "7004")
    tenant.control.put("organisation/admins/7004", json={"role": "write"})
    tenant.http.delete("/admin/rest/v1/accounts/3001/users/7004").raise_for_status()
    again = {"email": "cy@acme.example", "firstName": "Cy", "lastName": "Stone", "licenseKeys": ["9001"]}
    tenant.http.post("/admin/rest/v1/accounts/3001/users", json={"users": [again]}).raise_for_status()
    tenant.control.post("poll")
    assert tenant.licences("7004") == ["9001"]  # given by hand, to a user who is the old one again
    assert [admin["key"] for admin in tenant.control.get("organisation").json()["admins"]] == ["7001"]


def test_what_the_account_refuses_is_a_failure_of_that_user_alone(tenant: Tenant) -> None:
    tenant.switch(known_roles_only=False)
    tenant.rule({**HOSTS, "role": "JUGGLER"})
    tenant.switch(known_roles_only=True)
    tenant.fill("6001", "7004")
    assert tenant.failures() == {"refused": [("7004", "role.not.found")]}
    assert tenant.licences("7004") == []


def test_who_leaves_the_organisation_loses_what_rules_gave(tenant: Tenant) -> None:
    tenant.rule(HOSTS)
    tenant.fill("6001", "7004")
    tenant.http.delete("/identity/v1/Users/7004").raise_for_status()
    assert tenant.licences("7004") == []


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ({"directory_group": "Jugglers"}, "directory group"),
        ({"directory_group": "Hosts", "products": ["G2ASD"]}, "product"),
        ({"directory_group": "Hosts", "role": "JUGGLER"}, "role"),
        ({"directory_group": "Hosts", "group": "Jugglers"}, "group"),
        ({"directory_group": "Hosts", "manages": ["Jugglers"], "role": "ADD_USERS"}, "group"),
        ({"directory_group": "Hosts", "template": "Jugglers"}, "template"),
        ({"directory_group": "Hosts", "settings_template": "Jugglers"}, "settings template"),
    ],
)
def test_a_rule_names_what_is_there(tenant: Tenant, rule: dict[str, Any], what: str) -> None:
    refused = tenant.rule(HOSTS, rule)
    assert refused.status_code == 422
    assert f"Rule 2 names a {what} that is not there" in refused.json()["error"]
    assert tenant.control.get("user-sync").json()["rules"] == []


def test_somebody_must_be_admin_of_organisation_and_account(tenant: Tenant) -> None:
    """Documented."""
    tenant.control.put("organisation/admins/7001", json={"role": "read"})
    tenant.control.put("organisation/admins/7002", json={"role": "write"})
    assert tenant.rule(HOSTS).status_code == 422
    tenant.change("7002", adminRoles=["MANAGE_ACCOUNT"])
    assert tenant.rule(HOSTS).status_code == 200


def test_a_change_takes_effect_at_the_next_poll(tenant: Tenant) -> None:
    tenant.switch(directory_polling_minutes=15)
    tenant.rule(HOSTS)
    tenant.fill("6001", "7004")
    assert tenant.licences("7004") == []
    told = tenant.control.get("user-sync").json()
    assert (told["due"], told["last_run"]) == (True, None)
    polled = tenant.control.post("poll").json()
    assert (polled["due"], polled["last_run"] is not None) == (False, True)
    assert tenant.licences("7004") == ["9001"]


def test_the_poll_comes_by_itself_when_its_minutes_are_over(tmp_path: Path, declared: dict[str, Any]) -> None:
    now = [wall_clock()]
    platform = Platform(Store(tmp_path / "store.db"), Switches(), clock=lambda: now[0])
    platform.open_account(read_state(declared), lambda: read_state(declared))
    with platform.call() as call:
        user_sync.set_up(call, on=True, rules=(Rule(directory_group="Hosts", products=("G2W",)),))
        directory_groups.change_group(call, "6001", None, [Member("7004")], whole=False)
    held = []
    for minutes in (14, 1):
        now[0] += timedelta(minutes=minutes)
        with platform.call() as call:
            held.append([row["licence_key"] for row in call.db.execute("SELECT * FROM grants WHERE user_key = '7004'")])
    platform.store.close()
    assert held == [[], ["9001"]]
