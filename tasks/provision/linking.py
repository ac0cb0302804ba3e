"""What a carried-out change, or one of its calls, does to the worker's link. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from tasks.journal import LinkChange
from tasks.model.operations import Operation, OperationKind, OutcomeStatus
from tasks.model.plan import Action, Change
from tasks.provision.exchanges import Exchange

FRESH: dict[str, Any] = {"state": "active", "leaving_since": None, "suspended_on": None, "group_key": None, "roles": []}
NAMES = ("user_name", "given_name", "family_name")


def link_change(
    change: Change, status: OutcomeStatus, *, on: str, account_key: str | None = None, group_key: str | None = None
) -> LinkChange | None:
    """Return what a change that ended with *status* (a good one) does to the link; *on* is the day, ISO.

    What was there already when we came to give it was given by somebody else, and is not noted as ours.
    """
    ours = status != OutcomeStatus.ALREADY
    match change.action:
        case Action.ADOPT:
            names = {"account_key": change.account_key, **{name: change.after.get(name) for name in NAMES}}
            return _link(change, FRESH | names, give=tuple(change.after["licences"]), clear=True, new=True)
        case Action.CREATE:
            names = {"account_key": account_key, **{name: change.after.get(name) for name in NAMES}}
            return _link(change, FRESH | names, clear=True, new=True)
        case Action.GRANT if ours:
            return _link(change, give=(change.after["licence"],), take=tuple(change.before.get("given_up", ())))
        case Action.REVOKE:
            return _link(change, take=(change.before["licence"],))
        case Action.ADD_MEMBER if ours:
            return _link(change, {"group_key": group_key})
        case Action.REMOVE_MEMBER:
            return _link(change, {"group_key": None})
        case Action.ADD_DIRECTORY_MEMBER if ours and group_key:
            return _link(change, join=(group_key,))
        case Action.REMOVE_DIRECTORY_MEMBER:
            return _link(change, leave=(change.before["group_key"],))
        case Action.SET_ROLE if ours:
            return _link(change, {"roles": sorted(change.after["ours"])})
        case Action.UPDATE:
            return _link(change, {name: change.after[name] for name in NAMES if name in change.after})
        case Action.SUSPEND:
            return _link(change, {"state": "suspended", "suspended_on": on, "roles": []}, clear=True)
        case Action.REACTIVATE:
            return _link(change, {"state": "active", "suspended_on": None, "leaving_since": None})
        case Action.DELETE:
            return _link(change, {"state": "deleted", "group_key": None, "roles": []}, clear=True)
    return None


def note_exchanged(change: Change, link: LinkChange | None, exchange: Exchange) -> LinkChange:
    """Return *link*, what the last grant of an exchange does to the link, with what the exchange has taken."""
    taken = tuple(revoke.before["licence"] for revoke in exchange.gives_up)
    link = link or _link(change)
    return replace(link, take=(*link.take, *taken))


def note_given_back(revoke: Change) -> LinkChange:
    """Return what giving back a licence does to the link: it is one that we gave, as before."""
    return _link(revoke, give=(revoke.before["licence"],))


def step_link_change(change: Change, operation: Operation) -> LinkChange | None:
    """Return what one of several calls of a change does to the link, while the change is under way."""
    match operation.kind:
        case OperationKind.UNASSIGN_LICENCE:
            return _link(change, take=(operation.payload["licence_key"],))
        case OperationKind.SET_ROLES:
            return _link(change, {"roles": sorted(operation.payload["roles"])})
    return None


def moved_link(create: Change, account_key: str) -> LinkChange:
    """Return what makes a link lead to the account that a create has made, where its answer named another key."""
    return _link(create, {"account_key": account_key}, new=True)


def claimed_roles(change: Change, held: Iterable[str] | None) -> LinkChange | None:
    """Return what a role change that was not done, though a call for it was made, does to the link.

    Of the roles that it gives, those that the account *held* afterwards came from us; all of them (None) where a call
    may still be carried out. What is not noted so would count as given by hand, and never be limited or taken back.
    """
    if change.action != Action.SET_ROLE:
        return None
    ours = set(change.after["ours"])
    there = ours if held is None else ours.intersection(held)
    return _link(change, give_roles=tuple(sorted(there)), take_roles=tuple(sorted(ours - there)))


def _link(change: Change, values: dict[str, Any] | None = None, **rest: Any) -> LinkChange:
    source, external_id = change.subject
    return LinkChange(source, external_id, values or {}, **rest)
