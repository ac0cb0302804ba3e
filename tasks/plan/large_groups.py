"""Leave out of a plan what cannot be done to large directory groups (docs/decisions/0018). Pure.

A group of more members than a request carries can be changed by PATCH alone, and nobody knows whether that leaves the
others in it, unless the pipeline says so.
"""

from collections import defaultdict

from tasks.model.pipeline import MAX_GROUP_MEMBERS
from tasks.model.plan import Action, Change, WithheldReason, sort_changes
from tasks.plan.drafts import Drafts
from tasks.plan.world import World

MEMBERSHIPS = (Action.REMOVE_DIRECTORY_MEMBER, Action.ADD_DIRECTORY_MEMBER)


def withhold_from_large_groups(world: World, drafts: Drafts) -> None:
    """Withdraw the memberships of groups that are, or would become, too large to be written whole.

    A group that is too large stays as it is. One that would become so is filled as far as there is room, by source and
    person. Nested groups count in GoTo's eyes and are not known here: what they make too much is refused then.
    """
    if world.pipeline.target.directory_patch == "merge":
        return
    sizes = _sizes(world)
    due: dict[str, list[Change]] = defaultdict(list)
    for change in sort_changes(drafts.changes):
        if change.action in MEMBERSHIPS:
            due[_folded(change)].append(change)
    left_out = [one for folded, changes in due.items() for one in _too_many(sizes.get(folded, 0), changes)]
    drafts.withdraw_all({one.change_id: _group_name(one) for one in left_out}, WithheldReason.LARGE_GROUP)


def _sizes(world: World) -> dict[str, int]:
    """Return how many people are in each directory group, by its name, folded."""
    groups = world.state.directory_groups
    counts = world.state.directory_members["group_key"].value_counts()
    return {
        name.casefold(): int(counts.get(key, 0)) for key, name in zip(groups["group_key"], groups["name"], strict=True)
    }


def _too_many(size: int, changes: list[Change]) -> list[Change]:
    """Return those of a group's changes for which there is no room; people leave before others join."""
    if size > MAX_GROUP_MEMBERS:
        return changes
    joins = [change for change in changes if change.action == Action.ADD_DIRECTORY_MEMBER]
    room = MAX_GROUP_MEMBERS - size + len(changes) - len(joins)
    return joins[max(room, 0) :]


def _folded(change: Change) -> str:
    return _group_name(change).casefold()


def _group_name(change: Change) -> str:
    return str(change.before.get("directory_group") or change.after["directory_group"])
