"""How a page is made of its template, and what it may load: its own style sheet, and nothing else."""

import secrets
from collections import OrderedDict
from functools import cache
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from tasks.sandbox.center import views, words
from tasks.sandbox.routes.replies import platform_of

if TYPE_CHECKING:
    from jinja2 import Environment

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}
SECTIONS = (
    ("/center", "People"),
    ("/center/licences", "Licences"),
    ("/center/groups", "Groups"),
    ("/center/organisation", "Organisation"),
    ("/center/user-sync", "User Sync"),
    ("/center/outbox", "Outbox"),
    ("/center/templates", "Templates"),
    ("/center/requests", "Requests"),
)
ERRORS = {
    403: (
        "Not from here",
        "This page answers under the name 127.0.0.1 or localhost alone, and takes forms from its own pages only.",
    ),
    404: ("There is no such page", "The address is wrong, or the person was never in this account."),
    405: ("This cannot be asked for so", "Open the page itself, and use its forms."),
    413: ("The form is too large", "None of the forms here needs that much. Nothing was changed."),
}
KEPT_NOTICES = 100


class Notices:
    """What came of a form, for the page that comes after it. The address has only a number of it, no text."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, bool]] = OrderedDict()

    def keep(self, text: str, *, is_good: bool) -> str:
        token = secrets.token_urlsafe(9)
        self._kept[token] = (text, is_good)
        while len(self._kept) > KEPT_NOTICES:
            self._kept.popitem(last=False)
        return token

    def find(self, token: str | None) -> tuple[str, bool] | None:
        return self._kept.get(token or "")


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only pages need it

    environment = Environment(
        autoescape=True,
        loader=PackageLoader("tasks.sandbox.center"),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(sections=SECTIONS, words=words)
    environment.filters.update(moment=words.moment, counted=words.counted, product=words.product, role=words.role)
    return environment


def page(request: Request, name: str, here: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """Return the page *name*, of the section whose path is *here*."""
    with platform_of(request).call() as call:
        account = views.account(call)
    notice = request.app.state.notices.find(request.query_params.get("notice"))
    base = str(request.base_url).rstrip("/")
    return bare(name, status, account=account, here=here, notice=notice, base=base, **facts)


def bare(page_name: str, status: int = 200, **facts: Any) -> HTMLResponse:
    """Return a page that says nothing of the account but the *facts*."""
    return HTMLResponse(_environment().get_template(f"{page_name}.html.j2").render(facts), status, headers=HEADERS)


def lead_back(request: Request, path: str, text: str, *, is_good: bool) -> Response:
    """Lead from a form to a page that tells what came of it."""
    token = request.app.state.notices.keep(text, is_good=is_good)
    return RedirectResponse(f"{path}?notice={token}", 303)


def is_center(path: str) -> bool:
    """Tell whether a path is one of the Admin Center's."""
    return path == "/" or path == "/center" or path.startswith("/center/")


def is_for_a_browser(request: Request) -> bool:
    """Tell whether somebody looks for a page: clients of an API ask for no HTML."""
    return request.method == "GET" and "text/html" in request.headers.get("Accept", "")


def nowhere() -> Response:
    """Return the page for an address at which there is nothing; it says nothing of the account."""
    text = "Nothing is at this address. The sandbox's pages are in its Admin Center."
    return bare("told", 404, title=ERRORS[404][0], text=text, user_key=None, home=True)


def refused(request: Request, status: int) -> Response:
    """Return the page for an address that there is not, or that may not be asked for so."""
    title, text = ERRORS.get(status, ERRORS[405])
    if status == 403:  # whoever asks under another name is told nothing of the account
        return bare("told", status, title=title, text=text, user_key=None)
    return page(request, "missing", "", status, title=title, text=text)
