"""Changes in the making: one person's at a time, with what they need, the mail they cause and why they are due."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tasks.model.pipeline import Pipeline
from tasks.model.plan import Action, Cause, Change, Origin, Withheld, WithheldReason, change_id

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


@dataclass
class Drafts:
    """Collects changes and what was withheld. ``block`` turns every change about a person into a withheld one."""

    pipeline: Pipeline
    changes: list[Change] = field(default_factory=list)
    withheld: list[Withheld] = field(default_factory=list)

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
    ) -> str:
        """Draft one change and return its id. A protected account's is withheld instead."""
        subject = (person.source, person.key)
        identity = change_id(self.pipeline.name, self.pipeline.target.name, action, subject, before, after)
        if self._protected(person):
            self.withhold(person, action, WithheldReason.PROTECTED)
        else:
            self.changes.append(
                Change(
                    change_id=identity,
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
            )
        return identity

    def add_group(self, name: str, cause: Cause, rules: Sequence[str]) -> str:
        """Draft a group that is not there yet and return the change's id."""
        after = {"group": name}
        target = self.pipeline.target.name
        identity = change_id(self.pipeline.name, target, Action.CREATE_GROUP, ("", ""), {"group": None}, after)
        self.changes.append(
            Change(
                identity, Action.CREATE_GROUP, cause, None, None, None, None, {"group": None}, after, rules=tuple(rules)
            )
        )
        return identity

    def withhold(self, person: Person, action: Action, reason: WithheldReason, detail: str = "") -> None:
        """Note something that was due for *person* and is not in the plan."""
        self.withheld.append(
            Withheld(
                action, reason, person.source, person.key, person.account_key, person.user_name, detail, person.origin
            )
        )

    def withdraw(self, change: Change, reason: WithheldReason) -> None:
        """Take a drafted change out again and say why."""
        self.changes.remove(change)
        self.withheld.append(
            Withheld(
                change.action, reason, change.source, change.external_id, change.account_key, change.user_name,
                origin=change.origin,
            )
        )  # fmt: skip

    def drop_unneeded_groups(self) -> None:
        """Keep a group to be made only if somebody is to be put into it."""
        needed = {need for change in self.changes for need in change.needs}
        self.changes = [
            change for change in self.changes if change.action != Action.CREATE_GROUP or change.change_id in needed
        ]

    def drop_dangling_needs(self) -> None:
        """Forget needs of changes that are not in the plan."""
        known = {change.change_id for change in self.changes}
        self.changes = [
            replace(change, needs=tuple(need for need in change.needs if need in known)) for change in self.changes
        ]

    def _protected(self, person: Person) -> bool:
        names = {"user:" + (person.user_name or "").casefold(), *("role:" + role for role in person.roles)}
        return any(
            (entry.casefold() if entry.startswith("user:") else entry) in names for entry in self.pipeline.protect
        )


def grant_mail(products: Sequence[str], *, new: bool, notify: bool) -> tuple[str, ...]:
    """Return the mails that giving *products* sends: the first "get started" of a product cannot be suppressed."""
    mails = ["get-started"] * len(GET_STARTED.intersection(products))
    if notify and not new:
        mails.append("product-change")
    return tuple(mails)
