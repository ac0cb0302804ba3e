"""People who are created in one call: who goes with whom, and what each of them gets with it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from tasks.model.plan import Action, Change
from tasks.provision.batch import Batch
from tasks.provision.jobs import Newcomer
from tasks.provision.operations import signature
from tasks.provision.reasons import MAX_TRIES


@dataclass
class Party:
    """People who are created in one call, and what each of them gets with it."""

    people: list[Newcomer]
    extras: dict[str, tuple[Change, ...]]  # by the create's id; alike for all
    group_key: str | None = None
    tries: int = MAX_TRIES
    suspects: set[str] = field(default_factory=set)  # creates that an unanswered call may still carry out

    def all_extras(self) -> list[Change]:
        return [extra for one in self.people for extra in self.extras[one.create.change_id]]

    def split(self) -> list["Party"]:
        middle = len(self.people) // 2
        return [self.only(self.people[:middle]), self.only(self.people[middle:])]

    def without_licences(self) -> "Party":
        bare = self.only(self.people)
        bare.extras = {
            key: tuple(extra for extra in extras if extra.action != Action.GRANT) for key, extras in self.extras.items()
        }
        return bare

    def only(self, people: list[Newcomer]) -> "Party":
        return Party(list(people), self.extras, self.group_key, self.tries, self.suspects)


async def gather_parties(batch: Batch, people: Sequence[Newcomer], suspects: set[str]) -> list[Party]:
    """Put together those who get the same now: something that an extra needs may not have been done for all."""
    extras = {one.create.change_id: await _deliverable(batch, one) for one in people}

    def given(one: Newcomer) -> tuple[object, ...]:
        return signature(one.create, extras[one.create.change_id])

    parties = []
    for _, alike in groupby(sorted(people, key=given), key=given):
        party = Party(list(alike), extras, suspects=suspects)
        joins = [extra for extra in party.all_extras() if extra.action == Action.ADD_MEMBER]
        party.group_key = await batch.group_key(joins[0]) if joins else None
        parties.append(party)
    return parties


async def _deliverable(batch: Batch, one: Newcomer) -> tuple[Change, ...]:
    """Return the extras that can travel with the create: what they need is done, and their group is there."""
    ready = []
    for extra in one.extras:
        if batch.is_final(extra) or not batch.is_met(extra, but=one.create.change_id):
            continue
        if extra.action != Action.ADD_MEMBER or await batch.group_key(extra) is not None:
            ready.append(extra)
    return tuple(ready)
