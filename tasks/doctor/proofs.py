"""Look for a domain's verification record where GoTo looks: DNS TXT, or a text file on the domain's web server.

Both prefixes count, since tenants that were verified under the older name stay so (GoTo reference, section 5:
``goto-verification-code``, ``logmein-verification-code``). What is found proves that a code was published, not that
GoTo has accepted it: no public call tells that.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import httpx

from tasks.connectors.environment import UNUSABLE

if TYPE_CHECKING:
    import dns.asyncresolver

PREFIXES = ("goto-verification-code", "logmein-verification-code")
NEW_PREFIX = PREFIXES[0]
PATIENCE_S = 5.0
MAX_BYTES = 4096
SIDE_BY_SIDE = 8
_RECORD = re.compile(rf"({'|'.join(PREFIXES)})=[0-9A-Za-z-]{{8,64}}")
_HOST = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))+", re.IGNORECASE)


@dataclass(frozen=True)
class Proof:
    """What was found for one domain: where a record stands (``dns`` or ``file``), None if nowhere.

    ``asked`` is False where neither place could be asked, so that nothing is known.
    """

    domain: str
    found_by: str | None = None
    asked: bool = True


async def look_up(
    domains: Iterable[str],
    *,
    resolver: "dns.asyncresolver.Resolver | None" = None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> dict[str, Proof]:
    """Return what is published for each domain. Reads only; never raises for a domain that does not answer.

    *resolver* and *transport* are this machine's own where they are not given.
    """
    slots = asyncio.Semaphore(SIDE_BY_SIDE)
    resolver = resolver or _resolver()

    async with _client(transport) as http:

        async def one(domain: str) -> Proof:
            async with slots:
                return await _look_up(domain, resolver, http)

        wanted = sorted(set(domains))
        return dict(zip(wanted, await asyncio.gather(*map(one, wanted)), strict=True))


def _client(transport: httpx.AsyncBaseTransport | None) -> httpx.AsyncClient:
    """Return what asks web servers: past the environment's proxy and certificates where those cannot be used."""
    made = partial(httpx.AsyncClient, timeout=PATIENCE_S, follow_redirects=False, transport=transport)
    try:
        return made()
    except UNUSABLE:
        return made(trust_env=False)


def _resolver() -> "dns.asyncresolver.Resolver | None":
    """Return this machine's resolver, None where it has none."""
    import dns.asyncresolver  # a fifth of a second, and only this command needs it
    import dns.resolver

    try:
        return dns.asyncresolver.Resolver()
    except dns.resolver.NoResolverConfiguration:
        return None


async def _look_up(domain: str, resolver: "dns.asyncresolver.Resolver | None", http: httpx.AsyncClient) -> Proof:
    if not _HOST.fullmatch(domain) or domain.rsplit(".", 1)[-1].isdigit():  # an address of a machine is no domain
        return Proof(domain, asked=False)
    texts = await _texts(domain, resolver) if resolver else None
    if texts is not None and any(_RECORD.fullmatch(text.strip()) for text in texts):
        return Proof(domain, "dns")
    for prefix in PREFIXES:
        page = await _page(http, domain, prefix)
        if page is not None and _RECORD.fullmatch(page.strip()):
            return Proof(domain, "file")
    return Proof(domain, asked=texts is not None)


async def _texts(domain: str, resolver: "dns.asyncresolver.Resolver") -> list[str] | None:
    """Return the domain's TXT records, None if no name server answers."""
    import dns.exception
    import dns.resolver

    try:
        answer = await resolver.resolve(domain, "TXT", lifetime=PATIENCE_S, raise_on_no_answer=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    records = answer.rrset or ()
    return [b"".join(record.strings).decode("utf-8", "replace") for record in records]


async def _page(http: httpx.AsyncClient, domain: str, prefix: str) -> str | None:
    """Return the beginning of the text file that GoTo would fetch, None if there is none."""
    try:
        async with http.stream("GET", f"http://{domain}/{prefix}.txt") as answer:
            if answer.status_code != 200:
                return None
            read = b""
            async for piece in answer.aiter_bytes():
                read += piece
                if len(read) > MAX_BYTES:
                    return None
            return read.decode("ascii", "replace")
    except (httpx.HTTPError, httpx.InvalidURL):
        return None
