"""What reading alone shows of the service, on the wire: these may run against a real account, and change nothing.

Always against the sandbox. Against an account of GoTo's too where ``ROSTERFLOW_CONTRACT_PIPELINE`` names a pipeline
file whose target and ``auth`` lead there; nothing but GET is sent to it.
"""

import asyncio
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.connectors.goto import GotoConnector
from tasks.connectors.goto.opening import BASE_PATH
from tasks.connectors.kept_tokens import KeptTokens
from tasks.connectors.registry import open_target
from tasks.model.pipeline import GotoTarget
from tasks.pipeline_file import load_pipeline
from tasks.settings import Settings, resolve_secret

SERVICES = ["sandbox", *(["account"] if os.environ.get("ROSTERFLOW_CONTRACT_PIPELINE") else [])]


class Service:
    """A target as a pipeline names it, read by the client and, to see the wire itself, by hand."""

    def __init__(self, spec: GotoTarget) -> None:
        self.spec = spec

    def ask(self, scenario: Callable[[GotoConnector], Awaitable[Any]]) -> Any:
        async def main() -> Any:
            async with open_target(self.spec, resolve_secret, KeptTokens(Settings().tokens)) as target:
                return await scenario(target)

        return asyncio.run(main())

    def get(self, path: str, query: str = "") -> httpx.Response:
        """Send one GET to the Admin API, below the account's path, with the query exactly as it is given."""

        async def main() -> httpx.Response:
            async with open_target(self.spec, resolve_secret, KeptTokens(Settings().tokens)) as target:
                token = await target._tokens.current()
            url = f"{self.spec.urls.api.rstrip('/')}{BASE_PATH}/accounts/{self.spec.account_key}{path}"
            headers = {"Authorization": f"Bearer {token.value.get_secret_value()}", "Accept": "application/json"}
            async with httpx.AsyncClient(trust_env=not self.spec.urls.is_local) as http:
                return await http.get(httpx.URL(url, query=query.encode()), headers=headers)

        return asyncio.run(main())

    def first_user(self) -> Any:
        return self.get("/users", "offset=0&pageSize=1").raise_for_status().json()["results"][0]


@pytest.fixture(params=SERVICES)
def service(request: pytest.FixtureRequest) -> Service:
    if request.param == "account":
        file = Path(os.environ["ROSTERFLOW_CONTRACT_PIPELINE"])
        return Service(load_pipeline(file, os.environ).pipeline.target)
    url = request.getfixturevalue("sandbox").url
    urls = {"api": url, "token": f"{url}/oauth/token"}
    return Service(GotoTarget.model_validate({"name": "goto", "kind": "goto", "account_key": "3001", "urls": urls}))


def test_credentials_reach_the_account(service: Service) -> None:
    """T1, T2, T4, R1. Documented: a token of an hour for a personal access token, and the accounts it reaches."""
    assert service.ask(lambda target: target.identify()) == service.spec.account_key


def test_a_page_says_where_it_ends(service: Service) -> None:
    """C5. Observed: ``toIndex`` is an exclusive end, and ``offset`` begins at 0."""
    page = service.get("/users", "offset=0&pageSize=1").raise_for_status().json()
    assert (page["fromIndex"], page["toIndex"], len(page["results"])) == (0, 1, 1)
    beyond = service.get("/users", f"offset={page['total']}&pageSize=1").raise_for_status().json()
    assert beyond.get("results", []) == []


def test_one_address_is_found_by_filter(service: Service) -> None:
    """C8. Observed: a blank in a filter is ``%20``."""
    user = service.first_user()
    address = httpx.QueryParams({"a": user["email"]})["a"].replace("+", "%2B")
    found = service.get("/users", f"filter=email%20eq%20%22{address}%22").raise_for_status().json()
    assert [str(one["key"]) for one in found["results"]] == [str(user["key"])]


def test_a_plus_is_no_blank_in_a_filter(service: Service) -> None:
    """C8. Observed: ``+`` for a blank is refused."""
    assert service.get("/users", "filter=email+eq+%22nobody@nowhere.example%22").status_code == 400


def test_no_match_is_an_empty_list(service: Service) -> None:
    """C7. Observed: total 0, and ``results`` may be missing."""
    answer = service.get("/users", "filter=email%20eq%20%22nobody@nowhere.example%22").raise_for_status().json()
    assert (answer["total"], answer.get("results", [])) == (0, [])


def test_keys_are_digits_in_text_or_number(service: Service) -> None:
    """C4. Observed: long decimal numbers, as text or bare."""
    assert str(service.first_user()["key"]).isdecimal()


def test_the_whole_account_is_read(service: Service) -> None:
    """R2, R3, R6, R7, R11, R12. Observed: the lists of users, groups, licences, role sets and templates."""
    state = service.ask(lambda target: target.read())
    assert len(state.accounts) == service.get("/users", "offset=0&pageSize=1").json()["total"]
    assert set(state.grants["licence_key"]) <= set(state.licences["licence_key"])
    assert set(state.accounts["group_key"].dropna()) <= set(state.groups["group_key"])
    assert state.licences["products"].map(len).gt(0).all()


def test_a_user_alone_is_as_in_the_list(service: Service) -> None:
    """R2. Observed: ``GET /users/{key}`` has the fields of the list."""
    user = service.first_user()
    alone = service.get(f"/users/{user['key']}").raise_for_status().json()
    shared = {"key", "email", "firstName", "lastName", "status"}
    assert {name: alone[name] for name in shared} == {name: user[name] for name in shared}


def test_who_is_not_there_is_named_so(service: Service) -> None:
    """C9, W17. Observed: the code ``user.not.found``; that it comes with 404 is assumed."""
    answer = service.get("/users/1")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "user.not.found")


def test_who_has_no_product_and_no_role_is_suspended(service: Service) -> None:
    """R4. Documented."""
    users = service.get("/users", "offset=0&pageSize=1000").raise_for_status().json()["results"]
    bare = [user for user in users if not (user.get("licenseKeys") or user.get("adminRoles") or user.get("roleSets"))]
    assert {user["status"] for user in bare} <= {"SUSPENDED"}
