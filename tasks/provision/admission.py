"""Which plan may be applied: recorded, of this pipeline file as it stands, of these days, and not overtaken. Pure."""

from datetime import date

from tasks.journal import Journal
from tasks.model.errors import StalePlan
from tasks.model.operations import is_final
from tasks.model.pipeline import Pipeline
from tasks.model.plan import Plan

MAX_AGE_DAYS = 7
"""A review takes days. After a week people have come and gone of whom the plan knows nothing."""

PLAN_AGAIN = "Make a new one with 'rosterflow plan'."


def admit(plan: Plan, journal: Journal) -> None:
    """Let a plan pass that is recorded as it is and that is the newest word on its pipeline.

    A plan that has been applied passes again: so it is finished after an interruption. One that is complete passes even
    if it is not the newest any more; then nothing of it may be carried out, not even its leavers' grace. Raises
    ``BadUsage`` if the journal does not have it, ``StalePlan`` if another one was applied since.
    """
    journal.plan_bytes(plan.hash)
    if not (is_newest(plan, journal) or is_complete(plan, journal)):
        raise StalePlan(
            "Since this plan was made another run has carried one out, if only its list, or has given one up.",
            remedy="Make a new plan with 'rosterflow plan'.",
        )


def is_newest(plan: Plan, journal: Journal) -> bool:
    """Tell whether no other plan of the pipeline sent, recorded or accepted anything since this one was made."""
    known = (plan.header.generation, journal.generation_after(plan.hash))
    return journal.generation(plan.header.pipeline) in known


def is_complete(plan: Plan, journal: Journal) -> bool:
    """Tell whether every change of a plan is settled for good, so that applying it once more would send nothing."""
    known = journal.outcomes(plan.hash)
    found = [known.get(change.change_id) for change in plan.changes]
    return all(outcome is not None and is_final(outcome) for outcome in found)


def require_made_for(plan: Plan, pipeline: Pipeline, mapping_hash: str, rules_hash: str) -> None:
    """Raise ``StalePlan`` if a plan was made from another pipeline file, or for another target."""
    require_target(plan, pipeline)
    header = plan.header
    if (header.pipeline, header.mapping_hash, header.rules_hash) != (pipeline.name, mapping_hash, rules_hash):
        raise StalePlan(
            "What the pipeline file says has changed since the plan was made: the file, a table that it looks up in, "
            "or a variable that it names.",
            remedy=PLAN_AGAIN,
        )


def require_target(plan: Plan, pipeline: Pipeline) -> None:
    """Raise ``StalePlan`` if a plan is for another target than the pipeline's."""
    if plan.header.target != pipeline.target.tenant:
        raise StalePlan("The plan was made for another target than the pipeline now names.", remedy=PLAN_AGAIN)


def require_recent(plan: Plan, today: date) -> None:
    """Raise ``StalePlan`` if a plan was made for a day to come, or for one more than a week ago."""
    days = (today - date.fromisoformat(plan.header.as_of)).days
    if days < 0:
        raise StalePlan(
            f"The plan was made for {plan.header.as_of}, which is yet to come.",
            remedy="Apply it on that day, or make a new one with 'rosterflow plan'.",
            waits=True,
        )
    if days > MAX_AGE_DAYS:
        raise StalePlan(
            f"The plan was made for {plan.header.as_of}, {days} days ago; it can be applied for {MAX_AGE_DAYS}.",
            remedy=PLAN_AGAIN,
        )
