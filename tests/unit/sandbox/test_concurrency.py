"""Many calls at once: one address is one user, a seat is given once, and a call is whole or not at all."""

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

Mails = Callable[[], list[tuple[str, str]]]
PERSON = {"firstName": "Dee", "lastName": "Dale"}


def at_once(calls: int, call: Callable[[int], httpx.Response]) -> Counter[int]:
    with ThreadPoolExecutor(calls) as pool:
        return Counter(reply.status_code for reply in pool.map(call, range(calls)))


def test_concurrent_creates_of_one_address_make_one_user(account: httpx.Client, mails: Mails) -> None:
    body = {"users": [{"email": "dee@acme.example", **PERSON}]}
    assert at_once(12, lambda _: account.post("users", json=body)) == {200: 1, 409: 11}
    assert account.get("users").json()["total"] == 5
    assert mails() == [("welcome", "dee@acme.example")]


def test_concurrent_assignments_never_pass_the_seats(account: httpx.Client, create: Any) -> None:
    keys = [entry["key"] for entry in create(*[f"dee{n}@acme.example" for n in range(12)]).json()]
    assert at_once(12, lambda n: account.put(f"licenses/9001/users/{keys[n]}")) == {204: 3, 409: 9}
    assert account.get("licenses").json()["results"][0]["userCount"] == 3


def test_concurrent_creates_never_pass_the_seats(account: httpx.Client) -> None:
    def create_two(n: int) -> httpx.Response:
        users = [{"email": f"dee{n}.{m}@acme.example", **PERSON} for m in range(2)]
        return account.post("users", json={"users": users, "licenseKeys": ["9001"]})

    assert at_once(8, create_two) == {200: 1, 409: 7}
    assert account.get("users").json()["total"] == 6


def test_concurrent_groups_of_one_name_make_one_group(account: httpx.Client) -> None:
    assert at_once(8, lambda _: account.post("groups", json={"name": "Revenue"})) == {200: 1, 409: 7}
