"""Why a change ended as it did: the sentences of outcomes, without a word about anybody."""

from tasks.model.operations import Outcome, OutcomeStatus

MAX_TRIES = 3
"""How often one process sends a call that gets no answer, or none that can be believed."""

SEATS_EXCEEDED = "license.seats.exceeded"
NAME_CONFLICT = "user.name.conflict"
REPEATED = frozenset({NAME_CONFLICT, SEATS_EXCEEDED})
"""How a create is refused whose first sending was carried out, if something between passes it on twice."""

UNAUTHORISED = 401
FORBIDDEN = 403

STOPPED = "The run was stopped before this was done."
TARGET_LOST = "The target could no longer be used before this was done."
TAKEN_OVER = "The run was cut off before this was done, and its plan was given up."
IN_DOUBT = (
    "A call for this had no answer that can be believed, and what came of it could not be looked up: it may have been "
    "done."
)
UNMET = "A change that this one needs was not done."
REFUSED = "The target refused it."
NO_SEAT = "The licence has no seat left."
NO_ANSWER = f"No answer that can be believed in {MAX_TRIES} tries; read again each time, it was not done."
HALF_DONE = (
    f"Done in part only, and no answer that can be believed for the rest in {MAX_TRIES} tries; the next run goes on "
    "from there."
)
TRIED_AGAIN = frozenset(
    {
        NO_ANSWER,
        HALF_DONE,
        "No answer in 3 tries; read again each time, it was not done.",
        "Done in part only, and no answer for the rest in 3 tries; the next run goes on from there.",
    }
)
"""What is tried again by the next run, be it of the same plan: these reasons, and as older journals have them."""

UNLINKED = "The account is not, or no more, the one linked to this person."
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
INVITED = "The person is asked to move here from another account; they have access once they accept."


def is_final(outcome: Outcome) -> bool:
    """Tell whether a change has ended for good. What was skipped, or got no answer, the next run tries again."""
    return outcome.status != OutcomeStatus.SKIPPED and outcome.reason not in TRIED_AGAIN


def of_refusal(code: str | None) -> tuple[OutcomeStatus, str]:
    """Return how a change ends that the target refused with its own *code*, and why."""
    if code == SEATS_EXCEEDED:
        return OutcomeStatus.NO_SEAT, NO_SEAT
    return OutcomeStatus.FAILED, REFUSED
