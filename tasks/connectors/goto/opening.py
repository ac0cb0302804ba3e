"""Put a client together from a pipeline's target and its credentials."""

import time
from collections.abc import Callable

import httpx

from tasks.connectors.environment import usable
from tasks.connectors.goto import directory, faults, webinars
from tasks.connectors.goto.breaker import Breaker
from tasks.connectors.goto.faults import Right
from tasks.connectors.goto.reach import certificates, is_ours
from tasks.connectors.goto.retries import Retries
from tasks.connectors.goto.target import Apis, GotoConnector
from tasks.connectors.goto.tokens import Credentials, TokenSource
from tasks.connectors.goto.transport import Transport
from tasks.connectors.kept_tokens import KeptTokens
from tasks.model.errors import BadPipeline
from tasks.model.pipeline import GotoTarget

BASE_PATH = "/admin/rest/v1"
CONNECTIONS = 40
"""Enough for twenty times a sequential client, with room for the slower answers."""


def open_goto(
    spec: GotoTarget,
    credentials: Credentials,
    *,
    kept: KeptTokens | None = None,
    clock: Callable[[], float] = time.monotonic,
    retries: Retries | None = None,
    breaker: Breaker | None = None,
    timeout_s: float = 30.0,
) -> GotoConnector:
    """Return a client of one GoTo account; nothing is sent yet. Close it with ``aclose`` or ``async with``.

    Refresh tokens that GoTo replaces are taken from *kept* and left there; without it, they end with the client.
    Raises ``BadPipeline`` for a URL over which no secret may go, ``TargetDown`` where the environment's proxy or
    certificates cannot be used.
    """
    for key, url in (("api", spec.urls.api), ("token", spec.urls.token)):
        _require_safe(f"targets.{spec.name}.urls.{key}", url, sandbox_only=spec.auth is None)
    retries = retries or Retries()
    trust_env = not spec.urls.is_local  # a company's proxy and certificates, but never for this machine
    with usable("GoTo", trust_env=trust_env):
        http = httpx.AsyncClient(
            verify=certificates(trust_env=trust_env),
            timeout=httpx.Timeout(timeout_s, connect=10.0, pool=None),
            limits=httpx.Limits(max_connections=CONNECTIONS + 1, max_keepalive_connections=CONNECTIONS + 1),
            # No cache between may answer: what was read back from one would say nothing of what was done.
            headers={"Accept": "application/json", "Cache-Control": "no-cache", "User-Agent": "rosterflow"},
            trust_env=trust_env,
        )
    first = credentials.refresh_token
    slot = kept.slot(credentials.client_id, first) if kept is not None and first is not None else None
    tokens = TokenSource(http, spec.urls.token, credentials, retries, clock, slot)

    def api(path: str, right: Right) -> Transport:
        return Transport(
            http,
            spec.urls.api.rstrip("/") + path,
            tokens,
            requests_per_second=spec.requests_per_second,
            connections=CONNECTIONS,
            retries=retries,
            breaker=breaker or Breaker(clock),
            right=right,
        )

    apis = Apis(
        admin=api(BASE_PATH, faults.ADMIN),
        directory=api(directory.BASE_PATH, faults.DIRECTORY),
        webinars=api(webinars.BASE_PATH, faults.WEBINARS),
    )
    return GotoConnector(spec, apis, tokens, http)


def _require_safe(key: str, text: str, *, sandbox_only: bool) -> None:
    """Secrets go to https, or to this machine; the sandbox's go to this machine alone."""
    try:
        url = httpx.URL(text)
    except httpx.InvalidURL:
        url = httpx.URL()
    if not url.host:
        raise BadPipeline(f"{key} is not a URL.", remedy="Write it as https://host.", key=key)
    local = is_ours(url)
    if sandbox_only and not local:
        raise BadPipeline(
            f"{key} leads to {url.host}, but the target has no auth.",
            remedy="Give auth, or give urls.api and urls.token of a sandbox on this machine.",
            key=key,
        )
    if url.scheme != "https" and not (local and url.scheme == "http"):
        raise BadPipeline(f"{key} must begin with https://.", remedy="Secrets are not sent in clear.", key=key)
