"""Overrides: a person's decision that one plan may be sent though it is over a limit. Freezes know no exception.

A decision is recorded in the journal with its reason, is bound to one plan, and is good for one application of it.
"""

from datetime import UTC, datetime

from flows.run import Run
from tasks.journal import Decision, Journal
from tasks.journal.products import load_limits
from tasks.model.errors import BadUsage
from tasks.model.remaining import remaining
from tasks.settings import Settings

OVERRIDE = "override"
SHORTEST_HASH = 12


def decided(plan_hash: str, reason: str | None) -> int | None:
    """Record that a plan may be sent though it is over a limit, and why; return the decision's number.

    The number goes to Prefect, the reason does not. None without a reason; ``BadUsage`` for an empty one, or if nothing
    is left of the plan that a limit could stop.
    """
    if reason is None:
        return None
    if not reason.strip():
        raise BadUsage("An override needs a reason.", remedy='Give one: --override "Ticket 881".')
    settings = Settings()
    with Journal.open(settings.journal_place) as journal:
        plan = journal.plan(plan_hash)
        if not remaining(plan, journal.outcomes(plan_hash)).changes:
            raise BadUsage(
                "There is nothing to override: nothing is left to do of this plan.",
                remedy="Make a new plan with 'rosterflow plan'.",
            )
        return _decide(journal, plan_hash, reason)


def is_overridden(run: Run, plan_hash: str, number: int | None) -> bool:
    """Whether the decision *number* lets this run send the plan though it is over a limit; it is then used up.

    A plan that was begun under an override is gone on with without a further one. Raises ``BadUsage`` if the decision
    is not about this plan.
    """
    decisions = _overrides(run.journal, plan_hash)
    if number is not None and number not in {one.decision_id for one in decisions}:
        raise BadUsage(f"The decision {number} is not about this plan.")
    if not _is_over(run):
        return False
    if any(_was_begun_under(run.journal, one) for one in decisions):
        return True
    if number is None:
        return False
    return run.journal.spend(number, run.run_id)


def is_overridden_by_name(run: Run, plan_hash: str, name: str | None) -> bool:
    """Whether *name*, the beginning of a plan's hash, lets this run send the plan; that is recorded as a decision.

    Raises ``BadUsage`` for a name too short to be one plan's.
    """
    if name is not None and len(name) < SHORTEST_HASH:
        raise BadUsage(f"An override names a plan by at least {SHORTEST_HASH} characters of its hash.")
    if is_overridden(run, plan_hash, None):
        return True
    if name is None or not _is_over(run) or not plan_hash.startswith(name):
        return False
    return is_overridden(run, plan_hash, _decide(run.journal, plan_hash, "named by its hash"))


def _is_over(run: Run) -> bool:
    """Whether what is left to do is over a limit: a decision is used up for that alone."""
    return any(reading.broken for reading in load_limits(run.folder))


def _decide(journal: Journal, plan_hash: str, reason: str) -> int:
    return journal.decide(plan_hash, OVERRIDE, "attested", {"reason": reason}, datetime.now(UTC))


def override_of(journal: Journal, plan_hash: str) -> Decision | None:
    """Return the decision under which a plan was sent over a limit, None if it was not."""
    return next((one for one in _overrides(journal, plan_hash) if _was_begun_under(journal, one)), None)


def _was_begun_under(journal: Journal, decision: Decision) -> bool:
    """Whether the run that used a decision up began to apply its plan: one that was stopped before opened no way."""
    return decision.spent_by is not None and journal.run(decision.spent_by).applying_since is not None


def _overrides(journal: Journal, plan_hash: str) -> list[Decision]:
    return [one for one in journal.decisions(plan_hash) if one.kind == OVERRIDE]
