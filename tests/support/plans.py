"""Builders of changes, and of the plan that holds them."""

from collections.abc import Mapping, Sequence
from typing import Any

from tasks.model.plan import MAKES_A_GROUP, Action, Cause, Change, Header, Leaving, Plan, change_id

PIPELINE, TARGET = "acme", "goto"


class PlanBuilder:
    """Collects changes; ``plan`` puts them into a plan. Accounts that it touches are adopted unless told otherwise."""

    def __init__(self) -> None:
        self.changes: list[Change] = []

    def add(
        self,
        action: Action,
        person: str,
        before: Mapping[str, Any],
        after: Mapping[str, Any],
        *,
        key: str | None = None,
        needs: Sequence[Change] = (),
    ) -> Change:
        group = action in MAKES_A_GROUP
        subject = ("", "") if group else ("hr", person)
        change = Change(
            change_id=change_id(PIPELINE, TARGET, action, subject, before, after),
            action=action,
            cause=Cause.JOINER,
            source=None if group else "hr",
            external_id=None if group else person,
            account_key=key,
            user_name=None if group else f"p{person}@acme.example",
            before=before,
            after=after,
            needs=tuple(need.change_id for need in needs),
            worker_digest=None if group else f"digest of {person}",
        )
        self.changes.append(change)
        return change

    def adopt(self, key: str, licences: Sequence[str] = ()) -> Change:
        after = {"user_name": f"p{key}@acme.example", "licences": list(licences)}
        return self.add(Action.ADOPT, key, {}, after, key=key)

    def create(self, person: str, needs: Sequence[Change] = (), **templates: str) -> Change:
        names = {"user_name": f"p{person}@acme.example", "given_name": "Pat", "family_name": "New", "locale": "en_US"}
        return self.add(Action.CREATE, person, {}, names | templates, needs=needs)

    def grant(self, person: str, licence: str, key: str | None = None, needs: Sequence[Change] = ()) -> Change:
        after = {"licence": licence, "product": "G2M"}
        return self.add(Action.GRANT, person, {"licence": None}, after, key=key, needs=needs)

    def revoke(self, person: str, licence: str, needs: Sequence[Change] = ()) -> Change:
        before = {"licence": licence, "products": ["G2M"]}
        return self.add(Action.REVOKE, person, before, {"licence": None}, key=person, needs=needs)

    def roles(
        self, person: str, before: list[str], after: list[str], key: str | None = None, needs: Sequence[Change] = ()
    ) -> Change:
        return self.add(
            Action.SET_ROLE, person, {"roles": before}, {"roles": after, "ours": after}, key=key, needs=needs
        )

    def limited(
        self,
        person: str,
        roles: list[str],
        groups: Mapping[str, str | None],
        key: str | None = None,
        needs: Sequence[Change] = (),
    ) -> Change:
        """Give *roles* to somebody who has none, for *groups* only: names to keys, None where the plan makes them."""
        limit = {"manages": list(groups), "managed_groups": list(groups.values())}
        after = {"roles": roles, "ours": roles, **limit}
        return self.add(Action.SET_ROLE, person, {"roles": []}, after, key=key, needs=needs)

    def group(self, name: str) -> Change:
        return self.add(Action.CREATE_GROUP, name, {"group": None}, {"group": name})

    def directory_group(self, name: str) -> Change:
        return self.add(Action.CREATE_DIRECTORY_GROUP, name, {"directory_group": None}, {"directory_group": name})

    def enter(
        self, person: str, name: str, group_key: str | None, key: str | None = None, needs: Sequence[Change] = ()
    ) -> Change:
        """Put somebody into a directory group."""
        after = {"directory_group": name, "group_key": group_key}
        return self.add(Action.ADD_DIRECTORY_MEMBER, person, {"directory_group": None}, after, key=key, needs=needs)

    def quit(self, person: str, name: str, group_key: str) -> Change:
        """Take somebody out of a directory group."""
        before = {"directory_group": name, "group_key": group_key}
        return self.add(Action.REMOVE_DIRECTORY_MEMBER, person, before, {"directory_group": None}, key=person)

    def join(
        self, person: str, group: str, group_key: str | None, key: str | None = None, needs: Sequence[Change] = ()
    ) -> Change:
        before, after = {"group": None, "group_key": None}, {"group": group, "group_key": group_key}
        return self.add(Action.ADD_MEMBER, person, before, after, key=key, needs=needs)

    def leave(self, person: str, group: str, group_key: str) -> Change:
        before, after = {"group": group, "group_key": group_key}, {"group": None, "group_key": None}
        return self.add(Action.REMOVE_MEMBER, person, before, after, key=person)

    def update(self, person: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Change:
        return self.add(Action.UPDATE, person, before, after, key=person)

    def suspend(self, person: str, licences: Sequence[str], roles: Sequence[str] = ()) -> Change:
        before = {"licences": list(licences), "products": ["G2M"], "roles": list(roles)}
        return self.add(Action.SUSPEND, person, before, {"licences": [], "products": [], "roles": []}, key=person)

    def delete(self, person: str, roles: Sequence[str] = ()) -> Change:
        before: dict[str, Any] = {"licences": [], "products": [], "roles": list(roles)}
        return self.add(Action.DELETE, person, before, {"licences": [], "products": [], "roles": []}, key=person)

    def reactivate(self, person: str) -> Change:
        return self.add(Action.REACTIVATE, person, {"state": "suspended"}, {"state": "active"}, key=person)

    def plan(self, *, generation: int = 0, leaving: Sequence[Leaving] = (), rules_hash: str = "rules") -> Plan:
        header = Header(PIPELINE, TARGET, "2026-03-31", generation, (), "mapping", rules_hash)
        return Plan(header, tuple(self.changes), leaving=tuple(leaving))
