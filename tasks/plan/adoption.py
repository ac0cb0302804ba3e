"""Draft the links to accounts that are there already. Adopting is a change in the plan that sends nothing."""

from tasks.model.plan import Action, Cause
from tasks.plan.drafts import Drafts
from tasks.plan.strangers import NAMES
from tasks.plan.world import World, rows, text


def draft_adoptions(world: World, drafts: Drafts) -> None:
    """Adopt the accounts that fit a worker. People who have left and hold nothing are not taken on."""
    for row in rows(world.adoptable):
        person = world.person(row)
        idle = row.account_key not in world.holders and not person.roles
        if (not row.employed and idle) or not row.started or (row.source, row.key) in world.doubt.held:
            continue
        with_grants = world.pipeline.adopt == "matched+grants"
        licences = list(world.holdings.of(row.account_key)) if with_grants else []
        cause = Cause.DRIFT if row.employed else Cause.LEAVER
        named = {name: text(getattr(row, f"current_{name}")) for name in NAMES}
        after = {"user_name": person.user_name, **named, "licences": licences}
        adopted = drafts.add(person, Action.ADOPT, cause, {}, after)
        if adopted:
            drafts.adopted[person.source, person.key] = adopted
