"""What this machine's environment says of proxies and certificates, where no client can be made with it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from tasks.model.errors import TargetDown

PROXIES = ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY")
CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
UNUSABLE = (ImportError, OSError, ValueError, httpx.InvalidURL)
"""What httpx raises as a client is made: a SOCKS proxy, a file of certificates that is not there or is none, a proxy
that is no URL or of another scheme."""


@contextmanager
def usable(what: str, *, trust_env: bool = True) -> Iterator[None]:
    """Raise ``TargetDown`` if no client can be made in the block, naming the variables that are set, and no value."""
    try:
        yield
    except UNUSABLE as exc:
        if not trust_env:
            raise
        kind, names = ("certificates", CERTIFICATES) if isinstance(exc, OSError) else ("proxies", PROXIES)
        found = [name for name in names if os.environ.get(name) or os.environ.get(name.lower())]
        why = "SOCKS is not spoken here" if isinstance(exc, ImportError) else type(exc).__name__
        raise TargetDown(
            f"No connection to {what} can be made with the {kind} that the environment names ({why}).",
            remedy=f"Correct {' or '.join(found) or 'what it names'}; then run the same command again.",
        ) from None
