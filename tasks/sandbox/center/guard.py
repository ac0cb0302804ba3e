"""Who may open the pages: this machine under its own name, and forms of the pages alone.

The pages ask for no password. So a page of somebody else's, open in the same browser, must not be able to send a form
here (cross-site request forgery), nor to read these pages by giving its own name this machine's address (DNS
rebinding).
"""

import ipaddress
import re
from urllib.parse import urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException

OWN_SITE = frozenset({"same-origin", "none"})
_HOST = re.compile(r"(?:\[(?P<v6>[0-9a-f:]+)\]|(?P<name>[0-9a-z.-]+))(?::[0-9]{1,5})?", re.IGNORECASE)


def require_own(request: Request) -> None:
    """Raise 403 unless the page is asked for by a loopback name, and a form was sent from a page of ours."""
    if not _is_loopback(request.headers.get("Host", "")):
        raise HTTPException(403)
    if request.method not in ("GET", "HEAD") and not _is_from_here(request):
        raise HTTPException(403)


def _is_loopback(host: str) -> bool:
    """Tell whether a Host header names this machine.

    >>> [_is_loopback(host) for host in ("127.0.0.1:8750", "localhost", "[::1]:8750")]
    [True, True, True]
    >>> [_is_loopback(host) for host in ("127.0.0.1.evil.example", "127.0.0.1@evil.example", "", "10.0.0.1")]
    [False, False, False, False]
    """
    match = _HOST.fullmatch(host)
    if match is None:
        return False
    name = match["v6"] or match["name"]
    try:
        return name.lower() == "localhost" or ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _is_from_here(request: Request) -> bool:
    """Tell whether a form was sent by a page of ours. Every browser names at least one of the two headers."""
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in OWN_SITE:
        return False
    if origin is None:
        return site is not None
    return urlsplit(origin).netloc == request.headers.get("Host")
