"""The mails, as they were sent."""

from collections.abc import Mapping
from typing import Any

from tasks.sandbox.center.paging import PAGE, Part, asked
from tasks.sandbox.wire import Call

OF_PERSON = 50


def page(call: Call, query: Mapping[str, str]) -> Part[dict[str, Any]]:
    """Return one page of all mails, or those of a kind, the newest first."""
    kind = query.get("kind", "")
    where, values = ("kind = ?", (kind,)) if kind else ("1", ())
    total = call.db.execute(f"SELECT count(*) FROM mails WHERE {where}", values).fetchone()[0]  # noqa: S608
    number = asked(query.get("page"), total)
    part = f"ORDER BY number DESC LIMIT {PAGE} OFFSET {(number - 1) * PAGE}"
    rows = call.db.execute(f"{_MAILS} WHERE {where} {part}", values).fetchall()
    return Part([_mail(row) for row in rows], total, number)


def of_person(call: Call, key: str) -> list[dict[str, Any]]:
    """Return the newest mails to one person, the newest first."""
    rows = call.db.execute(f"{_MAILS} WHERE mails.user_key = ? ORDER BY number DESC LIMIT {OF_PERSON}", (key,))
    return [_mail(row) for row in rows.fetchall()]


def by_kind(call: Call) -> dict[str, int]:
    """Return how many mails there are of each kind."""
    rows = call.db.execute("SELECT kind, count(*) AS number FROM mails GROUP BY kind ORDER BY number DESC").fetchall()
    return {row["kind"]: row["number"] for row in rows}


_MAILS = (
    "SELECT mails.*, templates.title AS template,"
    " EXISTS (SELECT 1 FROM links WHERE links.user_key = mails.user_key AND substr(link, -length(token)) = token)"
    " AS is_open"
    " FROM mails LEFT JOIN templates ON templates.key = template_key"
)


def _mail(row: Any) -> dict[str, Any]:
    """Return a mail with its body parted around the link that it has, so that the page can make a link of it."""
    before, _, after = row["body"].partition(row["link"]) if row["link"] else (row["body"], "", "")
    return {**dict(row), "before": before, "after": after}
