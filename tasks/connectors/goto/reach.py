"""What to say of a server that did not answer, and what to do about it: on this machine, start the sandbox."""

import ssl
from functools import cache

import httpx

from tasks.model.pipeline import SANDBOX_HOSTS

OURS = frozenset(host.strip("[]") for host in SANDBOX_HOSTS)


def is_ours(url: httpx.URL) -> bool:
    """Tell whether a URL leads to this machine."""
    return url.host in OURS


def place(url: httpx.URL) -> str:
    """Return the host, with its port where that is not the usual one.

    >>> place(httpx.URL("https://api.getgo.com/oauth")), place(httpx.URL("http://127.0.0.1:8750/oauth/token"))
    ('api.getgo.com', '127.0.0.1:8750')
    """
    return url.netloc.decode("ascii")


def remedy_for(url: httpx.URL, key: str) -> str:
    """Return what to do where nobody listens at a URL, which the pipeline has as *key*."""
    if is_ours(url):
        port = "" if url.port in (None, 8750) else f" --port {url.port}"
        return (
            f"That is this machine: start the sandbox with 'rosterflow sandbox{port}' in another terminal, or correct "
            f"{key} in the pipeline; then run the same command again."
        )
    return f"Check the network, the proxy, and {key} in the pipeline; then run the same command again."


@cache
def certificates(*, trust_env: bool) -> ssl.SSLContext:
    """Return whom a client trusts. To read all authorities takes longer than a few calls do, so it is done once."""
    return httpx.create_ssl_context(trust_env=trust_env)
