"""The list of people: search, filters, order, pages. Reads the store in SQL, where values are always bound."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.sandbox.center import words
from tasks.sandbox.center.paging import PAGE, Part, asked, link
from tasks.sandbox.mails import products_of
from tasks.sandbox.wire import Call

STATUSES = ("ACTIVE", "INVITED", "INACTIVE", "SUSPENDED")
FILTERS = ("search", "status", "product", "group", "role")
_BY_NAME = "casefold(first_name), casefold(last_name), number"  # as the name is shown
_BACKWARDS = "casefold(first_name) DESC, casefold(last_name) DESC, number DESC"
ORDERS = {
    "name": ("Name, A to Z", _BY_NAME),
    "-name": ("Name, Z to A", _BACKWARDS),
    "address": ("Address", "email_folded"),
    "status": ("Status", f"status, {_BY_NAME}"),
    "group": ("Group", f"group_name IS NULL, casefold(coalesce(group_name, '')), {_BY_NAME}"),
    "newest": ("Newest first", "invited_ms DESC, number DESC"),
}
"""Orders by their names in the address: what they are called, and how they are told to SQL."""
HEADED = {"name": ("name", "-name"), "status": ("status",), "group": ("group",)}
"""The columns by which a heading can sort, with the orders that it leads through."""
MAX_TEXT = 200


@dataclass(frozen=True)
class Wanted:
    """What is asked for. Empty text asks for nothing."""

    query: dict[str, str]
    order: str
    page: str | None

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read a query; an order that there is not is that by name."""
        asked_for = {name: query.get(name, "").strip()[:MAX_TEXT] for name in FILTERS}
        order = query.get("order", "name")
        return cls(asked_for, order if order in ORDERS else "name", query.get("page"))

    @property
    def is_filtered(self) -> bool:
        return any(self.query.values())

    @property
    def narrows(self) -> bool:
        """Whether more than the search decides what is shown."""
        return self.order != "name" or any(value for name, value in self.query.items() if name != "search")

    def link(self, **changes: str | int) -> str:
        """Return the query of this list with *changes*, from its first page on."""
        order = str(changes.pop("order", self.order))
        return link({**self.query, "order": "" if order == "name" else order}, **changes)

    def sorted_by(self, column: str) -> str:
        """Return how a column is sorted, as ``aria-sort`` names it; blank where it is not."""
        if self.order not in HEADED[column]:
            return ""
        return "descending" if self.order.startswith("-") else "ascending"

    def next_order(self, column: str) -> str:
        orders = HEADED[column]
        return orders[(orders.index(self.order) + 1) % len(orders)] if self.order in orders else orders[0]


def list_people(call: Call, wanted: Wanted) -> Part[dict[str, Any]]:
    """Return one page of the people who are asked for."""
    where, values = _condition(wanted.query)
    total = call.db.execute(f"SELECT count(*) FROM people WHERE {where}", values).fetchone()[0]  # noqa: S608
    page = asked(wanted.page, total)
    part = f"ORDER BY {ORDERS[wanted.order][1]} LIMIT {PAGE} OFFSET {(page - 1) * PAGE}"
    rows = call.db.execute(f"SELECT * FROM people WHERE {where} {part}", values).fetchall()  # noqa: S608
    return Part([shown(call, row) for row in rows], total, page)


def shown(call: Call, row: Any) -> dict[str, Any]:
    """Return a row of ``people`` as the pages need it."""
    roles = [words.role(name) for name in json.loads(row["admin_roles"])]
    return {
        **dict(row),
        "name": f"{row['first_name']} {row['last_name']}",
        "roles": [*roles, *([row["role_set_name"]] if row["role_set_name"] else [])],
        "limits": [group_name(call, key) for key in json.loads(row["managed_groups"])],
        "products": [words.product(code) for code in products_of(call, row["key"])],
    }


def group_name(call: Call, key: str) -> str:
    row = call.db.execute("SELECT name FROM groups WHERE key = ?", (key,)).fetchone()
    return str(row["name"]) if row else "a group that is gone"


def choices(call: Call) -> dict[str, list[tuple[str, str]]]:
    """Return what the filters offer: value and word."""
    codes = call.db.execute("SELECT DISTINCT value FROM licences, json_each(products) ORDER BY value")
    roles = call.db.execute(
        "SELECT DISTINCT value FROM users, json_each(admin_roles) WHERE deleted_ms IS NULL ORDER BY value"
    )
    groups = call.db.execute("SELECT key, name FROM groups ORDER BY name_folded")
    return {
        "status": [(status, words.STATUSES[status]) for status in STATUSES],
        "product": [*((row["value"], words.product(row["value"])) for row in codes), ("none", "No product")],
        "group": [*((row["key"], row["name"]) for row in groups), ("none", "No group")],
        "role": [
            ("any", "Any admin role"),
            *((row["value"], words.role(row["value"])) for row in roles),
            ("none", "Member"),
        ],
    }


def by_status(call: Call) -> dict[str, int]:
    """Return how many people there are of each status."""
    rows = call.db.execute("SELECT status, count(*) AS number FROM people GROUP BY status").fetchall()
    return {row["status"]: row["number"] for row in rows}


_HOLDS = "SELECT 1 FROM grants JOIN licences ON licence_key = licences.key, json_each(products)"
_IS_ADMIN = "(admin_roles <> '[]' OR role_set_id IS NOT NULL)"


def _condition(query: Mapping[str, str]) -> tuple[str, tuple[str, ...]]:
    """Return the condition and its values. Each filter has a few fixed forms; ``none`` asks for those without."""
    parts, values = ["1"], list[str]()
    if query["search"]:
        parts.append("casefold(first_name || ' ' || last_name || ' ' || email) LIKE '%' || ? || '%' ESCAPE '\\'")
        values.append(_literal(query["search"].casefold()))
    for name, conditions in _FILTERS.items():
        value = query[name]
        special = conditions.get(value)
        if value and special is None:
            values.append(value)
        if value:
            parts.append(special or conditions["?"])
    return " AND ".join(parts), tuple(values)


_FILTERS = {
    "status": {"?": "status = ?"},
    "product": {
        "?": f"EXISTS ({_HOLDS} WHERE user_key = people.key AND value = ?)",
        "none": "licence_keys IS NULL",
    },
    "group": {"?": "group_key = ?", "none": "group_key IS NULL"},
    "role": {
        "?": "EXISTS (SELECT 1 FROM json_each(admin_roles) WHERE value = ?)",
        "any": _IS_ADMIN,
        "none": f"NOT {_IS_ADMIN}",
    },
}


def _literal(text: str) -> str:
    """Return *text* for LIKE, where no sign of it stands for others."""
    for sign in ("\\", "%", "_"):
        text = text.replace(sign, "\\" + sign)
    return text
