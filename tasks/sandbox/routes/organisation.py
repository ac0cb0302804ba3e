"""Control calls on the organisation, under /sandbox/: ours, not GoTo's, which has none for it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from tasks.sandbox import organisation
from tasks.sandbox.declared import DOMAIN, Key
from tasks.sandbox.routes.replies import platform_of


def require_switched_on(request: Request) -> None:
    """Answer 404 while nobody can ask, as with GoTo."""
    if not platform_of(request).switches.domain_control:
        raise HTTPException(404)


router = APIRouter(prefix="/sandbox", dependencies=[Depends(require_switched_on)])


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NewDomain(_Body):
    domain: str = Field(pattern=DOMAIN)


class Verification(_Body):
    method: organisation.Method = "dns"


class AdminRole(_Body):
    """``by``: the key of the admin who does it; without, nobody of the organisation does."""

    role: organisation.Role | None
    by: Key | None = None


class Published(_Body):
    """What stands at a place of the sandbox's own DNS (a domain) or web (a URL)."""

    place: Annotated[str, Field(min_length=1, max_length=300)]
    text: Annotated[str, Field(max_length=4096)]


@router.get("/organisation")
def show_organisation(request: Request) -> dict[str, Any]:
    """Return the organisation: domains with their status and records, admins. 404 if there is none."""
    with platform_of(request).call() as call:
        found = organisation.described(call)
    if found is None:
        raise HTTPException(404)
    return found


@router.post("/organisation/domains")
def add_domain(request: Request, body: NewDomain) -> dict[str, Any]:
    with platform_of(request).call() as call:
        organisation.add_domain(call, body.domain)
    return show_organisation(request)


@router.post("/organisation/domains/{domain}/verify")
def verify_domain(request: Request, domain: str, body: Verification) -> dict[str, Any]:
    with platform_of(request).call() as call:
        organisation.verify(call, domain, body.method)
    return show_organisation(request)


@router.delete("/organisation/domains/{domain}")
def remove_domain(request: Request, domain: str) -> dict[str, Any]:
    with platform_of(request).call() as call:
        organisation.remove_domain(call, domain)
        return organisation.described(call) or {}


@router.put("/organisation/admins/{user_key}")
def set_admin(request: Request, user_key: str, body: AdminRole) -> dict[str, Any]:
    with platform_of(request).call() as call:
        organisation.set_admin(call, user_key, body.role, body.by)
        return organisation.described(call) or {}


@router.put("/published")
def publish(request: Request, body: Published) -> dict[str, str]:
    """Put a text into the sandbox's own DNS or web; an empty one takes it out."""
    with platform_of(request).call() as call:
        organisation.publish(call, body.place, body.text)
    return {"place": body.place, "text": body.text}
