"""Changing and deleting users. Each test says what its fact rests on."""

from typing import Any

import httpx
import pytest


def test_update_is_partial_and_answers_nothing(account: httpx.Client) -> None:
    """Observed: partial JSON, empty reply; assumed: 204."""
    reply = account.put("users/7002", json={"lastName": "King", "timeZone": "Europe/London"})
    assert (reply.status_code, reply.content, reply.headers["X-Sandbox-Basis"]) == (204, b"", "observed")
    user = account.get("users/7002").json()
    assert (user["firstName"], user["lastName"], user["timeZone"]) == ("Ada", "King", "Europe/London")
    assert (user["licenseKeys"], user["groupKey"]) == (["9002"], "5001")


def test_update_must_not_carry_the_key(account: httpx.Client) -> None:
    """Observed."""
    reply = account.put("users/7002", json={"key": "7002", "lastName": "King"})
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (400, "observed")
    assert account.get("users/7002").json()["lastName"] == "Byron"


def test_update_may_say_all_or_nothing(account: httpx.Client) -> None:
    """Observed: one connector adds it."""
    assert account.put("users/7002?allOrNothing=true", json={"lastName": "King"}).status_code == 204


def test_admin_roles_are_set_and_cleared(account: httpx.Client) -> None:
    """Observed: a list sets, an empty list clears."""
    account.put("users/7004", json={"adminRoles": ["SUPER_USER"]})
    user = account.get("users/7004").json()
    assert (user["adminRoles"], user["admin"], user["status"]) == (["SUPER_USER"], True, "INVITED")
    account.put("users/7004", json={"adminRoles": []})
    assert account.get("users/7004").json()["status"] == "SUSPENDED"


def test_licence_keys_replace_the_set(account: httpx.Client) -> None:
    """Observed."""
    account.put("users/7002", json={"licenseKeys": ["9001", "9003"]})
    assert account.get("users/7002").json()["licenseKeys"] == ["9001", "9003"]
    account.put("users/7002", json={"licenseKeys": []})
    assert account.get("users/7002").json()["status"] == "SUSPENDED"


def test_address_can_change_unless_it_is_locked_or_taken(account: httpx.Client) -> None:
    """Observed: a client sends it; assumed: 403 where locked, 409 where taken."""
    assert account.put("users/7002", json={"email": "ada.king@acme.example"}).status_code == 204
    locked = account.put("users/7004", json={"email": "cy2@acme.example"})
    assert (locked.status_code, locked.json()["errors"][0]["code"]) == (403, "user.email.locked")
    taken = account.put("users/7003", json={"email": "ADA.KING@acme.example"})
    assert (taken.status_code, taken.json()["errors"][0]["code"]) == (409, "user.name.conflict")
    assert account.put("users/7003", json={"email": "ada@acme.example"}).status_code == 204  # free again


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"lastName": "King", "licenseKeys": ["1"]}, 404, "license.not.found"),
        ({"lastName": "King", "groupKey": "1"}, 404, "group.not.found"),
        ({"lastName": "King", "adminRoles": ["ROOT"]}, 400, "role.not.found"),
        ({"lastName": "", "firstName": "A"}, 400, "user.lastname.required"),
        ({"lastName": "King", "phone": "1"}, 400, "field.unknown"),
    ],
)
def test_refused_update_changes_nothing(account: httpx.Client, body: dict[str, Any], status: int, code: str) -> None:
    """Assumed."""
    before = account.get("users/7002").json()
    reply = account.put("users/7002", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (status, code)
    assert account.get("users/7002").json() == before


@pytest.mark.parametrize("status", [204, 200])
def test_success_without_a_body_has_a_switch(account: httpx.Client, control: httpx.Client, status: int) -> None:
    """Assumed: 204."""
    control.put("switches", json={"empty_status": status})
    for reply in (
        account.put("users/7002", json={"lastName": "King"}),
        account.put("licenses/9001/users/7002"),
        account.delete("licenses/9001/users/7002"),
        account.put("groups/5003/users/7002"),
        account.delete("users/7002"),
    ):
        assert (reply.status_code, reply.content) == (status, b"")


def test_delete_frees_seat_group_and_address(account: httpx.Client) -> None:
    """Observed: empty reply; documented: the seat is free."""
    assert account.delete("users/7002").status_code == 204
    assert account.get("users").json()["total"] == 3
    assert account.get("licenses").json()["results"][1]["userCount"] == 0
    assert "userKeys" not in account.get("groups/5001").json()
    assert account.delete("users/7002").json()["errors"][0]["code"] == "user.not.found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "users/1"),
        ("DELETE", "users/1"),
        ("DELETE", "users/1/groups"),
        ("PUT", "groups/5001/users/1"),
        ("PUT", "licenses/9001/users/1"),
        ("DELETE", "licenses/9001/users/1"),
    ],
)
def test_unknown_user_is_not_found(account: httpx.Client, method: str, path: str) -> None:
    """Observed: the code; assumed: 404."""
    reply = account.request(method, path, json={})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (404, "user.not.found")
