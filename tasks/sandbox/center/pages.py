"""The routes of the Admin Center page: plain pages, and forms that lead back to them."""

from collections.abc import Callable
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import parse_qsl, quote

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from tasks.model.errors import BadUsage
from tasks.sandbox import organisation, people, user_sync
from tasks.sandbox.center import listing, views
from tasks.sandbox.center.guard import require_own
from tasks.sandbox.routes.replies import platform_of
from tasks.sandbox.wire import Call, GotoRefusal

if TYPE_CHECKING:
    from jinja2 import Environment

router = APIRouter(dependencies=[Depends(require_own)], include_in_schema=False)
POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
SECTIONS = (
    ("/center", "People"),
    ("/center/licences", "Licences"),
    ("/center/groups", "Groups"),
    ("/center/organisation", "Organisation"),
    ("/center/user-sync", "User Sync"),
    ("/center/outbox", "Outbox"),
    ("/center/templates", "Mail templates"),
    ("/center/requests", "Requests"),
)
SHOWN_REQUESTS = 200
MAX_FORM = 10_000


async def read_form(request: Request) -> dict[str, str]:
    """Read a small form. Raises ``BadUsage`` for one that is larger than any of ours."""
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_FORM:
            raise BadUsage("The form is too large.", sent="")
    return dict(parse_qsl(body.decode("utf-8", "replace")))


Form = Annotated[dict[str, str], Depends(read_form)]


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # only pages need it

    loader = PackageLoader("tasks.sandbox.center")
    environment = Environment(
        autoescape=True, loader=loader, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals["sections"] = SECTIONS
    return environment


def _page(request: Request, name: str, here: str, status: int = 200, **facts: Any) -> HTMLResponse:
    with platform_of(request).call() as call:
        account = views.account(call)
    said = request.query_params.get("said", "")[:300]
    page = _environment().get_template(f"{name}.html.j2").render(account=account, here=here, said=said, **facts)
    return HTMLResponse(page, status, headers={"Content-Security-Policy": POLICY, "Referrer-Policy": "same-origin"})


@router.get("/")
def lead_to_center() -> Response:
    return RedirectResponse("/center")


@router.get("/center/center.css")
def style() -> Response:
    sheet = resources.files("tasks.sandbox.center").joinpath("center.css").read_text(encoding="utf-8")
    return Response(sheet, media_type="text/css")


@router.get("/center")
@router.get("/center/")
def show_people(request: Request) -> Response:
    wanted = listing.Wanted.of(request.query_params)
    with platform_of(request).call() as call:
        found, choices, counts = listing.list_people(call, wanted), listing.choices(call), views.overview(call)
    return _page(request, "people", "/center", wanted=wanted, found=found, choices=choices, counts=counts)


@router.get("/center/people/{key}")
def show_person(request: Request, key: str) -> Response:
    with platform_of(request).call() as call:
        found = views.person(call, key)
    if found is None:
        return _missing(request)
    return _page(request, "person", "/center", person=found)


@router.get("/center/licences")
def show_licences(request: Request) -> Response:
    return _table(request, "licences", views.licences)


@router.get("/center/groups")
def show_groups(request: Request) -> Response:
    with platform_of(request).call() as call:
        groups, directory = views.groups(call), views.directory_groups(call)
    return _page(request, "groups", "/center/groups", groups=groups, directory=directory)


@router.get("/center/organisation")
def show_organisation(request: Request) -> Response:
    return _table(request, "organisation", views.the_organisation)


@router.get("/center/user-sync")
def show_user_sync(request: Request) -> Response:
    return _table(request, "user-sync", user_sync.described)


@router.get("/center/outbox")
def show_outbox(request: Request) -> Response:
    return _table(request, "outbox", views.mails)


@router.get("/center/templates")
def show_templates(request: Request) -> Response:
    return _table(request, "templates", views.templates)


@router.get("/center/requests")
def show_requests(request: Request) -> Response:
    log = platform_of(request).log.read()
    return _page(request, "requests", "/center/requests", log=log, requests=log["requests"][::-1][:SHOWN_REQUESTS])


@router.post("/center/organisation/domains")
def add_domain(request: Request, form: Form) -> Response:
    domain = form.get("domain", "").strip().lower()
    return _do(request, "organisation", lambda call: organisation.add_domain(call, domain), f"{domain} was added.")


@router.post("/center/organisation/verify")
def verify_domain(request: Request, form: Form) -> Response:
    """Publish the record in the sandbox's own DNS, and have it looked at."""
    domain = form.get("domain", "")

    def verify(call: Call) -> None:
        if form.get("publish"):
            organisation.publish(call, domain, form["publish"])
        organisation.verify(call, domain, "dns")

    return _do(request, "organisation", verify, f"{domain} is verified.")


@router.post("/center/organisation/admins")
def set_admin(request: Request, form: Form) -> Response:
    role: Any = {"write": "write", "read": "read"}.get(form.get("role", ""))
    key = form.get("user", "")
    return _do(request, "organisation", lambda call: organisation.set_admin(call, key, role), "The role was set.")


@router.post("/center/user-sync/poll")
def poll(request: Request) -> Response:
    return _do(request, "user-sync", user_sync.run, "User Sync has run.")


@router.post("/center/people/{key}/activate")
def activate(request: Request, key: str) -> Response:
    """Do what the person does with the welcome mail."""
    where = f"people/{quote(key, safe='')}"
    return _do(request, where, lambda call: people.activate(call, key), "Activated, as by the mail.")


def _table(request: Request, name: str, read: Callable[[Call], Any]) -> Response:
    with platform_of(request).call() as call:
        found = read(call)
    return _page(request, name, f"/center/{name}", found=found)


def _do(request: Request, back: str, work: Callable[[Call], None], said: str) -> Response:
    """Do what a form asks for and lead back to its page, which tells what came of it."""
    try:
        with platform_of(request).call() as call:
            work(call)
    except BadUsage as refusal:
        said = " ".join(filter(None, (refusal.what, refusal.remedy)))
    except GotoRefusal as refusal:
        said = f"Refused: {refusal}."
    return RedirectResponse(f"/center/{back}?said={quote(said)}", 303)


def _missing(request: Request) -> Response:
    return _page(request, "missing", "", 404)
