"""The targets that one contract holds for, each of them with a tenant of the same state: GoTo's client and a sandbox
behind it, and the target in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from tasks.connectors.base import Target
from tasks.model.state import AccountState
from tests.support.sandbox import Sandbox
from tests.support.target import Licence, MemoryTarget, directory_group, down

Scenario = Callable[[Any], Awaitable[Any]]
ACCOUNT_KEY = "3001"


class Contracted(Protocol):
    """A target under contract, and its tenant as the test sees it."""

    def run(self, scenario: Scenario, account_key: str = ACCOUNT_KEY) -> Any:
        """Open a target of that account, await *scenario* on it, close it, return what the scenario returned."""

    def lose_the_next_create(self, *, done: bool) -> None:
        """Let the next create have no answer, though it is *done*, or since it never came."""

    def be_down_for_creates(self) -> None:
        """Take no create any more."""

    @property
    def welcomed(self) -> int:
        """How many welcome mails were sent."""


class ByConnector:
    """GoTo's client, and the sandbox that it speaks to over HTTP."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    def run(self, scenario: Scenario, account_key: str = ACCOUNT_KEY) -> Any:
        return self._sandbox.run(scenario, account_key=account_key, directory="feed")

    def lose_the_next_create(self, *, done: bool) -> None:
        self._strike({"at": 1, "fault": "cut_after" if done else "cut_before"})

    def be_down_for_creates(self) -> None:
        self._strike({"fault": "too_many", "retry_after": 60})

    def _strike(self, rule: Mapping[str, Any]) -> None:
        self._sandbox.control("PUT", "faults", [{"on": {"method": "POST", "path": "/accounts/*/users"}, **rule}])

    @property
    def welcomed(self) -> int:
        return self._sandbox.mails.count("welcome")


class InMemory:
    """The target in memory."""

    def __init__(self, state: Mapping[str, Any]) -> None:
        self.target = memory_target(state)

    def run(self, scenario: Scenario, account_key: str = ACCOUNT_KEY) -> Any:
        async def main() -> Any:
            self.target.account_key = account_key
            async with self.target as target:
                return await scenario(target)

        return asyncio.run(main())

    def lose_the_next_create(self, *, done: bool) -> None:
        (self.target.lost if done else self.target.dropped).add(len(self.target.calls))

    def be_down_for_creates(self) -> None:
        def fault(_: Any) -> None:
            raise down()

        self.target.fault = fault

    @property
    def welcomed(self) -> int:
        return sum(kind == "welcome" for kind, _ in self.target.mails)


def memory_target(state: Mapping[str, Any]) -> MemoryTarget:
    """Return a target in memory with a tenant as the sandbox is told of it."""
    custom = {row["id"]: (f"custom:{row['name']}",) for row in state["roleSets"]}
    target = MemoryTarget(
        *(
            AccountState(
                user["key"], user["email"], user["firstName"], user["lastName"], user.get("locale", "en_US"),
                frozenset(user.get("licenceKeys", ())),
                (*user.get("adminRoles", ()), *custom.get(user.get("roleSet", ""), ())), user.get("groupKey"),
                activated=True,
            )
            for user in state["users"]
        ),
        groups={group["key"]: group["name"] for group in state["groups"]},
        directory={
            group["key"]: directory_group(group["key"], group["name"], *group["members"])
            for group in state["organisation"]["groups"]
        },
        licences=[Licence(row["key"], row["description"], tuple(sorted(row["products"]))) for row in state["licences"]],
    )  # fmt: skip
    target.seats = {row["key"]: row["seats"] for row in state["licences"] if row.get("seats") is not None}
    target.invited = {user["key"] for user in state["users"] if not user.get("activated")}
    target.elsewhere = {address for account in state["otherAccounts"] for address in account["users"]}
    return target


def _is_a_target(target: MemoryTarget) -> Target:
    """The target in memory has all that a target has: mypy says so."""
    return target
