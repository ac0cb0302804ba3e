"""Admin roles: GoTo's own, those that the tenant's admins made (role sets), and the groups that they are limited to.

Facts R11, R14, W8, W18, W19. A manager without groups manages everybody, so a limit that was not kept is no trifle:
the roles are then set back, and nobody is left to be one because an answer was lost (docs/decisions/0016).
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from tasks.connectors.goto import wire
from tasks.connectors.goto.listing import PAGE_SIZE, read_whole
from tasks.connectors.goto.parts import PARTLY_DONE, after_a_write
from tasks.connectors.goto.transport import Transport
from tasks.model.admins import AdminRole
from tasks.model.errors import RefusedByTarget, TargetError, UncertainCall
from tasks.model.operations import NOT_LIMITED
from tasks.model.pipeline import CUSTOM_ROLE

SUPER_ADMIN = AdminRole("SUPER_USER", unable=frozenset({"SUSPENDED", "INVITED"}))
"""Who is suspended, or has not accepted yet, cannot sign in to the Admin Center. Other words are not known (R5)."""

ReadUser = Callable[[str], Awaitable[wire.User | None]]


class Roles:
    """Reads and sets the roles of users. The tenant's own roles are known by name, ``custom:NAME``."""

    def __init__(self, transport: Transport, account: str, read_user: ReadUser) -> None:
        self._transport = transport
        self._account = account
        self._read_user = read_user
        self._names: dict[str, str] | None = None

    async def named(self, users: Sequence[wire.User]) -> list[wire.User]:
        """Return *users* with the tenant's own roles among their roles, by their names."""
        if not any(user.role_sets for user in users):
            return list(users)
        names = await self._role_sets()
        return [
            user._replace(
                roles=tuple(sorted((*user.roles, *(CUSTOM_ROLE + names.get(key, key) for key in user.role_sets))))
            )
            for user in users
        ]

    async def set(self, account_key: str, payload: Mapping[str, Any], *, notify: bool) -> None:
        """Set all roles of a user, and the groups that they are limited to where a limit is asked for or lifted.

        Raises ``RefusedByTarget``: nothing was done, or the limit was not kept and the roles were set back; and
        ``UncertainCall`` for whatever comes after the first write.
        """
        before = await self._read_user(account_key)
        if before is None:
            raise RefusedByTarget(
                "GoTo has no such account to set the roles of.",
                status=404, code="user.not.found", incident=None, detail="",
            )  # fmt: skip
        role_set = await self._wanted_role_set(payload["roles"], before)
        limit: Sequence[str] | None = payload.get("managed_groups")
        body: dict[str, Any] = {"adminRoles": _plain(payload["roles"])}
        if limit:
            body["managedGroupKeys"] = sorted(limit)
            await self._put_limited(before, body, payload["fallback"], notify=notify)
        else:
            if limit is not None:
                body["managedGroupKeys"] = []
            await self._put(account_key, body, notify=notify)
        if set(before.role_sets) != ({role_set} if role_set else set()):
            with after_a_write("set the roles of an account"):
                await self._set_role_set(str(before.email), role_set)

    async def _put(self, account_key: str, body: Mapping[str, Any], *, notify: bool) -> None:
        path = f"{self._account}/users/{quote(account_key, safe='')}" + ("" if notify else "?suppressEmail=true")
        await self._transport.write("PUT", path, "set the roles of an account", body=body)

    async def _put_limited(
        self, before: wire.User, body: Mapping[str, Any], fallback: Mapping[str, Any], *, notify: bool
    ) -> None:
        """Give roles with a limit, and see that it was kept, whether or not there was an answer: by two readings where
        one shows that it was not, since that may be an old one."""
        unanswered: UncertainCall | None = None
        try:
            await self._put(before.key, body, notify=notify)
        except UncertainCall as exc:
            unanswered = exc
        with after_a_write("say whether roles were limited"):
            after = await self._read_user(before.key)
            if after is not None and set(after.managed_groups) != set(body["managedGroupKeys"]):
                after = await self._read_user(before.key)
        if after is None:
            raise unanswered or UncertainCall("An account was gone when its roles were read back.", sent=PARTLY_DONE)
        is_kept = set(after.managed_groups) == set(body["managedGroupKeys"])
        if is_kept and (unanswered is None or set(after.roles) == set(body["adminRoles"])):
            return
        if unanswered is not None and (is_kept or _same(after, before)):
            raise unanswered
        await self._set_back(before.key, fallback)

    async def _set_back(self, account_key: str, fallback: Mapping[str, Any]) -> None:
        """Take back what came without its limit. Raises ``RefusedByTarget``; ``UncertainCall`` if it may be there."""
        body = {"adminRoles": _plain(fallback["roles"]), "managedGroupKeys": sorted(fallback["managed_groups"])}
        try:
            await self._put(account_key, body, notify=False)
        except RefusedByTarget as exc:
            raise RefusedByTarget(
                "GoTo gave roles without limiting them to the groups that were named, and would not take them back.",
                sent="The person may manage everybody now.",
                remedy="Take the role away in the Admin Center at once.",
                status=None, code=NOT_LIMITED, incident=exc.facts.get("incident"), detail="",
            ) from exc  # fmt: skip
        except TargetError as exc:
            raise UncertainCall(
                "GoTo gave roles without limiting them to the groups that were named, and did not say whether it took "
                "them back.",
                sent="The person may manage everybody now.",
                remedy="It is looked up, and tried again.",
            ) from exc
        raise RefusedByTarget(
            "GoTo gave roles without limiting them to the groups that were named.",
            sent="They were taken back.",
            remedy="Give the role in the Admin Center, where groups can be chosen, and take it out of the rule.",
            status=None, code=NOT_LIMITED, incident=None, detail="",
        )  # fmt: skip

    async def _wanted_role_set(self, roles: Sequence[str], user: wire.User) -> str | None:
        """Return the id of the tenant's own role among *roles*, None for none.

        Raises ``RefusedByTarget`` if there is no such role, or if it would have to be given to, or taken from, a user
        without an address: that is done by a filter, which finds by address.
        """
        name = next((role.removeprefix(CUSTOM_ROLE) for role in roles if role.startswith(CUSTOM_ROLE)), None)
        if user.email is None and (name is not None or user.role_sets):
            raise RefusedByTarget(
                "The account has no address, by which alone a custom role can be given or taken.",
                sent="This call was not made.",
                remedy="Give it an address in the Admin Center.",
                status=None, code="user.no.address", incident=None, detail="",
            )  # fmt: skip
        if name is None:
            return None
        names = await self._role_sets()
        key = next((key for key, known in sorted(names.items()) if known.casefold() == name.casefold()), None)
        if key is None:
            raise RefusedByTarget(
                f"The account has no custom role '{name}'.",
                sent="This call was not made.",
                remedy=f"It has {', '.join(sorted(names.values())) or 'none'}.",
                status=404, code="roleset.not.found", incident=None, detail="",
            )  # fmt: skip
        return key

    async def _set_role_set(self, address: str, key: str | None) -> None:
        """Give one role of the tenant's own, in the place of another, or take away what there is."""
        found = wire.address_filter(address)
        if key is None:
            path = f"{self._account}/users/rolesets?{found}"
            await self._transport.write("DELETE", path, "take a custom role away")
            return
        path = f"{self._account}/rolesets/{quote(key, safe='')}/users?{found}"
        await self._transport.write("PUT", path, "give a custom role")

    async def _role_sets(self) -> dict[str, str]:
        """Return the tenant's own roles: id to name."""
        if self._names is None:
            listed = await read_whole(self._page_of_role_sets, "custom roles")
            self._names = {role_set.key: role_set.name for role_set in listed}
        return self._names

    async def _page_of_role_sets(self, offset: int) -> wire.Page[wire.RoleSet]:
        path = f"{self._account}/rolesets?offset={offset}&pageSize={PAGE_SIZE}"
        return await self._transport.get(path, "list the custom roles", partial(wire.page, read=wire.role_set))


def _plain(roles: Sequence[str]) -> list[str]:
    """Return those of *roles* that are GoTo's own."""
    return [role for role in roles if not role.startswith(CUSTOM_ROLE)]


def _same(one: wire.User, other: wire.User) -> bool:
    return set(one.roles) == set(other.roles) and set(one.managed_groups) == set(other.managed_groups)
