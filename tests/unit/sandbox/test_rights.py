"""What the person for whom a token speaks may do. Each test says what its fact rests on."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

SignIn = Callable[..., httpx.Client]
DEE = {"email": "dee@acme.example", "firstName": "Dee", "lastName": "Dale"}
INSUFFICIENT = (403, [{"code": "role.insufficient"}])
WRITES: list[tuple[str, str, dict[str, Any]]] = [
    ("POST", "users", {"users": [DEE]}),
    ("PUT", "users/7002", {"lastName": "King"}),
    ("PUT", "users/7002", {"adminRoles": ["RUN_REPORTS"]}),
    ("DELETE", "users/7002", {}),
    ("PUT", "licenses/9001/users/7002", {}),
    ("DELETE", "licenses/9002/users/7002", {}),
    ("PUT", "groups/5003/users/7002", {}),
    ("DELETE", "users/7002/groups", {}),
    ("POST", "groups", {"name": "New"}),
    ("PUT", "groups/5003", {"name": "New"}),
    ("DELETE", "groups/5003", {}),
    ("PUT", "", {"name": "Other"}),
    ("POST", "attributes", {"name": "Desk"}),
    ("POST", "templates", {"title": "A", "subject": "B", "text": "C"}),
    ("PUT", "rolesets/4001/users?filter=key%20eq%20%227002%22", {}),
    ("DELETE", "users/rolesets?filter=key%20eq%20%227002%22", {}),
]


def someone(*roles: str, **further: Any) -> dict[str, Any]:
    return {
        "key": "7009", "email": "sam@acme.example", "firstName": "Sam", "lastName": "Some", "activated": True,
        "adminRoles": list(roles), **further,
    }  # fmt: skip


def errors(reply: httpx.Response) -> tuple[int, Any]:
    return reply.status_code, reply.json().get("errors")


def allowed(sign_in: SignIn, state: dict[str, Any], *roles: str) -> list[str]:
    """Return the writes that a caller of these roles may do, each tried on a new tenant."""
    passed = []
    for method, path, body in WRITES:
        users = [*state["users"], someone(*roles)]
        account = sign_in("7009", users=users, role_sets=[{"id": "4001", "name": "Help desk"}])
        reply = (
            account.request(method, path.lstrip("/"), json=body)
            if path
            else account.put(f"{account.base_url}"[:-1], json=body)
        )
        if reply.status_code != 403:
            assert reply.status_code in (200, 204), reply.text
            passed.append(f"{method} {path.partition('?')[0]}{''.join(sorted(body))}")
        else:
            assert errors(reply) == INSUFFICIENT
            assert reply.headers["X-Sandbox-Basis"] == "assumed"
    return passed


@pytest.mark.parametrize("roles", [[], ["RUN_REPORTS"]])
def test_read_only_admin_writes_nothing(sign_in: SignIn, state: dict[str, Any], roles: list[str]) -> None:
    """Assumed: 403 role.insufficient; reading is open."""
    assert allowed(sign_in, state, *roles) == []
    account = sign_in("7009", users=[*state["users"], someone(*roles)])
    for path in ("users", "users/7002", "groups", "groups/5001", "licenses", "templates", "rolesets", "attributes"):
        assert account.get(path).status_code == 200


def test_super_admin_writes_everything(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Documented."""
    assert len(allowed(sign_in, state, "SUPER_USER")) == len(WRITES)


def test_single_permissions_open_single_calls(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Documented: ADD_USERS creates, only super admins give roles; assumed: the rest."""
    seats = ["PUT licenses/9001/users/7002", "DELETE licenses/9002/users/7002"]
    grouping = [
        "PUT groups/5003/users/7002", "DELETE users/7002/groups", "POST groupsname", "PUT groups/5003name",
        "DELETE groups/5003",
    ]  # fmt: skip
    settings = ["PUT name", "POST attributesname", "POST templatessubjecttexttitle"]
    people = ["PUT users/7002lastName", "DELETE users/7002"]
    assert allowed(sign_in, state, "ADD_USERS") == ["POST usersusers"]
    assert allowed(sign_in, state, "MANAGE_USERS") == [*people, *seats, *grouping]
    assert allowed(sign_in, state, "MANAGE_ACCOUNT") == [*people, *seats, *grouping, *settings]
    assert allowed(sign_in, state, "MANAGE_SEATS") == seats
    assert allowed(sign_in, state, "MANAGE_GROUPS") == grouping
    assert allowed(sign_in, state, "MANAGE_SETTINGS") == settings


def test_only_a_super_admin_makes_admins(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Documented: an admin's new users become members."""
    account = sign_in("7009", users=[*state["users"], someone("ADD_USERS", "MANAGE_USERS")])
    assert errors(account.post("users", json={"users": [DEE], "adminRoles": ["RUN_REPORTS"]})) == INSUFFICIENT
    within = {**DEE, "adminRoles": ["RUN_REPORTS"]}
    assert errors(account.post("users", json={"users": [within]})) == INSUFFICIENT
    assert account.post("users", json={"users": [DEE], "adminRoles": []}).status_code == 200
    assert account.put("users/7002", json={"lastName": "King", "adminRoles": []}).status_code == 204  # none before


def test_admins_are_managed_by_super_admins_alone(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Documented: an admin manages all but super admins and other admins."""
    users = [*state["users"], someone("MANAGE_ACCOUNT")]
    account = sign_in("7009", users=users)
    assert errors(account.put("users/7001", json={"lastName": "X"})) == INSUFFICIENT
    assert errors(account.delete("users/7001")) == INSUFFICIENT
    assert errors(account.put("licenses/9001/users/7001")) == INSUFFICIENT
    assert account.put("users/7009", json={"lastName": "Self"}).status_code == 204
    custom = [{**user, "roleSet": "4001"} if user["key"] == "7002" else user for user in users]
    account = sign_in("7009", users=custom, role_sets=[{"id": "4001", "name": "Help desk"}])
    assert errors(account.put("users/7002", json={"lastName": "X"})) == INSUFFICIENT


def test_manager_of_groups_touches_their_members_alone(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Documented: a manager can be limited to groups; assumed: their subgroups count, and the refusal."""
    manager = someone("MANAGE_USERS", "ADD_USERS", managedGroups=["5001"])
    account = sign_in("7009", users=[*state["users"], manager])
    assert account.put("users/7002", json={"lastName": "King"}).status_code == 204
    assert account.put("users/7003", json={"lastName": "Berg"}).status_code == 204  # in the subgroup 5002
    assert errors(account.put("users/7004", json={"lastName": "X"})) == INSUFFICIENT  # in no group
    assert errors(account.put("licenses/9001/users/7004")) == INSUFFICIENT
    assert errors(account.delete("users/7002,7004")) == INSUFFICIENT
    assert account.get("users/7002").status_code == 200  # and not deleted
    assert errors(account.put("groups/5003/users/7002")) == INSUFFICIENT
    assert errors(account.put("users/7002", json={"groupKey": "5003"})) == INSUFFICIENT
    assert account.put("groups/5002/users/7002").status_code == 204
    assert errors(account.delete("groups/5003")) == INSUFFICIENT
    assert errors(account.post("groups", json={"name": "Top"})) == INSUFFICIENT
    assert account.post("groups", json={"name": "Below", "parentKey": "5001"}).status_code == 200


def test_manager_of_groups_creates_in_them_alone(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Assumed."""
    manager = someone("ADD_USERS", managedGroups=["5001"])
    account = sign_in("7009", users=[*state["users"], manager])
    assert errors(account.post("users", json={"users": [DEE]})) == INSUFFICIENT
    assert errors(account.post("users", json={"users": [{**DEE, "groupKey": "5003"}]})) == INSUFFICIENT
    assert account.post("users", json={"users": [DEE], "groupKey": "5001"}).status_code == 200


def test_manager_without_groups_manages_everyone(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Documented."""
    account = sign_in("7009", users=[*state["users"], someone("MANAGE_USERS", managedGroups=[])])
    assert account.put("users/7004", json={"lastName": "X"}).status_code == 204


def test_group_that_is_gone_does_not_widen_the_limit(sign_in: SignIn, state: dict[str, Any]) -> None:
    """Assumed: no limit would mean everyone."""
    manager = someone("MANAGE_USERS", managedGroups=["5003"])
    account = sign_in("7009", users=[*state["users"], manager])
    assert account.delete("groups/5003").status_code == 204
    assert account.get("users/7009").json()["managedGroupKeys"] == ["5003"]
    assert errors(account.put("users/7002", json={"lastName": "X"})) == INSUFFICIENT


def test_limit_has_no_effect_where_it_is_ignored(sign_in: SignIn, control: httpx.Client, state: dict[str, Any]) -> None:
    """Assumed: a switch."""
    account = sign_in("7009", users=[*state["users"], someone("MANAGE_USERS", managedGroups=["5001"])])
    control.put("switches", json={"managed_groups": "ignored"})
    assert account.put("users/7004", json={"lastName": "X"}).status_code == 204


def test_limit_is_given_with_the_role_and_read_back(account: httpx.Client) -> None:
    """Assumed: ``managedGroupKeys``, which replaces the set, and goes with the last role."""
    account.put("users/7002", json={"adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5001", "5003", "5001"]})
    assert account.get("users/7002").json()["managedGroupKeys"] == ["5001", "5003"]
    account.put("users/7002", json={"managedGroupKeys": ["5003"]})
    assert account.get("users/7002").json()["managedGroupKeys"] == ["5003"]
    account.put("users/7002", json={"adminRoles": ["RUN_REPORTS"]})
    assert account.get("users/7002").json()["managedGroupKeys"] == ["5003"]
    account.put("users/7002", json={"managedGroupKeys": []})
    assert "managedGroupKeys" not in account.get("users/7002").json()
    account.put("users/7002", json={"managedGroupKeys": ["5003"]})
    account.put("users/7002", json={"adminRoles": []})
    account.put("users/7002", json={"adminRoles": ["MANAGE_USERS"]})
    assert "managedGroupKeys" not in account.get("users/7002").json()
    unknown = account.put("users/7002", json={"managedGroupKeys": ["1"]})
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "group.not.found")


def test_limit_is_given_at_creation(account: httpx.Client) -> None:
    """Assumed."""
    within = {**DEE, "adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5001"]}
    beside = {
        "users": [{**DEE, "email": "eve@acme.example"}],
        "adminRoles": ["MANAGE_USERS"],
        "managedGroupKeys": [5003],
    }
    for body, expected in (({"users": [within]}, ["5001"]), (beside, ["5003"])):
        key = account.post("users", json=body).json()[0]["key"]
        assert account.get(f"users/{key}").json()["managedGroupKeys"] == expected
    unknown = account.post(
        "users", json={"users": [{**within, "email": "fay@acme.example", "managedGroupKeys": ["1"]}]}
    )
    assert (unknown.status_code, unknown.json()["errors"][0]["code"]) == (404, "group.not.found")


def test_limit_is_neither_kept_nor_shown_where_it_is_ignored(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed: a switch; the role is given all the same, and then manages everyone."""
    control.put("switches", json={"managed_groups": "ignored"})
    body = {"users": [{**DEE, "adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5001"]}]}
    key = account.post("users", json=body).json()[0]["key"]
    account.put("users/7002", json={"adminRoles": ["MANAGE_USERS"], "managedGroupKeys": ["5001"]})
    control.put("switches", json={"managed_groups": "honoured"})
    for user in (account.get(f"users/{key}").json(), account.get("users/7002").json()):
        assert user["adminRoles"] == ["MANAGE_USERS"]
        assert "managedGroupKeys" not in user
