"""What people are called in a report: by name in the full form, by an alias in the redacted one."""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

import pandas as pd

from tasks.model.plan import Action, Change, Leaving, Plan, Withheld, WithheldReason
from tasks.model.rosters import Verdict
from tasks.report.phrases import Phrase, group_name, phrases
from tasks.report.words import PRODUCTS, listed, product

About = Change | Withheld | Leaving

MEMBERSHIPS = frozenset({Action.ADD_DIRECTORY_MEMBER, Action.REMOVE_DIRECTORY_MEMBER})
NOT_SHOWN = "(name not shown)"
_SHOWN = ("external_id", "user_name", "given_name", "family_name", "display_name")
"""What of a row tells who it is about."""


@dataclass(frozen=True)
class Identity:
    """How one person is shown. Empty where it is not known, or not to be shown."""

    name: str
    address: str = ""
    number: str = ""


class Names(Protocol):
    """Decides what a report may show of people and cells."""

    def of(self, item: About) -> Identity:
        """Name the person whom a part of the plan is about."""
        ...

    def of_row(self, worker: Mapping[str, Any]) -> Identity:
        """Name the person of a roster's row."""
        ...

    def phrases(self, change: Change, *, done: bool) -> tuple[Phrase, ...]:
        """Say what a change does."""
        ...

    def finding(self, finding: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a finding as it may be shown."""
        ...

    def detail(self, item: Withheld) -> str:
        """Say what exactly was withheld, where the plan names it."""
        ...

    def group(self, change: Change) -> str:
        """Name the group that a change makes."""
        ...

    def hash(self, value: str) -> str:
        """Return a hash as it may be shown."""
        ...


class FullNames:
    """Shows everything. Names come from the *people* of each namespace, else the change, else it is the address."""

    def __init__(self, plan: Plan | None, people: Mapping[str, Verdict]) -> None:
        wanted = {(item.source, item.external_id) for item in _everyone(plan) if item.external_id}
        self._known: dict[tuple[str | None, str | None], Mapping[str, Any]] = {}
        for source, verdict in people.items():
            keys = {key for name, key in wanted if name == source and key}
            usable = verdict.held[verdict.held["key_usable"].fillna(False).astype(bool)]
            for table in (usable, verdict.clean):  # a clean row, if there is one, has the last word
                found = table.loc[worker_keys(table).isin(keys), list(_SHOWN)]
                self._known.update(((source, worker_key(row)), row) for row in records(found))

    def of(self, item: About) -> Identity:
        row = self._known.get((item.source, item.external_id), {})
        made = item.after if isinstance(item, Change) and item.action is Action.CREATE else {}
        address = item.user_name or row.get("user_name") or ""
        name = full_name(row) or full_name(made) or address or _account(item.account_key)
        return _identity(name, address, item.external_id or "")

    def of_row(self, worker: Mapping[str, Any]) -> Identity:
        address = worker.get("user_name") or ""
        return _identity(full_name(worker) or address, address, worker.get("external_id") or "")

    def phrases(self, change: Change, *, done: bool) -> tuple[Phrase, ...]:
        return phrases(change, done=done)

    def finding(self, finding: Mapping[str, Any]) -> Mapping[str, Any]:
        return finding

    def detail(self, item: Withheld) -> str:
        if item.reason is WithheldReason.WEBINARS or item.action in MEMBERSHIPS:
            return item.detail
        return listed([product(part) for part in item.detail.split(", ")])

    def group(self, change: Change) -> str:
        return group_name(change)

    def hash(self, value: str) -> str:
        return value


class Aliases:
    """Shows no names, addresses, ids or cells. One person has one alias within a report.

    The name of a directory group is a cell of the roster, unless a rule names the group too; the subjects of webinars
    are people's own words.

    Staff numbers are few, so a bare hash of one could be undone by trying them all. The aliases are therefore keyed
    with the plan itself: whoever can make them again has the plan, and with it the names. For the same reason a
    redacted page shows hashes only by their beginning.
    """

    def __init__(self, plan: Plan | None, people: Mapping[str, Verdict]) -> None:
        keys = {_key(item) for item in _everyone(plan)}
        keys |= {(source, key) for source, verdict in people.items() for key in worker_keys(verdict.held).dropna()}
        # HMAC takes the hash of a long key in its place: the plan's own is what its bytes would come to.
        secret = bytes.fromhex(plan.hash) if plan else repr(sorted(keys)).encode()
        keyed = hmac.new(secret, digestmod=hashlib.sha256)  # once for all: a key may be as long as the lists
        digests = {key: _hex(keyed, "\0".join(key)) for key in sorted(keys)}
        width = next(n for n in range(4, 65) if len({digest[:n] for digest in digests.values()}) == len(digests))
        self._aliases = {key: f"worker {digest[:width]}" for key, digest in digests.items()}

    def of(self, item: About) -> Identity:
        return Identity(self._aliases[_key(item)])

    def of_row(self, worker: Mapping[str, Any]) -> Identity:
        return Identity(self._aliases.get((worker.get("source") or "", worker_key(worker)), ""))

    def phrases(self, change: Change, *, done: bool) -> tuple[Phrase, ...]:
        said = phrases(_without_words(change), done=done)
        if change.action is Action.UPDATE:
            return tuple(Phrase(phrase.thing, verb="changed" if done else "to be changed") for phrase in said)
        return tuple(replace(phrase, note="") for phrase in said) if change.action is Action.CREATE else said

    def finding(self, finding: Mapping[str, Any]) -> Mapping[str, Any]:
        value = finding["value"]
        if not value:
            return finding
        told = {name: "" if value in (finding[name] or "") else finding[name] for name in ("message", "remedy")}
        return {**finding, **told, "value": "not shown"}

    def detail(self, item: Withheld) -> str:
        if item.reason is WithheldReason.WEBINARS or item.action in MEMBERSHIPS:
            return ""
        return listed([product(part) for part in item.detail.split(", ") if part.partition("/")[0] in PRODUCTS])

    def group(self, change: Change) -> str:
        return group_name(_without_words(change))

    def hash(self, value: str) -> str:
        return value[:12]


def _hex(keyed: hmac.HMAC, text: str) -> str:
    hashed = keyed.copy()
    hashed.update(text.encode())
    return hashed.hexdigest()


def _without_words(change: Change) -> Change:
    """Return a change without what people wrote themselves: webinars by their number, roster's groups without name."""
    before, after = dict(change.before), dict(change.after)
    if before.get("webinars"):
        before["webinars"] = len(before["webinars"])
    for side in (before, after):
        if side.get("directory_group") and not change.rules:
            side["directory_group"] = NOT_SHOWN
    return replace(change, before=before, after=after)


def worker_keys(workers: pd.DataFrame) -> pd.Series:
    """Return the keys by which a plan names these workers: the source's own id, else the address in lower case."""
    return workers["external_id"].fillna(workers["user_name"].str.casefold())


def worker_key(worker: Mapping[str, Any]) -> str:
    """Return the key of one worker, as ``worker_keys`` does; empty if the row has neither id nor address."""
    return worker.get("external_id") or (worker.get("user_name") or "").casefold()


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows as plain values, missing ones as None."""
    if table.empty:  # most of them are, and pandas takes its time for every column
        return []
    names = [str(name) for name in table.columns]
    columns = (_plain(table.iloc[:, place]) for place in range(len(names)))
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def _plain(column: pd.Series) -> list[Any]:
    """Return the values of a column, None for those that are missing."""
    pairs = zip(column.astype(object), column.isna(), strict=True)
    return [None if missing else value for value, missing in pairs]


def full_name(row: Mapping[str, Any]) -> str:
    """Return first name and surname, else the name as shown, else nothing.

    >>> full_name({"given_name": "Ada", "family_name": "Byron"}), full_name({"display_name": "A. Byron"}), full_name({})
    ('Ada Byron', 'A. Byron', '')
    """
    return " ".join(filter(None, (row.get("given_name"), row.get("family_name")))) or row.get("display_name") or ""


def _everyone(plan: Plan | None) -> Iterable[About]:
    return (*plan.changes, *plan.withheld, *plan.leaving) if plan else ()


def _key(item: About) -> tuple[str, str]:
    return (item.source or "", item.external_id or item.account_key or item.user_name or "")


def _account(key: str | None) -> str:
    return f"Account {key}" if key else ""


def _identity(name: str, address: str, number: str) -> Identity:
    return Identity(name, "" if name == address else address, "" if number in (name, address.casefold()) else number)
