"""SCIM 2.0 over the same directory (RFC 7644). An extension: all of it is assumed of GoTo, but what Entra ID maps."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


@pytest.fixture
def scim(
    server: Running, control: httpx.Client, state: dict[str, Any], ask_token: Callable[..., httpx.Response]
) -> Iterator[httpx.Client]:
    organisation = {
        "name": "Acme",
        "domains": [{"domain": "acme.example"}],
        "admins": [{"user": "7001"}],
        "groups": [{"key": "6001", "name": "Hosts", "members": ["7002"]}, {"key": "6002", "name": "All"}],
    }
    control.post("reset", json={**state, "organisation": organisation}).raise_for_status()
    headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
    url = f"{server.url}/identity/scim/v2/"
    with httpx.Client(base_url=url, headers=headers, verify=False, trust_env=False) as client:
        yield client


def operate(scim: httpx.Client, path: str, *operations: dict[str, Any]) -> httpx.Response:
    return scim.patch(path, json={"schemas": [PATCH], "Operations": operations})


def members_of(scim: httpx.Client, key: str) -> list[tuple[str, str]]:
    return [(member["type"], member["value"]) for member in scim.get(f"Groups/{key}").json()["members"]]


def ids(reply: httpx.Response) -> list[str]:
    return [resource["id"] for resource in reply.json()["Resources"]]


def make_user(**more: Any) -> dict[str, Any]:
    name = {"givenName": "Dee", "familyName": "Dale"}
    return {"schemas": [USER], "userName": "dee@acme.example", "name": name, "active": True, **more}


def test_a_list_has_the_envelope_of_the_standard(scim: httpx.Client) -> None:
    reply = scim.get("Users", params={"startIndex": 2, "count": 2})
    assert reply.headers["Content-Type"] == "application/scim+json"
    assert reply.headers["X-Sandbox-Basis"] == "assumed"
    body = reply.json()
    assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:ListResponse"]
    assert (body["totalResults"], body["startIndex"], body["itemsPerPage"]) == (4, 2, 2)
    assert ids(reply) == ["7002", "7003"]
    assert scim.get("Users", params={"startIndex": 0, "count": -3}).json()["Resources"] == []


def test_what_entra_maps_is_kept(scim: httpx.Client) -> None:
    """Documented: the attributes, on the Entra tutorial."""
    enterprise = {"employeeNumber": "E7", "department": "Sales", "costCenter": "400", "division": "EMEA"}
    made = scim.post("Users", json=make_user(externalId="guid-7", **{ENTERPRISE: enterprise}))
    assert (made.status_code, made.headers["Location"]) == (201, made.json()["meta"]["location"])
    shown = scim.get(made.headers["Location"]).json()
    assert shown == made.json()
    assert (shown["externalId"], shown[ENTERPRISE], shown["active"]) == ("guid-7", enterprise, True)
    assert shown["schemas"] == [USER, ENTERPRISE]
    assert ids(scim.get("Users", params={"filter": 'externalId eq "guid-7"'})) == [shown["id"]]


def test_both_surfaces_show_one_directory(scim: httpx.Client, server: Running) -> None:
    key = scim.post("Users", json=make_user(externalId="guid-7")).json()["id"]
    headers = {"Authorization": scim.headers["Authorization"]}
    with httpx.Client(base_url=f"{server.url}/identity/v1/", headers=headers, verify=False, trust_env=False) as old:
        assert old.get(f"Users/{key}").json()["userName"] == "dee@acme.example"
        old.put(f"Users/{key}", json={"userName": "dee@acme.example", "name": {"givenName": "Di"}}).raise_for_status()
    after = scim.get(f"Users/{key}").json()
    assert (after["name"]["givenName"], after["externalId"]) == ("Di", "guid-7")


def test_deactivated_loses_role_and_products_and_stays(scim: httpx.Client, server: Running) -> None:
    """Documented: GoTo's page on Okta."""
    for value, active in ((False, False), (True, True), ("False", False)):
        reply = operate(scim, "Users/7002", {"op": "Replace", "path": "active", "value": value})
        assert (reply.status_code, reply.json()["active"]) == (200, active)
        url = f"{server.url}/admin/rest/v1/accounts/3001/users/7002"
        headers = {"Authorization": scim.headers["Authorization"]}
        user = httpx.get(url, headers=headers, verify=False, trust_env=False).json()
        assert (user["status"], user["licenseKeys"]) == ("SUSPENDED", [])
    assert ids(scim.get("Users", params={"filter": "active eq false"})) == ["7002"]


def test_what_an_admin_gives_to_the_deactivated_stays(scim: httpx.Client, server: Running) -> None:
    """Assumed: products go when somebody is deactivated, not at each later change of theirs."""
    operate(scim, "Users/7002", {"op": "replace", "path": "active", "value": False}).raise_for_status()
    headers = {"Authorization": scim.headers["Authorization"]}
    url = f"{server.url}/admin/rest/v1/accounts/3001"
    with httpx.Client(headers=headers, verify=False, trust_env=False) as admin:
        admin.put(f"{url}/licenses/9002/users/7002").raise_for_status()
        operate(scim, "Users/7002", {"op": "replace", "path": "name.givenName", "value": "Augusta"}).raise_for_status()
        assert admin.get(f"{url}/users/7002").json()["licenseKeys"] == ["9002"]


def test_a_user_may_be_made_inactive(scim: httpx.Client) -> None:
    assert scim.post("Users", json=make_user(active=False)).json()["active"] is False


def test_user_sync_gives_nothing_to_the_deactivated_and_all_again_to_the_reactivated(
    scim: httpx.Client, control: httpx.Client, server: Running
) -> None:
    """Documented: reassigning reactivates."""
    control.put("switches", json={"directory_polling_minutes": 0})
    control.put("user-sync", json={"on": True, "rules": [{"directory_group": "Hosts", "products": ["G2W"]}]})
    held = []
    for active in (True, False, True):
        operate(scim, "Users/7002", {"op": "replace", "value": {"active": active}}).raise_for_status()
        url = f"{server.url}/admin/rest/v1/accounts/3001/users/7002"
        headers = {"Authorization": scim.headers["Authorization"]}
        held.append(httpx.get(url, headers=headers, verify=False, trust_env=False).json()["licenseKeys"])
    assert held == [["9001", "9002"], [], ["9001"]]


@pytest.mark.parametrize(
    ("filter_", "found"),
    [
        ('userName eq "ADA@acme.example"', ["7002"]),
        ('userName ne "ada@acme.example" and name.familyName sw "B"', ["7003"]),
        ('userName co "acme" and not (name.givenName eq "Ada" or name.givenName eq "Bo")', ["7001", "7004"]),
        ('name.givenName eq "Ada" or name.givenName eq "Bo" and active eq false', ["7002"]),
        ('emails[type eq "work" and value ew "DA@acme.example"]', ["7002"]),
        ('emails.value eq "bo@acme.example"', ["7003"]),
        ('emails eq "bo@acme.example"', ["7003"]),
        (f'{USER}:userName eq "bo@acme.example"', ["7003"]),
        (f'{ENTERPRISE}:department eq "sales"', []),
        ("externalId pr", []),
        ("not (externalId pr) and displayName gt \"Bz\"", ["7004", "7001"]),
        ('id eq "7004"', ["7004"]),
        ("nothing pr", []),
    ],
)  # fmt: skip
def test_filters(scim: httpx.Client, filter_: str, found: list[str]) -> None:
    assert sorted(ids(scim.get("Users", params={"filter": filter_}))) == sorted(found)


@pytest.mark.parametrize(
    "filter_",
    [
        *('userName eq', 'userName like "a"', 'userName eq "a', "userName eq a", '(userName eq "a"', "not userName pr"),
        *('userName eq "a" userName eq "b"', "1a pr", "active gt true", "", 'emails[value eq "a"', "userName co 7"),
    ],
)  # fmt: skip
def test_a_filter_that_cannot_be_read_is_refused(scim: httpx.Client, filter_: str) -> None:
    refused = scim.get("Users", params={"filter": filter_})
    assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidFilter")


def test_users_are_sorted_and_trimmed(scim: httpx.Client) -> None:
    query = {"sortBy": "name.familyName", "sortOrder": "descending", "attributes": "userName,name.givenName"}
    reply = scim.get("Users", params=query)
    assert ids(reply) == ["7004", "7001", "7002", "7003"]
    assert set(reply.json()["Resources"][0]) == {"schemas", "id", "userName", "name"}
    assert "emails" not in scim.get("Users/7002", params={"excludedAttributes": "emails"}).json()


def test_groups_of_a_user_are_told(scim: httpx.Client) -> None:
    [group] = scim.get("Users/7002").json()["groups"]
    assert (group["value"], group["display"]) == ("6001", "Hosts")
    assert scim.get(group["$ref"]).json()["displayName"] == "Hosts"


def test_put_replaces_the_user(scim: httpx.Client) -> None:
    key = scim.post("Users", json=make_user(externalId="guid-7", timezone="Europe/London")).json()["id"]
    after = scim.put(f"Users/{key}", json=make_user()).json()
    assert ("externalId" in after, "timezone" in after, after["active"]) == (False, False, True)
    assert scim.put(f"Users/{key}", json={"name": {"givenName": "D"}}).status_code == 400


@pytest.mark.parametrize(
    ("operations", "attribute", "value"),
    [
        ([{"op": "replace", "path": "name.familyName", "value": "King"}], "displayName", "Ada King"),
        ([{"op": "Add", "value": {"name": {"givenName": "Augusta"}}}], "displayName", "Augusta Byron"),
        ([{"op": "add", "value": {"NAME": {"GIVENNAME": "Augusta"}}}], "displayName", "Augusta Byron"),
        ([{"op": "add", "value": {"name.givenName": "Augusta"}}], "displayName", "Augusta Byron"),
        ([{"op": "add", "path": f"{ENTERPRISE}:department", "value": "Sales"}], ENTERPRISE, {"department": "Sales"}),
        ([{"op": "add", "path": ENTERPRISE, "value": {"division": "D"}}], ENTERPRISE, {"division": "D"}),
        ([{"op": "add", "value": {f"{ENTERPRISE}:costCenter": "4"}}], ENTERPRISE, {"costCenter": "4"}),
        ([{"op": "add", "value": {ENTERPRISE: {"costCenter": "4"}}}], ENTERPRISE, {"costCenter": "4"}),
        (
            [
                {"op": "add", "path": f"{ENTERPRISE}:department", "value": "Sales"},
                {"op": "remove", "path": f"{ENTERPRISE}:department"},
            ],
            ENTERPRISE,
            None,
        ),
        ([{"op": "replace", "path": "userName", "value": "al@acme.example"}], "userName", "al@acme.example"),
        ([{"op": "replace", "path": f"{USER}:externalId", "value": "x"}], "externalId", "x"),
        ([{"op": "add", "path": "displayName", "value": "A"}, {"op": "remove", "path": "displayName"}],
         "displayName", "Ada Byron"),
        ([{"op": "replace", "path": 'emails[type eq "work"].value', "value": "z@acme.example"}],
         "userName", "ada@acme.example"),
    ],
)  # fmt: skip
def test_patch_of_a_user(scim: httpx.Client, operations: list[Any], attribute: str, value: Any) -> None:
    reply = operate(scim, "Users/7002", *operations)
    assert reply.status_code == 200
    assert scim.get("Users/7002").json().get(attribute) == value


@pytest.mark.parametrize(
    ("operation", "keyword"),
    [
        ({"op": "replace", "path": "id", "value": "1"}, "mutability"),
        ({"op": "move", "path": "active"}, "invalidSyntax"),
        ({"op": "remove"}, "noTarget"),
        ({"op": "replace", "path": 'emails[type eq "home"].value', "value": "x"}, "noTarget"),
        ({"op": "replace", "path": "name..givenName", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": 7, "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "userName.part", "value": "x"}, "invalidPath"),
        ({"op": "replace", "path": "active"}, "invalidValue"),
        ({"op": "add", "value": "x"}, "invalidValue"),
        ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "ada@elsewhere.example"}, "invalidValue"),
        ({"op": "remove", "path": "userName"}, "invalidValue"),
        ({"op": "replace", "path": "userName", "value": "bo@acme.example"}, "uniqueness"),
    ],
)
def test_patch_that_cannot_be_done_changes_nothing(scim: httpx.Client, operation: dict[str, Any], keyword: str) -> None:
    before = scim.get("Users/7002").json()
    refused = operate(scim, "Users/7002", {"op": "replace", "path": "displayName", "value": "X"}, operation)
    assert refused.json()["scimType"] == keyword
    assert refused.status_code == (409 if keyword == "uniqueness" else 400)
    assert scim.get("Users/7002").json() == before


@pytest.mark.parametrize(
    "places",
    [
        [(ENTERPRISE, "x"), (f"{ENTERPRISE}:division", "y")],
        [("emails", ["x"]), ("emails[not (value pr)]", {})],
        [("name", "x")],
        [("name[a eq 1]", "x")],
    ],
)
def test_values_of_the_wrong_kind_are_refused(scim: httpx.Client, places: list[tuple[str, Any]]) -> None:
    operations = [{"op": "replace", "path": path, "value": value} for path, value in places]
    assert operate(scim, "Users/7002", *operations).status_code == 400


def test_a_body_without_operations_is_refused(scim: httpx.Client) -> None:
    assert scim.patch("Users/7002", json={"active": False}).json()["scimType"] == "invalidSyntax"
    assert scim.patch("Users/7002", json={"Operations": []}).status_code == 400


def test_members_are_added_and_removed_one_by_one(scim: httpx.Client) -> None:
    added = operate(scim, "Groups/6001", {"op": "Add", "path": "members", "value": [{"value": "7003"}]})
    assert added.status_code == 200
    operate(scim, "Groups/6001", {"op": "add", "path": "members", "value": {"value": "7004"}})
    operate(scim, "Groups/6001", {"op": "add", "path": "members", "value": [{"value": "7004"}]})
    assert members_of(scim, "6001") == [("User", "7002"), ("User", "7003"), ("User", "7004")]
    operate(scim, "Groups/6001", {"op": "remove", "path": 'members[value eq "7002"]'})
    operate(scim, "Groups/6001", {"op": "Remove", "path": "members", "value": [{"value": "7003"}]})
    assert members_of(scim, "6001") == [("User", "7004")]
    operate(scim, "Groups/6001", {"op": "remove", "path": "members"})
    assert members_of(scim, "6001") == []


def test_groups_are_made_renamed_filled_and_deleted(scim: httpx.Client) -> None:
    made = scim.post("Groups", json={"displayName": "Team", "externalId": "g1", "members": [{"value": "6001"}]}).json()
    assert (made["externalId"], members_of(scim, made["id"])) == ("g1", [("Group", "6001")])
    put = scim.put(f"Groups/{made['id']}", json={"displayName": "Crew", "members": [{"value": "7003", "type": "User"}]})
    assert (put.json()["displayName"], "externalId" in put.json()) == ("Crew", False)
    assert members_of(scim, made["id"]) == [("User", "7003")]
    operate(scim, f"Groups/{made['id']}", {"op": "replace", "value": {"displayName": "Squad"}})
    assert ids(scim.get("Groups", params={"filter": 'displayName eq "squad"'})) == [made["id"]]
    assert scim.post("Groups", json={"displayName": "SQUAD"}).json()["scimType"] == "uniqueness"
    gone = scim.delete(f"Groups/{made['id']}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert scim.get(f"Groups/{made['id']}").status_code == 404


def test_members_are_left_out_on_request_and_can_be_filtered_by(scim: httpx.Client) -> None:
    lean = scim.get("Groups", params={"filter": 'displayName eq "Hosts"', "excludedAttributes": "members"}).json()
    assert [("members" in group, group["displayName"]) for group in lean["Resources"]] == [(False, "Hosts")]
    assert ids(scim.get("Groups", params={"filter": 'members[value eq "7002"]'})) == ["6001"]
    assert scim.get("Groups", params={"count": 1}).json()["Resources"][0]["members"][0]["display"] == "Ada Byron"


def test_groups_hold_no_circle_and_nobody_from_outside(scim: httpx.Client) -> None:
    operate(scim, "Groups/6002", {"op": "add", "path": "members", "value": [{"value": "6001"}]})
    for key in ("6002", "4711"):
        refused = operate(scim, "Groups/6001", {"op": "add", "path": "members", "value": [{"value": key}]})
        assert (refused.status_code, refused.json()["scimType"]) == (400, "invalidValue")


def test_a_request_carries_at_most_100_members(scim: httpx.Client) -> None:
    many = [{"value": str(number)} for number in range(101)]
    for refused in (
        operate(scim, "Groups/6001", {"op": "add", "path": "members", "value": many}),
        scim.put("Groups/6001", json={"displayName": "Hosts", "members": many}),
        scim.post("Groups", json={"displayName": "More", "members": many}),
    ):
        assert (refused.status_code, refused.json()["scimType"]) == (400, "tooMany")


def test_a_group_may_hold_more_than_a_request_carries(scim: httpx.Client) -> None:
    keys = [
        scim.post("Users", json=make_user(userName=f"p{number}@acme.example")).json()["id"] for number in range(101)
    ]
    for part in (keys[:100], keys[100:]):
        value = [{"value": key} for key in part]
        operate(scim, "Groups/6002", {"op": "add", "path": "members", "value": value}).raise_for_status()
    operate(scim, "Groups/6002", {"op": "remove", "path": f'members[value eq "{keys[0]}"]'}).raise_for_status()
    assert len(members_of(scim, "6002")) == 100


def test_refusals_have_the_codes_and_the_form_of_the_standard(scim: httpx.Client, control: httpx.Client) -> None:
    control.put("switches", json={"scim_error": "html"})  # of the other surface
    for reply, status in (
        (scim.get("Users", headers={"Authorization": "Bearer nonsense"}), 401),
        (scim.get("Users/1"), 404),
        (scim.get("Groups/1"), 404),
        (scim.get("Nothing"), 404),
        (scim.delete("Users/7001"), 403),
        (scim.post("Users", json=make_user(userName="ada@acme.example")), 409),
        (scim.post("Users", content="{", headers={"Content-Type": "application/scim+json"}), 400),
        (scim.put("Groups/6001", json={"displayName": "Hosts", "members": 7}), 400),
    ):
        body = reply.json()
        assert (reply.status_code, body["status"]) == (status, str(status))
        assert body["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
        assert reply.headers["Content-Type"] == "application/scim+json"


def test_without_the_role_it_is_forbidden(scim: httpx.Client, control: httpx.Client) -> None:
    control.put("organisation/admins/7001", json={"role": "read"})
    assert (scim.get("Users").status_code, scim.post("Users", json=make_user()).status_code) == (200, 403)
    control.put("organisation/admins/7001", json={"role": None})
    assert scim.get("Users").status_code == 403


def test_its_calls_count_with_those_of_the_other_surface(scim: httpx.Client, control: httpx.Client) -> None:
    """The limit is counted for each API: ``/identity/`` is one."""
    control.put("switches", json={"requests_per_second": 0})
    assert scim.get("Users").status_code == 429


def test_deleting_a_user_leaves_the_account(scim: httpx.Client, control: httpx.Client) -> None:
    assert scim.delete("Users/7002").status_code == 204
    assert scim.get("Users/7002").status_code == 404
    assert control.get("health").json()["users"] == 4


def test_discovery(scim: httpx.Client) -> None:
    config = scim.get("ServiceProviderConfig").json()
    assert (config["patch"]["supported"], config["bulk"]["supported"]) == (True, False)
    assert config["filter"]["maxResults"] == 1000
    for resource_type in scim.get("ResourceTypes").json()["Resources"]:
        assert scim.get(resource_type["endpoint"].lstrip("/")).status_code == 200
        assert scim.get(resource_type["meta"]["location"]).json() == resource_type
    schemas = scim.get("Schemas").json()["Resources"]
    assert {schema["id"] for schema in schemas} >= {USER, ENTERPRISE}
    assert scim.get(f"Schemas/{ENTERPRISE}").json()["name"] == "EnterpriseUser"
    assert scim.get("Schemas/nothing").status_code == 404


def test_switched_off_it_is_not_there(scim: httpx.Client, control: httpx.Client) -> None:
    control.put("switches", json={"scim2": False})
    assert scim.get("Users").status_code == 404
    assert scim.get("ServiceProviderConfig").status_code == 404
