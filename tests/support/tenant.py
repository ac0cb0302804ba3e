"""A small company's tenant: what a sandbox of it begins with, and what tests ask of it."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

TENANT: Mapping[str, Any] = {
    "account": {"key": "3001", "name": "Acme GmbH"},
    "licences": [
        {"key": "9001", "description": "GoTo Webinar", "products": ["G2W", "G2M"], "seats": 40},
        {"key": "9002", "description": "GoTo Meeting", "products": ["G2M"], "seats": 40},
    ],
    "groups": [{"key": "5001", "name": "Revenue"}],
    "users": [
        {"key": "7001", "email": "breakglass@acme.example", "firstName": "Break", "lastName": "Glass",
         "adminRoles": ["SUPER_USER"], "activated": True},
        {"key": "7002", "email": "bo.lind@acme.example", "firstName": "Bo", "lastName": "Lind",
         "licenceKeys": ["9002"], "activated": True},
    ],
}  # fmt: skip


@dataclass
class Tenant:
    """A sandbox: its control calls, and its people as an admin sees them."""

    url: str
    http: httpx.Client

    def control(self, method: str, path: str, body: Any = None) -> Any:
        return self.http.request(method, f"{self.url}/sandbox/{path}", json=body).raise_for_status().json()

    def reset(self, state: Mapping[str, Any] = TENANT) -> None:
        self.control("POST", "reset", dict(state))

    def writes(self) -> list[str]:
        """Return the calls so far that change something, oldest first: ``POST /admin/...``."""
        calls = self.control("GET", "requests")["requests"]
        return [f"{call['method']} {call['path']}" for call in calls if _changes_something(call)]

    def mails(self) -> Counter[str]:
        """Count the mails in the outbox by kind."""
        return Counter(mail["kind"] for mail in self.control("GET", "outbox")["mails"])

    def mails_to(self, kind: str) -> Counter[str]:
        """Count the mails of one kind by address."""
        return Counter(mail["address"] for mail in self.control("GET", "outbox")["mails"] if mail["kind"] == kind)

    def admin(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """Do what an admin does by hand."""
        form = {"grant_type": "personal_access_token", "pat": "sandbox-pat"}
        token = self.http.post(f"{self.url}/oauth/token", auth=("sandbox-client", "sandbox-secret"), data=form)
        headers = {"Authorization": f"Bearer {token.json()['access_token']}"}
        url = f"{self.url}/admin/rest/v1/accounts/3001/{path}"
        return self.http.request(method, url, json=body, headers=headers).raise_for_status()

    def people(self) -> dict[str, dict[str, Any]]:
        """Return every user of the tenant by address, as the Admin API has them."""
        users = self.admin("GET", "users?pageSize=1000").json()["results"]
        found = {user["email"]: user for user in users}
        assert len(found) == len(users), "an address stands in the tenant twice"
        return found


def _changes_something(call: Mapping[str, str]) -> bool:
    return call["method"] != "GET" and call["path"].startswith("/admin/")
