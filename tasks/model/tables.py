"""The tables that stages hand to each other: grain, key, columns and dtypes, declared once.

Text is ``str`` with NaN for missing, never an empty string. Lists in cells are tuples. Row numbers are those
a spreadsheet shows (the first line of a file is 1).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from tasks.model.errors import DuplicateKey

TEXT: Final = "str"
WHOLE = "Int64"
YESNO = "boolean"
OBJECT = "object"


@dataclass(frozen=True)
class Table:
    """The shape of one table. ``extra`` lets further text columns stand beside the declared ones."""

    name: str
    grain: str
    key: tuple[str, ...]
    columns: Mapping[str, str]
    extra: bool = False

    def empty(self) -> pd.DataFrame:
        return self.frame([])

    def frame(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """Build the table from records; absent fields become missing."""
        records = [dict(row) for row in rows]
        names = list(self.columns)
        if self.extra:
            names += sorted({name for record in records for name in record} - set(names))
        data = {name: pd.Series([record.get(name) for record in records], dtype=self._dtype(name)) for name in names}
        return self.conform(pd.DataFrame(data, columns=names))

    def conform(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return *table* with the declared columns in their order and dtypes. Raises ``KeyError`` if one is absent."""
        absent = [name for name in self.columns if name not in table.columns]
        if absent:
            raise KeyError(f"table {self.name} lacks {', '.join(absent)}")
        names = list(self.columns)
        if self.extra:
            names += [name for name in table.columns if name not in self.columns]
        found = table[names].reset_index(drop=True)
        there = {str(name): dtype.name for name, dtype in found.dtypes.items()}
        other = {name: self._dtype(name) for name in names if there[name] != self._dtype(name)}
        return found.astype(other) if other else found

    def _dtype(self, name: str) -> str:
        return self.columns.get(name, TEXT)

    def require_unique(self, table: pd.DataFrame) -> pd.DataFrame:
        """Return *table* as it is. Raises ``DuplicateKey`` if a key stands in it twice."""
        twice = table.duplicated(list(self.key), keep=False)
        if twice.any():
            raise DuplicateKey(
                f"Table {self.name} must have one row per {self.grain}; {int(twice.sum())} rows share a key.",
                remedy="This is a fault of the program or of the target's answer; please report it.",
                rows=[int(n) for n in twice[twice].index[:20]],
            )
        return table


# The attributes of a worker that have a meaning of their own. A pipeline may map further columns under names
# of its own choosing; rules can test those, and they are never sent.
WORKER_ATTRIBUTES: Mapping[str, str] = {
    "external_id": "the source's own id of the person (employee number)",
    "user_name": "the address the person signs in with (SCIM userName)",
    "given_name": "first name",
    "family_name": "surname",
    "display_name": "name as shown",
    "status": "active or inactive",
    "start_date": "first day of work",
    "end_date": "last day of work",
    "department": "department",
    "division": "division",
    "organization": "company",
    "cost_center": "cost centre",
    "title": "job title",
    "employee_type": "kind of employment",
    "manager_id": "the manager's external_id",
    "location": "place of work",
    "country": "country",
    "locale": "language of mails and pages (en_US)",
    "timezone": "time zone (Europe/Paris)",
    "phone": "telephone number",
    "directory_groups": "directory groups that the person is in, separated by ';' or line breaks",
    "birth_date": "day of birth; nothing but checks uses it",
}
DATE_ATTRIBUTES = ("start_date", "end_date", "birth_date")

LIST_ATTRIBUTES = ("directory_groups",)
"""Attributes of several values in one cell: names in order, each once, joined by ``LIST_SEPARATOR``."""
LIST_SEPARATOR = "\n"
"""No name of a group can hold one, while some hold a semicolon."""

RESERVED_NAMES = frozenset(
    {
        *("source", "file", "sheet", "row", "also_in"),  # where a worker's row stands
        *("codes", "key_usable", "gone", "today"),  # what validation says of it
        *(
            "key",
            "address",
            "employed",
            "ended_on",
            "started",
            "account_key",
            "match",
            "rank",
            "tenant_groups",
        ),  # the plan's own
    }
)
RESERVED_PREFIXES = ("link_", "current_", "claimed_")
"""Columns that stages put beside a worker's attributes: no pipeline may map a column under such a name."""

ALSO_IN = "also_in"
"""Where else a person stands whose rows of several files were put together: a line per row, as reports say it."""

ORIGIN = {"file": TEXT, "sheet": TEXT, "row": WHOLE}

WORKERS = Table(
    "workers",
    "row of a source, after mapping",
    ("source", "row"),
    {"source": TEXT, **ORIGIN, **dict.fromkeys(WORKER_ATTRIBUTES, TEXT)},
    extra=True,
)
"""Dates are ISO text (``2026-03-31``); ``status`` is ``active`` or ``inactive``. Attributes that the pipeline
does not map are there and missing."""

FINDINGS = Table(
    "findings",
    "thing validation says of one row and column",
    ("source", "sheet", "row", "column", "code"),
    {
        "source": TEXT,
        **ORIGIN,
        "column": TEXT,  # the source's heading; missing for a finding on the whole row or table
        "attribute": TEXT,  # the worker attribute that it feeds
        "code": TEXT,  # snake_case, stable: documented in docs/findings.md
        "severity": TEXT,  # critical (holds the row), warning, info
        "value": TEXT,  # the cell as it stood
        "message": TEXT,  # what is wrong, in a sentence without the value
        "remedy": TEXT,  # what to do
    },
)

ACCOUNTS = Table(
    "accounts",
    "user of the target",
    ("account_key",),
    {
        "account_key": TEXT,
        "user_name": TEXT,
        "external_id": TEXT,  # missing where a target keeps none (GoTo)
        "given_name": TEXT,
        "family_name": TEXT,
        "locale": TEXT,
        "status": TEXT,  # as the target words it; never diffed at GoTo
        "roles": OBJECT,  # sorted tuple of role names, () for a member
        "group_key": TEXT,
        "managed_groups": OBJECT,  # sorted tuple of the keys of groups that the roles are limited to, () for no limit
        "pending_transfer": YESNO,  # asked to move here from another account of the service, and not here yet
    },
)
GRANTS = Table(
    "grants",
    "licence held by an account",
    ("account_key", "licence_key"),
    {"account_key": TEXT, "licence_key": TEXT},
)
GROUPS = Table("groups", "group of the target", ("group_key",), {"group_key": TEXT, "name": TEXT, "path": OBJECT})
LICENCES = Table(
    "licences",
    "licence of the target",
    ("licence_key",),
    {
        "licence_key": TEXT,
        "description": TEXT,
        "type": TEXT,  # description and type tell editions apart
        "products": OBJECT,  # sorted tuple of product codes
        "seats": WHOLE,  # missing: no limit
        "used": WHOLE,
        "enabled": YESNO,
    },
)
DIRECTORY_GROUPS = Table(
    "directory groups",
    "group of the organisation's directory",
    ("group_key",),
    {"group_key": TEXT, "name": TEXT},
)
DIRECTORY_MEMBERS = Table(
    "directory members",
    "account in a directory group",
    ("group_key", "account_key"),
    {"group_key": TEXT, "account_key": TEXT},
)
TEMPLATES = Table(
    "templates", "e-mail template of the target", ("template_key",), {"template_key": TEXT, "title": TEXT}
)
WEBINARS = Table(
    "webinars",
    "scheduled webinar of an account that may be deleted",
    ("webinar_key", "account_key"),
    {
        "webinar_key": TEXT,
        "account_key": TEXT,  # the organiser
        "subject": TEXT,
        "starts": TEXT,  # ISO, UTC
        "shared_with": OBJECT,  # sorted tuple of the keys of others who organise it too, () for nobody
    },
)
LINKS = Table(
    "links",
    "worker tied to an account by this pipeline",
    ("source", "external_id"),
    {
        "source": TEXT,
        "external_id": TEXT,  # the worker key: external_id, or user_name where the source has no id
        "account_key": TEXT,
        "user_name": TEXT,  # the account's address when last seen
        "given_name": TEXT,
        "family_name": TEXT,
        "state": TEXT,  # active, suspended, deleted
        "leaving_since": TEXT,  # ISO date of the first accepted run without the person; missing: not leaving
        "suspended_on": TEXT,  # ISO date
        "licences": OBJECT,  # sorted tuple of licence keys that we gave
        "group_key": TEXT,  # the group that we put them in
        "roles": OBJECT,  # sorted tuple of the roles that we set
        "directory_groups": OBJECT,  # sorted tuple of the keys of directory groups that we put them in
        "worker_digest": TEXT,  # of the attributes as last applied; tells a mover from drift
        "rules_digest": TEXT,  # of the pipeline's rules as last applied; tells a rule change from drift
    },
)
