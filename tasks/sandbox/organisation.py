"""The organisation: domains and their verification, and who is its admin. The rules of GoTo's Organization Center.

GoTo has no public call for any of this (assumed throughout); the rules are documented, reference section 5. The
records are looked for in the sandbox's own little DNS and web, never in the real ones.
"""

import uuid
from datetime import UTC, datetime
from typing import Any, Literal

from tasks.model.errors import BadUsage
from tasks.sandbox.declared import DeclaredOrganisation
from tasks.sandbox.store import next_key
from tasks.sandbox.wire import Call

PREFIXES = ("goto-verification-code", "logmein-verification-code")
DAYS_TO_VERIFY = 10
DAY_MS = 24 * 3600 * 1000

Method = Literal["dns", "file"]
Role = Literal["write", "read"]


def declare(call: Call, declared: DeclaredOrganisation, principal: str) -> None:
    """Put a declared organisation in the store."""
    for domain in declared.domains:
        _insert(call, domain.domain.lower(), domain.status, principal)
    if any(domain.status == "verified" for domain in declared.domains):
        call.db.execute("INSERT INTO organisation VALUES (?)", (declared.name,))
    rows = [(admin.user, admin.role) for admin in declared.admins]
    call.db.executemany("INSERT INTO organisation_admins VALUES (?, ?)", rows)
    for group in sorted(declared.groups, key=lambda group: group.key is None):  # keys are made around declared ones
        key = group.key or next_key(call.db, "directory group")
        row = (key, group.name, group.name.casefold(), call.now_ms)
        call.db.execute("INSERT INTO directory_groups VALUES (?, ?, ?, ?, NULL)", row)
        members = [(key, member, "user") for member in group.members]
        call.db.executemany("INSERT INTO directory_members VALUES (?, ?, ?)", members)


def described(call: Call) -> dict[str, Any] | None:
    """Return the organisation with its domains and admins, None if there is neither it nor a domain under way."""
    _expire(call)
    name = call.db.execute("SELECT name FROM organisation").fetchone()
    domains = call.db.execute("SELECT * FROM domains ORDER BY domain").fetchall()
    if name is None and not domains:
        return None
    admins = call.db.execute(
        "SELECT user_key, role, email FROM organisation_admins JOIN people ON people.key = user_key ORDER BY email"
    ).fetchall()
    return {
        "name": name["name"] if name else None,
        "domains": [
            {
                "domain": row["domain"],
                "status": row["status"],
                "records": records(row),
                "added": shown_moment(row["added_ms"]),
                "expires": shown_moment(row["expires_ms"]),
            }
            for row in domains
        ],
        "admins": [{"key": call.key(row["user_key"]), "email": row["email"], "role": row["role"]} for row in admins],
    }


def records(domain: Any) -> dict[str, str]:
    """Return what is to be published for a domain: one record for DNS, one for the web. Each has a code of its own."""
    return {"dns": f"{PREFIXES[0]}={domain['dns_code']}", "file": f"{PREFIXES[0]}={domain['file_code']}"}


def shown_moment(time_ms: int) -> str:
    return datetime.fromtimestamp(time_ms / 1000, UTC).isoformat(timespec="seconds")


def is_verified(call: Call, domain: str) -> bool:
    row = call.db.execute("SELECT status FROM domains WHERE domain = ?", (domain.lower(),)).fetchone()
    return row is not None and row["status"] == "verified"


def role_of(call: Call, user_key: str) -> str | None:
    """Return what somebody may do in the organisation: ``write``, ``read``, or None.

    An organisation admin whose own address lies in no verified domain is none (inferred; reference section 5).
    """
    row = call.db.execute(
        "SELECT role, email FROM organisation_admins JOIN people ON people.key = user_key WHERE user_key = ?",
        (user_key,),
    ).fetchone()
    if row is None or not is_verified(call, row["email"].rpartition("@")[2]):
        return None
    return str(row["role"])


def add_domain(call: Call, domain: str) -> None:
    """Add a domain, to be verified within ten days. One that has expired gets ten more, with its newest codes."""
    _expire(call)
    found = _find(call, domain)
    if found is not None and found["status"] != "expired":
        raise BadUsage(f"{domain} is there already.", sent="Nothing was added.")
    if found is not None:
        again = (call.now_ms, call.now_ms + DAYS_TO_VERIFY * DAY_MS, domain)
        call.db.execute("UPDATE domains SET status = 'pending', added_ms = ?, expires_ms = ? WHERE domain = ?", again)
        return
    _insert(call, domain, "pending", call.db.execute("SELECT principal_key FROM account").fetchone()[0])


def verify(call: Call, domain: str, method: Method) -> None:
    """Look for the record. The first domain that is verified makes the organisation, and who added it its admin."""
    _expire(call)
    found = _require(call, domain)
    if found["status"] == "expired":
        raise BadUsage(f"{domain} was not verified within {DAYS_TO_VERIFY} days.", remedy="Add it again.", sent="")
    if not _is_published(call, domain, method, found["dns_code" if method == "dns" else "file_code"]):
        where = f"a DNS TXT record of {domain}" if method == "dns" else f"http://{domain}/{PREFIXES[0]}.txt"
        raise BadUsage(
            f"The code was not found in {where}.",
            sent="The domain was left as it is.",
            remedy=f"Publish {records(found)[method]} there.",
        )
    call.db.execute("UPDATE domains SET status = 'verified' WHERE domain = ?", (domain,))
    if call.db.execute("SELECT 1 FROM organisation").fetchone() is None:
        account = call.db.execute("SELECT name FROM account").fetchone()
        call.db.execute("INSERT INTO organisation VALUES (?)", (account["name"],))
        call.db.execute("INSERT OR REPLACE INTO organisation_admins VALUES (?, 'write')", (found["added_by"],))


def remove_domain(call: Call, domain: str) -> None:
    """Delete a domain that is pending or expired: a verified one cannot be deleted."""
    if _require(call, domain)["status"] == "verified":
        raise BadUsage(f"{domain} is verified, and a verified domain cannot be deleted.", sent="Nothing was deleted.")
    call.db.execute("DELETE FROM domains WHERE domain = ?", (domain,))


def set_admin(call: Call, user_key: str, role: Role | None, by: str | None = None) -> None:
    """Make somebody organisation admin, or nobody special again.

    *by* is the admin who does it: one who may write, and who cannot change their own role (documented). None is
    nobody of the organisation: the role is set as if it had always been so.
    """
    if call.db.execute("SELECT 1 FROM people WHERE key = ?", (user_key,)).fetchone() is None:
        raise BadUsage("There is no such user.", sent="Nothing was changed.")
    if by is not None:
        _require_may_set(call, user_key, role, by)
    if role is None:
        call.db.execute("DELETE FROM organisation_admins WHERE user_key = ?", (user_key,))
    else:
        call.db.execute("INSERT OR REPLACE INTO organisation_admins VALUES (?, ?)", (user_key, role))


def _require_may_set(call: Call, user_key: str, role: Role | None, by: str) -> None:
    if role_of(call, by) != "write":
        raise BadUsage("Who does it is no organisation admin with read and write.", sent="Nothing was changed.")
    if user_key == by:
        raise BadUsage("Admins cannot change their own role.", sent="Nothing was changed.")
    address = call.db.execute("SELECT email FROM people WHERE key = ?", (user_key,)).fetchone()["email"]
    if role is not None and not is_verified(call, address.rpartition("@")[2]):
        raise BadUsage("The address lies in no verified domain of the organisation.", sent="Nothing was changed.")


def publish(call: Call, place: str, text: str) -> None:
    """Put a text into the sandbox's own DNS (place: the domain) or web (place: its URL). Empty text takes it out."""
    call.db.execute("DELETE FROM published WHERE place = ?", (place,))
    if text:
        call.db.execute("INSERT INTO published VALUES (?, ?)", (place, text))


def _insert(call: Call, domain: str, status: str, added_by: str) -> None:
    expires_ms = call.now_ms + DAYS_TO_VERIFY * DAY_MS
    codes = (str(uuid.uuid4()), str(uuid.uuid4()))
    row = (domain, status, call.now_ms, expires_ms, *codes, added_by)
    call.db.execute("INSERT INTO domains VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def _expire(call: Call) -> None:
    """Let the domains expire whose time is over, and renew their codes (documented: at the next visit)."""
    over = "SELECT domain FROM domains WHERE status = 'pending' AND expires_ms <= ?"
    rows = [(str(uuid.uuid4()), str(uuid.uuid4()), row["domain"]) for row in call.db.execute(over, (call.now_ms,))]
    call.db.executemany("UPDATE domains SET status = 'expired', dns_code = ?, file_code = ? WHERE domain = ?", rows)


def _find(call: Call, domain: str) -> Any:
    return call.db.execute("SELECT * FROM domains WHERE domain = ?", (domain,)).fetchone()


def _require(call: Call, domain: str) -> Any:
    found = _find(call, domain)
    if found is None:
        raise BadUsage(f"{domain} was not added.", sent="Nothing was changed.")
    return found


def _is_published(call: Call, domain: str, method: Method, code: str) -> bool:
    """Whether the code stands where it should, under the new prefix or the old one."""
    wanted = {f"{prefix}={code}" for prefix in PREFIXES}
    places = [domain] if method == "dns" else [f"http://{domain}/{prefix}.txt" for prefix in PREFIXES]
    marks = ", ".join("?" * len(places))
    rows = call.db.execute(f"SELECT text FROM published WHERE place IN ({marks})", places)  # noqa: S608 (marks only)
    lines = [line for row in rows for line in (row["text"].splitlines() if method == "dns" else [row["text"]])]
    return any(line in wanted for line in lines)
