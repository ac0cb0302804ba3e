"""The account, custom attributes, custom roles. Each test says what its fact rests on."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

SignIn = Callable[..., httpx.Client]
Mails = Callable[[], list[tuple[str, str]]]
ROLE_SETS = [{"id": "4001", "name": "Help desk"}, {"id": "4002", "name": "Librarian"}]


def by(text: str) -> str:
    return f"?filter={quote(text, safe='')}"


ADA = by('email eq "ada@acme.example"')
CY = by('key eq "7004"')
ADA_AND_BO = by('email eq "ada@acme.example" or groupKey eq "5002"')


def role_of(account: httpx.Client, key: str) -> Any:
    return account.get(f"users/{key}").json().get("roleSets")


def test_account_is_read_and_changed_in_part(api: httpx.Client) -> None:
    """Observed: the calls; assumed: the fields."""
    reply = api.get("accounts/3001")
    assert (reply.json(), reply.headers["X-Sandbox-Basis"]) == (
        {"key": "3001", "name": "Acme GmbH", "locale": "de_DE"},
        "observed",
    )
    assert api.put("accounts/3001", json={"name": "Acme SE"}).status_code == 204
    assert api.put("accounts/3001", json={"locale": "fr_FR"}).status_code == 204
    assert api.get("accounts/3001").json() == {"key": "3001", "name": "Acme SE", "locale": "fr_FR"}
    assert api.get("me").json()["accounts"][0]["name"] == "Acme SE"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"name": " "}, "account.name.required"),
        ({"locale": "French"}, "account.locale.invalid"),
        ({"key": "3002"}, "key.not.allowed"),
        ({"plan": "gold"}, "field.unknown"),
    ],
)
def test_account_that_is_not_valid_is_refused(api: httpx.Client, body: dict[str, str], code: str) -> None:
    """Assumed."""
    reply = api.put("accounts/3001", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, code)


def test_language_of_the_account_is_that_of_new_users(api: httpx.Client, account: httpx.Client, create: Any) -> None:
    """Documented: a default language for new users."""
    account.put(str(account.base_url).rstrip("/"), json={"locale": "it_IT"}).raise_for_status()
    key = create("dee@acme.example").json()[0]["key"]
    assert account.get(f"users/{key}").json()["locale"] == "it_IT"


def test_attributes_are_listed_and_made(account: httpx.Client) -> None:
    """Observed: the calls; assumed: the forms."""
    assert account.get("attributes").json() == {"fromIndex": 0, "toIndex": 0, "total": 0}
    reply = account.post("attributes", json={"name": " Cost centre "})
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (200, "observed")
    listed = account.get("attributes").json()
    assert listed["results"] == [{"key": reply.json(), "name": "Cost centre", "type": "text"}]
    again = account.post("attributes", json={"name": "COST CENTRE"})
    assert (again.status_code, again.json()["errors"][0]["code"]) == (409, "attribute.name.conflict")
    assert account.post("attributes", json={}).json()["errors"] == [{"code": "attribute.name.required"}]


def test_user_carries_custom_attributes(account: httpx.Client) -> None:
    """Assumed: ``customAttributes`` by name, changed in part, null takes away."""
    for name in ("Desk", "Floor"):
        account.post("attributes", json={"name": name})
    person = {"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale", "customAttributes": {"Desk": "1"}}
    key = account.post("users", json={"users": [person]}).json()[0]["key"]
    assert account.get(f"users/{key}").json()["customAttributes"] == {"Desk": "1"}
    assert account.put(f"users/{key}", json={"customAttributes": {"Floor": "2"}}).status_code == 204
    assert account.get(f"users/{key}").json()["customAttributes"] == {"Desk": "1", "Floor": "2"}
    account.put(f"users/{key}", json={"customAttributes": {"Floor": None, "Desk": None}})
    assert "customAttributes" not in account.get(f"users/{key}").json()
    unknown = account.put(f"users/{key}", json={"lastName": "X", "customAttributes": {"Shoe": "44"}})
    assert (unknown.status_code, unknown.json()["errors"]) == (
        404,
        [{"code": "attribute.not.found", "value": "Shoe"}],
    )
    assert account.get(f"users/{key}").json()["lastName"] == "Dale"
    another = {**person, "email": "eve@acme.example", "customAttributes": {"Shoe": "44"}}
    assert account.post("users", json={"users": [another]}).status_code == 404


def test_custom_roles_are_listed(sign_in: SignIn) -> None:
    """Observed: ``id`` and ``name``."""
    account = sign_in(role_sets=ROLE_SETS)
    reply = account.get("rolesets", params={"pageSize": 1, "offset": 1})
    assert reply.json() == {"results": [ROLE_SETS[1]], "fromIndex": 1, "toIndex": 2, "total": 2}
    assert reply.headers["X-Sandbox-Basis"] == "observed"


def test_custom_role_is_given_and_taken_by_a_filter(sign_in: SignIn, mails: Mails) -> None:
    """Observed: the calls and the field; assumed: 204, one role a user, the mail."""
    account = sign_in(role_sets=ROLE_SETS)
    reply = account.put(f"rolesets/4001/users{ADA_AND_BO}")
    assert (reply.status_code, reply.content, reply.headers["X-Sandbox-Basis"]) == (204, b"", "observed")
    assert [role_of(account, key) for key in ("7001", "7002", "7003", "7004")] == [None, "4001", "4001", None]
    account.put(f"rolesets/4002/users{ADA}")
    assert role_of(account, "7002") == "4002"
    taken = account.delete(f"users/rolesets{ADA}")
    assert (taken.status_code, taken.headers["X-Sandbox-Basis"]) == (204, "observed")
    assert [role_of(account, key) for key in ("7002", "7003")] == [None, "4001"]
    ada, bo = ("role-change", "ada@acme.example"), ("role-change", "bo@acme.example")
    assert mails() == [ada, bo, ada, ada]


def test_custom_role_can_change_silently_and_twice_is_once(sign_in: SignIn, mails: Mails) -> None:
    """Assumed."""
    account = sign_in(role_sets=ROLE_SETS)
    account.put(f"rolesets/4001/users{ADA}&suppressEmail=true").raise_for_status()
    account.put(f"rolesets/4001/users{ADA}").raise_for_status()
    account.delete(f"users/rolesets{ADA}&suppressEmail=true").raise_for_status()
    account.delete(f"users/rolesets{ADA}").raise_for_status()
    assert mails() == []


def test_mail_names_the_custom_role(sign_in: SignIn, control: httpx.Client) -> None:
    """Assumed."""
    sign_in(role_sets=ROLE_SETS).put(f"rolesets/4001/users{ADA}")
    (mail,) = control.get("outbox").json()["mails"]
    assert mail["body"] == "Hello Ada, your role in Acme GmbH is now: Help desk."


def test_custom_role_makes_an_admin_who_is_not_suspended(sign_in: SignIn) -> None:
    """Assumed: as any other role."""
    account = sign_in(role_sets=ROLE_SETS)
    account.put(f"rolesets/4001/users{CY}")
    user = account.get("users/7004").json()
    assert (user["admin"], user["adminRoles"], user["status"]) == (True, [], "INVITED")
    account.delete("users/7004")
    key = account.post("users", json={"users": [{"email": "cy@acme.example", "firstName": "Cy", "lastName": "S"}]})
    assert key.json()[0]["key"] == "7004"
    assert role_of(account, "7004") is None


@pytest.mark.parametrize(("method", "path"), [("PUT", "rolesets/4001/users"), ("DELETE", "users/rolesets")])
def test_custom_roles_want_a_filter(sign_in: SignIn, method: str, path: str) -> None:
    """Assumed: 400, since without one it would be about everybody."""
    account = sign_in(role_sets=ROLE_SETS)
    reply = account.request(method, path)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "filter.required")
    assert account.request(method, path + by('key eq "1"')).status_code == 204  # nobody is no fault
    assert account.request(method, path + by("nonsense")).json()["errors"][0]["code"] == "filter.invalid"
    plus = account.request(method, f"{path}?filter=key+eq+%227002%22")
    assert (plus.status_code, plus.headers["X-Sandbox-Basis"]) == (400, "observed")


def test_unknown_custom_role_is_not_found(sign_in: SignIn) -> None:
    """Assumed."""
    reply = sign_in(role_sets=ROLE_SETS).put(f"rolesets/1/users{ADA}")
    assert (reply.status_code, reply.json()["errors"]) == (404, [{"code": "roleset.not.found", "value": "1"}])
