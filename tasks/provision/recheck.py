"""The look before a write: is the account still as the plan saw it, over the fields that the change reads? Pure."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from tasks.model.operations import Operation, OperationKind
from tasks.model.plan import REMOVALS, Action, Change
from tasks.model.state import AccountState
from tasks.provision.operations import limit_of

PERSONAL = REMOVALS | {Action.SET_ROLE, Action.GRANT, Action.ADD_MEMBER, Action.UPDATE}
"""Changes to an account that must not reach whoever it was handed over to."""

GONE = "The account is no longer there."


class Look(StrEnum):
    SEND = "send"  # as the plan saw it
    ALREADY = "already"  # as the plan wants it
    STALE = "stale"  # neither: it moved since the plan


@dataclass(frozen=True)
class Judgement:
    """What a look at an account says. ``moved`` names the fields that are not as the plan saw them."""

    look: Look
    moved: tuple[str, ...] = ()
    gone: bool = False

    @property
    def reason(self) -> str:
        return GONE if self.gone else f"Changed since the plan was made: {', '.join(self.moved)}."


SEND = Judgement(Look.SEND)
ALREADY = Judgement(Look.ALREADY)


@dataclass(frozen=True)
class Groups:
    """The keys that a change was bound to, now that its groups are there: ``joined`` to be in, ``managed`` to be
    limited to."""

    joined: str | None = None
    managed: frozenset[str] = frozenset()


NO_GROUPS = Groups()


def judge(
    change: Change,
    state: AccountState | None,
    done: Iterable[Operation] = (),
    groups: Groups = NO_GROUPS,
    also: Collection[str] = (),
) -> Judgement:
    """Compare an account with what *change* expects of it, of which the calls in *done* have been made.

    A grant and a revoke read their own licence; an update the fields it changes; a role change the roles, and the
    groups that they are limited to if it says anything of those; a membership the group; a suspend and a delete all
    licences and roles. What takes something reads the address too: it must be the plan's, or one of *also*.
    """
    if state is None:
        return ALREADY if change.action == Action.DELETE else Judgement(Look.STALE, gone=True)
    if has_other_address(change, state, also):
        return Judgement(Look.STALE, ("address",))
    before, after = _expected(change, state, done, groups)
    current = {name: _read(state, name) for name in before}
    # An account to be deleted is not yet as wanted when it holds nothing.
    if current == after and change.action != Action.DELETE:
        return ALREADY
    moved = tuple(sorted({name.partition(":")[0] for name in before if current[name] != before[name]}))
    return Judgement(Look.STALE, moved) if moved else SEND


def has_other_address(change: Change, state: AccountState, also: Collection[str] = ()) -> bool:
    """Tell whether a change is about an account that stands at another address than the plan knew, and than those that
    the plan gives it (*also*): it may have been handed over to somebody else."""
    if change.action not in PERSONAL or change.account_key is None or change.user_name is None:
        return False
    return state.user_name.casefold() not in {one.casefold() for one in (change.user_name, *also)}


def is_on_the_way(
    change: Change, state: AccountState | None, done: Iterable[Operation] = (), groups: Groups = NO_GROUPS
) -> bool:
    """Tell whether an account is somewhere between what *change* expects and what it wants, and nowhere else.

    So a call leaves it that takes the target several steps, cut short: an address that was changed and not the name,
    roles without their limit.
    """
    if state is None:
        return False
    before, after = _expected(change, state, done, groups)
    by_hand = after["roles"] - _set(change.after["ours"]) if change.action == Action.SET_ROLE else _set(())
    return all(_is_between(_read(state, name), before[name], after[name]) for name in before) and by_hand <= _set(
        state.roles
    )


def _is_between(current: Any, before: Any, after: Any) -> bool:
    return current in (before, after) or (isinstance(current, frozenset) and current <= before | after)


def _expected(
    change: Change, state: AccountState, done: Iterable[Operation], groups: Groups
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that the change reads, as they should be now and as they should be after it."""
    match change.action:
        case Action.GRANT:
            licence = f"licence:{change.after['licence']}"
            return {licence: False}, {licence: True}
        case Action.REVOKE:
            licence = f"licence:{change.before['licence']}"
            return {licence: True}, {licence: False}
        case Action.ADD_MEMBER:
            return {"group": change.before["group_key"]}, {"group": groups.joined}
        case Action.REMOVE_MEMBER:
            return {"group": change.before["group_key"]}, {"group": None}
        case Action.SET_ROLE:
            before, after = {"roles": _set(change.before["roles"])}, {"roles": _set(change.after["roles"])}
            if limit_of(change) is not None:
                before["managed_groups"] = _set(change.before.get("managed_groups") or ())
                after["managed_groups"] = groups.managed
            return before, after
        case Action.SUSPEND | Action.DELETE:
            planned = replace(state, licences=_set(change.before["licences"]), roles=tuple(change.before["roles"]))
            for operation in done:
                planned = effect(operation, planned)
            before = {"licences": planned.licences, "roles": _set(planned.roles)}
            return before, {"licences": frozenset(), "roles": frozenset()}
        case _:
            return {name: change.before.get(name) for name in change.after}, dict(change.after)


def _read(state: AccountState, name: str) -> Any:
    name, _, licence = name.partition(":")
    match name:
        case "licence":
            return licence in state.licences
        case "group":
            return state.group_key
        case "roles" | "managed_groups":
            return _set(getattr(state, name))
        case _:
            return getattr(state, name)


def _set(values: Iterable[str]) -> frozenset[str]:
    return frozenset(values)


def is_done(operation: Operation, state: AccountState | None) -> bool:
    """Tell whether an account, read again after a call without an answer, shows that the call was done."""
    if state is None or operation.kind == OperationKind.DELETE_ACCOUNT:
        return state is None and operation.kind == OperationKind.DELETE_ACCOUNT
    return effect(operation, state) == _in_order(state)


def _in_order(state: AccountState) -> AccountState:
    return replace(state, roles=tuple(sorted(state.roles)), managed_groups=tuple(sorted(state.managed_groups)))


def effect(operation: Operation, state: AccountState) -> AccountState:
    """Return *state* as it is after *operation*: roles and their groups sorted, the rest as it was."""
    state = _in_order(state)
    payload = operation.payload
    match operation.kind:
        case OperationKind.ASSIGN_LICENCE:
            return replace(state, licences=state.licences | {payload["licence_key"]})
        case OperationKind.UNASSIGN_LICENCE:
            return replace(state, licences=state.licences - {payload["licence_key"]})
        case OperationKind.SET_ROLES:
            limit = payload.get("managed_groups")
            managed = state.managed_groups if limit is None else tuple(sorted(limit))
            return replace(state, roles=tuple(sorted(payload["roles"])), managed_groups=managed)
        case OperationKind.JOIN_GROUP:
            return replace(state, group_key=payload["group_key"])
        case OperationKind.LEAVE_GROUPS:
            return replace(state, group_key=None)
        case OperationKind.UPDATE_ACCOUNT:
            return replace(state, **payload)
        case _:
            return state
