"""Changes in the making: one person's at a time, with what they need, the mail they cause and why they are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from tasks.model.pipeline import Pipeline
from tasks.model.plan import Action, Cause, Change, Leaving, Origin, Withheld, WithheldReason, change_id
from tasks.model.protection import Protection
from tasks.plan.seats import SeatBook

GET_STARTED = frozenset({"G2M", "G2W", "G2T", "OPENVOICE"})
"""Products whose first seat sends a "get started" mail even where mail is suppressed (GoTo reference 9.2)."""


@dataclass(frozen=True)
class Person:
    """Whom changes are about: the worker, the account if there is one, where the row is and what its digest is."""

    source: str
    key: str
    account_key: str | None
    user_name: str | None
    origin: Origin | None = None
    worker_digest: str | None = None
    roles: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()  # all by which the roster, the link and the tenant know them

    @property
    def absent(self) -> bool:
        """Whether no row of today's files is about them."""
        return self.origin is None


@dataclass
class Drafts:
    """The plan in the making: changes, what was withheld and why, who is in grace, and the seats that are left."""

    pipeline: Pipeline
    seats: SeatBook
    changes: list[Change] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)
    leaving: list[Leaving] = field(default_factory=list)
    adopted: dict[tuple[str, str], str] = field(default_factory=dict)  # worker -> the adoption's change_id
    groups: dict[str, str] = field(default_factory=dict)  # name -> the change_id that makes it
    directory_groups: dict[str, str] = field(default_factory=dict)  # folded name -> the change_id that makes it

    def add(
        self,
        person: Person,
        action: Action,
        cause: Cause,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        rules: Sequence[str] = (),
        needs: Sequence[str] = (),
        mail: Sequence[str] = (),
    ) -> str | None:
        """Draft one change and return its id. A protected account's is withheld instead: None."""
        if self.protects(person):
            self.withhold(person, action, WithheldReason.PROTECTED)
            return None
        change = Change(
            change_id=self._identity(action, (person.source, person.key), before, after),
            action=action,
            cause=cause,
            source=person.source,
            external_id=person.key,
            account_key=person.account_key,
            user_name=person.user_name,
            before=before,
            after=after,
            origin=person.origin,
            rules=tuple(rules),
            needs=tuple(needs),
            mail=tuple(mail),
            worker_digest=person.worker_digest,
        )
        self.changes.append(change)
        return change.change_id

    def add_group(self, name: str, cause: Cause, rules: Sequence[str]) -> str:
        """Draft a group that is not there yet, once, and return the change's id."""
        if name not in self.groups:
            self.groups[name] = self._add_made(Action.CREATE_GROUP, "group", name, cause, rules)
        return self.groups[name]

    def add_directory_group(self, name: str, cause: Cause, rules: Sequence[str]) -> str:
        """Draft a directory group that is not there yet, once, and return the change's id."""
        folded = name.casefold()
        if folded not in self.directory_groups:
            made = self._add_made(Action.CREATE_DIRECTORY_GROUP, "directory_group", name, cause, rules)
            self.directory_groups[folded] = made
        return self.directory_groups[folded]

    def _add_made(self, action: Action, noun: str, name: str, cause: Cause, rules: Sequence[str]) -> str:
        before, after = {noun: None}, {noun: name}
        identity = self._identity(action, ("", ""), before, after)
        self.changes.append(Change(identity, action, cause, None, None, None, None, before, after, rules=tuple(rules)))
        return identity

    def adoption_of(self, person: Person) -> tuple[str, ...]:
        """Return the adoption that changes to this person need, if there is one."""
        adopted = self.adopted.get((person.source, person.key))
        return (adopted,) if adopted else ()

    def notice(self, kind: str) -> tuple[str, ...]:
        """Return the mail that the target sends unless it is asked not to."""
        return (kind,) if self.pipeline.target.notify_users else ()

    def withhold(self, person: Person, action: Action, reason: WithheldReason, detail: str = "") -> None:
        """Note something that was due for *person* and is not in the plan."""
        self.withheld.append(
            Withheld(
                action, reason, person.source, person.key, person.account_key, person.user_name, detail, person.origin
            )
        )

    def withdraw_all(self, details: Mapping[str, str], reason: WithheldReason) -> None:
        """Take drafted changes, by id, out again, with the seats that they would have freed; say why, each with the
        detail of what is withheld."""
        gone = [change for change in self.changes if change.change_id in details]
        self.changes = [change for change in self.changes if change.change_id not in details]
        for change in gone:
            for licence in change.before.get("licences", ()):
                self.seats.keep(licence)
        self.withheld += [
            Withheld(
                change.action, reason, change.source, change.external_id, change.account_key, change.user_name,
                details[change.change_id], change.origin,
            )
            for change in gone
        ]  # fmt: skip

    def drop_loose_ends(self) -> None:
        """Drop groups that nobody is to be put into, and needs of changes that are not in the plan."""
        needed = {need for change in self.changes for need in change.needs}
        made = (Action.CREATE_GROUP, Action.CREATE_DIRECTORY_GROUP)
        kept = [change for change in self.changes if change.action not in made or change.change_id in needed]
        known = {change.change_id for change in kept}
        self.changes = [replace(change, needs=tuple(n for n in change.needs if n in known)) for change in kept]

    def _identity(self, action: Action, subject: tuple[str, str], before: Any, after: Any) -> str:
        return change_id(self.pipeline.name, self.pipeline.target.tenant, action, subject, before, after)

    def protects(self, person: Person) -> bool:
        """Whether the pipeline protects this person, by an address or by a role."""
        return self._protection.covers((*person.addresses, person.user_name or ""), person.roles)

    @cached_property
    def _protection(self) -> Protection:
        return Protection(self.pipeline.protect)


def grant_mail(products: Sequence[str], *, new: bool, notify: bool) -> tuple[str, ...]:
    """Return the mails that one new licence sends. The first "get started" mail goes out even where mail is
    suppressed; whether a product is somebody's first cannot be known, so it is always counted."""
    mails = ["get-started"] if GET_STARTED.intersection(products) else []
    if notify and not new:
        mails.append("product-change")
    return tuple(mails)
