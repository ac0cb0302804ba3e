"""Admin roles: GoTo's own, those that the tenant's admins made (role sets), and the groups that they are limited to.

Facts R11, R14, W8, W18, W19. A manager without groups manages everybody, so a limit that was not kept is no trifle:
the roles are then set back to what they were.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from urllib.parse import quote

from tasks.connectors.goto import wire
from tasks.connectors.goto.transport import Transport
from tasks.model.errors import RefusedByTarget, TargetError
from tasks.model.pipeline import CUSTOM_ROLE

NOT_LIMITED = "roles.not.limited"

ReadUser = Callable[[str], Awaitable[wire.User | None]]


class Roles:
    """Reads and sets the roles of users. The tenant's own roles are known by name, ``custom:NAME``."""

    def __init__(self, transport: Transport, account: str, read_user: ReadUser) -> None:
        self._transport = transport
        self._account = account
        self._read_user = read_user
        self._names: dict[str, str] | None = None

    async def named(self, users: Sequence[wire.User]) -> list[wire.User]:
        """Return *users* with the tenant's own role among their roles, by its name."""
        if not any(user.role_set for user in users):
            return list(users)
        names = await self._role_sets()
        return [
            user._replace(roles=tuple(sorted((*user.roles, CUSTOM_ROLE + names.get(user.role_set, user.role_set)))))
            if user.role_set
            else user
            for user in users
        ]

    async def set(self, account_key: str, payload: Any, *, notify: bool) -> None:
        """Set all roles of a user, and the groups that they are limited to where a limit is asked for or lifted.

        Raises ``RefusedByTarget``: also where the limit was not kept, after the roles were set back.
        """
        wanted = list(payload["roles"])
        plain = [role for role in wanted if not role.startswith(CUSTOM_ROLE)]
        custom = next((role.removeprefix(CUSTOM_ROLE) for role in wanted if role.startswith(CUSTOM_ROLE)), None)
        limit: Sequence[str] | None = payload.get("managed_groups")
        before = await self._read_user(account_key) if limit is not None else None
        body: dict[str, Any] = {"adminRoles": plain}
        if limit is not None:
            body["managedGroupKeys"] = sorted(limit)
        await self._put(account_key, body, notify=notify)
        if limit:
            await self._require_limited(account_key, limit, before)
        if custom is not None or self._names:
            await self._set_custom(account_key, custom)

    async def _put(self, account_key: str, body: dict[str, Any], *, notify: bool) -> None:
        path = f"{self._account}/users/{quote(account_key, safe='')}" + ("" if notify else "?suppressEmail=true")
        await self._transport.write("PUT", path, "set the roles of an account", body=body)

    async def _require_limited(self, account_key: str, limit: Sequence[str], before: wire.User | None) -> None:
        after = await self._read_user(account_key)
        if after is None or (set(after.managed_groups) == set(limit)):
            return
        roles = [role for role in (before.roles if before else ()) if not role.startswith(CUSTOM_ROLE)]
        try:
            await self._put(account_key, {"adminRoles": roles}, notify=False)
        except TargetError as exc:
            raise RefusedByTarget(
                "GoTo gave roles without limiting them to the groups that were named, and would not take them back.",
                sent="The person may manage everybody now.",
                remedy="Take the role away in the Admin Center at once.",
                status=None, code=NOT_LIMITED, incident=None, detail="",
            ) from exc  # fmt: skip
        raise RefusedByTarget(
            "GoTo gave roles without limiting them to the groups that were named.",
            sent="The roles were set back to what they were.",
            remedy="Give the role in the Admin Center, where groups can be chosen, and take it out of the rule.",
            status=None, code=NOT_LIMITED, incident=None, detail="",
        )  # fmt: skip

    async def _set_custom(self, account_key: str, name: str | None) -> None:
        """Give one role of the tenant's own, or take it away. Both are done by filter, which finds by address."""
        user = await self._read_user(account_key)
        names = await self._role_sets()
        if user is None or user.email is None or names.get(user.role_set or "") == name:
            return
        found = wire.address_filter(user.email)
        if name is None:
            path = f"{self._account}/users/rolesets?{found}"
            await self._transport.write("DELETE", path, "take a custom role away")
            return
        key = next((key for key, known in sorted(names.items()) if known.casefold() == name.casefold()), None)
        if key is None:
            raise RefusedByTarget(
                f"The account has no custom role '{name}'.",
                sent="This call was not made.",
                remedy=f"It has {', '.join(sorted(names.values())) or 'none'}.",
                status=404, code="roleset.not.found", incident=None, detail="",
            )  # fmt: skip
        path = f"{self._account}/rolesets/{quote(key, safe='')}/users?{found}"
        await self._transport.write("PUT", path, "give a custom role")

    async def _role_sets(self) -> dict[str, str]:
        if self._names is None:
            path = f"{self._account}/rolesets?offset=0&pageSize=1000"
            self._names = await self._transport.get(path, "list the custom roles", wire.role_sets)
        return self._names
