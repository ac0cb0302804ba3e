"""The control calls, under /sandbox/: ours, not GoTo's. They need no token and count against no limit."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tasks.sandbox import mails
from tasks.sandbox.declared import read_state
from tasks.sandbox.routes.replies import platform_of

router = APIRouter(prefix="/sandbox")


@router.get("/health")
def show_health(request: Request) -> dict[str, Any]:
    """Say which account is here and how many users it has."""
    with platform_of(request).call() as call:
        account = call.db.execute("SELECT key, name FROM account").fetchone()
        users = call.db.execute("SELECT count(*) FROM people").fetchone()[0]
    return {"status": "ok", "account": {"key": account["key"], "name": account["name"]}, "users": users}


@router.get("/outbox")
def show_outbox(request: Request) -> dict[str, Any]:
    """Return every mail that was sent, oldest first, and how many of each kind."""
    with platform_of(request).call() as call:
        return mails.outbox(call, str(request.base_url).rstrip("/"))


@router.get("/requests")
def show_requests(request: Request) -> dict[str, Any]:
    """Return the calls to the platform since this process began, and counts by method, route and status."""
    return platform_of(request).log.read()


@router.post("/reset")
def reset(request: Request, state: dict[str, Any]) -> dict[str, Any]:
    """Begin again from the declared state in the body."""
    declared = read_state(state)
    platform_of(request).reset(declared)
    return show_health(request)


@router.get("/switches")
def show_switches(request: Request, describe: bool = False) -> dict[str, Any]:
    """Return every switch as it stands; *describe*, with what it means and what else it can be."""
    if describe:
        return platform_of(request).switches.described()
    return platform_of(request).switches.model_dump(mode="json")


@router.put("/switches")
def set_switches(request: Request, changes: dict[str, Any]) -> dict[str, Any]:
    """Set the switches that the body names; the others stay. Return all."""
    platform = platform_of(request)
    platform.switches = platform.switches.changed(changes)
    return show_switches(request)


def refuse_usage(_: Request, exc: Exception) -> JSONResponse:
    """Answer a control call that cannot be used: a bad state, an unknown switch."""
    return JSONResponse({"error": str(exc)}, status_code=422)
