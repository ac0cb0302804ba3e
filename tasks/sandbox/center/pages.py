"""The pages of the Admin Center."""

from importlib import resources
from typing import Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from tasks.sandbox.center import listing, mailbox, person, request_log, views
from tasks.sandbox.center.guard import require_own
from tasks.sandbox.center.rendering import page, refused
from tasks.sandbox.routes.replies import platform_of

router = APIRouter(dependencies=[Depends(require_own)], include_in_schema=False)


@router.get("/")
def lead_to_center() -> Response:
    return RedirectResponse("/center")


@router.get("/center/center.css")
def style() -> Response:
    sheet = resources.files("tasks.sandbox.center").joinpath("center.css").read_text(encoding="utf-8")
    return Response(sheet, media_type="text/css", headers={"Cache-Control": "no-cache"})


@router.get("/center")
@router.get("/center/")
def show_people(request: Request) -> Response:
    wanted = listing.Wanted.of(request.query_params)
    with platform_of(request).call() as call:
        facts: dict[str, Any] = {
            "found": listing.list_people(call, wanted),
            "choices": listing.choices(call),
            "counts": listing.by_status(call),
        }
    return page(request, "people", "/center", wanted=wanted, orders=listing.ORDERS, statuses=listing.STATUSES, **facts)


@router.get("/center/people/{key}")
def show_person(request: Request, key: str) -> Response:
    with platform_of(request).call() as call:
        found = person.read(call, key)
    if found is None:
        return refused(request, 404)
    return page(request, "person", "/center", person=found)


@router.get("/center/licences")
def show_licences(request: Request) -> Response:
    with platform_of(request).call() as call:
        found = views.licences(call)
    return page(request, "licences", "/center/licences", licences=found)


@router.get("/center/groups")
def show_groups(request: Request) -> Response:
    with platform_of(request).call() as call:
        facts: dict[str, Any] = {"groups": views.groups(call), "directory": views.directory_groups(call)}
    return page(request, "groups", "/center/groups", **facts)


@router.get("/center/organisation")
def show_organisation(request: Request) -> Response:
    with platform_of(request).call() as call:
        found = views.the_organisation(call)
    return page(request, "organisation", "/center/organisation", found=found)


@router.get("/center/user-sync")
def show_user_sync(request: Request) -> Response:
    platform = platform_of(request)
    with platform.call() as call:
        found = views.sync(call)
    return page(request, "user-sync", "/center/user-sync", found=found, switches=platform.switches)


@router.get("/center/outbox")
def show_outbox(request: Request) -> Response:
    with platform_of(request).call() as call:
        facts: dict[str, Any] = {"found": mailbox.page(call, request.query_params), "kinds": mailbox.by_kind(call)}
    return page(request, "outbox", "/center/outbox", kind=request.query_params.get("kind", ""), **facts)


@router.get("/center/templates")
def show_templates(request: Request) -> Response:
    with platform_of(request).call() as call:
        found = views.templates(call)
    return page(request, "templates", "/center/templates", found=found)


@router.get("/center/requests")
def show_requests(request: Request) -> Response:
    platform, query = platform_of(request), request.query_params
    log = platform.log.read()
    facts: dict[str, Any] = {"found": request_log.page(log, query), "rules": request_log.rules(platform.faults.read())}
    kind = query.get("kind", "")
    return page(request, "requests", "/center/requests", kind=kind, kinds=request_log.KINDS, all=log["total"], **facts)


@router.get("/center/{path:path}")
def show_missing(request: Request) -> Response:
    return refused(request, 404)
