"""Make a plan: correlate, decide who leaves, compare desired with current, guard, sort. Pure: no clock, no network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from tasks.model.errors import BadPipeline
from tasks.model.pipeline import Pipeline
from tasks.model.plan import (
    Action,
    Cause,
    Header,
    Leaving,
    Origin,
    Plan,
    SourceRef,
    WithheldReason,
    digest,
    sort_changes,
)
from tasks.model.rosters import Verdict
from tasks.model.state import TargetState
from tasks.model.tables import ORIGIN
from tasks.plan.absence import Doubt, absent_links, weigh_held_rows
from tasks.plan.desired import Desired, desired_state
from tasks.plan.drafts import Drafts, Person, grant_mail
from tasks.plan.entitlements import Holdings, missing_products, surplus_licences
from tasks.plan.guards import keep_an_admin, kept_products
from tasks.plan.people import correlate, gather, live_links
from tasks.plan.seats import SeatBook

ATTRIBUTES = ("user_name", "given_name", "family_name", "locale")
_NOT_OF_THE_PERSON = {"source", *ORIGIN, "key", "address", "employed", "ended_on", "started"}


@dataclass(frozen=True)
class Inputs:
    """All that a plan is made from. ``verdicts`` are by source name; ``links`` are of this pipeline and target."""

    pipeline: Pipeline
    mapping_hash: str
    rules_hash: str
    verdicts: Mapping[str, Verdict]
    files: Mapping[str, str]
    state: TargetState
    links: pd.DataFrame
    generation: int
    as_of: date


def make_plan(inputs: Inputs) -> Plan:
    """Return the plan that turns the target's state into the one that the rosters and rules ask for.

    Raises ``BadPipeline`` if a rule asks for a product or group that the target cannot give without a guess.
    """
    return _Planner(inputs).plan()


class _Planner:
    """One plan in the making: the tables, computed once, and the drafts."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.pipeline = inputs.pipeline
        self.drafts = Drafts(inputs.pipeline)
        self.leaving: list[Leaving] = []
        self.book = SeatBook.of(inputs.state.licences)
        self.linked = live_links(inputs.links, inputs.state.accounts)
        clean = pd.concat([verdict.clean for verdict in inputs.verdicts.values()], ignore_index=True)
        self.people = correlate(
            gather(clean, inputs.as_of), inputs.state.accounts, inputs.links, self.pipeline.correlate
        )
        self.adopted: dict[tuple[str, str], str] = {}
        self.group_changes: dict[str, str] = {}

    # The order matters: leavers free the seats that joiners take.
    def plan(self) -> Plan:
        _require_offered_products(self.pipeline, self.book)
        self._adopt()
        self._leavers()
        self._surplus()
        self._employed()
        self._reappearing_deletes()
        keep_an_admin(self.drafts, self.inputs.state.accounts)
        self.drafts.drop_unneeded_groups()
        self.drafts.drop_dangling_needs()
        changes = tuple(sort_changes(self.drafts.changes))
        return Plan(self._header(changes), changes, tuple(self.drafts.withheld), tuple(self.leaving))

    @cached_property
    def doubt(self) -> Doubt:
        held = pd.concat([verdict.held for verdict in self.inputs.verdicts.values()], ignore_index=True)
        return weigh_held_rows(held, self.linked, self.people["claimed_from"].dropna())

    @cached_property
    def holdings(self) -> Holdings:
        return Holdings.read(self.inputs.state, self._managed["account_key"])

    @cached_property
    def _managed(self) -> pd.DataFrame:
        """Accounts that are ours now or by an adoption of this plan: ``account_key``, ``active``."""
        by_link = self.linked[["account_key"]].assign(active=self.linked["link_state"] == "active")
        matched = self.people.loc[self._adoptable, ["account_key"]].assign(active=True)
        return pd.concat([by_link, matched], ignore_index=True).drop_duplicates("account_key")

    @cached_property
    def _adoptable(self) -> pd.Series:
        """Workers whose account is there and not linked yet."""
        fits = self.people["account_key"].notna() & self.people["link_state"].isna()
        return fits & (self.pipeline.adopt != "none")

    # -- who is who ---------------------------------------------------------------------------------------------

    def _person(self, row: Any) -> Person:
        account = None if pd.isna(row.account_key) else str(row.account_key)
        roles = row.current_roles if isinstance(row.current_roles, tuple) else ()
        origin = Origin(row.file, None if pd.isna(row.sheet) else row.sheet, int(row.row))
        # the address in use, so that reviewers and the check before the write see the account's own
        address = row.current_user_name if account and pd.notna(row.current_user_name) else row.user_name
        return Person(row.source, row.key, account, address, origin, self._digest_of(row), roles)

    def _digest_of(self, row: Any) -> str:
        facts = {
            name: value
            for name, value in row._asdict().items()
            if name not in _NOT_OF_THE_PERSON
            and not name.startswith(("link_", "current_", "claimed_", "want_"))
            and name not in ("Index", "account_key", "match")
            and isinstance(value, str)
        }
        return digest(facts)[:32]

    def _cause(self, row: Any, person: Person) -> Cause:
        """Tell a mover from a rule change and from drift by what the link recorded when it was last applied."""
        if person.account_key is None:
            return Cause.DRIFT if self._was_linked(person) else Cause.JOINER
        if row.link_state == "suspended":
            return Cause.JOINER
        if pd.isna(row.link_state):
            return Cause.DRIFT
        if pd.notna(row.link_worker_digest) and row.link_worker_digest != person.worker_digest:
            return Cause.MOVER
        if pd.notna(row.link_rules_digest) and row.link_rules_digest != self.inputs.rules_hash:
            return Cause.RULE_CHANGE
        return Cause.DRIFT

    @cached_property
    def _linked_keys(self) -> frozenset[tuple[str, str]]:
        links = self.inputs.links
        return frozenset(zip(links["source"], links["external_id"], strict=True))

    def _was_linked(self, person: Person) -> bool:
        return (person.source, person.key) in self._linked_keys

    # -- adoption -----------------------------------------------------------------------------------------------

    def _adopt(self) -> None:
        """Link what is there already; it sends nothing. People who left and hold nothing are not taken on."""
        holding = set(self.inputs.state.grants["account_key"])
        for row in self.people[self._adoptable].itertuples():
            person = self._person(row)
            idle = row.account_key not in holding and not person.roles
            if (not row.employed and idle) or not row.started or self.doubt.about(person.source, person.key):
                continue
            with_grants = self.pipeline.adopt == "matched+grants"
            licences = list(self.holdings.of.get(row.account_key, ())) if with_grants else []
            cause = Cause.DRIFT if row.employed else Cause.LEAVER
            after = {"user_name": person.user_name, "licences": licences}
            self.adopted[person.source, person.key] = self.drafts.add(person, Action.ADOPT, cause, {}, after)

    # -- leavers ------------------------------------------------------------------------------------------------

    def _leavers(self) -> None:
        gone = self.people[~self.people["employed"] & self.people["account_key"].notna()]
        for row in gone.itertuples():
            if row.link_state == "active" or (row.source, row.key) in self.adopted:
                self._leaver(self._person(row), _text(row.ended_on), _text(row.link_leaving_since))
        full = [source.name for source in self.pipeline.sources if source.snapshot == "full"]
        named = self.people[["source", "key"]]
        for row in absent_links(self.linked, named, full).itertuples():
            if row.link_state == "active":
                roles = row.current_roles if isinstance(row.current_roles, tuple) else ()
                person = Person(
                    row.link_source, row.link_external_id, row.account_key, row.current_user_name, roles=roles
                )
                self._leaver(person, None, _text(row.link_leaving_since))

    def _leaver(self, person: Person, ended_on: str | None, leaving_since: str | None) -> None:
        """Suspend a leaver whose grace is over. Grace runs from the day after the last day of work, else from the
        first accepted run without the person (docs/decisions/0005)."""
        reason = self.doubt.about(person.source, person.key)
        if reason is None and self.pipeline.lifecycle.leavers == "report":
            reason = WithheldReason.REPORT_ONLY
        if reason is not None:
            self.drafts.withhold(person, Action.SUSPEND, reason)
            return
        today = self.inputs.as_of
        since = date.fromisoformat(ended_on) + timedelta(days=1) if ended_on else today
        if not ended_on and leaving_since:
            since = date.fromisoformat(leaving_since)
        due = since + self.pipeline.lifecycle.grace
        if today < due:
            self.leaving.append(
                Leaving(
                    person.source, person.key, str(person.account_key), person.user_name,
                    since.isoformat(), due.isoformat(),
                )
            )  # fmt: skip
            return
        self._suspend(person)

    def _suspend(self, person: Person) -> None:
        licences = self.holdings.of.get(str(person.account_key), ())
        products = self.holdings.products_under(licences)
        if kept_products(self.pipeline, person, self.inputs.as_of).intersection(products):
            self.drafts.withhold(person, Action.SUSPEND, WithheldReason.EXCEPTION)
            return
        before = {"licences": list(licences), "products": products, "roles": list(person.roles)}
        after: dict[str, Any] = {"licences": [], "products": [], "roles": []}
        count = len(self.drafts.changes)
        self.drafts.add(person, Action.SUSPEND, Cause.LEAVER, before, after, needs=self._adoption(person))
        if len(self.drafts.changes) > count:  # not so for a protected account
            for licence in licences:
                self.book.free(licence)

    def _adoption(self, person: Person) -> tuple[str, ...]:
        adopted = self.adopted.get((person.source, person.key))
        return (adopted,) if adopted else ()

    def _reappearing_deletes(self) -> None:
        """Delete those whom we suspended long enough ago, if the pipeline says so and they are still gone."""
        after_days = self.pipeline.lifecycle.delete
        if after_days == "never":
            return
        employed = self.people[self.people["employed"]]
        back = set(zip(employed["source"], employed["key"], strict=True))
        for row in self.linked[self.linked["link_state"] == "suspended"].itertuples():
            key = (row.link_source, row.link_external_id)
            if key in back or pd.isna(row.link_suspended_on):
                continue
            if date.fromisoformat(row.link_suspended_on) + after_days > self.inputs.as_of:
                continue
            self._delete(row)

    def _delete(self, row: Any) -> None:
        roles = row.current_roles if isinstance(row.current_roles, tuple) else ()
        person = Person(row.link_source, row.link_external_id, row.account_key, row.current_user_name, roles=roles)
        reason = self.doubt.about(person.source, person.key)
        if reason is not None:
            self.drafts.withhold(person, Action.DELETE, reason)
            return
        licences = self.holdings.of.get(row.account_key, ())
        before = {
            "licences": list(licences), "products": self.holdings.products_under(licences), "roles": list(roles),
        }  # fmt: skip
        after: dict[str, Any] = {"licences": [], "products": [], "roles": []}
        self.drafts.add(person, Action.DELETE, Cause.LEAVER, before, after)

    # -- the employed -------------------------------------------------------------------------------------------

    @cached_property
    def _staying(self) -> pd.DataFrame:
        """Employed workers whose account is ours, or is to be made; the others are withheld, each with a reason."""
        people = self.people[self.people["employed"]]
        reasons = {
            WithheldReason.AMBIGUOUS: people["match"] == "ambiguous",
            WithheldReason.CLAIMED: people["match"] == "claimed",
            WithheldReason.NOT_ADOPTED: people["account_key"].notna()
            & people["link_state"].isna()
            & (self.pipeline.adopt == "none"),
            WithheldReason.NOT_STARTED: ~people["started"] & people["link_state"].isna(),
        }
        out = pd.Series(False, index=people.index)
        for reason, where in reasons.items():
            for row in people[where & ~out].itertuples():
                known = reason == WithheldReason.NOT_ADOPTED
                self.drafts.withhold(self._person(row), Action.ADOPT if known else Action.CREATE, reason)
            out |= where
        held = pd.MultiIndex.from_tuples(list(self.doubt.held), names=["source", "key"]) if self.doubt.held else None
        if held is not None:
            out |= pd.MultiIndex.from_frame(people[["source", "key"]]).isin(held)
        return people[~out]

    @cached_property
    def _desired(self) -> Desired:
        return desired_state(self._staying, self.pipeline.rules)

    @cached_property
    def _account_of(self) -> pd.Series:
        return self._staying["account_key"]

    def _surplus(self) -> None:
        """Take away the licences that are ours to take and of which nothing is desired any more."""
        managed = self._takeable()
        surplus = surplus_licences(self._desired, self._account_of, managed, self.holdings)
        if surplus.empty:
            return
        at = pd.Series(self._account_of.index, index=self._account_of)
        rows = {row.Index: row for row in self._staying.loc[at[surplus["account_key"]].unique()].itertuples()}
        for pair in surplus.sort_values(["account_key", "licence_key"]).itertuples():
            self._revoke(rows[at[pair.account_key]], pair.licence_key)

    def _revoke(self, row: Any, licence: str) -> None:
        person = self._person(row)
        products = self.holdings.products_under((licence,))
        if kept_products(self.pipeline, person, self.inputs.as_of).intersection(products):
            self.drafts.withhold(person, Action.REVOKE, WithheldReason.EXCEPTION, ", ".join(products))
            return
        before = {"licence": licence, "products": products}
        count = len(self.drafts.changes)
        self.drafts.add(
            person, Action.REVOKE, self._cause(row, person), before, {"licence": None},
            needs=self._adoption(person), mail=self._notice("product-change"),
        )  # fmt: skip
        if len(self.drafts.changes) > count:
            self.book.free(licence)

    def _takeable(self) -> pd.DataFrame:
        """Return the (account, licence) pairs of staying people that may be taken: ours, or all of them."""
        staying = self._staying[self._staying["account_key"].notna()]
        held = self.inputs.state.grants[self.inputs.state.grants["account_key"].isin(staying["account_key"])]
        if self.pipeline.target.managed == "all":
            return held
        given = staying[["account_key", "link_licences"]].rename(columns={"link_licences": "licence_key"})
        ours = given.explode("licence_key").dropna().astype("str")
        if self.pipeline.adopt == "matched+grants":
            fresh = staying.loc[staying["link_state"].isna(), "account_key"]
            ours = pd.concat([ours, held[held["account_key"].isin(fresh)]], ignore_index=True)
        return ours.merge(held, on=["account_key", "licence_key"])

    def _notice(self, kind: str) -> tuple[str, ...]:
        return (kind,) if self.pipeline.target.notify_users else ()

    def _employed(self) -> None:
        """Draft what the staying lack: creates, attributes, products, group, role."""
        staying, single = self._staying, self._desired.single
        missing = missing_products(self._desired, self._account_of, self.holdings)
        lacking = missing.sort_values(["at", "product"]).groupby("at")
        wanted = {at: rows for at, rows in lacking}
        groups, roles = self._group_moves(staying, single), self._role_moves(staying, single)
        edits = self._edits(staying, single)
        due = set(wanted) | set(groups) | set(roles) | set(edits)
        due |= set(staying.index[staying["account_key"].isna() | (staying["link_state"] == "suspended")])
        rank = missing.groupby("at")["rank"].min()
        order = sorted(due, key=lambda at: (rank.get(at, np.inf), staying.at[at, "source"], staying.at[at, "key"]))
        rows = {row.Index: row for row in staying.loc[order].itertuples()}
        for at in order:
            row = rows[at]
            person = self._person(row)
            base = self._base_change(row, person, single.loc[at], wanted.get(at))
            if base is None:
                continue
            cause = self._cause(row, person)
            if at in edits:
                before, after, rules = edits[at]
                self.drafts.add(person, Action.UPDATE, cause, before, after, rules=rules, needs=base)
            self._grant(person, cause, wanted.get(at), at, base)
            if at in groups:
                self._regroup(person, cause, *groups[at], base)
            if at in roles:
                before, after, rules = roles[at]
                new = person.account_key is None
                mail = () if new else self._notice("role-change")
                self.drafts.add(person, Action.SET_ROLE, cause, before, after, rules=rules, needs=base, mail=mail)

    def _base_change(
        self, row: Any, person: Person, single: pd.Series, wanted: pd.DataFrame | None
    ) -> tuple[str, ...] | None:
        """Draft what must come before anything else of this person. None if they get nothing at all.

        Somebody new whose products have no seat left is not created: an account without a product helps nobody
        and sends a welcome mail.
        """
        if person.account_key is None:
            if wanted is not None and not self._any_seat(row.Index, wanted):
                self.drafts.withhold(
                    person, Action.CREATE, WithheldReason.NO_SEAT, ", ".join(sorted(wanted["product"]))
                )
                return None
            values = {name: row_value for name in ATTRIBUTES if (row_value := self._value(row, single, name))}
            after = {name: value for name, value in values.items() if self._policy(name) != "never" or name in _NEEDED}
            mail = self._notice("welcome")
            rules = [single["locale_rule"]] if isinstance(single["locale_rule"], str) else []
            cause = self._cause(row, person)
            return (self.drafts.add(person, Action.CREATE, cause, {}, after, mail=mail, rules=rules),)
        if row.link_state == "suspended":
            states = {"state": "suspended"}, {"state": "active"}
            return (self.drafts.add(person, Action.REACTIVATE, Cause.JOINER, *states),)
        return self._adoption(person)

    def _any_seat(self, at: int, wanted: pd.DataFrame) -> bool:
        trial = SeatBook(self.book.products, self.book.seats, self.book.used.copy())
        taken, _ = trial.take(self._products_of(at), wanted["product"])
        return bool(taken)

    @cached_property
    def _wanted_products(self) -> dict[int, tuple[str, ...]]:
        products: dict[int, tuple[str, ...]] = self._desired.products.groupby("at")["product"].agg(tuple).to_dict()
        return products

    def _products_of(self, at: int) -> tuple[str, ...]:
        return self._wanted_products.get(at, ())

    def _grant(self, person: Person, cause: Cause, wanted: pd.DataFrame | None, at: int, base: tuple[str, ...]) -> None:
        if wanted is None:
            return
        rules_of = dict(zip(wanted["product"], wanted["rules"], strict=True))
        taken, without_seat = self.book.take(self._products_of(at), wanted["product"])
        notify, new = self.pipeline.target.notify_users, person.account_key is None
        for licence, products in sorted(taken.items()):
            gives = self.book.products[licence]
            after = {"licence": licence, "product": products[0], "products": sorted(gives)}
            rules = sorted({rule for product in products for rule in rules_of[product]})
            self.drafts.add(
                person, Action.GRANT, cause, {"licence": None}, after,
                rules=rules, needs=base, mail=grant_mail(sorted(gives), new=new, notify=notify),
            )  # fmt: skip
        for product in without_seat:
            self.drafts.withhold(person, Action.GRANT, WithheldReason.NO_SEAT, product)

    # -- single-valued things -----------------------------------------------------------------------------------

    def _policy(self, name: str) -> str:
        return self.pipeline.attributes.get(name, "on_create")  # type: ignore[call-overload, no-any-return]

    def _value(self, row: Any, single: pd.Series, name: str) -> str | None:
        value = single["locale"] if name == "locale" else getattr(row, name)
        return value if isinstance(value, str) and value else None

    def _edits(self, staying: pd.DataFrame, single: pd.DataFrame) -> dict[int, tuple[dict[str, Any], ...]]:
        """Return, for accounts that differ in an attribute kept up ``always``: before, after and the rules' names."""
        edits: dict[int, tuple[dict[str, Any], ...]] = {}
        clearing = [source.name for source in self.pipeline.sources if source.blanks == "clear"]
        for name in ATTRIBUTES:
            if self._policy(name) != "always":
                continue
            desired = single["locale"].astype("str") if name == "locale" else staying[name]
            current = staying[f"current_{name}"]
            same = desired.str.casefold() == current.str.casefold() if name == "user_name" else desired == current
            differs = staying["account_key"].notna() & desired.notna() & ~same
            if name != "user_name":
                cleared = staying["source"].isin(clearing) & desired.isna() & current.notna()
                differs |= staying["account_key"].notna() & cleared
            for at in staying.index[differs]:
                before, after, _ = edits.setdefault(at, ({}, {}, {}))
                before[name], after[name] = _text(current[at]), _text(desired[at])
        return {at: (before, after, self._locale_rule(single, at, after)) for at, (before, after, _) in edits.items()}

    def _locale_rule(self, single: pd.DataFrame, at: int, after: Mapping[str, Any]) -> Any:
        rule = single.at[at, "locale_rule"]
        return [rule] if "locale" in after and isinstance(rule, str) else []

    @cached_property
    def _group_keys(self) -> dict[str, str]:
        """Name to key of the groups that rules name; of two with one name, the one at the top level."""
        groups = self.inputs.state.groups
        named: dict[str, str] = {}
        for name in {rule.grant.group for rule in self.pipeline.rules if rule.grant.group}:
            fitting = groups[groups["name"] == name]
            top = fitting[fitting["path"].map(len) <= 1] if len(fitting) > 1 else fitting
            if len(fitting) and len(top) != 1:
                raise BadPipeline(
                    f"The tenant has {len(fitting)} groups named '{name}', and none of them alone is at the top level.",
                    remedy="Give the group that is meant a name of its own.",
                )
            if len(top):
                named[name] = str(top["group_key"].iloc[0])
        return named

    def _group_moves(
        self, staying: pd.DataFrame, single: pd.DataFrame
    ) -> dict[int, tuple[str | None, str | None, str]]:
        """Return index -> (current key, desired name or None, rule): who is not in the group they should be in."""
        desired_key = single["group"].map(self._group_keys)
        current = staying["current_group_key"]
        to_join = single["group"].notna() & (desired_key.isna() | (desired_key != current))
        ours = current.notna() & (current == staying["link_group_key"])
        to_leave = single["group"].isna() & ours
        return {
            at: (_text(current[at]), _text(single.at[at, "group"]), _text(single.at[at, "group_rule"]) or "")
            for at in staying.index[to_join | to_leave]
        }

    def _regroup(
        self, person: Person, cause: Cause, current: str | None, name: str | None, rule: str, base: tuple[str, ...]
    ) -> None:
        before = {"group": self._group_names.get(current or ""), "group_key": current}
        if name is None:
            after: dict[str, Any] = {"group": None, "group_key": None}
            self.drafts.add(person, Action.REMOVE_MEMBER, cause, before, after, needs=base)
            return
        key = self._group_keys.get(name)
        needs = base
        if key is None:
            if name not in self.group_changes:
                rules = [r.name for r in self.pipeline.rules if r.grant.group == name]
                self.group_changes[name] = self.drafts.add_group(name, cause, rules)
            needs = (*base, self.group_changes[name])
        after = {"group": name, "group_key": key}
        self.drafts.add(person, Action.ADD_MEMBER, cause, before, after, rules=[rule], needs=needs)

    @cached_property
    def _group_names(self) -> dict[str, str]:
        groups = self.inputs.state.groups
        return dict(zip(groups["group_key"], groups["name"], strict=True))

    def _role_moves(self, staying: pd.DataFrame, single: pd.DataFrame) -> dict[int, tuple[Any, Any, list[str]]]:
        """Return index -> before, after, rules for roles. Roles that we did not give are never taken here."""
        given = staying["link_roles"].map(lambda value: isinstance(value, tuple) and len(value) > 0)
        concerned = single["roles"].notna() | given.astype(bool)
        moves: dict[int, tuple[Any, Any, list[str]]] = {}
        for at in staying.index[concerned]:
            current = _names(staying.at[at, "current_roles"])
            ours = _names(staying.at[at, "link_roles"])
            wanted = _names(single.at[at, "roles"])
            desired = tuple(sorted({*current} - {*ours} | {*wanted}))
            if desired != tuple(sorted(current)):
                rule = single.at[at, "roles_rule"]
                rules = [rule] if isinstance(rule, str) else []
                moves[at] = ({"roles": sorted(current)}, {"roles": list(desired)}, rules)
        return moves

    # -- header -------------------------------------------------------------------------------------------------

    def _header(self, changes: Sequence[Any]) -> Header:
        managed = self._managed[self._managed["active"]]
        touched = {change.account_key for change in changes if change.account_key}
        ours = set(self._managed["account_key"])
        return Header(
            pipeline=self.pipeline.name,
            target=self.pipeline.target.name,
            as_of=self.inputs.as_of.isoformat(),
            generation=self.inputs.generation,
            sources=tuple(self._source_ref(source.name) for source in self.pipeline.sources),
            mapping_hash=self.inputs.mapping_hash,
            rules_hash=self.inputs.rules_hash,
            base={"accounts": len(managed), "grants": self.holdings.count_by_product()},
            unchanged=len(ours - touched),
            orphans=int((~self.inputs.state.accounts["account_key"].isin(ours)).sum()),
        )

    def _source_ref(self, name: str) -> SourceRef:
        verdict = self.inputs.verdicts[name]
        snapshot = next(source.snapshot for source in self.pipeline.sources if source.name == name)
        rows = len(verdict.clean) + len(verdict.held)
        content = content_hash(pd.concat([verdict.clean, verdict.held], ignore_index=True))
        return SourceRef(name, self.inputs.files[name], content, rows, len(verdict.held), snapshot)


_NEEDED = frozenset({"user_name", "given_name", "family_name"})
"""Without these GoTo creates nobody, whatever the policy for keeping them up."""


def content_hash(workers: pd.DataFrame) -> str:
    """Return a digest of the mapped rows that does not depend on their order, nor on where they stand."""
    names = sorted(set(workers.columns) - {*ORIGIN, "codes", "key_usable"})
    rows = workers[names].astype("object").where(workers[names].notna(), "\x00")
    return digest([names, sorted("\x1f".join(map(str, row)) for row in rows.itertuples(index=False))])


def _require_offered_products(pipeline: Pipeline, book: SeatBook) -> None:
    offered = book.offers()
    for rule in pipeline.rules:
        unknown = sorted(set(rule.grant.products) - offered) if rule.enabled else []
        if unknown:
            raise BadPipeline(
                f"Rule '{rule.name}' gives {', '.join(unknown)}, which no licence of the tenant contains.",
                remedy=f"The tenant offers {', '.join(sorted(offered)) or 'no product at all'}. "
                "Correct the rule, or buy the licence first.",
            )


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _names(value: Any) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()
