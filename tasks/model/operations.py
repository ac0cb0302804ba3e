"""What is sent: operations, and what came of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class OperationKind(StrEnum):
    """One call to a target, in the target-neutral vocabulary that every connector speaks."""

    CREATE_ACCOUNTS = "create_accounts"
    UPDATE_ACCOUNT = "update_account"
    ASSIGN_LICENCE = "assign_licence"
    UNASSIGN_LICENCE = "unassign_licence"
    SET_ROLES = "set_roles"
    JOIN_GROUP = "join_group"
    LEAVE_GROUPS = "leave_groups"
    CREATE_GROUP = "create_group"
    DELETE_ACCOUNT = "delete_account"
    CREATE_DIRECTORY_GROUP = "create_directory_group"
    CHANGE_DIRECTORY_GROUP = "change_directory_group"


@dataclass(frozen=True)
class NewAccount:
    """One person in a create. ``change_id`` is that of the create change."""

    change_id: str
    user_name: str
    given_name: str | None = None
    family_name: str | None = None
    locale: str | None = None


@dataclass(frozen=True)
class Operation:
    """One call to the target.

    ``payload`` by kind: create_accounts ``{licences: [key], roles: [name], group_key: str | None, welcome_template:
    key | None, settings_template: key | None}`` for all of ``people`` alike; update_account ``{field: value}``;
    assign_licence and unassign_licence ``{licence_key}``; set_roles ``{roles: [name], managed_groups: [key] | None}``
    (None: no limit is asked for; with groups also ``fallback: {roles, managed_groups}``, what to set instead where the
    target does not keep to them); join_group ``{group_key}``; create_group and create_directory_group ``{name}``;
    change_directory_group ``{group_key, add: [account key], remove: [account key]}``; the others nothing.
    ``account_key`` is None for calls that are not about one account. ``notify`` False asks the target to send no
    mail. ``change_ids`` are all the changes that this call serves.
    """

    op_id: str
    kind: OperationKind
    change_ids: tuple[str, ...]
    account_key: str | None = None
    people: tuple[NewAccount, ...] = ()
    payload: Mapping[str, Any] = field(default_factory=dict)
    notify: bool = True


@dataclass(frozen=True)
class Refusal:
    """Why a target did not do a thing: its own code, HTTP status and incident id where it gave them."""

    code: str
    status: int | None = None
    incident: str | None = None
    detail: str = ""


@dataclass(frozen=True)
class Reply:
    """What a target answered to an operation that it carried out, wholly or in part.

    ``created`` maps the address (as sent) to the new account's key, ``refused`` the address to the reason, for
    create_accounts; ``group_key`` is the new group's for create_group and create_directory_group. A call that was
    refused as a whole raises ``RefusedByTarget`` instead.
    """

    created: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, Refusal] = field(default_factory=dict)
    group_key: str | None = None
    incident: str | None = None


class OutcomeStatus(StrEnum):
    """What became of a change."""

    DONE = "done"  # sent and acknowledged, or found done when re-read
    ALREADY = "already"  # the target was already so; nothing was sent
    PENDING_TRANSFER = "pending_transfer"  # made; the person is asked to move here from another account first
    RECORDED = "recorded"  # a change that sends nothing (adopt, reactivate at GoTo)
    STALE = "stale"  # not as the plan saw it, be it the account or what goes with it; skipped
    FAILED = "failed"  # the target refused, or it stayed uncertain after every try
    NO_SEAT = "no_seat"  # the target had no seat left
    SKIPPED = "skipped"  # a change that this one needs was not done, or the run was stopped before it


GOOD = frozenset({OutcomeStatus.DONE, OutcomeStatus.ALREADY, OutcomeStatus.RECORDED, OutcomeStatus.PENDING_TRANSFER})


@dataclass(frozen=True)
class Outcome:
    """What became of one change. ``reason`` is a sentence without personal data, ``code`` the target's own."""

    change_id: str
    status: OutcomeStatus
    reason: str = ""
    code: str | None = None
    incident: str | None = None
    account_key: str | None = None


MAX_TRIES = 3
"""How often one process sends a call that gets no answer, or none that can be believed."""

IN_DOUBT = "Whether a call for this was carried out is not known, and could not be looked up: it may have been done."
ONCE_IN_DOUBT = (
    "A call for this had no answer that can be believed, and what came of it could not be looked up: it may have been "
    "done."
)
"""As older journals have it."""
NO_ANSWER = f"No answer that can be believed in {MAX_TRIES} tries; read again each time, it was not done."
HALF_DONE = (
    f"Done in part only, and no answer that can be believed for the rest in {MAX_TRIES} tries; the next run goes on "
    "from there."
)
PERHAPS_UNDONE = "It was done. What was to come for it was refused; whether it has been given back is not known."
"""Of what was taken for another change, while the call that gives it back has no answer."""
UNSEEN = "Whether the person first has to move here from another account is not known."
"""Why somebody who was made is not told of without a reservation: nobody has looked at the account since."""
TRIED_AGAIN = frozenset(
    {
        NO_ANSWER,
        HALF_DONE,
        "No answer in 3 tries; read again each time, it was not done.",
        "Done in part only, and no answer for the rest in 3 tries; the next run goes on from there.",
    }
)
"""What is tried again by the next run, be it of the same plan: these reasons, and as older journals have them."""


NOT_LIMITED = "roles.not.limited"
"""The code of roles that were given, with their mail, and set back since their limit was not kept."""


def is_final(outcome: Outcome) -> bool:
    """Tell whether a change has ended for good. What was skipped, or got no answer, the next run tries again."""
    return outcome.status != OutcomeStatus.SKIPPED and outcome.reason not in TRIED_AGAIN


def is_in_doubt(outcome: Outcome) -> bool:
    """Tell whether a change may have been made though nobody could see it."""
    return outcome.reason.startswith((IN_DOUBT, ONCE_IN_DOUBT))
