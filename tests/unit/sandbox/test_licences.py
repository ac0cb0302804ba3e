"""Licences and seats. Each test says what its fact rests on."""

import httpx
import pytest


def licence(account: httpx.Client, key: str) -> dict[str, object]:
    return next(entry for entry in account.get("licenses").json()["results"] if entry["key"] == key)


def test_licence_has_the_fields_that_were_seen(account: httpx.Client) -> None:
    """Observed: a connector's fixture."""
    assert licence(account, "9001") == {
        "key": "9001", "concurrentLicenseKey": None, "seats": 3, "userCount": 0, "enabled": True,
        "description": "GoTo Webinar", "type": "sandbox", "channel": "sandbox", "userKeys": [],
        "invitedUserKeys": [], "deviceKeys": [], "deviceCount": 0, "products": ["G2W", "G2M"],
        "childLicenseKeys": [], "entitlements": {}, "devicesOnly": False, "devicesAllowed": False,
        "externallyManaged": False,
    }  # fmt: skip


def test_invited_users_use_seats_and_stand_apart(account: httpx.Client, control: httpx.Client) -> None:
    """Observed: the two lists; assumed: an invited user counts."""
    assert (licence(account, "9003")["userCount"], licence(account, "9003")["invitedUserKeys"]) == (1, ["7003"])
    control.post("users/7003/activate")
    after = licence(account, "9003")
    assert (after["userCount"], after["userKeys"], after["invitedUserKeys"]) == (1, ["7003"], [])


def test_licence_is_assigned_and_taken_away(account: httpx.Client) -> None:
    """Observed: taking away; assumed: assigning."""
    assigned = account.put("licenses/9001/users/7004")
    assert (assigned.status_code, assigned.headers["X-Sandbox-Basis"]) == (204, "assumed")
    assert account.get("users/7004").json()["products"] == ["G2M", "G2W"]
    taken = account.delete("licenses/9001/users/7004")
    assert (taken.status_code, taken.headers["X-Sandbox-Basis"]) == (204, "observed")
    assert account.get("users/7004").json()["status"] == "SUSPENDED"


def test_assigning_twice_takes_one_seat(account: httpx.Client) -> None:
    """Assumed: being so already is no fault."""
    for _ in range(2):
        assert account.put("licenses/9001/users/7004").status_code == 204
    assert licence(account, "9001")["userCount"] == 1
    for _ in range(2):
        assert account.delete("licenses/9001/users/7004").status_code == 204


def test_licence_without_a_free_seat_is_refused(account: httpx.Client) -> None:
    """Assumed: 409 license.seats.exceeded."""
    for key in ("7001", "7002", "7003"):
        assert account.put(f"licenses/9001/users/{key}").status_code == 204
    reply = account.put("licenses/9001/users/7004")
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (409, "assumed")
    assert reply.json()["errors"] == [{"code": "license.seats.exceeded", "value": "9001"}]
    account.delete("licenses/9001/users/7001")
    assert account.put("licenses/9001/users/7004").status_code == 204


@pytest.mark.parametrize(("status", "code"), [(400, "license.none.left"), (403, "license.denied")])
def test_refusal_for_want_of_a_seat_is_a_switch(
    account: httpx.Client, control: httpx.Client, status: int, code: str
) -> None:
    """Assumed."""
    control.put("switches", json={"seat_refusal_status": status, "seat_refusal_code": code})
    for key in ("7001", "7002", "7003"):
        account.put(f"licenses/9001/users/{key}").raise_for_status()
    body = {"users": [{"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale"}], "licenseKeys": ["9001"]}
    for reply in (
        account.put("licenses/9001/users/7004"),
        account.put("users/7004", json={"licenseKeys": ["9001"]}),
        account.post("users", json=body),
    ):
        assert (reply.status_code, reply.json()["errors"]) == (status, [{"code": code, "value": "9001"}])
    assert account.get("users").json()["total"] == 4


def test_licence_that_ended_cannot_be_given(account: httpx.Client) -> None:
    """Assumed."""
    assert licence(account, "9004")["enabled"] is False
    assert account.put("licenses/9004/users/7004").json()["errors"] == [{"code": "license.disabled", "value": "9004"}]


def test_unknown_licence_is_not_found(account: httpx.Client) -> None:
    """Assumed."""
    for method in ("PUT", "DELETE"):
        reply = account.request(method, "licenses/1/users/7002")
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (404, "license.not.found")
