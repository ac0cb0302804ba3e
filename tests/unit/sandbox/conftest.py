"""A sandbox over real HTTP: one server for all these tests, set back to the same declared state for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest

from tasks.sandbox import Running, Switches, running

QUIET = Switches(requests_per_second=None)
NO_TLS: dict[str, Any] = {"verify": False}  # spares each client the reading of certificates

STATE: dict[str, Any] = {
    "account": {"key": "3001", "name": "Acme GmbH", "locale": "de_DE"},
    "licences": [
        {"key": "9001", "description": "GoTo Webinar", "products": ["G2W", "G2M"], "seats": 3},
        {"key": "9002", "description": "GoTo Meeting", "products": ["G2M"], "seats": None},
        {"key": "9003", "description": "GoTo Connect", "products": ["G2C"], "seats": 10},
        {"key": "9004", "description": "Training, ended", "products": ["G2T"], "seats": 10, "enabled": False},
    ],
    "groups": [
        {"key": "5001", "name": "Sales"},
        {"key": "5002", "name": "Sales EMEA", "parentKey": "5001"},
        {"key": "5003", "name": "Support"},
    ],
    "users": [
        {
            "key": "7001", "email": "root@acme.example", "firstName": "Robin", "lastName": "Root",
            "adminRoles": ["SUPER_USER"], "activated": True,
        },
        {
            "key": "7002", "email": "ada@acme.example", "firstName": "Ada", "lastName": "Byron", "locale": "en_US",
            "licenceKeys": ["9002"], "groupKey": "5001", "activated": True,
        },
        {
            "key": "7003", "email": "bo@acme.example", "firstName": "Bo", "lastName": "Berg",
            "licenceKeys": ["9003"], "groupKey": "5002",
        },
        {"key": "7004", "email": "cy@acme.example", "firstName": "Cy", "lastName": "Stone", "emailLocked": True},
    ],
}  # fmt: skip


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("sandbox") / "store.db", state=STATE, switches=QUIET) as sandbox:
        yield sandbox


@pytest.fixture
def state() -> dict[str, Any]:
    """The declared state that each test starts from."""
    return STATE


@pytest.fixture
def control(server: Running) -> Iterator[httpx.Client]:
    """Control calls, by paths like ``outbox``, against a sandbox that is as new."""
    with httpx.Client(base_url=f"{server.url}/sandbox/", **NO_TLS) as client:
        client.put("switches", json=QUIET.model_dump(mode="json")).raise_for_status()
        client.post("reset", json=STATE).raise_for_status()
        yield client


@pytest.fixture
def ask_token(server: Running, control: httpx.Client) -> Callable[..., httpx.Response]:
    """Ask for a token with this form; without one, by the personal access token that the sandbox knows."""

    def ask(auth: tuple[str, str] | None = ("sandbox-client", "sandbox-secret"), **form: str) -> httpx.Response:
        form = form or {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
        return httpx.post(f"{server.url}/oauth/token", auth=auth, data=form, **NO_TLS)

    return ask


@pytest.fixture
def api(server: Running, ask_token: Callable[..., httpx.Response]) -> Iterator[httpx.Client]:
    """The Admin API, by paths like ``me``."""
    headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}", "Accept": "application/json"}
    with httpx.Client(base_url=f"{server.url}/admin/rest/v1/", headers=headers, **NO_TLS) as client:
        yield client


@pytest.fixture
def account(api: httpx.Client) -> httpx.Client:
    """The account of the Admin API, by paths like ``users``."""
    api.base_url = f"{api.base_url}accounts/3001/"
    return api


@pytest.fixture
def sign_in(
    server: Running, control: httpx.Client, ask_token: Callable[..., httpx.Response]
) -> Iterator[Callable[..., httpx.Client]]:
    """Begin again from the declared state with changes, perhaps with tokens that speak for another user, and give the
    account's Admin API."""
    with ExitStack() as clients:

        def begin(principal: str | None = None, **changes: Any) -> httpx.Client:
            credentials = {"credentials": {"principal": principal}} if principal else {}
            control.post("reset", json={**STATE, **credentials, **changes}).raise_for_status()
            headers = {"Authorization": f"Bearer {ask_token().json()['access_token']}"}
            base_url = f"{server.url}/admin/rest/v1/accounts/3001/"
            return clients.enter_context(httpx.Client(base_url=base_url, headers=headers, **NO_TLS))

        yield begin


@pytest.fixture
def create(account: httpx.Client) -> Callable[..., httpx.Response]:
    """Create users by their addresses; further fields go beside ``users``."""

    def post(*emails: str, params: dict[str, Any] | None = None, **beside: Any) -> httpx.Response:
        people = [{"email": email, "firstName": "Dee", "lastName": "Dale"} for email in emails]
        return account.post("users", json={"users": people, **beside}, params=params or {})

    return post


@pytest.fixture
def mails(control: httpx.Client) -> Callable[[], list[tuple[str, str]]]:
    """The outbox as pairs of kind and address, oldest first."""
    return lambda: [(mail["kind"], mail["address"]) for mail in control.get("outbox").json()["mails"]]
