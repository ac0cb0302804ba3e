"""Lists of users: envelope, paging, filter, attributes. Each test says what its fact rests on."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from tasks.sandbox.filters import parse
from tasks.sandbox.wire import GotoRefusal


def keys(reply: httpx.Response) -> list[str]:
    return [user["key"] for user in reply.json().get("results", [])]


def filtered(account: httpx.Client, text: str) -> httpx.Response:
    """Filter with every blank as %20; httpx would write a ``+``."""
    return account.get(f"users?filter={quote(text, safe='')}")


def test_list_has_an_exclusive_end(account: httpx.Client) -> None:
    """Observed: 14 users gave fromIndex 0, toIndex 14, total 14."""
    body = account.get("users").json()
    assert (body["fromIndex"], body["toIndex"], body["total"], len(body["results"])) == (0, 4, 4, 4)


def test_offset_counts_from_zero(account: httpx.Client) -> None:
    """Observed."""
    reply = account.get("users", params={"offset": 1, "pageSize": 2})
    assert keys(reply) == ["7002", "7003"]
    assert (reply.json()["fromIndex"], reply.json()["toIndex"], reply.json()["total"]) == (1, 3, 4)


def test_page_behind_the_end_is_empty(account: httpx.Client) -> None:
    """Assumed."""
    body = account.get("users", params={"offset": 9}).json()
    assert body == {"results": [], "fromIndex": 4, "toIndex": 4, "total": 4}


def test_page_has_25_by_default_and_1000_at_most(control: httpx.Client, account: httpx.Client) -> None:
    """Assumed: default 25; observed: a client takes 1000 for the most."""
    switches = control.get("switches").json()
    assert (switches["default_page_size"], switches["max_page_size"]) == (25, 1000)
    control.put("switches", json={"default_page_size": 2, "max_page_size": 3})
    assert keys(account.get("users")) == ["7001", "7002"]
    assert keys(account.get("users", params={"pageSize": 1001})) == ["7001", "7002", "7003"]


@pytest.mark.parametrize("query", [{"offset": "-1"}, {"offset": "x"}, {"pageSize": "0"}, {"pageSize": "1e3"}])
def test_page_that_is_no_number_is_refused(account: httpx.Client, query: dict[str, str]) -> None:
    """Assumed: 400."""
    reply = account.get("users", params=query)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "parameter.invalid")
    assert reply.json()["errors"][0]["value"] in query


def test_results_are_missing_or_empty_where_nothing_matches(control: httpx.Client, account: httpx.Client) -> None:
    """Observed: ``results`` may be missing altogether."""
    nobody = 'email eq "nobody@acme.example"'
    assert filtered(account, nobody).json() == {"fromIndex": 0, "toIndex": 0, "total": 0}
    control.put("switches", json={"empty_results": "empty"})
    assert filtered(account, nobody).json() == {"results": [], "fromIndex": 0, "toIndex": 0, "total": 0}


def test_attributes_trim_the_fields(account: httpx.Client) -> None:
    """Observed."""
    reply = account.get("users", params={"attributes": "key,email", "pageSize": 1})
    assert reply.json()["results"] == [{"key": "7001", "email": "root@acme.example"}]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('email eq "ada@acme.example"', ["7002"]),
        ('email eq "ADA@acme.example"', ["7002"]),
        ('key eq "7003"', ["7003"]),
        ('status eq "INVITED"', ["7003"]),
        ('groupKey eq "5001"', ["7002"]),
        ('lastName sw "B"', ["7002", "7003"]),
        ('email co "o@acme"', ["7003"]),
        ('firstName eq "Ada" or firstName eq "Cy"', ["7002", "7004"]),
        ('lastName sw "b" and firstName eq "bo"', ["7003"]),
        ('firstName eq "Cy" or lastName sw "b" and firstName eq "bo"', ["7003", "7004"]),
        ('email eq "nobody@acme.example"', []),
        ('email eq "%"', []),
    ],
)
def test_filter_selects_users(account: httpx.Client, text: str, found: list[str]) -> None:
    """Observed: ``eq`` on email; assumed: the other operators and attributes, ``and`` before ``or``."""
    assert keys(filtered(account, text)) == found


def test_filter_by_eq_is_observed_and_any_other_assumed(account: httpx.Client) -> None:
    for text, basis in [('email eq "x"', "observed"), ('email sw "x"', "assumed")]:
        assert filtered(account, text).headers["X-Sandbox-Basis"] == basis


def test_plus_for_a_space_in_a_filter_is_refused(account: httpx.Client) -> None:
    """Observed: spaces must be %20."""
    reply = account.get("users?filter=email+eq+%22ada@acme.example%22")
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (400, "observed")
    assert reply.json()["errors"] == [{"code": "filter.invalid", "value": "filter"}]


def test_plus_in_an_address_is_found_when_it_is_escaped(account: httpx.Client, create: Any) -> None:
    """Observed: the rest of the filter is percent-encoded as usual."""
    key = create("dee+1@acme.example").json()[0]["key"]
    assert keys(account.get("users?filter=email%20eq%20%22dee%2B1@acme.example%22")) == [key]


@pytest.mark.parametrize(
    "text",
    ["", "email", 'email eq', 'email ne "x"', 'phone eq "x"', 'email eq x', '(email eq "x")', 'email eq "x" and',
     'email eq "x" xor email eq "y"', 'email eq "x', '"email" eq "x"'],
)  # fmt: skip
def test_filter_of_unknown_syntax_is_refused(account: httpx.Client, text: str) -> None:
    """Assumed: 400."""
    reply = filtered(account, text)
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "filter.invalid")


def test_filter_may_know_one_eq_alone(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed: a switch, since no other operator is confirmed."""
    control.put("switches", json={"filter_grammar": "eq"})
    assert keys(filtered(account, 'email eq "ada@acme.example"')) == ["7002"]
    for text in ('lastName sw "B"', 'key eq "7002" or key eq "7003"'):
        reply = filtered(account, text)
        assert (reply.status_code, reply.json()["errors"][0]["code"]) == (400, "filter.invalid")


def test_list_is_sorted_by_an_extension(account: httpx.Client) -> None:
    """Assumed: attributes of a filter, a ``-`` for down, commas between."""
    reply = account.get("users", params={"sort": "lastName"})
    assert (keys(reply), reply.headers["X-Sandbox-Basis"]) == (["7003", "7002", "7001", "7004"], "assumed")
    assert keys(account.get("users", params={"sort": "-email", "pageSize": 2})) == ["7001", "7004"]
    assert keys(account.get("users", params={"sort": "groupKey,-key"})) == ["7004", "7001", "7002", "7003"]
    unknown = account.get("users", params={"sort": "phone"})
    assert (unknown.status_code, unknown.json()["errors"]) == (400, [{"code": "sort.invalid", "value": "sort"}])


def test_sort_may_be_refused(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed: a switch."""
    control.put("switches", json={"sort": "refused"})
    reply = account.get("users", params={"sort": "lastName"})
    assert (reply.status_code, reply.json()["errors"]) == (400, [{"code": "parameter.unknown", "value": "sort"}])


def test_filter_takes_100_terms_and_no_more() -> None:
    """Assumed: as many as keys in a path."""
    term = 'key eq "1"'
    assert len(parse(" or ".join([term] * 100)).values) == 100
    with pytest.raises(GotoRefusal, match=r"filter\.too\.long"):
        parse(" or ".join([term] * 101))


def test_quotation_mark_in_a_value_is_escaped() -> None:
    """Assumed."""
    assert parse(r'lastName eq "O\"Neil"').values == ('o"neil',)


def test_user_has_the_fields_that_were_seen(account: httpx.Client) -> None:
    """Observed: recorded replies and typed models."""
    user = account.get("users/7002").json()
    invited = user.pop("invitedDate")
    assert invited > 1_700_000_000_000  # epoch milliseconds
    assert user == {
        "key": "7002", "email": "ada@acme.example", "firstName": "Ada", "lastName": "Byron", "locale": "en_US",
        "licenseKeys": ["9002"], "products": ["G2M"], "adminRoles": [], "admin": False, "status": "ACTIVE",
        "passwordCreated": True, "canAuthenticate": True, "inviteCount": 1, "nameLocked": False,
        "emailLocked": False, "identityReadOnly": False, "groupKey": "5001", "groupName": "Sales",
    }  # fmt: skip


def test_user_without_product_and_role_is_suspended(account: httpx.Client) -> None:
    """Observed."""
    assert account.get("users/7004").json()["status"] == "SUSPENDED"


def test_user_is_invited_until_activated(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed: INVITED and ACTIVE; observed: canAuthenticate is false before."""
    before = account.get("users/7003").json()
    assert (before["status"], before["canAuthenticate"]) == ("INVITED", False)
    after = control.post("users/7003/activate").json()
    assert (after["status"], after["canAuthenticate"]) == ("ACTIVE", True)


def test_user_who_stays_away_is_inactive(account: httpx.Client, control: httpx.Client) -> None:
    """Documented: Inactive after long without a sign-in; assumed: the word, and that a sign-in ends it."""
    assert control.post("users/7002/inactive").json()["status"] == "INACTIVE"
    user = account.get("users/7002").json()
    assert (user["status"], user["canAuthenticate"], user["licenseKeys"]) == ("INACTIVE", True, ["9002"])
    assert keys(filtered(account, 'status eq "INACTIVE"')) == ["7002"]
    assert control.post("users/7002/activate").json()["status"] == "ACTIVE"
    control.post("users/7002/inactive")
    account.put("users/7002", json={"licenseKeys": []})
    assert account.get("users/7002").json()["status"] == "SUSPENDED"
    never = control.post("users/7003/inactive")
    assert (never.status_code, never.json()["errors"][0]["code"]) == (409, "user.never.active")


def test_statuses_may_have_other_words(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed: a switch; SUSPENDED is observed."""
    control.put("switches", json={"status_words": "other"})
    control.post("users/7001/inactive")
    words = {user["key"]: user["status"] for user in account.get("users").json()["results"]}
    assert words == {"7001": "DORMANT", "7002": "ENABLED", "7003": "PENDING", "7004": "SUSPENDED"}
    assert keys(filtered(account, 'status eq "PENDING" or status co "DORM"')) == ["7001", "7003"]
    assert keys(filtered(account, 'status eq "INVITED"')) == []


def test_addresses_of_the_organisation_may_be_locked(
    sign_in: Callable[..., httpx.Client], control: httpx.Client
) -> None:
    """Documented: members of an organisation cannot change their own address; assumed: a switch for the API."""
    account = sign_in(organisation={"name": "Acme", "domains": [{"domain": "acme.example"}]})
    assert account.get("users/7002").json()["emailLocked"] is False
    control.put("switches", json={"organisation_locks_email": True})
    assert account.get("users/7002").json()["emailLocked"] is True
    reply = account.put("users/7002", json={"email": "ada.king@acme.example"})
    assert (reply.status_code, reply.json()["errors"][0]["code"]) == (403, "user.email.locked")
    account.put("users/7002", json={"email": "ada@acme.example"}).raise_for_status()  # the same is no change


def test_unknown_user_is_not_found(account: httpx.Client) -> None:
    """Observed: the code; assumed: 404."""
    reply = account.get("users/1")
    assert (reply.status_code, reply.json()["errors"]) == (404, [{"code": "user.not.found", "value": "1"}])


def test_keys_are_numbers_when_the_switch_says_so(control: httpx.Client, account: httpx.Client, create: Any) -> None:
    """Documented: one vendor example has an unquoted number of more than 64 bits."""
    control.put("switches", json={"numeric_keys": True})
    key = create("dee@acme.example", licenseKeys=[9001], groupKey=5001).json()[0]["key"]
    assert isinstance(key, int)
    assert key > 2**64
    user = account.get(f"users/{key}").json()
    assert (user["key"], user["licenseKeys"], user["groupKey"]) == (key, [9001], 5001)
    assert account.get("groups/5001").json()["userKeys"] == [7002, key]
    assert account.get("licenses").json()["results"][0]["invitedUserKeys"] == [key]
