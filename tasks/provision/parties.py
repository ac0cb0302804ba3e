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

    ``unanswered`` holds the payloads of calls that had no answer, of earlier runs too, and may still be carried out.
    ``refused`` holds those of this run's that were made while nobody had the address, and were refused: something
    between may have passed such a call on twice, and handed over the second answer. What an earlier run was refused it
    has looked up at once, so whoever is there later was made by somebody else.

    ``carried`` are all changes of calls that were or may have been carried out: what they gave, came from us.
    """

    unanswered: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    refused: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    carried: set[str] = field(default_factory=set)

    def note_refused(self, change_ids: Iterable[str], payload: Mapping[str, Any], code: str | None) -> None:
        for change_id in change_ids if code in REPEATED else ():
            self.refused.setdefault(change_id, []).append(payload)

    def note_unanswered(self, change_ids: Iterable[str], payload: Mapping[str, Any]) -> None:
        for change_id in change_ids:
            self.unanswered.setdefault(change_id, []).append(payload)
            self.carried.add(change_id)

    def have_made(self, one: Newcomer, state: AccountState) -> bool:
        """Tell whether the account at somebody's address counts as made by a call of ours.

        What somebody else gave must not become ours, so it may hold nothing that no such call gave. After a call
        without an answer it may hold less: a target may take several steps, and have been cut off between two.
        """
        change_id, names = one.create.change_id, ("given_name", "family_name")
        if any(one.create.after.get(name) not in (None, getattr(state, name)) for name in names):
            return False
        if any(_is_within(payload, state) for payload in self.unanswered.get(change_id, ())):
            return True
        # Who is in use already was there before: the reading before the call did not show them.
        return not state.activated and any(_is_as_asked(payload, state) for payload in self.refused.get(change_id, ()))

    def are_about(self, one: Newcomer) -> bool:
        return one.create.change_id in self.unanswered or one.create.change_id in self.refused


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


def _is_as_asked(payload: Mapping[str, Any], state: AccountState) -> bool:
    """Tell whether an account holds just what a create gave. It may lack the group: a target may take that in a
    further call."""
    has_all = state.licences >= set(payload["licences"]) and set(state.roles) >= set(payload["roles"])
    return has_all and _is_within(payload, state)


def _is_within(payload: Mapping[str, Any], state: AccountState) -> bool:
    """Tell whether an account holds nothing that a create did not give."""
    return (
        state.licences <= set(payload["licences"])
        and set(state.roles) <= set(payload["roles"])
        and state.group_key in (None, payload["group_key"])
    )
