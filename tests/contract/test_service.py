"""What reading alone shows of the service, on the wire: these may run against a real account, and change nothing.

Always against the sandbox. Against an account of GoTo's too where ``ROSTERFLOW_CONTRACT_PIPELINE`` names a pipeline
file whose target and ``auth`` lead there; nothing but GET is sent to it. What a failing test prints may end up in a
log, so keys, numbers and fingerprints are compared, never a person's record.
"""

import asyncio
import hashlib
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

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
        """Send one GET to the Admin API, below the account's path, with the query exactly as it is given.

        httpx's own error is kept in: its message has the URL, and with it the address of a filter.
        """

        async def main() -> httpx.Response:
            async with open_target(self.spec, resolve_secret, KeptTokens(Settings().tokens)) as target:
                token = await target._tokens.current()
            url = f"{self.spec.urls.api.rstrip('/')}{BASE_PATH}/accounts/{self.spec.account_key}{path}"
            headers = {"Authorization": f"Bearer {token.value.get_secret_value()}", "Accept": "application/json"}
            async with httpx.AsyncClient(trust_env=not self.spec.urls.is_local) as http:
                return await http.get(httpx.URL(url, query=query.encode()), headers=headers)

        failed = ""
        try:
            return asyncio.run(main())
        except httpx.HTTPError as exc:
            failed = type(exc).__name__
        pytest.fail(f"The service gave no answer ({failed}).", pytrace=False)

    def read(self, path: str, query: str = "") -> Any:
        """Return the answer to a GET. Fails with its status alone."""
        answer = self.get(path, query)
        if not answer.is_success:
            pytest.fail(f"The service answered {answer.status_code}.", pytrace=False)
        return answer.json()

    def first_user(self) -> Any:
        return self.read("/users", "offset=0&pageSize=1")["results"][0]


def fingerprint(value: Any) -> str:
    """Return what tells two values apart without showing either: a failing test prints what it compares."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:12]


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
    page = service.read("/users", "offset=0&pageSize=1")
    ends = (page["fromIndex"], page["toIndex"], len(page["results"]))
    assert ends == (0, 1, 1)
    beyond = len(service.read("/users", f"offset={page['total']}&pageSize=1").get("results", []))
    assert beyond == 0


def test_one_address_is_found_by_filter(service: Service) -> None:
    """C8. Observed: a blank in a filter is ``%20``."""
    user = service.first_user()
    address = quote(user["email"], safe="")
    found = [str(one["key"]) for one in service.read("/users", f"filter=email%20eq%20%22{address}%22")["results"]]
    wanted = [str(user["key"])]
    assert found == wanted


def test_a_plus_is_no_blank_in_a_filter(service: Service) -> None:
    """C8. Observed: ``+`` for a blank is refused."""
    assert service.get("/users", "filter=email+eq+%22nobody@nowhere.example%22").status_code == 400


def test_no_match_is_an_empty_list(service: Service) -> None:
    """C7. Observed: total 0, and ``results`` may be missing."""
    answer = service.read("/users", "filter=email%20eq%20%22nobody%40nowhere.example%22")
    found = (answer["total"], len(answer.get("results", [])))
    assert found == (0, 0)


def test_keys_are_digits_in_text_or_number(service: Service) -> None:
    """C4. Observed: long decimal numbers, as text or bare."""
    key = str(service.first_user()["key"])
    assert key.isdecimal()


def test_the_whole_account_is_read(service: Service) -> None:
    """R2, R3, R6, R7, R11, R12. Observed: the lists of users, groups, licences, role sets and templates."""
    state = service.ask(lambda target: target.read())
    read, told = len(state.accounts), service.read("/users", "offset=0&pageSize=1")["total"]
    assert read == told
    unknown = set(state.grants["licence_key"]) - set(state.licences["licence_key"])
    assert not unknown
    unknown = set(state.accounts["group_key"].dropna()) - set(state.groups["group_key"])
    assert not unknown
    without_products = int(state.licences["products"].map(len).eq(0).sum())
    assert without_products == 0


def test_a_user_alone_is_as_in_the_list(service: Service) -> None:
    """R2. Observed: ``GET /users/{key}`` has the fields of the list."""
    user = service.first_user()
    alone = service.read(f"/users/{user['key']}")
    shared = ("key", "email", "firstName", "lastName", "status")
    differing = [name for name in shared if fingerprint(alone.get(name)) != fingerprint(user.get(name))]
    assert differing == []


def test_who_is_not_there_is_named_so(service: Service) -> None:
    """C9, W17. Observed: the code ``user.not.found``; that it comes with 404 is assumed."""
    answer = service.get("/users/1")
    said = (answer.status_code, answer.json()["errors"][0]["code"])
    assert said == (404, "user.not.found")


def test_who_has_no_product_and_no_role_is_suspended(service: Service) -> None:
    """R4. Documented."""
    users = service.read("/users", "offset=0&pageSize=1000")["results"]
    bare = [user for user in users if not (user.get("licenseKeys") or user.get("adminRoles") or user.get("roleSets"))]
    others = {user["status"] for user in bare} - {"SUSPENDED"}
    assert not others


def test_a_failing_test_names_nobody(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the tests above print where the service refuses, or does not answer."""
    query = "filter=email%20eq%20%22ada%40acme.example%22"
    with pytest.raises(pytest.fail.Exception) as caught:
        service.read("/nothing", query)
    assert "acme.example" not in str(caught.value)

    async def cut(self: httpx.AsyncClient, url: httpx.URL, **_: Any) -> httpx.Response:
        raise httpx.ConnectError(f"No answer from {url}")

    monkeypatch.setattr(httpx.AsyncClient, "get", cut)
    with pytest.raises(pytest.fail.Exception) as caught:
        service.get("/users", query)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert "acme.example" not in str(caught.value)
