"""All that a plan is made from, and the tables drawn from it once: who is who, what they hold, whom to doubt."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from typing import Any

import pandas as pd

from tasks.model.pipeline import Pipeline
from tasks.model.plan import Cause, Origin, digest
from tasks.model.rosters import Verdict
from tasks.model.state import TargetState
from tasks.model.tables import ACCOUNTS, ALSO_IN, ORIGIN
from tasks.plan.absence import Doubt, weigh_held_rows
from tasks.plan.drafts import Person
from tasks.plan.entitlements import Holdings
from tasks.plan.memberships import tenant_groups
from tasks.plan.people import correlate, gather, keyed, live_links
from tasks.plan.strangers import misplaced

_NOT_THE_WORKERS_OWN = frozenset(
    {"Index", "tenant_groups", "source", *ORIGIN, ALSO_IN}
    | {"key", "address", "employed", "started", "account_key", "match"}
)


@dataclass(frozen=True)
class Inputs:
    """All that a plan is made from. ``verdicts`` and ``files`` (names) are by source; ``links`` are those of this
    pipeline and target, ``elsewhere`` the keys of the accounts that other pipelines have linked. ``people`` are the
    verdicts by namespace, the files of each put together; without it every source is a namespace by itself."""

    pipeline: Pipeline
    mapping_hash: str
    rules_hash: str
    verdicts: Mapping[str, Verdict]
    files: Mapping[str, str]
    state: TargetState
    links: pd.DataFrame
    generation: int
    as_of: date
    people: Mapping[str, Verdict] | None = None
    elsewhere: frozenset[str] = frozenset()

    @property
    def populations(self) -> Mapping[str, Verdict]:
        return self.verdicts if self.people is None else self.people


class World:
    """The inputs, and the tables that every part of a plan reads. Nothing here decides what is to be done."""

    def __init__(self, inputs: Inputs) -> None:
        self.inputs = inputs
        self.pipeline = inputs.pipeline
        self.state = inputs.state
        ACCOUNTS.require_unique(inputs.state.accounts)
        self.as_of = inputs.as_of

    @cached_property
    def linked(self) -> pd.DataFrame:
        """The links whose account is there, one row per link (``people.live_links``)."""
        return live_links(self.inputs.links, self.state.accounts)

    @cached_property
    def people(self) -> pd.DataFrame:
        """The clean workers of all namespaces with the account that is theirs, one row per worker (``correlate``)."""
        clean = pd.concat([verdict.clean for verdict in self.inputs.populations.values()], ignore_index=True)
        people, order = gather(clean, self.as_of), self.pipeline.correlate
        found = correlate(people, self.state.accounts, self.linked, order, self.inputs.elsewhere, self.held)
        if len(self.state.directory_members):
            found["tenant_groups"] = found["account_key"].map(tenant_groups(self.state, self.linked)).astype("str")
        return found

    @cached_property
    def held(self) -> pd.DataFrame:
        """The held rows of all namespaces (Verdict.held), with the key and address that they have."""
        return keyed(pd.concat([verdict.held for verdict in self.inputs.populations.values()], ignore_index=True))

    @cached_property
    def doubt(self) -> Doubt:
        """Whom held rows and second claims could be, and whose account is somebody else's."""
        doubt = weigh_held_rows(self.held, self.linked, self.people)
        lost = only(self.linked, self.linked["account_key"].isin(misplaced(self.people, self.linked)))
        return replace(doubt, misplaced=frozenset(zip(lost["link_source"], lost["link_external_id"], strict=True)))

    @cached_property
    def adoptable(self) -> pd.DataFrame:
        """The workers whose account is there and not linked yet, where the pipeline adopts at all."""
        fits = self.people["account_key"].notna() & self.people["link_state"].isna()
        return only(self.people, fits & (self.pipeline.adopt != "none"))

    @cached_property
    def within_reach(self) -> pd.Series:
        """The keys of accounts that are ours, or that an adoption may make ours."""
        keys: pd.Series = pd.concat([self.linked["account_key"], self.adoptable["account_key"]])
        return keys.drop_duplicates()

    @cached_property
    def holders(self) -> frozenset[str]:
        """The keys of all accounts that hold any licence, ours or not."""
        return frozenset(self.state.grants["account_key"])

    @cached_property
    def holdings(self) -> Holdings:
        """What the accounts within reach hold."""
        return Holdings.read(self.state, self.within_reach)

    @cached_property
    def _ever_linked(self) -> frozenset[tuple[str, str]]:
        links = self.inputs.links
        return frozenset(zip(links["source"], links["external_id"], strict=True))

    def person(self, row: Any) -> Person:
        """Return whom a row of ``people`` is about. The address is the account's own, where there is one."""
        account = text(row.account_key)
        known = (text(row.user_name), text(row.link_user_name), text(row.current_user_name))
        also = (text(getattr(row, ALSO_IN, None)) or "").splitlines()
        origin = Origin(row.file, text(row.sheet), int(row.row), tuple(also))
        address = (text(row.current_user_name) if account else None) or text(row.user_name)
        return Person(
            row.source, row.key, account, address, origin, _digest_of(row), names(row.current_roles), _present(known)
        )

    def absent_person(self, row: Any) -> Person:
        """Return whom a row of ``linked`` is about: somebody who is in no row of the source."""
        address = text(row.current_user_name)
        known = _present((text(row.link_user_name), address))
        roles = names(row.current_roles)
        return Person(row.link_source, row.link_external_id, row.account_key, address, roles=roles, addresses=known)

    def cause(self, row: Any, person: Person) -> Cause:
        """Tell a mover from a rule change and from drift by what the link recorded when it was last applied."""
        if person.account_key is None:
            return Cause.DRIFT if (person.source, person.key) in self._ever_linked else Cause.JOINER
        if row.link_state == "suspended":
            return Cause.JOINER
        if text(row.link_worker_digest) not in (None, person.worker_digest):
            return Cause.MOVER
        if text(row.link_rules_digest) not in (None, self.inputs.rules_hash):
            return Cause.RULE_CHANGE
        return Cause.DRIFT


def rows(table: pd.DataFrame) -> Iterator[Any]:
    """Yield the rows of a small table as named tuples."""
    if len(table):  # most of the tables that are walked are empty, and to begin costs something per column
        yield from table.itertuples()


def only(table: pd.DataFrame, where: pd.Series) -> pd.DataFrame:
    """Return the rows of a wide table of which *where* is true. Where that is all or none, no column is copied."""
    if not where.any():
        return table.iloc[:0]
    return table if where.all() else table[where]


def text(value: Any) -> str | None:
    """Return a cell's text, None where it is missing."""
    return value if isinstance(value, str) else None


def names(value: Any) -> tuple[str, ...]:
    """Return a cell's tuple, empty where it is missing."""
    return value if isinstance(value, tuple) else ()


def _present(values: tuple[str | None, ...]) -> tuple[str, ...]:
    return tuple(value for value in values if value)


def _digest_of(row: Any) -> str:
    """Return a digest of what the source says of a worker: the attributes that are there, where they stand aside."""
    facts = {
        name: value
        for name, value in row._asdict().items()
        if isinstance(value, str)
        and name not in _NOT_THE_WORKERS_OWN
        and not name.startswith(("link_", "current_", "claimed_"))
    }
    return digest(facts)[:32]
