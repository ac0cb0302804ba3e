"""Who may open the pages: this machine under its own name, and forms of the pages alone.

The pages ask for no password. So a page of somebody else's, open in the same browser, must not be able to send a form
here (cross-site request forgery), nor to read these pages by giving its own name this machine's address (DNS
rebinding).
"""

from urllib.parse import urlsplit

from fastapi import Request
from starlette.exceptions import HTTPException

HOSTS = frozenset({"127.0.0.1", "localhost", "::1"})
SAME_SITE = frozenset({"same-origin", "none"})


def require_own(request: Request) -> None:
    """Raise 403 unless the page is asked for by a loopback name, and a form was sent from a page of ours."""
    if request.url.hostname not in HOSTS:
        raise HTTPException(403)
    if request.method == "POST" and not _is_ours(request):
        raise HTTPException(403)


def _is_ours(request: Request) -> bool:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    if site is not None and site not in SAME_SITE:
        return False
    if origin is None:
        return site is not None
    return urlsplit(origin).netloc == request.headers.get("Host")
