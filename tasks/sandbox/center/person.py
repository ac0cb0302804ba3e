"""One person: what they are, what they hold, what happened to them, what was written to them."""

import json
from itertools import groupby
from typing import Any

from tasks.sandbox.center import mailbox, words
from tasks.sandbox.center.listing import shown
from tasks.sandbox.user_views import has_locked_address
from tasks.sandbox.wire import Call

PROFILE = {
    "chosen_name": "Display name",
    "external_id": "External id",
    "employee_number": "Employee number",
    "department": "Department",
    "cost_center": "Cost centre",
    "division": "Division",
}


def read(call: Call, key: str) -> dict[str, Any] | None:
    """Return all that is known of a person, of a deleted one too; None if nobody ever had that key."""
    row = call.db.execute("SELECT * FROM people WHERE key = ?", (key,)).fetchone() or _deleted(call, key)
    if row is None:
        return None
    return {
        **shown(call, row),
        "facts": _facts(call, row),
        "licences": _licences(call, key),
        "link": _open_link(call, row),
        "elsewhere": _other_account(call, row),
        "webinars": _webinars(call, key),
        "events": _events(call, key),
        "mails": mailbox.of_person(call, key),
    }


def _deleted(call: Call, key: str) -> Any:
    return call.db.execute(
        "SELECT users.*, NULL AS group_name, NULL AS role_set_name, 'DELETED' AS status FROM users"
        " WHERE key = ? AND deleted_ms > 0",
        (key,),
    ).fetchone()


def _facts(call: Call, row: Any) -> list[tuple[str, str]]:
    """Return what else there is to say, as pairs of name and value; what is blank is left out."""
    settings = call.db.execute(
        "SELECT name FROM settings_templates WHERE key = ?", (row["settings_template_key"],)
    ).fetchone()
    facts = [
        ("Language", words.language(row["locale"])),
        ("Time zone", row["time_zone"]),
        ("Settings template", settings["name"] if settings else ""),
        *((f"{name} (attribute)", value) for name, value in json.loads(row["custom_attributes"]).items()),
        *_organisation_facts(call, row["key"]),
        (
            "Invitations",
            _invitations(call, row["key"]),
        ),
        ("Address", "locked: it cannot be changed here" if has_locked_address(call, row) else ""),
        ("Deleted", words.moment(row["deleted_ms"]) if row["deleted_ms"] else ""),
    ]
    return [(name, value) for name, value in facts if value]


def _invitations(call: Call, key: str) -> str:
    """Return how often somebody was written to for a password or a move. Of what was before, no mail is kept."""
    asked = call.db.execute(
        "SELECT count(*) AS number, max(sent_at) AS last FROM mails WHERE user_key = ? AND link IS NOT NULL", (key,)
    ).fetchone()
    if not asked["number"]:
        return "none since the sandbox was filled"
    return f"{asked['number']}, the last on {words.moment(asked['last'])}"


def _organisation_facts(call: Call, key: str) -> list[tuple[str, str]]:
    """Return what the organisation and its directory have of a user."""
    entry = call.db.execute("SELECT * FROM directory_users WHERE key = ?", (key,)).fetchone()
    admin = call.db.execute("SELECT role FROM organisation_admins WHERE user_key = ?", (key,)).fetchone()
    groups = call.db.execute(
        "SELECT name FROM directory_groups JOIN directory_members ON group_key = key WHERE member_key = ?"
        " ORDER BY name_folded",
        (key,),
    ).fetchall()
    state = "" if entry is None else "Active" if entry["active"] else "Deactivated"
    profile = [] if entry is None else [(title, entry[column] or "") for column, title in PROFILE.items()]
    return [
        ("Role in the organisation", words.ORGANISATION_ROLES[admin["role"]] if admin else ""),
        ("In the directory", state),
        *profile,
        ("Directory groups", ", ".join(row["name"] for row in groups)),
    ]


def _licences(call: Call, key: str) -> list[dict[str, Any]]:
    rows = call.db.execute(
        "SELECT licences.* FROM licences JOIN grants ON licence_key = licences.key WHERE user_key = ?"
        " ORDER BY description, key",
        (key,),
    ).fetchall()
    return [{**dict(row), "products": [words.product(code) for code in json.loads(row["products"])]} for row in rows]


def _open_link(call: Call, row: Any) -> str | None:
    """Return the page to which the person's last mail leads, None if nothing is asked of them any more."""
    purpose = "transfer" if row["transfer"] == "pending" else "password"
    open_one = call.db.execute(
        "SELECT link FROM mails JOIN links ON substr(link, -length(token)) = token"
        " WHERE mails.user_key = ? AND links.user_key = mails.user_key AND purpose = ? ORDER BY number DESC LIMIT 1",
        (row["key"], purpose),
    ).fetchone()
    return open_one["link"] if open_one else None


def _other_account(call: Call, row: Any) -> str | None:
    """Return the name of the account that the person's address lives in, besides this one."""
    found = call.db.execute(
        "SELECT name FROM other_users JOIN other_accounts ON key = account_key WHERE email_folded = ?",
        (row["email_folded"],),
    ).fetchone()
    return found["name"] if found else None


def _webinars(call: Call, key: str) -> list[dict[str, Any]]:
    """Return what a person has scheduled and what they organise with others, by its start."""
    rows = call.db.execute(
        "SELECT webinars.*, organiser_key = ?1 AS is_own, (SELECT count(*) FROM coorganisers WHERE webinar_key ="
        " webinars.key) AS others FROM webinars WHERE ends_ms > ?2 AND (organiser_key = ?1 OR key IN"
        " (SELECT webinar_key FROM coorganisers WHERE member_key = ?1)) ORDER BY starts_ms, key",
        (key, call.now_ms),
    ).fetchall()
    return [dict(row) for row in rows]


def _events(call: Call, key: str) -> list[dict[str, Any]]:
    """Return what happened, what one call did together: the newest call first, what it did in its order."""
    rows = call.db.execute("SELECT * FROM events WHERE user_key = ? ORDER BY number", (key,)).fetchall()
    by_call = groupby(rows, key=lambda row: (row["time"], row["call"]))
    found = [
        {"time": time, "done_by": words.done_by(name), "notes": [_note(row) for row in notes]}
        for (time, name), notes in by_call
    ]
    return found[::-1]


def _note(row: Any) -> tuple[str, str]:
    roles = row["detail"].split(", ") if row["what"] == "Admin role" else []
    return row["what"], ", ".join(words.role(name) for name in roles) or row["detail"]
