"""The token endpoint."""

from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Request, Response

from tasks.sandbox.routes.replies import platform_of, replied
from tasks.sandbox.tokens import OAuthRefusal, grant

router = APIRouter()


async def read_form(request: Request) -> dict[str, str]:
    """Read the form in the body. Raises ``OAuthRefusal`` if the request says that it is something else."""
    if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise OAuthRefusal(400, "invalid_request")
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace")))


@router.post("/oauth/token")
def give_token(request: Request, form: Annotated[dict[str, str], Depends(read_form)]) -> Response:
    with platform_of(request).call() as call:
        body, basis = grant(call, request.headers.get("Authorization"), form)
    return replied(basis, body)
