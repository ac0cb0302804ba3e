"""The token endpoint's rules, and who a token speaks for."""

import base64
import binascii
import secrets
import sqlite3
from typing import Any

from tasks.sandbox.wire import Basis, Call, GotoRefusal, Problem

REFRESH_TOKEN_LIFETIME_S = 30 * 24 * 3600
ADMIN_SCOPE = "identity:"


class OAuthRefusal(Exception):
    """The token endpoint says no, in the form of RFC 6749 §5.2 (assumed)."""

    def __init__(self, status: int, error: str) -> None:
        self.status = status
        self.error = error
        super().__init__(error)


def grant(call: Call, authorization: str | None, form: dict[str, str]) -> tuple[dict[str, Any], Basis]:
    """Return the reply to a token request. Raises ``OAuthRefusal``."""
    account = call.db.execute("SELECT * FROM account").fetchone()
    if _client(authorization, form) != (account["client_id"], account["client_secret"]):
        raise OAuthRefusal(401, "invalid_client")
    kind, basis = form.get("grant_type"), Basis.OBSERVED if "client_secret" in form else Basis.DOCUMENTED
    if kind == "personal_access_token":
        return _by_pat(call, account, form), basis
    if kind == "refresh_token":
        return _by_refresh(call, account, form), basis
    raise OAuthRefusal(400, "unsupported_grant_type" if kind else "invalid_request")


def _client(authorization: str | None, form: dict[str, str]) -> tuple[str, str] | None:
    """Return the client's name and secret: from the header, or from the form (observed: both are advertised).

    RFC 6749 §2.3 has one way in a request: a form with both is refused.
    """
    if "client_secret" not in form:
        return _basic(authorization)
    if authorization is not None:
        raise OAuthRefusal(400, "invalid_request")
    return form.get("client_id", ""), form["client_secret"]


def _basic(authorization: str | None) -> tuple[str, str] | None:
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name, secret


def _by_pat(call: Call, account: sqlite3.Row, form: dict[str, str]) -> dict[str, Any]:
    if "pat" not in form:
        raise OAuthRefusal(400, "invalid_request")
    if form["pat"] != account["pat"]:
        raise OAuthRefusal(400, "invalid_grant")
    reply = _access(call, account, _scope(call, account))
    return {**reply, "token_type": "Bearer", "refresh_token": _issue(call, "refresh", reply["scope"])}


def _scope(call: Call, account: sqlite3.Row) -> str:
    """Return the scopes of a new token: those of the personal token that the OAuth client has too (documented)."""
    ticked = call.switches.scopes if account["scope"] is None else account["scope"].split()
    return " ".join(scope for scope in call.switches.scopes if scope in ticked)


def _by_refresh(call: Call, account: sqlite3.Row, form: dict[str, str]) -> dict[str, Any]:
    """Renew. The documented reply has neither ``token_type`` nor ``refresh_token``: the old one stays good."""
    if "refresh_token" not in form:
        raise OAuthRefusal(400, "invalid_request")
    held = _find(call, "refresh", form["refresh_token"])
    if held is None:
        raise OAuthRefusal(400, "invalid_grant")
    reply = _access(call, account, held["scope"])
    if call.switches.rotate_refresh_token:
        call.db.execute("DELETE FROM tokens WHERE token = ?", (held["token"],))
        reply["refresh_token"] = _issue(call, "refresh", held["scope"])
    return reply


def _access(call: Call, account: sqlite3.Row, scope: str) -> dict[str, Any]:
    person = call.db.execute("SELECT email FROM people WHERE key = ?", (account["principal_key"],)).fetchone()
    if person is None:  # the person for whom the tokens speak was deleted
        raise OAuthRefusal(400, "invalid_grant")
    return {
        "access_token": _issue(call, "access", scope),
        "expires_in": call.switches.token_lifetime_s,
        "scope": scope,
        "principal": person["email"],
    }


def _issue(call: Call, kind: str, scope: str) -> str:
    call.db.execute("DELETE FROM tokens WHERE expires_ms <= ?", (call.now_ms,))
    lifetime_s = REFRESH_TOKEN_LIFETIME_S if kind == "refresh" else call.switches.token_lifetime_s
    token = secrets.token_urlsafe(96)  # opaque and long, as GoTo's are
    expires_ms = call.now_ms + lifetime_s * 1000
    call.db.execute("INSERT INTO tokens VALUES (?, ?, ?, ?)", (token, kind, scope, expires_ms))
    return token


def _find(call: Call, kind: str, token: str) -> sqlite3.Row | None:
    query = "SELECT * FROM tokens WHERE kind = ? AND token = ? AND expires_ms > ?"
    row: sqlite3.Row | None = call.db.execute(query, (kind, token, call.now_ms)).fetchone()
    return row


def require_caller(call: Call, authorization: str | None) -> str:
    """Return the key of the user for whom the bearer token speaks.

    Raises a refusal (401 ``not.authenticated``) if the token is unknown, over its time, without the scope
    ``identity:``, or its user is gone.
    """
    caller, scopes = speaker(call, authorization)
    if caller is None or ADMIN_SCOPE not in scopes:
        raise GotoRefusal(401, Problem("not.authenticated"))
    return caller


def speaker(call: Call, authorization: str | None) -> tuple[str | None, frozenset[str]]:
    """Return the key of the user for whom the bearer token speaks, None if it is not good, and the token's scopes."""
    scheme, _, token = (authorization or "").partition(" ")
    held = _find(call, "access", token) if scheme.lower() == "bearer" else None
    caller = call.db.execute("SELECT people.key FROM people JOIN account ON principal_key = people.key").fetchone()
    if held is None or caller is None:
        return None, frozenset()
    return str(caller["key"]), frozenset(held["scope"].split())
