"""Groups and their members. Each test says what its fact rests on."""

import httpx
import pytest


def test_group_lists_the_way_down_to_it(account: httpx.Client) -> None:
    """Observed: the fields; keyPath and namePath end with the group itself."""
    assert account.get("groups/5002").json() == {
        "key": "5002", "name": "Sales EMEA", "keyPath": ["5001", "5002"], "namePath": ["Sales", "Sales EMEA"],
        "userKeys": ["7003"], "memberCount": 1, "totalMemberCount": 1,
    }  # fmt: skip


def test_total_counts_the_members_of_subgroups(account: httpx.Client) -> None:
    """Assumed."""
    group = account.get("groups/5001").json()
    assert (group["memberCount"], group["totalMemberCount"]) == (1, 2)


def test_user_keys_are_missing_on_an_empty_group(account: httpx.Client) -> None:
    """Observed."""
    assert "userKeys" not in account.get("groups/5003").json()


def test_groups_are_paged_like_users(account: httpx.Client) -> None:
    """Observed: 5 groups gave 0, 5, 5."""
    body = account.get("groups").json()
    assert (body["fromIndex"], body["toIndex"], body["total"]) == (0, 3, 3)
    page = account.get("groups", params={"offset": 1, "pageSize": 1}).json()
    assert ([group["key"] for group in page["results"]], page["toIndex"]) == (["5002"], 2)


def test_create_answers_with_a_bare_key(account: httpx.Client) -> None:
    """Observed."""
    reply = account.post("groups", json={"name": " Revenue ", "parentKey": "5003"})
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (200, "observed")
    key = reply.json()
    assert isinstance(key, str)
    assert account.get(f"groups/{key}").json()["namePath"] == ["Support", "Revenue"]


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "group.name.required"),
        ({"name": " "}, 400, "group.name.required"),
        ({"name": "sales"}, 409, "group.name.conflict"),
        ({"name": "Revenue", "parentKey": "1"}, 404, "group.not.found"),
    ],
)
def test_group_needs_a_free_name(account: httpx.Client, body: dict[str, str], status: int, code: str) -> None:
    """Observed: the codes; assumed: their statuses, and that case does not count."""
    reply = account.post("groups", json=body)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (status, code)
    assert reply.headers["X-Sandbox-Basis"] == "observed"


def test_rename_changes_the_name_and_must_not_carry_the_key(account: httpx.Client) -> None:
    """Observed."""
    assert account.put("groups/5001", json={"name": "SALES"}).status_code == 204
    assert account.get("groups/5001").json()["name"] == "SALES"
    assert account.put("groups/5001", json={"key": "5001", "name": "X"}).status_code == 400
    assert account.put("groups/5001", json={"name": "Support"}).json()["errors"][0]["code"] == "group.name.conflict"


def test_deleted_group_leaves_its_members(account: httpx.Client) -> None:
    """Observed: the call; assumed: members stay, a group with subgroups does not go."""
    refused = account.delete("groups/5001")
    assert (refused.status_code, refused.json()["errors"][0]["code"]) == (409, "group.has.subgroups")
    assert account.delete("groups/5002").status_code == 204
    assert "groupKey" not in account.get("users/7003").json()
    assert account.get("groups/5002").json()["errors"] == [{"code": "group.not.found", "value": "5002"}]


def test_user_is_in_one_group_at_most(account: httpx.Client) -> None:
    """Documented; observed: the call has no body."""
    assert account.put("groups/5003/users/7002").status_code == 204
    assert account.get("users/7002").json()["groupName"] == "Support"
    assert "userKeys" not in account.get("groups/5001").json()


def test_user_leaves_all_groups_at_once(account: httpx.Client) -> None:
    """Observed: the only removal found."""
    assert account.delete("users/7002/groups").status_code == 204
    assert "groupKey" not in account.get("users/7002").json()
    assert account.delete("users/7002/groups").status_code == 204  # assumed: being in none already is no fault


def test_unknown_group_is_not_found(account: httpx.Client) -> None:
    """Observed: the code; assumed: 404."""
    for reply in (account.put("groups/1/users/7002"), account.put("groups/1", json={"name": "X"})):
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (404, "group.not.found")
