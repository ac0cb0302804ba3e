"""The list of people: search, filters, order, pages. Reads the store in SQL, where values are always bound."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from tasks.sandbox.mails import products_of
from tasks.sandbox.wire import Call

PAGE = 50
STATUSES = ("ACTIVE", "INVITED", "INACTIVE", "SUSPENDED")
ORDERS = {"name": "last_name, first_name", "address": "email_folded", "status": "status, last_name, first_name"}


@dataclass(frozen=True)
class Wanted:
    """What is asked for. Empty text asks for nothing; pages count from 1."""

    search: str = ""
    status: str = ""
    product: str = ""
    group: str = ""
    role: str = ""
    order: str = "name"
    page: int = 1

    @classmethod
    def of(cls, query: Mapping[str, str]) -> "Wanted":
        """Read a query; what makes no sense is left out."""
        page = query.get("page", "1")
        order = query.get("order", "name")
        names = ("search", "status", "product", "group", "role")
        return cls(
            **{name: query.get(name, "").strip()[:200] for name in names},
            order=order if order in ORDERS else "name",
            page=max(int(page), 1) if page.isdigit() and len(page) < 7 else 1,
        )

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.status or self.product or self.group or self.role)

    def link(self, **changes: Any) -> str:
        """Return the query of this list with *changes*, ready for an address."""
        other = replace(self, **changes)
        usual = vars(Wanted())
        return "?" + urlencode({name: value for name, value in vars(other).items() if value != usual[name]})


@dataclass(frozen=True)
class Listing:
    """One page of people, how many there are in all, and how many pages."""

    people: list[dict[str, Any]]
    total: int
    pages: int


def list_people(call: Call, wanted: Wanted) -> Listing:
    """Return the people who are asked for."""
    where, values = _condition(wanted)
    total = call.db.execute(f"SELECT count(*) FROM people WHERE {where}", values).fetchone()[0]  # noqa: S608
    pages = max(-(-total // PAGE), 1)
    offset = (min(wanted.page, pages) - 1) * PAGE
    query = f"SELECT * FROM people WHERE {where} ORDER BY {ORDERS[wanted.order]} LIMIT {PAGE} OFFSET {offset}"  # noqa: S608
    rows = call.db.execute(query, values).fetchall()
    return Listing([shown(call, row) for row in rows], total, pages)


def shown(call: Call, row: Any) -> dict[str, Any]:
    """Return a row of ``people`` as the pages need it."""
    return {
        **dict(row),
        "name": f"{row['first_name']} {row['last_name']}",
        "roles": json.loads(row["admin_roles"]),
        "products": products_of(call, row["key"]),
    }


def choices(call: Call) -> dict[str, list[tuple[str, str]]]:
    """Return what the filters offer: value and word."""
    codes = call.db.execute("SELECT DISTINCT value FROM licences, json_each(products) ORDER BY value")
    roles = call.db.execute("SELECT DISTINCT value FROM users, json_each(admin_roles) ORDER BY value")
    groups = call.db.execute("SELECT key, name FROM groups ORDER BY name_folded")
    return {
        "status": [(status, status.capitalize()) for status in STATUSES],
        "product": [(row["value"], row["value"]) for row in codes],
        "group": [(row["key"], row["name"]) for row in groups],
        "role": [("any", "Any admin role"), *((row["value"], row["value"]) for row in roles)],
    }


def _condition(wanted: Wanted) -> tuple[str, tuple[str, ...]]:
    parts, values = ["1"], list[str]()
    if wanted.search:
        parts.append("casefold(first_name || ' ' || last_name || ' ' || email) LIKE '%' || ? || '%' ESCAPE '\\'")
        literal = wanted.search.casefold()
        for sign in ("\\", "%", "_"):
            literal = literal.replace(sign, "\\" + sign)
        values.append(literal)
    if wanted.status:
        parts.append("status = ?")
        values.append(wanted.status)
    if wanted.product:
        parts.append(
            "EXISTS (SELECT 1 FROM grants JOIN licences ON licence_key = licences.key, json_each(licences.products)"
            " WHERE user_key = people.key AND value = ?)"
        )
        values.append(wanted.product)
    if wanted.group:
        parts.append("group_key = ?")
        values.append(wanted.group)
    if wanted.role == "any":
        parts.append("admin_roles <> '[]'")
    elif wanted.role:
        parts.append("EXISTS (SELECT 1 FROM json_each(admin_roles) WHERE value = ?)")
        values.append(wanted.role)
    return " AND ".join(parts), tuple(values)
