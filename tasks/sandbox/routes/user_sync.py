"""Control calls on User Sync, and the poll: ours, not GoTo's, where this is in the portal only."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from tasks.sandbox import user_sync
from tasks.sandbox.routes.replies import platform_of
from tasks.sandbox.sync_rules import Rule

router = APIRouter(prefix="/sandbox")


class Setting(BaseModel):
    """The main switch and the rules, the highest first. What is left out stays."""

    model_config = ConfigDict(extra="forbid")

    on: bool | None = None
    rules: tuple[Rule, ...] | None = None


@router.get("/user-sync")
def show_user_sync(request: Request) -> dict[str, Any]:
    """Return the main switch, the rules, and the failures by cause with their users."""
    with platform_of(request).call() as call:
        return user_sync.described(call)


@router.put("/user-sync")
def set_user_sync(request: Request, body: Setting) -> dict[str, Any]:
    with platform_of(request).call() as call:
        user_sync.set_up(call, on=body.on, rules=body.rules)
    return show_user_sync(request)


@router.post("/user-sync/retry")
@router.post("/poll")
def poll(request: Request) -> dict[str, Any]:
    """Look at the directory now, whether or not it is time; what failed is tried again. Return the outcome."""
    with platform_of(request).call() as call:
        user_sync.run(call)
        return user_sync.described(call)
