"""Why a change ended as it did: the sentences of outcomes, without a word about anybody."""

from tasks.model.operations import OutcomeStatus

SEATS_EXCEEDED = "license.seats.exceeded"
NAME_CONFLICT = "user.name.conflict"
REPEATED = frozenset({NAME_CONFLICT, SEATS_EXCEEDED})
"""How a create is refused whose first sending was carried out, if something between passes it on twice."""

UNAUTHORISED = 401
FORBIDDEN = 403

STOPPED = "The run was stopped before this was done."
TARGET_LOST = "The target could no longer be used before this was done."
TAKEN_OVER = "The run was cut off before this was done, and its plan was given up."
UNMET = "A change that this one needs was not done."
REFUSED = "The target refused it."
NO_SEAT = "The licence has no seat left."
KEPT = "The licence that was to come for another has no seat left; the one that is held stays."
GIVEN_BACK = "What was to come for it was refused, and it was given back."
GIVEN_BACK_SINCE = "An earlier run took it; what was to come for it was refused, and it was given back since."
"""Likewise, where the report of that run has told of the taking, and of its mail."""
GIVEN_BACK_INSTEAD = "The licence that was taken for it was given back."
NOT_GIVEN_BACK = (
    "The licence that was taken for it could not be given back. The next plan gives one of the two, if it has a seat."
)
GIVING_BACK = (
    "The target refused it, and what was taken for it is being given back. How far that came is not known yet: the "
    "next run sees to it."
)
UNLINKED = "The account is not, or no more, the one linked to this person."
PROTECTED = "The account is protected by now."
LAST_ADMIN = "It would leave nobody as super admin now. Make somebody else super admin first."
GROUP_GONE = "The group is no longer there."
DIRECTORY_GROUP_GONE = "The directory group is no longer there."
APPEARED = "An account with this address appeared since the plan was made."
APPEARED_MEANWHILE = (
    "An account with this address appeared while it was being created; whether by a call of this run is not known. "
    "Check what it holds before the next run: that may count it as given by hand."
)
ELSEWHERE = (
    "The address belongs to another account of the service. The person must leave that account, or move it here, "
    "before they can be added; or the roster must have another address."
)
NOT_THEIRS = (
    "The answer to the create named an account with another address. What this run gave the person afterwards may have "
    "gone to that account: compare the two in the Admin Center."
)
NOT_THERE = (
    "The answer to the create named an account that is not there, and at the person's address is nobody just as they "
    "were made. Look them up in the Admin Center."
)
INVITED = "The person is asked to move here from another account; they have access once they accept."


def of_refusal(code: str | None) -> tuple[OutcomeStatus, str]:
    """Return how a change ends that the target refused with its own *code*, and why."""
    if code == SEATS_EXCEEDED:
        return OutcomeStatus.NO_SEAT, NO_SEAT
    return OutcomeStatus.FAILED, REFUSED
