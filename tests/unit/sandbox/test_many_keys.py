"""Several users in one path. Assumed throughout: that there are such forms is all that is known."""

import httpx
import pytest


def test_several_users_are_read_as_a_list(account: httpx.Client) -> None:
    reply = account.get("users/7003,7001,7003")
    body = reply.json()
    assert [user["key"] for user in body["results"]] == ["7003", "7001"]
    assert (body["fromIndex"], body["toIndex"], body["total"]) == (0, 2, 2)
    assert reply.headers["X-Sandbox-Basis"] == "assumed"
    assert account.get("users/7003").headers["X-Sandbox-Basis"] == "observed"


def test_several_users_are_changed_and_deleted(account: httpx.Client) -> None:
    reply = account.put("users/7002,7003", json={"groupKey": "5003", "licenseKeys": ["9001"]})
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (204, "assumed")
    assert account.get("groups/5003").json()["userKeys"] == ["7002", "7003"]
    assert account.delete("users/7002,7003").status_code == 204
    assert [user["key"] for user in account.get("users").json()["results"]] == ["7001", "7004"]


def test_several_users_get_and_lose_a_licence(account: httpx.Client) -> None:
    assert account.put("licenses/9001/users/7002,7003,7004").status_code == 204
    assert account.get("licenses").json()["results"][0]["userCount"] == 3
    taken = account.delete("licenses/9001/users/7002,7004")
    assert (taken.status_code, taken.headers["X-Sandbox-Basis"]) == (204, "assumed")
    assert account.get("licenses").json()["results"][0]["invitedUserKeys"] == ["7003"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "users/7002,1"),
        ("PUT", "users/7002,1"),
        ("DELETE", "users/7002,1"),
        ("PUT", "licenses/9001/users/7002,1"),
    ],
)
def test_one_who_is_not_there_refuses_all(account: httpx.Client, method: str, path: str) -> None:
    before = account.get("users/7002").json()
    reply = account.request(method, path, json={"lastName": "King"})
    assert (reply.status_code, reply.json()["errors"]) == (404, [{"code": "user.not.found", "value": "1"}])
    assert account.get("users/7002").json() == before


def test_no_seat_for_all_is_a_seat_for_none(account: httpx.Client) -> None:
    reply = account.put("licenses/9001/users/7001,7002,7003,7004")
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (409, "license.seats.exceeded")
    assert account.get("licenses").json()["results"][0]["userCount"] == 0


def test_path_names_100_users_at_most(account: httpx.Client, control: httpx.Client) -> None:
    reply = account.get("users/" + ",".join(str(key) for key in range(101)))
    assert (reply.status_code, reply.json()["errors"]) == (400, [{"code": "keys.limit.exceeded", "value": "100"}])
    control.put("switches", json={"max_keys_per_url": 1})
    assert account.delete("users/7002,7003").status_code == 400
    assert account.get("users/7002").status_code == 200


def test_commas_may_mean_nothing(account: httpx.Client, control: httpx.Client) -> None:
    control.put("switches", json={"comma_keys": False})
    for reply in (account.get("users/7002,7003"), account.put("licenses/9001/users/7002,7003")):
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (404, "user.not.found")
