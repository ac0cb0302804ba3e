"""People who are created in one call: who goes with whom, and what each of them gets with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

from tasks.model.operations import MAX_TRIES
from tasks.model.plan import Action, Change
from tasks.model.state import AccountState
from tasks.provision.batch import Batch
from tasks.provision.jobs import Newcomer
from tasks.provision.operations import signature
from tasks.provision.reasons import REPEATED


@dataclass
class Doubts:
    """Calls that may have made people though no answer says so, by the create's id; shared by all parties of a job.

    ``suspects`` are creates that an unanswered call may still carry out; ``refused`` holds the payloads of calls that
    were made while nobody had the address, and were refused: something between may have passed such a call on twice,
    and handed over the second answer.
    """

    suspects: set[str] = field(default_factory=set)
    refused: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)

    def note_refused(self, change_ids: Iterable[str], payload: Mapping[str, Any], code: str | None) -> None:
        for change_id in change_ids if code in REPEATED else ():
            self.refused.setdefault(change_id, []).append(payload)

    def have_made(self, one: Newcomer, state: AccountState) -> bool:
        """Tell whether the account at somebody's address counts as made by a call of ours."""
        change_id = one.create.change_id
        return change_id in self.suspects or any(
            _is_as_asked(one.create, payload, state) for payload in self.refused.get(change_id, ())
        )

    def are_about(self, one: Newcomer) -> bool:
        return one.create.change_id in self.suspects or one.create.change_id in self.refused


@dataclass
class Party:
    """People who are created in one call, and what each of them gets with it."""

    people: list[Newcomer]
    extras: dict[str, tuple[Change, ...]]  # by the create's id; alike for all
    group_key: str | None = None
    tries: int = MAX_TRIES
    doubts: Doubts = field(default_factory=Doubts)

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
        return Party(list(people), self.extras, self.group_key, self.tries, self.doubts)


async def gather_parties(batch: Batch, people: Sequence[Newcomer], doubts: Doubts) -> list[Party]:
    """Put together those who get the same now: something that an extra needs may not have been done for all."""
    extras = {one.create.change_id: await _deliverable(batch, one) for one in people}

    def given(one: Newcomer) -> tuple[object, ...]:
        return signature(one.create, extras[one.create.change_id])

    parties = []
    for _, alike in groupby(sorted(people, key=given), key=given):
        party = Party(list(alike), extras, doubts=doubts)
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


def _is_as_asked(create: Change, payload: Mapping[str, Any], state: AccountState) -> bool:
    """Tell whether an account has the names of a create, and holds just what its call gave.

    It may lack the group: a target may take that in a further call. What somebody else gave must not become ours.
    """
    names = ("given_name", "family_name")
    return (
        all(create.after.get(name) in (None, getattr(state, name)) for name in names)
        and state.licences == set(payload["licences"])
        and set(state.roles) == set(payload["roles"])
        and state.group_key in (None, payload["group_key"])
    )
