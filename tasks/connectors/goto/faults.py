"""What a refused call says: GoTo's JSON fault, an OAuth error, or anything else that came instead."""

import json
import re
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from tasks.model.errors import RefusedByTarget, TargetDown, TargetError, UncertainCall

MAX_DETAIL = 500
CALL_NOT_DONE = "This call was not carried out."
PERHAPS_DONE = "This call may or may not have been carried out."
NOT_GOTOS = "Check urls.api in the pipeline, and that no proxy or sign-in page stands between."
UNREADABLE = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError)
"""What reading an answer of an odd form may raise."""

OTHER_CODES = ("errorCode", "int_err_code")
"""Where other APIs of GoTo's have their code."""

_SCIM = "urn:ietf:params:scim:api:messages:2.0:Error"
_OAUTH = frozenset(
    {
        "invalid_request", "invalid_client", "invalid_grant", "unauthorized_client", "unsupported_grant_type",
        "invalid_scope", "access_denied", "invalid_token",
    }
)  # fmt: skip
"""Words for a refusal by a token service: RFC 6749 §5.2, and two that are used beside them (§4.1.2.1, RFC 6750)."""

_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


@dataclass(frozen=True)
class Fault:
    """One refusal. ``subjects`` are the values that it names (addresses, keys): for facts, never for a message.

    ``detail`` is the beginning of a fault that is not JSON. ``is_own`` tells if it has the form of GoTo's own faults:
    a gateway between refuses with a page, with nothing, or with JSON of its own, and knows nothing of what was asked
    for. ``is_oauth`` tells the same of the token service's (RFC 6749 §5.2).
    """

    status: int
    code: str | None = None
    incident: str | None = None
    subjects: tuple[str, ...] = ()
    detail: str = ""
    is_own: bool = False
    is_oauth: bool = False

    @property
    def label(self) -> str:
        """The fault for a message: status, code and incident id, which say nothing about a person."""
        parts = [f"HTTP {self.status}", f"code {self.code}" if self.code else "no code"]
        return ", ".join([*parts, f"incident {self.incident}"] if self.incident else parts)

    @property
    def facts(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "code": self.code,
            "incident": self.incident,
            "detail": self.detail,
            "subjects": self.subjects,
        }


def read_fault(response: httpx.Response) -> Fault:
    """Return what a refusing answer says. Anything that is not a plain code stays out of ``code`` and ``incident``."""
    status = response.status_code
    if not response.content.strip():
        return Fault(status)
    try:
        body = json.loads(response.content)
    except UNREADABLE:
        # Not response.text: a charset that is no text's would raise.
        return Fault(status, detail=response.content[: 4 * MAX_DETAIL].decode("utf-8", "replace")[:MAX_DETAIL])
    body = body if isinstance(body, dict) else {}
    errors = _errors(body)
    codes = [_plain(item.get("code")) for item in errors]
    codes += [_plain(body.get(name)) for name in (*OTHER_CODES, "error")]
    return Fault(
        status,
        code=next((code for code in codes if code), None),
        incident=_plain(body.get("incidentId")),
        subjects=tuple(_subject(item) for item in errors if item.get("value") is not None),
        is_own=_is_own(body, errors),
        is_oauth=isinstance(error := body.get("error"), str) and error in _OAUTH,
    )


def _errors(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the problems that a fault lists: under ``errors``, in SCIM 1.1 under ``Errors``."""
    listed = [item for name in ("errors", "Errors") if isinstance(body.get(name), list) for item in body[name]]
    return [item for item in listed if isinstance(item, dict)]


def _is_own(body: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> bool:
    """Tell whether a fault has a form that GoTo's have: the Admin API's, SCIM's, or that of its other hosts.

    A number for a code is what others give; so is a word under ``error``.
    """
    schemas = body.get("schemas")
    return (
        "incidentId" in body
        or any(isinstance(item.get("code"), str) for item in errors)
        or any(_plain(body.get(name)) is not None for name in OTHER_CODES)
        or (isinstance(schemas, list) and _SCIM in schemas)
    )


@dataclass(frozen=True)
class Right:
    """What calls to one of GoTo's APIs take: a scope of the token, and a role of the person behind it."""

    scope: str
    role: str

    def remedy(self, granted: tuple[str, ...] | None) -> str:
        """Say which of the two is missing, as far as the token's answer tells."""
        if granted is not None and self.scope not in granted:
            return (
                f"The token lacks the scope '{self.scope}': tick it at the OAuth client, and make a new personal "
                "access token with it."
            )
        if granted is not None:
            return f"The token has the scope '{self.scope}'; the person behind it needs {self.role}."
        return (
            f"A scope or role is missing: the OAuth client and the token need the scope '{self.scope}', and the person "
            f"behind the token needs {self.role}."
        )


ADMIN = Right("identity:", "an admin role that allows this")
DIRECTORY = Right("identity:scim.org", "the role Admin (read & write) of the organisation")
WEBINARS = Right("collab:", "to be an admin of the account")


def refused(
    purpose: str, fault: Fault, right: Right = ADMIN, granted: tuple[str, ...] | None = None
) -> RefusedByTarget:
    """Return the error for a call that GoTo certainly did not carry out, and would refuse again."""
    return RefusedByTarget(
        f"GoTo refused to {purpose} ({fault.label}).",
        sent=CALL_NOT_DONE,
        remedy=right.remedy(granted) if fault.status in (401, 403) else "",
        **fault.facts,
    )


def unbelievable(purpose: str, why: str, fault: Fault, *, safe: bool, more: str = "") -> TargetDown | UncertainCall:
    """Return the error for an answer that proves nothing, since *why*. *more* is added to what to do about it."""
    what = f"GoTo's answer to the call to {purpose} cannot be believed: {why} (HTTP {fault.status})."
    facts = {**fault.facts, "code": None, "incident": None, "subjects": (), "is_own": fault.is_own}
    remedy = f"{NOT_GOTOS} {more}".strip()
    if safe:
        return TargetDown(what, sent=CALL_NOT_DONE, remedy=remedy, **facts)
    return UncertainCall(what, sent=PERHAPS_DONE, remedy=f"It is looked up. {remedy}", **facts)


def not_own(
    purpose: str, fault: Fault, right: Right, granted: tuple[str, ...] | None, *, safe: bool
) -> TargetDown | UncertainCall:
    """Return the error for a refusal that is not of GoTo's form: it says nothing of what was asked for."""
    more = f"If nothing does: {_begun_small(right.remedy(granted))}" if fault.status in (401, 403) else ""
    return unbelievable(purpose, "the refusal is not of GoTo's form", fault, safe=safe, more=more)


def failing(purpose: str, fault: Fault, *, safe: bool) -> TargetDown | UncertainCall:
    """Return the error for a call that the server could not answer: for a write it is open whether it was done."""
    what = f"GoTo could not {purpose} ({fault.label})."
    if safe:
        return TargetDown(what, sent=CALL_NOT_DONE, remedy="Try again later.", **fault.facts)
    return UncertainCall(what, sent=PERHAPS_DONE, remedy="It is looked up before it is repeated.", **fault.facts)


def is_answered(error: TargetError) -> bool:
    """Tell whether an error is of an answer that came, if none to be believed, and not of a server that fails."""
    status = error.facts.get("status")
    return isinstance(status, int) and (status < 500 or status == 501)


def is_bare(error: TargetError, statuses: Container[int]) -> bool:
    """Tell whether an error is a refusal with one of *statuses* that is not of GoTo's form."""
    return error.facts.get("is_own") is False and error.facts.get("status") in statuses


def _begun_small(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


def _subject(item: Mapping[str, Any]) -> str:
    """Return what a problem is about. A whole number may have more digits than Python turns into text."""
    try:
        return str(item["value"])
    except UNREADABLE:
        return ""


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
