"""Overrides: a person's decision that one plan may be sent though it is over a limit. Freezes know no exception.

A decision is recorded in the journal with its reason, is bound to one plan, and is good for one application of it.
"""

from datetime import UTC, datetime

from flows.run import Run
from tasks.journal import Decision, Journal
from tasks.model.errors import BadUsage, UnsafePlan
from tasks.provision import is_complete
from tasks.settings import Settings

OVERRIDE = "override"
SHORTEST_HASH = 12


def decided(plan_hash: str, reason: str | None) -> int | None:
    """Record that a plan may be sent though it is over a limit, and why; return the decision's number.

    The number goes to Prefect, the reason does not. None without a reason; ``BadUsage`` for an empty one.
    """
    if reason is None:
        return None
    if not reason.strip():
        raise BadUsage("An override needs a reason.", remedy='Give one: --override "Ticket 881".')
    settings = Settings()
    with Journal.open(settings.journal_url or settings.journal) as journal:
        return _decide(journal, plan_hash, reason)


def is_overridden(run: Run, plan_hash: str, number: int | None) -> bool:
    """Whether the decision *number* lets this run send the plan; it is then used up.

    An application under an override that did not come to its end is gone on with without a further one. Raises
    ``BadUsage`` if the decision is not about this plan, ``UnsafePlan`` if the plan was applied under one already.
    """
    decisions = _overrides(run.journal, plan_hash)
    used = any(one.spent_by for one in decisions)
    if used and not is_complete(run.journal.plan(plan_hash), run.journal):
        return True
    if number is None:
        return False
    if number not in {one.decision_id for one in decisions}:
        raise BadUsage(f"The decision {number} is not about this plan.")
    if used:
        raise UnsafePlan(
            "The plan was applied under an override before, and an override is good for one application.",
            remedy="Make a new plan with 'rosterflow plan'.",
        )
    return run.journal.spend(number, run.run_id)


def is_overridden_by_name(run: Run, plan_hash: str, name: str | None) -> bool:
    """Whether *name*, the beginning of a plan's hash, lets this run send the plan; that is recorded as a decision.

    Raises ``BadUsage`` for a name too short to be one plan's.
    """
    if name is not None and len(name) < SHORTEST_HASH:
        raise BadUsage(f"An override names a plan by at least {SHORTEST_HASH} characters of its hash.")
    if is_overridden(run, plan_hash, None):
        return True
    if name is None or not plan_hash.startswith(name):
        return False
    return is_overridden(run, plan_hash, _decide(run.journal, plan_hash, "named by its hash"))


def _decide(journal: Journal, plan_hash: str, reason: str) -> int:
    return journal.decide(plan_hash, OVERRIDE, "attested", {"reason": reason}, datetime.now(UTC))


def _overrides(journal: Journal, plan_hash: str) -> list[Decision]:
    return [one for one in journal.decisions(plan_hash) if one.kind == OVERRIDE]
