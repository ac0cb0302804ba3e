"""The plan: what would be done to the target, why, and its canonical form on disk.

``plan.jsonl`` is a header line, then one change a line in the order in which they are applied (phase, person), in
canonical JSON: keys sorted, no blanks, UTF-8. It holds no wall time, no run id and no row number, so equal input
gives equal bytes whatever the order of its rows; the SHA-256 of the bytes is the plan's name. Where each person
stands in the source is kept beside it, in ``origins.jsonl`` (docs/decisions/0003).
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from functools import cached_property
from itertools import chain
from typing import Any

from tasks.model.errors import StalePlan

FORMAT_VERSION = 2


class Action(StrEnum):
    """What a change does to an account."""

    ADOPT = "adopt"
    CREATE_GROUP = "create_group"
    CREATE_DIRECTORY_GROUP = "create_directory_group"
    REVOKE = "revoke"
    REMOVE_MEMBER = "remove_member"
    REMOVE_DIRECTORY_MEMBER = "remove_directory_member"
    SUSPEND = "suspend"
    DELETE = "delete"
    CREATE = "create"
    REACTIVATE = "reactivate"
    UPDATE = "update"
    GRANT = "grant"
    ADD_MEMBER = "add_member"
    SET_ROLE = "set_role"
    ADD_DIRECTORY_MEMBER = "add_directory_member"


PHASES: Mapping[Action, int] = {action: number for number, action in enumerate(Action)}
"""The order in which actions are applied: what frees a seat comes before what takes one."""

MAKES_A_GROUP = frozenset({Action.CREATE_GROUP, Action.CREATE_DIRECTORY_GROUP})
"""Changes to the tenant itself: they are about nobody."""

SENDS_NOTHING = frozenset({Action.ADOPT, Action.REACTIVATE})
REMOVALS = frozenset(
    {Action.REVOKE, Action.REMOVE_MEMBER, Action.REMOVE_DIRECTORY_MEMBER, Action.SUSPEND, Action.DELETE}
)


class Cause(StrEnum):
    """Why a change is due."""

    JOINER = "joiner"
    MOVER = "mover"
    LEAVER = "leaver"
    DRIFT = "drift"
    RULE_CHANGE = "rule_change"


@dataclass(frozen=True)
class Origin:
    """Where a worker stands in the source; ``row`` as a spreadsheet numbers it. None for a person who is absent.

    ``also`` are the rows of other files that were put together with this one, in words.
    """

    file: str
    sheet: str | None
    row: int
    also: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.file}, " + (f"sheet {self.sheet}, " if self.sheet else "") + f"row {self.row}"


@dataclass(frozen=True)
class Change:
    """One thing to do to one account.

    ``before`` and ``after`` by action (values are text, lists of text, or None):

    * adopt: ``{} -> {user_name, given_name, family_name, licences}``, names and address as the account has them,
      *licences* the keys taken as given by us (``matched+grants``)
    * create: ``{} -> {user_name, given_name, family_name, locale, welcome_template, settings_template}`` (absent
      where unknown; templates by key)
    * update: ``{field: old} -> {field: new}`` over user_name, given_name, family_name, locale
    * grant: ``{licence: None} -> {licence: key, product: code, products: [code]}``, *product* the one that is asked
      for (``code/edition`` where a rule names one), *products* all that the licence gives; *before* has also
      ``given_up: [key]`` where an earlier exchange has taken other licences of the product, and gave nothing for them
    * revoke: ``{licence: key, products: [code]} -> {licence: None}``
    * set_role: ``{roles: [name]} -> {roles: [name], ours: [name]}``, *ours* those that a rule gives; where they are
      or were limited to groups also ``managed_groups: [key | None]`` on that side and ``manages: [name]`` in *after*
    * create_group: ``{group: None} -> {group: name}``; the subject fields are None
    * add_member: ``{group, group_key} -> {group, group_key}``, the new *group_key* None where the plan creates it
    * remove_member: ``{group, group_key} -> {group: None, group_key: None}``
    * create_directory_group: ``{directory_group: None} -> {directory_group: name}``; the subject fields are None
    * add_directory_member: ``{directory_group: None} -> {directory_group: name, group_key}``, the key None where the
      plan creates the group
    * remove_directory_member: ``{directory_group: name, group_key} -> {directory_group: None}``
    * suspend, delete: ``{licences: [key], products: [code], roles: [name]} -> {licences: [], products: [], roles: []}``
      (a delete may have ``webinars: [subject (day)]`` in *before*: they are lost with the person)
    * reactivate: ``{state: suspended} -> {state: active}``

    ``account_key`` is None for changes to an account that the plan creates; they carry its ``user_name``.
    ``needs`` are the changes that must be done first. ``mail`` are the kinds of mail that the target will send.
    ``worker_digest`` is that of the worker's attributes, for telling a mover from drift in the next run.
    """

    change_id: str
    action: Action
    cause: Cause
    source: str | None
    external_id: str | None
    account_key: str | None
    user_name: str | None
    before: Mapping[str, Any] = field(default_factory=dict)
    after: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin | None = None
    rules: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    mail: tuple[str, ...] = ()
    worker_digest: str | None = None

    @property
    def subject(self) -> tuple[str, str]:
        return (self.source or "", self.external_id or "")


class WithheldReason(StrEnum):
    """Why something that the rules ask for is not in the plan."""

    NO_SEAT = "no_seat"  # no licence of the product has a free seat
    PROTECTED = "protected"  # the account is protected by the pipeline
    LAST_ADMIN = "last_admin"  # it would leave the tenant without a super admin
    HELD = "held"  # the person's row is held: they keep what they have
    UNDECIDED = "undecided"  # a held row could be this person
    AMBIGUOUS = "ambiguous"  # more than one account fits the worker
    CLAIMED = "claimed"  # the account, or the person of these names, is linked to another worker
    NEW_ID = "new_id"  # another row has this one's address or names: perhaps the same person
    OTHER_PIPELINE = "other_pipeline"  # another pipeline has linked the account
    NOT_ADOPTED = "not_adopted"  # the account exists, and the pipeline adopts none
    EXCEPTION = "exception"  # an exception of the pipeline keeps it
    NOT_STARTED = "not_started"  # the first day of work is still to come
    IDENTITY = "identity"  # the id, or the linked account, is somebody else's by names or address
    NO_SOURCE = "no_source"  # the pipeline no longer has the source that this person came from
    BLANK = "blank"  # an attribute that rules test is blank, and a blank takes nothing away
    JUST_ADOPTED = "just_adopted"  # the account is linked by this plan; nothing is taken away before the next one
    INCOMPLETE = "incomplete"  # a new account needs an attribute that the roster does not give
    REPORT_ONLY = "report_only"  # the pipeline only reports leavers
    ROLES_BY_HAND = "roles_by_hand"  # the limits of a rule's roles would bind roles that were given by hand
    LARGE_GROUP = "large_group"  # the directory group is too large to be changed without knowing what a PATCH does
    WEBINARS = "webinars"  # scheduled webinars would be lost with the person: hand them over first


DECIDED = frozenset(
    {
        WithheldReason.PROTECTED,
        WithheldReason.EXCEPTION,
        WithheldReason.NOT_STARTED,
        WithheldReason.REPORT_ONLY,
        WithheldReason.OTHER_PIPELINE,
        WithheldReason.JUST_ADOPTED,
    }
)
"""What the pipeline says, or what the next run does by itself. For all other reasons a person has to decide."""


@dataclass(frozen=True)
class Withheld:
    """One thing that was due for one worker or account and is not in the plan, and why."""

    action: Action
    reason: WithheldReason
    source: str | None
    external_id: str | None
    account_key: str | None
    user_name: str | None
    detail: str = ""
    origin: Origin | None = None


@dataclass(frozen=True)
class Leaving:
    """A person who is gone from ``since`` on, within the grace period: suspended on ``due`` if nothing changes.

    ``since`` is a day to come where a delta stated a last day, which is remembered.
    """

    source: str
    external_id: str
    account_key: str
    user_name: str | None
    since: str
    due: str


@dataclass(frozen=True)
class SourceRef:
    """One source as it was read: its name, file name, rows and how many were held.

    ``content`` is the SHA-256 over the sorted mapped rows: the same rows in another order give the same value.
    """

    name: str
    file: str
    content: str
    rows: int
    held: int
    snapshot: str


@dataclass(frozen=True)
class Header:
    """What a plan was made from. ``generation`` is the journal's; ``base`` the denominators of the limits.

    ``base``: ``{"accounts": managed active accounts, "grants": {product: managed grants}}``. ``mails``: how many
    people will get mail of which kind in which language, ``{kind: {locale: people}}``; the locale is ``""`` where
    the tenant's default decides. ``moving``: how many of our accounts, but for those of leavers, wait for their
    person to move here from another account of the service.
    """

    pipeline: str
    target: str
    as_of: str
    generation: int
    sources: tuple[SourceRef, ...]
    mapping_hash: str
    rules_hash: str
    base: Mapping[str, Any] = field(default_factory=dict)
    mails: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    unchanged: int = 0
    orphans: int = 0
    moving: int = 0
    format_version: int = FORMAT_VERSION


@dataclass(frozen=True)
class Plan:
    """A header, the changes, and what is beside them: what was withheld, who is in grace.

    In ``plan.jsonl`` the header line carries ``withheld`` and ``leaving``, so a plan's hash covers them too.
    """

    header: Header
    changes: tuple[Change, ...] = ()
    withheld: tuple[Withheld, ...] = ()
    leaving: tuple[Leaving, ...] = ()

    def to_bytes(self) -> bytes:
        head = {
            "kind": "header",
            **asdict(self.header),
            "withheld": [_without_origin(item) for item in sorted(self.withheld, key=_withheld_order)],
            "leaving": [vars(item) for item in sorted(self.leaving, key=lambda item: (item.source, item.external_id))],
        }
        data = _lines(chain([head], map(_without_origin, sort_changes(self.changes))))
        self._note_hash(data)
        return data

    def origins_to_bytes(self) -> bytes:
        """Return ``origins.jsonl``: a line a person of the plan, ``{source, external_id, file, sheet, row, also}``."""
        people: list[Change | Withheld] = [*self.changes, *self.withheld]
        origins = {_key(item): item.origin for item in people if item.origin}
        return _lines(
            {"source": source, "external_id": external_id, **vars(origin)}
            for (source, external_id), origin in sorted(origins.items())
        )

    def with_origins(self, data: bytes) -> "Plan":
        """Return the plan with the origins of ``origins_to_bytes`` put back."""
        origins = {
            (r["source"], r["external_id"]): Origin(r["file"], r["sheet"], r["row"], tuple(r.get("also", ())))
            for r in _records(data)
        }
        plan = replace(
            self,
            changes=tuple(replace(item, origin=origins.get(_key(item))) for item in self.changes),
            withheld=tuple(replace(item, origin=origins.get(_key(item))) for item in self.withheld),
        )
        if "hash" in vars(self):  # origins are no part of it
            vars(plan)["hash"] = self.hash
        return plan

    @cached_property
    def hash(self) -> str:
        """The plan's name: the SHA-256 of its bytes, of those that it was read from where it was read."""
        return hashlib.sha256(self.to_bytes()).hexdigest()

    def _note_hash(self, data: bytes) -> None:
        """Know the hash from bytes that are there already: to make them takes a second for 20,000 people."""
        vars(self)["hash"] = hashlib.sha256(data).hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> "Plan":
        """Read a plan back. Raises ``StalePlan`` if it is not one of this format."""
        try:
            records = _records(data)
            head = _header_of(next(records))
            withheld = tuple(_withheld(item) for item in head.pop("withheld"))
            leaving = tuple(Leaving(**item) for item in head.pop("leaving"))
            head["sources"] = tuple(SourceRef(**item) for item in head["sources"])
            plan = cls(Header(**head), tuple(map(_change, records)), withheld, leaving)
        except (ValueError, KeyError, TypeError, StopIteration, AttributeError) as exc:
            raise StalePlan(
                "This is not a plan that this version of Rosterflow can read.",
                remedy="Make a new one with 'rosterflow plan'.",
            ) from exc
        plan._note_hash(data)
        return plan


@dataclass(frozen=True)
class LimitReading:
    """One limit held against one plan. ``base`` is what the share is of; None bounds are not set.

    ``subject`` is the product for a limit on revokes, else empty.
    """

    name: str
    subject: str
    count: int
    base: int
    max_count: int | None
    max_share: float | None

    @property
    def share(self) -> float:
        """The part of the base, where a base below ``SMALLEST_BASE`` counts as that many."""
        return self.count / max(self.base, SMALLEST_BASE)

    @property
    def broken(self) -> bool:
        over_count = self.max_count is not None and self.count > self.max_count
        over_share = self.max_share is not None and self.share > self.max_share
        return over_count or over_share


SMALLEST_BASE = 20

_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def canonical(value: Any) -> str:
    """Return *value* as canonical JSON: equal values give equal text."""
    return _CANONICAL.encode(value)


def digest(value: Any) -> str:
    """Return the SHA-256 of *value* in canonical JSON, as hexadecimal text."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def change_id(pipeline: str, target: str, action: Action, subject: tuple[str, str], before: Any, after: Any) -> str:
    """Return a change's id: the same for the same thing to do to the same person, whatever else is in the plan."""
    return digest([pipeline, target, action, list(subject), before, after])[:16]


def sort_changes(changes: Iterable[Change]) -> list[Change]:
    """Sort changes in the order in which they are applied, then by person, so that equal sets give equal lists."""
    return sorted(changes, key=lambda change: (PHASES[change.action], change.subject, change.change_id))


def _withheld_order(item: Withheld) -> tuple[str, ...]:
    return (item.reason, item.source or "", item.external_id or "", item.account_key or "", item.action, item.detail)


def _header_of(head: dict[str, Any]) -> dict[str, Any]:
    if head.pop("kind") != "header" or head["format_version"] != FORMAT_VERSION:
        raise ValueError("another format")
    return head


def _key(item: Change | Withheld) -> tuple[str, str]:
    return (item.source or "", item.external_id or "")


def _without_origin(item: Change | Withheld) -> dict[str, Any]:
    record = vars(item).copy()  # as asdict, which would copy every value in it too
    del record["origin"]
    return record


def _lines(records: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join([canonical(record) + "\n" for record in records]).encode()


def _records(data: bytes) -> Iterator[dict[str, Any]]:
    """Yield what ``_lines`` was given. Only a line feed ends a line: names may hold other characters that break one."""
    text = data.decode().removesuffix("\n")
    yield from map(json.loads, text.split("\n") if text else ())


def _change(item: dict[str, Any]) -> Change:
    item["action"] = Action(item["action"])
    item["cause"] = Cause(item["cause"])
    for name in ("rules", "needs", "mail"):
        item[name] = tuple(item[name])
    return Change(**item)


def _withheld(item: dict[str, Any]) -> Withheld:
    item["action"] = Action(item["action"])
    item["reason"] = WithheldReason(item["reason"])
    return Withheld(**item)
