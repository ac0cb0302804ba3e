"""Make a plan: adopt, let leavers go, see to those who stay, guard, sort. Pure: no clock, no network."""

from collections.abc import Collection, Sequence
from operator import attrgetter

import pandas as pd

from tasks.model.plan import Action, Change, Header, Plan, SourceRef, sort_changes
from tasks.plan.adoption import draft_adoptions
from tasks.plan.deletes import draft_deletes
from tasks.plan.directory import draft_directory
from tasks.plan.drafts import Drafts
from tasks.plan.giving import draft_staying
from tasks.plan.guards import keep_an_admin
from tasks.plan.leavers import draft_leavers
from tasks.plan.mails import forecast_mails
from tasks.plan.memberships import held_memberships
from tasks.plan.offers import require_offered
from tasks.plan.seats import SeatBook
from tasks.plan.staying import Staying
from tasks.plan.surplus import draft_surplus
from tasks.plan.world import Inputs, World


def make_plan(inputs: Inputs) -> Plan:
    """Return the plan that turns the target's state into the one that the rosters and rules ask for.

    Raises ``BadPipeline`` if a rule asks for a product, an edition or a template that the tenant does not have, or for
    a group whose name does not tell which one is meant.
    """
    world = World(inputs)
    drafts = Drafts(inputs.pipeline, SeatBook.of(inputs.state.licences))
    require_offered(inputs.pipeline, inputs.state)
    # Leavers and surplus come first: they free the seats that others take.
    draft_adoptions(world, drafts)
    draft_leavers(world, drafts)
    draft_deletes(world, drafts)
    keep_an_admin(drafts, inputs.state.accounts)
    staying = Staying.of(world, drafts)
    draft_surplus(world, drafts, staying)
    draft_staying(world, drafts, staying)
    keep_an_admin(drafts, inputs.state.accounts)
    draft_directory(world, drafts, staying)
    drafts.drop_loose_ends()
    changes = tuple(sort_changes(drafts.changes))
    return Plan(_header(world, changes), changes, tuple(drafts.withheld), tuple(drafts.leaving))


def _header(world: World, changes: Sequence[Change]) -> Header:
    inputs = world.inputs
    adopted = {change.account_key for change in changes if change.action == Action.ADOPT}
    active = {*world.linked.loc[world.linked["link_state"] == "active", "account_key"], *adopted}
    ours = {*world.linked["account_key"], *adopted}
    touched = {change.account_key for change in changes}
    leaving = {change.account_key for change in changes if change.action in (Action.SUSPEND, Action.DELETE)}
    return Header(
        pipeline=inputs.pipeline.name,
        target=inputs.pipeline.target.tenant,
        as_of=inputs.as_of.isoformat(),
        generation=inputs.generation,
        sources=tuple(
            _source_ref(inputs, source.name, source.snapshot)
            for source in sorted(inputs.pipeline.sources, key=attrgetter("name"))
        ),
        mapping_hash=inputs.mapping_hash,
        rules_hash=inputs.rules_hash,
        base={
            "accounts": len(active),
            "grants": world.holdings.count_by_product(active),
            **_directory_base(world),
        },
        mails=forecast_mails(world, changes),
        unchanged=len(ours - touched),
        orphans=int((~inputs.state.accounts["account_key"].isin(ours | inputs.elsewhere)).sum()),
        moving=_moving(inputs.state.accounts, active - leaving),
    )


def _moving(accounts: pd.DataFrame, ours: Collection[str]) -> int:
    """Count those of the accounts that we keep whose person is asked to move here from another one, and has yet to."""
    return int((accounts["pending_transfer"].fillna(False) & accounts["account_key"].isin(ours)).sum())


def _directory_base(world: World) -> dict[str, int]:
    """Return how many memberships of the fed directory are ours: what the limit on taking out is a share of."""
    if world.pipeline.target.directory != "feed":
        return {}
    return {"directory_members": int(held_memberships(world.state, world.linked)["ours"].sum())}


def _source_ref(inputs: Inputs, name: str, snapshot: str) -> SourceRef:
    verdict = inputs.verdicts[name]
    held = len(verdict.held)
    return SourceRef(name, inputs.files[name], verdict.content, len(verdict.clean) + held, held, snapshot)
