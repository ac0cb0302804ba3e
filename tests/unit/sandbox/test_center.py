"""The Admin Center page: what it shows, what it escapes, and whom it lets change something."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running

HOSTILE = "<script>alert('x')</script>"


@pytest.fixture
def center(server: Running, control: httpx.Client) -> Iterator[httpx.Client]:
    """The pages, by paths like ``people/7002``."""
    with httpx.Client(base_url=f"{server.url}/center/", verify=False, trust_env=False) as client:
        yield client


def names(page: httpx.Response) -> list[str]:
    assert page.status_code == 200
    return re.findall(r'<a href="/center/people/\d+">([^<]+)</a>', page.text)


def test_the_root_leads_to_the_people(server: Running, center: httpx.Client) -> None:
    assert httpx.get(f"{server.url}/", verify=False, trust_env=False).headers["Location"] == "/center"


def test_people_are_listed_by_name(center: httpx.Client) -> None:
    assert names(center.get("")) == ["Bo Berg", "Ada Byron", "Robin Root", "Cy Stone"]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"search": "byr"}, ["Ada Byron"]),
        ({"search": "ADA@acme"}, ["Ada Byron"]),
        ({"search": "%"}, []),
        ({"search": "_da"}, []),
        ({"status": "SUSPENDED"}, ["Cy Stone"]),
        ({"product": "G2C"}, ["Bo Berg"]),
        ({"group": "5001"}, ["Ada Byron"]),
        ({"role": "any"}, ["Robin Root"]),
        ({"role": "SUPER_USER"}, ["Robin Root"]),
        ({"order": "address"}, ["Ada Byron", "Bo Berg", "Cy Stone", "Robin Root"]),
        ({"order": "1; DROP TABLE users"}, ["Bo Berg", "Ada Byron", "Robin Root", "Cy Stone"]),
        ({"status": "' OR 1=1 --"}, []),
        ({"page": "-3"}, ["Bo Berg", "Ada Byron", "Robin Root", "Cy Stone"]),
        ({"page": "999999999999"}, ["Bo Berg", "Ada Byron", "Robin Root", "Cy Stone"]),
    ],
)
def test_people_are_found(center: httpx.Client, query: dict[str, str], found: list[str]) -> None:
    assert names(center.get("", params=query)) == found


def test_nobody_found_says_what_to_do(center: httpx.Client) -> None:
    assert "Nobody fits." in center.get("", params={"search": "nobody"}).text


def test_many_people_come_in_pages(center: httpx.Client, create: Callable[..., httpx.Response]) -> None:
    create(*(f"p{number:02}@acme.example" for number in range(60)))
    first, second = center.get(""), center.get("", params={"page": 2})
    assert (len(names(first)), len(names(second))) == (50, 14)
    assert "64 people, page 1 of 2" in first.text
    assert 'rel="next"' in first.text
    assert 'rel="next"' not in second.text


def test_what_people_are_called_is_escaped(center: httpx.Client, account: httpx.Client) -> None:
    made = account.post(
        "users", json={"users": [{"email": "x@acme.example", "firstName": HOSTILE[:32], "lastName": "X"}]}
    )
    key = made.json()[0]["key"]
    for page in (
        center.get(""),
        center.get(f"people/{key}"),
        center.get("outbox"),
        center.get("", params={"search": HOSTILE}),
    ):
        assert "<script" not in page.text
    assert "&lt;script&gt;" in center.get(f"people/{key}").text


def test_every_page_forbids_scripts_and_foreign_parts(center: httpx.Client) -> None:
    for path in (
        "",
        "licences",
        "groups",
        "organisation",
        "user-sync",
        "outbox",
        "templates",
        "requests",
        "people/7002",
    ):
        page = center.get(path)
        assert page.status_code == 200, path
        assert page.headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "<script" not in page.text
        assert page.text.count("<h1") == 1
        assert re.search(r"<title>[^<]+</title>", page.text)


def test_a_person_shows_what_they_hold_what_happened_and_their_mails(
    center: httpx.Client, account: httpx.Client, create: Callable[..., httpx.Response]
) -> None:
    key = create("dee@acme.example", licenseKeys=["9002"], groupKey="5001").json()[0]["key"]
    account.put(f"users/{key}", json={"lastName": "Dale-Smith"})
    account.delete(f"licenses/9002/users/{key}")
    page = center.get(f"people/{key}").text
    for part in (
        "Dee Dale-Smith",
        "dee@acme.example",
        "Made",
        "Licence given",
        "Licence taken",
        "Name changed",
        "Sales",
    ):
        assert part in page
    assert page.count('class="mail"') >= 2
    assert "None: without product and role" in page


def test_a_person_who_is_not_there_is_404_in_the_same_look(center: httpx.Client) -> None:
    page = center.get("people/1")
    assert page.status_code == 404
    assert "There is no such page" in page.text


def test_licences_show_the_seats_that_are_used(center: httpx.Client) -> None:
    page = center.get("licences").text
    assert "0 of 3 used, 3 free" in page
    assert "1 used, any number" in page
    assert "Switched off" in page


def test_groups_stand_below_their_parents(center: httpx.Client) -> None:
    page = center.get("groups").text
    assert page.index("Sales</a>") < page.index("Sales EMEA") < page.index("Support")
    assert 'class="depth-1"' in page


def own(center: httpx.Client) -> dict[str, str]:
    return {"Origin": f"{center.base_url.scheme}://{center.base_url.netloc.decode()}"}


def test_a_domain_is_added_and_verified_by_the_forms(center: httpx.Client, control: httpx.Client) -> None:
    added = center.post("organisation/domains", data={"domain": "acme.example"}, headers=own(center))
    assert added.status_code == 303
    record = control.get("organisation").json()["domains"][0]["records"]["dns"]
    assert record in center.get("organisation").text
    center.post("organisation/verify", data={"domain": "acme.example", "publish": record}, headers=own(center))
    assert control.get("organisation").json()["domains"][0]["status"] == "verified"
    set_ = {"user": "7001", "role": "read"}
    center.post("organisation/admins", data=set_, headers=own(center))
    assert "Admin (read only)" in center.get("organisation").text


def test_a_refusal_is_told_on_the_page(center: httpx.Client) -> None:
    refused = center.post("organisation/verify", data={"domain": "nowhere.example"}, headers=own(center))
    page = center.get(refused.headers["Location"].removeprefix("/center/"))
    assert "nowhere.example" in page.text
    assert 'role="status"' in page.text


def test_a_person_is_activated_by_the_form(center: httpx.Client, account: httpx.Client) -> None:
    assert center.post("people/7003/activate", headers=own(center)).status_code == 303
    assert account.get("users/7003").json()["status"] == "ACTIVE"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_form_of_somebody_elses_page_changes_nothing(
    center: httpx.Client, account: httpx.Client, headers: dict[str, str]
) -> None:
    assert center.post("people/7003/activate", headers=headers).status_code == 403
    assert account.get("users/7003").json()["status"] == "INVITED"


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_pages_are_not_shown_under_a_name_that_leads_here(center: httpx.Client, method: str) -> None:
    headers = {"Host": "evil.example", "Origin": "http://evil.example"}
    path = "" if method == "GET" else "people/7003/activate"
    assert center.request(method, path, headers=headers).status_code == 403


def test_a_large_form_is_not_read(center: httpx.Client) -> None:
    sent: Any = {"domain": "x" * 20_000}
    assert center.post("organisation/domains", data=sent, headers=own(center)).status_code == 422
