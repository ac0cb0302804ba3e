"""The access token: fetched with a personal access token or a refresh token, renewed before it ends."""

import asyncio
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from pydantic import SecretStr

from tasks.connectors.goto.answers import UnfitAnswer, read_answer
from tasks.connectors.goto.faults import Fault, read_fault
from tasks.connectors.goto.reach import place, remedy_for
from tasks.connectors.goto.retries import Passing, Retries, next_try, retry_after
from tasks.connectors.kept_tokens import NoToken, Slot
from tasks.model.errors import CredentialsRefused, TargetDown

REFUSALS = frozenset({400, 401, 403})
"""What a token service refuses credentials with (RFC 6749 §5.2; 403 is assumed)."""

RENEW_BEFORE_S = 300.0
LIFETIME_S = 3600.0
CREDENTIALS = "auth.client_id, auth.client_secret and auth.pat (or auth.refresh_token)"


@dataclass(frozen=True)
class Credentials:
    """How GoTo knows us: the OAuth client, and either a personal access token or a refresh token."""

    client_id: SecretStr
    client_secret: SecretStr
    pat: SecretStr | None = None
    refresh_token: SecretStr | None = None


@dataclass(frozen=True)
class Token:
    """One access token. ``number`` counts them, so that a caller can say which one was refused.

    ``scopes`` are what the answer says it is good for, None where it does not say.
    """

    value: SecretStr
    number: int
    renew_at: float
    scopes: tuple[str, ...] | None = None


class TokenSource:
    """Gives out the current access token; however many ask at once, one request fetches it.

    A refresh token that GoTo replaces is good no more, and the pipeline's own is never rewritten: what came in its
    place is kept in *slot*. Without one it lives on in this object only.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        url: str,
        credentials: Credentials,
        retries: Retries,
        clock: Callable[[], float],
        slot: Slot | None = None,
    ) -> None:
        self._http = http
        self._url = httpx.URL(url)
        self._credentials = credentials
        self._refresh_token = credentials.refresh_token
        self._retries = retries
        self._clock = clock
        self._slot = slot
        self._token: Token | None = None
        self._refusal: Fault | None = None
        self._lock = asyncio.Lock()

    @property
    def has_one(self) -> bool:
        """Whether the token service has given a token so far."""
        return self._token is not None

    async def current(self) -> Token:
        """Return a token with some minutes left. Raises ``CredentialsRefused``, ``TargetDown``."""
        token = self._token
        if token is not None and self._clock() < token.renew_at:
            return token
        return await self.renew(token)

    async def renew(self, refused: Token | None) -> Token:
        """Return another token than *refused*, fetching one unless somebody else just did.

        Credentials that were refused are not asked with again: whoever comes after gets the same refusal.
        """
        async with self._lock:
            if self._refusal is not None:
                raise _refused(self._refusal)
            if self._token is None or self._token is refused:
                try:
                    self._token = await self._retries.caller()(next_try, self._fetch)
                except Passing as passing:
                    raise passing.error from passing.__cause__
            return self._token

    async def _fetch(self) -> Token:
        if self._slot is None:
            return await self._ask()
        try:
            async with self._slot.alone():
                self._refresh_token = self._slot.read() or self._refresh_token
                return await self._ask()
        except NoToken:
            raise CredentialsRefused(
                f"The refresh token that came in the place of the pipeline's is kept in {self._slot.path}, and that "
                "file is broken.",
                remedy="Restore it from a backup, or make a new refresh token for auth.refresh_token.",
            ) from None
        except OSError as exc:  # the lock's Timeout is one too
            raise CredentialsRefused(
                f"No refresh token can be kept on this machine ({exc.strerror or type(exc).__name__}), and GoTo may "
                "replace the one that it is asked with.",
                remedy=f"See that {self._slot.path.parent} is a folder that can be written, or use a personal access "
                "token (auth.pat).",
            ) from exc

    async def _ask(self) -> Token:
        credentials = self._credentials
        try:
            response = await self._http.post(
                self._url,
                data=self._form(),
                auth=httpx.BasicAuth(
                    credentials.client_id.get_secret_value(), credentials.client_secret.get_secret_value()
                ),
            )
        except httpx.RequestError as exc:
            raise Passing(_unreachable(self._url, type(exc).__name__)) from exc
        if response.status_code == 429 or response.status_code >= 500:
            raise Passing(_failing(self._url, f"HTTP {response.status_code}"), self._wait(response))
        if response.status_code >= 400:
            fault = read_fault(response)
            if fault.status not in REFUSALS or not (fault.is_oauth or fault.is_own):
                raise _not_own(self._url, fault)
            self._refusal = fault
            raise _refused(fault)
        return self._token_of(response)

    def _form(self) -> dict[str, str]:
        if self._refresh_token is not None:
            return {"grant_type": "refresh_token", "refresh_token": self._refresh_token.get_secret_value()}
        pat = self._credentials.pat
        return {"grant_type": "personal_access_token", "pat": pat.get_secret_value() if pat else ""}

    def _wait(self, response: httpx.Response) -> float | None:
        wait_s = retry_after(response)
        return None if wait_s is None else min(wait_s, self._retries.longest_wait_s)

    def _token_of(self, response: httpx.Response) -> Token:
        try:
            granted = read_answer(response, _granted, may_be_empty=False)
        except UnfitAnswer as unfit:
            # Not chained: a decoding error keeps the document, and with it the token.
            raise TargetDown(
                f"The token service at {self._url.host} gave an answer without a token: {unfit} "
                f"(HTTP {response.status_code}).",
                remedy="Check urls.token in the pipeline, and that no proxy or sign-in page stands between.",
                host=self._url.host,
            ) from None
        if self._refresh_token is not None and granted.refresh_token is not None:
            self._replace(granted.refresh_token)
        margin_s = min(RENEW_BEFORE_S, granted.lifetime_s / 2)
        number = self._token.number + 1 if self._token else 1
        return Token(granted.value, number, self._clock() + granted.lifetime_s - margin_s, granted.scopes)

    def _replace(self, token: SecretStr) -> None:
        """Take the refresh token that came in the place of ours, and keep it for the runs to come."""
        replaced = self._refresh_token is None or token.get_secret_value() != self._refresh_token.get_secret_value()
        self._refresh_token = token
        if self._slot is None or not replaced:
            return
        try:
            self._slot.write(token)
        except OSError as exc:
            raise CredentialsRefused(
                f"GoTo has replaced the refresh token, and the new one could not be kept ({exc.strerror}).",
                remedy=f"See that {self._slot.path.parent} is a folder that can be written; then make a new refresh "
                "token for auth.refresh_token: the old one is good no more. A personal access token (auth.pat) is not "
                "replaced.",
            ) from exc


@dataclass(frozen=True)
class _Granted:
    """What the token service's answer says."""

    value: SecretStr
    lifetime_s: float
    scopes: tuple[str, ...] | None
    refresh_token: SecretStr | None


def _granted(answer: Any) -> _Granted:
    """Take an answer apart. Raises ``ValueError`` and the like for what is no token that can be sent."""
    lifetime_s, scope, refresh = float(answer.get("expires_in") or LIFETIME_S), answer.get("scope"), None
    if not 0 < lifetime_s < math.inf or answer.get("token_type", "Bearer").casefold() != "bearer":
        raise ValueError("no token for a while, or of another kind")
    if answer.get("refresh_token"):
        refresh = _secret(answer["refresh_token"])
    scopes = tuple(sorted(scope.split())) if isinstance(scope, str) else None
    return _Granted(_secret(answer["access_token"]), lifetime_s, scopes, refresh)


def _secret(text: Any) -> SecretStr:
    """Return a token. Raises ``ValueError`` for what cannot stand in a header (RFC 6750 §2.1)."""
    if not isinstance(text, str) or not re.fullmatch(r"[\x21-\x7e]+", text):
        raise ValueError("not a token")
    return SecretStr(text)


def _unreachable(url: httpx.URL, cause: str) -> TargetDown:
    return TargetDown(
        f"The token service at {place(url)} cannot be reached ({cause}).",
        remedy=remedy_for(url, "urls.token"),
        host=url.host,
    )


def _failing(url: httpx.URL, cause: str) -> TargetDown:
    return TargetDown(
        f"The token service at {place(url)} gives no tokens for now ({cause}).",
        remedy="Run the same command again later.",
        host=url.host,
    )


def _not_own(url: httpx.URL, fault: Fault) -> TargetDown:
    """Return the error for a refusal that is not the token service's: nobody has looked at the credentials."""
    return TargetDown(
        f"The refusal that came from the token service at {place(url)} is not of its form (HTTP {fault.status}).",
        remedy="Check urls.token in the pipeline, and that no proxy or sign-in page stands between. If nothing does: "
        f"check {CREDENTIALS}.",
        host=url.host,
        **fault.facts,
    )


def _refused(fault: Fault) -> CredentialsRefused:
    check = {
        "invalid_client": "auth.client_id and auth.client_secret",
        "invalid_grant": "auth.pat (or auth.refresh_token): it may be wrong, revoked or expired",
        "unsupported_grant_type": "that the OAuth client has the grant 'Personal Access Token' switched on",
    }.get(fault.code or "", CREDENTIALS)
    return CredentialsRefused(
        f"GoTo's token service refused the credentials ({fault.label}).", remedy=f"Check {check}.", **fault.facts
    )
