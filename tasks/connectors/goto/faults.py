"""What a refused call says: GoTo's JSON fault, an OAuth error, or anything else that came instead."""

import json
import re
from dataclasses import dataclass
from typing import Any

import httpx

from tasks.model.errors import RefusedByTarget, TargetDown, UncertainCall

MAX_DETAIL = 500
CALL_NOT_DONE = "This call was not carried out."
PERHAPS_DONE = "This call may or may not have been carried out."
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,80}")


@dataclass(frozen=True)
class Fault:
    """One refusal. ``subjects`` are the values that it names (addresses, keys): for facts, never for a message.

    ``detail`` is the beginning of a fault that is not JSON; ``structured`` tells if it was JSON (or empty).
    """

    status: int
    code: str | None = None
    incident: str | None = None
    subjects: tuple[str, ...] = ()
    detail: str = ""
    structured: bool = True

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
    except ValueError:
        return Fault(status, detail=response.text[:MAX_DETAIL], structured=False)
    body = body if isinstance(body, dict) else {}
    errors = [item for item in body.get("errors") or body.get("Errors") or [] if isinstance(item, dict)]
    codes = [_plain(item.get("code")) for item in errors]
    codes += [_plain(body.get(name)) for name in ("errorCode", "error")]  # other GoTo hosts; OAuth (RFC 6749 §5.2)
    return Fault(
        status,
        code=next((code for code in codes if code), None),
        incident=_plain(body.get("incidentId")),
        subjects=tuple(str(item["value"]) for item in errors if item.get("value") is not None),
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
        remedy=_remedy(fault, right, granted),
        **fault.facts,
    )


def failing(purpose: str, fault: Fault, *, safe: bool) -> TargetDown | UncertainCall:
    """Return the error for a call that the server could not answer: for a write it is open whether it was done."""
    what = f"GoTo could not {purpose} ({fault.label})."
    if safe:
        return TargetDown(what, sent=CALL_NOT_DONE, remedy="Try again later.", **fault.facts)
    return UncertainCall(what, sent=PERHAPS_DONE, remedy="It is looked up before it is repeated.", **fault.facts)


def _remedy(fault: Fault, right: Right, granted: tuple[str, ...] | None) -> str:
    if fault.status in (401, 403):
        return right.remedy(granted)
    if fault.status < 400 or not fault.structured:
        return "The answer is not GoTo's own: check urls.api in the pipeline, and the proxy."
    return ""


def _plain(value: object) -> str | None:
    return value if isinstance(value, str) and _CODE.fullmatch(value) else None
