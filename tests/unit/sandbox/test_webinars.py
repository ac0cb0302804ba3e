"""The Webinar API, and what a delete does to webinars. Each test says what its fact rests on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

SignIn = Callable[..., httpx.Client]
NOW = datetime.now(UTC).replace(microsecond=0)


def moment(days: float) -> str:
    return (NOW + timedelta(days=days)).strftime("%Y-%m-%dT%H:%M:%SZ")


def webinar(key: str, organizer: str = "7002", days: float = 1, **further: Any) -> dict[str, Any]:
    times = {"starts": moment(days), "ends": moment(days + 0.1)}
    return {"key": key, "organizer": organizer, "subject": f"Webinar {key}", **times, **further}


WEBINARS = [
    webinar("6001", days=3),
    webinar("6002", days=2, coorganizers=["7003", "7001"], externalCoorganizers=["guest@other.example"]),
    webinar("6003", days=9, externalCoorganizers=["guest@other.example"]),
    webinar("6004", days=-5, coorganizers=["7003"]),
    webinar("6005", "7003"),
]


@pytest.fixture
def account(sign_in: SignIn) -> httpx.Client:
    return sign_in(webinars=WEBINARS)


def ask(account: httpx.Client, path: str, **query: Any) -> httpx.Response:
    url = f"{account.base_url.scheme}://{account.base_url.netloc.decode()}/G2W/rest/v2/organizers/{path}"
    return account.get(url, params=query)


def listed(account: httpx.Client, organizer: str = "7002", **query: Any) -> httpx.Response:
    window = {"fromTime": moment(0), "toTime": moment(30)}
    return ask(account, f"{organizer}/webinars", **{**window, **query})


def keys(reply: httpx.Response) -> list[str]:
    return [entry["webinarKey"] for entry in reply.json().get("_embedded", {}).get("webinars", [])]


def left(control: httpx.Client) -> dict[str, tuple[str, list[str]]]:
    """Return organiser and fellow organisers of every webinar that is left."""
    return {
        entry["webinarKey"]: (entry["organizerKey"], [other["email"] for other in entry["coorganizers"]])
        for entry in control.get("webinars").json()["webinars"]
    }


def test_webinars_of_an_organiser_are_listed(account: httpx.Client) -> None:
    """Documented: the call and its form."""
    reply = listed(account)
    assert (reply.status_code, reply.headers["X-Sandbox-Basis"]) == (200, "documented")
    assert keys(reply) == ["6002", "6001", "6003"]
    assert reply.json()["page"] == {"size": 20, "totalElements": 3, "totalPages": 1, "number": 0}
    assert reply.json()["_embedded"]["webinars"][0] == {
        "webinarKey": "6002", "organizerKey": "7002", "accountKey": "3001", "subject": "Webinar 6002",
        "times": [{"startTime": moment(2), "endTime": moment(2.1)}], "timeZone": "UTC",
    }  # fmt: skip


def test_webinars_come_in_pages(account: httpx.Client) -> None:
    """Documented: ``page`` from zero, ``size``; assumed: 200 at most, and an empty page behind the end."""
    first, second = (listed(account, size=2, page=number) for number in (0, 1))
    assert (keys(first), keys(second)) == (["6002", "6001"], ["6003"])
    assert second.json()["page"] == {"size": 2, "totalElements": 3, "totalPages": 2, "number": 1}
    assert listed(account, size=9999).json()["page"]["size"] == 200
    assert keys(listed(account, page=5)) == []


def test_no_webinars_are_not_embedded(account: httpx.Client) -> None:
    """Documented."""
    body = listed(account, "7004").json()
    assert body == {"page": {"size": 20, "totalElements": 0, "totalPages": 0, "number": 0}}


def test_time_selects_what_lies_in_it_in_part(account: httpx.Client) -> None:
    """Assumed: a part is enough."""
    assert keys(listed(account, fromTime=moment(2.05), toTime=moment(3.05))) == ["6002", "6001"]
    assert keys(listed(account, fromTime=moment(-30))) == ["6004", "6002", "6001", "6003"]


@pytest.mark.parametrize(
    "query", [{"fromTime": "tomorrow"}, {"toTime": ""}, {"toTime": "2027-01-01"}, {"page": "-1"}, {"size": "0"}]
)
def test_time_and_page_must_be_valid(account: httpx.Client, query: dict[str, str]) -> None:
    """Documented: the times are required; assumed: 400 and its form."""
    reply = listed(account, **query)
    assert (reply.status_code, reply.json()["errorCode"]) == (400, "InvalidRequest")
    assert next(iter(query)) in reply.json()["description"]
    assert reply.headers["X-Sandbox-Basis"] == "assumed"


def test_fellow_organisers_are_a_bare_array(account: httpx.Client) -> None:
    """Documented: the form; somebody external is told as that."""
    reply = ask(account, "7002/webinars/6002/coorganizers")
    assert reply.headers["X-Sandbox-Basis"] == "documented"
    assert [(entry["memberKey"], entry["email"], entry["external"]) for entry in reply.json()[:2]] == [
        ("7001", "root@acme.example", False),
        ("7003", "bo@acme.example", False),
    ]
    assert sorted(reply.json()[0]) == ["email", "external", "givenName", "joinLink", "memberKey", "surname"]
    assert (reply.json()[2]["email"], reply.json()[2]["external"]) == ("guest@other.example", True)
    assert ask(account, "7002/webinars/6001/coorganizers").json() == []
    for path in ("7002/webinars/1/coorganizers", "7003/webinars/6001/coorganizers", "1/webinars/6001/coorganizers"):
        assert (ask(account, path).status_code, ask(account, path).json()["errorCode"]) == (404, "NotFound")


def test_scope_is_needed_and_403_says_so(account: httpx.Client, sign_in: SignIn) -> None:
    """Observed: 403 only, never 401; assumed: the code for a scope."""
    account.headers["Authorization"] = "Bearer nonsense"
    reply = listed(account)
    assert (reply.status_code, reply.json()["errorCode"]) == (403, "AUTHN_INVALID_TOKEN")
    assert reply.headers["X-Sandbox-Basis"] == "observed"
    without = sign_in(webinars=WEBINARS, oauth={"scope": "identity:"})
    refused = listed(without)
    assert (refused.status_code, refused.json()["errorCode"]) == (403, "AUTHZ_INSUFFICIENT_SCOPE")
    assert without.get("users").status_code == 200


def test_others_webinars_are_for_admins(sign_in: SignIn) -> None:
    """Assumed."""
    member = sign_in("7003", webinars=WEBINARS)
    assert keys(listed(member, "7003")) == ["6005"]
    assert listed(member, "7002").status_code == 403


def test_deleted_organiser_takes_webinars_along_unless_others_organise_them(
    account: httpx.Client, control: httpx.Client
) -> None:
    """Documented: co-organisers of the same account save them; assumed: the oldest of them takes over."""
    assert account.delete("users/7002").status_code == 204
    assert left(control) == {
        "6002": ("7001", ["bo@acme.example", "guest@other.example"]),
        "6005": ("7003", []),
    }  # 6004 is over, and history goes with the person
    assert listed(account).status_code == 404
    assert keys(listed(account, "7001")) == ["6002"]


def test_revived_organiser_has_the_lost_webinars_again(account: httpx.Client, control: httpx.Client) -> None:
    """Documented: history and sessions come back."""
    account.delete("users/7002")
    account.post("users", json={"users": [{"email": "ada@acme.example", "firstName": "Ada", "lastName": "Byron"}]})
    assert keys(listed(account)) == ["6001", "6003"]


def test_deleted_fellow_organiser_is_none_any_more(account: httpx.Client, control: httpx.Client) -> None:
    """Assumed."""
    account.delete("users/7003,7001")
    assert left(control)["6002"] == ("7002", ["guest@other.example"])


def test_taking_the_licence_leaves_the_webinars(account: httpx.Client, control: httpx.Client) -> None:
    """Documented: only a delete loses them; suspending keeps history."""
    account.put("users/7002", json={"licenseKeys": []})
    assert "6001" in left(control)
