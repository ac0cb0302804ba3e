"""What a check-up asks of GoTo: who the credentials are, what they may do, and what the organisation tells of itself.

Reads only, a handful of calls. A refusal is part of the answer here, and raises nothing.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from tasks.connectors.goto.faults import read_fault
from tasks.connectors.goto.reach import certificates
from tasks.connectors.goto.target import GotoConnector
from tasks.connectors.goto.wire import key_of
from tasks.model.errors import RefusedByTarget, TargetDown, TargetError
from tasks.model.pipeline import GotoTarget
from tasks.model.state import AccountState

ORGANISATION = "/sandbox/organisation"
"""The sandbox's own control call: GoTo has none for this."""
NOT_THERE = 404


@dataclass(frozen=True)
class Domain:
    """A domain of the organisation: ``verified``, ``pending`` or ``expired``, and what to publish for it.

    ``record`` is for DNS, ``file_record`` for the web server: each has a code of its own.
    """

    status: str
    record: str | None = None
    file_record: str | None = None


@dataclass(frozen=True)
class Organisation:
    """The organisation where it can be asked: its domains, and its admins' roles (``write``, ``read``) by key."""

    domains: Mapping[str, Domain] = field(default_factory=dict)
    admins: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Survey:
    """The answers. ``refusal`` is what stood in the way of the first call, ``unread`` what stood in the way of reading
    the account. ``has_token`` tells whether there was a token, ``reachable`` are the accounts within reach.

    ``admins`` are the accounts of the person behind the token and of the organisation's admins, as far as those are
    told; None where they could not be read.
    ``asks_organisation`` tells whether somebody answers for the organisation at all; it has none if ``organisation``
    is None even so. ``directory`` is ``read`` where the directory could be read, ``none`` where that was refused,
    None where it was not tried. ``skew_s`` is how far this machine's clock is ahead, None where no answer had a date.
    """

    refusal: TargetError | None = None
    has_token: bool = False
    unread: TargetError | None = None
    scopes: tuple[str, ...] | None = None
    reachable: tuple[str, ...] = ()
    caller_key: str | None = None
    admins: tuple[AccountState, ...] | None = None
    directory: str | None = None
    asks_organisation: bool = False
    organisation: Organisation | None = None
    skew_s: float | None = None
    rate_limited: bool = False

    def require_caller_in(self, listed: Collection[str]) -> None:
        """Raise ``TargetDown`` if a list of all users lacks the person behind the token, who was just read."""
        read = {one.account_key for one in self.admins or ()}
        if self.caller_key in read and self.caller_key not in listed:
            raise TargetDown(
                "GoTo's list of users lacks the person behind the token, who was just read: it cannot be believed.",
                remedy="Check urls.api in the pipeline, and the proxy.",
            )

    @property
    def is_down(self) -> bool:
        return isinstance(self.refusal, TargetDown)


async def survey(target: GotoConnector, spec: GotoTarget, clock: Callable[[], datetime]) -> Survey:
    """Ask, and return the answers. Only faults of the program are raised."""
    try:
        me = await target.caller()
    except TargetError as refusal:
        scopes = await target.granted_scopes()
        return Survey(refusal=refusal, has_token=target.has_token, scopes=scopes)
    caller_key, reachable = me
    asks, organisation = await _organisation(spec)
    keys = {caller_key, *(organisation.admins if organisation else ())}
    admins, unread = await _accounts(target, keys) if spec.account_key in reachable else (None, None)
    return Survey(
        has_token=True,
        unread=unread,
        scopes=await target.granted_scopes(),
        reachable=tuple(reachable),
        caller_key=caller_key,
        admins=admins,
        directory=await _directory(target) if spec.directory != "none" else None,
        asks_organisation=asks,
        organisation=organisation,
        skew_s=_skew(target.apis.admin.server_date, clock()),
        rate_limited=any(api.too_many for api in vars(target.apis).values()),
    )


async def _accounts(
    target: GotoConnector, keys: set[str]
) -> tuple[tuple[AccountState, ...] | None, TargetError | None]:
    """Return the accounts, or None with what stood in the way; a refusal leaves them unknown, and no more."""
    try:
        return tuple(await target.read_accounts(sorted(keys), [])), None
    except RefusedByTarget:
        return None, None
    except TargetError as error:
        return None, error


async def _directory(target: GotoConnector) -> str | None:
    try:
        await target.read_directory_groups([])
    except RefusedByTarget:
        return "none"
    except TargetError:
        return None
    return "read"


async def _organisation(spec: GotoTarget) -> tuple[bool, Organisation | None]:
    """Ask the sandbox for the organisation: whether anybody answers, and what they say.

    That there is none is believed in the sandbox's own words only: a proxy may have nothing there either.
    """
    if not spec.urls.is_local:
        return False, None
    url = spec.urls.api.rstrip("/")
    try:
        verify = certificates(trust_env=False)
        async with httpx.AsyncClient(base_url=url, timeout=10.0, trust_env=False, verify=verify) as http:
            if not (await http.get("/sandbox/switches")).json().get("domain_control"):
                return False, None
            answer = await http.get(ORGANISATION)
            if answer.is_success:
                return True, _read(answer.json())
            return answer.status_code == NOT_THERE and read_fault(answer).is_own, None
    except (httpx.HTTPError, ValueError, AttributeError, KeyError, TypeError):
        return False, None


def _read(answer: Mapping[str, Any]) -> Organisation:
    return Organisation(
        {
            item["domain"]: Domain(item["status"], item["records"]["dns"], item["records"]["file"])
            for item in answer["domains"]
        },
        {key_of(item["key"]): item["role"] for item in answer["admins"]},
    )


def _skew(date: str | None, now: datetime) -> float | None:
    """Return how many seconds *now* is ahead of an answer's ``Date``, which has whole seconds."""
    try:
        return (now - parsedate_to_datetime(date or "").astimezone(UTC)).total_seconds()
    except (TypeError, ValueError, OverflowError):
        return None
