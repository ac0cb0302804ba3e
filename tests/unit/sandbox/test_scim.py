"""The SCIM API. Documented by the vendor's contract, but for what a docstring says."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running, scim_values
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
        ('username EQ "ada@acme.example"', ["7002"]),
        ('displayName sw "bo b"', ["7003"]),
        ('userName sw "%"', []),
        ('name.familyName eq "\\u0042erg"', ["7003"]),
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
        ({"userName": "e@acme.example", "locale": "xx_US"}, 400),
        ({"userName": "e@acme.example", "locale": "en_XX"}, 400),
        ({"userName": "e@acme.example", "locale": "en_"}, 400),
        ({"userName": "e@acme.example", "name": "E"}, 400),
        ({"userName": 7}, 400),
        ({"userName": "e@acme.example", "timezone": "Mars/Olympus"}, 400),
    ],
)
def test_limits_of_a_user(scim: httpx.Client, body: dict[str, Any], status: int) -> None:
    assert scim.post("Users", json=body).status_code == status
    assert scim.get("Users").json()["totalResults"] == 4


def test_a_name_may_be_longer_than_in_the_admin_api(scim: httpx.Client) -> None:
    body = {"userName": "e@acme.example", "name": {"givenName": "x" * 60, "familyName": "y" * 60}}
    assert scim.post("Users", json=body).status_code == 201


@pytest.mark.parametrize(("sent", "kept"), [("en", "en"), ("pt_BR", "pt_BR"), ("de-AT", "de_AT")])
def test_a_locale_has_one_part_or_two(scim: httpx.Client, sent: str, kept: str) -> None:
    """The hyphen is assumed."""
    assert scim.patch("Users/7002", json={"locale": sent}).json()["locale"] == kept


def test_the_lists_of_languages_and_countries_are_whole() -> None:
    """ISO 639-1 has 183 codes, ISO 3166-1 has 249."""
    assert (len(scim_values.LANGUAGES), len(scim_values.COUNTRIES)) == (183, 249)


def test_a_user_is_written_whole_or_in_part(scim: httpx.Client) -> None:
    whole = {"userName": "ada@acme.example", "displayName": "Countess", "timezone": "Europe/London"}
    assert scim.put("Users/7002", json=whole).json()["displayName"] == "Countess"
    assert scim.get("Users", params={"filter": 'displayName eq "countess"'}).json()["totalResults"] == 1
    patched = scim.patch("Users/7002", json={"name": {"givenName": "Augusta"}}).json()
    assert (patched["displayName"], patched["timezone"]) == ("Countess", "Europe/London")
    again = scim.put("Users/7002", json={"userName": "ada@acme.example"}).json()
    assert (again["displayName"], again.get("timezone")) == ("Augusta Byron", None)
    assert scim.patch("Users/7002", json={"userName": "bo@acme.example"}).status_code == 409


def test_entitlements_are_told_for_the_account(scim: httpx.Client) -> None:
    """Observed: ``acctadmin`` and ``gotoconnect``; the others are invented."""
    listed = scim.get("Users").json()["resources"]
    told = {user["userName"].partition("@")[0]: user[GETGO]["accounts"][0]["entitlements"] for user in listed}
    assert told == {"root": ["acctadmin"], "ada": ["gotomeeting"], "bo": ["gotoconnect"], "cy": []}


def test_users_are_paged_from_one_too(scim: httpx.Client) -> None:
    """Assumed: the contract pages groups alone."""
    part = scim.get("Users", params={"startIndex": 2, "count": 2})
    assert (part.json()["totalResults"], [user["id"] for user in part.json()["resources"]]) == (4, ["7002", "7003"])
    assert part.headers["X-Sandbox-Basis"] == "assumed"
    assert scim.get("Users").headers["X-Sandbox-Basis"] == "documented"
    assert scim.get("Users", params={"count": "many"}).status_code == 400


def test_the_caller_is_changed_but_for_the_own_address(scim: httpx.Client) -> None:
    """Documented: a member of the organisation can no longer change their own e-mail. The code is assumed."""
    assert scim.patch("Users/me", json={"name": {"givenName": "Rob"}}).json()["name"]["givenName"] == "Rob"
    assert scim.put("Users/me", json={"userName": "root@acme.example", "locale": "fr"}).json()["locale"] == "fr"
    assert scim.patch("Users/me", json={"userName": "robin@acme.example"}).status_code == 401
    assert scim.get("Users/me").json()["userName"] == "root@acme.example"


def test_nobody_deletes_themselves(scim: httpx.Client) -> None:
    """Documented of admins; the code is assumed."""
    assert scim.delete("Users/7001").status_code == 401
    assert scim.get("Users/7001").status_code == 200


def test_who_left_the_organisation_comes_back_as_the_same_user(scim: httpx.Client) -> None:
    """Assumed."""
    scim.delete("Users/7002")
    back = scim.post("Users", json={"userName": "ada@acme.example"})
    assert (back.status_code, back.json()["id"], back.json()["name"]["givenName"]) == (201, "7002", "Ada")
    assert scim.post("Users", json={"userName": "ada@acme.example"}).status_code == 409


def test_who_left_the_organisation_is_not_its_admin_any_more(scim: httpx.Client, control: httpx.Client) -> None:
    control.put("organisation/admins/7002", json={"role": "write"})
    scim.delete("Users/7002")
    scim.post("Users", json={"userName": "ada@acme.example"}).raise_for_status()
    assert [admin["key"] for admin in control.get("organisation").json()["admins"]] == ["7001"]


def test_who_is_deleted_from_the_account_is_in_no_directory_group(
    scim: httpx.Client, server: Running, ask_token: Callable[..., httpx.Response]
) -> None:
    headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
    url = f"{server.url}/admin/rest/v1/accounts/3001/users/7002"
    httpx.delete(url, headers=headers, verify=False, trust_env=False).raise_for_status()
    assert members_of(scim, "6001") == []
    assert scim.get("Users/7002").status_code == 404


def test_discovery(scim: httpx.Client) -> None:
    """That there are such calls is documented; what they say is assumed."""
    config, schema = scim.get("ServiceProviderConfigs"), scim.get("Schemas/Users")
    able = {name: flag["supported"] for name, flag in config.json().items() if name != "schemas"}
    assert able == {
        "patch": True, "filter": True, "sort": True,
        "bulk": False, "etag": False, "xmlDataFormat": False, "changePassword": False,
    }  # fmt: skip
    assert {"userName", "displayName", "name", "locale"} <= {one["name"] for one in schema.json()["attributes"]}
    assert config.headers["X-Sandbox-Basis"] == "assumed"


@pytest.mark.parametrize(
    ("method", "path", "body", "basis"),
    [
        ("POST", "Users", {"userName": "dee@acme.example"}, "documented"),
        ("PATCH", "Users/7002", {"locale": "fr"}, "documented"),
        ("GET", "Users/me", None, "observed"),
        ("GET", "Groups", None, "documented"),
        ("PUT", "Groups/6001", {"displayName": "Hosts"}, "documented"),
        ("PATCH", "Groups/6001", {"displayName": "Speakers"}, "documented"),
        ("PATCH", "Groups/6001", {"members": []}, "assumed"),
        ("DELETE", "Groups/6001", None, "documented"),
        ("GET", "Groups/1", None, "assumed"),
    ],
)
def test_what_a_reply_rests_on(scim: httpx.Client, method: str, path: str, body: Any, basis: str) -> None:
    assert scim.request(method, path, json=body).headers["X-Sandbox-Basis"] == basis


def test_what_is_no_call_or_no_body_is_refused_in_the_form_of_the_directory(scim: httpx.Client) -> None:
    """Assumed."""
    for reply, status in (
        (scim.get("Nothing"), 404),
        (scim.delete("Users"), 405),
        (scim.post("Users", content="{", headers={"Content-Type": "application/json"}), 400),
        (scim.post("Users", json=[]), 400),
    ):
        assert (reply.status_code, reply.json()["Errors"][0]["code"]) == (status, str(status))


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
    down = scim.get("Groups", params={"sortBy": "displayName", "sortOrder": "descending", "count": 1}).json()
    assert [row["displayName"] for row in down["resources"]] == ["Hosts"]
    for query in ({"startIndex": 0}, {"count": -1}, {"sortBy": "meta"}, {"sortBy": "displayName", "sortOrder": "up"}):
        assert scim.get("Groups", params=query).status_code == 400


@pytest.mark.parametrize(
    ("filter_", "found"), [('displayName eq "HOSTS"', 1), ('displayName sw "ho"', 1), ('displayName sw "o"', 0)]
)
def test_filters_on_groups(scim: httpx.Client, filter_: str, found: int) -> None:
    listed = scim.get("Groups", params={"filter": filter_}).json()
    assert (listed["totalResults"], len(listed["resources"])) == (found, found)


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
    for wrong in ("7003", ["7003"], [{"type": "robot", "value": "7003"}], [{"type": "user"}]):
        assert scim.patch("Groups/6001", json={"members": wrong}).status_code == 400
    assert members_of(scim, "6001") == ["7002"]


def test_groups_nest_and_hold_no_circle(scim: httpx.Client) -> None:
    """Native; the circle is assumed to be refused."""
    outer = scim.post("Groups", json={"displayName": "All", "members": [{"type": "group", "value": "6001"}]}).json()
    assert outer["members"] == [{"type": "group", "value": "6001"}]
    circle = {"members": [{"type": "group", "value": outer["id"]}]}
    assert scim.patch("Groups/6001", json=circle).status_code == 400
    missing = {"members": [{"type": "group", "value": "1"}]}
    assert scim.patch("Groups/6001", json=missing).status_code == 400
    scim.delete("Groups/6001").raise_for_status()
    assert members_of(scim, outer["id"]) == []


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
