"""Builders of operations: one call to a target, spelled in a line."""

from collections.abc import Iterable
from typing import Any

from tasks.model.operations import NewAccount, Operation, OperationKind

NOTHING: dict[str, list[str]] = {"roles": [], "managed_groups": []}
"""What to leave somebody with who cannot be limited to groups."""


def make_operation(
    kind: OperationKind,
    key: str | None = None,
    people: Iterable[NewAccount] = (),
    *,
    notify: bool = False,
    **payload: Any,
) -> Operation:
    """A call about the account *key*, if it is about one."""
    return Operation("op-1", kind, ("c1",), account_key=key, people=tuple(people), payload=payload, notify=notify)


def make_person(name: str) -> NewAccount:
    return NewAccount(f"c-{name}", f"{name}@acme.example", name.title(), "Byron", "en_US")


def make_create(*names: str, notify: bool = False, **payload: Any) -> Operation:
    """Create people by the local parts of their addresses, all of whom get the same."""
    given: dict[str, Any] = {
        "licences": [],
        "roles": [],
        "group_key": None,
        "welcome_template": None,
        "settings_template": None,
    }
    people = map(make_person, names)
    return make_operation(OperationKind.CREATE_ACCOUNTS, None, people, notify=notify, **{**given, **payload})


def make_limited(key: str, role: str, group: str, fallback: Any = NOTHING) -> Operation:
    """Give a role for one group only; where that is not kept, *fallback*."""
    return make_operation(OperationKind.SET_ROLES, key, roles=[role], managed_groups=[group], fallback=fallback)


def change_directory(group: str, add: Iterable[str] = (), remove: Iterable[str] = ()) -> Operation:
    """Put people into a directory group, and take others out."""
    payload: dict[str, Any] = {"group_key": group, "add": list(add), "remove": list(remove)}
    return make_operation(OperationKind.CHANGE_DIRECTORY_GROUP, **payload)
