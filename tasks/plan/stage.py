"""The plan stage of a run: verdicts and the target's state in, a recorded plan out."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime

import pandas as pd

from tasks.connectors.base import Target
from tasks.journal import Journal, RunFolder
from tasks.journal.products import load_people, load_roster, load_state, load_verdict, save_state
from tasks.model.errors import BadUsage, RefusedByTarget, StalePlan
from tasks.model.pipeline import Pipeline
from tasks.model.plan import Plan
from tasks.model.state import TargetState
from tasks.model.tables import WEBINARS
from tasks.plan.composing import make_plan
from tasks.plan.deletes import due_for_deletion
from tasks.plan.world import Inputs

PLAN, ORIGINS = "plan.jsonl", "origins.jsonl"


UNTOLD = "which ones could not be read, see 'rosterflow doctor'"

DueIn = Callable[[TargetState], Sequence[str]]
"""Answers which accounts of a state may be deleted by the plan to come."""


async def read_target(target: Target, folder: RunFolder, due_in: DueIn = lambda _: ()) -> int:
    """Read the target whole and leave its state in the run's folder; return how many accounts it has.

    Of the accounts that are due for deletion the scheduled webinars are read as well; nobody else's are asked for.
    Where the target refuses to tell, that stands in the place of a webinar: nobody is deleted on not knowing.

    Raises ``TargetError`` if it cannot be reached, refuses us, or is not the one that the pipeline names.
    """
    await target.identify()
    state = await target.read()
    due = due_in(state)
    if due:
        state = replace(state, webinars=await _webinars(target, due))
    save_state(folder, state)
    return len(state.accounts)


async def _webinars(target: Target, due: Sequence[str]) -> pd.DataFrame:
    try:
        return await target.read_webinars(due)
    except RefusedByTarget:
        unknown = {"subject": UNTOLD, "shared_with": ()}
        return WEBINARS.frame([{"webinar_key": f"of {key}", "account_key": key, **unknown} for key in due])


def deletable(pipeline: Pipeline, journal: Journal, as_of: date) -> DueIn:
    """Return what tells, once the target is read, which accounts a plan for this day may delete."""
    if pipeline.lifecycle.delete == "never":
        return lambda _: ()
    links = journal.links(pipeline.name, pipeline.target.tenant)
    return lambda state: due_for_deletion(links, state, pipeline.lifecycle, as_of)


def compute_plan(
    pipeline: Pipeline,
    mapping_hash: str,
    rules_hash: str,
    journal: Journal,
    folder: RunFolder,
    as_of: date,
    at: datetime,
    *,
    generation: int | None = None,
) -> Plan:
    """Make the plan of a run, leave it in the run's folder, record it in the journal, and return it.

    *generation* is the journal's from before the target was read, where no lock keeps others from applying a plan
    meanwhile. Raises ``StalePlan`` if somebody did: what was read is then neither from before it nor from after.
    """
    names = [source.name for source in pipeline.sources]
    plan = make_plan(
        Inputs(
            pipeline=pipeline,
            mapping_hash=mapping_hash,
            rules_hash=rules_hash,
            verdicts={name: load_verdict(folder, name) for name in names},
            people=load_people(folder, pipeline),
            files={name: load_roster(folder, name).file for name in names},
            state=load_state(folder),
            links=journal.links(pipeline.name, pipeline.target.tenant),
            generation=journal.generation(pipeline.name),
            as_of=as_of,
            elsewhere=journal.linked_elsewhere(pipeline.name, pipeline.target.tenant),
        )
    )
    if generation not in (None, plan.header.generation):
        raise StalePlan("Another run was applied while the plan was made.", remedy="Run 'rosterflow plan' again.")
    keep_plan(plan, journal, folder, at)
    return plan


def keep_plan(plan: Plan, journal: Journal, folder: RunFolder, at: datetime) -> None:
    """Leave a plan and the origins of its people in the run's folder, and record it."""
    data = plan.to_bytes()
    folder.write_bytes(PLAN, data)
    folder.write_bytes(ORIGINS, plan.origins_to_bytes())
    journal.record_plan(plan.hash, data, plan.header.pipeline, plan.header.target, at)


def load_plan(folder: RunFolder) -> Plan:
    """Return the plan that a run left, with its people's origins.

    Raises ``StalePlan`` if it cannot be read, ``BadUsage`` if the origins cannot.
    """
    return with_origins(Plan.from_bytes(folder.path(PLAN).read_bytes()), folder)


def with_origins(plan: Plan, folder: RunFolder) -> Plan:
    """Return *plan* with the rows that its people come from, if they are told in the run's folder.

    Raises ``BadUsage`` if they cannot be read.
    """
    return folder.load(ORIGINS, plan.with_origins) if folder.path(ORIGINS).exists() else plan


def traced(plan: Plan, folder: RunFolder) -> Plan:
    """Return *plan* with the rows that its people come from, as far as the run's folder still tells them."""
    try:
        return with_origins(plan, folder)
    except BadUsage:
        return plan


def still_asks_for(
    plan: Plan, pipeline: Pipeline, mapping_hash: str, rules_hash: str, folder: RunFolder, as_of: date
) -> bool:
    """Whether *plan* was made from what this run has read too: same rows, mapping, rules, target and day.

    Then a plan whose application was cut off is gone on with; else a new one is made from where things stand.
    """
    header = plan.header
    made_for = (header.mapping_hash, header.rules_hash, header.target, header.as_of)
    if made_for != (mapping_hash, rules_hash, pipeline.target.tenant, as_of.isoformat()):
        return False
    known = {ref.name: ref.content for ref in header.sources}
    return known == {source.name: load_verdict(folder, source.name).content for source in pipeline.sources}
