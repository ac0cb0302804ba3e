"""A sandbox that speaks GoTo's wire format, what it begins with, and clients of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from tasks.connectors.goto import Credentials, GotoConnector, Retries, open_goto
from tasks.connectors.registry import credentials_of
from tasks.model.pipeline import GotoTarget

STATE: Mapping[str, Any] = {
    "account": {"key": "3001", "name": "Acme GmbH", "locale": "en_US"},
    "licences": [
        {"key": "123456789012345678901", "description": "Webinar", "products": ["G2W", "G2M"], "seats": 3},
        {"key": "9002", "description": "Meeting", "products": ["G2M"]},
        {"key": "9003", "description": "Training", "products": ["G2T"], "seats": 0},
        {"key": "9004", "description": "Connect", "products": ["G2C"], "seats": 5, "enabled": False},
    ],
    "groups": [{"key": "5001", "name": "Sales"}, {"key": "5002", "name": "France", "parentKey": "5001"}],
    "users": [
        {
            "key": "7001", "email": "admin@acme.example", "firstName": "Avery", "lastName": "Keeper",
            "adminRoles": ["SUPER_USER"], "activated": True,
        },
        {
            "key": "7002", "email": "bo+team@acme.example", "firstName": "Bo", "lastName": "Lind", "locale": "fr_FR",
            "licenceKeys": ["9002", "123456789012345678901"], "groupKey": "5002", "activated": True,
        },
        {"key": "7003", "email": "cleo@acme.example", "firstName": "Cleo", "lastName": "Ward", "emailLocked": True},
        {"key": "7004", "email": "audit@acme.example", "firstName": "Au", "lastName": "Dit", "roleSet": "4002"},
    ],
    "roleSets": [{"id": "4001", "name": "Help desk"}, {"id": "4002", "name": "Auditors"}],
    "templates": [{"key": "2001", "title": "Partners", "subject": "Welcome, partner", "text": "Hello {name}: {link}"}],
    "settingsTemplates": [{"key": "2501", "name": "Partners"}],
    "otherAccounts": [{"key": "4711", "name": "Elsewhere", "users": ["elsewhere@acme.example"]}],
    "webinars": [
        {"key": "11", "organizer": "7002", "subject": "Alone", "starts": "2027-05-04T09:00:00Z",
         "ends": "2027-05-04T10:00:00Z"},
        {"key": "12", "organizer": "7002", "subject": "Together", "starts": "2027-06-04T09:00:00Z",
         "ends": "2027-06-04T10:00:00Z", "coorganizers": ["7001"]},
    ],
    "organisation": {
        "name": "Acme", "domains": [{"domain": "acme.example"}], "admins": [{"user": "7001"}],
        "groups": [{"key": "6001", "name": "Hosts", "members": ["7002"]}],
    },
}  # fmt: skip


@dataclass
class Sandbox:
    url: str
    http: httpx.Client

    def control(self, method: str, path: str, body: Any = None) -> Any:
        response = self.http.request(method, f"{self.url}/sandbox/{path}", json=body)
        response.raise_for_status()
        return response.json()

    def scim(self, method: str, path: str, body: Any = None) -> Any:
        """Call the SCIM API by hand."""
        form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
        token = self.http.post(f"{self.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form)
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        response = self.http.request(method, f"{self.url}/identity/v1/{path}", json=body, headers=headers)
        response.raise_for_status()
        return response.json()

    def switch(self, **switches: Any) -> None:
        self.control("PUT", "switches", switches)

    @property
    def requests(self) -> list[dict[str, Any]]:
        """The calls to the Admin API so far, oldest first."""
        calls = self.control("GET", "requests")["requests"]
        return [call for call in calls if call["path"].startswith("/admin/")]

    @property
    def mails(self) -> list[str]:
        """The kinds of the mails that were sent, oldest first."""
        return [mail["kind"] for mail in self.control("GET", "outbox")["mails"]]

    def open(
        self, *, credentials: Credentials | None = None, clock: Callable[[], float] = lambda: 1000.0, **spec: Any
    ) -> GotoConnector:
        target = GotoTarget.model_validate(
            {
                "name": "goto",
                "kind": "goto",
                "account_key": "3001",
                "urls": {"api": self.url, "token": f"{self.url}/oauth/token"},
                "requests_per_second": 1000,
                **spec,
            }
        )
        retries = Retries(attempts=20, first_wait_s=0.02, longest_wait_s=0.2, jitter_s=0)
        return open_goto(target, credentials or credentials_of(None, SecretStr), clock=clock, retries=retries)

    def run(self, scenario: Callable[[GotoConnector], Awaitable[Any]], **options: Any) -> Any:
        """Open a client, await *scenario* on it, close it, and return what the scenario returned."""

        async def main() -> Any:
            async with self.open(**options) as target:
                return await scenario(target)

        return asyncio.run(main())
