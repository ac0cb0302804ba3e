"""From changes to calls: what is sent for one change, or for several that share a call. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tasks.model.operations import NewAccount, Operation, OperationKind
from tasks.model.plan import Action, Change, digest

TEMPLATES = ("welcome_template", "settings_template")
"""What a create says of its people by key, beside what they get; alike for all in one call."""

UNANNOUNCED = frozenset({Action.SUSPEND, Action.DELETE})
"""Nobody is written to about losing what they left behind: the mailbox is gone, or somebody else reads it."""


def create_operation(
    plan_hash: str, creates: Sequence[Change], extras: Iterable[Change], group_key: str | None, *, notify: bool
) -> Operation:
    """Return the call that creates people (all of equal templates) and gives each what *extras*, all people's, give."""
    extras = list(extras)
    payload = _entitlements(extras) | {"group_key": group_key} | _templates(creates[0])
    change_ids = tuple(sorted(change.change_id for change in [*creates, *extras]))
    accounts = tuple(
        NewAccount(
            create.change_id,
            create.after["user_name"],
            create.after.get("given_name"),
            create.after.get("family_name"),
            create.after.get("locale"),
        )
        for create in creates
    )
    kind = OperationKind.CREATE_ACCOUNTS
    op_id = _op_id(plan_hash, kind, change_ids, {})
    return Operation(op_id, kind, change_ids, people=accounts, payload=payload, notify=notify)


def signature(create: Change, extras: Iterable[Change]) -> tuple[Any, ...]:
    """Return how a person is made and what *extras* give, comparable: people with equal ones can share a create."""
    extras = list(extras)
    given = _entitlements(extras)
    joins = [change.after for change in extras if change.action == Action.ADD_MEMBER]
    groups = tuple((after["group"] or "", after["group_key"] or "") for after in joins)
    templates = tuple(key or "" for key in _templates(create).values())
    return (tuple(given["licences"]), tuple(given["roles"]), groups, templates)


def change_operations(
    plan_hash: str, change: Change, account_key: str | None, *, notify: bool
) -> tuple[Operation, ...]:
    """Return the calls that carry out one change, in order. The key of a group that the plan makes is left open."""
    return tuple(
        Operation(
            op_id=_op_id(plan_hash, kind, (change.change_id,), payload),
            kind=kind,
            change_ids=(change.change_id,),
            account_key=account_key,
            payload=payload,
            notify=notify and change.action not in UNANNOUNCED,
        )
        for kind, payload in _calls(change)
    )


def directory_operation(plan_hash: str, group_key: str, changes: Mapping[str, Change], *, join: bool) -> Operation:
    """Return the call that puts accounts (the keys of *changes*) into a directory group, or takes them out."""
    accounts = sorted(changes)
    payload = {"group_key": group_key, "add": accounts if join else [], "remove": [] if join else accounts}
    ids = tuple(sorted(change.change_id for change in changes.values()))
    kind = OperationKind.CHANGE_DIRECTORY_GROUP
    return Operation(_op_id(plan_hash, kind, ids, payload), kind, ids, payload=payload)


def give_back_operation(plan_hash: str, grant: Change, revoke: Change, account_key: str, *, notify: bool) -> Operation:
    """Return the call that gives back what *revoke* took for *grant*, which was refused: it undoes the revoke."""
    kind, payload = OperationKind.ASSIGN_LICENCE, {"licence_key": revoke.before["licence"]}
    return Operation(
        op_id=_op_id(plan_hash, kind, (grant.change_id, "given back"), payload),
        kind=kind,
        change_ids=(revoke.change_id,),
        account_key=account_key,
        payload=payload,
        notify=notify,
    )


def group_name(change: Change) -> str:
    """Return the name of the directory group that a change is about."""
    return str(change.after.get("directory_group") or change.before.get("directory_group"))


def limit_of(change: Change) -> list[str | None] | None:
    """Return the keys of the groups that a role change limits the roles to, None for those that the plan makes.

    Empty lifts a limit that there was; None if the change has nothing to do with limits.
    """
    if change.after.get("managed_groups") is not None:
        return list(change.after["managed_groups"])
    return [] if change.before.get("managed_groups") is not None else None


def _fallback(change: Change) -> dict[str, list[str]]:
    """Return the roles to set where a limit is not kept: those before, but none of ours that had no limit then.

    Such a one may be what an earlier call without an answer left behind, and nobody is to manage everybody by a rule
    that says otherwise.
    """
    groups = list(change.before.get("managed_groups") or ())
    ours = () if groups else change.after["ours"]
    return {"roles": [role for role in change.before["roles"] if role not in ours], "managed_groups": groups}


def change_job_id(plan_hash: str, *change_ids: str) -> str:
    """Return the id of the job that does these changes."""
    return digest([plan_hash, *change_ids])[:16]


def _calls(change: Change) -> Iterator[tuple[OperationKind, dict[str, Any]]]:
    match change.action:
        case Action.UPDATE:
            yield OperationKind.UPDATE_ACCOUNT, dict(change.after)
        case Action.GRANT:
            yield OperationKind.ASSIGN_LICENCE, {"licence_key": change.after["licence"]}
        case Action.REVOKE:
            yield OperationKind.UNASSIGN_LICENCE, {"licence_key": change.before["licence"]}
        case Action.SET_ROLE:
            limit = limit_of(change)
            fallback = {"fallback": _fallback(change)} if limit else {}
            yield OperationKind.SET_ROLES, {"roles": list(change.after["roles"]), "managed_groups": limit, **fallback}
        case Action.ADD_MEMBER:
            yield OperationKind.JOIN_GROUP, {"group_key": change.after["group_key"]}
        case Action.REMOVE_MEMBER:
            yield OperationKind.LEAVE_GROUPS, {}
        case Action.CREATE_GROUP:
            yield OperationKind.CREATE_GROUP, {"name": change.after["group"]}
        case Action.CREATE_DIRECTORY_GROUP:
            yield OperationKind.CREATE_DIRECTORY_GROUP, {"name": change.after["directory_group"]}
        case Action.DELETE:
            yield OperationKind.DELETE_ACCOUNT, {}
        case Action.SUSPEND:
            for licence in sorted(change.before["licences"]):
                yield OperationKind.UNASSIGN_LICENCE, {"licence_key": licence}
            if change.before["roles"]:
                yield OperationKind.SET_ROLES, {"roles": [], "managed_groups": None}


def _entitlements(extras: Sequence[Change]) -> dict[str, Any]:
    licences = {change.after["licence"] for change in extras if change.action == Action.GRANT}
    roles = {role for change in extras if change.action == Action.SET_ROLE for role in change.after["roles"]}
    return {"licences": sorted(licences), "roles": sorted(roles)}


def _templates(create: Change) -> dict[str, str | None]:
    return {name: create.after.get(name) for name in TEMPLATES}


def _op_id(plan_hash: str, kind: OperationKind, change_ids: Sequence[str], payload: Mapping[str, Any]) -> str:
    return digest([plan_hash, kind, list(change_ids), dict(payload)])[:16]
