"""The SCIM API. Documented by the vendor's contract, but for what a docstring says."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running
from tasks.sandbox.traffic import LIMITED_APIS

GETGO = "urn:scim:schemas:extension:getgo:1.0"


@pytest.fixture
def declared(state: dict[str, Any]) -> dict[str, Any]:
    organisation = {
        "name": "Acme",
        "domains": [{"domain": "acme.example"}],
        "admins": [{"user": "7001"}],
        "groups": [{"key": "6001", "name": "Hosts", "members": ["7002"]}],
    }
    return {**state, "organisation": organisation}


@pytest.fixture
def scim(
    server: Running, control: httpx.Client, declared: dict[str, Any], ask_token: Callable[..., httpx.Response]
) -> Iterator[httpx.Client]:
    """The SCIM API of a tenant with an organisation, by paths like ``Users``."""
    control.post("reset", json=declared).raise_for_status()
    headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
    with httpx.Client(base_url=f"{server.url}/identity/v1/", headers=headers, verify=False, trust_env=False) as client:
        yield client


def members_of(scim: httpx.Client, key: str) -> list[str]:
    return [member["value"] for member in scim.get(f"Groups/{key}").json()["members"]]


def make_members(*keys: str, **more: str) -> list[dict[str, str]]:
    return [{"type": "user", "value": key, **more} for key in keys]


def test_users_are_those_of_the_verified_domains(scim: httpx.Client, control: httpx.Client) -> None:
    listed = scim.get("Users").json()
    assert (listed["totalResults"], len(listed["resources"])) == (4, 4)
    first = listed["resources"][0]
    assert (first["id"], first["userName"], first["name"]["familyName"]) == ("7001", "root@acme.example", "Root")
    assert first[GETGO]["accounts"][0]["value"] == "3001"


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('userName eq "ada@acme.example"', ["7002"]),
        ('userName eq "ADA@acme.example"', ["7002"]),
        ('userName sw "b"', ["7003"]),
        ('name.familyName sw "B"', ["7002", "7003"]),
        ('name.givenName eq "Cy"', ["7004"]),
        ('displayName eq "Bo Berg"', ["7003"]),
        ('userName sw "%"', []),
        ('userName eq "a\\"b"', []),
    ],
)
def test_filters_on_users(scim: httpx.Client, filter_: str, found: list[str]) -> None:
    listed = scim.get("Users", params={"filter": filter_}).json()
    assert [row["id"] for row in listed["resources"]] == found


@pytest.mark.parametrize("filter_", ['userName co "a"', 'password eq "x"', "userName pr", '" or 1=1'])
def test_a_filter_that_cannot_be_read_is_refused(scim: httpx.Client, filter_: str) -> None:
    assert scim.get("Users", params={"filter": filter_}).status_code == 400


def test_a_new_user_has_a_login_and_no_product(scim: httpx.Client, account_of: Callable[[str], Any]) -> None:
    made = scim.post("Users", json={"userName": "dee@acme.example", "name": {"givenName": "Dee", "familyName": "D"}})
    assert made.status_code == 201
    shown = account_of(made.json()["id"])
    assert (shown["licenseKeys"], shown["status"]) == ([], "SUSPENDED")


@pytest.fixture
def account_of(server: Running, ask_token: Callable[..., httpx.Response]) -> Callable[[str], Any]:
    """Read a user by the Admin API: the id of the directory is the key there (observed)."""

    def read(key: str) -> Any:
        headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
        url = f"{server.url}/admin/rest/v1/accounts/3001/users/{key}"
        return httpx.get(url, headers=headers, verify=False, trust_env=False).json()

    return read


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400),
        ({"userName": "not an address"}, 400),
        ({"userName": "x@elsewhere.example"}, 400),
        ({"userName": "ada@acme.example"}, 409),
        ({"userName": "a" * 120 + "@acme.example"}, 400),
        ({"userName": "e@acme.example", "name": {"givenName": "x" * 61}}, 400),
        ({"userName": "e@acme.example", "locale": "english"}, 400),
        ({"userName": "e@acme.example", "timezone": "Mars/Olympus"}, 400),
    ],
)
def test_limits_of_a_user(scim: httpx.Client, body: dict[str, Any], status: int) -> None:
    assert scim.post("Users", json=body).status_code == status
    assert scim.get("Users").json()["totalResults"] == 4


def test_a_name_may_be_longer_than_in_the_admin_api(scim: httpx.Client) -> None:
    body = {"userName": "e@acme.example", "name": {"givenName": "x" * 60, "familyName": "y" * 60}}
    assert scim.post("Users", json=body).status_code == 201


def test_patch_changes_the_part_that_is_named_even_a_locked_address(scim: httpx.Client) -> None:
    assert scim.patch("Users/7004", json={"userName": "cyrus@acme.example"}).status_code == 200
    after = scim.get("Users/7004").json()
    assert (after["userName"], after["name"]["givenName"]) == ("cyrus@acme.example", "Cy")
    assert scim.patch("Users/7004", json={"userName": "cy@elsewhere.example"}).status_code == 400
    assert scim.put("Users/7004", json={"name": {"givenName": "C"}}).status_code == 400


def test_deleting_leaves_the_account_or_takes_it_by_switch(
    scim: httpx.Client, control: httpx.Client, account_of: Callable[[str], Any]
) -> None:
    """Documented both ways: the contract says organisation only, a help page says the account goes too."""
    assert scim.delete("Users/7002").status_code == 200
    assert scim.get("Users/7002").status_code == 404
    assert account_of("7002")["email"] == "ada@acme.example"
    assert members_of(scim, "6001") == []
    control.put("switches", json={"scim_delete": "destructive"})
    scim.delete("Users/7003")
    assert "errors" in account_of("7003")


def test_groups_have_unique_names_of_at_most_128(scim: httpx.Client) -> None:
    assert scim.post("Groups", json={"displayName": "hosts"}).status_code == 409
    assert scim.post("Groups", json={"displayName": ""}).status_code == 400
    assert scim.post("Groups", json={"displayName": "x" * 129}).status_code == 400
    assert scim.post("Groups", json={"displayName": "x" * 128}).status_code == 201


def test_groups_are_filtered_sorted_and_paged_from_one(scim: httpx.Client) -> None:
    for name in ("Beta", "Alpha"):
        scim.post("Groups", json={"displayName": name})
    found = scim.get("Groups", params={"filter": 'displayName co "ost"'}).json()
    assert [row["displayName"] for row in found["resources"]] == ["Hosts"]
    part = scim.get("Groups", params={"sortBy": "displayName", "startIndex": 2, "count": 1}).json()
    assert (part["totalResults"], [row["displayName"] for row in part["resources"]]) == (3, ["Beta"])
    assert scim.get("Groups", params={"startIndex": 0}).status_code == 400


def test_a_group_that_is_missing_is_refused_with_401(scim: httpx.Client) -> None:
    assert scim.get("Groups/1").status_code == 401


def test_patch_of_members_adds_and_removes_or_replaces_by_switch(scim: httpx.Client, control: httpx.Client) -> None:
    """Assumed: SCIM 1.1 adds, and marks removals."""
    scim.patch("Groups/6001", json={"members": make_members("7003")})
    assert members_of(scim, "6001") == ["7002", "7003"]
    scim.patch("Groups/6001", json={"members": make_members("7002", operation="delete")})
    assert members_of(scim, "6001") == ["7003"]
    control.put("switches", json={"scim_patch_members": "replace"})
    scim.patch("Groups/6001", json={"members": make_members("7004")})
    assert members_of(scim, "6001") == ["7004"]


def test_put_replaces_the_members(scim: httpx.Client) -> None:
    scim.put("Groups/6001", json={"displayName": "Hosts", "members": make_members("7003", "7004")})
    assert members_of(scim, "6001") == ["7003", "7004"]


def test_a_request_carries_at_most_100_members(scim: httpx.Client) -> None:
    too_many = make_members(*(str(number) for number in range(101)))
    assert scim.patch("Groups/6001", json={"members": too_many}).status_code == 400
    assert scim.patch("Groups/6001", json={"members": make_members("4711")}).status_code == 400  # not in it
    assert members_of(scim, "6001") == ["7002"]


def test_groups_nest_and_hold_no_circle(scim: httpx.Client) -> None:
    """Native; the circle is assumed to be refused."""
    outer = scim.post("Groups", json={"displayName": "All", "members": [{"type": "group", "value": "6001"}]}).json()
    assert outer["members"] == [{"type": "group", "value": "6001"}]
    circle = {"members": [{"type": "group", "value": outer["id"]}]}
    assert scim.patch("Groups/6001", json=circle).status_code == 400


def test_403_is_a_token_that_is_not_valid_and_401_a_right_that_is_missing(
    scim: httpx.Client, control: httpx.Client, ask_token: Callable[..., httpx.Response]
) -> None:
    assert scim.get("Users", headers={"Authorization": "Bearer nonsense"}).status_code == 403
    control.put("organisation/admins/7001", json={"role": "read"})
    assert scim.get("Users").status_code == 200
    assert scim.post("Groups", json={"displayName": "New"}).status_code == 401
    control.put("organisation/admins/7001", json={"role": None})
    assert scim.get("Users").status_code == 401
    assert scim.get("Users/me").json()["id"] == "7001"


def test_without_the_scope_the_directory_is_closed(
    scim: httpx.Client, control: httpx.Client, ask_token: Callable[..., httpx.Response]
) -> None:
    control.put("switches", json={"scopes": ["identity:"]})
    headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
    assert scim.get("Users", headers=headers).status_code == 401
    assert scim.get("Users/me", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("form", "part"),
    [("scim11", '"Errors"'), ("scim20", "urn:ietf:params:scim:api:messages:2.0:Error"), ("html", "<html>")],
)
def test_the_form_of_a_refusal_is_a_switch(scim: httpx.Client, control: httpx.Client, form: str, part: str) -> None:
    """Assumed."""
    control.put("switches", json={"scim_error": form})
    refused = scim.get("Users/1")
    assert refused.status_code == 404
    assert part in refused.text
    assert refused.headers["X-Sandbox-Basis"] == "assumed"


def test_the_limit_is_counted_for_each_api(scim: httpx.Client, control: httpx.Client) -> None:
    assert sorted(LIMITED_APIS.values()) == ["admin", "identity", "webinar"]
    control.put("switches", json={"requests_per_second": 0})
    assert scim.get("Users").status_code == 429
