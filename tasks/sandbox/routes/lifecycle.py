"""What people themselves do, and what becomes of them: control calls.

Under /sandbox/: ours, not GoTo's. They need no token and count against no limit.
"""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict

from tasks.sandbox import people, transfers, user_views, webinars
from tasks.sandbox.routes.replies import platform_of

router = APIRouter(prefix="/sandbox")


class TransferAnswer(BaseModel):
    """What the person says who is asked to move here from another account."""

    model_config = ConfigDict(extra="forbid")

    accept: bool


@router.get("/users/{user_key}")
def show_user(request: Request, user_key: str) -> dict[str, Any]:
    """Return a user, with what the Admin API does not show."""
    with platform_of(request).call() as call:
        return user_views.described(call, user_key)


@router.post("/users/{user_key}/activate")
def activate(request: Request, user_key: str) -> dict[str, Any]:
    """Do what the person does with the welcome mail, and return the user."""
    with platform_of(request).call() as call:
        people.activate(call, user_key)
        return user_views.described(call, user_key)


@router.post("/users/{user_key}/inactive")
def fall_inactive(request: Request, user_key: str) -> dict[str, Any]:
    """Let a user not sign in for so long that they count as inactive, and return them."""
    with platform_of(request).call() as call:
        people.fall_inactive(call, user_key)
        return user_views.described(call, user_key)


@router.post("/users/{user_key}/transfer")
def answer_transfer(request: Request, user_key: str, body: TransferAnswer) -> dict[str, Any]:
    """Accept or decline to move here from another account, for the person, and return the user."""
    with platform_of(request).call() as call:
        transfers.answer(call, user_key, accept=body.accept)
        return user_views.described(call, user_key)


@router.get("/webinars")
def list_webinars(request: Request) -> dict[str, Any]:
    """Return every webinar whose organiser is there, with those who organise it too."""
    with platform_of(request).call() as call:
        return {"webinars": webinars.all_scheduled(call)}
