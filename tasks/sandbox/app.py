"""The application: routes by subject, refusals in their wire forms, traffic around it all."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from tasks.model.errors import BadUsage
from tasks.sandbox.center import forms, pages
from tasks.sandbox.center import rendering as center
from tasks.sandbox.platform import Platform
from tasks.sandbox.routes import (
    account,
    admin,
    control,
    csv_import,
    faults,
    invitations,
    lifecycle,
    oauth,
    organisation,
    scim,
    scim2,
    scim2_discovery,
    user_sync,
    webinars,
)
from tasks.sandbox.routes.replies import refused, replied
from tasks.sandbox.routes.scim_access import is_scim
from tasks.sandbox.routes.scim_access import refused as refused_in_directory
from tasks.sandbox.scim_refusals import ScimRefusal
from tasks.sandbox.tokens import OAuthRefusal
from tasks.sandbox.traffic import Traffic
from tasks.sandbox.wire import Basis, GotoRefusal, Problem


def build_app(platform: Platform) -> Traffic:
    """Return the platform as an ASGI application. It closes the store when the server shuts down."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        platform.store.close()

    app = FastAPI(title="GoTo sandbox", openapi_url=None, redirect_slashes=False, lifespan=lifespan)
    app.state.platform = platform
    app.state.notices = center.Notices()
    for part in (
        oauth,
        account,
        admin,
        webinars,
        control,
        lifecycle,
        invitations,
        faults,
        organisation,
        scim,
        scim2,
        scim2_discovery,
        user_sync,
        csv_import,
    ):
        app.include_router(part.router)
    app.include_router(forms.router)
    app.include_router(pages.router)
    app.add_exception_handler(GotoRefusal, _refuse)
    app.add_exception_handler(OAuthRefusal, _refuse_grant)
    app.add_exception_handler(webinars.WebinarRefusal, webinars.refuse)
    app.add_exception_handler(ScimRefusal, _refuse_in_directory)
    app.add_exception_handler(RequestValidationError, _refuse_request)
    app.add_exception_handler(HTTPException, _refuse_route)
    app.add_exception_handler(BadUsage, control.refuse_usage)
    return Traffic(app, platform)


def _refuse(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, GotoRefusal)  # noqa: S101 (the type of Starlette's handlers is wider)
    return refused(exc.status, exc.problems, exc.basis)


def _refuse_grant(_: Request, exc: Exception) -> Response:
    assert isinstance(exc, OAuthRefusal)  # noqa: S101
    return replied(Basis.ASSUMED, {"error": exc.error}, exc.status)


def _refuse_in_directory(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, ScimRefusal)  # noqa: S101
    return refused_in_directory(request, exc)


def _refuse_request(request: Request, exc: Exception) -> Response:
    """Refuse a body or a query that is not of the form; the places are named, what stood there is not."""
    assert isinstance(exc, RequestValidationError)  # noqa: S101
    places = sorted({".".join(str(part) for part in error["loc"][1:]) or "body" for error in exc.errors()})
    if is_scim(request.url.path):
        return refused_in_directory(request, ScimRefusal(400, "The body cannot be read", scim_type="invalidSyntax"))
    return refused(400, tuple(Problem("request.invalid", place) for place in places), Basis.ASSUMED)


def _refuse_route(request: Request, exc: Exception) -> Response:
    assert isinstance(exc, HTTPException)  # noqa: S101
    if is_scim(request.url.path):
        return refused_in_directory(request, ScimRefusal(exc.status_code, "There is no such call"))
    if center.is_center(request.url.path):
        return center.refused(request, exc.status_code)
    if exc.status_code == 404 and center.is_for_a_browser(request):
        return center.nowhere()
    code = "method.not.allowed" if exc.status_code == 405 else "resource.not.found"
    return refused(exc.status_code, (Problem(code, request.url.path),), Basis.ASSUMED)
