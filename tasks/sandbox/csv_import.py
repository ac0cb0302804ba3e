"""The portal's import of users from a CSV file (reference section 8).

Documented: at most 100 users, one setting for all of them, and about a day until they show. The columns are assumed,
and a switch.
"""

import csv
import json
import re
from datetime import timedelta
from io import StringIO
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tasks.model.errors import BadUsage
from tasks.sandbox import history, people
from tasks.sandbox.declared import ADDRESS, LOCALE, Key
from tasks.sandbox.organisation import shown_moment
from tasks.sandbox.switches import Switches
from tasks.sandbox.user_values import LONGEST
from tasks.sandbox.wire import Call, GotoRefusal, NewUsers

MAX_ROWS = 100
COLUMNS = {"First name": "firstName", "Last name": "lastName", "Email": "email"}
LOCALE_COLUMN = {"Locale": "locale"}


class Settings(BaseModel):
    """What all users of one file get."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel)

    licence_keys: tuple[Key, ...] = Field(default=(), alias="licenseKeys")
    admin_roles: tuple[str, ...] = ()
    group_key: Key | None = None
    locale: str | None = Field(default=None, pattern=LOCALE)
    time_zone: str | None = None
    template_key: Key | None = None
    settings_template_key: Key | None = None
    suppress_email: bool = False


def template(switches: Switches) -> str:
    """Return an empty file with the columns."""
    return ",".join(_columns(switches)) + "\r\n"


def _columns(switches: Switches) -> dict[str, str]:
    return COLUMNS | (LOCALE_COLUMN if switches.csv_columns == "with_locale" else {})


def submit(call: Call, text: str, settings: Settings) -> dict[str, Any]:
    """Take a file, whose users will show about a day later, and return what is known of it.

    Raises ``BadUsage``, and takes nothing, if the file is not of the form or has more than 100 rows, or a refusal if
    the account's rules are against it as it stands (unknown licence, no seats).
    """
    body = _body(_users(text, call.switches), settings)
    call.db.execute("SAVEPOINT try_out")
    _create(call, body)
    call.db.execute("ROLLBACK TO try_out")
    call.db.execute("RELEASE try_out")
    due_ms = call.now_ms + int(timedelta(hours=call.switches.csv_import_hours).total_seconds() * 1000)
    cursor = call.db.execute("INSERT INTO imports (due_ms, body) VALUES (?, ?)", (due_ms, json.dumps(body)))
    carry_out_due(call)
    row = call.db.execute("SELECT * FROM imports WHERE number = ?", (cursor.lastrowid,)).fetchone()
    return _described(row)


@history.noted(by="CSV import")
def carry_out_due(call: Call) -> None:
    """Create the users of the files whose time has come. What the account refuses then is in the file's result."""
    rows = call.db.execute("SELECT * FROM imports WHERE result IS NULL AND due_ms <= ?", (call.now_ms,)).fetchall()
    for row in rows:
        call.db.execute("SAVEPOINT one_file")
        try:
            result = _create(call, json.loads(row["body"]))
        except GotoRefusal as refusal:
            call.db.execute("ROLLBACK TO one_file")
            result = {"created": 0, "refused": str(refusal)}
        call.db.execute("RELEASE one_file")
        call.db.execute("UPDATE imports SET result = ? WHERE number = ?", (json.dumps(result), row["number"]))


def _create(call: Call, body: dict[str, Any]) -> dict[str, Any]:
    caller = call.db.execute("SELECT principal_key FROM account").fetchone()[0]
    made = people.create(call, NewUsers.model_validate(body), caller, all_or_nothing=False)
    return {
        "created": sum("key" in one for one in made),
        "in_use": [one["email"] for one in made if "key" not in one],
    }


def imports(call: Call) -> list[dict[str, Any]]:
    """Return the files that were taken, oldest first; those whose users are not there yet have no result."""
    return [_described(row) for row in call.db.execute("SELECT * FROM imports ORDER BY number")]


def _described(row: Any) -> dict[str, Any]:
    return {
        "number": row["number"],
        "rows": len(json.loads(row["body"])["users"]),
        "shows": shown_moment(row["due_ms"]),
        "result": json.loads(row["result"]) if row["result"] else None,
    }


def _body(users: list[dict[str, str]], settings: Settings) -> dict[str, Any]:
    """Return the body of a create. What all get stands beside the users and in each: either place may not count."""
    of_all = settings.model_dump(mode="json", by_alias=True, exclude_none=True)
    own = {name: value for name, value in of_all.items() if name != "suppressEmail"}
    beside = {name: value for name, value in of_all.items() if name not in {"locale", "timeZone"}}
    return {"users": [{**own, **user} for user in users], **beside}


def _users(text: str, switches: Switches) -> list[dict[str, str]]:
    rows = [row for row in csv.reader(StringIO(text.removeprefix("\ufeff"))) if any(cell.strip() for cell in row)]
    columns = {title.casefold(): name for title, name in _columns(switches).items()}
    head = [columns.get(cell.strip().casefold()) for cell in rows[0]] if rows else []
    if sorted(filter(None, head)) != sorted(columns.values()) or None in head:
        raise _not_taken(f"The first line must name the columns {', '.join(_columns(switches))}.")
    if not 1 <= len(rows) - 1 <= MAX_ROWS:
        raise _not_taken(f"A file holds 1 to {MAX_ROWS} users, and this one {len(rows) - 1}.")
    users = [
        {str(name): cell.strip() for name, cell in zip(head, row, strict=False) if cell.strip()} for row in rows[1:]
    ]
    if bad := [number for number, user in enumerate(users, 1) if not _is_valid(user)]:
        raise _not_taken(f"These rows lack a name or an e-mail address, or it is too long: {', '.join(map(str, bad))}.")
    return users


def _is_valid(user: dict[str, str]) -> bool:
    lengths = {"email": LONGEST["email"], "firstName": LONGEST["first_name"], "lastName": LONGEST["last_name"]}
    has_all = all(0 < len(user.get(name, "")) <= longest for name, longest in lengths.items())
    locale = user.get("locale")
    return has_all and bool(re.fullmatch(ADDRESS, user["email"])) and (not locale or bool(re.fullmatch(LOCALE, locale)))


def _not_taken(why: str) -> BadUsage:
    return BadUsage(why, sent="Nobody was imported.", remedy="GET /sandbox/import/template has the columns.")
