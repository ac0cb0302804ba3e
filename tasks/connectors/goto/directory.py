"""The directory of the organisation, over GoTo's SCIM API: groups and their members, users where they are needed.

Facts by number: docs/target-goto.md, D1 to D14. There is no call that adds one member without touching the others, so
a group is read just before it is written.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from tasks.connectors.goto.answers import OtherAnswer, require_same
from tasks.connectors.goto.faults import CALL_NOT_DONE, is_bare
from tasks.connectors.goto.parts import after_a_write
from tasks.connectors.goto.transport import Transport
from tasks.connectors.goto.wire import key_of
from tasks.model.errors import RefusedByTarget, TargetDown
from tasks.model.operations import NewAccount
from tasks.model.pipeline import MAX_GROUP_MEMBERS
from tasks.model.state import DirectoryGroup

BASE_PATH = "/identity/v1"
MAX_MEMBERS = MAX_GROUP_MEMBERS
PAGE = 500
MISSING = frozenset({401, 404})
"""A group that is not there is 401 by the contract, which is also what a missing right looks like (D2)."""


@dataclass(frozen=True)
class Group:
    """A directory group on the wire: people and nested groups apart."""

    key: str
    name: str
    members: frozenset[str]
    nested: frozenset[str]

    @property
    def size(self) -> int:
        return len(self.members) + len(self.nested)

    @property
    def noun(self) -> DirectoryGroup:
        return DirectoryGroup(self.key, self.name, self.members)


class Directory:
    """The groups and users of one organisation. ``merges`` says that a PATCH adds to the members that are there."""

    def __init__(self, transport: Transport, *, merges: bool) -> None:
        self._transport = transport
        self._merges = merges
        self._left: dict[str, dict[str, bool]] = {}  # by group: whether somebody is in it since our last write

    async def groups(self) -> dict[str, Group]:
        """Return every group by its key. Raises ``RefusedByTarget``, ``TargetDown``."""
        found: dict[str, Group] = {}
        while True:
            path = f"/Groups?startIndex={len(found) + 1}&count={PAGE}"
            total, page = await self._transport.get(path, "list the directory groups", _page)
            known = len(found)
            found.update((group.key, group) for group in page)
            if len(found) >= total:
                return found
            if len(found) == known:
                raise TargetDown(
                    f"GoTo's list of directory groups is incomplete: it names {total}, and gave {known}.",
                    remedy="Try again later; if it stays so, the paging of the SCIM API has changed.",
                )

    async def find(self, keys: Sequence[str]) -> dict[str, Group]:
        """Return these groups by key, every one where *keys* is empty. Those that are not there are left out."""
        if not keys:
            return await self.groups()
        found: dict[str, Group] = {}
        for key in keys:
            try:
                parse = partial(_group_of, key=key)
                found[key] = await self._transport.get(_group_path(key), "read a directory group", parse)
            except (RefusedByTarget, TargetDown) as refusal:
                if not _may_be_missing(refusal):
                    raise
                every = await self.groups()  # tells a group that is gone from a right that is missing
                return {known: every[known] for known in keys if known in every}
        return found

    async def create_group(self, name: str) -> str:
        """Create an empty group and return its key."""
        body = {"displayName": name}
        parse = partial(_id_of, attribute="displayName", value=name)
        return await self._transport.post("/Groups", "create a directory group", parse, body=body)

    async def change_group(self, key: str, add: Iterable[str], remove: Iterable[str]) -> None:
        """Put accounts into a group and take others out; who else is in it stays, nested groups too.

        Raises ``RefusedByTarget``: the group is gone, or larger than a request may carry, and it is not known that a
        PATCH leaves the others alone (D7). Raises ``TargetDown`` where it is not read as our last write left it.
        """
        found = await self._as_left(key)
        if found is None:
            raise RefusedByTarget(
                "The directory has no such group.", status=404, code="group.not.found", incident=None, detail=""
            )
        add, remove = frozenset(add) - found.members, frozenset(remove) & found.members
        if not add and not remove:
            return
        if found.size <= MAX_MEMBERS and found.size + len(add) - len(remove) <= MAX_MEMBERS:
            with self._noting(key, add, remove):
                await self._put(found, (found.members | add) - remove)
        elif self._merges:
            with self._noting(key, add, remove):
                await self._patch(found, add, remove)
        else:
            raise RefusedByTarget(
                f"The directory group holds more than {MAX_MEMBERS} members, and it is not known that GoTo leaves the "
                "others alone when some are added.",
                sent="This call was not made.",
                remedy="Change it by hand; or see whether GoTo does (docs/target-goto.md, Large directory groups), and "
                "then set directory_patch: merge for the target.",
                status=None, code="directory.group.too.large", incident=None, detail="",
            )  # fmt: skip

    async def _as_left(self, key: str) -> Group | None:
        """Read a group that is to be written. One that is not as we left it is an old answer: to send its members
        would undo what was done. Calls on one group come after each other."""
        for _ in range(2):
            found = (await self.find([key])).get(key)
            left = self._left.get(key, {})
            if found is None or all((account in found.members) == is_in for account, is_in in left.items()):
                return found
        raise TargetDown(
            "GoTo's answer to the call to read a directory group cannot be believed: it does not show what this run "
            "has changed in it.",
            sent=CALL_NOT_DONE,
            remedy="Run the same command again. If it stays so, see whether somebody else changes the group.",
        )

    @contextmanager
    def _noting(self, key: str, add: frozenset[str], remove: frozenset[str]) -> Iterator[None]:
        """Note what a write to a group leaves; of one that fails nothing is known."""
        left = self._left.setdefault(key, {})
        for account in add | remove:
            left.pop(account, None)
        yield
        left.update({account: account in add for account in add | remove})

    async def _put(self, group: Group, members: frozenset[str]) -> None:
        body = {
            "displayName": group.name,
            "members": [_member(key) for key in sorted(members)]
            + [_member(key, "group") for key in sorted(group.nested)],
        }
        check = partial(_require_members, key=group.key, has=members | group.nested, whole=True)
        await self._transport.write("PUT", _group_path(group.key), "change a directory group", body=body, check=check)

    async def _patch(self, group: Group, add: frozenset[str], remove: frozenset[str]) -> None:
        listed = [_member(key) for key in sorted(add)]
        listed += [{**_member(key), "operation": "delete"} for key in sorted(remove)]
        await self._patch_piece(group, listed[:MAX_MEMBERS])
        with after_a_write("change a directory group"):
            for start in range(MAX_MEMBERS, len(listed), MAX_MEMBERS):
                await self._patch_piece(group, listed[start : start + MAX_MEMBERS])

    async def _patch_piece(self, group: Group, members: Sequence[Mapping[str, str]]) -> None:
        body = {"members": members}
        gone = frozenset(member["value"] for member in members if "operation" in member)
        has = frozenset(member["value"] for member in members) - gone
        check = partial(_require_members, key=group.key, has=has, has_not=gone)
        await self._transport.write("PATCH", _group_path(group.key), "change a directory group", body=body, check=check)

    async def create_user(self, person: NewAccount) -> str:
        """Make a login without a product, and return its key: the Admin API's (D3)."""
        names = {"givenName": person.given_name, "familyName": person.family_name}
        body = {
            "userName": person.user_name,
            "name": {name: value for name, value in names.items() if value},
            **({"locale": person.locale} if person.locale else {}),
        }
        return await self._transport.post(
            "/Users",
            "create a directory user",
            partial(_id_of, attribute="userName", value=person.user_name),
            body=body,
        )

    async def rename_user(self, account_key: str, address: str) -> None:
        """Change the address that somebody signs in with."""
        path = f"/Users/{quote(account_key, safe='')}"
        check = partial(_require_address, key=account_key, address=address)
        body = {"userName": address}
        await self._transport.write("PATCH", path, "change an address in the directory", body=body, check=check)


def _may_be_missing(refusal: RefusedByTarget | TargetDown) -> bool:
    if isinstance(refusal, TargetDown):
        return is_bare(refusal, MISSING)
    return refusal.facts["status"] in MISSING


def _id_of(answer: Mapping[str, Any], attribute: str, value: str) -> str:
    """Return the id of what was made. Raises ``OtherAnswer`` unless it is called as was asked."""
    require_same(value, str(answer[attribute]))
    return key_of(answer["id"])


def _require_address(answer: Mapping[str, Any], key: str, address: str) -> None:
    require_same(key, _id_of(answer, "userName", address))


def _require_members(
    answer: Mapping[str, Any],
    key: str,
    has: frozenset[str],
    has_not: frozenset[str] = frozenset(),
    *,
    whole: bool = False,
) -> None:
    """Raise ``OtherAnswer`` unless an answer shows a group with these members; with *whole* no others."""
    group = _group_of(answer, key)
    there = group.members | group.nested
    if not has <= there or has_not & there or (whole and there != has):
        raise OtherAnswer("other members")


def _page(answer: Mapping[str, Any]) -> tuple[int, list[Group]]:
    """Return how many groups there are, and those of one page. Raises ``ValueError`` for what is no list."""
    listed, total = answer.get("resources", answer.get("Resources")), answer.get("totalResults")
    if not isinstance(listed, list | None) or (listed is None and total is None):
        raise ValueError("not a list")
    groups = [_group(record) for record in listed or ()]
    return (len(groups) if total is None else int(total)), groups


def _group_of(record: Mapping[str, Any], key: str) -> Group:
    """Return the group of *key*. Raises ``OtherAnswer`` for another."""
    found = _group(record)
    require_same(key, found.key)
    return found


def _group(record: Mapping[str, Any]) -> Group:
    if "displayName" not in record or "userName" in record:
        raise ValueError("not a group")
    members = [(key_of(member["value"]), member.get("type") or "user") for member in record.get("members") or ()]
    return Group(
        key_of(record["id"]),
        str(record.get("displayName") or ""),
        frozenset(key for key, kind in members if str(kind).lower() == "user"),
        frozenset(key for key, kind in members if str(kind).lower() != "user"),
    )


def _member(key: str, kind: str = "user") -> dict[str, str]:
    return {"type": kind, "value": key}


def _group_path(key: str) -> str:
    return f"/Groups/{quote(key, safe='')}"
