"""A pipeline that feeds the directory, from the roster to the groups of the organisation."""

from collections.abc import Callable
from typing import Any

import pytest

HEADINGS = ("Employee No", "Account", "First name", "Surname", "Department", "State", "Groups")
ROWS = (
    ("00101", "ada.byrne", "Ada", "Byrne", "Sales", "Active", "GoTo Hosts; GoTo All"),
    ("00102", "bo.lind", "Bo", "Lind", "Sales", "Active", "GoTo All"),
    ("00103", "cleo.ward", "Cleo", "Ward", "Support", "Active", ""),
)


@pytest.fixture
def fed(office: Any, tenant: Any, declared: Any) -> Any:
    """An office whose pipeline feeds the directory, and a tenant with a verified domain."""
    organisation = {
        "name": "Acme",
        "domains": [{"domain": "acme.example"}],
        "admins": [{"user": "7001"}],
        "groups": [{"key": "6001", "name": "GoTo All", "members": ["7001"]}],
    }
    tenant.reset({**declared, "organisation": organisation})
    office.spec["targets"][0]["directory"] = "feed"
    office.spec["sources"][0]["columns"]["directory_groups"] = "Groups"
    office.staff(ROWS, HEADINGS)
    return office


def groups(tenant: Any) -> dict[str, set[str]]:
    """Return the members of each directory group, by address."""
    form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
    token = tenant.http.post(f"{tenant.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form)
    headers = {"Authorization": f"Bearer {token.json()['access_token']}"}

    def ask(path: str) -> Any:
        url = f"{tenant.url}/identity/v1/{path}"
        return tenant.http.get(url, headers=headers).raise_for_status().json()["resources"]

    address = {user["id"]: user["userName"] for user in ask("Users")}
    return {
        group["displayName"]: {address[member["value"]].partition("@")[0] for member in group.get("members", ())}
        for group in ask("Groups")
    }


def test_groups_are_made_and_filled_and_who_was_there_stays_and_then_there_is_nothing_to_do(
    fed: Any, tenant: Any, sync: Callable[..., Any], told: Callable[..., Any], make_plan: Callable[..., Any]
) -> None:
    assert told(sync()).code == 0
    assert groups(tenant) == {
        "GoTo All": {"breakglass", "ada.byrne", "bo.lind"},
        "GoTo Hosts": {"ada.byrne"},
    }
    assert make_plan().exit_code == 0


@pytest.mark.prove
def test_who_moves_leaves_the_groups_that_we_gave_and_no_others(
    fed: Any, tenant: Any, office: Any, sync: Callable[..., Any], told: Callable[..., Any]
) -> None:
    sync()
    office.spec["limits"] = {"remove_directory_member": {"share": "100%"}}
    office.staff([(*ROWS[0][:6], "GoTo All"), *ROWS[1:]], HEADINGS)
    assert told(sync()).code == 0
    assert groups(tenant) == {"GoTo All": {"breakglass", "ada.byrne", "bo.lind"}, "GoTo Hosts": set()}


@pytest.mark.prove
def test_who_leaves_is_in_none_of_our_groups_any_more(
    fed: Any, tenant: Any, office: Any, sync: Callable[..., Any], told: Callable[..., Any]
) -> None:
    sync()
    office.spec["limits"] = {
        name: {"share": "100%"} for name in ("remove_directory_member", "suspend", "revoke", "remove_member")
    }
    office.staff([(*ROWS[0][:5], "Inactive", ROWS[0][6]), *ROWS[1:]], HEADINGS)
    assert told(sync()).code == 0
    assert groups(tenant) == {"GoTo All": {"breakglass", "bo.lind"}, "GoTo Hosts": set()}


@pytest.mark.prove
def test_taking_many_out_is_over_the_limit_and_sends_nothing(
    fed: Any, tenant: Any, office: Any, sync: Callable[..., Any], told: Callable[..., Any]
) -> None:
    sync()
    before = groups(tenant)
    office.staff([(*row[:6], "GoTo Other") for row in ROWS], HEADINGS)
    ended = told(sync())
    assert ended.code == 5
    assert "take back 3 of 3 directory memberships (15%, counted as of 20, limit 10%)" in ended.message
    assert groups(tenant) == before


@pytest.mark.prove
def test_a_rule_can_test_and_give_directory_groups(
    fed: Any, tenant: Any, office: Any, sync: Callable[..., Any], told: Callable[..., Any]
) -> None:
    office.spec["rules"] = [
        {"name": "hosts", "when": {"directory_groups": ["goto hosts"]}, "grant": {"products": ["G2W"]}},
        {"name": "support", "when": {"department": ["Support"]}, "grant": {"directory_groups": ["GoTo Support"]}},
    ]
    assert told(sync()).code == 0
    people = tenant.people()
    assert "G2W" in people["ada.byrne@acme.example"]["products"]
    assert "G2W" not in people["bo.lind@acme.example"]["products"]
    assert groups(tenant)["GoTo Support"] == {"cleo.ward"}
